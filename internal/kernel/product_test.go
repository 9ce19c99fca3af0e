package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// A matrix is row-major, with NaN between its rows.
type matrix struct {
	x              []float32
	rows, cols, ld int
}

// newMatrix returns a matrix of random numbers in [−1,1) at the end of a page.
func newMatrix(page []float32, r *rand.Rand, rows, cols, gap int) matrix {
	m := matrix{rows: rows, cols: cols, ld: cols + gap}
	if rows > 0 {
		m.x = page[len(page)-(rows-1)*m.ld-cols:]
	}
	for i := range m.x {
		m.x[i] = nan
		if i%m.ld < cols {
			m.x[i] = 2*r.Float32() - 1
		}
	}
	return m
}

func (m matrix) at(i, j int) float64 { return float64(m.x[i*m.ld+j]) }

// from returns x from element (i,j) on.
func (m matrix) from(i, j int) []float32 { return m.x[min(i*m.ld+j, len(m.x)):] }

func equalBits(x, y []float32) bool { return slices.EqualFunc(x, y, sameBits) }

// A product is one call of Mul, or of MulT if b is transposed.
type product struct {
	m, n, k      int
	turnA, turnB bool
	alpha, beta  float32
	c, a, b      matrix
}

func (p *product) String() string {
	return fmt.Sprintf("%d×%d×%d aᵀ=%v bᵀ=%v α=%v β=%v", p.m, p.n, p.k, p.turnA, p.turnB, p.alpha, p.beta)
}

// pages are memory for three matrices.
type pages [3][]float32

func newPages(t testing.TB) pages {
	const size = 1 << 19
	return pages{guarded[float32](t, size), guarded[float32](t, size), guarded[float32](t, size)}
}

var scales = [][2]float32{{1, 0}, {1, 1}, {-.3, .9}, {-.3, 0}, {1, .9}, {-.3, 1}, {1, float32(math.Copysign(0, -1))}}

// product returns a random product. Its number determines what is transposed, the gaps between rows, α and β. If β = 0, c is NaN.
func (g pages) product(r *rand.Rand, m, n, k, number int) *product {
	gap, scale := number%4, scales[number%len(scales)]
	p := &product{m: m, n: n, k: k, turnA: number%3 == 1, turnB: number%3 == 2, alpha: scale[0], beta: scale[1]}
	p.c, p.a, p.b = newMatrix(g[0], r, m, n, gap), newMatrix(g[1], r, m, k, gap), newMatrix(g[2], r, k, n, gap)
	if p.turnA {
		p.a = newMatrix(g[1], r, k, m, gap)
	}
	if p.turnB {
		p.b = newMatrix(g[2], r, n, k, gap)
	}
	if p.beta == 0 {
		for i := range p.c.x {
			p.c.x[i] = nan
		}
	}
	return p
}

// run computes rows i0 to i1 and columns j0 to j1 of c.
func (p *product) run(s *Set[float32], i0, i1, j0, j1 int) {
	ai, al, a := p.a.ld, 1, p.a.from(i0, 0)
	if p.turnA {
		ai, al, a = 1, p.a.ld, p.a.from(0, i0)
	}
	if c := p.c.from(i0, j0); p.turnB {
		s.MulT(c, p.c.ld, a, ai, p.b.from(j0, 0), p.b.ld, i1-i0, j1-j0, p.k, p.alpha, p.beta)
	} else {
		s.Mul(c, p.c.ld, a, ai, al, p.b.from(0, j0), p.b.ld, i1-i0, j1-j0, p.k, p.alpha, p.beta)
	}
}

// term returns the l-th product in element (i,j).
func (p *product) term(i, j, l int) float64 {
	ai, al, bl, bj := i, l, l, j
	if p.turnA {
		ai, al = l, i
	}
	if p.turnB {
		bl, bj = j, l
	}
	return p.a.at(ai, al) * p.b.at(bl, bj)
}

