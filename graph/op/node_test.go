package op_test

import (
	"fmt"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"github.com/stheno-ml/stheno/graph/op"
)

type (
	node  = op.Node
	nodes = op.Nodes
)

// variables are float64 leaves of one graph.
func variables(shapes ...shape) op.Nodes {
	g := gorgonia.NewGraph()
	var x op.Nodes
	for i, s := range shapes {
		x = append(x, gorgonia.NewTensor(g, gt.Float64, s.Dims(), gorgonia.WithShape(s...), gorgonia.WithName(fmt.Sprint("x", i))))
	}
	return x
}

// TestIdentity: Gorgonia merges nodes with equal hashes. So ops that differ only in a parameter must have different hashes, even if their results
// have the same shape, and equal ops on equal inputs must have equal hashes.
func TestIdentity(t *testing.T) {
	for _, c := range []struct {
		x    []shape
		a, b *op.Op
		same bool
	}{
		{[]shape{{2, 2}}, op.Sigmoid, op.Sigmoid, true},
		{[]shape{{2, 2}}, op.Sigmoid, op.Tanh, false},
		{[]shape{{2, 2}, {2, 2}}, op.Hadamard, op.Hadamard, true},
		{[]shape{{2, 2}, {2, 2}}, op.Hadamard, op.DHadamard, false},
		{[]shape{{4, 3}, {4, 3}}, op.Quadratic, op.CrossEntropy, false},
		{[]shape{{2, 2}, {2, 2}}, op.MulT, op.TMul, false},
		{[]shape{{1, 1, 5, 5}, {1, 1, 5, 5}, {1}}, op.Conv(op.Convolution{}), op.Conv(op.Convolution{}), true},
		{[]shape{{1, 1, 5, 5}, {1, 1, 5, 5}, {1}}, op.Conv(op.Convolution{}), op.Conv(op.Convolution{Stride: 2}), false},
		{[]shape{{1, 1, 7, 7}, {1, 1, 5, 5}, {1}}, op.Conv(op.Convolution{}), op.Conv(op.Convolution{Stride: 2, PadRows: 1, PadCols: 1}), false},
		{[]shape{{1, 1, 1, 1}, {1, 1, 3, 3}}, op.DConvX(op.Convolution{Stride: 2, PadRows: 1, PadCols: 1}, shape{1, 1, 1, 1}), op.DConvX(op.Convolution{Stride: 2, PadRows: 1, PadCols: 1}, shape{1, 1, 1, 2}), false},
		{[]shape{{1, 1, 1, 1}, {1, 1, 1, 1}}, op.DConvX(op.Convolution{}, shape{1, 1, 1, 1}), op.DConvX(op.Convolution{Stride: 2}, shape{1, 1, 1, 1}), false},
		{[]shape{{1, 1, 1, 1}, {1, 1, 1, 1}}, op.DConvK(op.Convolution{}, shape{1, 1, 1, 1}), op.DConvK(op.Convolution{Stride: 2}, shape{1, 1, 1, 1}), false},
		{[]shape{{1, 1, 5, 5}}, op.MaxPool(2), op.MaxPool(2), true},
		{[]shape{{1, 1, 5, 5}}, op.MaxPool(3), op.MaxPool(4), false},
		{[]shape{{1, 1, 5, 5}, {1, 1, 1, 1}}, op.DMaxPool(3), op.DMaxPool(4), false},
		{[]shape{{2, 6}}, op.Reshape(shape{3, 4}), op.Reshape(shape{3, 4}), true},
		{[]shape{{2, 6}}, op.Reshape(shape{3, 4}), op.Reshape(shape{4, 3}), false},
		{[]shape{{2, 6}}, op.Part(1, 3), op.Part(2, 4), false},
	} {
		x := variables(c.x...)
		if got := c.a.Apply(x...) == c.b.Apply(x...); got != c.same {
			t.Errorf("%s and %s on %v are one node: %v", c.a.Name, c.b.Name, c.x, got)
		}
	}
	x := variables(shape{2, 2}, shape{2, 2})
	if op.Hadamard.Apply(x[0], x[1]) == op.Hadamard.Apply(x[1], x[0]) {
		t.Error("an op's inputs in another order are the same node")
	}
}

// TestViews runs an op on tensors that are not in row-major order.
func TestViews(t *testing.T) {
	whole := func() *gt.Dense { // 0 1 2 3; 4 5 6 7; 8 9 10 11
		return gt.New(gt.WithShape(3, 4), gt.WithBacking(gt.Range(gt.Float64, 0, 12)))
	}
	transposed := whole()
	if err := transposed.T(); err != nil {
		t.Fatal(err)
	}
	columns, err := whole().Slice(nil, gt.S(1, 3))
	if err != nil {
		t.Fatal(err)
	}
	row, err := whole().Slice(gt.S(1, 3))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		x    gorgonia.Value
		want []float64
	}{
		{transposed, []float64{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}},
		{columns, []float64{1, 2, 5, 6, 9, 10}},
		{row, []float64{4, 5, 6, 7, 8, 9, 10, 11}},
	} {
		y, err := op.ReLU.Apply(variables(c.x.Shape())...).Op().Do(c.x)
		if err != nil {
			t.Error(err)
		} else if got := y.Data().([]float64); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("relu of a view %v is %v, want %v", c.x.Shape(), got, c.want)
		}
	}
}

func TestNoKernel(t *testing.T) {
	x := gt.New(gt.WithShape(2), gt.WithBacking([]int{1, 2}))
	_, err := op.ReLU.Apply(variables(shape{2})...).Op().Do(x)
	if err == nil || !strings.HasPrefix(err.Error(), "op: relu: no kernel for int") {
		t.Errorf("error %v", err)
	}
}

// TestKinks: the gradients at kinks, where there is a choice.
func TestKinks(t *testing.T) {
	for _, c := range []struct {
		op   *op.Op
		x    []tensor
		want []float64
	}{
		{op.DReLU, []tensor{vector(0, 1, 0), vector(5, 6, 7)}, []float64{0, 6, 0}},
		{op.DMaxPool(2), []tensor{{shape{1, 1, 2, 4}, []float64{1, 3, 2, 2, 3, 3, 2, 2}}, {shape{1, 1, 1, 2}, []float64{5, 7}}},
			[]float64{0, 5, 7, 0, 0, 0, 0, 0}},
	} {
		shapes := []shape{c.x[0].Shape, c.x[1].Shape}
		out, err := c.op.Shape(shapes)
		if err != nil {
			t.Fatal(err)
		}
		y := tensor{Shape: out, Data: make([]float64, out.TotalSize())}
		if c.op.F64(y, c.x); fmt.Sprint(y.Data) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v, want %v", c.op.Name, y.Data, c.want)
		}
	}
}

func vector(x ...float64) tensor { return tensor{Shape: shape{len(x)}, Data: x} }
