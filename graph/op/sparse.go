package op

import "github.com/stheno-ml/stheno/internal/kernel"

// mostlyZero says that less than two fifths of x are not 0, so that a product that skips the zeros takes less time. It is so behind the
// maxima of windows of 2×2, which alone have a gradient. In float64 the sparse kernels are loops in Go.
func mostlyZero[T kernel.Float](x []T) bool {
	if _, ok := any(x).([]float32); !ok {
		return false
	}
	idx, ends := kernel.Borrow[int32](len(x)), kernel.Borrow[int32](len(x)/kernel.Group+1)
	n := kernel.For[T]().Nonzero(*idx, *ends, x, len(x), 1)
	kernel.Return(idx)
	kernel.Return(ends)
	return 5*n < 2*len(x)
}

// mulSparse is y += x w for x (m,k), most of whose elements are 0, and w (k,n).
func mulSparse[T kernel.Float](y []T, ldy int, x []T, ldx int, w []T, ldw, m, n, k int) {
	s := kernel.For[T]()
	idx, ends, found := kernel.Borrow[int32](m*k), kernel.Borrow[int32](k/kernel.Group+1), kernel.Borrow[int32](m)
	for r := range m {
		(*found)[r] = int32(s.Nonzero((*idx)[r*k:r*k+k], *ends, x[r*ldx:], ldx, 1))
	}
	s.MulSparseRows(y, ldy, x, ldx, *idx, *found, w, ldw, m, n, k)
	kernel.Return(idx)
	kernel.Return(ends)
	kernel.Return(found)
}
