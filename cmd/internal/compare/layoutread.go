package compare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/graph"
)

// fill reads the sample into p.
func (p *problem) fill(s *sample, layers map[slot]array) (err error) {
	for i, q := range p.params {
		if _, ok := layers[slot{"w", p.layerOf(i)}]; !ok {
			return fmt.Errorf("no w%d, the weights of layer %d, %s", p.layerOf(i)+1, p.layerOf(i)+1, q.name)
		}
	}
	if err := p.examples(s); err != nil {
		return err
	}
	p.read++
	if err := p.parameters(layers); err != nil {
		return err
	}
	p.read++
	for at, a := range layers {
		if at.kind == "mask" {
			if p.masks[at.layer], err = p.mask(at.layer, a); err != nil {
				return err
			}
		}
	}
	for _, number := range []struct {
		kind string
		to   *float64
	}{{"eta", &p.eta}, {"lambda", &p.lambda}, {"n", &p.n}} {
		if *number.to, err = s.number(number.kind); err != nil {
			return err
		}
	}
	if p.lambda != 0 && p.n <= 0 {
		return fmt.Errorf("lambda needs n, the number of training examples")
	}
	if p.eta == 0 && has(p.after) {
		return fmt.Errorf("weights after the step need eta")
	}
	return nil
}

// examples reads x and y.
func (p *problem) examples(s *sample) error {
	x, okX := s.arrays[key{"x", ""}]
	y, okY := s.arrays[key{"y", ""}]
	if !okX || !okY {
		return fmt.Errorf("no x or no y, the mini-batch")
	}
	inputs, outputs := p.input.TotalSize(), p.outputs()
	var ok bool
	if p.x, p.m, ok = exampleRows(x, inputs, p.xRows); !ok {
		return fmt.Errorf("%s has the shape %v, and the network has %d inputs", x.name, x.shape, inputs)
	}
	if p.raw = x.bytes && slices.Max(p.x) > 1; p.raw {
		p.x = scaled(p.x, 1./256)
	}
	if p.y, ok = p.targets(y, outputs); !ok {
		return fmt.Errorf("%s has the shape %v; %d examples of %d outputs, or classes from 0 to %d, are needed", y.name, y.shape, p.m, outputs, outputs-1)
	}
	return nil
}

// outputs is the number of outputs, which the bias of the last layer has.
func (p *problem) outputs() int { return p.params[len(p.params)-1].shape.TotalSize() }

// exampleRows are a's numbers with an example a row, and the number of examples. Other axes than that of the examples may be any.
func exampleRows(a array, size int, byRow bool) (x []float64, m int, ok bool) {
	m = len(a.x) / size
	if m == 0 || m*size != len(a.x) {
		return nil, 0, false
	}
	shape := slices.DeleteFunc(slices.Clone(a.shape), func(n int) bool { return n == 1 })
	switch {
	case m == 1 || size == 1 && len(shape) == 1:
		return a.x, m, true
	case byRow && shape[0] == m:
		return a.x, m, true
	case !byRow && shape[len(shape)-1] == m:
		return turned(a.x, size), m, true
	}
	return nil, 0, false
}

// targets are the outputs desired, also where the file has classes.
func (p *problem) targets(y array, outputs int) ([]float64, bool) {
	if len(y.x) == p.m && outputs > 1 {
		classes := make([]int, p.m)
		for i, c := range y.x {
			if classes[i] = int(c); float64(classes[i]) != c || c < 0 || classes[i] >= outputs {
				return nil, false
			}
		}
		return oneHot(classes, outputs), true
	}
	targets, m, ok := exampleRows(y, outputs, p.yRows)
	return targets, ok && m == p.m
}

// oneHot are rows of k numbers that are 1 at these classes.
func oneHot(classes []int, k int) []float64 {
	y := make([]float64, len(classes)*k)
	for i, c := range classes {
		y[i*k+c] = 1
	}
	return y
}

// classes are the labels as numbers, or nil where y is not one-hot.
func (p *problem) classes() []int {
	k := p.outputs()
	var classes []int
	for row := range slices.Chunk(p.y, k) {
		class := slices.Index(row, 1)
		if class < 0 || k == 1 {
			return nil
		}
		for j, v := range row {
			if v != 0 && j != class {
				return nil
			}
		}
		classes = append(classes, class)
	}
	return classes
}

