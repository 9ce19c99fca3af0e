package graph

import (
	"github.com/stheno-ml/stheno/internal/kernel"
)

// activate applies a fused activation in place; nil does nothing.
func activate[T kernel.Float](act *Op) func(y []T) {
	if act == nil {
		return func([]T) {}
	}
	f, ok := any(act.point.f32).(func(y, x []T))
	if !ok {
		f = any(act.point.f64).(func(y, x []T))
	}
	return func(y []T) { f(y, y) }
}

// tile is the unit in which columns are cut: two vectors of the widest kernel.
const tile = 32

// bias is an affine's bias, zeros where it has none: to begin with them costs as much as with anything.
func (l *linker[T]) bias(in *instr) []T {
	if len(in.x) < 3 {
		return make([]T, in.x[1].shape[1])
	}
	return l.of(in.x[2])
}

// affine is y = act(x W + b), cut by columns of W, or by rows of x where W is narrow.
func (l *linker[T]) affine(in *instr) []job {
	m, n, k := in.x[0].shape[0], in.x[0].shape[1], in.x[1].shape[1]
	y, x, w, b := l.of(in.y), l.of(in.x[0]), l.of(in.x[1]), l.bias(in)
	act, s := activate[T](in.act), kernel.For[T]()
	block := func(i0, i1, j0, j1 int) {
		for i := i0; i < i1; i++ {
			copy(y[i*k+j0:i*k+j1], b[j0:j1])
		}
		s.Mul(y[i0*k+j0:], k, x[i0*n:], n, 1, w[j0:], k, i1-i0, j1-j0, n, 1, 1)
		for i := i0; i < i1; i++ {
			act(y[i*k+j0 : i*k+j1])
		}
	}
	if size, parts := cut(k, m*n, tile); parts > 1 {
		return []job{{parts, func(i int) { block(0, m, i*size, min(k, (i+1)*size)) }}}
	}
	size, parts := cut(m, n*k, 1)
	return []job{{parts, func(i int) { block(i*size, min(m, (i+1)*size), 0, k) }}}
}

// mulT is y = a bᵀ, cut by rows of b.
func (l *linker[T]) mulT(in *instr) []job {
	m, k, n := in.x[0].shape[0], in.x[0].shape[1], in.x[1].shape[0]
	y, a, b, s := l.of(in.y), l.of(in.x[0]), l.of(in.x[1]), kernel.For[T]()
	size, parts := cut(n, m*k, tile)
	return []job{{parts, func(i int) {
		j0, j1 := i*size, min(n, (i+1)*size)
		s.MulT(y[j0:], n, a, k, b[j0*k:], k, m, j1-j0, k, 1, 0)
	}}}
}

// tMul is y = aᵀ b, cut by columns of a, or the update w = decay w − rate aᵀ b at once: then the gradient is never written.
func (l *linker[T]) tMul(in *instr) []job {
	k, m, n := in.x[0].shape[0], in.x[0].shape[1], in.x[1].shape[1]
	y, factors := l.target(in)
	a, b, s := l.of(in.x[0]), l.of(in.x[1]), kernel.For[T]()
	size, parts := cut(m, k*n, 12)
	return []job{{parts, func(i int) {
		i0, i1 := i*size, min(m, (i+1)*size)
		alpha, beta := factors()
		s.Mul(y[i0*n:], n, a[i0:], 1, m, b, n, i1-i0, n, k, alpha, beta)
	}}}
}

