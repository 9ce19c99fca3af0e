package op

import (
	"fmt"
	"slices"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// Dot is Σ a b.
var Dot = &Op{
	Name: "dot", F32: dotDo[float32], F64: dotDo[float64],
	Shape: func(x []Shape) (Shape, error) {
		_, err := sameShape(x)
		return Shape{}, err
	},
}

func dotDo[T kernel.Float](y Array[T], x []Array[T]) {
	n := len(x[0].Data)
	kernel.For[T]().MulT(y.Data, 1, x[0].Data, n, x[1].Data, n, 1, 1, n, 1, 0)
}

// BatchMul multiplies the matrices that the last two axes hold, pair by pair: a or its transpose times b or its transpose.
func BatchMul(transA, transB bool) *Op {
	return &Op{
		Name: fmt.Sprintf("batchMul/%v/%v", transA, transB), F32: batchMulDo[float32](transA, transB), F64: batchMulDo[float64](transA, transB),
		Shape: func(x []Shape) (Shape, error) {
			d := len(x[0])
			if d < 2 || len(x[1]) != d || !slices.Equal(x[0][:d-2], x[1][:d-2]) {
				return nil, fmt.Errorf("%v times %v; it takes as many matrices of each", x[0], x[1])
			}
			m, k := matrix(x[0], transA)
			k1, n := matrix(x[1], transB)
			if k != k1 {
				return nil, fmt.Errorf("%v times %v", x[0], x[1])
			}
			return append(x[0][:d-2].Clone(), m, n), nil
		},
		Grad: []Grad{
			func(x Nodes, _, dy *Node) *Node {
				if transA {
					return BatchMul(transB, true).Apply(x[1], dy)
				}
				return BatchMul(false, !transB).Apply(dy, x[1])
			},
			func(x Nodes, _, dy *Node) *Node {
				if transB {
					return BatchMul(true, transA).Apply(dy, x[0])
				}
				return BatchMul(!transA, false).Apply(x[0], dy)
			},
		},
	}
}

// matrix returns the rows and columns of the matrices in s, transposed or not.
func matrix(s Shape, trans bool) (rows, cols int) {
	rows, cols = s[len(s)-2], s[len(s)-1]
	if trans {
		return cols, rows
	}
	return rows, cols
}

func batchMulDo[T kernel.Float](transA, transB bool) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		s := kernel.For[T]()
		m, k := matrix(x[0].Shape, transA)
		_, n := matrix(x[1].Shape, transB)
		a, b := x[0].Data, x[1].Data
		if transA && transB { // MulT takes rows of a
			scratch := kernel.Borrow[T](len(a))
			defer kernel.Return(scratch)
			for at := 0; at < len(a); at += m * k {
				transpose((*scratch)[at:at+m*k], a[at:], Shape{m, k}, []int{1, m})
			}
			a = *scratch
		}
		for i := range len(y.Data) / (m * n) {
			yi, ai, bi := y.Data[i*m*n:(i+1)*m*n], a[i*m*k:(i+1)*m*k], b[i*k*n:(i+1)*k*n]
			switch {
			case transB:
				s.MulT(yi, n, ai, k, bi, k, m, n, k, 1, 0)
			case transA:
				s.Mul(yi, n, ai, 1, m, bi, n, m, n, k, 1, 0)
			default:
				s.Mul(yi, n, ai, k, 1, bi, n, m, n, k, 1, 0)
			}
		}
	}
}
