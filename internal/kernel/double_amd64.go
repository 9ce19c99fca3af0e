//go:build !purego

package kernel

// doubleAVX2 replaces functions in s by those for float64 in AVX2.
func doubleAVX2(s *Set[float64]) {
	layDouble(s, []doubleRows{mulDouble1AVX2, mulDouble2AVX2, mulDouble3AVX2, mulDouble4AVX2, mulDouble5AVX2, mulDouble6AVX2}, dotDoubleAVX2)
	layCutDouble(s, Set[float64]{
		Add: addDoubleAVX2, Hadamard: hadamardDoubleAVX2, Axpy: axpyDoubleAVX2, Normalize: normalizeDoubleAVX2, NormalizeGrad: normalizeGradDoubleAVX2,
		Sum: sumDoubleAVX2, Rectify: rectifyDoubleAVX2, RectifyGrad: rectifyGradDoubleAVX2,
	})
	s.MulAdd = mulAddDoubleAVX2
}

// doubleAVX512 replaces functions in s by those for float64 in AVX-512.
func doubleAVX512(s *Set[float64]) {
	layDouble(s, []doubleRows{
		mulDouble1AVX512, mulDouble2AVX512, mulDouble3AVX512, mulDouble4AVX512, mulDouble5AVX512, mulDouble6AVX512,
		mulDouble7AVX512, mulDouble8AVX512, mulDouble9AVX512, mulDouble10AVX512, mulDouble11AVX512, mulDouble12AVX512,
	}, dotDoubleAVX512)
	layCutDouble(s, Set[float64]{
		Add: addDoubleAVX512, Hadamard: hadamardDoubleAVX512, Axpy: axpyDoubleAVX512, Normalize: normalizeDoubleAVX512,
		NormalizeGrad: normalizeGradDoubleAVX512, Sum: sumDoubleAVX512, Rectify: rectifyDoubleAVX512, RectifyGrad: rectifyGradDoubleAVX512,
	})
	s.MulAdd = mulAddDoubleAVX512
}

// doubleRows is Mul for float64 with a fixed number of rows.
type doubleRows func(c *float64, ldc int, a *float64, ai, al int, b *float64, ldb, n, k int, alpha, beta float64)

const (
	doubleDeep = 256 // the most products that are summed before the sum is added to c
	doubleCols = 128 // rows of b that MulT transposes at once
	doubleRow  = doubleCols + 8
)

// layDouble puts the products into s: Mul with a fixed number of rows at a time, and MulT by transposing b, or with dot if a has few rows.
func layDouble(s *Set[float64], rows []doubleRows, dot func(a, b []float64) float64) {
	mul := func(c []float64, ldc int, a []float64, ai, al int, b []float64, ldb int, m, n, k int, alpha, beta float64) {
		if m == 0 || n == 0 {
			return
		}
		if k == 0 {
			for i := range m {
				scale(c[i*ldc:i*ldc+n], beta)
			}
			return
		}
		_, _, _ = c[(m-1)*ldc+n-1], a[(m-1)*ai+(k-1)*al], b[(k-1)*ldb+n-1]
		part := share(k, doubleDeep)
		for l := 0; l < k; l += part {
			for i, h := 0, 0; i < m; i += h {
				h = share(m-i, len(rows))
				rows[h-1](&c[i*ldc], ldc, &a[i*ai+l*al], ai, al, &b[l*ldb], ldb, n, min(part, k-l), alpha, beta)
			}
			beta = 1
		}
	}
	s.Mul = mul
	s.MulT = func(c []float64, ldc int, a []float64, lda int, b []float64, ldb int, m, n, k int, alpha, beta float64) {
		if m < 4 || k == 0 {
			for i := range m {
				y := c[i*ldc : i*ldc+n]
				scale(y, beta)
				for j := range y {
					y[j] += alpha * dot(a[i*lda:i*lda+k], b[j*ldb:j*ldb+k])
				}
			}
			return
		}
		lent := Borrow[float64](doubleDeep * doubleRow)
		turned := *lent
		for l := 0; l < k; l += doubleDeep {
			depth := min(doubleDeep, k-l)
			for j := 0; j < n; j += doubleCols {
				cols := min(doubleCols, n-j)
				for q := range cols {
					for r, v := range b[(j+q)*ldb+l : (j+q)*ldb+l+depth] {
						turned[r*doubleRow+q] = v
					}
				}
				mul(c[j:], ldc, a[l:], lda, 1, turned, doubleRow, m, cols, depth, alpha, beta)
			}
			beta = 1
		}
		Return(lent)
	}
}

// layCutDouble is layCut for float64.
func layCutDouble(s *Set[float64], f Set[float64]) {
	s.Add = func(y, a, b []float64) { f.Add(y, a[:len(y)], b[:len(y)]) }
	s.Hadamard = func(y, a, b []float64) { f.Hadamard(y, a[:len(y)], b[:len(y)]) }
	s.Axpy = func(y []float64, a float64, x []float64) { f.Axpy(y, a, x[:len(y)]) }
	s.Normalize = func(y, x []float64, mean, scale, shift float64) { f.Normalize(y[:len(x)], x, mean, scale, shift) }
	s.NormalizeGrad = func(dx, dy, x []float64, mean, a, b, c float64) {
		f.NormalizeGrad(dx[:len(x)], dy[:len(x)], x, mean, a, b, c)
	}
	s.Sum = f.Sum
	s.Rectify = func(y, x []float64) { f.Rectify(y[:len(x)], x) }
	s.RectifyGrad = func(dx, y, dy []float64) { f.RectifyGrad(dx, y[:len(dx)], dy[:len(dx)]) }
	s.AddRow = func(y, x, b []float64) {
		for i := 0; i < len(x); i += len(b) {
			s.Add(y[i:i+len(b)], x[i:i+len(b)], b)
		}
	}
	s.SumRows = func(y, x []float64, ldx, m int) {
		clear(y)
		for i := range m {
			s.Add(y, y, x[i*ldx:i*ldx+len(y)])
		}
	}
}