// sparseAffine is y = act(x W + b) by the non-zero elements of x, cut by rows of x. A part most of whose x is not zero multiplies all.
func (l *linker[T]) sparseAffine(in *instr) []job {
	m, n, k := in.x[0].shape[0], in.x[0].shape[1], in.x[1].shape[1]
	y, x, w, b := l.of(in.y), l.of(in.x[0]), l.of(in.x[1]), l.bias(in)
	act, s, nz := activate[T](in.act), kernel.For[T](), in.sparse
	size, parts := cut(m, n*k/sparseWork, kernel.Together)
	return []job{{parts, func(i int) {
		r0, r1 := i*size, min(m, (i+1)*size)
		for r := r0; r < r1; r++ {
			copy(y[r*k:r*k+k], b)
		}
		if find(nz, x, r0, r1) > (r1-r0)*n/2 {
			s.Mul(y[r0*k:], k, x[r0*n:], n, 1, w, k, r1-r0, k, n, 1, 1)
		} else {
			nz.blocks(0, n, k, func(from, to, j, cols int) {
				for r := r0; r < r1; r += kernel.Together {
					s.MulSparse(y[r*k+j:], k, x[r*n:], n, nz.at(r, from, to), w[j:], k, min(kernel.Together, r1-r), cols)
				}
			})
		}
		act(y[r0*k : r1*k])
	}}}
}

// find lists the columns of the rows [r0, r1) that are not 0, and returns the sum of the lists' lengths, each as often as it has rows.
func find[T kernel.Float](z *rows, x []T, r0, r1 int) int {
	total, s := 0, kernel.For[T]()
	for r := r0; r < r1; r += kernel.Together {
		m := min(kernel.Together, r1-r)
		total += m * s.Nonzero(z.index[r*z.n:(r+1)*z.n], z.endsOf(r), x[r*z.n:], z.n, m)
	}
	return total
}

// endsOf are the ends of the list of the rows that begin with r.
func (z *rows) endsOf(r int) []int32 {
	groups := parts(z.n, kernel.Group)
	return z.ends[r/kernel.Together*groups:][:groups]
}

// at are the columns of the rows that begin with r in the block [from, to).
func (z *rows) at(r, from, to int) []int32 {
	ends, first := z.endsOf(r), int32(0)
	if from > 0 {
		first = ends[from/kernel.Group-1]
	}
	return z.index[r*z.n:][first:ends[(to-1)/kernel.Group]]
}

// blocks calls f for the blocks between the columns from, where a block begins, and to, with as many of the k columns of weights as
// the kernels take at once.
func (z *rows) blocks(from, to, k int, f func(from, to, j, cols int)) {
	for j := 0; j < k; j += wide {
		for at := from; at < to; at += z.block {
			f(at, min(to, at+z.block), j, min(wide, k-j))
		}
	}
}

// sparseTMul is tMul by the non-zero elements of a, cut by blocks of a's columns. Where most of a is not zero, it multiplies all.
func (l *linker[T]) sparseTMul(in *instr) []job {
	m, n, k := in.x[0].shape[0], in.x[0].shape[1], in.x[1].shape[1]
	y, factors := l.target(in)
	x, dy, s, nz := l.of(in.x[0]), l.of(in.x[1]), kernel.For[T](), in.sparse
	size, parts := cut(n, m*k/sparseWork, nz.block)
	return []job{{parts, func(i int) {
		c0, c1 := i*size, min(n, (i+1)*size)
		alpha, beta := factors()
		if nz.count(c0, c1) > m*(c1-c0)/2 {
			s.Mul(y[c0*k:], k, x[c0:], 1, n, dy, k, c1-c0, k, m, alpha, beta)
			return
		}
		shrink(y[c0*k:c1*k], beta)
		nz.blocks(c0, c1, k, func(from, to, j, cols int) {
			for r := 0; r < m; r += kernel.Together {
				s.OuterSparse(y[j:], k, x[r*n:], n, nz.at(r, from, to), dy[r*k+j:], k, min(kernel.Together, m-r), cols, alpha)
			}
		})
	}}}
}

// count is about how many products a column of weights takes in the block [from, to).
func (z *rows) count(from, to int) int {
	total := 0
	for r := 0; r < z.m; r += kernel.Together {
		total += kernel.Together * len(z.at(r, from, to))
	}
	return total
}

// shrink is y = β y.
func shrink[T kernel.Float](y []T, beta T) {
	switch beta {
	case 0:
		clear(y)
	case 1:
	default:
		kernel.For[T]().SGD(y, y, beta, 0)
	}
}
