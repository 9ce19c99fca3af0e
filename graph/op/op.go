package op

import (
	"gorgonia.org/gorgonia"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// Array is a tensor as a kernel sees it: its shape, and its elements in row-major order.
type Array[T kernel.Float] struct {
	Shape Shape
	Data  []T
}

// An Op is an operation on tensors, written as a literal: a name, a shape rule, a kernel, and a gradient rule for each input. It must be pure: a
// kernel reads its inputs, writes every element of y, and keeps nothing.
type Op struct {
	// Name identifies the op. Two ops with the same name are the same op, so the name must include parameters, as in "maxpool/2".
	Name string
	// Shape returns the output's shape, or an error that says which inputs would fit.
	Shape func(x []Shape) (Shape, error)
	// F32 and F64 are the kernels for the two element types, usually one generic function.
	F32 func(y Array[float32], x []Array[float32])
	F64 func(y Array[float64], x []Array[float64])
	// Grad has a rule for each input, nil for inputs without a gradient.
	Grad []Grad
	// Terms returns how many products are added up in an element of the output, given the shapes of the inputs. Nil means that the op counts as
	// having no multiply-adds.
	Terms func(x []Shape) int
	// Gives is used instead if the output's elements are sums of different length: it returns how many products use an element of the first input.
	Gives func(x []Shape) int
	// Cut says how the work may be divided along the mini-batch, the first axis.
	Cut Cut

	// Made, if not nil, builds the op from others, for programs that export a network to a form that lacks the op, such as ONNX.
	Made func(x Nodes) *Node

	// Point, if not nil, says that the op is a function of one input, element by element. A product can then apply it to its result at once.
	Point *Point
	// View says that y has the elements of the input in the same order, so that it can share the input's memory.
	View bool
	// Flat says that the kernel works element by element on Data and never looks at a shape. It can then be applied to any stretch of the elements.
	// An input with one element is used for all.
	Flat bool
}

// Cut says how an op may be divided along the first axis of its inputs.
type Cut struct {
	// Each marks the inputs of which example i of y needs only example i; y needs the whole of the others. Nil: y is not divided by examples.
	Each []bool
	// Sum says that y is a sum over the examples of all inputs.
	Sum bool
	// MinExamples is how many examples make a part that is worth dividing; 0 means a few.
	MinExamples int
}

var (
	each1 = Cut{Each: []bool{true}}
	each2 = Cut{Each: []bool{true, true}}
)

// WithoutBias returns op, whose inputs are x, weights and bias, without the bias. Its shape rule and kernel must allow that.
func WithoutBias(op *Op) *Op {
	plain := *op
	plain.Grad = op.Grad[:2]
	if op.Cut.Each != nil {
		plain.Cut.Each = op.Cut.Each[:2]
	}
	return &plain
}

// Grad is a gradient rule. From an op's inputs x, its output y and the gradient dy of the cost with respect to y, it returns the gradient with
// respect to one input.
type Grad func(x Nodes, y, dy *Node) *Node

// Apply adds op(x...) to the graph of x. Call it only inside a layer's Build, a loss or a gradient rule: if the inputs do not fit, it panics, and
// package graph turns the panic into an error.
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

// MaxNumbers is the most elements that an op's result may have: 8 GiB of float32.
const MaxNumbers = 1 << 31

// Kernel returns op's kernel for elements of type T.
func Kernel[T kernel.Float](op *Op) func(y Array[T], x []Array[T]) {
	if f, ok := any(op.F32).(func(Array[T], []Array[T])); ok {
		return f
	}
	return any(op.F64).(func(Array[T], []Array[T]))
}

// PointKernel returns p's kernel for elements of type T.
func PointKernel[T kernel.Float](p *Point) func(y, x []T) {
	if f, ok := any(p.F32).(func(y, x []T)); ok {
		return f
	}
	return any(p.F64).(func(y, x []T))
}

// Rows returns the examples [from, to) of a.
func (a Array[T]) Rows(from, to int) Array[T] {
	n := len(a.Data) / a.Shape[0]
	shape := a.Shape.Clone()
	shape[0] = to - from
	return Array[T]{shape, a.Data[from*n : to*n]}
}

// Numbers returns the number of elements of a tensor of shape s, as a float64 because it may exceed an int.
func Numbers(s Shape) float64 {
	size := 1.0
	for _, d := range s {
		size *= float64(d)
	}
	return size
}
