package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestDouble compares each row's float64 kernels with the Go row, for sizes near those of vectors and tiles, transposed and not.
func TestDouble(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	numbers := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = random.NormFloat64()
		}
		return x
	}
	close := func(t *testing.T, what string, got, want []float64) {
		t.Helper()
		for i, w := range want {
			if !(math.Abs(got[i]-w) <= 1e-13*(10+math.Abs(w))) {
				t.Fatalf("%s: element %d is %v, want %v", what, i, got[i], w)
			}
		}
	}
	loops := Loops[float64]()
	for _, r := range rows {
		if !r.ok {
			continue
		}
		t.Run(r.name, func(t *testing.T) {
			s := r.wide
			for range 400 {
				m, n, k, pad := 1+random.IntN(30), 1+random.IntN(40), 1+random.IntN(300), random.IntN(3)
				a, b, bt := numbers(m*(k+pad)), numbers(k*(n+pad)), numbers(n*(k+pad))
				ldc := n + pad
				c := numbers(m * ldc)
				d := append([]float64{}, c...)
				alpha, beta := []float64{1, -.5}[random.IntN(2)], []float64{0, 1, .25}[random.IntN(3)]
				s.Mul(c, ldc, a, k+pad, 1, b, n+pad, m, n, k, alpha, beta)
				loops.Mul(d, ldc, a, k+pad, 1, b, n+pad, m, n, k, alpha, beta)
				close(t, "Mul", c, d)
				s.MulT(c, ldc, a, k+pad, bt, k+pad, m, n, k, alpha, beta)
				loops.MulT(d, ldc, a, k+pad, bt, k+pad, m, n, k, alpha, beta)
				close(t, "MulT", c, d)
				s.Mul(c, ldc, a[:k*m], 1, m, b, n+pad, m, n, k, alpha, beta)
				loops.Mul(d, ldc, a[:k*m], 1, m, b, n+pad, m, n, k, alpha, beta)
				close(t, "Mul of a transposed matrix", c, d)
			}
			for n := range 40 {
				a, b, y, z := numbers(n), numbers(n), numbers(n), make([]float64, n)
				copy(z, y)
				for what, f := range map[string]func(*Set[float64], []float64){
					"Add": func(s *Set[float64], y []float64) { s.Add(y, a, b) }, "Hadamard": func(s *Set[float64], y []float64) { s.Hadamard(y, a, b) },
					"Axpy":          func(s *Set[float64], y []float64) { s.Axpy(y, -.5, a) },
					"Sum":           func(s *Set[float64], y []float64) { copy(y, []float64{s.Sum(a)}) },
					"Rectify":       func(s *Set[float64], y []float64) { s.Rectify(y, a) },
					"RectifyGrad":   func(s *Set[float64], y []float64) { s.Rectify(y, a); s.RectifyGrad(y, append([]float64{}, y...), b) },
					"Normalize":     func(s *Set[float64], y []float64) { s.Normalize(y, a, .5, -.25, 2) },
					"NormalizeGrad": func(s *Set[float64], y []float64) { s.NormalizeGrad(y, a, b, .5, -.25, 2, 4) },
				} {
					f(&s, y)
					f(loops, z)
					close(t, what, y, z)
				}
			}
		})
	}
}
