package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// costOp is an op of (m,k) outputs and labels to a scalar, with the gradient dcost (outputs, labels, dC) for the outputs; that for the
// labels is dC/m times the difference in cost that a label makes.
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

// pairShape is the shape rule of outputs beside labels.
func pairShape(x []Shape) (Shape, error) {
	if len(x[0]) != 2 || !slices.Equal(x[0], x[1]) {
		return nil, fmt.Errorf("outputs %v for labels %v; give the last layer as many outputs as there are classes", x[0], x[1])
	}
	return x[0].Clone(), nil
}

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

var NLL = costOp("nll", nllDo[float32], nllDo[float64], DNLL,
	func(x Nodes) *Node { return scale(-1, LogSoftmax.Apply(x[0])) })

// −Σ y ln softmax(z) = Σ y (ln Σ e^z − z), each row's exponentials taken relative to its own maximum.
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
		if math.Abs(sum-1) > 1e-6 { // not of rounding, as in smoothed labels
			kernel.For[T]().Normalise(dz.row(i), dz.row(i), 0, T(sum), 0)
		}
	}
	dQuadraticDo(dz, []Array[T]{dz, x[1], x[2]})
}
