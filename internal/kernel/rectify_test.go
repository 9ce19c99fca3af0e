package kernel

import (
	"math"
	"slices"
	"testing"
)

// TestRectifySigns: the sign of the result says whether the argument was below 0; −0 is not.
func TestRectifySigns(t *testing.T) {
	for _, r := range rows {
		if r.ok {
			rectifySigns(t, r.name, &r.set)
			rectifySigns(t, r.name, &r.wide)
		}
	}
}

func rectifySigns[T Float](t *testing.T, name string, s *Set[T]) {
	minus := T(math.Copysign(0, -1))
	x := []T{-1, minus, 0, 1, T(math.Inf(1)), -9, 2, 3, minus, -5, 6}
	y, d := make([]T, len(x)), make([]T, len(x))
	s.Rectify(y, x)
	s.RectifyGrad(d, y, []T{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
	if want := []T{0, 2, 3, 4, 5, 0, 7, 8, 9, 0, 11}; !slices.Equal(d, want) {
		t.Errorf("%s: gradient %v of %v, want %v", name, d, x, want)
	}
	if want := []T{0, 0, 0, 1, x[4], 0, 2, 3, 0, 0, 6}; !slices.Equal(y, want) {
		t.Errorf("%s: %v of %v, want %v", name, y, x, want)
	}
}

// TestRectifyInfinity: −Inf times 0 is not a number.
func TestRectifyInfinity(t *testing.T) {
	for _, r := range rows {
		if !r.ok {
			continue
		}
		y, z := make([]float32, 20), make([]float64, 20)
		r.set.Rectify(y, slices.Repeat([]float32{float32(math.Inf(-1))}, 20))
		r.wide.Rectify(z, slices.Repeat([]float64{math.Inf(-1)}, 20))
		if y[0] == y[0] || z[0] == z[0] {
			t.Errorf("%s: %v and %v of −Inf, want NaN", r.name, y[0], z[0])
		}
	}
}
