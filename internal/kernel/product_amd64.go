//go:build !purego

package kernel

//go:generate go run -C _asm ./product -out ../product_amd64.s -stubs ../product_stubs_amd64.go -pkg kernel

func productAVX2(s *Set[float32]) {
	p := &products{
		mul:  []mulRows{mul1AVX2, mul2AVX2, mul3AVX2, mul4AVX2, mul5AVX2, mul6AVX2},
		dot:  []dotRows{dot1AVX2, dot2AVX2, dot3AVX2, dot4AVX2, dot5AVX2, dot6AVX2},
		deep: 128, wide: 24, nonzero: nonzeroAVX2,
		sparseRows: sparseRowsAVX2, band: 64,
		mulSparse:   [Together]mulSparseRows{mulSparse1AVX2, mulSparse2AVX2, mulSparse3AVX2},
		outerSparse: [Together]outerSparseRows{outerSparse1AVX2, outerSparse2AVX2, outerSparse3AVX2},
	}
	p.lay(s)
	s.MulAdd = mulAddAVX2
}

func productAVX512(s *Set[float32]) {
	p := &products{
		mul: []mulRows{mul1AVX512, mul2AVX512, mul3AVX512, mul4AVX512, mul5AVX512, mul6AVX512,
			mul7AVX512, mul8AVX512, mul9AVX512, mul10AVX512, mul11AVX512, mul12AVX512},
		dot:  []dotRows{dot1AVX512, dot2AVX512, dot3AVX512, dot4AVX512, dot5AVX512, dot6AVX512},
		deep: 512, wide: 112, nonzero: nonzeroAVX512,
		sparseRows: sparseRowsAVX512, band: 128,
		mulSparse:   [Together]mulSparseRows{mulSparse1AVX512, mulSparse2AVX512, mulSparse3AVX512},
		outerSparse: [Together]outerSparseRows{outerSparse1AVX512, outerSparse2AVX512, outerSparse3AVX512},
	}
	p.lay(s)
	s.MulAdd = mulAddAVX512
}

// products are the matrix products of one instruction set. An element of c is a sum of sums over parts of k. Their order depends only on k, so
// that the bits are the same however c is cut into blocks for several threads.
type products struct {
	mul  []mulRows // mul[h-1] is for h rows
	dot  []dotRows // dot[h-1] is for h rows
	deep int       // the most terms that Mul sums before it adds the sum to c: a multiple of 16, found by timing
	wide int       // the most columns of the sparse kernels

	nonzero     func(idx []int32, ends *int32, x, x1, x2 *float32) int
	mulSparse   [Together]mulSparseRows   // mulSparse[m-1] is for m rows
	outerSparse [Together]outerSparseRows // outerSparse[m-1] is for m rows

	sparseRows func(y *float32, ldy int, x *float32, ldx int, idx, found *int32, w *float32, ldw, m, n, k int)
	band       int // the most columns of sparseRows
}

// mulSparseRows is MulSparse with a fixed number of rows.
type mulSparseRows func(y *float32, ldy int, x *float32, ldx int, idx []int32, w *float32, ldw, n int)

// outerSparseRows is OuterSparse with a fixed number of rows.
type outerSparseRows func(w *float32, ldw int, x *float32, ldx int, idx []int32, dy *float32, ldd, n int, alpha float32)

// mulRows is Mul with a fixed number of rows.
type mulRows func(c *float32, ldc int, a *float32, ai, al int, b *float32, ldb, n, k int, alpha, beta float32)

// dotRows is MulT with a fixed number of rows; ahead is the distance from an element of b to one that will be read soon.
type dotRows func(c *float32, ldc int, a *float32, lda int, b *float32, ldb, ahead, n, k int, alpha, beta float32)

// lay puts the products into s.
func (p *products) lay(s *Set[float32]) {
	s.Mul, s.MulT, s.Transpose = p.Mul, p.MulT, transposed
	s.Nonzero, s.MulSparse, s.OuterSparse, s.MulSparseRows = p.Nonzero, p.MulSparse, p.OuterSparse, p.MulSparseRows
}

