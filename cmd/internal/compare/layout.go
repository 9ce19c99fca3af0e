package compare

import (
	"fmt"
	"slices"
)

// problem is a mini-batch of the file in one reading of its layouts, brought into the graph's: weights (in, out), an example a row.
type problem struct {
	*spec
	reading
	m        int         // examples
	x, y     []float64   // (m, input), (m, outputs)
	values   [][]float64 // the weights and biases, one a parameter
	masks    map[int][]float64
	user     [][]float64  // the gradients to be judged, one a parameter; nil where the file has none
	after    [][]float64  // likewise the weights after the step
	arrays   []array      // the gradients as they are in the file
	unsummed map[int]bool // biases' gradients that the file has for each example
	raw      bool         // x were bytes, and are divided by 256
	eta      float64      // 0: unknown
	lambda   float64
	n        float64 // training examples

	tol     float64   // relative differences up to this are none
	noise   []float64 // absolute differences up to this are none, one a parameter; nil: no such
	graph   *outcome
	read    int  // parts of the file that are read
	decayed bool // the gradients have the term of λ in them for sure
}

// reading is how the axes of a file's arrays are understood.
type reading struct {
	inOut bool // weights are (in, out) rather than (out, in)
	xRows bool // x has an example a row rather than a column
	yRows bool
}

func (r reading) String() string {
	axes := func(yes bool, a, b string) string {
		if yes {
			return a
		}
		return b
	}
	return fmt.Sprintf("weights %s, x %s, y %s", axes(r.inOut, "(in, out)", "(out, in)"),
		axes(r.xRows, "(examples, in)", "(in, examples)"), axes(r.yRows, "(examples, out)", "(out, examples)"))
}

// readings are all of them, the commonest first.
var readings = []reading{
	{false, true, true}, {true, true, true}, {false, false, false}, {true, false, false},
	{false, true, false}, {true, true, false}, {false, false, true}, {true, false, true},
}

// problems are the readings of s that fit the shapes of its arrays; of those that come to the same only the first. m is the model, or
// nil for the fully connected networks that the weights' shapes allow.
func (s *sample) problems(model *spec) ([]*problem, error) {
	var names []string
	if model != nil {
		names = model.names
	}
	layers, err := s.byLayer(names)
	if err != nil {
		return nil, err
	}
	var all []*problem
	wrong, furthest := error(nil), -1 // of the reading that went furthest
	for _, r := range readings {
		specs := []*spec{model}
		if model == nil {
			sizes, err := chain(layers, r.inOut)
			if err != nil {
				if furthest < 0 {
					wrong = err
				}
				continue
			}
			if specs, err = candidates(sizes, s.text("activation"), s.text("loss")); err != nil {
				return nil, s.errorf("%w", err)
			}
		}
		first := &problem{spec: specs[0], reading: r, masks: map[int][]float64{}, unsummed: map[int]bool{}}
		if err := first.fill(s, layers); err != nil {
			if first.read > furthest {
				wrong, furthest = err, first.read
			}
			continue
		}
		if slices.ContainsFunc(all, first.sameAs) {
			continue
		}
		for _, sp := range specs {
			p := *first
			p.spec, p.graph = sp, new(outcome)
			all = append(all, &p)
		}
	}
	if all == nil {
		return nil, s.errorf("%w", wrong)
	}
	return onlyOneHot(all), nil
}

// onlyOneHot leaves out the readings in which y is not one-hot, if it is in others: those of a square y.
func onlyOneHot(all []*problem) []*problem {
	oneHot := func(p *problem) bool { return p.classes() != nil }
	if slices.ContainsFunc(all, oneHot) {
		return slices.DeleteFunc(all, func(p *problem) bool { return !oneHot(p) })
	}
	return all
}

// sameAs says that two readings of one file have the same numbers.
func (p *problem) sameAs(q *problem) bool {
	same := func(a, b [][]float64) bool { return slices.EqualFunc(a, b, slices.Equal[[]float64]) }
	return p.name == q.name && p.m == q.m && slices.Equal(p.x, q.x) && slices.Equal(p.y, q.y) && same(p.values, q.values) &&
		same(p.user, q.user) && same(p.after, q.after)
}

// chain are the neurons of a fully connected network of such weights.
func chain(layers map[slot]array, inOut bool) ([]int, error) {
	var sizes []int
	for l := 0; ; l++ {
		w, ok := layers[slot{"w", l}]
		if !ok {
			break
		}
		in, out, ok := matrix(w.shape, inOut)
		if !ok {
			return nil, fmt.Errorf("%s has the shape %v; the weights of a dense layer are a matrix", w.name, w.shape)
		}
		if l > 0 && sizes[l] != in {
			return nil, fmt.Errorf("%s has the shape %v, which does not follow the %d neurons of the layer before", w.name, w.shape, sizes[l])
		}
		if l == 0 {
			sizes = append(sizes, in)
		}
		sizes = append(sizes, out)
	}
	if sizes == nil {
		return nil, fmt.Errorf("no weights of the first layer; name them w1, w2 and so on")
	}
	for at, a := range layers {
		if count := len(sizes) - 1; at.kind != "mask" && at.layer >= count {
			return nil, fmt.Errorf("%s is of layer %d, and there are weights of %d layers", a.name, at.layer+1, count)
		}
	}
	return sizes, nil
}

// matrix is the number of inputs and outputs of weights of that shape. A vector is that of one neuron.
func matrix(shape []int, inOut bool) (in, out int, ok bool) {
	s := shape
	switch len(s) {
	case 0:
		return 1, 1, true
	case 1:
		return s[0], 1, true
	case 2:
		if inOut {
			return s[0], s[1], s[0] > 0 && s[1] > 0
		}
		return s[1], s[0], s[0] > 0 && s[1] > 0
	}
	return 0, 0, false
}
