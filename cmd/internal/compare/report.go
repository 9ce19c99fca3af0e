package compare

import (
	"math"
	"slices"

	"github.com/stheno-ml/stheno/graph"
)

// Difference is the difference between two tensors of the same shape. A number that is not finite is infinitely far from everything.
type Difference struct {
	Abs float64 // the largest difference of an element
	Rel float64 // Abs divided by the largest magnitude in either tensor; 0 if all elements are 0
}

func difference(a, b []float64) Difference {
	largest, size := 0.0, 0.0
	for i := range b {
		d := math.Abs(a[i] - b[i])
		if math.IsNaN(d) || math.IsInf(d, 0) {
			return Difference{math.Inf(1), math.Inf(1)}
		}
		largest, size = max(largest, d), max(size, math.Abs(a[i]), math.Abs(b[i]))
	}
	if largest == 0 {
		return Difference{}
	}
	return Difference{largest, largest / size}
}

// differences are the differences of a step: of its gradients, and of the weights after it, one for each parameter.
type differences struct{ gradients, weights []Difference }

func apart(a, b tensors) differences {
	var d differences
	for i := range a.nabla {
		d.gradients = append(d.gradients, difference(a.nabla[i], b.nabla[i]))
		d.weights = append(d.weights, difference(a.weights[i], b.weights[i]))
	}
	return d
}

// beyond reports whether a relative difference is above tol.
func (d differences) beyond(tol float64) bool { return max(rel(d.gradients), rel(d.weights)) > tol }

// rel is the largest relative difference.
func rel(of []Difference) float64 {
	largest := 0.0
	for _, d := range of {
		largest = max(largest, d.Rel)
	}
	return largest
}

// Report is the result of a lockstep.
type Report struct {
	Tol     float64 // smaller relative differences do not count
	Steps   int
	Resets  int      // steps at which rounding had grown beyond Tol, and both sides were set to the same weights again
	Tensors []Tensor // one for each parameter
	First   *Beyond  // the first difference beyond Tol; nil if there is none

	// Gradients and Weights have, for each step, the largest relative difference of any tensor: of the step's gradients, and of the weights
	// after it.
	Gradients, Weights []float64
}

// Tensor is the largest differences of a parameter.
type Tensor struct {
	Name             string
	Shape            graph.Shape
	Gradient, Weight Worst
}

// Worst are the largest differences of all steps.
type Worst struct {
	Difference
	Step int // of the largest relative difference, from 1; 0 if there was none
}

// Beyond is a difference above the tolerance.
type Beyond struct {
	Tensor   string
	Gradient bool // rather than weight
	Step     int  // from 1
	Difference
}

func newReport(net *graph.Net, tol float64) Report {
	r := Report{Tol: tol}
	for _, p := range net.Params {
		r.Tensors = append(r.Tensors, Tensor{Name: p.Name, Shape: p.Shape})
	}
	return r
}

// add adds the next step. If several tensors are wrong, the first is the one whose gradient backpropagation computes first.
func (r *Report) add(d differences) {
	r.Steps++
	for i := range slices.Backward(r.Tensors) {
		t := &r.Tensors[i]
		r.note(&t.Gradient, Beyond{t.Name, true, r.Steps, d.gradients[i]})
	}
	for i := range slices.Backward(r.Tensors) {
		t := &r.Tensors[i]
		r.note(&t.Weight, Beyond{t.Name, false, r.Steps, d.weights[i]})
	}
	r.Gradients, r.Weights = append(r.Gradients, rel(d.gradients)), append(r.Weights, rel(d.weights))
}

func (r *Report) note(w *Worst, b Beyond) {
	if b.Rel > w.Rel {
		w.Rel, w.Step = b.Rel, b.Step
	}
	w.Abs = max(w.Abs, b.Abs)
	if r.First == nil && b.Rel > r.Tol {
		r.First = &b
	}
}
