// Package npz reads and writes NumPy's .npz files, as np.savez and np.savez_compressed write them: a zip archive in which every
// entry NAME.npy is one array, with a header (a Python dict: type, order, shape) before its values.
//
// The reader is strict, because files come from anywhere: sizes and checksums must agree, no name may occur twice, and memory is
// taken as values arrive, never because a header asks for it. It has no use for pickled Python objects and refuses them.
//
// The format is described at https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
package npz

import (
	"fmt"
	"math"
	"strings"
)

const (
	maxDirectory = 1 << 20 // bytes: some ten thousand arrays, and quick to refuse
	maxHeader    = 10_000  // bytes, NumPy's own limit
	maxName      = 200     // bytes
	maxRank      = 32      // dimensions
	maxRatio     = 64      // what deflate makes of a byte without being suspicious; it makes 5 of one of MNIST's
)

// limits are of what a file may hold.
type limits struct {
	file       int64  // bytes; deflating can make a little more of them
	data       uint64 // bytes of all entries
	memory     int64  // bytes of what all values become
	suspicious uint64 // bytes of entries that are packed suspiciously well
	strings    int    // in one array
}

var (
	// small is for what is read at once, where every number is a float64 in the end: 11 million of one byte.
	small = limits{file: 72 << 20, data: 64 << 20, memory: 96 << 20, suspicious: 64 << 20, strings: 1000}
	// large is for data sets: an archive without the extension for more than 4 GiB. What is suspicious takes four times its bytes as float32.
	large = limits{file: 4<<30 - 1, data: 16 << 30, memory: math.MaxInt64, suspicious: 24 << 20, strings: 1 << 26}
)

// An Array is an array of a file. Data is in row-major order, its length the product of Shape; a scalar has the shape [] and
// one value. Its type is []float32 (dtype f4), []float64 (f8), []uint8 (u1), []int64 (other integers), []bool (b1) or []string
// (U and S).
type Array struct {
	Name  string
	Shape []int
	Data  any
}

// A FormatError is a fault in the contents of a file: in the array Entry, Offset bytes from its start, or in the archive
// itself where Entry is empty.
type FormatError struct {
	File   string
	Entry  string
	Offset int64
	Msg    string
}

// Error gives the file, the place and the fault.
func (e *FormatError) Error() string {
	if e.Entry == "" {
		return fmt.Sprintf("npz: %s: byte offset %d: %s", e.File, e.Offset, e.Msg)
	}
	return fmt.Sprintf("npz: %s: %s: byte offset %d: %s", e.File, e.Entry, e.Offset, e.Msg)
}

// fault returns a FormatError. What it quotes can be as long as a header, and so the message is cut.
func fault(file, entry string, offset int64, format string, a ...any) error {
	const limit = 500 // bytes
	msg := fmt.Sprintf(format, a...)
	if len(msg) > limit {
		msg = strings.ToValidUTF8(msg[:limit], "") + "…"
	}
	return &FormatError{file, entry, offset, msg}
}

// sizeOf returns the number of values of a shape, or false where a dimension is negative or the product does not fit an int.
func sizeOf(shape []int) (int, bool) {
	n := 1
	for _, d := range shape {
		if d < 0 || d > 0 && n > math.MaxInt/d {
			return 0, false
		}
		n *= d
	}
	return n, true
}
