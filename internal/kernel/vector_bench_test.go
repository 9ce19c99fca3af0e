package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

type namedKernel struct {
	name string
	run  func(s *Set[float32])
}

// vectorKernels are all kernels except products, with the book's shapes: mini-batches of 10, layers of 30, 100 and 1000 neurons,
// convolutions 20@5×5 over 28×28 and 40@5×5 over 20@12×12.
func vectorKernels() []namedKernel {
	random := rand.New(rand.NewPCG(1, 2))
	make := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = random.Float32()*4 - 2
		}
		return x
	}
	const large = 784 * 100
	y, x, z, squares := make(large), make(large), make(large), make(large)
	column, patches := make(500*64), make(500*64)
	images, order := []byte(nil), []int32(nil)
	for range 784 * 10000 {
		images = append(images, byte(random.Uint32()))
	}
	for range 10 {
		order = append(order, random.Int32N(10000))
	}
	first := Geometry{Maps: 1, Rows: 28, Cols: 28, KernelRows: 5, KernelCols: 5, Stride: 1, Dilation: 1}
	padded := Geometry{Maps: 1, Rows: 28, Cols: 28, KernelRows: 5, KernelCols: 5, Stride: 1, PadRows: 2, PadCols: 2, Dilation: 1}
	second := Geometry{Maps: 20, Rows: 12, Cols: 12, KernelRows: 5, KernelCols: 5, Stride: 1, Dilation: 1}

	return []namedKernel{
		{"Add/300", func(s *Set[float32]) { s.Add(y[:300], x[:300], z[:300]) }},
		{"Add/10000", func(s *Set[float32]) { s.Add(y[:10000], x[:10000], z[:10000]) }},
		{"Hadamard/10000", func(s *Set[float32]) { s.Hadamard(y[:10000], x[:10000], z[:10000]) }},
		{"Axpy/10000", func(s *Set[float32]) { s.Axpy(y[:10000], 1e-9, x[:10000]) }},
		{"AddRow/10x30", func(s *Set[float32]) { s.AddRow(y[:300], x[:300], z[:30]) }},
		{"AddRow/10x1000", func(s *Set[float32]) { s.AddRow(y[:10000], x[:10000], z[:1000]) }},
		{"SumRows/10x30", func(s *Set[float32]) { s.SumRows(y[:30], x, 30, 10) }},
		{"SumRows/10x1000", func(s *Set[float32]) { s.SumRows(y[:1000], x, 1000, 10) }},
		{"Sum/576", func(s *Set[float32]) { s.Sum(x[:576]) }},
		{"Sum/10000", func(s *Set[float32]) { s.Sum(x[:10000]) }},
		{"SumSquares/144", func(s *Set[float32]) { s.SumSquares(x[:144], 0.1) }},
		{"SumProducts/144", func(s *Set[float32]) { s.SumProducts(x[:144], z[:144], 0.1) }},
		{"Normalize/144", func(s *Set[float32]) { s.Normalize(y[:144], x[:144], 0.1, 1, 2) }},
		{"NormalizeGrad/144", func(s *Set[float32]) { s.NormalizeGrad(y[:144], x[:144], z[:144], 0.1, 1, 2, 3) }},
		{"Sigmoid/300", func(s *Set[float32]) { s.Sigmoid(y[:300], x[:300]) }},
		{"Sigmoid/10000", func(s *Set[float32]) { s.Sigmoid(y[:10000], x[:10000]) }},
		{"Tanh/10000", func(s *Set[float32]) { s.Tanh(y[:10000], x[:10000]) }},
		{"ReLU/10000", func(s *Set[float32]) { s.ReLU(y[:10000], x[:10000]) }},
		{"SigmoidGrad/10000", func(s *Set[float32]) { s.SigmoidGrad(y[:10000], x[:10000], z[:10000]) }},
		{"TanhGrad/10000", func(s *Set[float32]) { s.TanhGrad(y[:10000], x[:10000], z[:10000]) }},
		{"ReLUGrad/10000", func(s *Set[float32]) { s.ReLUGrad(y[:10000], x[:10000], z[:10000]) }},
		{"LeakyReLU/10000", func(s *Set[float32]) { s.LeakyReLU(y[:10000], x[:10000], 0.01) }},
		{"Slopes/10000", func(s *Set[float32]) { s.Slopes(y[:10000], x[:10000], z[:10000], x[:10000]) }},
		{"ELU/10000", func(s *Set[float32]) { s.ELU(y[:10000], x[:10000], 1, 1) }},
		{"ELUGrad/10000", func(s *Set[float32]) { s.ELUGrad(y[:10000], x[:10000], z[:10000], 1, 1) }},
		{"Larger/10000", func(s *Set[float32]) { s.Larger(y[:10000], x[:10000], z[:10000]) }},
		{"Claim/10000", func(s *Set[float32]) { s.Claim(y[:10000], z[:10000], x[:10000], z[:10000]) }},
		{"LeakyReLUGrad/10000", func(s *Set[float32]) { s.LeakyReLUGrad(y[:10000], x[:10000], z[:10000], 0.01) }},
		{"GELU/10000", func(s *Set[float32]) { s.GELU(y[:10000], x[:10000]) }},
		{"GELUGrad/10000", func(s *Set[float32]) { s.GELUGrad(y[:10000], x[:10000], z[:10000]) }},
		{"SiLU/10000", func(s *Set[float32]) { s.SiLU(y[:10000], x[:10000]) }},
		{"SiLUGrad/10000", func(s *Set[float32]) { s.SiLUGrad(y[:10000], x[:10000], z[:10000]) }},
		{"Softmax/10x10", func(s *Set[float32]) { s.Softmax(y[:100], x[:100], 10) }},
		{"Softmax/128x10", func(s *Set[float32]) { s.Softmax(y[:1280], x[:1280], 10) }},
		{"LogSumExp/10x10", func(s *Set[float32]) { s.LogSumExp(y[:10], x[:100], 10) }},
		{"LogSumExp/128x10", func(s *Set[float32]) { s.LogSumExp(y[:128], x[:1280], 10) }},
		{"SGD/784x30", func(s *Set[float32]) { s.SGD(y[:784*30], x[:784*30], 0.999, 1e-9) }},
		{"SGD/784x100", func(s *Set[float32]) { s.SGD(y, x, 0.999, 1e-9) }},
		{"Momentum/784x100", func(s *Set[float32]) { s.Momentum(y, z, x, 0.9, 1e-9, 1e-9) }},
		{"Nesterov/784x100", func(s *Set[float32]) { s.Nesterov(y, z, x, 0.9, 1e-9, 1e-9) }},
		{"RMSProp/784x100", func(s *Set[float32]) { s.RMSProp(y, squares, x, 0.1, 1e-9, 1e-8, 1e-9) }},
		{"AdaGrad/784x100", func(s *Set[float32]) { s.AdaGrad(y, squares, x, 1e-9, 1e-8, 1e-9) }},
		{"AdaDelta/784x100", func(s *Set[float32]) { s.AdaDelta(y, squares, squares, x, 0.1, 1e-9, 1e-8, 1e-9) }},
		{"Adam/784x100", func(s *Set[float32]) { s.Adam(y, z, squares, x, 0.1, 0.001, 1e-9, 1, 1e-8, 1e-9, 1) }},
		{"MaxPool/20x24x24", func(s *Set[float32]) { s.MaxPool(y[:20*144], x[:20*576], 20, 24, 24, 2) }},
		{"MaxPool/40x8x8", func(s *Set[float32]) { s.MaxPool(y[:40*16], x[:40*64], 40, 8, 8, 2) }},
		{"MaxPoolGrad/20x24x24", func(s *Set[float32]) { s.MaxPoolGrad(y[:20*576], x[:20*576], z[:20*144], 20, 24, 24, 2) }},
		{"MaxPoolGrad/40x8x8", func(s *Set[float32]) { s.MaxPoolGrad(y[:40*64], x[:40*64], z[:40*16], 40, 8, 8, 2) }},
		{"AvgPool/20x24x24", func(s *Set[float32]) { s.AvgPool(y[:20*144], x[:20*576], 20, 24, 24, 2) }},
		{"AvgPoolGrad/20x24x24", func(s *Set[float32]) { s.AvgPoolGrad(y[:20*576], z[:20*144], 20, 24, 24, 2) }},
		{"Im2col/25x576", func(s *Set[float32]) { s.Im2col(column, x, first) }},
		{"Im2col/25x784pad2", func(s *Set[float32]) { s.Im2col(column, x, padded) }},
		{"Im2col/500x64", func(s *Set[float32]) { s.Im2col(column, x, second) }},
		{"Col2im/25x576", func(s *Set[float32]) { s.Col2im(y[:784], patches, first) }},
		{"Col2im/25x784pad2", func(s *Set[float32]) { s.Col2im(y[:784], patches, padded) }},
		{"Col2im/500x64", func(s *Set[float32]) { s.Col2im(y[:20*144], patches, second) }},
		{"Mask/10x1000/p0.5", func(s *Set[float32]) { s.Mask(y[:10000], 7, 0.5, 2) }},
		{"Mask/10x1000/p0.3", func(s *Set[float32]) { s.Mask(y[:10000], 7, 0.3, 2) }},
		{"Resample/784", func(s *Set[float32]) { s.Resample(y[:784], images, 31, 33, x, z) }},
		{"Gather/10x784", func(s *Set[float32]) { s.Gather(y[:7840], images, order, 0, 784) }},
	}
}

// BenchmarkVector times every row.
func BenchmarkVector(b *testing.B) {
	for _, k := range vectorKernels() {
		for _, r := range rows {
			if r.ok {
				b.Run(fmt.Sprintf("%s/%s", k.name, r.name), func(b *testing.B) {
					for b.Loop() {
						k.run(&r.set)
					}
				})
			}
		}
	}
}
