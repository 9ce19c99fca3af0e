//go:build !purego

package kernel

import (
	"fmt"
	"slices"
	"sync"
	"testing"
)

// setFlushing runs the rest of a test as on a processor of the other kind.
func setFlushing(t testing.TB, on bool) {
	before := flushing
	flushing = on
	t.Cleanup(func() { flushing = before })
}

// subnormal, small and large are variables, so that the processor and not the compiler multiplies them.
var subnormal, small, large float32 = 1e-40, 1e-20, 1e30

// ieee fails the test if this thread treats subnormal numbers as 0.
func ieee(t testing.TB, after string) {
	if small*small == 0 {
		t.Errorf("after %s a product that is subnormal is 0", after)
	}
	if subnormal*large == 0 {
		t.Errorf("after %s a subnormal number counts as 0", after)
	}
}

// subnormalKernels are kernels with arithmetic on x whose results are all y.
var subnormalKernels = []struct {
	name string
	run  func(s *Set[float32], y, x, w []float32)
}{
	{"Mul", func(s *Set[float32], y, x, w []float32) { s.Mul(y, 16, x, 16, 1, w, 16, 16, 16, 16, 1, 0) }},
	{"MulT", func(s *Set[float32], y, x, w []float32) { s.MulT(y, 16, x, 16, w, 16, 16, 16, 16, 1, 0) }},
	{"MulT of long rows", func(s *Set[float32], y, x, w []float32) { s.MulT(y[:1], 1, x, 256, w, 256, 1, 1, 256, 1, 0) }},
	{"MulSparse", func(s *Set[float32], y, x, w []float32) {
		clear(y)
		s.MulSparse(y, 16, x, 16, []int32{0, 3, 9}, w, 16, 3, 16)
	}},
	{"OuterSparse", func(s *Set[float32], y, x, w []float32) {
		clear(y)
		s.OuterSparse(y, 16, w, 16, []int32{0, 3, 9}, x, 16, 3, 16, 1)
	}},
	{"Hadamard", func(s *Set[float32], y, x, w []float32) { s.Hadamard(y, x, w) }},
	{"Axpy", func(s *Set[float32], y, x, w []float32) {
		clear(y)
		s.Axpy(y, w[0], x)
	}},
	{"Normalize", func(s *Set[float32], y, x, w []float32) { s.Normalize(y, x, 0, w[0], 0) }},
	{"SigmoidGrad", func(s *Set[float32], y, x, w []float32) { s.SigmoidGrad(y, w, x) }},
	{"SGD", func(s *Set[float32], y, x, w []float32) {
		clear(y)
		s.SGD(y, x, 1, w[0])
	}},
}

// TestSubnormal multiplies subnormal numbers, and numbers whose product is subnormal.
func TestSubnormal(t *testing.T) {
	for _, on := range []bool{true, false} {
		t.Run(fmt.Sprint("flushing=", on), func(t *testing.T) {
			setFlushing(t, on)
			onRows(t, func(t *testing.T, s *Set[float32]) {
				for _, k := range subnormalKernels {
					for _, z := range []struct{ x, w float32 }{{1e-40, .25}, {1e-20, 1e-20}} {
						y := make([]float32, 256)
						k.run(s, y, slices.Repeat([]float32{z.x}, 256), slices.Repeat([]float32{z.w}, 256))
						ieee(t, k.name)
						zero := on && t.Name() != "TestSubnormal/flushing=true/go"
						if got := slices.Max(y) == 0 && slices.Min(y) == 0; got != zero {
							t.Errorf("%s of %v and %v: all zero is %v", k.name, z.x, z.w, got)
						}
					}
				}
			})
		})
	}
}

// TestSubnormalDouble: float64's smallest numbers are not changed.
func TestSubnormalDouble(t *testing.T) {
	setFlushing(t, true)
	for _, r := range rows {
		if !r.ok {
			continue
		}
		x, w, y := slices.Repeat([]float64{1e-310}, 64), slices.Repeat([]float64{.25}, 64), make([]float64, 64)
		r.wide.Hadamard(y, x, w)
		if slices.Min(y) == 0 {
			t.Errorf("%s: Hadamard of 1e-310 and 0.25 has zeros", r.name)
		}
		r.wide.Mul(y, 8, x, 8, 1, w, 8, 8, 8, 8, 1, 0)
		if slices.Min(y) == 0 {
			t.Errorf("%s: Mul of 1e-310 and 0.25 has zeros", r.name)
		}
	}
}

// TestFlushingEnds: a kernel restores the thread's mode, in its own goroutine and in others.
func TestFlushingEnds(t *testing.T) {
	setFlushing(t, true)
	list := vectorKernels()
	onRows(t, func(t *testing.T, s *Set[float32]) {
		for _, k := range list {
			k.run(s)
			ieee(t, k.name)
		}
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				y, x, w := make([]float32, 256), slices.Repeat([]float32{1e-40}, 256), slices.Repeat([]float32{1}, 256)
				for range 200 {
					for _, k := range subnormalKernels {
						k.run(s, y, x, w)
						ieee(t, k.name)
					}
				}
			})
		}
		all.Wait()
	})
}

// BenchmarkSubnormal times the kernels with ordinary and with subnormal δ, in either mode.
func BenchmarkSubnormal(b *testing.B) {
	for _, k := range subnormalKernels {
		for _, value := range []float32{1e-3, 1e-40} {
			for _, on := range []bool{false, true} {
				b.Run(fmt.Sprintf("%s/%v/flushing=%v", k.name, value, on), func(b *testing.B) {
					setFlushing(b, on)
					y, x, w := make([]float32, 256), slices.Repeat([]float32{value}, 256), slices.Repeat([]float32{.25}, 256)
					benchEachRow(b, func(b *testing.B, s *Set[float32]) {
						for b.Loop() {
							k.run(s, y, x, w)
						}
					})
				})
			}
		}
	}
}
