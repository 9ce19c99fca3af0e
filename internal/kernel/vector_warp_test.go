package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// spots returns n numbers from −2 to most+2. Some are whole, some lie next to where rounding changes, and some are far outside.
func spots(random *rand.Rand, n, most int) []float32 {
	u := make([]float32, n)
	for i := range u {
		u[i] = random.Float32()*float32(most+4) - 2
		switch random.IntN(8) {
		case 0:
			u[i] = float32(random.IntN(most+5) - 2)
		case 1:
			edge := float32(random.IntN(256*most)+1)/256 - 1./512
			u[i] = math.Nextafter32(edge, []float32{-inf, edge, inf}[random.IntN(3)])
		case 2:
			u[i] = []float32{-1e30, 1e30, inf, -inf, float32(most), -0.001, nan}[random.IntN(7)]
		}
	}
	return u
}

// TestResample: results have the Go row's exact bits, for any place, from images that end at unreadable pages.
func TestResample(t *testing.T) {
	onRows(t, func(t *testing.T, s *Set[float32]) {
		const least = 8
		for _, shape := range [][2]int{{31, 33}, {2, 4}, {2, 9}, {10, 4}, {64, 300}} {
			rows, cols := shape[0], shape[1]
			random := rand.New(rand.NewPCG(4, uint64(cols)))
			x := guarded[byte](t, rows*cols)
			for i := range x {
				x[i] = byte(random.Uint32())
			}
			yf, uf, vf := newFence(t, longest), newFence(t, longest), newFence(t, longest)
			for _, n := range lengths() {
				u, v := spots(random, n, max(least, cols-4)), spots(random, n, max(least, rows-2))
				y, want := yf.last(filled(n)), filled(n)
				s.Resample(y, x, rows, cols, uf.last(u), vf.last(v))
				Loops[float32]().Resample(want, x, rows, cols, u, v)
				yf.intact(t, n)
				mustMatch(t, "Resample", y, want, sameBits)
			}
		}
	})
}

// TestResampleOf compares the Go row with the formula in float64.
func TestResampleOf(t *testing.T) {
	const rows, cols = 7, 11
	random := rand.New(rand.NewPCG(5, 5))
	x, y, u, v := make([]byte, rows*cols), make([]float32, 1000), spots(random, 1000, cols), spots(random, 1000, rows)
	for i := range x {
		x[i] = byte(random.Uint32())
	}
	Loops[float32]().Resample(y, x, rows, cols, u, v)
	clamp := func(u float32, most int) (whole int, part float64) {
		if u != u {
			u = 0
		}
		p := math.Floor(float64(max(0, min(u, float32(most)))*256+.5)) / 256
		return int(p), p - math.Floor(p)
	}
	for i, got := range y {
		s, fs := clamp(u[i], cols-4)
		r, fr := clamp(v[i], rows-2)
		at := func(r, s int) float64 { return float64(x[r*cols+s]) / 256 }
		want := (1-fr)*((1-fs)*at(r, s)+fs*at(r, s+1)) + fr*((1-fs)*at(r+1, s)+fs*at(r+1, s+1))
		if float64(got) != want {
			t.Fatalf("at (%v, %v): %v, want %v", u[i], v[i], got, want)
		}
	}
}
