package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// costOp is an op from outputs and labels (m,k) to a scalar, with the gradient dcost (outputs, labels, dC) for the outputs. The gradient for the
// labels is label times dC/m.
func costOp(name string, f32 func(Array[float32], []Array[float32]), f64 func(Array[float64], []Array[float64]), dcost *Op, label func(x Nodes) *Node) *Op {
	return &Op{
		Name: name, F32: f32, F64: f64,
		Shape: func(x []Shape) (Shape, error) {
			if _, err := pairShape(x); err != nil {
				return nil, err
			}
			return Shape{}, nil
		},
		Grad: []Grad{
			func(x Nodes, _, dy *Node) *Node { return dcost.Apply(x[0], x[1], dy) },
			func(x Nodes, _, dy *Node) *Node { return perExample(label(x), dy) },
		},
	}
}

// dCostOp is a cost's gradient dC/m d(outputs, labels).
func dCostOp(name string, f32 func(Array[float32], []Array[float32]), f64 func(Array[float64], []Array[float64]), d func(x Nodes) *Node) *Op {
	return &Op{
		Name: name, F32: f32, F64: f64, Shape: pairShape,
		Grad: defined(3, func(x Nodes) *Node { return perExample(d(x), x[2]) }),
	}
}

// perExample is x dC/m.
func perExample(x, dC *Node) *Node { return ScaledBy.Apply(scale(1/float64(x.Shape()[0]), x), dC) }

// pairShape is the shape rule of ops on outputs and labels.
func pairShape(x []Shape) (Shape, error) {
	if len(x[0]) != 2 || !slices.Equal(x[0], x[1]) {
		return nil, fmt.Errorf("outputs %v for labels %v; give the last layer as many outputs as there are classes", x[0], x[1])
	}
	return x[0].Clone(), nil
}

// Quadratic is C = ½ Σ (a−y)² / m, for outputs a and labels y (m,k).
var Quadratic = costOp("quadratic", quadraticDo[float32], quadraticDo[float64], DQuadratic,
	func(x Nodes) *Node { return sub(x[1], x[0]) })

func quadraticDo[T kernel.Float](c Array[T], x []Array[T]) {
	s := 0.0
	for i, a := range x[0].Data {
		d := float64(a - x[1].Data[i])
		s += d * d
	}
	c.Data[0] = T(s / 2 / float64(x[0].Shape[0]))
}

// DQuadratic is dC (a−y)/m.
var DQuadratic = dCostOp("dQuadratic", dQuadraticDo[float32], dQuadraticDo[float64],
	func(x Nodes) *Node { return sub(x[0], x[1]) })

func dQuadraticDo[T kernel.Float](da Array[T], x []Array[T]) {
	scale := x[2].Data[0] / T(x[0].Shape[0])
	for i, a := range x[0].Data {
		da.Data[i] = scale * (a - x[1].Data[i])
	}
}

// CrossEntropy is C = −Σ (y ln σ(z) + (1−y) ln(1−σ(z))) / m, for weighted inputs z and labels y (m,k).
var CrossEntropy = costOp("crossEntropy", crossEntropyDo[float32], crossEntropyDo[float64], DCrossEntropy,
	func(x Nodes) *Node { return scale(-1, x[0]) })

// −y ln σ(z) − (1−y) ln(1−σ(z)) = max(z,0) − y z + ln(1 + e^−|z|)
func crossEntropyDo[T kernel.Float](c Array[T], x []Array[T]) {
	s := 0.0
	for i, z := range x[0].Data {
		z, y := float64(z), float64(x[1].Data[i])
		s += max(z, 0) - y*z + math.Log1p(math.Exp(-math.Abs(z)))
	}
	c.Data[0] = T(s / float64(x[0].Shape[0]))
}

// DCrossEntropy is dC (σ(z)−y)/m (eq. 68: no σ′).
var DCrossEntropy = dCostOp("dCrossEntropy", dCrossEntropyDo[float32], dCrossEntropyDo[float64],
	func(x Nodes) *Node { return sub(Sigmoid.Apply(x[0]), x[1]) })

func dCrossEntropyDo[T kernel.Float](dz Array[T], x []Array[T]) {
	kernel.For[T]().Sigmoid(dz.Data, x[0].Data)
	dQuadraticDo(dz, []Array[T]{dz, x[1], x[2]})
}

// NLL is C = −Σ y ln softmax(z) / m, with the softmax over each row, for weighted inputs z and labels y (m,k).
var NLL = costOp("nll", nllDo[float32], nllDo[float64], DNLL,
	func(x Nodes) *Node { return scale(-1, LogSoftmax.Apply(x[0])) })

// −Σ y ln softmax(z) = Σ y (ln Σ e^z − z). Each row's exponentials are relative to its maximum.
func nllDo[T kernel.Float](c Array[T], x []Array[T]) {
	m, k := x[0].Shape[0], x[0].Shape[1]
	logSum := kernel.Borrow[T](m)
	defer kernel.Return(logSum)
	kernel.For[T]().LogSumExp(*logSum, x[0].Data, k)
	s := 0.0
	for i, y := range x[1].Data {
		if y != 0 {
			s += float64(y) * float64((*logSum)[i/k]-x[0].Data[i])
		}
	}
	c.Data[0] = T(s / float64(m))
}

