package op

import (
	"fmt"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// A Point holds an activation's kernels on slices of equal length; y may be x.
type Point struct {
	F32 func(y, x []float32)
	F64 func(y, x []float64)
}

// elementwise is an op with one input, of the input's shape; grad may be nil.
func elementwise(name string, f32 func(y, x []float32), f64 func(y, x []float64), grad Grad) *Op {
	var rules []Grad
	if grad != nil {
		rules = []Grad{grad}
	}
	return &Op{
		Name: name, Cut: each1, Grad: rules, Point: &Point{f32, f64}, Flat: true,
		F32:   func(y Array[float32], x []Array[float32]) { f32(y.Data, x[0].Data) },
		F64:   func(y Array[float64], x []Array[float64]) { f64(y.Data, x[0].Data) },
		Shape: func(x []Shape) (Shape, error) { return x[0].Clone(), nil },
	}
}

// fromOutput is the gradient rule dx = dop(y, dy).
func fromOutput(dop *Op) Grad { return func(_ Nodes, y, dy *Node) *Node { return dop.Apply(y, dy) } }

// fromInput is the gradient rule dx = dop(x, dy).
func fromInput(dop *Op) Grad { return func(x Nodes, _, dy *Node) *Node { return dop.Apply(x[0], dy) } }

// times is an op with two inputs of the same shape: an activation's gradient, computed from its output or input and dy.
func times(name string, f32 func(y, a, b []float32), f64 func(y, a, b []float64), grad []Grad) *Op {
	return &Op{
		Name: name, Shape: sameShape, Cut: each2, Flat: true, Grad: grad,
		F32: func(y Array[float32], x []Array[float32]) { f32(y.Data, x[0].Data, x[1].Data) },
		F64: func(y Array[float64], x []Array[float64]) { f64(y.Data, x[0].Data, x[1].Data) },
	}
}

// same is the rule for the second input of an op that is linear in it, element by element: the same op, applied to the gradient.
func same(x Nodes, y, dy *Node) *Node { return Of(y.Op()).Apply(x[0], dy) }

// sameShape is the shape rule of ops on tensors of the same shape.
func sameShape(x []Shape) (Shape, error) {
	for _, s := range x[1:] {
		if !s.Eq(x[0]) {
			return nil, fmt.Errorf("%v and %v; it takes tensors of one shape", x[0], s)
		}
	}
	return x[0].Clone(), nil
}

// Hadamard is y = a ⊙ b.
var Hadamard = &Op{Name: "hadamard", Shape: sameShape, Cut: each2, Flat: true, F32: hadamardDo[float32], F64: hadamardDo[float64]}

// DHadamard is dy ⊙ the other input of Hadamard.
var DHadamard = &Op{Name: "dHadamard", Shape: sameShape, Cut: each2, Flat: true, F32: hadamardDo[float32], F64: hadamardDo[float64]}

func hadamardDo[T kernel.Float](y Array[T], x []Array[T]) {
	kernel.For[T]().Hadamard(y.Data, x[0].Data, x[1].Data)
}

// Scaled is y = c x.
func Scaled(c float64) *Op {
	return elementwise(fmt.Sprintf("scaled/%v", c), scaledDo[float32](c), scaledDo[float64](c),
		func(_ Nodes, _, dy *Node) *Node { return Scaled(c).Apply(dy) })
}

func scaledDo[T kernel.Float](c float64) func(y, x []T) {
	return func(y, x []T) { kernel.For[T]().Normalize(y, x, 0, T(c), 0) }
}

// Add is y = a + b.
var Add = &Op{
	Name: "add", Shape: sameShape, Cut: each2, Flat: true, F32: addDo[float32], F64: addDo[float64],
	Grad: []Grad{
		func(_ Nodes, _, dy *Node) *Node { return dy },
		func(_ Nodes, _, dy *Node) *Node { return dy },
	},
}

func addDo[T kernel.Float](y Array[T], x []Array[T]) {
	kernel.For[T]().Add(y.Data, x[0].Data, x[1].Data)
}

// ScaledBy is y = c x for a scalar c, the second input.
var ScaledBy = &Op{
	Name: "scaledBy", F32: scaledByDo[float32], F64: scaledByDo[float64], Cut: Cut{Each: []bool{true, false}},
	Shape: func(x []Shape) (Shape, error) {
		if !x[1].IsScalar() {
			return nil, fmt.Errorf("%v; it takes a scalar factor", x[1])
		}
		return x[0].Clone(), nil
	},
}

func scaledByDo[T kernel.Float](y Array[T], x []Array[T]) {
	kernel.For[T]().Normalize(y.Data, x[0].Data, 0, x[1].Data[0], 0)
}

// Inner is the scalar Σ a ⊙ b.
var Inner = &Op{
	Name: "inner", F32: innerDo[float32], F64: innerDo[float64],
	Shape: func(x []Shape) (Shape, error) {
		_, err := sameShape(x)
		return Shape{}, err
	},
}

func innerDo[T kernel.Float](y Array[T], x []Array[T]) {
	_, y.Data[0] = kernel.For[T]().SumProducts(x[0].Data, x[1].Data, 0)
}

// InverseRoot is y = 1/√(x+ε), with y′ = −y³/2.
func InverseRoot(eps float64) *Op {
	return elementwise(fmt.Sprintf("inverseRoot/%v", eps), inverseRootDo[float32](eps), inverseRootDo[float64](eps),
		func(_ Nodes, y, dy *Node) *Node { return scale(-.5, mul(mul(y, y), mul(y, dy))) })
}

func inverseRootDo[T kernel.Float](eps float64) func(y, x []T) {
	return func(y, x []T) {
		for i, v := range x {
			y[i] = inverse(v, eps)
		}
	}
}
