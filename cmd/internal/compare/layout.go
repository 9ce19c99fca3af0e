package compare

import (
	"fmt"
	"slices"
)

// problem is a mini-batch of the file read in one layout, and converted to the graph's: weights (in, out), a row for each example.
type problem struct {
	*spec
	*sample
	layout
	slots     map[slot]array
	m         int         // examples
	x, y      []float64   // (m, input), (m, outputs)
	values    [][]float64 // weights and biases, one for each parameter
	masks     map[int][]float64
	user      [][]float64            // the gradients to judge, one for each parameter; nil if the file has none
	after     [][]float64            // the weights after the step, likewise
	kept      map[string][][]float64 // an optimizer's v and m before the step, likewise
	previous  [][]float64            // the file's gradients of the step before; nil if there are none
	fixed     [][]float64            // running statistics and frozen weights, which have no gradient; nil if the file has none
	misshapen []string               // for each parameter, the bug that its gradient's shape shows, or empty
	raw       bool                   // x had bytes, which were divided by 256
	eta       float64                // 0: unknown
	lambda    float64
	l2        float64 // λ/n, n the number of training examples
	t         float64 // the number of the step, from 1; 0: unknown

	tol     float64               // smaller relative differences do not count
	noise   []float64             // for each parameter: smaller absolute differences do not count
	scale   []float64             // for each parameter: the largest of the user's gradients in its layer
	epsilon float64               // the rounding of 1 in the file's type
	given   mistakes              // mistakes that count as right
	singles map[float64][]suspect // each mistake, by the multiple of the weights that was subtracted from their gradients
	graph   *outcome
	like    *pass   // of the problem that this one was made from, or nil
	read    int     // parts of the file that were read
	taken   float64 // the multiple of the weights that was subtracted from the user's gradients of them
	decayed bool    // the gradients certainly include the term of λ
}

// layout says what the axes of a file's arrays mean.
type layout struct {
	inOut bool // weights are (in, out) rather than (out, in)
	xRows bool // each row of x is an example, rather than each column
	yRows bool
}

func (r layout) String() string {
	return fmt.Sprintf("weights %s, x %s, y %s",
		map[bool]string{false: "(out, in)", true: "(in, out)"}[r.inOut],
		map[bool]string{false: "(in, examples)", true: "(examples, in)"}[r.xRows],
		map[bool]string{false: "(out, examples)", true: "(examples, out)"}[r.yRows])
}

// layouts are all layouts, the most common first.
var layouts = []layout{
	{false, true, true}, {true, true, true}, {false, false, false}, {true, false, false},
	{false, true, false}, {true, true, false}, {false, false, true}, {true, false, true},
}

// problems are s in each layout that fits the shapes of its arrays. Of layouts with the same result, only the first is used. model is nil for the
// fully connected networks that the weights' shapes allow.
func (s *sample) problems(model *spec) ([]*problem, error) {
	layers, err := s.byName(model)
	if err != nil {
		return nil, err
	}
	var all []*problem
	wrong, furthest := error(nil), -1 // the error of the layout that got furthest
	for _, r := range layouts {
		first := &problem{sample: s, layout: r, slots: layers, masks: map[int][]float64{}}
		specs, err := first.fill(model)
		if err != nil {
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
	oneHot := func(p *problem) bool { return p.classes() != nil } // for a square y, the layout in which it is one-hot is right
	return preferred(all, oneHot), nil
}

// preferred are the problems for which so is true, or all if there are none.
func preferred(all []*problem, so func(p *problem) bool) []*problem {
	some := slices.DeleteFunc(slices.Clone(all), func(p *problem) bool { return !so(p) })
	if len(some) == 0 {
		return all
	}
	return some
}

// sameAs reports whether two layouts of one file give the same numbers.
func (p *problem) sameAs(q *problem) bool {
	same := func(a, b [][]float64) bool { return slices.EqualFunc(a, b, slices.Equal[[]float64]) }
	return p.name == q.name && p.m == q.m && slices.Equal(p.x, q.x) && slices.Equal(p.y, q.y) && same(p.values, q.values) &&
		same(p.user, q.user) && same(p.after, q.after)
}

// chain is the sizes of a fully connected network with such weights.
func chain(layers map[slot]array, inOut bool) (sizes []int, err error) {
	var before array
	for l := 0; ; l++ {
		w, ok := layers[slot{fmt.Sprintf("dense%d.w", l+1), ""}]
		if !ok {
			break
		}
		in, out, ok := matrix(w.shape, inOut)
		switch {
		case !ok:
			return nil, fmt.Errorf("%s has the shape %v; the weights of a dense layer are a matrix", w.name, w.shape)
		case l == 0:
			sizes = []int{in}
		case sizes[l] != in:
			return nil, fmt.Errorf("%s has the shape %v, which does not follow %s with %v; after that comes (…, %d) where weights are (out, in), "+
				"and (%d, …) where they are (in, out)", w.name, w.shape, before.name, before.shape,
				next(before.shape, false), next(before.shape, true))
		}
		sizes, before = append(sizes, out), w
	}
	if sizes == nil {
		return nil, fmt.Errorf("no weights of the first layer; name them w1, w2 and so on")
	}
	return sizes, nil
}

// next is the number of inputs of a layer after weights of that shape.
func next(shape []int, inOut bool) int {
	_, out, _ := matrix(shape, inOut)
	return out
}

// matrix is the numbers of inputs and outputs of weights of that shape. A vector belongs to a single neuron.
func matrix(shape []int, inOut bool) (in, out int, ok bool) {
	s := append(slices.Clip(shape), 1, 1)
	in, out = s[0], s[1]
	if len(shape) == 2 && !inOut {
		in, out = out, in
	}
	return in, out, len(shape) <= 2 && in > 0 && out > 0
}
