package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestNonzero(t *testing.T) {
	const most = 210
	negativeZero := float32(math.Copysign(0, -1))
	page, idx, ends := guarded[float32](t, Together*most), guarded[int32](t, most), guarded[int32](t, most)
	onRows(t, func(t *testing.T, s *Set[float32]) {
		r := rand.New(rand.NewPCG(1, 2))
		for n := range most - 9 {
			for m := 1; m <= Together; m++ {
				for _, values := range [][]float32{{0, negativeZero}, {1, nan, -inf, 1e-45}, {0, 0, 0, 0, 0, 1, nan, -2, negativeZero}} {
					ldx := n + n%10
					x, idx, ends := page[len(page)-max(0, (m-1)*ldx+n):], idx[len(idx)-n:], ends[most-(n+Group-1)/Group:]
					var want, below []int32
					for i := range x {
						x[i] = values[r.IntN(len(values))]
					}
					for j := range n {
						for i := range m {
							if x[i*ldx+j] != 0 {
								want = append(want, int32(j))
								break
							}
						}
						if j%Group == Group-1 || j == n-1 {
							below = append(below, int32(len(want)))
						}
					}
					if got := idx[:s.Nonzero(idx, ends, x, ldx, m)]; !slices.Equal(got, want) || !slices.Equal(ends, below) {
						t.Fatalf("%d rows of %v: %v, %v, want %v, %v", m, x, got, ends, want, below)
					}
				}
			}
		}
	})
}

// sparseInput returns x with m rows of 40 elements, about count of which are not 0, and the columns that are not 0.
func sparseInput(t testing.TB, r *rand.Rand, m, count int) (x matrix, idx []int32) {
	x = newMatrix(guarded[float32](t, 200), r, m, 40, 5)
	for i := range x.x {
		if i%x.ld < x.cols && r.IntN(x.cols) >= count {
			x.x[i] = 0
		}
	}
	all := make([]int32, x.cols)
	n := Loops[float32]().Nonzero(all, make([]int32, 3), x.x, x.ld, m)
	idx = guarded[int32](t, x.cols)[x.cols-n:]
	copy(idx, all)
	return x, idx
}

// sparseCols are numbers of columns near those of one vector and of one block, for every row.
var sparseCols = []int{1, 2, 7, 8, 9, 10, 15, 16, 17, 24, 25, 30, 31, 32, 33, 47, 48, 49, 50, 96, 97, 100, 111, 112, 113, 120, 150, 225}

// sparseCases calls f on every row, for inputs with one row to Together rows, and with few and many columns.
func sparseCases(t *testing.T, f func(t *testing.T, s *Set[float32], r *rand.Rand, x matrix, idx []int32, n int)) {
	r := rand.New(rand.NewPCG(1, 2))
	for m := 1; m <= Together; m++ {
		for count := 0; count <= 40; count += 8 {
			x, idx := sparseInput(t, r, m, count)
			onRows(t, func(t *testing.T, s *Set[float32]) {
				for _, n := range sparseCols {
					f(t, s, r, x, idx, n)
				}
			})
		}
	}
}

func TestMulSparse(t *testing.T) {
	const most = 250
	pageY, pageW := guarded[float32](t, Together*most), guarded[float32](t, 40*most)
	sparseCases(t, func(t *testing.T, s *Set[float32], r *rand.Rand, x matrix, idx []int32, n int) {
		w, y := newMatrix(pageW, r, x.cols, n, n%3), newMatrix(pageY, r, x.rows, n, n%4)
		first, before := slices.Clone(y.x), slices.Clone(w.x)
		run := func(idx []int32, from, to int) {
			s.MulSparse(y.x[from:], y.ld, x.x, x.ld, idx, w.x[from:], w.ld, x.rows, to-from)
		}
		run(idx, 0, n)
		for at, got := range y.x {
			i, j := at/y.ld, at%y.ld
			if j >= n {
				if !sameBits(got, first[at]) {
					t.Fatalf("%d columns: wrote y[%d,%d]", n, i, j)
				}
				continue
			}
			want, size := float64(first[at]), math.Abs(float64(first[at]))
			for l := range x.cols {
				want += x.at(i, l) * w.at(l, j)
				size += math.Abs(x.at(i, l) * w.at(l, j))
			}
			if bound := size * float64(len(idx)+2) * 0x1p-24; !(math.Abs(float64(got)-want) <= bound) {
				t.Fatalf("%d rows, %d columns, %d indices: y[%d,%d] = %v, want %v", x.rows, n, len(idx), i, j, got, want)
			}
		}
		if !equalBits(w.x, before) {
			t.Fatalf("%d columns: w changed", n)
		}
		whole := slices.Clone(y.x)
		copy(y.x, first)
		run(idx, 0, n/3)
		run(idx, n/3, n)
		if !equalBits(y.x, whole) {
			t.Fatalf("%d columns: blocks give other bits than the whole", n)
		}
	})
}

