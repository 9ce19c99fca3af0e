package byhand

import (
	"cmp"
	"fmt"
	"strconv"
)

// matrix is what a layer has in a file: rows of numbers, one after the other
// in x, or a list of numbers alone.
type matrix struct {
	rows, columns int
	list          bool // There are no rows.
	x             []float64
}

// columnsFirst is the transpose of a matrix, row after row.
func (w matrix) columnsFirst() []float64 {
	x := make([]float64, 0, len(w.x))
	for j := range w.columns {
		for i := range w.rows {
			x = append(x, w.x[i*w.columns+j])
		}
	}
	return x
}

// walker reads a value of a file, which is valid JSON, from byte i on. It
// takes no more memory than its numbers.
type walker struct {
	member
	i     int
	layer int // So many are before it.
}

// matrices reads a list of layers. In each, all rows have as many numbers.
func (m member) matrices() (layers []matrix, err error) {
	w := &walker{member: m}
	if c := w.next(); c != '[' {
		return nil, fmt.Errorf("byte offset %d: %s: %s where a list is needed", m.at, m.key, kind(c))
	}
	for w.i++; w.next() != ']'; w.layer++ {
		if w.layer == maxLayers {
			return nil, fmt.Errorf("%s: those of more than %d layers", m.key, maxLayers)
		}
		x, err := w.matrix()
		if err != nil {
			return nil, err
		}
		layers = append(layers, x)
	}
	return layers, nil
}

// next skips what separates values.
func (w *walker) next() byte {
	for ; ; w.i++ {
		switch c := w.value[w.i]; c {
		case ' ', '\t', '\r', '\n', ',':
		default:
			return c
		}
	}
}

// matrix reads a list of rows or of numbers.
func (w *walker) matrix() (m matrix, err error) {
	if w.next() != '[' {
		return m, w.fault("a list")
	}
	w.i++
	c := w.next()
	m.list = c != '[' && c != ']'
	for w.next() != ']' {
		before := len(m.x)
		if m.list {
			err = w.number(&m)
		} else {
			err = w.row(&m)
		}
		if n := len(m.x) - before; err == nil && !m.list {
			if m.rows == 0 {
				m.columns = n
			}
			if n != m.columns {
				err = fmt.Errorf("%s[%d]: row %d has %d numbers, not %d", w.key, w.layer, m.rows, n, m.columns)
			}
			m.rows++
		}
		if err != nil {
			return m, err
		}
	}
	w.i++
	return m, nil
}

// row reads a list of numbers.
func (w *walker) row(m *matrix) error {
	if w.next() != '[' {
		return w.fault("a list")
	}
	for w.i++; w.next() != ']'; {
		if err := w.number(m); err != nil {
			return err
		}
	}
	w.i++
	return nil
}

// number reads a number.
func (w *walker) number(m *matrix) error {
	c := w.next()
	if c != '-' && (c < '0' || c > '9') {
		return w.fault("a number")
	}
	begin := w.i
	for ; w.i < len(w.value); w.i++ {
		switch w.value[w.i] {
		case ' ', '\t', '\r', '\n', ',', ']':
			x, err := strconv.ParseFloat(string(w.value[begin:w.i]), 64)
			if err != nil {
				return fmt.Errorf("byte offset %d: %s[%d]: %.33s where a number up to 1.8e308 is needed", w.at+begin, w.key, w.layer, w.value[begin:w.i])
			}
			m.x = append(m.x, x)
			return nil
		}
	}
	return nil
}

// fault is the error that something else is needed here.
func (w *walker) fault(needed string) error {
	return fmt.Errorf("byte offset %d: %s[%d]: %s where %s is needed", w.at+w.i, w.key, w.layer, kind(w.next()), needed)
}

// kind is what a value is, by its first byte.
func kind(first byte) string {
	kinds := map[byte]string{'[': "a list", '{': "an object", '"': "a string", 't': "true", 'f': "false", 'n': "null"}
	return cmp.Or(kinds[first], "a number")
}
