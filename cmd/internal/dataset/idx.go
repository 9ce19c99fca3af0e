package dataset

import (
	"strconv"

	"github.com/stheno-ml/stheno/mnist"
)

// openIDX reads MNIST or a folder in its layout.
func openIDX(path string, o Options) (*Data, error) {
	load := mnist.Load
	if path != "" {
		load = func() (*mnist.Data, error) { return mnist.LoadDir(path) }
	}
	m, err := load()
	if err != nil {
		return nil, err
	}
	d := &Data{Name: m.Name, Path: path, origin: m.CheckLabels}
	for _, f := range m.Files {
		d.Files = append(d.Files, File{f.Name, f.Bytes, f.SHA256})
	}
	d.Schema = Schema{Kind: Digits, Input: []int{1, m.Train.Rows, m.Train.Cols}, Bytes: true, Targets: []string{"class"}}
	for c := range m.Train.Classes {
		d.Schema.Classes = append(d.Schema.Classes, strconv.Itoa(c))
	}
	d.learn, d.Test = PartOf(m.Full().Train), PartOf(m.Test)
	n := m.Train.Len()
	d.Train, d.Validation = d.learn.Slice(0, n), d.learn.Slice(n, d.learn.N)
	return d, nil
}

// PartOf is images of package mnist as a part.
func PartOf(s mnist.Set) Part {
	p := Part{N: s.Len(), Pixels: s.Images, Labels: make([]int, s.Len()), shape: []int{1, s.Rows, s.Cols}}
	for i, l := range s.Labels {
		p.Labels[i] = int(l)
	}
	return p
}
