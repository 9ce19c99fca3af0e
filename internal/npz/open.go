package npz

import (
	"io"
	"math"
	"slices"
	"strings"
)

// A File is a data set of up to 4 GiB. It reads each array on demand.
type File struct {
	name    string
	entries []*entry
}

// Open reads the directory of a file of size bytes; name is the file's name in errors. For errors, see Read.
func Open(r io.ReaderAt, size int64, name string) (*File, error) {
	files, err := directory(r, size, name, &large)
	if err != nil {
		return nil, err
	}
	f := &File{name: name}
	for _, z := range files {
		f.entries = append(f.entries, &entry{file: name, name: z.Name, f: z, size: int64(z.UncompressedSize64), limits: &large})
	}
	return f, nil
}

// Names returns the names of the arrays in order.
func (f *File) Names() []string {
	var names []string
	for _, e := range f.entries {
		names = append(names, strings.TrimSuffix(e.name, ".npy"))
	}
	return names
}

// entry returns the entry of an array.
func (f *File) entry(name string) (*entry, error) {
	i := slices.Index(f.Names(), name)
	if i < 0 {
		return nil, fault(f.name, "", 0, "no array %q; save one of that name", name)
	}
	return f.entries[i], nil
}

// Head returns the shape of an array and the type of its values, such as f4 or u1.
func (f *File) Head(name string) (shape []int, kind string, err error) {
	e, err := f.entry(name)
	if err != nil {
		return nil, "", err
	}
	h, err := e.open()
	if err != nil {
		return nil, "", err
	}
	return h.shape, h.descr[1:], nil
}

// Array reads an array in the type that the file has for it: see Array.
func (f *File) Array(name string) (Array, error) {
	e, err := f.entry(name)
	if err != nil {
		return Array{}, err
	}
	var memory int64
	return e.read(&memory)
}

// Floats reads an array of numbers or truth values as []float32. Float64 numbers that are too large become infinite.
func (f *File) Floats(name string) (Array, error) {
	e, err := f.entry(name)
	if err != nil {
		return Array{}, err
	}
	h, err := e.open()
	if err != nil {
		return Array{}, err
	}
	get := h.float32()
	if get == nil {
		return Array{}, e.fault("texts, and numbers are needed; convert the array with .astype('f4')")
	}
	data, err := rowMajor(e, h, get)
	return e.close(h, data, err)
}

// float32 returns a function that converts a value of the header's type to the nearest float32, or nil for texts.
func (h *header) float32() func(b []byte) float32 {
	order := h.order
	switch h.descr[1:] {
	case "f4":
		return func(b []byte) float32 { return math.Float32frombits(order.Uint32(b)) }
	case "f8":
		return func(b []byte) float32 { return float32(math.Float64frombits(order.Uint64(b))) }
	case "u1", "b1":
		return func(b []byte) float32 { return float32(b[0]) }
	case "i1":
		return func(b []byte) float32 { return float32(int8(b[0])) }
	case "u2":
		return func(b []byte) float32 { return float32(order.Uint16(b)) }
	case "i2":
		return func(b []byte) float32 { return float32(int16(order.Uint16(b))) }
	case "u4":
		return func(b []byte) float32 { return float32(order.Uint32(b)) }
	case "i4":
		return func(b []byte) float32 { return float32(int32(order.Uint32(b))) }
	case "u8":
		return func(b []byte) float32 { return float32(order.Uint64(b)) }
	case "i8":
		return func(b []byte) float32 { return float32(int64(order.Uint64(b))) }
	}
	return nil
}
