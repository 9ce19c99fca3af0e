package op

import (
	"gorgonia.org/gorgonia"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// Array is a tensor as an op's kernel sees it: row-major elements and their shape.
type Array[T kernel.Float] struct {
	Shape Shape
	Data  []T
}

// An Op is an operation on tensors, written as one literal: a name, a shape rule, a kernel and one gradient rule per input.
// It is pure: a kernel reads its inputs, writes every element of y, and keeps nothing.
type Op struct {
	// Name is the op's identity: two ops of one name are the same op, so parameters stand in it, as in "maxpool/2".
	Name string
	// Shape is the output's shape, or an error that says which inputs would fit.
	Shape func(x []Shape) (Shape, error)
	// F32 and F64 are the kernel for either element type, as a rule one generic function.
	F32 func(y Array[float32], x []Array[float32])
	F64 func(y Array[float64], x []Array[float64])
	// Grad has one rule an input; nil where the op is not differentiated with respect to that input.
	Grad []Grad
	// Terms is how many products are added up in an element of the output, from the shapes of the inputs; nil: none, as far as a count
	// of multiply-adds goes.
	Terms func(x []Shape) int
	// Gives is, where the elements of the output are sums of different length, in how many products an element of the first input is.
	Gives func(x []Shape) int
	// Cut tells the compiler how the work may be divided along the mini-batch, the first axis.
	Cut Cut

	// Made, if not nil, is the op made of others: for a program that writes a network in a form that does not know the op, as ONNX.
	Made func(x Nodes) *Node

	// Point, if not nil, says that the op is a function of one input, element by element: a product can apply it to its result at once.
	Point *Point
	// View says that y has the elements of the input in the same order, so that it can share the input's memory.
	View bool
	// Flat says that the kernel works element by element on Data and never looks at a shape, so that it can be applied to any stretch of the
	// elements. An input of one element is a number for all.
	Flat bool
}

// Cut is how an op may be divided along the first axis of its inputs.
type Cut struct {
	// Each has the inputs of which example i of y needs only example i; of the others it needs all. Nil: y is not by examples.
	Each []bool
	// Sum says that y is a sum over the examples of all inputs.
	Sum bool
	// MinExamples is the fewest examples that are worth a part of their own; 0: a few.
	MinExamples int
}

var (
	each1 = Cut{Each: []bool{true}}
	each2 = Cut{Each: []bool{true, true}}
)

// WithoutBias is op, of inputs x, weights and bias, without its last input, which its shape rule and kernel must take as left out.
func WithoutBias(op *Op) *Op {
	plain := *op
	plain.Grad = op.Grad[:2]
	if op.Cut.Each != nil {
		plain.Cut.Each = op.Cut.Each[:2]
	}
	return &plain
}

// Grad is a gradient rule: from an op's inputs, its output and the gradient dy of the cost with respect to that output, the
// gradient with respect to one input.
type Grad func(x Nodes, y, dy *Node) *Node

// Apply adds op(x...) to the graph of x. It is to be called inside a Layer's or a Loss's Build and inside gradient rules only:
// a misfit travels to the border of the package by a panic of its own and comes out as an error there.
func (op *Op) Apply(x ...*Node) *Node {
	a := &applied{Op: op, in: make([]Shape, len(x))}
	for i, n := range x {
		a.in[i] = n.Shape()
	}
	var err error
	if a.out, err = op.Shape(a.in); err != nil {
		Fail("%s: %w", op.Name, err)
	}
	if Numbers(a.out) > MaxNumbers {
		Fail("%s: %v makes more than %d numbers; use a smaller layer, or fewer examples", op.Name, a.in, MaxNumbers)
	}
	y, err := gorgonia.ApplyOp(a, x...)
	if err != nil {
		Fail("%s: %w", op.Name, err)
	}
	return y
}

// MaxNumbers is the size of the largest result of an op: 8 GiB of float32.
const MaxNumbers = 1 << 31

// Kernel is op's kernel for elements of type T.
func Kernel[T kernel.Float](op *Op) func(y Array[T], x []Array[T]) {
	if f, ok := any(op.F32).(func(Array[T], []Array[T])); ok {
		return f
	}
	return any(op.F64).(func(Array[T], []Array[T]))
}

// PointKernel is the point's kernel for elements of type T.
func PointKernel[T kernel.Float](p *Point) func(y, x []T) {
	if f, ok := any(p.F32).(func(y, x []T)); ok {
		return f
	}
	return any(p.F64).(func(y, x []T))
}

// Rows is the part of a that the examples [from, to) make.
func (a Array[T]) Rows(from, to int) Array[T] {
	n := len(a.Data) / a.Shape[0]
	shape := a.Shape.Clone()
	shape[0] = to - from
	return Array[T]{shape, a.Data[from*n : to*n]}
}

// Numbers is how many elements a tensor of shape s has, in floating point because they may be too many for an int.
func Numbers(s Shape) float64 {
	size := 1.0
	for _, d := range s {
		size *= float64(d)
	}
	return size
}
