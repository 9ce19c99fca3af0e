package op

import (
	"fmt"
	"slices"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// A sequence is (m,steps,…). A mask (m,steps) is 1 for real steps and 0 for padding. No gradient flows through a mask.

// Present is the mask of a sequence x, (m,steps) or (m,steps,…): 0 where all numbers of a step equal value, else 1.
func Present(value float64) *Op {
	return &Op{
		Name: fmt.Sprintf("present/%v", value), F32: presentDo[float32](value), F64: presentDo[float64](value), Cut: each1,
		Shape: func(x []Shape) (Shape, error) {
			if len(x[0]) < 2 {
				return nil, fmt.Errorf("%v; it takes (m,steps) or (m,steps,…)", x[0])
			}
			return x[0][:2].Clone(), nil
		},
	}
}

func presentDo[T kernel.Float](value float64) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		n := len(x[0].Data) / len(y.Data)
		for i := range y.Data {
			y.Data[i] = 0
			if slices.ContainsFunc(x[0].Data[i*n:i*n+n], func(v T) bool { return v != T(value) }) {
				y.Data[i] = 1
			}
		}
	}
}

// Keep is x (m,steps,…) at the steps in the mask (m,steps), else 0.
var Keep = &Op{Name: "keep", F32: keepDo[float32], F64: keepDo[float64], Cut: each2, Shape: maskedShape}

// maskedShape is the shape rule of ops on a sequence and its mask.
func maskedShape(x []Shape) (Shape, error) {
	if len(x[0]) < 2 || !slices.Equal(x[0][:2], x[1]) {
		return nil, fmt.Errorf("%v with the mask %v; it takes (m,steps,…) and (m,steps)", x[0], x[1])
	}
	return x[0].Clone(), nil
}

func keepDo[T kernel.Float](y Array[T], x []Array[T]) {
	n := len(y.Data) / len(x[1].Data)
	for i, there := range x[1].Data {
		if there == 0 {
			clear(y.Data[i*n : i*n+n])
		} else {
			copy(y.Data[i*n:i*n+n], x[0].Data[i*n:])
		}
	}
}

// LastStep is the last step of x (m,steps,…). With a mask as second input it is the last real step, or zeros if there is none.
var LastStep = &Op{
	Name: "lastStep", F32: lastStepDo[float32], F64: lastStepDo[float64], Cut: each1,
	Shape: func(x []Shape) (Shape, error) {
		if len(x[0]) < 3 {
			return nil, fmt.Errorf("%v; it takes (m,steps,…)", x[0])
		}
		if len(x) == 2 {
			if _, err := maskedShape(x); err != nil {
				return nil, err
			}
		}
		return append(Shape{x[0][0]}, x[0][2:]...), nil
	},
}

// LastStepOf is LastStep with a mask.
var LastStepOf = masked(LastStep)

// masked returns op with a mask as an additional last input, which has no gradient.
func masked(op *Op) *Op {
	with := *op
	with.Cut.Each = append(slices.Clone(op.Cut.Each), true)
	return &with
}

// lastOf returns the last step of example i that is not padding; −1 if there is none.
func lastOf[T kernel.Float](mask []Array[T], i, steps int) int {
	if len(mask) == 0 {
		return steps - 1
	}
	for t := steps - 1; t >= 0; t-- {
		if mask[0].Data[i*steps+t] != 0 {
			return t
		}
	}
	return -1
}

func lastStepDo[T kernel.Float](y Array[T], x []Array[T]) {
	steps := x[0].Shape[1]
	n := len(y.Data) / y.Shape[0]
	for i := range y.Shape[0] {
		yi := y.Data[i*n : i*n+n]
		if t := lastOf(x[1:], i, steps); t < 0 {
			clear(yi)
		} else {
			copy(yi, x[0].Data[(i*steps+t)*n:])
		}
	}
}

