package graph

import (
	"fmt"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// The activations, element by element.
var (
	// Sigmoid is σ(z) = 1/(1+e^−z), the book's neuron.
	Sigmoid Layer = activation{sigmoid}
	// Tanh is tanh z.
	Tanh Layer = activation{tanh}
	// ReLU is max(0, z).
	ReLU Layer = activation{relu}
)

// activation is an op of one input as a layer.
type activation struct{ op *Op }

func (a activation) Build(_ *Builder, x *Node) *Node { return a.op.Apply(x) }
func (a activation) String() string                  { return a.op.Name }

var sigmoid = elementwise("sigmoid", sigmoidDo[float32], sigmoidDo[float64], dSigmoid)

func sigmoidDo[T kernel.Float](y Array[T], x []Array[T]) { kernel.For[T]().Sigmoid(y.Data, x[0].Data) }

// dSigmoid is dx = dy σ′(z), with σ′ = y (1−y).
var dSigmoid = fromOutput("dSigmoid", dSigmoidDo[float32], dSigmoidDo[float64])

func dSigmoidDo[T kernel.Float](dx Array[T], x []Array[T]) {
	kernel.For[T]().SigmoidGrad(dx.Data, x[0].Data, x[1].Data)
}

var tanh = elementwise("tanh", tanhDo[float32], tanhDo[float64], dTanh)

func tanhDo[T kernel.Float](y Array[T], x []Array[T]) { kernel.For[T]().Tanh(y.Data, x[0].Data) }

// dTanh is dx = dy (1−y²).
var dTanh = fromOutput("dTanh", dTanhDo[float32], dTanhDo[float64])

func dTanhDo[T kernel.Float](dx Array[T], x []Array[T]) {
	kernel.For[T]().TanhGrad(dx.Data, x[0].Data, x[1].Data)
}

var relu = elementwise("relu", reluDo[float32], reluDo[float64], dReLU)

func reluDo[T kernel.Float](y Array[T], x []Array[T]) { kernel.For[T]().ReLU(y.Data, x[0].Data) }

// dReLU is dx = dy where y > 0, else 0: at the kink itself the gradient is 0.
var dReLU = fromOutput("dReLU", dReLUDo[float32], dReLUDo[float64])

func dReLUDo[T kernel.Float](dx Array[T], x []Array[T]) {
	kernel.For[T]().ReLUGrad(dx.Data, x[0].Data, x[1].Data)
}

// elementwise is an op of one input and its shape, whose gradient needs its output only: dx = dop(y, dy).
func elementwise(name string, f32 func(Array[float32], []Array[float32]), f64 func(Array[float64], []Array[float64]), dop *Op) *Op {
	return &Op{
		Name: name, F32: f32, F64: f64, Cut: each1,
		Shape: func(x []Shape) (Shape, error) { return x[0].Clone(), nil },
		Grad:  []Grad{func(_ Nodes, y, dy *Node) *Node { return dop.Apply(y, dy) }},
	}
}

// fromOutput is the gradient of an elementwise op: of y and dy, with their shape.
func fromOutput(name string, f32 func(Array[float32], []Array[float32]), f64 func(Array[float64], []Array[float64])) *Op {
	return &Op{Name: name, F32: f32, F64: f64, Shape: sameShape, Cut: each2}
}

// sameShape is the shape rule of ops on tensors of one shape.
func sameShape(x []Shape) (Shape, error) {
	for _, s := range x[1:] {
		if !s.Eq(x[0]) {
			return nil, fmt.Errorf("%v and %v; it takes tensors of one shape", x[0], s)
		}
	}
	return x[0].Clone(), nil
}

// hadamard is y = a ⊙ b.
var hadamard = &Op{
	Name: "hadamard", Shape: sameShape, Cut: each2, F32: hadamardDo[float32], F64: hadamardDo[float64],
	Grad: []Grad{
		func(x Nodes, _, dy *Node) *Node { return dHadamard.Apply(dy, x[1]) },
		func(x Nodes, _, dy *Node) *Node { return dHadamard.Apply(dy, x[0]) },
	},
}

// dHadamard is dy ⊙ the other input.
var dHadamard = &Op{Name: "dHadamard", Shape: sameShape, Cut: each2, F32: hadamardDo[float32], F64: hadamardDo[float64]}

func hadamardDo[T kernel.Float](y Array[T], x []Array[T]) {
	kernel.For[T]().Hadamard(y.Data, x[0].Data, x[1].Data)
}

// add is y = a + b; its gradient is dy for both.
var add = &Op{
	Name: "add", Shape: sameShape, Cut: each2, F32: addDo[float32], F64: addDo[float64],
	Grad: []Grad{
		func(_ Nodes, _, dy *Node) *Node { return dy },
		func(_ Nodes, _, dy *Node) *Node { return dy },
	},
}

func addDo[T kernel.Float](y Array[T], x []Array[T]) {
	kernel.For[T]().Add(y.Data, x[0].Data, x[1].Data)
}
