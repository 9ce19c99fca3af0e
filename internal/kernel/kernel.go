// Package kernel is the arithmetic below the graph: matrix products, the copies of convolutions, pooling, activations, the inner loops of
// costs, the optimizers' updates and counter-based random bits.
//
// A [Set] is one implementation of all kernels. There are three, called rows. The Go row, in the files loop*.go, is generic over float32 and
// float64 and defines every kernel: its body is the kernel's comment. The rows avx2 and avx512 replace some float32 kernels by generated
// assembly. They round differently (fused multiply-adds, another summation order) but compute the same sums, and on some processors they
// treat subnormal numbers as 0. Kernels read their inputs, write every element of their output, keep nothing and allocate nothing. Matrices are
// row-major slices with a leading dimension, which is the distance between rows in elements.
package kernel

// Float is an element type: float32 to train, float64 to check.
type Float interface{ float32 | float64 }

// A Set is one implementation of every kernel, for elements of type T. In comments, (m,n) is a row-major matrix.
type Set[T Float] struct {
	// Mul is c = α a b + β c for c (m,n), a (m,k), b (k,n). Element (i,l) of a is a[i*ai+l*al], so that a may be transposed. If β = 0, c is
	// not read.
	Mul func(c []T, ldc int, a []T, ai, al int, b []T, ldb int, m, n, k int, alpha, beta T)
	// MulT is c = α a bᵀ + β c for c (m,n), a (m,k), b (n,k). If β = 0, c is not read.
	MulT func(c []T, ldc int, a []T, lda int, b []T, ldb int, m, n, k int, alpha, beta T)

	// Transpose is y[j*ldy+i] = x[i*ldx+j] for i < m ≤ ldy, j < n. It may overwrite what lies between y's rows, and y up to [Turned](ldy, n).
	Transpose func(y []T, ldy int, x []T, ldx, m, n int)

	// MulAdd does n ≥ 1 rounds of s = s x + x in registers, for as many s as keep a processor busy, and returns the number of multiply-adds. No
	// product can be faster: see [Peak].
	MulAdd func(n int, x T) int

	// Nonzero writes to idx, in order, the columns j < len(idx) in which one of x's m ≤ Together rows is not 0, and returns their number. ends[i]
	// is how many of them are below Group(i+1), for the (len(idx)+Group-1)/Group groups. It may overwrite the rest of idx.
	Nonzero func(idx, ends []int32, x []T, ldx, m int) int
	// MulSparse is y[r,j] += Σ x[r,idx[t]] w[idx[t],j] for r < m ≤ Together, j < n: rows of x W for an x that is mostly zero.
	MulSparse func(y []T, ldy int, x []T, ldx int, idx []int32, w []T, ldw, m, n int)
	// MulSparseRows is y[r,j] += Σ_t x[r,i] w[i,j], i = idx[r,t], for r < m, j < n, t < found[r]. It is MulSparse for many rows, each with its own
	// list in idx (m,k), as Nonzero writes it; x is (m,k) and w is (k,n).
	MulSparseRows func(y []T, ldy int, x []T, ldx int, idx, found []int32, w []T, ldw, m, n, k int)
	// OuterSparse is w[idx[t],j] += α Σ_r x[r,idx[t]] dy[r,j] for r < m ≤ Together, j < n: these rows' share of xᵀ dy.
	OuterSparse func(w []T, ldw int, x []T, ldx int, idx []int32, dy []T, ldd, m, n int, alpha T)

	Add      func(y, a, b []T)       // y = a + b; y may be a
	Hadamard func(y, a, b []T)       // y = a ⊙ b; y may be a
	Divide   func(y, a, b []T)       // y = a / b, and +Inf where b = 0, whatever a is; y may be a
	Larger   func(y, a, b []T)       // y = max(a, b); NaN wins; y may be a
	Axpy     func(y []T, a T, x []T) // y += a x
	// AddRow is y[i,j] = x[i,j] + b[j] for y, x (len(x)/len(b), len(b)); y may be x.
	AddRow func(y, x, b []T)
	// SumRows is y[j] = Σ_i x[i*ldx+j] for i < m, j < len(y).
	SumRows func(y, x []T, ldx, m int)
	Sum     func(x []T) T // Σ x
	// SumSquares is Σ (x−mean)².
	SumSquares func(x []T, mean T) T
	// SumProducts is Σ dy and Σ dy (x−mean).
	SumProducts func(dy, x []T, mean T) (sum, product T)
	// Normalize is y = scale (x−mean) + shift; y may be x.
	Normalize func(y, x []T, mean, scale, shift T)
	// NormalizeGrad is dx = a dy + b (x−mean) + c; dx may be dy.
	NormalizeGrad func(dx, dy, x []T, mean, a, b, c T)

	Sigmoid     func(y, x []T)      // y = 1/(1+e^−x); y may be x
	Tanh        func(y, x []T)      // y = tanh x; y may be x
	ReLU        func(y, x []T)      // y = max(0, x); NaN stays NaN; y may be x
	SigmoidGrad func(dx, y, dy []T) // dx = dy y (1−y), y = σ(x)
	TanhGrad    func(dx, y, dy []T) // dx = dy (1−y²), y = tanh x
	ReLUGrad    func(dx, y, dy []T) // dx = dy where y > 0, else 0
	// LeakyReLU is y = x where x > 0, else slope x; y may be x.
	LeakyReLU func(y, x []T, slope T)
	// LeakyReLUGrad is dx = dy where y > 0, else slope dy.
	LeakyReLUGrad func(dx, y, dy []T, slope T)
	// Slopes is y = v where x > 0, else a ⊙ v; y may be v.
	Slopes func(y, x, a, v []T)
	// ELU is y = scale x where x > 0, else alpha (e^x − 1), for positive scale and alpha; y may be x.
	ELU func(y, x []T, scale, alpha T)
	// ELUGrad is dx = scale dy where y > 0, else (y + alpha) dy.
	ELUGrad     func(dx, y, dy []T, scale, alpha T)
	GELU        func(y, x []T)      // y = x Φ(x), Φ the distribution of N(0,1); y may be x
	GELUGrad    func(dx, x, dy []T) // dx = dy (Φ(x) + x φ(x)), φ = Φ′
	SiLU        func(y, x []T)      // y = x σ(x); y may be x
	SiLUGrad    func(dx, x, dy []T) // dx = dy (σ(x) + x σ(x) (1−σ(x)))
	Exp         func(y, x []T)      // y = e^x; y may be x
	Softplus    func(y, x []T)      // y = ln(1+e^x), and x from 14 (float32) or 16 (float64) on; y may be x
	Logistic    func(y, x []T)      // y = 1/(1+e^−x), and 1 from 15 (float32) or 19 (float64) on; y may be x
	Rectify     func(y, x []T)      // y = x where x > 0, +0 for 0 and −0, −0 below, and NaN for −Inf; y may be x
	RectifyGrad func(dx, y, dy []T) // dx = dy, but 0 where y has the sign −
	// Softmax is p = e^(z−max z) / Σ e^(z−max z) for each row of n elements; p may be z.
	Softmax func(p, z []T, n int)
	// LogSumExp is y[i] = ln Σ_j e^(z[i,j]) for each row of n elements, without overflow.
	LogSumExp func(y, z []T, n int)

	// SGD is w = decay w − rate g.
	SGD func(w, g []T, decay, rate T)
	// Momentum is v = μ v − rate (g + decay w); w = w + v.
	Momentum func(w, v, g []T, mu, rate, decay T)
	// Nesterov is h = g + decay w; v = μ v + h; w = w − rate (h + μ v).
	Nesterov func(w, v, g []T, mu, rate, decay T)
	// RMSProp is h = g + decay w; v = v + a (h²−v); w = w − rate h/(√v + eps).
	RMSProp func(w, v, g []T, a, rate, eps, decay T)
	// AdaGrad is h = g + decay w; v = v + h²; w = w − rate h/(√v + eps).
	AdaGrad func(w, v, g []T, rate, eps, decay T)
	// AdaDelta is h = g + decay w; v = v + a (h²−v); x = h √(d+eps)/√(v+eps); d = d + a (x²−d); w = w − rate x.
	AdaDelta func(w, v, d, g []T, a, rate, eps, decay T)
	// Adam is h = g + decay w; m = m + a (h−m); v = v + b (h²−v); w = shrink w − rate m/(root √v + eps).
	Adam func(w, m, v, g []T, a, b, rate, root, eps, decay, shrink T)

	// MaxPool is the maximum over adjacent windows of size×size of x (maps, rows, cols). y is (maps, rows/size, cols/size): rows and columns
	// that do not fill a window are ignored. NaN wins.
	MaxPool func(y, x []T, maps, rows, cols, size int)
	// MaxPoolGrad gives each dy to the first maximum of its window in x, and 0 to all others.
	MaxPoolGrad func(dx, x, dy []T, maps, rows, cols, size int)
	// AvgPool is the mean over the same windows as MaxPool's.
	AvgPool func(y, x []T, maps, rows, cols, size int)
	// AvgPoolGrad gives each element of a window dy/size², and 0 to elements in no window.
	AvgPoolGrad func(dx, dy []T, maps, rows, cols, size int)
	// Claim is dx += dy, and then dy = 0, where x = top. If several x have the maximum, the first one takes the gradient.
	Claim func(dx, dy, x, top []T)
	// Im2col writes the matrix of all patches of x: element ((c,u,v),(i,j)) is
	// x[c, i·stride+u·dilation−padRows, j·stride+v·dilation−padCols], 0 outside of x.
	Im2col func(y, x []T, g Geometry)
	// Col2im is the transpose of Im2col as a linear map: it adds each element of the patches to its place in x, which starts at 0.
	Col2im func(x, y []T, g Geometry)
	// Depthwise is y[c] = b[c] + k[c] ⋆ x[c] for each map: the sum over (u,v) of k[c,u,v] times Im2col's element ((c,u,v),(i,j)). A nil b stands
	// for zeros.
	Depthwise func(y, x, k, b []T, g Geometry)
	// DepthwiseX is the transpose of Depthwise as a linear map of x.
	DepthwiseX func(dx, dy, k []T, g Geometry)
	// DepthwiseK is dk += the transpose of Depthwise as a linear map of k, applied to dy.
	DepthwiseK func(dk, x, dy []T, g Geometry)

	// Mask is y[i] = kept if the random bits of (key, i) say so, with probability 1−p, else 0.
	Mask func(y []T, key uint64, p float64, kept T)
	// Gather is y[r,j] = images[order[r]*n+j]/256 for rows of n bytes, n = len(y)/len(order), and from ≤ j < to.
	Gather func(y []T, images []byte, order []int32, from, to int)
	// Resample is y[i] = x at column u[i] and row v[i], divided by 256, for x of (rows, cols) bytes. It interpolates bilinearly between pixels, at
	// places rounded to 1/256 of a pixel and limited to columns 0…cols−4 and rows 0…rows−2.
	Resample func(y []T, x []byte, rows, cols int, u, v []T)
}

