package dataset

import (
	"path/filepath"
	"strconv"
	"sync"

	"github.com/stheno-ml/stheno/mnist"
)

// MNIST is the MNIST inside the program, unpacked once. Callers share it, and must not change it.
var MNIST = sync.OnceValues(mnist.Load)

// openMNIST is MNIST as a data set.
func openMNIST(o Options) (*Data, error) {
	if len(o.Target) > 0 || o.Size != [2]int{} {
		return nil, &OptionError{"mnist", "MNIST is neither a table nor a folder of pictures; leave out --target and --size, or give other data with --data"}
	}
	m, err := MNIST()
	if err != nil {
		return nil, err
	}
	return ofMNIST(m, ""), nil
}

// openIDX reads a folder in MNIST's layout.
func openIDX(path string, o Options) (*Data, error) {
	arrays, err := mnist.LoadArrays(path)
	if err != nil {
		return nil, err
	}
	classes := o.Goal != Numbers
	if s := o.Schema; s != nil {
		classes = s.Bytes && s.Classes != nil
	}
	if classes && likeMNIST(arrays) {
		m, err := mnist.Split(path, arrays)
		if err != nil {
			return nil, err
		}
		d := ofMNIST(m, path)
		if s := o.Schema; s != nil {
			err = d.CheckLabels(len(s.Classes))
			d.Schema.Classes = s.Classes
		}
		return d, err
	}
	d := &Data{Name: filepath.Base(path), Path: path}
	for _, a := range arrays {
		d.Files = append(d.Files, fileOf(a.File))
	}
	train := &examples{idxArray(arrays[0]), idxArray(arrays[1])}
	return d, d.assemble(train, nil, &examples{idxArray(arrays[2]), idxArray(arrays[3])}, o)
}

// likeMNIST reports whether arrays are gray images of bytes with labels of bytes.
func likeMNIST(arrays [4]mnist.Array) bool {
	for i, a := range arrays {
		if _, ok := a.Data.([]byte); !ok || len(a.Shape) != []int{3, 1}[i%2] {
			return false
		}
	}
	return true
}

func fileOf(f mnist.File) File { return File{f.Name, f.Bytes, f.SHA256} }

func idxArray(a mnist.Array) array {
	x := array{name: a.File.Name, shape: a.Shape}
	switch data := a.Data.(type) {
	case []byte:
		x.bytes = data
	case []int:
		x.ints = data
	case []float32:
		x.floats = data
	}
	return x
}

func ofMNIST(m *mnist.Data, path string) *Data {
	d := &Data{Name: m.Name, Path: path, origin: m.CheckLabels}
	for _, f := range m.Files {
		d.Files = append(d.Files, fileOf(f))
	}
	d.Schema = Schema{Kind: Images, Input: []int{1, m.Train.Rows, m.Train.Cols}, Bytes: true, Targets: []string{"class"}}
	if m.Train.Rows == 28 && m.Train.Cols == 28 {
		d.Schema.Kind = Digits
	}
	for c := range m.Train.Classes {
		d.Schema.Classes = append(d.Schema.Classes, strconv.Itoa(c))
	}
	d.Train, d.Validation, d.Test = PartOf(m.Train), PartOf(m.Validation), PartOf(m.Test)
	return d
}

// PartOf turns images of package mnist into a part.
func PartOf(s mnist.Set) Part {
	p := Part{N: s.Len(), Pixels: s.Images, Labels: make([]int, s.Len()), shape: []int{1, s.Rows, s.Cols}}
	for i, l := range s.Labels {
		p.Labels[i] = int(l)
	}
	return p
}
