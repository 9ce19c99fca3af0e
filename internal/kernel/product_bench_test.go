package kernel

import (
	"fmt"
	"testing"
)

// flops reports a benchmark's rate, given the multiplications and additions of one iteration.
func flops(b *testing.B, n int) {
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
	b.ReportMetric(0, "ns/op")
}

func benchEachRow(b *testing.B, f func(b *testing.B, s *Set[float32])) {
	for i := range rows {
		if rows[i].ok {
			b.Run(rows[i].name, func(b *testing.B) { f(b, &rows[i].set) })
		}
	}
}

// BenchmarkPeak is Mul with all distances 0: only multiplications and additions, from the nearest cache.
func BenchmarkPeak(b *testing.B) {
	benchEachRow(b, func(b *testing.B, s *Set[float32]) {
		c, x := make([]float32, 12*32), make([]float32, 32)
		for b.Loop() {
			s.Mul(c, 32, x, 0, 0, x, 0, 12, 32, 1<<14, 1, 0)
		}
		flops(b, 2*12*32<<14)
	})
}

func BenchmarkMul(b *testing.B) {
	for _, z := range []struct {
		name    string
		m, n, k int
		turned  bool // a is stored transposed
		beta    float32
	}{
		{"hidden30", 10, 30, 784, false, 0},
		{"hidden100", 10, 100, 784, false, 0},
		{"conv1", 20, 576, 25, false, 0},
		{"conv2", 40, 64, 500, false, 0},
		{"conv2 dcol", 500, 64, 40, true, 0},
		{"fc1", 10, 1000, 640, false, 0},
		{"fc2", 10, 1000, 1000, false, 0},
		{"fc3", 10, 10, 1000, false, 0},
		{"fc1", 128, 1000, 640, false, 0},
		{"fc2", 128, 1000, 1000, false, 0},
		{"fc3", 128, 10, 1000, false, 0},
		{"fc2 update", 1000, 1000, 10, true, .99},
		{"fc2 update", 1000, 1000, 128, true, .99},
		{"square", 1024, 1024, 1024, false, 0},
		{"square turned", 1024, 1024, 1024, true, 0},
		{"odd", 301, 517, 411, false, 0},
		{"one", 1, 1000, 1000, false, 0},
	} {
		b.Run(fmt.Sprintf("%s %dx%dx%d", z.name, z.m, z.n, z.k), func(b *testing.B) {
			c, x, w := make([]float32, z.m*z.n), make([]float32, z.m*z.k), make([]float32, z.k*z.n)
			ai, al := z.k, 1
			if z.turned {
				ai, al = 1, z.m
			}
			benchEachRow(b, func(b *testing.B, s *Set[float32]) {
				for b.Loop() {
					s.Mul(c, z.n, x, ai, al, w, z.n, z.m, z.n, z.k, 1, z.beta)
				}
				flops(b, 2*z.m*z.n*z.k)
			})
		})
	}
}

func BenchmarkMulT(b *testing.B) {
	for _, z := range []struct {
		name    string
		m, n, k int
		beta    float32
	}{
		{"book dx", 10, 30, 10, 0},
		{"book dx", 10, 100, 10, 0},
		{"conv1 dk", 20, 25, 576, 1},
		{"conv2 dk", 40, 500, 64, 1},
		{"fc1 dx", 10, 640, 1000, 0},
		{"fc2 dx", 10, 1000, 1000, 0},
		{"fc3 dx", 10, 1000, 10, 0},
		{"fc1 dx", 128, 640, 1000, 0},
		{"fc2 dx", 128, 1000, 1000, 0},
		{"fc3 dx", 128, 1000, 10, 0},
		{"short", 40, 500, 127, 0},
		{"long", 40, 500, 128, 0},
		{"square", 1024, 1024, 1024, 0},
		{"one", 1, 1000, 1000, 0},
	} {
		b.Run(fmt.Sprintf("%s %dx%dx%d", z.name, z.m, z.n, z.k), func(b *testing.B) {
			c, x, w := make([]float32, z.m*z.n), make([]float32, z.m*z.k), make([]float32, z.k*z.n)
			benchEachRow(b, func(b *testing.B, s *Set[float32]) {
				for b.Loop() {
					s.MulT(c, z.n, x, z.k, w, z.k, z.m, z.n, z.k, 1, z.beta)
				}
				flops(b, 2*z.m*z.n*z.k)
			})
		})
	}
}

// BenchmarkSparse goes over nine images, a fifth of which is not zero, three at a time as in a mini-batch. GFLOP/s count only the nonzeros.
func BenchmarkSparse(b *testing.B) {
	const images, pixels = 9, 784
	for _, n := range []int{30, 100} {
		x, w, y := make([]float32, images*pixels), make([]float32, pixels*n), make([]float32, images*n)
		count := 0
		for i := range x {
			if i/7%5 == i/pixels%2 {
				x[i] = .5
				count++
			}
		}
		idx, ends := make([][]int32, images/Together), make([]int32, pixels/Group)
		find := func(s *Set[float32]) {
			for i := range idx {
				idx[i] = idx[i][:s.Nonzero(idx[i][:pixels], ends, x[i*Together*pixels:], pixels, Together)]
			}
		}
		for i := range idx {
			idx[i] = make([]int32, pixels)
		}
		find(Loops[float32]())
		run := func(name string, f func(s *Set[float32])) {
			b.Run(fmt.Sprint(name, "/", n), func(b *testing.B) {
				benchEachRow(b, func(b *testing.B, s *Set[float32]) {
					for b.Loop() {
						f(s)
					}
					b.ReportMetric(float64(2*n*count)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
				})
			})
		}
		run("nonzero", find)
		run("mul", func(s *Set[float32]) {
			for i := range idx {
				s.MulSparse(y[i*Together*n:], n, x[i*Together*pixels:], pixels, idx[i], w, n, Together, n)
			}
		})
		run("outer", func(s *Set[float32]) {
			for i := range idx {
				s.OuterSparse(w, n, x[i*Together*pixels:], pixels, idx[i], y[i*Together*n:], n, Together, n, -.01)
			}
		})
	}
}
