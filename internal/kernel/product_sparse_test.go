package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestNonzero(t *testing.T) {
	negativeZero := float32(math.Copysign(0, -1))
	x, idx := guarded[float32](t, 200), guarded[int32](t, 200)
	onRows(t, func(t *testing.T, s *Set[float32]) {
		r := rand.New(rand.NewPCG(1, 2))
		for n := range len(x) {
			for _, values := range [][]float32{{0, negativeZero}, {1, nan, -inf, 1e-45}, {0, 0, 0, 1, nan, -2, negativeZero}} {
				x, idx := x[len(x)-n:], idx[len(idx)-n:]
				var want []int32
				for i := range x {
					x[i] = values[r.IntN(len(values))]
					if x[i] != 0 {
						want = append(want, int32(i))
					}
				}
				if got := idx[:s.Nonzero(idx, x)]; !slices.Equal(got, want) {
					t.Fatalf("of %v: %v, want %v", x, got, want)
				}
			}
		}
	})
}

// sparseInput is x of 40 elements of which about so many are not 0, and their indices.
func sparseInput(t testing.TB, r *rand.Rand, count int) (x []float32, idx []int32) {
	x = guarded[float32](t, 40)
	for i := range x {
		if r.IntN(len(x)) < count {
			x[i] = 2*r.Float32() - 1
		}
	}
	all := guarded[int32](t, len(x))
	n := Loops[float32]().Nonzero(all, x)
	idx = all[len(all)-n:]
	copy(idx, all[:n])
	return x, idx
}

// sparseCols are numbers of columns around those of one vector and of one block, for every row.
var sparseCols = []int{1, 2, 7, 8, 9, 10, 15, 16, 17, 30, 31, 32, 33, 47, 48, 49, 50, 96, 97, 100, 111, 112, 113, 120, 150, 225}

func TestMulSparse(t *testing.T) {
	const most = 250
	pageY, pageW := guarded[float32](t, most), guarded[float32](t, 40*most)
	r := rand.New(rand.NewPCG(1, 2))
	for count := 0; count <= 40; count += 5 {
		x, idx := sparseInput(t, r, count)
		onRows(t, func(t *testing.T, s *Set[float32]) {
			for _, n := range sparseCols {
				w, y := newMatrix(pageW, r, len(x), n, n%3), newMatrix(pageY, r, 1, n, 0).x
				first, before := slices.Clone(y), slices.Clone(w.x)
				s.MulSparse(y, x, idx, w.x, w.ld)
				for j := range y {
					want, size := float64(first[j]), math.Abs(float64(first[j]))
					for i := range x {
						if x[i] != 0 {
							want += float64(x[i]) * w.at(i, j)
							size += math.Abs(float64(x[i]) * w.at(i, j))
						}
					}
					if bound := size * float64(len(idx)+2) * 0x1p-24; !(math.Abs(float64(y[j])-want) <= bound) {
						t.Fatalf("%d of %d columns, %d indices: y[%d] = %v, want %v", j, n, len(idx), j, y[j], want)
					}
				}
				if !equalBits(w.x, before) {
					t.Fatalf("%d columns: w changed", n)
				}
				whole := slices.Clone(y)
				copy(y, first)
				s.MulSparse(y[:n/3], x, idx, w.x, w.ld)
				s.MulSparse(y[n/3:], x, idx, w.x[n/3:], w.ld)
				if !equalBits(y, whole) {
					t.Fatalf("%d columns: blocks give other bits than the whole", n)
				}
			}
		})
	}
}

func TestOuterSparse(t *testing.T) {
	const most = 250
	pageD, pageW := guarded[float32](t, most), guarded[float32](t, 40*most)
	r := rand.New(rand.NewPCG(1, 2))
	for count := 0; count <= 40; count += 5 {
		x, idx := sparseInput(t, r, count)
		onRows(t, func(t *testing.T, s *Set[float32]) {
			for _, n := range sparseCols {
				w, dy := newMatrix(pageW, r, len(x), n, n%3), newMatrix(pageD, r, 1, n, 0).x
				first, before := slices.Clone(w.x), slices.Clone(dy)
				s.OuterSparse(w.x, w.ld, x, idx, dy, -.3)
				for at, got := range w.x {
					i, j := at/w.ld, at%w.ld
					if j >= n || x[i] == 0 {
						if !sameBits(got, first[at]) {
							t.Fatalf("%d columns: wrote w[%d,%d]", n, i, j)
						}
						continue
					}
					add := -.3 * float64(x[i]) * float64(dy[j])
					want := float64(first[at]) + add
					if bound := (math.Abs(add) + math.Abs(want)) * 0x1p-22; !(math.Abs(float64(got)-want) <= bound) {
						t.Fatalf("%d columns: w[%d,%d] = %v, want %v", n, i, j, got, want)
					}
				}
				if !equalBits(dy, before) {
					t.Fatalf("%d columns: dy changed", n)
				}
				whole := slices.Clone(w.x)
				copy(w.x, first)
				s.OuterSparse(w.x, w.ld, x, idx, dy[:n/3], -.3)
				s.OuterSparse(w.x[n/3:], w.ld, x, idx, dy[n/3:], -.3)
				if !equalBits(w.x, whole) {
					t.Fatalf("%d columns: blocks give other bits than the whole", n)
				}
			}
		})
	}
}

// TestSparseTooShort gives one element too few of each slice.
func TestSparseTooShort(t *testing.T) {
	x, w, y := []float32{1, 0, 2}, make([]float32, 3*5), make([]float32, 5)
	idx := []int32{0, 2}
	short := func(x []float32) []float32 { return x[: len(x)-1 : len(x)-1] }
	onRows(t, func(t *testing.T, s *Set[float32]) {
		for what, f := range map[string]func(){
			"Nonzero's idx":   func() { s.Nonzero(make([]int32, 1), x) },
			"MulSparse's x":   func() { s.MulSparse(y, short(x), idx, w, 5) },
			"MulSparse's w":   func() { s.MulSparse(y, x, idx, short(w), 5) },
			"OuterSparse's x": func() { s.OuterSparse(w, 5, short(x), idx, y, 1) },
			"OuterSparse's w": func() { s.OuterSparse(short(w), 5, x, idx, y, 1) },
		} {
			if !panics(f) {
				t.Errorf("no panic though %s is too short", what)
			}
		}
	})
}
