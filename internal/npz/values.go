package npz

import (
	"math"
	"strings"
	"unicode/utf8"
)

// values reads the values of an array in row-major order.
func (e *entry) values(h *header) (any, error) {
	if (h.kind == 'U' || h.kind == 'S') && h.size > e.limits.strings {
		return nil, e.fault("%d strings, and the limit is %d; save numbers", h.size, e.limits.strings)
	}
	switch {
	case h.descr[1:] == "f4":
		return rowMajor(e, h, func(b []byte) float32 { return math.Float32frombits(h.order.Uint32(b)) })
	case h.kind == 'f':
		return rowMajor(e, h, func(b []byte) float64 { return math.Float64frombits(h.order.Uint64(b)) })
	case h.descr[1:] == "u1":
		return rowMajor(e, h, func(b []byte) uint8 { return b[0] })
	case h.kind == 'i' || h.kind == 'u':
		return e.integers(h)
	case h.kind == 'b':
		return e.bools(h)
	}
	return e.strings(h)
}

// rowMajor reads h.size values with get. It puts those of a column-major array into row-major order.
func rowMajor[T any](e *entry, h *header, get func(b []byte) T) ([]T, error) {
	const chunk = 1 << 13  // values
	const expansion = 1032 // the most that deflate makes of a byte
	buf := make([]byte, min(h.size, chunk)*h.width)
	all := make([]T, min(h.size, int(e.f.CompressedSize64)*expansion/h.width)) // no more than the file can hold
	turn := newTurn(h)
	for at := 0; at < h.size; {
		part := buf[:min(h.size-at, chunk)*h.width]
		if err := e.full(part); err != nil {
			return nil, err
		}
		for ; len(part) > 0; part = part[h.width:] {
			all[turn.next(at)] = get(part[:h.width])
			at++
		}
	}
	return all, nil
}

// turn puts the values of a column-major array into row-major order; nil leaves them as they are.
type turn struct {
	shape, strides, index []int
	at                    int
}

func newTurn(h *header) *turn {
	rank := len(h.shape)
	if !h.fortran || rank < 2 {
		return nil
	}
	t := &turn{shape: h.shape, strides: make([]int, rank), index: make([]int, rank)}
	stride := 1
	for axis := rank - 1; axis >= 0; axis-- {
		t.strides[axis] = stride
		stride *= h.shape[axis]
	}
	return t
}

// next returns where value number i goes. It must be called with 0, 1, 2, ….
func (t *turn) next(i int) int {
	if t == nil {
		return i
	}
	at := t.at
	for axis, n := range t.shape {
		t.index[axis]++
		t.at += t.strides[axis]
		if t.index[axis] < n {
			break
		}
		t.at -= n * t.strides[axis]
		t.index[axis] = 0
	}
	return at
}

// integers reads integers of any width. An unsigned one that overflows int64 is a fault.
func (e *entry) integers(h *header) ([]int64, error) {
	tooLarge := false
	x, err := rowMajor(e, h, func(b []byte) int64 {
		switch h.descr[1:] {
		case "i1":
			return int64(int8(b[0]))
		case "i2":
			return int64(int16(h.order.Uint16(b)))
		case "u2":
			return int64(h.order.Uint16(b))
		case "i4":
			return int64(int32(h.order.Uint32(b)))
		case "u4":
			return int64(h.order.Uint32(b))
		}
		v := h.order.Uint64(b)
		tooLarge = tooLarge || h.kind == 'u' && v > math.MaxInt64
		return int64(v)
	})
	if tooLarge {
		return nil, e.fault("a number of type %s is 2⁶³ or more; convert the array with .astype('f8')", h.descr)
	}
	return x, err
}

func (e *entry) bools(h *header) ([]bool, error) {
	other := false
	x, err := rowMajor(e, h, func(b []byte) bool {
		other = other || b[0] > 1
		return b[0] == 1
	})
	if other {
		return nil, e.fault("a truth value is neither 0 nor 1; the file is damaged, take another copy")
	}
	return x, err
}

// strings reads texts, which are padded with zeros.
func (e *entry) strings(h *header) ([]string, error) {
	bad := false
	x, err := rowMajor(e, h, func(b []byte) string {
		var s strings.Builder
		for ; h.kind == 'U' && len(b) > 0; b = b[4:] {
			c := h.order.Uint32(b)
			bad = bad || c > utf8.MaxRune || !utf8.ValidRune(rune(c))
			s.WriteRune(rune(c))
		}
		s.Write(b)
		text := strings.TrimRight(s.String(), "\x00")
		bad = bad || !utf8.ValidString(text)
		return text
	})
	if bad {
		return nil, e.fault("a text has an invalid letter; the file is damaged, take another copy")
	}
	return x, err
}