// Mul is Set.Mul. It copies nothing. Each tile fetches the next one's elements into the cache while it runs, which is as fast as copying b into
// panels, and starts sooner.
func (p *products) Mul(c []float32, ldc int, a []float32, ai, al int, b []float32, ldb int, m, n, k int, alpha, beta float32) {
	if m == 0 || n == 0 || k == 0 {
		scaleRows(c, ldc, m, n, beta)
		return
	}
	_, _, _ = c[(m-1)*ldc+n-1], a[(m-1)*ai+(k-1)*al], b[(k-1)*ldb+n-1]
	part := partOf(k, p.deep)
	if (al == 1 && ai%aliased == 0 || ldb%aliased == 0) && n >= short && m >= 2*len(p.mul) {
		p.mulPacked(c, ldc, a, ai, al, b, ldb, m, n, k, part, alpha, beta)
		return
	}
	for l := 0; l < k; l += part {
		for i, h := 0, 0; i < m; i += h {
			h = share(m-i, len(p.mul))
			p.mul[h-1](&c[i*ldc], ldc, &a[i*ai+l*al], ai, al, &b[l*ldb], ldb, n, min(part, k-l), alpha, beta)
		}
		beta = 1
	}
}

// aliased is a distance between rows at which their elements meet in one set of the first-level cache: 4096 bytes, or a multiple.
const aliased = 1024

// mulPacked is Mul for aliased rows. It first copies the rows for 256 columns of b side by side, and those of a for a tile unless a is read by
// columns.
func (p *products) mulPacked(c []float32, ldc int, a []float32, ai, al int, b []float32, ldb int, m, n, k, part int, alpha, beta float32) {
	const gap = 16 // keeps the copies apart
	tiles, panels := Borrow[float32](len(p.mul)*(part+gap)), Borrow[float32](part*turnedRow)
	tile, panel := *tiles, *panels
	for l := 0; l < k; l += part {
		depth := min(part, k-l)
		for j := 0; j < n; j += turnedCols {
			cols := min(turnedCols, n-j)
			for r := range depth {
				copy(panel[r*turnedRow:][:cols], b[(l+r)*ldb+j:])
			}
			for i, h := 0, 0; i < m; i += h {
				h = share(m-i, len(p.mul))
				from, fi := &a[i*ai+l*al], ai
				if al == 1 {
					for r := range h {
						copy(tile[r*(part+gap):][:depth], a[(i+r)*ai+l:])
					}
					from, fi = &tile[0], part+gap
				}
				p.mul[h-1](&c[i*ldc+j], ldc, from, fi, al, &panel[0], turnedRow, cols, depth, alpha, beta)
			}
		}
		beta = 1
	}
	Return(tiles)
	Return(panels)
}

const (
	dotDeep = 512 // the same for MulT: six rows of a stay in the first-level cache
	dotCols = 256 // rows of b that MulT uses at once: they stay in the second-level cache
	short   = 128 // up to this k, transposing b and multiplying is faster than folding the sums that dotRows makes
)

// MulT is Set.MulT.
func (p *products) MulT(c []float32, ldc int, a []float32, lda int, b []float32, ldb int, m, n, k int, alpha, beta float32) {
	if m == 0 || n == 0 || k == 0 {
		scaleRows(c, ldc, m, n, beta)
		return
	}
	_, _, _ = c[(m-1)*ldc+n-1], a[(m-1)*lda+k-1], b[(n-1)*ldb+k-1]
	if k < short {
		p.mulShort(c, ldc, a, lda, b, ldb, m, n, k, alpha, beta)
		return
	}
	part := partOf(k, dotDeep)
	for l := 0; l < k; l += part {
		for j := 0; j < n; j += dotCols {
			ahead := 4 * ldb // only for the first rows of a is b far away
			for i, h := 0, 0; i < m; i += h {
				h = share(m-i, len(p.dot))
				p.dot[h-1](&c[i*ldc+j], ldc, &a[i*lda+l], lda, &b[j*ldb+l], ldb, ahead, min(dotCols, n-j), min(part, k-l), alpha, beta)
				ahead = 0
			}
		}
		beta = 1
	}
}

const (
	turnedCols = 256
	turnedRow  = turnedCols + 16 // not a power of two, so that a column's elements do not meet in one set of the cache
)

// mulShort is MulT for k < short.
func (p *products) mulShort(c []float32, ldc int, a []float32, lda int, b []float32, ldb int, m, n, k int, alpha, beta float32) {
	lent := Borrow[float32](Turned(turnedRow, short))
	turned := *lent
	for j := 0; j < n; j += turnedCols {
		cols := min(turnedCols, n-j)
		transposed(turned, turnedRow, b[j*ldb:], ldb, cols, k)
		p.Mul(c[j:], ldc, a, lda, 1, turned, turnedRow, m, cols, k, alpha, beta)
	}
	Return(lent)
}

