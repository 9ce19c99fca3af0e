package vm

import (
	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/internal/kernel"
	"github.com/stheno-ml/stheno/internal/team"
)

// activate returns a function that applies a fused activation in place; nil does nothing.
func activate[T kernel.Float](act *op.Op) func(y []T) {
	if act == nil {
		return func([]T) {}
	}
	f := op.PointKernel[T](act.Point)
	return func(y []T) { f(y, y) }
}

// tile is the unit for dividing columns: two vectors of the widest kernel.
const tile = 32

// bias returns an affine's bias, or zeros if it has none; starting from zeros costs no more than starting from a bias.
func (l linker[T]) bias(in *instr) []T {
	if len(in.x) < 3 {
		return make([]T, in.x[1].shape[1])
	}
	return l.of(in.x[2])
}

// affine is y = act(x W + b), cut by columns of W, or by rows of x where W is narrow.
func (l linker[T]) affine(in *instr) []team.Job {
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
	if size, parts := cut(k, m*n, tile); parts > 1 && m < tall {
		return []team.Job{{Parts: parts, Run: func(i int) { block(0, m, i*size, min(k, (i+1)*size)) }}}
	}
	unit := 1
	if m >= tall {
		unit = 24
	}
	size, parts := cut(m, n*k, unit)
	return []team.Job{{Parts: parts, Run: func(i int) { block(i*size, min(m, (i+1)*size), 0, k) }}}
}

// mulT is y = a bᵀ, cut by rows of b.
func (l linker[T]) mulT(in *instr) []team.Job {
	m, k, n := in.x[0].shape[0], in.x[0].shape[1], in.x[1].shape[0]
	y, a, b, s := l.of(in.y), l.of(in.x[0]), l.of(in.x[1]), kernel.For[T]()
	size, parts := cut(n, m*k, tile)
	return []team.Job{{Parts: parts, Run: func(i int) {
		j0, j1 := i*size, min(n, (i+1)*size)
		s.MulT(y[j0:], n, a, k, b[j0*k:], k, m, j1-j0, k, 1, 0)
	}}}
}

// tall is how many rows make a matrix tall, as over all steps of sequences. Tall matrices are divided so that each part reads them once.
const tall = 1024

// tMul is y = aᵀ b, cut by columns of a, or of b if they are tall. As an update it is w = decay w − rate aᵀ b, and the gradient is never written.
func (l linker[T]) tMul(in *instr) []team.Job {
	k, m, n := in.x[0].shape[0], in.x[0].shape[1], in.x[1].shape[1]
	y, factors := l.target(in)
	a, b, s := l.of(in.x[0]), l.of(in.x[1]), kernel.For[T]()
	if size := 4 * tile; k >= tall && n >= 2*size {
		return []team.Job{{Parts: (n + size - 1) / size, Run: func(i int) {
			j0, j1 := i*size, min(n, (i+1)*size)
			alpha, beta := factors()
			s.Mul(y[j0:], n, a, 1, m, b[j0:], n, m, j1-j0, k, alpha, beta)
		}}}
	}
	size, parts := cut(m, k*n, 12)
	return []team.Job{{Parts: parts, Run: func(i int) {
		i0, i1 := i*size, min(m, (i+1)*size)
		alpha, beta := factors()
		s.Mul(y[i0*n:], n, a[i0:], 1, m, b, n, i1-i0, n, k, alpha, beta)
	}}}
}

// sumRows is y[j] = Σ_i x[i,j], cut by columns.
func (l linker[T]) sumRows(in *instr) []team.Job {
	m, n := in.x[0].shape[0], in.x[0].shape[1]
	y, x, s := l.of(in.y), l.of(in.x[0]), kernel.For[T]()
	size := n
	if m*n >= large {
		size = 4 * tile
	}
	return []team.Job{{Parts: (n + size - 1) / size, Run: func(i int) {
		j0, j1 := i*size, min(n, (i+1)*size)
		s.SumRows(y[j0:j1], x[j0:], n, m)
	}}}
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

// affine reports whether the instruction is y = x W + b or y = x W.
func (in *instr) affine() bool { return in.own == op.Affine || in.own == op.Linear }
