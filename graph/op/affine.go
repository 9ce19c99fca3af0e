package op

import (
	"fmt"
	"slices"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// Affine is y = x W + b for x (m,n), W (n,k), b (k): the weighted input z of a layer for a whole mini-batch, with one example per row.
var Affine = &Op{
	Name: "affine", Shape: affineShape, F32: affineDo[float32], F64: affineDo[float64],
	Terms: func(x []Shape) int { return x[1][0] },
	Grad: []Grad{
		func(x Nodes, _, dy *Node) *Node { return MulT.Apply(dy, x[1]) }, // dx = dy Wᵀ (BP2)
		func(x Nodes, _, dy *Node) *Node { return TMul.Apply(x[0], dy) }, // dW = xᵀ dy (BP4)
		func(_ Nodes, _, dy *Node) *Node { return SumRows.Apply(dy) },    // db = Σ dy  (BP3)
	},
}

// Linear is y = x W.
var Linear = WithoutBias(Affine)

func affineShape(x []Shape) (Shape, error) {
	if len(x[0]) != 2 || len(x[1]) != 2 || x[0][1] != x[1][0] || len(x) == 3 && !x[2].Eq(x[1][1:]) {
		return nil, fmt.Errorf("%v; it takes x(m,n) W(n,k) + b(k), or no b", x)
	}
	return Shape{x[0][0], x[1][1]}, nil
}

func affineDo[T kernel.Float](y Array[T], x []Array[T]) {
	m, n, k := x[0].Shape[0], x[0].Shape[1], x[1].Shape[1]
	beta := T(0)
	if len(x) == 3 {
		for i := range m {
			copy(y.Data[i*k:], x[2].Data)
		}
		beta = 1
	}
	kernel.For[T]().Mul(y.Data, k, x[0].Data, n, 1, x[1].Data, k, m, k, n, 1, beta)
}

// MulT is y = a bᵀ for a (m,k), b (n,k).
var MulT = &Op{
	Name: "mulT", F32: mulTDo[float32], F64: mulTDo[float64],
	Shape: func(x []Shape) (Shape, error) {
		if len(x[0]) != 2 || len(x[1]) != 2 || x[0][1] != x[1][1] {
			return nil, fmt.Errorf("%v %vᵀ; it takes a(m,k) b(n,k)ᵀ", x[0], x[1])
		}
		return Shape{x[0][0], x[1][0]}, nil
	},
}

func mulTDo[T kernel.Float](y Array[T], x []Array[T]) {
	m, k, n := x[0].Shape[0], x[0].Shape[1], x[1].Shape[0]
	kernel.For[T]().MulT(y.Data, n, x[0].Data, k, x[1].Data, k, m, n, k, 1, 0)
}

// TMul is y = aᵀ b for a (k,m), b (k,n).
var TMul = &Op{
	Name: "tMul", F32: tMulDo[float32], F64: tMulDo[float64],
	Shape: func(x []Shape) (Shape, error) {
		if len(x[0]) != 2 || len(x[1]) != 2 || x[0][0] != x[1][0] {
			return nil, fmt.Errorf("%vᵀ %v; it takes a(k,m)ᵀ b(k,n)", x[0], x[1])
		}
		return Shape{x[0][1], x[1][1]}, nil
	},
}

func tMulDo[T kernel.Float](y Array[T], x []Array[T]) {
	k, m, n := x[0].Shape[0], x[0].Shape[1], x[1].Shape[1]
	kernel.For[T]().Mul(y.Data, n, x[0].Data, 1, m, x[1].Data, n, m, n, k, 1, 0)
}

// SumRows is y[j] = Σ_i x[i,j] for x (m,n).
var SumRows = &Op{
	Name: "sumRows", F32: sumRowsDo[float32], F64: sumRowsDo[float64],
	Shape: func(x []Shape) (Shape, error) {
		y, err := rowsShape(x)
		if err == nil {
			y = y[1:]
		}
		return y, err
	},
}

func sumRowsDo[T kernel.Float](y Array[T], x []Array[T]) {
	kernel.For[T]().SumRows(y.Data, x[0].Data, x[0].Shape[1], x[0].Shape[0])
}

// rowsShape is the shape rule of ops on each row of a matrix.
func rowsShape(x []Shape) (Shape, error) {
	if len(x[0]) != 2 {
		return nil, fmt.Errorf("%v; it takes (m,k)", x[0])
	}
	return x[0].Clone(), nil
}

// RowSums is y[i,j] = Σ_k x[i,k] for x (m,n): each row's sum, repeated along the row.
var RowSums = &Op{Name: "rowSums", F32: rowSumsDo[float32], F64: rowSumsDo[float64], Shape: rowsShape, Cut: each1}

func rowSumsDo[T kernel.Float](y Array[T], x []Array[T]) {
	for i := range y.Shape[0] {
		Fill(y.row(i), kernel.For[T]().Sum(x[0].row(i)))
	}
}

// Spread repeats x (c) to the shape to, which is (m,c) or (m,c,h,w): y[i,c,…] = x[c].
func Spread(to Shape) *Op {
	return &Op{
		Name: fmt.Sprintf("spread/%v", to), F32: spreadDo[float32], F64: spreadDo[float64],
		Shape: func(x []Shape) (Shape, error) {
			if len(to) != 2 && len(to) != 4 || !slices.Equal(x[0], to[1:2]) {
				return nil, fmt.Errorf("%v over %v; it takes (c) over (m,c) or (m,c,h,w)", x[0], to)
			}
			return to, nil
		},
		Grad: []Grad{func(_ Nodes, _, dy *Node) *Node {
			if len(to) == 2 {
				return SumRows.Apply(dy)
			}
			return SumMaps.Apply(dy)
		}},
	}
}

func spreadDo[T kernel.Float](y Array[T], x []Array[T]) {
	c, area := maps(y.Shape)
	for i := 0; i < len(y.Data); i += area {
		Fill(y.Data[i:i+area], x[0].Data[i/area%c])
	}
}