// DNLL is dC (softmax(z) Σy − y)/m (eq. 84, where the labels of an example sum to 1).
var DNLL = dCostOp("dNLL", dNLLDo[float32], dNLLDo[float64],
	func(x Nodes) *Node { return sub(mul(Softmax.Apply(x[0]), RowSums.Apply(x[1])), x[1]) })

func dNLLDo[T kernel.Float](dz Array[T], x []Array[T]) {
	kernel.For[T]().Softmax(dz.Data, x[0].Data, x[0].Shape[1])
	for i := range dz.Shape[0] {
		sum := 0.0
		for _, y := range x[1].row(i) {
			sum += float64(y)
		}
		if math.Abs(sum-1) > 1e-6 { // more than rounding, as with smoothed labels
			kernel.For[T]().Normalize(dz.row(i), dz.row(i), 0, T(sum), 0)
		}
	}
	dQuadraticDo(dz, []Array[T]{dz, x[1], x[2]})
}

// Absolute is C = Σ |a−y| / m.
var Absolute = costOp("absolute", absoluteDo[float32], absoluteDo[float64], DAbsolute,
	func(x Nodes) *Node { return Sign.Apply(sub(x[1], x[0])) })

func absoluteDo[T kernel.Float](c Array[T], x []Array[T]) { sumOf(c, x, math.Abs) }

// DAbsolute is dC sgn(a−y)/m, with sgn 0 = 0.
var DAbsolute = dCostOp("dAbsolute", dAbsoluteDo[float32], dAbsoluteDo[float64],
	func(x Nodes) *Node { return Sign.Apply(sub(x[0], x[1])) })

func dAbsoluteDo[T kernel.Float](da Array[T], x []Array[T]) {
	slopeOf(da, x, sign)
}

// Huber is C = Σ f(a−y) / m, where f(d) = ½d² if |d| ≤ δ, else δ(|d|−½δ) (Huber 1964).
func Huber(delta float64) *Op {
	return costOp(fmt.Sprintf("huber/%v", delta), huberDo[float32](delta), huberDo[float64](delta), DHuber(delta),
		func(x Nodes) *Node { return Clamp(delta).Apply(sub(x[1], x[0])) })
}

func huberDo[T kernel.Float](delta float64) func(Array[T], []Array[T]) {
	return func(c Array[T], x []Array[T]) {
		sumOf(c, x, func(d float64) float64 {
			if d = math.Abs(d); d > delta {
				return delta * (d - delta/2)
			}
			return d * d / 2
		})
	}
}

// DHuber is dC max(−δ, min(δ, a−y))/m.
func DHuber(delta float64) *Op {
	return dCostOp(fmt.Sprintf("dHuber/%v", delta), dHuberDo[float32](delta), dHuberDo[float64](delta),
		func(x Nodes) *Node { return Clamp(delta).Apply(sub(x[0], x[1])) })
}

// Clamp is max(−limit, min(limit, x)).
func Clamp(limit float64) *Op {
	f := func(x float64) float64 { return max(-limit, min(limit, x)) }
	return elementwise(fmt.Sprintf("clamp/%v", limit), mapped[float32](f), mapped[float64](f), fromInput(DClamp(limit)))
}

// DClamp is dx = dy where |x| < limit, else 0.
func DClamp(limit float64) *Op {
	return times(fmt.Sprintf("dClamp/%v", limit), dClampDo[float32](limit), dClampDo[float64](limit), []Grad{nil, same})
}

func dClampDo[T kernel.Float](limit float64) func(dx, x, dy []T) {
	return func(dx, x, dy []T) {
		for i, v := range x {
			dx[i] = 0
			if math.Abs(float64(v)) < limit {
				dx[i] = dy[i]
			}
		}
	}
}

func dHuberDo[T kernel.Float](delta float64) func(Array[T], []Array[T]) {
	return func(da Array[T], x []Array[T]) {
		slopeOf(da, x, func(d float64) float64 { return max(-delta, min(delta, d)) })
	}
}

// sumOf is Σ f(a−y) / m.
func sumOf[T kernel.Float](c Array[T], x []Array[T], f func(d float64) float64) {
	s := 0.0
	for i, a := range x[0].Data {
		s += f(float64(a) - float64(x[1].Data[i]))
	}
	c.Data[0] = T(s / float64(x[0].Shape[0]))
}

// slopeOf is dC f(a−y)/m.
func slopeOf[T kernel.Float](da Array[T], x []Array[T], f func(d float64) float64) {
	scale := float64(x[2].Data[0]) / float64(x[0].Shape[0])
	for i, a := range x[0].Data {
		da.Data[i] = T(scale * f(float64(a)-float64(x[1].Data[i])))
	}
}

// Weigh is y[i,j] = w[j] x[i,j] for x (m,n) and constants w.
func Weigh(w []float64) *Op {
	return &Op{
		Name: fmt.Sprintf("weigh/%v", w), F32: weighDo[float32](w), F64: weighDo[float64](w), Cut: each1,
		Shape: func(x []Shape) (Shape, error) {
			if len(x[0]) != 2 || x[0][1] != len(w) {
				return nil, fmt.Errorf("%v under %d weights; it takes (m,%d)", x[0], len(w), len(w))
			}
			return x[0].Clone(), nil
		},
		Grad: []Grad{func(_ Nodes, _, dy *Node) *Node { return Weigh(w).Apply(dy) }},
	}
}

func weighDo[T kernel.Float](w []float64) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		for i, v := range x[0].Data {
			y.Data[i] = T(w[i%len(w)]) * v
		}
	}
}
