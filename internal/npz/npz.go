// Package npz reads and writes NumPy's .npz files, as np.savez and np.savez_compressed write them: zip archives in which every
// entry NAME.npy is an array. An entry has a header (a Python dict with type, order and shape) and then the values.
//
// The reader is strict, because files come from anywhere. Sizes and checksums must agree, no name may occur twice, and memory grows
// as values arrive, never because a header asks for it. The reader refuses pickled Python objects.
//
// The format is described at https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
package npz

import (
	"fmt"
	"math"
	"strings"
)

const (
	maxDirectory = 1 << 20 // bytes: about ten thousand arrays, and quick to refuse
	maxHeader    = 10_000  // bytes, NumPy's own limit
	maxName      = 200     // bytes
	maxRank      = 32      // dimensions
	maxRatio     = 64      // what deflate may make of a byte without suspicion; it makes 5 of one of MNIST's
)

// limits says how much a file may hold.
type limits struct {
	file       int64  // bytes; deflate can make slightly more of them
	data       uint64 // bytes of all entries
	memory     int64  // bytes that all values take in memory
	suspicious uint64 // bytes of entries that are packed suspiciously well
	strings    int    // in one array
}

var (
	// small is for files that are read at once, where every number becomes a float64: 11 million one-byte numbers.
	small = limits{file: 72 << 20, data: 64 << 20, memory: 96 << 20, suspicious: 64 << 20, strings: 1000}
	// large is for data sets: zip archives without the extension for more than 4 GiB. Suspicious bytes take four times as much memory as float32.
	large = limits{file: 4<<30 - 1, data: 16 << 30, memory: math.MaxInt64, suspicious: 24 << 20, strings: 1 << 26}
)

// An Array is one array of a file. Data is in row-major order, and its length is the product of Shape; a scalar has the shape [] and
// one value. Data is a []float32 (dtype f4), []float64 (f8), []uint8 (u1), []int64 (other integers), []bool (b1) or []string (U and
// S).
type Array struct {
	Name  string
	Shape []int
	Data  any
}

// A FormatError is a fault in the contents of a file: Offset bytes from the start of the array Entry, or in the archive itself if Entry is
// empty.
type FormatError struct {
	File   string
	Entry  string
	Offset int64
	Msg    string
}

// Error returns the file, the place and the fault.
func (e *FormatError) Error() string {
	if e.Entry == "" {
		return fmt.Sprintf("npz: %s: byte offset %d: %s", e.File, e.Offset, e.Msg)
	}
	return fmt.Sprintf("npz: %s: %s: byte offset %d: %s", e.File, e.Entry, e.Offset, e.Msg)
}

// fault returns a FormatError. It cuts the message, because a quoted header can be long.
func fault(file, entry string, offset int64, format string, a ...any) error {
	const limit = 500 // bytes
	msg := fmt.Sprintf(format, a...)
	if len(msg) > limit {
		msg = strings.ToValidUTF8(msg[:limit], "") + "…"
	}
	return &FormatError{file, entry, offset, msg}
}

// sizeOf returns the number of values of a shape, or false if a dimension is negative or the product overflows an int.
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
