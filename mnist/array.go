package mnist

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// An Array holds the contents of an IDX file, in row-major order.
type Array struct {
	File  File
	Path  string
	Shape []int
	Data  any // []byte, []int (labels of the other integer types) or []float32
}

// Len returns the length of the first dimension.
func (a Array) Len() int { return a.Shape[0] }

// LoadArrays reads the four files of a data set as they are: training images and labels, test images and labels. Images may have any type and the
// shapes (n, inputs), (n, rows, columns) and (n, channels, rows, columns). Labels may have any type. Files are named as [LoadDir] expects, or
// with other dimensions and types, such as train-images-idx4-float. They may have a prefix, as in EMNIST:
// emnist-digits-test-labels-idx1-ubyte.gz. Errors are those of LoadDir.
func LoadArrays(dir string) ([4]Array, error) {
	root, err := os.OpenRoot(dir + string(filepath.Separator)) // A pipe is then not a folder, and does not block.
	if err != nil {
		return [4]Array{}, fmt.Errorf("no data folder: %w; give a folder with the four files", err)
	}
	defer root.Close()
	return readArrays(root.FS(), dir)
}

// other matches file names that are not spelled like MNIST's: the part, images or labels, the dimensions, the type, and perhaps .gz.
var other = regexp.MustCompile(`^(?:.*[-_])?(train|t10k|test)-(images|labels)[-.]idx[1-9]-(?:u?byte|short|int|float|double)(\.gz)?$`)

// others returns the files with such names for a part (train or t10k) and for images or labels. If a file is there both gzipped and plain, it
// returns the gzipped one.
func others(names []string, part, what string) []string {
	var found []string
	for _, name := range names {
		m := other.FindStringSubmatch(name)
		if m == nil || m[2] != what || (m[1] == "train") != (part == "train") || m[3] == "" && slices.Contains(names, name+".gz") {
			continue
		}
		found = append(found, name)
	}
	return found
}

// readArray reads an IDX file, plain or gzipped; file is its name in errors. If n is 0 it reads labels, and otherwise one image for each of n
// labels. It compares the header with n before it reads any pixel.
func readArray(r io.Reader, file string, n int, left *room) (a Array, err error) {
	a.Path = file
	s, err := newStream(r, file, left)
	if err != nil {
		return a, err
	}
	kind, rank, err := s.magic(n > 0)
	if err != nil {
		return a, err
	}
	what := []string{"labels", "labels for each example"}
	if n > 0 {
		what = map[int][]string{2: {"images", "inputs"}, 3: {"images", "rows", "columns"}, 4: {"images", "channels", "rows", "columns"}}[rank]
	}
	size := 1
	for axis := range rank {
		most := maxBytes
		if axis > 0 && rank > 2 {
			most = maxSide
		}
		d, err := s.size(what[axis], most)
		if err != nil {
			return a, err
		}
		if axis == 0 && n > 0 && d != n {
			return a, s.errorf(4, "%d images, but %d labels in the file beside it; take both files from one data set", d, n)
		}
		if d > maxBytes/widths[kind]/size {
			return a, s.errorf(4, "more than %d MiB of elements; use fewer", (maxBytes+1)>>20)
		}
		size *= d
		a.Shape = append(a.Shape, d)
	}
	a.Data, err = s.data(kind, size, n > 0)
	return a, err
}

// widths gives the bytes of an element of each type.
var widths = map[byte]int{0x08: 1, 0x09: 1, 0x0b: 2, 0x0c: 4, 0x0d: 4, 0x0e: 8}

// magic reads the magic number of a file of images or labels: the type of the elements and the number of dimensions.
func (s *stream) magic(images bool) (kind byte, rank int, err error) {
	got, err := s.uint32()
	if err != nil {
		return 0, 0, err
	}
	kind, rank = byte(got>>8), int(got&0xff)
	what, low, high := "labels", 1, 2
	if images {
		what, low, high = "images", 2, 4
	}
	if got>>16 != 0 || widths[kind] == 0 || rank < low || rank > high {
		return 0, 0, s.errorf(0, "magic number %#08x; this is not an IDX file of %s: fetch the right file", got, what)
	}
	return kind, rank, nil
}

// data reads n elements. Integers other than bytes become float32 in images and int in labels.
func (s *stream) data(kind byte, n int, images bool) (any, error) {
	order := binary.BigEndian
	switch kind {
	case 0x08:
		return content(s, n, 1, func(b []byte) byte { return b[0] })
	case 0x09:
		return whole(s, n, 1, images, func(b []byte) int { return int(int8(b[0])) })
	case 0x0b:
		return whole(s, n, 2, images, func(b []byte) int { return int(int16(order.Uint16(b))) })
	case 0x0c:
		return whole(s, n, 4, images, func(b []byte) int { return int(int32(order.Uint32(b))) })
	case 0x0d:
		return content(s, n, 4, func(b []byte) float32 { return math.Float32frombits(order.Uint32(b)) })
	}
	return content(s, n, 8, func(b []byte) float32 { return float32(math.Float64frombits(order.Uint64(b))) })
}

func whole(s *stream, n, width int, images bool, get func(b []byte) int) (any, error) {
	if images {
		return content(s, n, width, func(b []byte) float32 { return float32(get(b)) })
	}
	return content(s, n, width, get)
}

// several is the error for a folder in which more than one file fits.
func several(dir, what string, names []string) error {
	return &FormatError{dir, -1, fmt.Sprintf("%d files of %s: %s; put the four files of one data set in a folder of their own",
		len(names), what, strings.Join(names, ", "))}
}
