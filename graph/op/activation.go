package op

import (
	"fmt"
	"math"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// Sigmoid is y = 1/(1+e^−x).
var Sigmoid = elementwise("sigmoid", sigmoidDo[float32], sigmoidDo[float64], fromOutput(DSigmoid))

func sigmoidDo[T kernel.Float](y, x []T) { kernel.For[T]().Sigmoid(y, x) }

// DSigmoid is dx = dy σ′(z), with σ′ = y (1−y).
var DSigmoid = times("dSigmoid", dSigmoidDo[float32], dSigmoidDo[float64], defined(2, func(x Nodes) *Node {
	d := mul(x[1], x[0])
	return sub(d, mul(d, x[0]))
}))

func dSigmoidDo[T kernel.Float](dx, y, dy []T) { kernel.For[T]().SigmoidGrad(dx, y, dy) }

// Tanh is y = tanh x.
var Tanh = elementwise("tanh", tanhDo[float32], tanhDo[float64], fromOutput(DTanh))

func tanhDo[T kernel.Float](y, x []T) { kernel.For[T]().Tanh(y, x) }

// DTanh is dx = dy (1−y²).
var DTanh = times("dTanh", dTanhDo[float32], dTanhDo[float64], defined(2, func(x Nodes) *Node {
	return sub(x[1], mul(x[1], mul(x[0], x[0])))
}))

func dTanhDo[T kernel.Float](dx, y, dy []T) { kernel.For[T]().TanhGrad(dx, y, dy) }

// ReLU is y = max(x, 0).
var ReLU = elementwise("relu", reluDo[float32], reluDo[float64], fromOutput(DReLU))

func reluDo[T kernel.Float](y, x []T) { kernel.For[T]().ReLU(y, x) }

// DReLU is dx = dy where y > 0, else 0: at the kink itself the gradient is 0. As a function of y it is constant except at the kink.
var DReLU = times("dReLU", dReLUDo[float32], dReLUDo[float64], []Grad{nil, same})

func dReLUDo[T kernel.Float](dx, y, dy []T) { kernel.For[T]().ReLUGrad(dx, y, dy) }

// LeakyReLU is y = x where x > 0, else slope x.
func LeakyReLU(slope float64) *Op {
	return elementwise(fmt.Sprintf("leakyReLU/%v", slope), leakyReLUDo[float32](slope), leakyReLUDo[float64](slope), fromOutput(DLeakyReLU(slope)))
}

func leakyReLUDo[T kernel.Float](slope float64) func(y, x []T) {
	return func(y, x []T) { kernel.For[T]().LeakyReLU(y, x, T(slope)) }
}

// DLeakyReLU is dx = dy where y > 0, else slope dy: y has x's sign.
func DLeakyReLU(slope float64) *Op {
	return times(fmt.Sprintf("dLeakyReLU/%v", slope), dLeakyReLUDo[float32](slope), dLeakyReLUDo[float64](slope), []Grad{nil, same})
}

func dLeakyReLUDo[T kernel.Float](slope float64) func(dx, y, dy []T) {
	return func(dx, y, dy []T) { kernel.For[T]().LeakyReLUGrad(dx, y, dy, T(slope)) }
}

// ELU is y = x where x > 0, else alpha (e^x − 1), for alpha > 0.
func ELU(alpha float64) *Op {
	return elementwise(fmt.Sprintf("elu/%v", alpha), eluDo[float32](1, alpha), eluDo[float64](1, alpha), fromOutput(DELU(1, alpha)))
}

// SELU is y = λ x where x > 0, else λα (e^x − 1), with the λ and α of Klambauer et al. (2017).
var SELU = elementwise("selu", eluDo[float32](seluScale, seluScale*seluAlpha), eluDo[float64](seluScale, seluScale*seluAlpha),
	fromOutput(DELU(seluScale, seluScale*seluAlpha)))

const (
	seluScale = 1.0507009873554804934193349852946 // λ
	seluAlpha = 1.6732632423543772848170429916717 // α
)

func eluDo[T kernel.Float](scale, alpha float64) func(y, x []T) {
	return func(y, x []T) { kernel.For[T]().ELU(y, x, T(scale), T(alpha)) }
}

// DELU is dx = scale dy where y > 0, else (y + alpha) dy, which is alpha e^x dy: y has x's sign.
func DELU(scale, alpha float64) *Op {
	return times(fmt.Sprintf("dELU/%v/%v", scale, alpha), dELUDo[float32](scale, alpha), dELUDo[float64](scale, alpha), []Grad{
		func(x Nodes, _, dy *Node) *Node { // dy′ dy where y ≤ 0
			d := mul(x[1], dy)
			return sub(d, DReLU.Apply(x[0], d))
		},
		same,
	})
}

func dELUDo[T kernel.Float](scale, alpha float64) func(dx, y, dy []T) {
	return func(dx, y, dy []T) { kernel.For[T]().ELUGrad(dx, y, dy, T(scale), T(alpha)) }
}

// GELU is y = x Φ(x), where Φ is the distribution function of N(0,1).
var GELU = elementwise("gelu", geluDo[float32], geluDo[float64], fromInput(DGELU))

func geluDo[T kernel.Float](y, x []T) { kernel.For[T]().GELU(y, x) }

// DGELU is dx = dy (Φ(x) + x φ(x)), where φ is the density of N(0,1).
var DGELU = times("dGELU", dGELUDo[float32], dGELUDo[float64], []Grad{
	func(x Nodes, _, dy *Node) *Node { // dy′ φ(x) (2−x²)
		d := mul(mul(x[1], dy), Density.Apply(x[0]))
		return sub(scale(2, d), mul(d, mul(x[0], x[0])))
	},
	same,
})

func dGELUDo[T kernel.Float](dx, x, dy []T) { kernel.For[T]().GELUGrad(dx, x, dy) }

// Density is φ(x) = e^(−x²/2)/√(2π), the density of N(0,1); φ′ = −x φ.
var Density = elementwise("density", densityDo[float32], densityDo[float64], func(x Nodes, y, dy *Node) *Node {
	return scale(-1, mul(dy, mul(x[0], y)))
})

func densityDo[T kernel.Float](y, x []T) {
	for i, v := range x {
		y[i] = T(math.Exp(-float64(v)*float64(v)/2) / math.Sqrt(2*math.Pi))
	}
}

// SiLU is y = x σ(x).
var SiLU = elementwise("silu", siluDo[float32], siluDo[float64], fromInput(DSiLU))

func siluDo[T kernel.Float](y, x []T) { kernel.For[T]().SiLU(y, x) }

// DSiLU is dx = dy (σ(x) + x σ′(x)).
var DSiLU = times("dSiLU", dSiLUDo[float32], dSiLUDo[float64], defined(2, func(x Nodes) *Node {
	s := Sigmoid.Apply(x[0])
	return add(mul(s, x[1]), mul(x[0], DSigmoid.Apply(s, x[1])))
}))

func dSiLUDo[T kernel.Float](dx, x, dy []T) { kernel.For[T]().SiLUGrad(dx, x, dy) }

// Softmax is p = e^z / Σ e^z for each row.
var Softmax = &Op{
	Name: "softmax", F32: softmaxDo[float32], F64: softmaxDo[float64], Cut: each1,
	Shape: rowsShape,
	Grad:  []Grad{func(_ Nodes, p, dp *Node) *Node { return DSoftmax.Apply(p, dp) }},
}

func softmaxDo[T kernel.Float](p Array[T], x []Array[T]) {
	if x[0].Shape[1] == 1 {
		Fill(p.Data, 1) // exactly
		return
	}
	kernel.For[T]().Softmax(p.Data, x[0].Data, x[0].Shape[1])
}

// DSoftmax is dz = p (dp − Σ p dp) for each row.
var DSoftmax = &Op{
	Name: "dSoftmax", Shape: pairShape, Cut: each2, F32: dSoftmaxDo[float32], F64: dSoftmaxDo[float64],
	Grad: defined(2, func(x Nodes) *Node {
		d := mul(x[0], x[1])
		return sub(d, mul(x[0], RowSums.Apply(d)))
	}),
}

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

// LogSoftmax is ln p = z − ln Σ e^z for each row.
var LogSoftmax = &Op{
	Name: "logSoftmax", F32: logSoftmaxDo[float32], F64: logSoftmaxDo[float64], Cut: each1, Shape: rowsShape,
	Grad: []Grad{func(x Nodes, _, dy *Node) *Node { return sub(dy, mul(Softmax.Apply(x[0]), RowSums.Apply(dy))) }},
}

func logSoftmaxDo[T kernel.Float](y Array[T], x []Array[T]) {
	s, z := kernel.For[T](), x[0]
	logSum := kernel.Borrow[T](z.Shape[0])
	defer kernel.Return(logSum)
	s.LogSumExp(*logSum, z.Data, z.Shape[1])
	for i, l := range *logSum {
		s.Normalize(y.row(i), z.row(i), l, 1, 0)
	}
}
