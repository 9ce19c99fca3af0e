package op_test

import (
	"fmt"
	"testing"

	"github.com/stheno-ml/stheno/graph/graphtest"
	"github.com/stheno-ml/stheno/graph/op"
)

func f32(t tensor) op.Array[float32] {
	a := op.Array[float32]{Shape: t.Shape, Data: make([]float32, len(t.Data))}
	for i, v := range t.Data {
		a.Data[i] = float32(v)
	}
	return a
}

// BenchmarkConv measures one image through a convolution and its gradients, in GFLOP/s of the products.
func BenchmarkConv(b *testing.B) {
	for _, c := range []struct{ in, out, k, size, stride, pad, groups int }{
		{1, 20, 5, 28, 1, 0, 1}, {20, 40, 5, 12, 1, 0, 1}, {1, 32, 3, 28, 1, 0, 1}, {24, 32, 3, 12, 1, 0, 1}, {32, 32, 3, 26, 1, 0, 1}, {32, 32, 5, 24, 2, 2, 1}, {64, 64, 3, 12, 1, 0, 1}, {64, 64, 3, 14, 1, 1, 1}, {64, 64, 3, 7, 1, 1, 1}, {64, 128, 4, 4, 1, 0, 1},
		{16, 32, 3, 28, 2, 1, 1},
		{32, 32, 3, 14, 1, 1, 1}, {32, 32, 3, 14, 1, 1, 32}, {64, 64, 3, 28, 1, 1, 1}, {64, 64, 3, 28, 1, 1, 64}, {64, 64, 3, 28, 2, 1, 1}, {64, 64, 3, 28, 2, 1, 64}, {64, 64, 3, 7, 1, 1, 64}, {64, 64, 3, 14, 1, 1, 8},
	} {
		x := graphtest.Random(shape{1, c.in, c.size, c.size}, 1)
		w := graphtest.Random(shape{c.out, c.in / c.groups, c.k, c.k}, 2)
		bias := graphtest.Random(shape{c.out}, 3)
		numbers := op.Convolution{Stride: c.stride, PadRows: c.pad, PadCols: c.pad, Groups: c.groups}
		conv := op.Conv(numbers)
		ys, err := conv.Shape([]shape{x.Shape, w.Shape, bias.Shape})
		if err != nil {
			b.Fatal(err)
		}
		y := graphtest.Random(ys, 4)
		flop := 2 * float64(c.in/c.groups*c.k*c.k) * float64(ys.TotalSize())
		run := func(name string, o *op.Op, out tensor, in ...tensor) {
			xs := make([]op.Array[float32], len(in))
			for i := range in {
				xs[i] = f32(in[i])
			}
			to := f32(out)
			b.Run(fmt.Sprintf("%d-%d@%d/%d/s%d/g%d/%s", c.in, c.out, c.k, c.size, c.stride, c.groups, name), func(b *testing.B) {
				for b.Loop() {
					o.F32(to, xs)
				}
				b.ReportMetric(flop*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N), "us")
			})
		}
		run("y", conv, y, x, w, bias)
		run("dx", op.DConvX(numbers, x.Shape), x, y, w)
		run("dk", op.DConvK(numbers, w.Shape), w, x, y)
	}
}
