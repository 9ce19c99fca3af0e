package compare

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/stheno-ml/stheno/graph"
)

// fill reads the sample into p, as the first of the networks that it may belong to.
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

// complete is an error if a layer has no weights, or an array no layer.
func (p *problem) complete() error {
	known := map[string]bool{}
	for _, q := range slices.Concat(p.params, p.spec.fixed) {
		known[q.name] = true
		if _, ok := p.slots[slot{q.name, ""}]; !ok && q.weight {
			return fmt.Errorf("no w%d, the weights of layer %d, %s", q.layer+1, q.layer+1, q.name)
		}
	}
	for at, a := range p.slots {
		if at.part != "mask" && !known[at.name] {
			return fmt.Errorf("%s belongs to layer %s, but there are weights for %d layers", a.name, strings.TrimFunc(at.name, func(r rune) bool { return !unicode.IsDigit(r) }), len(p.sizes)-1)
		}
	}
	return nil
}

// examples reads x and y.
func (p *problem) examples() error {
	x, okX := p.arrays[key{kind: "x"}]
	y, okY := p.arrays[key{kind: "y"}]
	if !okX || !okY {
		return fmt.Errorf("no x or no y; add the mini-batch")
	}
	inputs, outputs := p.input.TotalSize(), p.outputs()
	var ok bool
	if p.x, p.m, ok = exampleRows(x, inputs, p.xRows); !ok {
		return fmt.Errorf("%s has the shape %v, but the network has %d inputs", x.name, x.shape, inputs)
	}
	if p.raw = x.bytes && slices.Max(p.x) > 1; p.raw {
		p.x = scaled(p.x, 1./256)
	}
	if p.y, ok = p.targets(y); !ok {
		return fmt.Errorf("%s has the shape %v; give %d examples of %d outputs, or classes from 0 to %d", y.name, y.shape, p.m, outputs, outputs-1)
	}
	return nil
}

// outputs is the number of outputs, from the bias of the last layer.
func (p *problem) outputs() int { return p.params[len(p.params)-1].shape.TotalSize() }

// exampleRows is a's numbers with a row for each example, and the number of examples. The other axes may have any shape.
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

// targets are the desired outputs, also if the file has classes.
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

// oneHot is rows of k numbers that are 1 at these classes and 0 elsewhere.
func oneHot(classes []int, k int) []float64 {
	y := make([]float64, len(classes)*k)
	for i, c := range classes {
		y[i*k+c] = 1
	}
	return y
}

// classes are the labels as numbers, or nil if y is not one-hot.
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

// parameters reads weights and biases, their gradients, their values after the step, and the optimizer's state.
func (p *problem) parameters() error {
	n := len(p.params)
	p.values, p.user, p.after, p.misshapen = make([][]float64, n), make([][]float64, n), make([][]float64, n), make([]string, n)
	p.kept = map[string][][]float64{"v": make([][]float64, n), "m": make([][]float64, n)}
	for i, q := range p.params {
		p.values[i] = make([]float64, q.shape.TotalSize()) // zeros for a network without biases
		if strings.HasSuffix(q.name, ".gamma") {
			p.values[i] = same(p.values[i], 1)
		}
		for part, to := range map[string][][]float64{"": p.values, "after": p.after, "grad": p.user, "v": p.kept["v"], "m": p.kept["m"]} {
			of := p.inLayout
			if part == "grad" {
				of = p.gradient
			}
			a, ok := p.slots[slot{q.name, part}]
			if !ok {
				continue
			}
			if to[i], ok = of(i, a); !ok {
				return fmt.Errorf("%s has the shape %v, which does not fit %s %v of %s", a.name, a.shape, q.name, q.shape, p.name)
			}
		}
	}
	if !has(p.user) && !has(p.after) {
		return fmt.Errorf("no gradients; name them dw1, db1 and so on")
	}
	return p.statistics()
}

// statistics reads what a model has besides its parameters.
func (p *problem) statistics() error {
	p.fixed = make([][]float64, len(p.spec.fixed))
	for i, q := range p.spec.fixed {
		for _, part := range []string{"", "after"} {
			a, ok := p.slots[slot{q.name, part}]
			if ok && len(a.x) != q.shape.TotalSize() {
				return fmt.Errorf("%s has the shape %v, which does not fit %s %v of %s", a.name, a.shape, q.name, q.shape, p.name)
			}
			if ok && part == "" {
				p.fixed[i] = a.x
			}
		}
	}
	return nil
}

// inLayout is a's numbers in the layout of parameter i.
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

// gradient is a's numbers in the layout of parameter i. A matrix whose axes are not those of the weights is read as if they were: it is wrong, and
// the diagnosis will see why. In the same way, a bias's gradient with a row for each example is added up, and a single number stands for all.
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
	if len(a.x) == 1 {
		p.misshapen[i] = "bias-one-number"
		return slices.Repeat(a.x, n), true
	}
	x, m, ok := exampleRows(a, n, p.xRows)
	if !ok || m != p.m || m == 1 {
		return nil, false
	}
	p.misshapen[i] = "bias-unsummed"
	return columns(x, n), true
}

// dropout reads the masks of the dropout layers.
func (p *problem) dropout() error {
	layers := len(slices.DeleteFunc(slices.Clone(p.layers), func(l graph.Layer) bool { return !drops(l) }))
	for at, a := range p.slots {
		if at.part != "mask" {
			continue
		}
		number, _ := strconv.Atoi(at.name)
		if number >= layers {
			return fmt.Errorf("%s is the mask of dropout layer %d, but %s has %d", a.name, number+1, p.name, layers)
		}
		x, m, ok := exampleRows(a, max(1, len(a.x)/p.m), p.xRows)
		if !ok || m != p.m || p.sizes != nil && len(x) != m*p.sizes[p.sites[number]] {
			return fmt.Errorf("%s has the shape %v, which does not fit %d examples of %s", a.name, a.shape, p.m, p.name)
		}
		p.masks[number] = x
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
	for i, to := range []*float64{&p.eta, &p.lambda, &n, &p.t} {
		if *to, err = p.number([]string{"eta", "lambda", "n", "t"}[i]); err != nil {
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

// tensor is the name of parameter i's gradient in the file, or in the network if the file has none.
func (p *problem) tensor(i int) string { return p.called(p.params[i], "grad", "") }

// called is the file's name for a part of a parameter, or else the network's name with a suffix.
func (p *problem) called(q parameter, part, more string) string {
	if name := p.slots[slot{q.name, part}].name; name != "" {
		return name[strings.Index(name, "/")+1:]
	}
	return q.name + more
}