// transposed is Set.Transpose. It goes from right to left, eight columns at a time. The last of these may write into the beginning of the next row,
// which is written later.
func transposed(y []float32, ldy int, x []float32, ldx, m, n int) {
	if m == 0 || n == 0 {
		return
	}
	_, _ = y[Turned(ldy, n)-1], x[(m-1)*ldx+n-1]
	for i := (m - 1) / 8 * 8; i >= 0; i -= 8 {
		transpose8(&y[i], ldy, &x[i*ldx], ldx, min(8, m-i), n)
	}
}

// share divides n things into groups of at most most, whose sizes differ by at most one, and returns the size of the first.
func share(n, most int) int {
	if n <= most {
		return n // without divisions, which would slow down a sparse product of a few rows
	}
	groups := (n + most - 1) / most
	return (n + groups - 1) / groups
}

// partOf returns the length of the parts of a sum of k products: whole vectors, and at most deep.
func partOf(k, deep int) int { return (share(k, deep) + 15) / 16 * 16 }

// scaleRows is c = β c, a product with k = 0.
func scaleRows(c []float32, ldc, m, n int, beta float32) {
	if n == 0 {
		return
	}
	for i := range m {
		scale(c[i*ldc:i*ldc+n], beta)
	}
}

// Nonzero is Set.Nonzero. It may overwrite anything between the columns found and the end of idx.
func (p *products) Nonzero(idx, ends []int32, x []float32, ldx, m int) int {
	if len(idx) == 0 {
		return 0
	}
	_, _, _ = x[(m-1)*ldx+len(idx)-1], ends[(len(idx)-1)/Group], p.mulSparse[m-1]
	return p.nonzero(idx, &ends[0], &x[0], &x[(m-1)/2*ldx], &x[(m-1)*ldx])
}

// MulSparse is Set.MulSparse for ordered indices, as Nonzero writes them: it checks only the last one.
func (p *products) MulSparse(y []float32, ldy int, x []float32, ldx int, idx []int32, w []float32, ldw, m, n int) {
	if len(idx) == 0 || n == 0 {
		return
	}
	last := int(idx[len(idx)-1])
	_, _, _ = y[(m-1)*ldy+n-1], x[(m-1)*ldx+last], w[last*ldw+n-1]
	for j, cols := 0, 0; j < n; j += cols {
		cols = share(n-j, p.wide)
		p.mulSparse[m-1](&y[j], ldy, &x[0], ldx, idx, &w[j], ldw, cols)
	}
}

// OuterSparse is Set.OuterSparse for ordered indices, as Nonzero writes them: it checks only the last one.
func (p *products) OuterSparse(w []float32, ldw int, x []float32, ldx int, idx []int32, dy []float32, ldd, m, n int, alpha float32) {
	if len(idx) == 0 || n == 0 {
		return
	}
	last := int(idx[len(idx)-1])
	_, _, _ = dy[(m-1)*ldd+n-1], x[(m-1)*ldx+last], w[last*ldw+n-1]
	for j, cols := 0, 0; j < n; j += cols {
		cols = share(n-j, p.wide)
		p.outerSparse[m-1](&w[j], ldw, &x[0], ldx, idx, &dy[j], ldd, cols, alpha)
	}
}

// MulSparseRows is Set.MulSparseRows. It goes through the columns of w in bands, which stay in the first-level cache for all rows.
func (p *products) MulSparseRows(y []float32, ldy int, x []float32, ldx int, idx, found []int32, w []float32, ldw, m, n, k int) {
	if m == 0 || n == 0 || k == 0 {
		return
	}
	_, _, _, _, _ = y[(m-1)*ldy+n-1], x[(m-1)*ldx+k-1], idx[m*k-1], found[m-1], w[(k-1)*ldw+n-1]
	panel := Borrow[float32](k * p.band)
	defer Return(panel)
	for j, cols := 0, 0; j < n; j += cols {
		cols = min(p.band, n-j)
		from, ld := w[j:], ldw
		if ldw%(aliased/4) == 0 {
			for l := range k {
				copy((*panel)[l*cols:][:cols], w[l*ldw+j:])
			}
			from, ld = *panel, cols
		}
		p.sparseRows(&y[j], ldy, &x[0], ldx, &idx[0], &found[0], &from[0], ld, m, cols, k)
	}
}