// parameters reads weights, biases, their gradients and their values after the step.
func (p *problem) parameters(layers map[slot]array) error {
	n := len(p.params)
	p.values, p.user, p.after, p.arrays = make([][]float64, n), make([][]float64, n), make([][]float64, n), make([]array, n)
	found := false
	for i, q := range p.params {
		kind, layer := "b", p.layerOf(i)
		if q.weight {
			kind = "w"
		}
		if w, ok := layers[slot{kind, layer}]; ok {
			if p.values[i], ok = p.inLayout(q, w); !ok {
				return p.misfit(q, w)
			}
		} else {
			p.values[i] = make([]float64, q.shape.TotalSize()) // a network without biases
		}
		if w, ok := layers[slot{kind + "_after", layer}]; ok {
			if p.after[i], ok = p.inLayout(q, w); !ok {
				return p.misfit(q, w)
			}
			found = true
		}
		if g, ok := layers[slot{"d" + kind, layer}]; ok {
			if p.user[i], ok = p.gradient(i, g); !ok {
				return p.misfit(q, g)
			}
			p.arrays[i], found = g, true
		}
	}
	if !found {
		return fmt.Errorf("no gradients; name them dw1, db1 and so on")
	}
	return nil
}

func (p *problem) misfit(q parameter, a array) error {
	return fmt.Errorf("%s has the shape %v, which does not fit %s %v of %s", a.name, a.shape, q.name, q.shape, p.name)
}

// layerOf is the layer of parameter i among those with parameters, from 0.
func (p *problem) layerOf(i int) int {
	layer := -1
	for _, q := range p.params[:i+1] {
		if q.weight {
			layer++
		}
	}
	return layer
}

// inLayout are a's numbers in the layout of parameter q.
func (p *problem) inLayout(q parameter, a array) ([]float64, bool) {
	if len(a.x) != q.shape.TotalSize() {
		return nil, false
	}
	if !q.weight {
		return a.x, longest(a.shape) == len(a.x) // a row, a column, or neither
	}
	if len(q.shape) != 2 {
		return a.x, slices.Equal(a.shape, q.shape)
	}
	in, out, ok := matrix(a.shape, p.inOut)
	if !ok || in != q.shape[0] || out != q.shape[1] {
		return nil, false
	}
	if p.inOut {
		return a.x, true
	}
	return turned(a.x, out), true
}

func longest(shape []int) int { return slices.Max(append([]int{1}, shape...)) }

// gradient are a's numbers in the layout of parameter i. A matrix that lies otherwise than the weights is taken as if it did not: it
// is wrong, and the diagnosis will see why. Likewise a bias's gradient with a row an example is added up.
func (p *problem) gradient(i int, a array) ([]float64, bool) {
	q := p.params[i]
	if x, ok := p.inLayout(q, a); ok {
		return x, true
	}
	switch {
	case q.weight && len(q.shape) == 2 && len(a.shape) == 2 && len(a.x) == q.shape.TotalSize() && a.shape[0] == p.shapeInFile(q)[1]:
		a.shape = p.shapeInFile(q)
		return p.inLayout(q, a)
	case !q.weight && p.m > 1:
		x, m, ok := exampleRows(a, q.shape.TotalSize(), p.xRows)
		if !ok || m != p.m {
			return nil, false
		}
		p.unsummed[i] = true
		sum := make([]float64, q.shape.TotalSize())
		for row := range slices.Chunk(x, len(sum)) {
			addTo(sum, row)
		}
		return sum, true
	}
	return nil, false
}

// shapeInFile is the shape that a weight matrix has in the file.
func (p *problem) shapeInFile(q parameter) []int {
	if p.inOut {
		return q.shape
	}
	return []int{q.shape[1], q.shape[0]}
}

// mask reads the mask of a dropout layer.
func (p *problem) mask(number int, a array) ([]float64, error) {
	dropouts := 0
	for _, l := range p.layers {
		if _, ok := l.(graph.Dropout); ok {
			dropouts++
		}
	}
	if number >= dropouts {
		return nil, fmt.Errorf("%s is the mask of dropout layer %d, and %s has %d", a.name, number+1, p.name, dropouts)
	}
	x, m, ok := exampleRows(a, max(1, len(a.x)/p.m), p.xRows)
	if !ok || m != p.m || p.sizes != nil && len(x) != m*p.sizes[p.sites[number]] {
		return nil, fmt.Errorf("%s has the shape %v, which does not fit %d examples of %s", a.name, a.shape, p.m, p.name)
	}
	return x, nil
}

// tensor is the name of parameter i's gradient in the file, or in the network where the file has none.
func (p *problem) tensor(i int) string {
	if p.arrays[i].name != "" {
		_, name, ok := strings.Cut(p.arrays[i].name, "/")
		if ok {
			return name
		}
		return p.arrays[i].name
	}
	return p.params[i].name
}
