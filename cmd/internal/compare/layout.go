package compare

import (
	"fmt"
	"slices"
)

// problem is a mini-batch of the file in one reading of its layouts, brought into the graph's: weights (in, out), an example a row.
type problem struct {
	*spec
	*sample
	reading
	slots     map[slot]array
	m         int         // examples
	x, y      []float64   // (m, input), (m, outputs)
	values    [][]float64 // the weights and biases, one a parameter
	masks     map[int][]float64
	user      [][]float64            // the gradients to be judged, one a parameter; nil where the file has none
	after     [][]float64            // likewise the weights after the step
	kept      map[string][][]float64 // likewise v and m, what an optimizer has kept of the steps before
	previous  [][]float64            // the gradients that the file has for the step before; nil where there is none
	fixed     [][]float64            // what belongs to the weights and has no gradient; nil where the file has none
	misshapen []string               // the bug that a gradient's shape shows, or empty, one a parameter
	raw       bool                   // x were bytes, and are divided by 256
	eta       float64                // 0: unknown
	lambda    float64
	l2        float64 // λ/n, n the number of training examples
	t         float64 // the number of the step, from 1; 0: unknown

	tol     float64               // relative differences up to this are none
	noise   []float64             // absolute differences up to this are none, one a parameter
	scale   []float64             // the largest of the user's gradients of its layer, one a parameter
	epsilon float64               // the rounding of 1 in the file's type
	given   mistakes              // what counts as right
	singles map[float64][]suspect // each mistake, by what was taken from the gradients of the weights
	graph   *outcome
	like    *pass   // of the problem that this one was made of, or nil
	read    int     // parts of the file that are read
	taken   float64 // the multiple of the weights that was taken from the user's gradients of them
	decayed bool    // the gradients have the term of λ in them for sure
}

// reading is how the axes of a file's arrays are understood.
type reading struct {
	inOut bool // weights are (in, out) rather than (out, in)
	xRows bool // x has an example a row rather than a column
	yRows bool
}

func (r reading) String() string {
	return fmt.Sprintf("weights %s, x %s, y %s",
		map[bool]string{false: "(out, in)", true: "(in, out)"}[r.inOut],
		map[bool]string{false: "(in, examples)", true: "(examples, in)"}[r.xRows],
		map[bool]string{false: "(out, examples)", true: "(examples, out)"}[r.yRows])
}

// readings are all of them, the commonest first.
var readings = []reading{
	{false, true, true}, {true, true, true}, {false, false, false}, {true, false, false},
	{false, true, false}, {true, true, false}, {false, false, true}, {true, false, true},
}

// problems are the readings of s that fit the shapes of its arrays; of those that come to the same only the first. model is nil for the
// fully connected networks that the weights' shapes allow.
func (s *sample) problems(model *spec) ([]*problem, error) {
	layers, err := s.byName(model)
	if err != nil {
		return nil, err
	}
	var all []*problem
	wrong, furthest := error(nil), -1 // of the reading that went furthest
	for _, r := range readings {
		first := &problem{sample: s, reading: r, slots: layers, masks: map[int][]float64{}}
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
	oneHot := func(p *problem) bool { return p.classes() != nil } // A square y lies so that it is that.
	return preferred(all, oneHot), nil
}

// preferred are the problems that are so, or all if none is.
func preferred(all []*problem, so func(p *problem) bool) []*problem {
	some := slices.DeleteFunc(slices.Clone(all), func(p *problem) bool { return !so(p) })
	if len(some) == 0 {
		return all
	}
	return some
}

// sameAs says that two readings of one file have the same numbers.
func (p *problem) sameAs(q *problem) bool {
	same := func(a, b [][]float64) bool { return slices.EqualFunc(a, b, slices.Equal[[]float64]) }
	return p.name == q.name && p.m == q.m && slices.Equal(p.x, q.x) && slices.Equal(p.y, q.y) && same(p.values, q.values) &&
		same(p.user, q.user) && same(p.after, q.after)
}

// chain are the neurons of a fully connected network of such weights.
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

// next are the inputs of a layer after weights of that shape.
func next(shape []int, inOut bool) int {
	_, out, _ := matrix(shape, inOut)
	return out
}

// matrix is the number of inputs and outputs of weights of that shape. A vector is that of one neuron.
func matrix(shape []int, inOut bool) (in, out int, ok bool) {
	s := append(slices.Clip(shape), 1, 1)
	in, out = s[0], s[1]
	if len(shape) == 2 && !inOut {
		in, out = out, in
	}
	return in, out, len(shape) <= 2 && in > 0 && out > 0
}
