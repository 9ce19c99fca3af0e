package npz

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Write writes arrays to w as np.savez does, unpacked. The same arrays give the same bytes. Apart from limits of size, it refuses what Read
// would refuse: names that occur twice, shapes that do not match the data, and data of other types.
func Write(w io.Writer, arrays []Array) error {
	seen := map[string]bool{}
	z := zip.NewWriter(w)
	for _, a := range arrays {
		name := a.Name + ".npy"
		if seen[name] || len(name) > maxName || !utf8.ValidString(name) {
			return fmt.Errorf("npz: array %q: the name is taken, too long or not UTF-8; choose another", a.Name)
		}
		seen[name] = true
		head, err := encodeHeader(a)
		if err != nil {
			return fmt.Errorf("npz: array %q: %w", a.Name, err)
		}
		part, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			return fmt.Errorf("npz: %w", err)
		}
		if _, err := part.Write(head); err != nil {
			return fmt.Errorf("npz: %w", err)
		}
		if err := writeValues(part, a.Data); err != nil {
			return fmt.Errorf("npz: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("npz: %w", err)
	}
	return nil
}

// encodeHeader returns a header of version 1.0, padded so that the values begin at a multiple of 64 bytes, as NumPy pads it.
func encodeHeader(a Array) ([]byte, error) {
	descr, n := dtype(a.Data)
	if descr == "" {
		return nil, fmt.Errorf("the data is a %T; give one of the types of Array", a.Data)
	}
	if size, ok := sizeOf(a.Shape); !ok || size != n || len(a.Shape) > maxRank {
		return nil, fmt.Errorf("%d values for the shape %v of at most %d dimensions; give as many as their product", n, a.Shape, maxRank)
	}
	var shape strings.Builder
	for _, d := range a.Shape {
		shape.WriteString(strconv.Itoa(d) + ", ")
	}
	tuple := "(" + strings.TrimSuffix(shape.String(), " ") + ")" // (3,) or (3, 4,)
	if len(a.Shape) > 1 {
		tuple = "(" + strings.TrimSuffix(shape.String(), ", ") + ")"
	}
	const align, before = 64, 10
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, tuple)
	text += strings.Repeat(" ", align-1-(before+len(text))%align) + "\n"
	b := append([]byte("\x93NUMPY\x01\x00"), 0, 0)
	binary.LittleEndian.PutUint16(b[8:], uint16(len(text)))
	return append(b, text...), nil
}

// dtype returns NumPy's name for the type of data, or "" if it has none, and the number of values.
func dtype(data any) (descr string, n int) {
	switch data := data.(type) {
	case []float32:
		return "<f4", len(data)
	case []float64:
		return "<f8", len(data)
	case []uint8:
		return "|u1", len(data)
	case []int64:
		return "<i8", len(data)
	case []bool:
		return "|b1", len(data)
	case []string:
		return fmt.Sprintf("<U%d", longest(data)), len(data)
	}
	return "", 0
}

// longest returns the number of letters of the longest text, at least 1.
func longest(texts []string) int {
	n := 1
	for _, s := range texts {
		n = max(n, utf8.RuneCountInString(s))
	}
	return n
}

func writeValues(w io.Writer, data any) error {
	texts, ok := data.([]string)
	if !ok {
		return binary.Write(w, binary.LittleEndian, data)
	}
	for n := longest(texts); len(texts) > 0; texts = texts[1:] {
		letters := make([]rune, n)
		copy(letters, []rune(texts[0]))
		if err := binary.Write(w, binary.LittleEndian, letters); err != nil {
			return err
		}
	}
	return nil
}
