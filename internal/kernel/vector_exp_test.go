package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestExponentials compares with float64's functions for every thousandth float32 from 2⁻²⁶ to 2⁸, and for every ten-thousandth where all of the
// functions are constant, a multiple of x, or not finite. The error is relative to the result, or to the terms that it is the sum of. Below the
// smallest normal number it is absolute, and multiplied by x for x times a function.
func TestExponentials(t *testing.T) {
	const smallest = 0x1p-126
	var x []float32
	for bits := uint64(0); bits < 1<<32; {
		v := math.Float32frombits(uint32(bits))
		x = append(x, v)
		if size := math.Abs(float64(v)); size >= 0x1p-26 && size < 0x1p8 {
			bits += 1009
		} else {
			bits += 10_007
		}
	}
	for v := float32(-110); v < 110; v += 0.0173 {
		x = append(x, v)
	}
	y, ones := make([]float32, len(x)), make([]float32, len(x))
	for i := range ones {
		ones[i] = 1
	}
	logistic := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	density := func(x float64) float64 { return math.Exp(-x*x/2) / math.Sqrt(2*math.Pi) }
	for _, f := range []struct {
		name  string
		run   func(s *Set[float32])
		error float64
		terms func(x float64) (a, b float64)
	}{
		{"sigmoid", func(s *Set[float32]) { s.Sigmoid(y, x) }, 2e-7, func(x float64) (a, b float64) { return logistic(x), 0 }},
		{"tanh", func(s *Set[float32]) { s.Tanh(y, x) }, 2e-7, func(x float64) (a, b float64) { return math.Tanh(x), 0 }},
		{"exp", func(s *Set[float32]) { s.Exp(y, x) }, 2e-7, func(x float64) (a, b float64) {
			if x > 88.37 {
				return math.Inf(1), 0 // float32's largest number is e^88.72
			}
			return math.Exp(x), 0
		}},
		{"elu", func(s *Set[float32]) { s.ELU(y, x, 1, 1) }, 3e-7, func(x float64) (a, b float64) {
			if x > 0 {
				return x, 0
			}
			return math.Expm1(x), 0
		}},
		{"softplus", func(s *Set[float32]) { s.Softplus(y, x) }, 4e-7, func(x float64) (a, b float64) {
			return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))), 0
		}},
		{"silu", func(s *Set[float32]) { s.SiLU(y, x) }, 3e-7, func(x float64) (a, b float64) { return x * logistic(x), 0 }},
		{"gelu", func(s *Set[float32]) { s.GELU(y, x) }, 6e-7, func(x float64) (a, b float64) { return x * normal(x), 0 }},
		{"siluGrad", func(s *Set[float32]) { s.SiLUGrad(y, x, ones) }, 4e-7, func(x float64) (a, b float64) {
			return logistic(x), x * logistic(x) * logistic(-x)
		}},
		{"geluGrad", func(s *Set[float32]) { s.GELUGrad(y, x, ones) }, 6e-7, func(x float64) (a, b float64) {
			return normal(x), x * density(x)
		}},
	} {
		want, size := make([]float64, len(x)), make([]float64, len(x))
		for i, v := range x {
			a, b := f.terms(float64(v))
			want[i], size[i] = a+b, math.Abs(a)+math.Abs(b)
		}
		onRows(t, func(t *testing.T, s *Set[float32]) {
			f.run(s)
			worst := 0.0
			for i, v := range y {
				d, least := math.Abs(float64(v)-want[i]), smallest*max(1, math.Abs(float64(x[i])))
				if math.IsNaN(want[i]) != (v != v) || d > least && d > f.error*size[i] {
					t.Fatalf("%s(%v) is %v, want %v", f.name, x[i], v, want[i])
				}
				if size[i] > least {
					worst = max(worst, d/size[i])
				}
			}
			t.Logf("%s: worst relative error %.1e", f.name, worst)
		})
	}
}

