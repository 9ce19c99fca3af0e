package op_test

import (
	"math"
	"testing"

	"github.com/stheno-ml/stheno/graph/op"
)

// TestValues compares the results of layers' ops with numbers worked out by hand or from tables.
func TestValues(t *testing.T) {
	e := math.Exp(1)
	for _, c := range []struct {
		op   *op.Op
		x    []tensor
		want tensor
	}{
		{op.LeakyReLU(.25), []tensor{vector(-2, 0, 3)}, vector(-.5, 0, 3)},
		{op.DLeakyReLU(.25), []tensor{vector(-.5, 0, 3), vector(8, 4, 2)}, vector(2, 1, 2)},
		{op.ELU(2), []tensor{vector(-1, 0, 3)}, vector(2/e-2, 0, 3)},
		{op.DELU(1, 2), []tensor{vector(2/e-2, 3), vector(e, 4)}, vector(2, 4)},
		{op.SELU, []tensor{vector(-1, 0, 1, -40)}, vector(-1.1113307378125628, 0, 1.0507009873554805, -1.7580993408473766)},
		{op.Softplus, []tensor{vector(-1, 0, 1)}, vector(math.Log(1+1/e), math.Ln2, math.Log(1+e))},
		{op.PReLU, []tensor{matrix(2, 2, -2, 3, 1, -4), vector(.5, -2)}, matrix(2, 2, -1, 3, 1, 8)},
		{op.PReLU, []tensor{matrix(2, 2, -2, 3, 1, -4), vector(.5)}, matrix(2, 2, -1, 3, 1, -2)},
		{op.DSlopes(shape{2}), []tensor{matrix(3, 2, -2, 3, 1, -4, -1, 0), matrix(3, 2, 1, 2, 3, 4, 5, 6)}, vector(-7, -16)},
		{op.DSlopes(shape{1}), []tensor{matrix(3, 2, -2, 3, 1, -4, -1, 0), matrix(3, 2, 1, 2, 3, 4, 5, 6)}, vector(-23)},
		{op.GELU, []tensor{vector(-1, 0, 1, 2, -10)}, vector(-.158655253931457, 0, .841344746068543, 1.954499736103642, -7.61985302416e-23)},
		{op.DGELU, []tensor{vector(0, 1, -1), vector(2, 1, 1)}, vector(1, 1.083315470587686, -.083315470587686)},
		{op.SiLU, []tensor{vector(-1, 0, 1)}, vector(-1/(1+e), 0, e/(1+e))},
		{op.DSiLU, []tensor{vector(0, 1), vector(2, 1)}, vector(1, e/(1+e)+e/(1+e)/(1+e))},
		{op.Softmax, []tensor{matrix(2, 2, 0, 1, 5, 5)}, matrix(2, 2, 1/(1+e), e/(1+e), .5, .5)},
		{op.DSoftmax, []tensor{matrix(1, 2, .25, .75), matrix(1, 2, 8, 4)}, matrix(1, 2, .75, -.75)},
		{op.DNLL, []tensor{matrix(2, 2, 0, 0, 0, 0), matrix(2, 2, .25, .5, 0, 1), {Shape: shape{}, Data: []float64{2}}}, matrix(2, 2, .125, -.125, .5, -.5)},
		{op.MaxPick(2), []tensor{image(2, 4, 1, 3, 2, 2, 3, 3, 2, 2), image(2, 4, 1, 2, 3, 4, 5, 6, 7, 8)}, image(1, 2, 2, 3)},
		{op.MaxWindows(stem, 2, 3), []tensor{image(3, 5, -1, -2, 8, 4, 5, -6, -7, 3, 2, 9, -4, -5, -6, 1, 7)}, image(2, 3, -1, 8, 9, -4, 3, 9)},
		{op.DMaxWindows(stem), []tensor{image(3, 3, 1, 2, 1, 2, 0, 1, 1, 0, 2), image(2, 2, 1, 2, 4, 8)}, image(3, 3, 0, 3, 0, 4, 0, 0, 0, 0, 8)},
		{op.PickWindows(stem, 2, 2), []tensor{image(3, 3, 1, 2, 1, 2, 0, 1, 1, 0, 2), image(3, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9)}, image(2, 2, 2, 2, 4, 9)},
		{op.AvgWindows(stem, 2, 2), []tensor{image(3, 3, 9, 18, 27, 36, 45, 54, 63, 72, 81)}, image(2, 2, 12, 16, 24, 28)},
		{op.DAvgWindows(stem, shape{1, 1, 3, 3}), []tensor{image(2, 2, 9, 18, 36, 72)}, image(3, 3, 1, 3, 2, 5, 15, 10, 4, 12, 8)},
		{op.AvgPool(2), []tensor{image(2, 5, 1, 2, 3, 4, 99, 5, 6, 7, 8, 99)}, image(1, 2, 3.5, 5.5)},
		{op.DAvgPool(2, shape{1, 1, 2, 5}), []tensor{image(1, 2, 4, 8)}, image(2, 5, 1, 1, 2, 2, 0, 1, 1, 2, 2, 0)},
		{op.ScaleMaps, []tensor{{Shape: shape{1, 2, 1, 2}, Data: []float64{1, 3, 5, 9}}, matrix(1, 2, 0, 2)}, tensor{Shape: shape{1, 2, 1, 2}, Data: []float64{0, 0, 10, 18}}},
		{op.MapMeans, []tensor{{Shape: shape{1, 2, 1, 2}, Data: []float64{1, 3, 5, 9}}}, matrix(1, 2, 2, 7)},
		{op.DMapMeans(shape{1, 2, 1, 2}), []tensor{matrix(1, 2, 2, 6)}, tensor{Shape: shape{1, 2, 1, 2}, Data: []float64{1, 1, 3, 3}}},
		{op.Concat(2), []tensor{matrix(2, 1, 1, 2), matrix(2, 2, 3, 4, 5, 6)}, matrix(2, 3, 1, 3, 4, 2, 5, 6)},
		{op.Part(1, 3), []tensor{matrix(2, 3, 1, 2, 3, 4, 5, 6)}, matrix(2, 2, 2, 3, 5, 6)},
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
