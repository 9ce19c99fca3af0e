package op

import (
	"fmt"

	"github.com/stheno-ml/stheno/internal/kernel"
)

var Sigmoid = elementwise("sigmoid", sigmoidDo[float32], sigmoidDo[float64], fromOutput(DSigmoid))

func sigmoidDo[T kernel.Float](y, x []T) { kernel.For[T]().Sigmoid(y, x) }

// DSigmoid is dx = dy σ′(z), with σ′ = y (1−y).
var DSigmoid = times("dSigmoid", dSigmoidDo[float32], dSigmoidDo[float64])

func dSigmoidDo[T kernel.Float](dx, y, dy []T) { kernel.For[T]().SigmoidGrad(dx, y, dy) }

var Tanh = elementwise("tanh", tanhDo[float32], tanhDo[float64], fromOutput(DTanh))

func tanhDo[T kernel.Float](y, x []T) { kernel.For[T]().Tanh(y, x) }

// DTanh is dx = dy (1−y²).
var DTanh = times("dTanh", dTanhDo[float32], dTanhDo[float64])

func dTanhDo[T kernel.Float](dx, y, dy []T) { kernel.For[T]().TanhGrad(dx, y, dy) }

var ReLU = elementwise("relu", reluDo[float32], reluDo[float64], fromOutput(DReLU))

func reluDo[T kernel.Float](y, x []T) { kernel.For[T]().ReLU(y, x) }

// DReLU is dx = dy where y > 0, else 0: at the kink itself the gradient is 0.
var DReLU = times("dReLU", dReLUDo[float32], dReLUDo[float64])

func dReLUDo[T kernel.Float](dx, y, dy []T) { kernel.For[T]().ReLUGrad(dx, y, dy) }

func LeakyReLU(slope float64) *Op {
	return elementwise(fmt.Sprintf("leakyReLU/%v", slope), leakyReLUDo[float32](slope), leakyReLUDo[float64](slope), fromOutput(DLeakyReLU(slope)))
}

func leakyReLUDo[T kernel.Float](slope float64) func(y, x []T) {
	return func(y, x []T) { kernel.For[T]().LeakyReLU(y, x, T(slope)) }
}

// DLeakyReLU is dx = dy where y > 0, else slope dy: y has x's sign.
func DLeakyReLU(slope float64) *Op {
	return times(fmt.Sprintf("dLeakyReLU/%v", slope), dLeakyReLUDo[float32](slope), dLeakyReLUDo[float64](slope))
}

func dLeakyReLUDo[T kernel.Float](slope float64) func(dx, y, dy []T) {
	return func(dx, y, dy []T) { kernel.For[T]().LeakyReLUGrad(dx, y, dy, T(slope)) }
}

var GELU = elementwise("gelu", geluDo[float32], geluDo[float64], fromInput(DGELU))

func geluDo[T kernel.Float](y, x []T) { kernel.For[T]().GELU(y, x) }

// DGELU is dx = dy (Φ(x) + x φ(x)), with φ the density of N(0,1).
var DGELU = times("dGELU", dGELUDo[float32], dGELUDo[float64])

func dGELUDo[T kernel.Float](dx, x, dy []T) { kernel.For[T]().GELUGrad(dx, x, dy) }

var SiLU = elementwise("silu", siluDo[float32], siluDo[float64], fromInput(DSiLU))

func siluDo[T kernel.Float](y, x []T) { kernel.For[T]().SiLU(y, x) }

// DSiLU is dx = dy (σ(x) + x σ′(x)).
var DSiLU = times("dSiLU", dSiLUDo[float32], dSiLUDo[float64])

func dSiLUDo[T kernel.Float](dx, x, dy []T) { kernel.For[T]().SiLUGrad(dx, x, dy) }

// softmax is p = e^z / Σ e^z by rows.
var Softmax = &Op{
	Name: "softmax", F32: softmaxDo[float32], F64: softmaxDo[float64], Cut: each1,
	Shape: func(x []Shape) (Shape, error) {
		if len(x[0]) != 2 {
			return nil, fmt.Errorf("%v; it takes (m,k)", x[0])
		}
		return x[0].Clone(), nil
	},
	Grad: []Grad{func(_ Nodes, p, dp *Node) *Node { return DSoftmax.Apply(p, dp) }},
}

func softmaxDo[T kernel.Float](p Array[T], x []Array[T]) {
	if x[0].Shape[1] == 1 {
		Fill(p.Data, 1) // exactly
		return
	}
	kernel.For[T]().Softmax(p.Data, x[0].Data, x[0].Shape[1])
}

// DSoftmax is dz = p (dp − Σ p dp) by rows: a sum's probabilities take from each other.
var DSoftmax = &Op{Name: "dSoftmax", Shape: pairShape, Cut: each2, F32: dSoftmaxDo[float32], F64: dSoftmaxDo[float64]}

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