func TestSaturation(t *testing.T) {
	onRows(t, func(t *testing.T, s *Set[float32]) {
		x := []float32{100, inf, 1e30, -100, -inf, -1e30, 0, nan}
		y := filled(len(x))
		s.Sigmoid(y, x)
		mustMatch(t, "Sigmoid", y, []float32{1, 1, 1, 0, 0, 0, 0.5, nan}, func(got, want float32) bool {
			return same(got, want) || want == 0 && 0 < got && got < 1e-38
		})
		s.Tanh(y, x)
		mustMatch(t, "Tanh", y, []float32{1, 1, 1, -1, -1, -1, 0, nan}, same)
		tiny := []float32{1e-45, -1e-45, 1e-38, 1e-20, -3e-9}
		s.Tanh(y[:len(tiny)], tiny)
		mustMatch(t, "Tanh near 0", y[:len(tiny)], tiny, func(got, want float32) bool {
			return same(got, want) || got == 0 && -0x1p-126 < want && want < 0x1p-126 // if subnormal numbers count as 0
		})
	})
}

// TestSoftmax compares Softmax and LogSumExp of random rows with float64's arithmetic. The difference z−max, rounded to float32, is an exponent: its
// absolute error becomes p's relative error.
func TestSoftmax(t *testing.T) {
	onRows(t, func(t *testing.T, s *Set[float32]) {
		const m = 3
		pf, zf := newFence(t, m*longest), newFence(t, m*longest)
		for _, n := range lengths()[1:] {
			random := rand.New(rand.NewPCG(4, uint64(n)))
			z := make([]float32, m*n)
			for i := range z {
				z[i] = float32(random.NormFloat64() * []float64{0.1, 3, 30}[i/n])
			}
			p := pf.last(filled(m * n))
			s.Softmax(p, zf.last(z), n)
			pf.intact(t, m*n)
			mustMatch(t, "Softmax's input", zf[len(zf)-m*n:], z, sameBits)
			again := slices.Clone(z)
			s.Softmax(again, again, n)
			mustMatch(t, "Softmax in place", again, p, sameBits)
			s.Softmax(again[n:], z[n:], n)
			mustMatch(t, "Softmax of some rows", again, p, sameBits)

			y := pf.last(filled(m))
			s.LogSumExp(y, zf.last(z), n)
			pf.intact(t, m)
			for i := range m {
				row := z[i*n : i*n+n]
				top := float64(slices.Max(row))
				sum := 0.0
				for _, v := range row {
					sum += math.Exp(float64(v) - top)
				}
				for j, v := range row {
					want := math.Exp(float64(v)-top) / sum
					if d := math.Abs(float64(again[i*n+j]) - want); d > (4e-7+6e-8*(top-float64(v)))*want+0x1p-126 {
						t.Fatalf("Softmax of %d elements: p[%d,%d] is %v, want %v", n, i, j, again[i*n+j], want)
					}
				}
				want := top + math.Log(sum)
				if d := math.Abs(float64(y[i]) - want); d > 1e-7*(1+math.Abs(top)+math.Log(sum)) {
					t.Fatalf("LogSumExp of %d elements: y[%d] is %v, want %v", n, i, y[i], want)
				}
			}
		}
	})
}

func TestSoftmaxLimits(t *testing.T) {
	onRows(t, func(t *testing.T, s *Set[float32]) {
		for _, c := range []struct {
			name    string
			z, p    []float32
			logSums []float32
		}{
			{"gap", []float32{-500, 500, -1e30}, []float32{0, 1, 0}, []float32{500}},
			{"equal", []float32{1e9, 1e9, 1e9, 1e9}, []float32{0.25, 0.25, 0.25, 0.25}, []float32{1e9}},
			{"largest", []float32{math.MaxFloat32, -math.MaxFloat32}, []float32{1, 0}, []float32{math.MaxFloat32}},
			{"-Inf", []float32{-inf, 2, -inf}, []float32{0, 1, 0}, []float32{2}},
			{"NaN", []float32{1, nan, 3}, []float32{nan, nan, nan}, []float32{nan}},
			{"NaN first", []float32{nan, 1, 3}, []float32{nan, nan, nan}, []float32{nan}},
			{"one", []float32{-7}, []float32{1}, []float32{-7}},
		} {
			// A longer row, whose additional elements add nothing, also goes through whole vectors.
			for _, more := range []int{0, 8, 16, 37} {
				z, p := slices.Clone(c.z), slices.Clone(c.p)
				for range more {
					z, p = append(z, -inf), append(p, c.p[0]*0)
				}
				got, logSum := filled(len(z)), filled(1)
				s.Softmax(got, z, len(z))
				mustMatch(t, c.name, got, p, same)
				s.LogSumExp(logSum, z, len(z))
				mustMatch(t, c.name, logSum, c.logSums, same)
			}
		}
	})
}
