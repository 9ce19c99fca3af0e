package byhand

import (
	"cmp"
	"fmt"
	"strconv"
)

// matrix is one layer's numbers in a file: rows, one after the other in x, or a
// plain list.
type matrix struct {
	rows, columns int
	list          bool // It has no rows.
	x             []float64
}

// columnsFirst returns the transpose of a matrix, row by row.
func (w matrix) columnsFirst() []float64 {
	x := make([]float64, 0, len(w.x))
	for j := range w.columns {
		for i := range w.rows {
			x = append(x, w.x[i*w.columns+j])
		}
	}
	return x
}

// walker reads a value of the file, which is valid JSON, starting at byte i. It
// needs memory only for the numbers.
type walker struct {
	member
	i     int
	layer int // The number of layers before it.
}

// matrices reads a list of layers. In each layer, all rows have equally many
// numbers.
func (m member) matrices() (layers []matrix, err error) {
	w := &walker{member: m}
	if c := w.next(); c != '[' {
		return nil, fmt.Errorf("byte offset %d: %s: %s where a list is needed", m.at, m.key, kind(c))
	}
	for w.i++; w.next() != ']'; w.layer++ {
		if w.layer == maxLayers {
			return nil, fmt.Errorf("%s: more than %d layers", m.key, maxLayers)
		}
		x, err := w.matrix()
		if err != nil {
			return nil, err
		}
		layers = append(layers, x)
	}
	return layers, nil
}

// next skips separators and returns the first byte of the next value.
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

// fault returns the error that something else is needed here.
func (w *walker) fault(needed string) error {
	return fmt.Errorf("byte offset %d: %s[%d]: %s where %s is needed", w.at+w.i, w.key, w.layer, kind(w.next()), needed)
}

// kind says what kind of value begins with this byte.
func kind(first byte) string {
	kinds := map[byte]string{'[': "a list", '{': "an object", '"': "a string", 't': "true", 'f': "false", 'n': "null"}
	return cmp.Or(kinds[first], "a number")
}
