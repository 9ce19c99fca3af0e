// Package safetensors reads and writes the safetensors format: eight bytes with the length of the header (little-endian), the
// header (JSON, which maps a name to a dtype, a shape and a range of bytes), and then the values of all tensors, little-endian and row-major.
//
// The reader is strict, because nobody should train on a damaged checkpoint. The tensors must cover the data without gaps or overlaps, no key
// may occur twice, and nothing is allocated before the header agrees with the size of the file. The writer adds a checksum to the
// metadata, and the reader verifies it if there is one.
//
// The format is described at https://github.com/huggingface/safetensors.
package safetensors

import (
	"fmt"
	"math"
	"strings"
)

const (
	maxHeader = 1 << 20 // bytes: about ten thousand tensors, and quick to refuse
	maxSize   = 1 << 30 // bytes: a sparse file of any size is free to create, but not to load
	maxData   = maxSize - maxHeader - prefix

	maxRank     = 64 // dimensions
	prefix      = 8  // bytes before the header
	metadataKey = "__metadata__"
	sumKey      = "stheno.sha256" // a metadata key; the checksum covers the header without this key, and the data
)

// A Tensor is an array of numbers with a name. Data is a []float32 (dtype F32), []float64 (F64) or []int64 (I64) in row-major order, and its
// length is the product of Shape; a scalar has the shape [] and one value. F16 and BF16 can only be read; they become a []float32 with
// the same values.
type Tensor struct {
	Name  string
	Shape []int
	Data  any
}

// A File is the contents of a safetensors file: metadata by key, and tensors.
type File struct {
	Metadata map[string]string
	Tensors  []Tensor
}

// A FormatError is a fault in the contents of a file, found at Offset bytes from its start.
type FormatError struct {
	File   string
	Offset int64
	Msg    string
}

// Error returns the file, the offset and the fault.
func (e *FormatError) Error() string {
	return fmt.Sprintf("safetensors: %s: byte offset %d: %s", e.File, e.Offset, e.Msg)
}

// fault returns a FormatError. It cuts the message, because names and numbers in a file can be as long as its header.
func fault(file string, offset int64, format string, a ...any) error {
	const limit = 500 // bytes
	msg := fmt.Sprintf(format, a...)
	if len(msg) > limit {
		msg = strings.ToValidUTF8(msg[:limit], "") + "…"
	}
	return &FormatError{file, offset, msg}
}

// width returns the number of bytes of a value of the dtype, or 0 if this package does not support the dtype.
func width(dtype string) int {
	switch dtype {
	case "F16", "BF16":
		return 2
	case "F32":
		return 4
	case "F64", "I64":
		return 8
	}
	return 0
}

// dtype returns the format's name for the type of data, or "" if it has none, and the number of values.
func dtype(data any) (name string, n int) {
	switch data := data.(type) {
	case []float32:
		return "F32", len(data)
	case []float64:
		return "F64", len(data)
	case []int64:
		return "I64", len(data)
	}
	return "", 0
}

// sizeOf returns the size of a tensor, or false if a dimension is negative or the product overflows an int.
func sizeOf(shape []int, width int) (int, bool) {
	n := width
	for _, d := range shape {
		if d < 0 || d > 0 && n > math.MaxInt/d {
			return 0, false
		}
		n *= d
	}
	return n, true
}
