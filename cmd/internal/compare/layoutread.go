package compare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/graph"
)

// fill reads the sample into p, which is then of the first of the networks that it may be of.
func (p *problem) fill(model *spec) (specs []*spec, err error) {
	specs = []*spec{model}
	if model == nil {
		sizes, err := chain(p.slots, p.inOut)
		if err != nil {
			return nil, err
		}
		if specs, err = candidates(sizes, p.text("activation"), p.text("loss")); err != nil {
			return nil, err
		}
	}
	p.spec = specs[0]
	for _, read := range []func() error{p.complete, p.examples, p.parameters, p.dropout, p.numbers} {
		p.read++
		if err := read(); err != nil {
			return nil, err
		}
	}
	return specs, nil
}

// complete says which layer has no weights, or which array no layer.
func (p *problem) complete() error {
	for _, q := range p.params {
		if _, ok := p.slots[slot{"w", q.layer}]; !ok {
			return fmt.Errorf("no w%d, the weights of layer %d, %s", q.layer+1, q.layer+1, q.name)
		}
	}
	for at, a := range p.slots {
		if count := p.params[len(p.params)-1].layer + 1; at.kind != "mask" && at.layer >= count {
			return fmt.Errorf("%s is of layer %d, and there are weights of %d layers", a.name, at.layer+1, count)
		}
	}
	return nil
}

// examples reads x and y.
func (p *problem) examples() error {
	x, okX := p.arrays[key{"x", ""}]
	y, okY := p.arrays[key{"y", ""}]
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
	if p.y, ok = p.targets(y); !ok {
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
func (p *problem) targets(y array) ([]float64, bool) {
	k := p.outputs()
	if len(y.x) != p.m || k == 1 {
		targets, m, ok := exampleRows(y, k, p.yRows)
		return targets, ok && m == p.m
	}
	classes := make([]int, p.m)
	for i, c := range y.x {
		if classes[i] = int(c); float64(classes[i]) != c || c < 0 || classes[i] >= k {
			return nil, false
		}
	}
	return oneHot(classes, k), true
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
	var classes []int
	for _, row := range rows(p.y, p.m) {
		classes = append(classes, max(0, slices.Index(row, 1)))
	}
	if k := p.outputs(); k == 1 || !slices.Equal(oneHot(classes, k), p.y) {
		return nil
	}
	return classes
}

// parameters reads weights, biases, their gradients and their values after the step.
func (p *problem) parameters() error {
	n := len(p.params)
	p.values, p.user, p.after, p.files = make([][]float64, n), make([][]float64, n), make([][]float64, n), make([]array, n)
	for i, q := range p.params {
		kind := "b"
		if q.weight {
			kind = "w"
		}
		p.values[i] = make([]float64, q.shape.TotalSize()) // of a network without biases
		p.files[i] = p.slots[slot{"d" + kind, q.layer}]
		for _, part := range []struct {
			kind string
			to   [][]float64
			of   func(i int, a array) ([]float64, bool)
		}{{kind, p.values, p.inLayout}, {kind + "_after", p.after, p.inLayout}, {"d" + kind, p.user, p.gradient}} {
			a, ok := p.slots[slot{part.kind, q.layer}]
			if !ok {
				continue
			}
			if part.to[i], ok = part.of(i, a); !ok {
				return fmt.Errorf("%s has the shape %v, which does not fit %s %v of %s", a.name, a.shape, q.name, q.shape, p.name)
			}
		}
	}
	if !has(p.user) && !has(p.after) {
		return fmt.Errorf("no gradients; name them dw1, db1 and so on")
	}
	return nil
}

// inLayout are a's numbers in the layout of parameter i.
func (p *problem) inLayout(i int, a array) ([]float64, bool) {
	q := p.params[i]
	switch {
	case len(a.x) != q.shape.TotalSize():
		return nil, false
	case !q.weight:
		return a.x, slices.Max(append([]int{1}, a.shape...)) == len(a.x) // a row, a column, or neither
	case len(q.shape) != 2:
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

// gradient are a's numbers in the layout of parameter i. A matrix that lies otherwise than the weights is taken as if it did not: it
// is wrong, and the diagnosis will see why. Likewise a bias's gradient with a row an example is added up.
func (p *problem) gradient(i int, a array) ([]float64, bool) {
	if x, ok := p.inLayout(i, a); ok {
		return x, true
	}
	if p.params[i].weight {
		if len(a.shape) == 2 {
			a.shape = []int{a.shape[1], a.shape[0]}
		}
		return p.inLayout(i, a)
	}
	n := p.params[i].shape.TotalSize()
	x, m, ok := exampleRows(a, n, p.xRows)
	if !ok || m != p.m || m == 1 {
		return nil, false
	}
	p.unsummed[i] = true
	return columns(x, n), true
}

// dropout reads the masks of the dropout layers.
func (p *problem) dropout() error {
	layers := len(slices.DeleteFunc(slices.Clone(p.layers), func(l graph.Layer) bool { return !drops(l) }))
	for at, a := range p.slots {
		if at.kind != "mask" {
			continue
		}
		if at.layer >= layers {
			return fmt.Errorf("%s is the mask of dropout layer %d, and %s has %d", a.name, at.layer+1, p.name, layers)
		}
		x, m, ok := exampleRows(a, max(1, len(a.x)/p.m), p.xRows)
		if !ok || m != p.m || p.sizes != nil && len(x) != m*p.sizes[p.sites[at.layer]] {
			return fmt.Errorf("%s has the shape %v, which does not fit %d examples of %s", a.name, a.shape, p.m, p.name)
		}
		p.masks[at.layer] = x
	}
	return nil
}

func drops(l graph.Layer) bool {
	_, ok := l.(graph.Dropout)
	return ok
}

// numbers reads η, λ and n.
func (p *problem) numbers() (err error) {
	var n float64
	for i, to := range []*float64{&p.eta, &p.lambda, &n} {
		if *to, err = p.number([]string{"eta", "lambda", "n"}[i]); err != nil {
			return err
		}
	}
	if p.lambda != 0 {
		if p.l2 = p.lambda / n; n <= 0 {
			return fmt.Errorf("lambda needs n, the number of training examples")
		}
	}
	if p.eta == 0 && has(p.after) {
		return fmt.Errorf("weights after the step need eta")
	}
	return nil
}

// tensor is the name of parameter i's gradient in the file, or in the network where the file has none.
func (p *problem) tensor(i int) string {
	if name := p.files[i].name; name != "" {
		return name[strings.Index(name, "/")+1:]
	}
	return p.params[i].name
}