// Turned returns how many elements y of Transpose must have.
func Turned(ldy, n int) int { return (n+7)/8*8*ldy + 8 }

// Together is how many rows of a sparse matrix share one list of columns: each element read from w serves all of them.
const Together = 3

// Group is how many columns Nonzero counts together.
const Group = 16

// Geometry is the shape of a convolution over one image: the image's maps, rows and columns; the filter's rows and columns; the distance between
// places of the output; the zeros above and below the image, and at its left and right; and the distance between elements of a filter.
type Geometry struct {
	Maps, Rows, Cols       int
	KernelRows, KernelCols int
	Stride                 int
	PadRows, PadCols       int
	Dilation               int
}

// OutRows returns the number of rows of the convolution's output.
func (g Geometry) OutRows() int {
	return (g.Rows+2*g.PadRows-g.Dilation*(g.KernelRows-1)-1)/g.Stride + 1
}

// OutCols returns the number of columns of the convolution's output.
func (g Geometry) OutCols() int {
	return (g.Cols+2*g.PadCols-g.Dilation*(g.KernelCols-1)-1)/g.Stride + 1
}

// Patch returns the number of elements of a patch: maps × filter rows × filter columns.
func (g Geometry) Patch() int { return g.Maps * g.KernelRows * g.KernelCols }