// TestMulSparseRows compares the kernels with sums in float64. The distances between the rows of w include aliased ones.
func TestMulSparseRows(t *testing.T) {
	const m, k, most = 5, 40, 300
	pageX, pageW, pageY := guarded[float32](t, m*50), guarded[float32](t, k*most), guarded[float32](t, m*most)
	pageI, found := guarded[int32](t, m*k), guarded[int32](t, m)
	onRows(t, func(t *testing.T, s *Set[float32]) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, n := range append(sparseCols, 127, 128, 129, 256, 260) {
			x, w, y := newMatrix(pageX, r, m, k, n%3), newMatrix(pageW, r, k, n, n%4), newMatrix(pageY, r, m, n, n%5)
			idx := pageI[len(pageI)-m*k:]
			for i := range m {
				for l := range k {
					if r.IntN(m) >= i { // the last row is dense, the first is empty
						x.x[i*x.ld+l] = 0
					}
				}
				found[i] = int32(Loops[float32]().Nonzero(idx[i*k:][:k], make([]int32, 3), x.from(i, 0), x.ld, 1))
			}
			first, before := slices.Clone(y.x), slices.Clone(w.x)
			s.MulSparseRows(y.x, y.ld, x.x, x.ld, idx, found, w.x, w.ld, m, n, k)
			for at, got := range y.x {
				i, j := at/y.ld, at%y.ld
				if j >= n {
					if !sameBits(got, first[at]) {
						t.Fatalf("%d columns: wrote y[%d,%d]", n, i, j)
					}
					continue
				}
				want, size := float64(first[at]), math.Abs(float64(first[at]))
				for l := range k {
					want += x.at(i, l) * w.at(l, j)
					size += math.Abs(x.at(i, l) * w.at(l, j))
				}
				if bound := size * (k + 2) * 0x1p-24; !(math.Abs(float64(got)-want) <= bound) {
					t.Fatalf("%d columns: y[%d,%d] = %v, want %v", n, i, j, got, want)
				}
			}
			if !equalBits(w.x, before) {
				t.Fatalf("%d columns: w changed", n)
			}
		}
	})
}

func TestTranspose(t *testing.T) {
	pageX, pageY := guarded[float32](t, 40*50), guarded[float32](t, Turned(50, 40))
	onRows(t, func(t *testing.T, s *Set[float32]) {
		r := rand.New(rand.NewPCG(1, 2))
		for m := 1; m < 40; m += 1 + m/9 {
			for n := 1; n < 40; n += 1 + n/9 {
				x, ldy := newMatrix(pageX, r, m, n, m%3), m+n%4
				y := pageY[len(pageY)-Turned(ldy, n):]
				s.Transpose(y, ldy, x.x, x.ld, m, n)
				for i := range m {
					for j := range n {
						if !sameBits(y[j*ldy+i], x.x[i*x.ld+j]) {
							t.Fatalf("%d×%d: y[%d,%d] = %v, want %v", m, n, j, i, y[j*ldy+i], x.x[i*x.ld+j])
						}
					}
				}
			}
		}
	})
}

