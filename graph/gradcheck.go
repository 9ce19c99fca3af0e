package graph

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
)

// GradTolerance is the relative error above which a gradient counts as wrong.
const GradTolerance = 1e-5

// GradResult compares one parameter's gradient with difference quotients of the cost.
type GradResult struct {
	Name    string
	Checked int     // elements compared
	Of      int     // elements of the parameter
	Kinks   int     // elements skipped because the cost has a kink within even the smallest step (ReLU, max-pooling)
	Largest float64 // the largest gradient compared; if it is 0, the check shows nothing
	Error   float64 // the largest |gradient − quotient| / max(|gradient|, |quotient|)
	At      int     // the index of the element with that error
}

// OK reports whether elements were compared and none was wrong.
func (r GradResult) OK() bool { return r.Checked > 0 && r.Error <= GradTolerance }

// GradCheck compares the gradients that Step computes on the examples x (m, Input) with targets y (m, Outputs) with central differences of the
// cost. It checks up to samples elements of each parameter. They are chosen at random, but the same each time, and half of them have gradients
// other than 0. It works on a float64 copy of the network, whose cost Gorgonia's TapeMachine computes, with the dropout masks of the next
// Step held fixed. A parameter that is all zeros gets small random numbers in the copy, because no gradient flows back through zeros.
func GradCheck(n *Net, x, y []float32, samples int) ([]GradResult, error) {
	var results []GradResult
	for r, err := range GradChecks(n, x, y, samples) {
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}

// GradChecks is GradCheck as a sequence that yields each parameter when it is done. If there is an error, it comes with the last pair.
func GradChecks(n *Net, x, y []float32, samples int) iter.Seq2[GradResult, error] {
	return func(yield func(GradResult, error) bool) {
		params, cost, err := n.toCheck(x, y, samples)
		if err != nil {
			yield(GradResult{}, err)
			return
		}
		for _, p := range params {
			r, err := p.check(cost, samples)
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// toCheck returns the parameters of a float64 copy with their gradients, and a function that computes the copy's cost.
func (n *Net) toCheck(x, y []float32, samples int) (params []*Param, cost func() (float64, error), err error) {
	if samples < 1 {
		return nil, nil, fmt.Errorf("graph: %d samples a parameter; use at least 1", samples)
	}
	copied, err := n.float64Copy()
	if err != nil {
		return nil, nil, err
	}
	if _, err := copied.Step(x, y); err != nil {
		return nil, nil, err
	}
	copied.Steps = n.Steps // so that the masks are the same
	if cost, err = copied.forward(x, y); err != nil {
		return nil, nil, fmt.Errorf("graph: %w", err)
	}
	return copied.Params, cost, nil
}

// float64Copy returns a float64 network with the same layers and weights, except that parameters of zeros get random numbers.
func (n *Net) float64Copy() (*Net, error) {
	c := n.config
	c.Float64, c.SyncNorm = true, nil
	copied, err := New(n.layer, n.Loss, n.Input, c)
	if err != nil {
		return nil, err
	}
	copied.Steps = n.Steps
	for i, p := range n.Tensors() {
		convert(copied.Tensors()[i].Data, p.Data)
	}
	for _, p := range copied.Params {
		if w := p.Data.([]float64); slices.Max(w) == 0 && slices.Min(w) == 0 {
			Draw(Gaussian).fill(w, 1, .1, c.Seed, p.Name)
		}
	}
	return copied, nil
}

// forward returns a function that runs a training step of a float64 network forward on a TapeMachine, and returns the cost at the current weights.
func (n *Net) forward(x, y []float32) (run func() (float64, error), err error) {
	m, err := newMachine[float64](n, use{len(x) / n.Input.TotalSize(), checking})
	if err != nil {
		return nil, err
	}
	m.load(&given{m.batch, x, y})
	for i := range m.masks {
		fillMask[float64](&m.masks[i], n.config.Seed, n.Steps)
	}
	return func() (float64, error) {
		err := m.run()
		return m.cost[0], err
	}, nil
}

// check compares a sample of p's elements.
func (p *Param) check(cost func() (float64, error), samples int) (GradResult, error) {
	r := GradResult{Name: p.Name, Of: p.Len()}
	gradient := p.Grad.([]float64)
	for _, i := range sample(gradient, samples) {
		rel, kink, err := compare(cost, &p.Data.([]float64)[i], gradient[i])
		switch {
		case err != nil:
			return r, err
		case kink:
			r.Kinks++
			continue
		case rel > r.Error:
			r.Error, r.At = rel, i
		}
		r.Checked++
		r.Largest = max(r.Largest, math.Abs(gradient[i]))
	}
	return r, nil
}

// sample returns up to n indices into gradient. If possible, the gradient is not 0 at half of them.
func sample(gradient []float64, n int) []int {
	n = min(n, len(gradient))
	var live, dead []int
	for _, i := range rand.New(rand.NewPCG(uint64(n), uint64(len(gradient)))).Perm(len(gradient)) {
		if gradient[i] != 0 {
			live = append(live, i)
		} else {
			dead = append(dead, i)
		}
	}
	k := min(len(live), max((n+1)/2, n-len(dead)))
	return append(live[:k], dead[:n-k]...)
}

// compare returns the relative error of g, the gradient with respect to the weight w, or kink if a kink prevents the comparison.
//
// The quotient is the central difference with step h, corrected by the one with step h/2, which cancels the error of order h². Near a kink the
// two differ by more than that error, or the bend at w (the difference of the one-sided quotients) does not halve with the step. Then
// a disagreement proves nothing, and a smaller step must decide.
func compare(cost func() (float64, error), w *float64, g float64) (rel float64, kink bool, err error) {
	at := *w
	defer func() { *w = at }()
	f := func(step float64) float64 {
		*w = at + step
		c, e := cost()
		if e != nil {
			err = e
		}
		return c
	}
	kink = true
	here := f(0)
	for h := 1e-3; h > 5e-7; h /= 10 {
		right, left, nearRight, nearLeft := f(h), f(-h), f(h/2), f(-h/2)
		whole, half := (right-left)/(2*h), (nearRight-nearLeft)/h
		slope := (4*half - whole) / 3
		bend := (right - 2*here + left) / h
		halfBend := 2 * (nearRight - 2*here + nearLeft) / h
		off := math.Abs(slope - g)
		rounding := 1e-14 * max(1, math.Abs(here)) / h
		e := off / max(math.Abs(slope), math.Abs(g), rounding/GradTolerance)
		if e <= GradTolerance || err != nil {
			return e, false, err
		}
		if rough := max(math.Abs(whole-half), math.Abs(2*halfBend-bend)); !(rough > off/4) {
			rel, kink = max(rel, e), false
		}
	}
	if math.IsNaN(rel) {
		rel = math.Inf(1)
	}
	return rel, kink, nil
}
