package op

import "github.com/stheno-ml/stheno/internal/kernel"

// mostlyZero reports whether less than two fifths of x are not 0, so that a product that skips zeros is faster. This is usual for gradients behind
// max-pooling of 2×2, where only the maxima get one. It is false for float64, whose sparse kernels are plain Go loops.
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

// mulSparse is y += x w for x (m,k), which is mostly 0, and w (k,n).
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

// patchesSparse is cols = kᵀ dy for filters k (o, patch) and dy (o, area), which is mostly 0. It first computes colsᵀ, whose rows are sums of few
// rows of k.
func patchesSparse[T kernel.Float](cols, k, dy []T, o, patch, area int) {
	s, ld := kernel.For[T](), distance(patch)
	turned, places := kernel.Borrow[T](kernel.Turned(o, area)), kernel.Borrow[T](area*ld)
	s.Transpose(*turned, o, dy, area, o, area)
	clear(*places)
	mulSparse(*places, ld, *turned, o, k, patch, area, patch, o)
	s.Transpose(cols, area, *places, ld, area, patch)
	kernel.Return(turned)
	kernel.Return(places)
}

// filtersSparse is dk += dy colsᵀ for dk (o, patch), cols (patch, area) and dy (o, area), which is mostly 0.
func filtersSparse[T kernel.Float](dk, cols, dy []T, o, patch, area int) {
	ld := distance(patch)
	turned := kernel.Borrow[T](kernel.Turned(ld, area))
	kernel.For[T]().Transpose(*turned, ld, cols, area, patch, area)
	mulSparse(dk, patch, dy, area, *turned, ld, o, patch, area)
	kernel.Return(turned)
}

// distance returns how far apart to put rows of n elements, so that they do not share few sets of the first-level cache.
func distance(n int) int {
	if n%128 == 0 {
		return n + 16
	}
	return n
}
