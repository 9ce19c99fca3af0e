package graphtest_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph/graphtest"
	"github.com/stheno-ml/stheno/graph/op"
)

type (
	shape = op.Shape
	nodes = op.Nodes
	node  = op.Node
	f32   = op.Array[float32]
	f64   = op.Array[float64]
)

// square is y = x², without a mistake.
func square() *op.Op {
	return &op.Op{
		Name:  "square",
		Shape: func(x []shape) (shape, error) { return x[0].Clone(), nil },
		F32:   func(y f32, x []f32) { squareDo(y, x) },
		F64:   func(y f64, x []f64) { squareDo(y, x) },
		Grad:  []op.Grad{func(x nodes, _, dy *node) *node { return twice(2).Apply(x[0], dy) }},
		Cut:   op.Cut{Each: []bool{true}},
	}
}

func squareDo[T float32 | float64](y op.Array[T], x []op.Array[T]) {
	for i, v := range x[0].Data {
		y.Data[i] = v * v
	}
}

// twice is y = factor a ⊙ b, right for square's gradient where factor is 2.
func twice(factor float64) *op.Op {
	return &op.Op{
		Name:  fmt.Sprintf("twice/%v", factor),
		Shape: func(x []shape) (shape, error) { return x[0].Clone(), nil },
		F64: func(y f64, x []f64) {
			for i, v := range x[0].Data {
				y.Data[i] = factor * v * x[1].Data[i]
			}
		},
	}
}

func TestOp(t *testing.T) {
	for _, s := range []shape{{1}, {7}, {3, 5}, {2, 3, 4, 5}} {
		o := square()
		o.Made = func(x nodes) *node { return op.Hadamard.Apply(x[0], x[0]) }
		if err := graphtest.Op(o, graphtest.Random(s, 1)); err != nil {
			t.Error(err)
		}
	}
}

// TestPlanted: each mistake in an op is found and reported.
func TestPlanted(t *testing.T) {
	calls := 0
	for _, c := range []struct {
		plant func(*op.Op)
		want  string
	}{
		{func(o *op.Op) {
			o.Shape = func([]shape) (shape, error) { return nil, fmt.Errorf("no") }
		}, "graphtest: square: no"},
		{func(o *op.Op) {
			o.F64 = func(y f64, x []f64) {
				squareDo(f64{Shape: y.Shape, Data: y.Data[1:]}, []f64{{Shape: y.Shape, Data: x[0].Data[1:]}})
			}
		}, "float64 kernel: element 0 of the output is not written"},
		{func(o *op.Op) {
			o.F32 = func(y f32, x []f32) {
				squareDo(y, x)
				y.Data[14] = 0 * y.Data[14] / max(0, x[0].Data[14]-100)
			}
		}, "float32 kernel: element 14 of the output is not written, or NaN"},
		{func(o *op.Op) {
			o.F64 = func(y f64, x []f64) {
				last := y.Data[3]
				squareDo(y, x)
				if last > 1 {
					y.Data[3] += 1e-9
				}
			}
		}, "element 3 is"},
		{func(o *op.Op) {
			o.F64 = func(y f64, x []f64) {
				squareDo(y, x)
				calls++
				y.Data[2] += float64(calls)
			}
		}, "a kernel must read nothing but its inputs and keep nothing"},
		{func(o *op.Op) {
			o.F32 = func(y f32, x []f32) {
				squareDo(y, x)
				x[0].Data[1] = y.Data[1]
			}
		}, "float32 kernel: element 1 of input 0 was"},
		{func(o *op.Op) {
			o.F32 = func(y f32, x []f32) {
				squareDo(y, x)
				y.Data[5] += 1e-3
			}
		}, "element 5 is"},
		{func(o *op.Op) {
			o.F64 = func(y f64, x []f64) { y.Data[len(y.Data)] = 1 }
		}, "float64 kernel: panic: runtime error: index out of range"},
		{func(o *op.Op) {
			o.Shape = func(x []shape) (shape, error) { return shape{x[0][0], x[0][1]}, nil }
		}, "input 0 of shape (): panic: runtime error"},
		{func(o *op.Op) {
			o.F64 = func(y f64, x []f64) {
				squareDo(y, x)
				_ = x[0].Data[14] // smaller inputs do not have it
			}
		}, "input 0 of shape (): panic: runtime error: index out of range [14]"},
		{func(o *op.Op) {
			o.Grad[0] = func(x nodes, _, dy *node) *node { return twice(1).Apply(x[0], dy) }
		}, "gradient with respect to input 0: element 0: the rule says"},
		{func(o *op.Op) {
			o.Grad[0] = func(x nodes, _, dy *node) *node { return twice(2.00001).Apply(x[0], dy) }
		}, "gradient with respect to input 0: element 0: the rule says"},
		{func(o *op.Op) {
			o.Grad[0] = func(x nodes, _, _ *node) *node { return twice(1).Apply(x[0], x[0]) }
		}, "gradient with respect to input 0: element 0: the rule says"},
		{func(o *op.Op) {
			o.Grad[0] = func(nodes, *node, *node) *node { panic("no rule") }
		}, "panic: no rule"},
		{func(o *op.Op) {
			o.Made = func(x nodes) *node { return op.Cube.Apply(x[0]) }
		}, "element 0 is"},
		{func(o *op.Op) {
			o.Made = func(x nodes) *node { return op.Sum(1).Apply(op.Square.Apply(x[0])) }
		}, "what it is made of has shape (3), not (3, 5)"},
		{func(o *op.Op) {
			o.Cut = op.Cut{Sum: true}
		}, "in parts of 1 it gives"},
		{func(o *op.Op) {
			o.Cut = op.Cut{Each: []bool{true, true}}
		}, "cut {Each:[true true] Sum:false MinExamples:0} for 1 inputs"},
		{func(o *op.Op) {
			o.F32 = func(y f32, x []f32) { cumulative(y, x) }
			o.F64 = func(y f64, x []f64) { cumulative(y, x) }
			o.Grad = nil
		}, "in parts of 1 it gives"},
	} {
		o := square()
		c.plant(o)
		x := graphtest.Random(shape{3, 5}, 1)
		if err := graphtest.Op(o, x); err == nil || !strings.HasPrefix(err.Error(), "graphtest: square") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want …%s…", err, c.want)
		}
	}
}

// cumulative is y[i] = x[0] + … + x[i], which does not work example by example.
func cumulative[T float32 | float64](y op.Array[T], x []op.Array[T]) {
	var s T
	for i, v := range x[0].Data {
		s += v
		y.Data[i] = s
	}
}

// TestTensors: the helpers do what they promise.
func TestTensors(t *testing.T) {
	s := shape{7, 9}
	a, b, c := graphtest.Random(s, 1), graphtest.Random(s, 1), graphtest.Random(s, 2)
	if !slices.Equal(a.Data, b.Data) || slices.Equal(a.Data, c.Data) || len(a.Data) != 63 {
		t.Error("Random is not a function of its seed")
	}
	spread := slices.Sorted(slices.Values(graphtest.Spread(s, 1).Data))
	for i, v := range spread {
		if math.Abs(v) < 1./32 || i > 0 && v-spread[i-1] < 1./16 {
			t.Errorf("%v after %v", v, spread[max(0, i-1)])
		}
	}
}
