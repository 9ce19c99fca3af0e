package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/internal/intake"
	"github.com/stheno-ml/stheno/internal/npz"
)

// numpyNames are common names of inputs and targets; errors recommend the first. Upper and lower case are the same.
var numpyNames = []struct{ part, x, y string }{
	{"train", "x_train", "y_train"}, {"train", "train_images", "train_labels"}, {"train", "x", "y"},
	{"validation", "x_val", "y_val"}, {"validation", "val_images", "val_labels"}, {"validation", "x_valid", "y_valid"},
	{"test", "x_test", "y_test"}, {"test", "test_images", "test_labels"},
}

// numpy reads a .npz file, and counts the bytes that it reads.
type numpy struct {
	*npz.File
	path     string
	in       io.ReaderAt
	done     int64
	total    int64
	progress func(done, total int64)
}

// ReadAt reads from the file.
func (n *numpy) ReadAt(p []byte, at int64) (int, error) {
	k, err := n.in.ReadAt(p, at)
	n.count(k)
	return k, err
}

func (n *numpy) count(k int) {
	n.done = min(n.done+int64(k), n.total)
	if n.progress != nil {
		n.progress(n.done, n.total)
	}
}

// openNumPy reads a .npz file: once for its digest, and then for its arrays.
func openNumPy(path string, o Options) (*Data, error) {
	f, info, err := intake.OpenFile("", path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	n := &numpy{path: path, in: f, total: 2 * info.Size(), progress: o.Progress}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(n, 0, info.Size())); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if n.File, err = npz.Open(n, info.Size(), path); err != nil {
		return nil, err
	}
	d := &Data{Name: filepath.Base(path), Path: path, Files: []File{{filepath.Base(path), info.Size(), hex.EncodeToString(sum.Sum(nil))}}}
	sets := map[string]*examples{}
	for _, names := range numpyNames {
		x, y := n.find(names.x), n.find(names.y)
		if x == "" || sets[names.part] != nil {
			continue
		}
		if y == "" {
			return nil, errorf(path, "there is an array %s, but none named %s; save both", x, names.y)
		}
		if sets[names.part], err = n.examples(x, y); err != nil {
			return nil, err
		}
	}
	if sets["train"] == nil {
		return nil, errorf(path, "the arrays are %s; name them x_train, y_train, x_test and y_test, or x and y", strings.Join(n.Names(), ", "))
	}
	return d, d.assemble(sets["train"], sets["validation"], sets["test"], o)
}

// find is the array of that name in upper or lower case; "" if there is none.
func (n *numpy) find(name string) string {
	names := n.Names()
	i := slices.IndexFunc(names, func(s string) bool { return strings.EqualFold(s, name) })
	if i < 0 {
		return ""
	}
	return names[i]
}

// examples reads inputs and targets.
func (n *numpy) examples(x, y string) (*examples, error) {
	inputs, err := n.inputs(x)
	if err != nil {
		return nil, err
	}
	targets, err := n.targets(y)
	return &examples{inputs, targets}, err
}

// inputs reads bytes of images as they are, and everything else as float32.
func (n *numpy) inputs(name string) (array, error) {
	shape, kind, err := n.Head(name)
	if err != nil {
		return array{}, err
	}
	if len(shape) == 0 {
		return array{}, errorf(n.path, "%s is one number; save an array of examples", name)
	}
	a := array{name: name, shape: shape}
	read := n.Floats
	if kind == "u1" && len(shape) > 2 {
		read = n.Array
	}
	v, err := read(name)
	if err != nil {
		return a, err
	}
	a.bytes, _ = v.Data.([]byte)
	a.floats, _ = v.Data.([]float32)
	a.channelsFirst()
	return a, nil
}

// channelsFirst reorders images (n, rows, columns, channels) with 1 or 3 channels as (n, channels, rows, columns), in place.
func (a *array) channelsFirst() {
	if len(a.shape) != 4 || a.shape[3] != 1 && a.shape[3] != 3 {
		return
	}
	a.shape = []int{a.shape[0], a.shape[3], a.shape[1], a.shape[2]}
	turnChannels(a.bytes, a.shape[1], a.width())
	turnChannels(a.floats, a.shape[1], a.width())
}

func turnChannels[T any](all []T, channels, width int) {
	if channels == 1 || width == 0 {
		return
	}
	pixels, old := width/channels, make([]T, width)
	for ; len(all) > 0; all = all[width:] {
		copy(old, all)
		for c := range channels {
			for i := range pixels {
				all[c*pixels+i] = old[i*channels+c]
			}
		}
	}
}

// targets reads labels, or numbers to predict.
func (n *numpy) targets(name string) (array, error) {
	v, err := n.Array(name)
	if err != nil {
		return array{}, err
	}
	if len(v.Shape) == 0 {
		return array{}, errorf(n.path, "%s is one number; save an array with one for each example", name)
	}
	a := array{name: name, shape: v.Shape}
	switch data := v.Data.(type) {
	case []byte:
		a.bytes = data
	case []int64:
		for _, x := range data {
			a.ints = append(a.ints, int(x))
		}
	case []bool:
		for _, x := range data {
			b := byte(0)
			if x {
				b = 1
			}
			a.bytes = append(a.bytes, b)
		}
	case []float64:
		for _, x := range data {
			a.floats = append(a.floats, float32(x))
		}
	case []float32:
		a.floats = data
	case []string:
		a.texts = data
	}
	return a, nil
}
