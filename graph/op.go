package graph

import (
	"fmt"
	"hash"
	"hash/fnv"
	"io"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// Node is a node of Gorgonia's expression graph: a variable, a constant or the result of an op.
type Node = gorgonia.Node

// Nodes is a list of nodes.
type Nodes = gorgonia.Nodes

// Shape is the extent of a tensor along each axis; the first axis of what flows through a network is the mini-batch. The shape
// of a scalar is empty.
type Shape = tensor.Shape

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
	// Cut tells the compiler how the work may be divided along the mini-batch, the first axis.
	Cut Cut

	point *pointwise // of an activation
}

// Cut is how an op may be divided along the first axis of its inputs.
type Cut struct {
	// Each has the inputs of which example i of y needs only example i; of the others it needs all. Nil: y is not by examples.
	Each []bool
	// Sum says that y is a sum over the examples of all inputs.
	Sum bool
}

var (
	each1 = Cut{Each: []bool{true}}
	each2 = Cut{Each: []bool{true, true}}
)

// withoutBias is op, of inputs x, weights and bias, without its last input, which its shape rule and kernel must take as left out.
func withoutBias(op *Op) *Op {
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
		fail("%s: %w", op.Name, err)
	}
	if numbers(a.out) > maxNumbers {
		fail("%s: %v makes more than %d numbers; use a smaller layer, or fewer examples", op.Name, a.in, maxNumbers)
	}
	y, err := gorgonia.ApplyOp(a, x...)
	if err != nil {
		fail("%s: %w", op.Name, err)
	}
	return y
}

// maxNumbers is the size of the largest result of an op: 8 GiB of float32.
const maxNumbers = 1 << 31

// numbers is how many elements a tensor of shape s has, in floating point because they may be too many for an int.
func numbers(s Shape) float64 {
	size := 1.0
	for _, d := range s {
		size *= float64(d)
	}
	return size
}

// applied is an Op at given input shapes: the adapter to Gorgonia's interfaces Op, SDOp and UsePreallocDoer. All that Gorgonia
// asks of it (hash, arity, type, what is differentiable) follows from the literal, so that it cannot be wrong in one op.
type applied struct {
	*Op
	in  []Shape
	out Shape
}

func (a *applied) Arity() int           { return len(a.in) }
func (a *applied) ReturnsPtr() bool     { return true }
func (a *applied) CallsExtern() bool    { return true } // makes the TapeMachine preallocate and call UsePreallocDo
func (a *applied) OverwritesInput() int { return -1 }
func (a *applied) String() string       { return a.Name }

func (a *applied) WriteHash(h hash.Hash) { io.WriteString(h, fmt.Sprintf("stheno/%s%v", a.Name, a.in)) }

func (a *applied) Hashcode() uint32 {
	h := fnv.New32a()
	a.WriteHash(h)
	return h.Sum32()
}

func (a *applied) Type() hm.Type {
	elem := hm.TypeVariable('a')
	of := func(s Shape) hm.Type {
		if s.IsScalar() {
			return elem
		}
		return gorgonia.TensorType{Dims: s.Dims(), Of: elem}
	}
	types := make([]hm.Type, 0, len(a.in)+1)
	for _, s := range a.in {
		types = append(types, of(s))
	}
	return hm.NewFnType(append(types, of(a.out))...)
}

func (a *applied) InferShape(...gorgonia.DimSizer) (Shape, error) { return a.out, nil }

func (a *applied) DiffWRT(inputs int) []bool {
	wrt := make([]bool, inputs)
	for i := range a.Grad {
		wrt[i] = a.Grad[i] != nil
	}
	return wrt
}

func (a *applied) SymDiff(x Nodes, y, dy *Node) (dx Nodes, err error) {
	defer catch(&err)
	dx = make(Nodes, len(x))
	for i, rule := range a.Grad {
		if rule != nil {
			dx[i] = rule(x, y, dy)
		}
	}
	return dx, nil
}

// Do runs the op into a new value; x must have the shapes that the op was applied to.
func (a *applied) Do(x ...gorgonia.Value) (gorgonia.Value, error) {
	if a.out.IsScalar() {
		return a.UsePreallocDo(nil, x...)
	}
	return a.UsePreallocDo(tensor.New(tensor.Of(x[0].Dtype()), tensor.WithShape(a.out...)), x...)
}

// UsePreallocDo runs the op into y, whose elements may be anything before; a scalar result is a new value.
func (a *applied) UsePreallocDo(y gorgonia.Value, x ...gorgonia.Value) (gorgonia.Value, error) {
	for i, v := range x {
		if !v.Shape().Eq(a.in[i]) {
			return nil, fmt.Errorf("graph: %s: input %d is %v, not the %v that the graph was built for", a.Name, i, v.Shape(), a.in[i])
		}
	}
	switch x[0].Dtype() {
	case tensor.Float32:
		s, err := run(a, a.F32, y, x)
		if a.out.IsScalar() {
			y = gorgonia.NewF32(s)
		}
		return y, err
	case tensor.Float64:
		s, err := run(a, a.F64, y, x)
		if a.out.IsScalar() {
			y = gorgonia.NewF64(s)
		}
		return y, err
	}
	return nil, fmt.Errorf("graph: %s: no kernel for %v; use float32 or float64", a.Name, x[0].Dtype())
}

// run calls the kernel f, and returns the result if it is a scalar.
func run[T kernel.Float](a *applied, f func(Array[T], []Array[T]), y gorgonia.Value, x []gorgonia.Value) (s T, err error) {
	in := make([]Array[T], len(x))
	for i, v := range x {
		in[i].Shape = a.in[i]
		if in[i].Data, err = elements[T](v); err != nil {
			return 0, fmt.Errorf("graph: %s: input %d: %w", a.Name, i, err)
		}
	}
	out := []T{0}
	if !a.out.IsScalar() {
		if out, err = elements[T](y); err != nil {
			return 0, fmt.Errorf("graph: %s: output: %w", a.Name, err)
		}
	}
	f(Array[T]{a.out, out}, in)
	return out[0], nil
}

// elements are v's elements in row-major order: the value's own memory where it is laid out so, a copy where it is a view.
func elements[T kernel.Float](v gorgonia.Value) ([]T, error) {
	if t, ok := v.(*tensor.Dense); ok && t.RequiresIterator() {
		v = t.Materialize()
	}
	switch d := v.Data().(type) {
	case []T:
		return d, nil
	case T:
		return []T{d}, nil
	}
	return nil, fmt.Errorf("%T is not of the graph's element type", v.Data())
}
