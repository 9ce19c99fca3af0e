package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// Lookup is y[i,t] = W[x[i,t]], rows of W (v,n), for tokens x (m,t), whole numbers from 0 to v−1. Any other number gives NaN.
var Lookup = &Op{
	Name: "lookup", F32: lookupDo[float32], F64: lookupDo[float64], Cut: Cut{Each: []bool{true, false}},
	Shape: func(x []Shape) (Shape, error) {
		if len(x[0]) != 2 || len(x[1]) != 2 {
			return nil, fmt.Errorf("%v of %v; it takes tokens (m,t) and rows (v,n)", x[0], x[1])
		}
		return Shape{x[0][0], x[0][1], x[1][1]}, nil
	},
}

// Token returns the row for the token x in a vocabulary of v, or false if x is not a whole number from 0 to v−1.
func Token[T kernel.Float](x T, v int) (int, bool) {
	if !(0 <= x && x < T(v)) || x != T(math.Trunc(float64(x))) {
		return 0, false
	}
	return int(x), true
}

func lookupDo[T kernel.Float](y Array[T], x []Array[T]) {
	v, n := x[1].Shape[0], x[1].Shape[1]
	for i, token := range x[0].Data {
		yi := y.Data[i*n : i*n+n]
		if k, ok := Token(token, v); ok {
			copy(yi, x[1].row(k))
		} else {
			Fill(yi, T(math.NaN()))
		}
	}
}

// DLookup is dW (v,n), from tokens x (m,t) and dy (m,t,n): each row is the sum of dy at its tokens.
func DLookup(v int) *Op {
	return &Op{
		Name: fmt.Sprintf("dLookup/%d", v), F32: dLookupDo[float32], F64: dLookupDo[float64], Cut: Cut{Sum: true},
		Shape: func(x []Shape) (Shape, error) {
			if len(x[0]) != 2 || len(x[1]) != 3 || !slices.Equal(x[0], x[1][:2]) {
				return nil, fmt.Errorf("%v with %v; it takes tokens (m,t) and dy (m,t,n)", x[0], x[1])
			}
			return Shape{v, x[1][2]}, nil
		},
		Grad: []Grad{nil, func(x Nodes, _, dy *Node) *Node { return Lookup.Apply(x[0], dy) }},
	}
}

func dLookupDo[T kernel.Float](dw Array[T], x []Array[T]) {
	s, n := kernel.For[T](), dw.Shape[1]
	clear(dw.Data)
	for i, token := range x[0].Data {
		if k, ok := Token(token, dw.Shape[0]); ok {
			s.Add(dw.row(k), dw.row(k), x[1].Data[i*n:i*n+n])
		}
	}
}

func init() {
	Lookup.Grad = []Grad{nil, func(x Nodes, _, dy *Node) *Node { return DLookup(x[1].Shape()[0]).Apply(x[0], dy) }}
}
