package graphtest

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/stheno-ml/stheno/graph/op"
)

// A Function applies one of Gorgonia's operations to x. param makes a parameter of the given shape.
type Function func(x *op.Node, param func(shape ...int) *op.Node) (*op.Node, error)

// OfVectors are functions of x (m,12), and OfImages functions of x (m,2,8,7). They are for tests of networks with Gorgonia's operations.
var (
	OfVectors = []Function{
		alone(gorgonia.Tanh), alone(gorgonia.Sigmoid), alone(gorgonia.Rectify), alone(gorgonia.Exp), alone(gorgonia.Square),
		alone(func(x *op.Node) (*op.Node, error) { return gorgonia.SoftMax(x) }),
		alone(func(x *op.Node) (*op.Node, error) { return gorgonia.Slice(x, nil, gorgonia.S(3, 12, 3)) }),
		alone(func(x *op.Node) (*op.Node, error) { return gorgonia.Concat(1, x, x) }),
		alone(func(x *op.Node) (*op.Node, error) {
			return gorgonia.Max(op.Reshape(op.Shape{x.Shape()[0], 3, 4}).Apply(x), 2)
		}),
		alone(func(x *op.Node) (*op.Node, error) {
			return gorgonia.BroadcastHadamardDiv(x, gorgonia.Must(gorgonia.Exp(x)), nil, nil)
		}),
		func(x *op.Node, param func(...int) *op.Node) (*op.Node, error) {
			return gorgonia.BroadcastAdd(x, param(1, 12), nil, []byte{0})
		},
	}
	OfImages = []Function{
		convolved(2, 2), convolved(2, 1), // different strides along the two axes
		alone(func(x *op.Node) (*op.Node, error) {
			return gorgonia.MaxPool2D(x, tensor.Shape{3, 3}, []int{1, 1}, []int{2, 2})
		}),
	}
)

// alone makes a Function of f, which needs no parameters.
func alone(f func(*op.Node) (*op.Node, error)) Function {
	return func(x *op.Node, _ func(...int) *op.Node) (*op.Node, error) { return f(x) }
}

func convolved(down, right int) Function {
	return func(x *op.Node, param func(...int) *op.Node) (*op.Node, error) {
		return gorgonia.Conv2d(x, param(4, 2, 3, 3), tensor.Shape{3, 3}, []int{1, 1}, []int{down, right}, []int{1, 1})
	}
}

// Dropout is Gorgonia's dropout, which only Gorgonia can run.
func Dropout(x *op.Node) (*op.Node, error) { return gorgonia.Dropout(x, .5) }

// Constant returns a constant node.
func Constant(v float32) *op.Node { return gorgonia.NewConstant(v) }