// check runs p and compares it with sums in float64, within the error that float32 may have in any order of summation. Nothing else may change, and a
// second run, and one in blocks, must give the same bits.
func (p *product) check(t *testing.T, s *Set[float32]) {
	t.Helper()
	c, a, b := slices.Clone(p.c.x), slices.Clone(p.a.x), slices.Clone(p.b.x)
	p.run(s, 0, p.m, 0, p.n)
	for at, got := range p.c.x {
		i, j := at/p.c.ld, at%p.c.ld
		if j >= p.n {
			if !sameBits(got, nan) {
				t.Fatalf("%v: wrote behind row %d", p, i)
			}
			continue
		}
		want, size := 0.0, 0.0
		if p.beta != 0 {
			want = float64(p.beta) * float64(c[at])
			size = math.Abs(want)
		}
		for l := range p.k {
			x := float64(p.alpha) * p.term(i, j, l)
			want += x
			size += math.Abs(x)
		}
		if bound := float64(p.k+3) * size * 0x1p-24; !(math.Abs(float64(got)-want) <= bound) {
			t.Fatalf("%v: c[%d,%d] = %v, want %v ± %v", p, i, j, got, want, bound)
		}
	}
	if !equalBits(a, p.a.x) || !equalBits(b, p.b.x) {
		t.Fatalf("%v: inputs changed", p)
	}
	p.checkAgain(t, s, c)
}

// checkAgain computes c from its first values again, and then in six blocks.
func (p *product) checkAgain(t *testing.T, s *Set[float32], first []float32) {
	t.Helper()
	want := slices.Clone(p.c.x)
	copy(p.c.x, first)
	p.run(s, 0, p.m, 0, p.n)
	if !equalBits(want, p.c.x) {
		t.Fatalf("%v: a second run gives other bits", p)
	}
	copy(p.c.x, first)
	for _, row := range [][2]int{{0, p.m / 3}, {p.m / 3, p.m}} {
		for _, col := range [][2]int{{0, p.n / 3}, {p.n / 3, p.n - p.n/4}, {p.n - p.n/4, p.n}} {
			p.run(s, row[0], row[1], col[0], col[1])
		}
	}
	if !equalBits(want, p.c.x) {
		t.Fatalf("%v: blocks give other bits than the whole", p)
	}
}

// TestProducts multiplies matrices of all small shapes, and of some with more rows, columns and terms than any tile or part.
func TestProducts(t *testing.T) {
	g := newPages(t)
	rows := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 18, 20, 25}
	cols := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 16, 17, 24, 30, 31, 32, 33, 47, 48, 49, 65}
	terms := []int{0, 1, 2, 3, 4, 7, 8, 9, 10, 15, 16, 17, 20}
	onRows(t, func(t *testing.T, s *Set[float32]) {
		r, number := rand.New(rand.NewPCG(1, 2)), 0
		for _, m := range rows {
			for _, n := range cols {
				for _, k := range terms {
					number += 1 + r.IntN(4)
					g.product(r, m, n, k, number).check(t, s)
				}
			}
		}
		for _, z := range [][3]int{
			{10, 30, 784}, {20, 576, 25}, {20, 64, 500}, {100, 64, 40}, {40, 300, 64}, {20, 25, 576}, {128, 10, 100},
			{13, 33, 127}, {13, 33, 128}, {13, 33, 129}, {9, 270, 140}, {7, 65, 1030}, {30, 70, 513}, {3, 5, 2000},
		} {
			for range 3 {
				number++
				g.product(r, z[0], z[1], z[2], number).check(t, s)
			}
		}
	})
}

func FuzzProducts(f *testing.F) {
	f.Add(uint8(10), uint16(30), uint16(784), uint8(0))
	f.Add(uint8(40), uint16(500), uint16(64), uint8(5))
	g := newPages(f)
	f.Fuzz(func(t *testing.T, m uint8, n, k uint16, number uint8) {
		onRows(t, func(t *testing.T, s *Set[float32]) {
			r := rand.New(rand.NewPCG(uint64(number), 3))
			g.product(r, int(m)%64, int(n)%600, int(k)%1100, int(number)).check(t, s)
		})
	})
}