func TestOuterSparse(t *testing.T) {
	const most = 250
	pageD, pageW := guarded[float32](t, Together*most), guarded[float32](t, 40*most)
	sparseCases(t, func(t *testing.T, s *Set[float32], r *rand.Rand, x matrix, idx []int32, n int) {
		w, dy := newMatrix(pageW, r, x.cols, n, n%3), newMatrix(pageD, r, x.rows, n, n%4)
		first, before := slices.Clone(w.x), slices.Clone(dy.x)
		run := func(from, to int) {
			s.OuterSparse(w.x[from:], w.ld, x.x, x.ld, idx, dy.x[from:], dy.ld, x.rows, to-from, -.3)
		}
		run(0, n)
		for at, got := range w.x {
			i, j := at/w.ld, at%w.ld
			if j >= n || !slices.Contains(idx, int32(i)) {
				if !sameBits(got, first[at]) {
					t.Fatalf("%d columns: wrote w[%d,%d]", n, i, j)
				}
				continue
			}
			want, size := float64(first[at]), math.Abs(float64(first[at]))
			for l := range x.rows {
				want += -.3 * x.at(l, i) * dy.at(l, j)
				size += math.Abs(.3 * x.at(l, i) * dy.at(l, j))
			}
			if bound := size * 0x1p-21; !(math.Abs(float64(got)-want) <= bound) {
				t.Fatalf("%d rows, %d columns: w[%d,%d] = %v, want %v", x.rows, n, i, j, got, want)
			}
		}
		if !equalBits(dy.x, before) {
			t.Fatalf("%d columns: dy changed", n)
		}
		whole := slices.Clone(w.x)
		copy(w.x, first)
		run(0, n/3)
		run(n/3, n)
		if !equalBits(w.x, whole) {
			t.Fatalf("%d columns: blocks give other bits than the whole", n)
		}
	})
}

// TestSparseTooShort makes each slice one element too short, for one row and for two.
func TestSparseTooShort(t *testing.T) {
	x, w, y := []float32{1, 0, 0, 0, 1, 3}, make([]float32, 3*5), make([]float32, 2*5)
	idx, idx2 := []int32{0, 2}, []int32{0, 0, 0, 2, 0, 0}
	short := func(x []float32) []float32 { return x[: len(x)-1 : len(x)-1] }
	onRows(t, func(t *testing.T, s *Set[float32]) {
		for what, f := range map[string]func(){
			"Nonzero's x":         func() { s.Nonzero(make([]int32, 3), make([]int32, 1), short(x), 3, 2) },
			"Nonzero's ends":      func() { s.Nonzero(make([]int32, 17), make([]int32, 1), make([]float32, 17), 17, 1) },
			"MulSparse's x":       func() { s.MulSparse(y, 5, short(x), 3, idx, w, 5, 2, 5) },
			"MulSparse's w":       func() { s.MulSparse(y, 5, x, 3, idx, short(w), 5, 2, 5) },
			"MulSparse's y":       func() { s.MulSparse(short(y), 5, x, 3, idx, w, 5, 2, 5) },
			"OuterSparse's x":     func() { s.OuterSparse(w, 5, short(x), 3, idx, y, 5, 2, 5, 1) },
			"OuterSparse's w":     func() { s.OuterSparse(short(w), 5, x, 3, idx, y, 5, 2, 5, 1) },
			"OuterSparse's dy":    func() { s.OuterSparse(w, 5, x, 3, idx, short(y), 5, 2, 5, 1) },
			"MulSparseRows' x":    func() { s.MulSparseRows(y, 5, short(x), 3, idx2, []int32{1, 1}, w, 5, 2, 5, 3) },
			"MulSparseRows' idx":  func() { s.MulSparseRows(y, 5, x, 3, make([]int32, 5), []int32{2, 3}, w, 5, 2, 5, 3) },
			"MulSparseRows' w":    func() { s.MulSparseRows(y, 5, x, 3, idx2, []int32{1, 1}, short(w), 5, 2, 5, 3) },
			"MulSparseRows' y":    func() { s.MulSparseRows(short(y), 5, x, 3, idx2, []int32{1, 1}, w, 5, 2, 5, 3) },
			"MulSparse's x alone": func() { s.MulSparse(y, 5, x[:2], 3, idx, w, 5, 1, 5) },
		} {
			if !panics(f) {
				t.Errorf("no panic though %s is too short", what)
			}
		}
	})
}
