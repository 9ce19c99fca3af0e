package op_test

import (
	"math"

	"github.com/stheno-ml/stheno/graph/graphtest"
	"github.com/stheno-ml/stheno/graph/op"
)

// normed returns inputs for batch norm's ops: x has x's shape, m is moments (2,c) whose variances are not negative, s is (2,c), and c is (c).
func normed(arguments string) (cases [][]tensor) {
	for _, x := range []shape{{1, 3}, {1, 2, 3, 3}, {5, 1}, {4, 3}, {3, 2, 3, 2}, {2, 3, 5, 7}, {7, 33}, {6, 2, 1, 1}} {
		c := x[1]
		var in []tensor
		for i, a := range arguments {
			t := graphtest.Random(map[rune]shape{'x': x, 'm': {2, c}, 's': {2, c}, 'c': {c}}[a], uint64(i))
			if a == 'm' {
				for k := range c {
					t.Data[c+k] = math.Abs(t.Data[c+k])
				}
			}
			in = append(in, t)
		}
		cases = append(cases, in)
	}
	return cases
}

// matrices returns shapes of matrices (m,n) and vectors (n): a 3 stands for a matrix, and a 1 for a vector.
func matrices(arguments ...int) (cases [][]shape) {
	for _, x := range []shape{{1, 3}, {4, 5}, {3, 70}, {9, 17}} {
		var in []shape
		for _, a := range arguments {
			in = append(in, x[(3-a)/2:])
		}
		cases = append(cases, in)
	}
	return cases
}

// ofGivenMoments is batch norm without its gradients, which are right only for the moments of x.
func ofGivenMoments(o *op.Op) *op.Op {
	held := *o
	held.Grad = nil
	return &held
}

// ofOwnMoments is batch norm as a function of x, γ and β, as a network trains it.
func ofOwnMoments(o *op.Op) *op.Op {
	inputs := func(x nodes) nodes { return nodes{x[0], op.MomentsOf(x[0]), x[1], x[2]} }
	rule := func(i int) op.Grad {
		return func(x nodes, y, dy *node) *node { return o.Grad[i](inputs(x), y, dy) }
	}
	return &op.Op{
		Name: o.Name, Grad: []op.Grad{rule(0), rule(2), rule(3)},
		F32: withMoments(o.F32, op.MapMoments.F32, func(area int) func(y array32, x []array32) { return op.JoinMoments(area).F32 }),
		F64: withMoments(o.F64, op.MapMoments.F64, func(area int) func(y tensor, x []tensor) { return op.JoinMoments(area).F64 }),
		Shape: func(x []shape) (shape, error) {
			if _, err := op.MapMoments.Shape(x[:1]); err != nil {
				return nil, err
			}
			return o.Shape([]shape{x[0], {2, x[0][1]}, x[1], x[2]})
		},
	}
}

type array32 = op.Array[float32]

func withMoments[T float32 | float64](apply, each func(op.Array[T], []op.Array[T]), join func(area int) func(op.Array[T], []op.Array[T])) func(op.Array[T], []op.Array[T]) {
	return func(y op.Array[T], x []op.Array[T]) {
		m, c := x[0].Shape[0], x[0].Shape[1]
		all, joined := op.Array[T]{Shape: shape{m, 2, c}, Data: make([]T, m*2*c)}, op.Array[T]{Shape: shape{2, c}, Data: make([]T, 2*c)}
		each(all, x[:1])
		join(len(x[0].Data)/(m*c))(joined, []op.Array[T]{all})
		apply(y, []op.Array[T]{x[0], joined, x[1], x[2]})
	}
}