// DLastStep is dx (m,steps,…): dy (m,…) at the last step, or at the last real step of the mask, a second input, and zeros elsewhere.
func DLastStep(steps int) *Op {
	return &Op{
		Name: fmt.Sprintf("dLastStep/%d", steps), F32: dLastStepDo[float32], F64: dLastStepDo[float64], Cut: each1,
		Shape: func(x []Shape) (Shape, error) {
			if len(x[0]) < 2 || len(x) == 2 && !slices.Equal(x[1], Shape{x[0][0], steps}) {
				return nil, fmt.Errorf("%v; it takes (m,…), and a mask (m,%d)", x, steps)
			}
			return append(Shape{x[0][0], steps}, x[0][1:]...), nil
		},
		Grad: []Grad{func(x Nodes, _, dy *Node) *Node { return last(append(Nodes{dy}, x[1:]...)) }},
	}
}

// last applies LastStep to a sequence and its mask, if there is one.
func last(x Nodes) *Node {
	if len(x) == 2 {
		return LastStepOf.Apply(x...)
	}
	return LastStep.Apply(x...)
}

func dLastStepDo[T kernel.Float](dx Array[T], x []Array[T]) {
	steps := dx.Shape[1]
	n := len(x[0].Data) / dx.Shape[0]
	clear(dx.Data)
	for i := range dx.Shape[0] {
		if t := lastOf(x[1:], i, steps); t >= 0 {
			copy(dx.Data[(i*steps+t)*n:], x[0].Data[i*n:i*n+n])
		}
	}
}

// StepMeans is the mean over the steps of x (m,steps,n). With a mask as second input it is the mean over the real steps, or 0 if there is none.
var StepMeans = &Op{
	Name: "stepMeans", F32: stepMeansDo[float32], F64: stepMeansDo[float64], Cut: each1,
	Shape: func(x []Shape) (Shape, error) {
		if len(x[0]) != 3 || len(x) == 2 && !slices.Equal(x[0][:2], x[1]) {
			return nil, fmt.Errorf("%v; it takes (m,steps,n), and a mask (m,steps)", x)
		}
		return Shape{x[0][0], x[0][2]}, nil
	},
}

// StepMeansOf is StepMeans with a mask.
var StepMeansOf = masked(StepMeans)

// stepShare returns 1/n for the n real steps of example i, or 0 if there is none.
func stepShare[T kernel.Float](mask []Array[T], i, steps int) T {
	n := T(steps)
	if len(mask) > 0 {
		n = kernel.For[T]().Sum(mask[0].row(i))
	}
	if n == 0 {
		return 0
	}
	return 1 / n
}

func stepMeansDo[T kernel.Float](y Array[T], x []Array[T]) {
	s, steps, n := kernel.For[T](), x[0].Shape[1], y.Shape[1]
	for i := range y.Shape[0] {
		yi, xi := y.row(i), x[0].Data[i*steps*n:(i+1)*steps*n]
		if len(x) == 1 {
			s.SumRows(yi, xi, n, steps)
		} else {
			clear(yi)
			for t, there := range x[1].row(i) {
				if there != 0 {
					s.Add(yi, yi, xi[t*n:t*n+n])
				}
			}
		}
		s.Normalize(yi, yi, 0, stepShare(x[1:], i, steps), 0)
	}
}

// DStepMeans is (m,steps,n): each step's share of dy (m,n), and 0 for padding according to the mask, a second input.
func DStepMeans(steps int) *Op {
	return &Op{
		Name: fmt.Sprintf("dStepMeans/%d", steps), F32: dStepMeansDo[float32], F64: dStepMeansDo[float64], Cut: each1,
		Shape: func(x []Shape) (Shape, error) {
			if len(x[0]) != 2 || len(x) == 2 && !slices.Equal(x[1], Shape{x[0][0], steps}) {
				return nil, fmt.Errorf("%v; it takes (m,n), and a mask (m,%d)", x, steps)
			}
			return Shape{x[0][0], steps, x[0][1]}, nil
		},
		Grad: []Grad{func(x Nodes, _, dy *Node) *Node {
			if len(x) == 2 {
				return StepMeansOf.Apply(dy, x[1])
			}
			return StepMeans.Apply(dy)
		}},
	}
}

func dStepMeansDo[T kernel.Float](dx Array[T], x []Array[T]) {
	s, steps, n := kernel.For[T](), dx.Shape[1], dx.Shape[2]
	for i := range dx.Shape[0] {
		share := stepShare(x[1:], i, steps)
		for t := range steps {
			row := dx.Data[(i*steps+t)*n:][:n]
			if len(x) == 2 && x[1].row(i)[t] == 0 {
				clear(row)
			} else {
				s.Normalize(row, x[0].row(i), 0, share, 0)
			}
		}
	}
}