// TestProductsTooShort makes each matrix one element too short: the assembly must not be reached.
func TestProductsTooShort(t *testing.T) {
	g := newPages(t)
	onRows(t, func(t *testing.T, s *Set[float32]) {
		r := rand.New(rand.NewPCG(1, 2))
		for number := range 12 {
			for which := range 3 {
				p := g.product(r, 4, 5, 6, number)
				x := []*[]float32{&p.c.x, &p.a.x, &p.b.x}[which]
				*x = (*x)[: len(*x)-1 : len(*x)-1]
				if !panics(func() { p.run(s, 0, p.m, 0, p.n) }) {
					t.Errorf("%v: no panic though matrix %d is too short", p, which)
				}
			}
		}
	})
}

func panics(f func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	f()
	return
}

// TestProductsAtOnce runs products in several goroutines: they must not share memory.
func TestProductsAtOnce(t *testing.T) {
	onRows(t, func(t *testing.T, s *Set[float32]) {
		var all sync.WaitGroup
		for seed := range uint64(4) {
			g := newPages(t)
			all.Go(func() {
				r := rand.New(rand.NewPCG(seed, 2))
				for number := range 20 {
					g.product(r, 12, 100+r.IntN(50), 60, number).check(t, s)
				}
			})
		}
		all.Wait()
	})
}

func TestProductsAllocate(t *testing.T) {
	c, a, b := make([]float32, 20*20), make([]float32, 20*300), make([]float32, 300*20)
	idx, ends := make([]int32, 20), make([]int32, 2)
	onRows(t, func(t *testing.T, s *Set[float32]) {
		n := allocations(20, func() {
			s.Mul(c, 20, a, 300, 1, b, 20, 20, 20, 300, 1, 0)
			s.MulT(c, 20, a, 300, b, 300, 20, 20, 300, 1, 0)
			s.MulT(c, 20, a, 30, b, 30, 20, 20, 30, 1, 0)
			found := idx[:s.Nonzero(idx, ends, b, 20, 3)]
			s.MulSparse(c, 20, b, 20, found, a, 20, 3, 20)
			s.OuterSparse(a, 20, b, 20, found, c, 20, 3, 20, 1)
		})
		if n != 0 {
			t.Errorf("%v allocations a run, want 0", n)
		}
	})
}

// TestMulAliased: aliased rows, which are copied first, give the same bits as other rows.
func TestMulAliased(t *testing.T) {
	const m, n, k, aliased = 29, 300, 600, 1024 // elements between rows, 4096 bytes
	r := rand.New(rand.NewPCG(3, 4))
	spread := func(rows, cols, ld int) (near, far []float32) {
		near, far = make([]float32, rows*cols), make([]float32, (rows-1)*ld+cols)
		for i := range near {
			near[i] = r.Float32() - .5
			far[i/cols*ld+i%cols] = near[i]
		}
		return near, far
	}
	a, farA := spread(m, k, aliased)
	turned, farTurned := spread(k, m, aliased)
	b, farB := spread(k, n, aliased)
	onRows(t, func(t *testing.T, s *Set[float32]) {
		for _, beta := range []float32{0, 1, .5} {
			want, got := slices.Repeat([]float32{2}, m*n), slices.Repeat([]float32{2}, m*n)
			s.Mul(want, n, a, k, 1, b, n, m, n, k, -1.5, beta)
			s.Mul(got, n, farA, aliased, 1, farB, aliased, m, n, k, -1.5, beta)
			if !equalBits(got, want) {
				t.Errorf("β = %v: other bits", beta)
			}
			s.Mul(want, n, turned, 1, m, b, n, m, n, k, -1.5, beta)
			s.Mul(got, n, farTurned, 1, aliased, farB, aliased, m, n, k, -1.5, beta)
			if !equalBits(got, want) {
				t.Errorf("β = %v, by columns: other bits", beta)
			}
		}
	})
}
