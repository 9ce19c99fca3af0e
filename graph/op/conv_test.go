package op_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stheno-ml/stheno/graph/graphtest"
	"github.com/stheno-ml/stheno/graph/op"
)

// convolved calls f for each product of a convolution: y[i] gets x[j] times the filters' element k.
func convolved(c op.Convolution, x, w, y shape, f func(i, j, k int)) {
	maps, outs := x[1]/c.Groups, y[1]/c.Groups
	for i := range y.TotalSize() {
		image, o, r, s := i/(y[1]*y[2]*y[3]), i/(y[2]*y[3])%y[1], i/y[3]%y[2], i%y[3]
		for k := range maps * w[2] * w[3] {
			m := o/outs*maps + k/(w[2]*w[3])
			u, v := r*c.Stride+k/w[3]%w[2]*c.Dilation-c.PadRows, s*c.Stride+k%w[3]*c.Dilation-c.PadCols
			if 0 <= u && u < x[2] && 0 <= v && v < x[3] {
				f(i, ((image*x[1]+m)*x[2]+u)*x[3]+v, o*maps*w[2]*w[3]+k)
			}
		}
	}
}

// anyConv returns a convolution with random settings, and the shapes of images and filters.
func anyConv(random *rand.Rand) (c op.Convolution, x, w shape) {
	for {
		c = op.Convolution{Stride: 1 + random.IntN(3), PadRows: random.IntN(4), PadCols: random.IntN(4), Dilation: 1 + random.IntN(3), Groups: 1 + random.IntN(4)}
		x = shape{1 + random.IntN(2), c.Groups * (1 + random.IntN(2)), 1 + random.IntN(12), 1 + random.IntN(36)}
		w = shape{c.Groups * (1 + random.IntN(3)), x[1] / c.Groups, 1 + random.IntN(5), 1 + random.IntN(5)}
		if x[2]+2*c.PadRows > c.Dilation*(w[2]-1) && x[3]+2*c.PadCols > c.Dilation*(w[3]-1) {
			return c, x, w
		}
	}
}

// TestConvRandom: random convolutions and their gradients agree with a plain loop.
func TestConvRandom(t *testing.T) {
	random := rand.New(rand.NewPCG(20, 7))
	transposed := 0
	for n := range 200 {
		c, xs, ws := anyConv(random)
		conv := op.Conv(c)
		bias := shape{ws[0]}
		ys, err := conv.Shape([]shape{xs, ws, bias})
		if err != nil {
			t.Fatal(err)
		}
		x, w, b, dy := graphtest.Random(xs, uint64(n)), graphtest.Random(ws, 1), graphtest.Random(bias, 2), graphtest.Random(ys, 3)
		if n%2 == 1 { // mostly zeros, as behind max-pooling, have kernels of their own
			for i := range dy.Data {
				if i%4 != i/4%4 {
					dy.Data[i] = 0
				}
			}
		}
		y, dx, dw := graphtest.Random(ys, 4), graphtest.Random(xs, 5), graphtest.Random(ws, 6) // will be overwritten
		run(conv, y, x, w, b)
		run(op.DConvX(c, xs), dx, dy, w)
		run(op.DConvK(c, ws), dw, x, dy)
		for i := range y.Data {
			y.Data[i] -= b.Data[i/(ys[2]*ys[3])%ys[1]]
		}
		convolved(c, xs, ws, ys, func(i, j, k int) {
			y.Data[i] -= x.Data[j] * w.Data[k]
			dx.Data[j] -= dy.Data[i] * w.Data[k]
			dw.Data[k] -= x.Data[j] * dy.Data[i]
		})
		spread := graphtest.Random(xs, 7)
		outPad := xs[2] + 2*c.PadRows - (ys[2]-1)*c.Stride - c.Dilation*(ws[2]-1) - 1
		back := op.ConvTranspose(c, outPad)
		if s, err := back.Shape([]shape{ys, ws}); err == nil && s.Eq(xs) { // rows and columns leave equally much over
			run(back, spread, dy, w)
			convolved(c, xs, ws, ys, func(i, j, k int) { spread.Data[j] -= dy.Data[i] * w.Data[k] })
			transposed++
		} else {
			clear(spread.Data)
		}
		for name, left := range map[string]tensor{"y": y, "dx": dx, "dw": dw, "transposed": spread} {
			for i, v := range left.Data {
				if math.Abs(v) > 2e-3 || math.IsNaN(v) {
					t.Fatalf("%+v of %v by %v: %s[%d] is off by %g", c, xs, ws, name, i, v)
				}
			}
		}
	}
	if transposed < 20 {
		t.Errorf("%d transposed convolutions", transposed)
	}
}

// run runs both kernels of an op. It returns the result of float32, which must be close to that of float64.
func run(o *op.Op, y tensor, x ...tensor) {
	y32, y64 := f32(y), op.Array[float64](y)
	var x32 []op.Array[float32]
	var x64 []op.Array[float64]
	for _, in := range x {
		x32, x64 = append(x32, f32(in)), append(x64, op.Array[float64](in))
	}
	o.F32(y32, x32)
	o.F64(y64, x64)
	for i, v := range y32.Data {
		if math.Abs(float64(v)-y.Data[i]) > 1e-3 {
			panic(fmt.Sprintf("%s: %v in float32, %v in float64", o.Name, v, y.Data[i]))
		}
		y.Data[i] = float64(v)
	}
}
