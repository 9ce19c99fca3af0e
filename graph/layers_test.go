package graph_test

import (
	"math"
	"testing"

	"github.com/stheno-ml/stheno/graph"
)

// TestValues: what the ops of the layers give, worked out by hand or from tables.
func TestValues(t *testing.T) {
	e := math.Exp(1)
	for _, c := range []struct {
		op   *graph.Op
		x    []tensor
		want tensor
	}{
		{graph.LeakyReLUOp(.25), []tensor{vector(-2, 0, 3)}, vector(-.5, 0, 3)},
		{graph.DLeakyReLU(.25), []tensor{vector(-.5, 0, 3), vector(8, 4, 2)}, vector(2, 1, 2)},
		{graph.GELUOp, []tensor{vector(-1, 0, 1, 2, -10)}, vector(-.158655253931457, 0, .841344746068543, 1.954499736103642, -7.61985302416e-23)},
		{graph.DGELU, []tensor{vector(0, 1, -1), vector(2, 1, 1)}, vector(1, 1.083315470587686, -.083315470587686)},
		{graph.SiLUOp, []tensor{vector(-1, 0, 1)}, vector(-1/(1+e), 0, e/(1+e))},
		{graph.DSiLU, []tensor{vector(0, 1), vector(2, 1)}, vector(1, e/(1+e)+e/(1+e)/(1+e))},
		{graph.SoftmaxOp, []tensor{matrix(2, 2, 0, 1, 5, 5)}, matrix(2, 2, 1/(1+e), e/(1+e), .5, .5)},
		{graph.DSoftmax, []tensor{matrix(1, 2, .25, .75), matrix(1, 2, 8, 4)}, matrix(1, 2, .75, -.75)},
		{graph.AvgPoolOp(2), []tensor{image(2, 5, 1, 2, 3, 4, 99, 5, 6, 7, 8, 99)}, image(1, 2, 3.5, 5.5)},
		{graph.DAvgPool(2, shape{1, 1, 2, 5}), []tensor{image(1, 2, 4, 8)}, image(2, 5, 1, 1, 2, 2, 0, 1, 1, 2, 2, 0)},
		{graph.MapMeans, []tensor{{Shape: shape{1, 2, 1, 2}, Data: []float64{1, 3, 5, 9}}}, matrix(1, 2, 2, 7)},
		{graph.DMapMeans(shape{1, 2, 1, 2}), []tensor{matrix(1, 2, 2, 6)}, tensor{Shape: shape{1, 2, 1, 2}, Data: []float64{1, 1, 3, 3}}},
		{graph.ConcatOp(2), []tensor{matrix(2, 1, 1, 2), matrix(2, 2, 3, 4, 5, 6)}, matrix(2, 3, 1, 3, 4, 2, 5, 6)},
		{graph.Part(1, 3), []tensor{matrix(2, 3, 1, 2, 3, 4, 5, 6)}, matrix(2, 2, 2, 3, 5, 6)},
	} {
		shapes := make([]shape, len(c.x))
		for i, x := range c.x {
			shapes[i] = x.Shape
		}
		s, err := c.op.Shape(shapes)
		if err != nil || !s.Eq(c.want.Shape) {
			t.Errorf("%s: shape %v (%v), want %v", c.op.Name, s, err, c.want.Shape)
			continue
		}
		y := tensor{Shape: s, Data: make([]float64, s.TotalSize())}
		c.op.F64(y, c.x)
		for i, want := range c.want.Data {
			if !(math.Abs(y.Data[i]-want) <= 1e-11*math.Abs(want)) {
				t.Errorf("%s: element %d is %v, want %v", c.op.Name, i, y.Data[i], want)
			}
		}
	}
}

func matrix(rows, cols int, x ...float64) tensor { return tensor{Shape: shape{rows, cols}, Data: x} }

func image(rows, cols int, x ...float64) tensor {
	return tensor{Shape: shape{1, 1, rows, cols}, Data: x}
}

// layered are networks that have every layer without a chapter in the book.
var layered = map[string]graph.Layer{
	"activations": graph.Seq{
		graph.Dense{Out: 9}, graph.GELU, graph.Dense{Out: 8}, graph.SiLU, graph.Dense{Out: 7}, graph.LeakyReLU{}, graph.Dense{Out: 6},
		graph.LeakyReLU{Slope: .3}, graph.Dense{Out: 5}, graph.Softmax, graph.Dense{Out: 10},
	},
	"images": graph.Seq{
		graph.Conv{Out: 3, Kernel: 5}, graph.GELU, graph.AvgPool{Size: 2}, graph.Conv{Out: 4, Kernel: 3}, graph.SiLU, graph.AvgPool{Size: 3},
		graph.Conv{Out: 6, Kernel: 1}, graph.LeakyReLU{Slope: .1}, graph.GlobalAvgPool{}, graph.Dense{Out: 10},
	},
	"shapes": graph.Seq{
		graph.Reshape{Shape: shape{4, 14, 14}}, graph.AvgPool{Size: 5}, graph.Reshape{Shape: shape{2, 8}}, graph.Tanh, graph.Flatten{},
		graph.Dense{Out: 12}, graph.Reshape{Shape: shape{3, 2, 2}}, graph.Concat{{graph.AvgPool{Size: 1}}, {}, {graph.SiLU}},
		graph.Dense{Out: 10},
	},
}

// TestLayers: on networks of these layers both VMs agree and the gradients are right.
func TestLayers(t *testing.T) {
	for name, l := range layered {
		t.Run(name, func(t *testing.T) {
			var nets [2]*graph.Net
			for i := range nets {
				nets[i] = fresh(t, l, graph.LogLikelihood, shape{1, 28, 28}, graph.Config{Seed: 1, Float64: true, Tape: i == 1})
			}
			agree(t, nets, 1)
			agree(t, nets, 11)
			x, labels := digits(4)
			results, err := graph.GradCheck(nets[0], x, labels, 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range results {
				if !r.OK() {
					t.Errorf("%+v", r)
				}
			}
		})
	}
}
