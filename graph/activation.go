package graph

import (
	"fmt"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// The activations, element by element, and Softmax.
var (
	// Sigmoid is σ(z) = 1/(1+e^−z), the book's neuron.
	Sigmoid Layer = activation{sigmoid}
	// Tanh is tanh z.
	Tanh Layer = activation{tanh}
	// ReLU is max(0, z).
	ReLU Layer = activation{relu}
	// GELU is z Φ(z) with Φ the distribution of N(0,1), exactly and not by its approximation (Hendrycks and Gimpel 2016).
	GELU Layer = activation{gelu}
	// SiLU is z σ(z) (Hendrycks and Gimpel 2016), which is also called swish.
	SiLU Layer = activation{silu}
	// Softmax is e^z / Σ e^z over the outputs (m,k) of each example. LogLikelihood takes its input without it.
	Softmax Layer = activation{softmax}
)

// activation is an op of one input as a layer.
type activation struct{ op *Op }

func (a activation) Build(_ *Builder, x *Node) *Node { return a.op.Apply(x) }

// LeakyReLU is z where z > 0 and Slope z elsewhere (Maas, Hannun and Ng 2013).
type LeakyReLU struct {
	Slope float64 `term:",positive"` // between 0 and 1; 0 means 0.01
}

// Build applies the function element by element.
func (l LeakyReLU) Build(_ *Builder, x *Node) *Node {
	if l.Slope == 0 {
		l.Slope = .01
	}
	if !(0 < l.Slope && l.Slope < 1) {
		fail("slope %v; use 0 < slope < 1", l.Slope)
	}
	return leakyReLU(l.Slope).Apply(x)
}

var sigmoid = elementwise("sigmoid", sigmoidDo[float32], sigmoidDo[float64], fromOutput(dSigmoid))

func sigmoidDo[T kernel.Float](y, x []T) { kernel.For[T]().Sigmoid(y, x) }

// dSigmoid is dx = dy σ′(z), with σ′ = y (1−y).
var dSigmoid = times("dSigmoid", dSigmoidDo[float32], dSigmoidDo[float64])

func dSigmoidDo[T kernel.Float](dx, y, dy []T) { kernel.For[T]().SigmoidGrad(dx, y, dy) }

var tanh = elementwise("tanh", tanhDo[float32], tanhDo[float64], fromOutput(dTanh))

func tanhDo[T kernel.Float](y, x []T) { kernel.For[T]().Tanh(y, x) }

// dTanh is dx = dy (1−y²).
var dTanh = times("dTanh", dTanhDo[float32], dTanhDo[float64])

func dTanhDo[T kernel.Float](dx, y, dy []T) { kernel.For[T]().TanhGrad(dx, y, dy) }

var relu = elementwise("relu", reluDo[float32], reluDo[float64], fromOutput(dReLU))

func reluDo[T kernel.Float](y, x []T) { kernel.For[T]().ReLU(y, x) }

// dReLU is dx = dy where y > 0, else 0: at the kink itself the gradient is 0.
var dReLU = times("dReLU", dReLUDo[float32], dReLUDo[float64])

func dReLUDo[T kernel.Float](dx, y, dy []T) { kernel.For[T]().ReLUGrad(dx, y, dy) }

func leakyReLU(slope float64) *Op {
	return elementwise(fmt.Sprintf("leakyReLU/%v", slope), leakyReLUDo[float32](slope), leakyReLUDo[float64](slope), fromOutput(dLeakyReLU(slope)))
}

func leakyReLUDo[T kernel.Float](slope float64) func(y, x []T) {
	return func(y, x []T) { kernel.For[T]().LeakyReLU(y, x, T(slope)) }
}

// dLeakyReLU is dx = dy where y > 0, else slope dy: y has x's sign.
func dLeakyReLU(slope float64) *Op {
	return times(fmt.Sprintf("dLeakyReLU/%v", slope), dLeakyReLUDo[float32](slope), dLeakyReLUDo[float64](slope))
}

func dLeakyReLUDo[T kernel.Float](slope float64) func(dx, y, dy []T) {
	return func(dx, y, dy []T) { kernel.For[T]().LeakyReLUGrad(dx, y, dy, T(slope)) }
}

var gelu = elementwise("gelu", geluDo[float32], geluDo[float64], fromInput(dGELU))

func geluDo[T kernel.Float](y, x []T) { kernel.For[T]().GELU(y, x) }

// dGELU is dx = dy (Φ(x) + x φ(x)), with φ the density of N(0,1).
var dGELU = times("dGELU", dGELUDo[float32], dGELUDo[float64])

func dGELUDo[T kernel.Float](dx, x, dy []T) { kernel.For[T]().GELUGrad(dx, x, dy) }

var silu = elementwise("silu", siluDo[float32], siluDo[float64], fromInput(dSiLU))

func siluDo[T kernel.Float](y, x []T) { kernel.For[T]().SiLU(y, x) }

// dSiLU is dx = dy (σ(x) + x σ′(x)).
var dSiLU = times("dSiLU", dSiLUDo[float32], dSiLUDo[float64])

func dSiLUDo[T kernel.Float](dx, x, dy []T) { kernel.For[T]().SiLUGrad(dx, x, dy) }

// softmax is p = e^z / Σ e^z by rows.
var softmax = &Op{
	Name: "softmax", F32: softmaxDo[float32], F64: softmaxDo[float64], Cut: each1,
	Shape: func(x []Shape) (Shape, error) {
		if len(x[0]) != 2 {
			return nil, fmt.Errorf("%v; it takes (m,k)", x[0])
		}
		return x[0].Clone(), nil
	},
	Grad: []Grad{func(_ Nodes, p, dp *Node) *Node { return dSoftmax.Apply(p, dp) }},
}

func softmaxDo[T kernel.Float](p Array[T], x []Array[T]) {
	kernel.For[T]().Softmax(p.Data, x[0].Data, x[0].Shape[1])
}

// dSoftmax is dz = p (dp − Σ p dp) by rows: a sum's probabilities take from each other.
var dSoftmax = &Op{Name: "dSoftmax", Shape: pairShape, Cut: each2, F32: dSoftmaxDo[float32], F64: dSoftmaxDo[float64]}

func dSoftmaxDo[T kernel.Float](dz Array[T], x []Array[T]) {
	n := dz.Shape[1]
	for at := 0; at < len(dz.Data); at += n {
		p, dp := x[0].Data[at:at+n], x[1].Data[at:at+n]
		var mean T
		for j, p := range p {
			mean += p * dp[j]
		}
		for j, p := range p {
			dz.Data[at+j] = p * (dp[j] - mean)
		}
	}
}