// PresentMean is a cost's mean over the real steps. Its inputs are the mean over all steps, in which all padding costs the same, the cost of one
// step of padding, and the mask.
var PresentMean = &Op{Name: "presentMean", F32: presentMeanDo[float32], F64: presentMeanDo[float64], Shape: scalarsShape(2)}

// scalarsShape is the shape rule of ops on n scalars and a mask.
func scalarsShape(n int) func(x []Shape) (Shape, error) {
	return func(x []Shape) (Shape, error) {
		for _, s := range x[:n] {
			if !s.IsScalar() {
				return nil, fmt.Errorf("%v; it takes scalars and a mask (m,steps)", x)
			}
		}
		return Shape{}, nil
	}
}

// share returns the ratio of all steps to real steps, of which it assumes at least one.
func share[T kernel.Float](mask []T) T {
	return T(len(mask)) / max(1, kernel.For[T]().Sum(mask))
}

func presentMeanDo[T kernel.Float](y Array[T], x []Array[T]) {
	all, none := x[0].Data[0], x[1].Data[0]
	y.Data[0] = none + (all-none)*share(x[2].Data)
}

// DPresentMean is the gradient for the mean over all steps, from PresentMean's gradient and the mask.
var DPresentMean = &Op{Name: "dPresentMean", F32: dPresentMeanDo[float32], F64: dPresentMeanDo[float64], Shape: scalarsShape(1)}

func dPresentMeanDo[T kernel.Float](y Array[T], x []Array[T]) {
	y.Data[0] = x[0].Data[0] * share(x[1].Data)
}

// ReverseSteps is x (m,steps,…) with its steps in reverse order.
var ReverseSteps = &Op{
	Name: "reverseSteps", F32: reverseStepsDo[float32], F64: reverseStepsDo[float64], Cut: each1,
	Shape: func(x []Shape) (Shape, error) {
		if len(x[0]) < 2 {
			return nil, fmt.Errorf("%v; it takes (m,steps,…)", x[0])
		}
		return x[0].Clone(), nil
	},
}

func reverseStepsDo[T kernel.Float](y Array[T], x []Array[T]) {
	steps := y.Shape[1]
	n := len(y.Data) / (y.Shape[0] * steps)
	for i := range y.Shape[0] {
		for t := range steps {
			copy(y.Data[(i*steps+t)*n:][:n], x[0].Data[(i*steps+steps-1-t)*n:])
		}
	}
}

func init() {
	Keep.Grad = []Grad{func(x Nodes, _, dy *Node) *Node { return Keep.Apply(dy, x[1]) }, nil}
	LastStep.Grad = []Grad{func(x Nodes, _, dy *Node) *Node {
		d := DLastStep(x[0].Shape()[1])
		if len(x) == 2 {
			d = masked(d)
		}
		return d.Apply(append(Nodes{dy}, x[1:]...)...)
	}}
	LastStepOf.Grad = append(slices.Clone(LastStep.Grad), nil)
	StepMeans.Grad = []Grad{func(x Nodes, _, dy *Node) *Node {
		d := DStepMeans(x[0].Shape()[1])
		if len(x) == 2 {
			d = masked(d)
		}
		return d.Apply(append(Nodes{dy}, x[1:]...)...)
	}}
	StepMeansOf.Grad = append(slices.Clone(StepMeans.Grad), nil)
	PresentMean.Grad = []Grad{
		func(x Nodes, _, dy *Node) *Node { return DPresentMean.Apply(dy, x[2]) },
		func(x Nodes, _, dy *Node) *Node { return sub(dy, DPresentMean.Apply(dy, x[2])) },
		nil,
	}
	DPresentMean.Grad = []Grad{func(x Nodes, _, dy *Node) *Node { return DPresentMean.Apply(dy, x[1]) }, nil}
	ReverseSteps.Grad = []Grad{func(_ Nodes, _, dy *Node) *Node { return ReverseSteps.Apply(dy) }}
}
