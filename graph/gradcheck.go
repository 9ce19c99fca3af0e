package graph

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
)

// GradTolerance is the relative error above which a gradient is wrong.
const GradTolerance = 1e-5

// GradResult is how one parameter's gradient compares with difference quotients of the cost.
type GradResult struct {
	Name    string
	Checked int     // elements compared
	Of      int     // elements of the parameter
	Kinks   int     // elements tried, but left out: however small the step, the cost has a kink within it (ReLU, max-pooling)
	Largest float64 // the largest gradient compared; where it is 0, nothing was seen
	Error   float64 // the largest |gradient − quotient| / max(|gradient|, |quotient|)
	At      int     // the element that has it
}

// OK says that something was compared, and nothing was wrong.
func (r GradResult) OK() bool { return r.Checked > 0 && r.Error <= GradTolerance }

// GradCheck compares the gradients that Step computes with central differences of the cost of a mini-batch, for up to so many
// samples of every parameter, chosen at random but the same each time; half of them where the gradient is not 0. It works on a
// float64 copy of the network, the cost of which Gorgonia's TapeMachine computes, with the dropout masks of the next Step held
// fixed. A parameter that is 0 throughout gets small random numbers in the copy, because no gradient flows back through zeros.
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

// GradChecks is GradCheck parameter by parameter, as each is done. The last pair has the error, if there was one.
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

// toCheck is a copy's parameters with their gradients, and its cost.
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
	copied.Steps = n.Steps // for the same masks
	if cost, err = copied.forward(x, y); err != nil {
		return nil, nil, fmt.Errorf("graph: %w", err)
	}
	return copied.Params, cost, nil
}

// float64Copy is a network of the same layers and weights in float64, without zeros for weights.
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

// forward is the cost of a training step of a float64 network on a TapeMachine, with the weights as they are when it is called.
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

// sample is up to n indices into gradient, as far as there are such half of them where it is not 0.
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

// compare is the relative error of the gradient g with respect to the weight w, or kink if there is no telling.
//
// The quotient is the central difference of step h, and that of h/2 to remove its error of order h². Near a kink the two differ
// by more than that, or what the cost bends at w (the difference of the one-sided quotients) does not halve with the step: then
// a disagreement proves nothing, and a smaller step has to tell.
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
