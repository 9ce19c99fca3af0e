package vm

import (
	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/internal/kernel"
	"github.com/stheno-ml/stheno/internal/team"

	"gorgonia.org/tensor"
)

// sparse finds products whose left factor is an input of the graph, such as the first layer's: most pixels of a digit are 0.
func sparse(p *program) {
	found := map[*value][]*lists{}
	for _, in := range p.code {
		if !in.affine() && in.own != op.TMul {
			continue
		}
		x, s := in.x[0].root(), in.x[0].shape
		if !x.leaf() || x.node.Deriv() != nil || s[1] < 64 || x.dtype != tensor.Float32 { // in float64 the sparse kernels are plain Go loops
			continue
		}
		if in.affine() && found[x] == nil {
			found[x] = newLists(s[0], s[1], in.x[1].shape[1])
			for _, z := range found[x] {
				p.lists += 4 * (len(z.index) + len(z.ends))
			}
		}
		in.sparse = found[x] // the gradient runs after the product that fills the lists
	}
}

// lists hold the nonzero columns of a matrix with m rows, within the columns [from, to), for each few rows together. The products use them in
// blocks of columns, so that the weights of a block stay in the first-level cache for all rows.
type lists struct {
	m, from, to int
	block       int     // columns in a block, a multiple of kernel.Group
	index       []int32 // (m, to−from), counted from from
	ends        []int32 // how many entries are below the end of each group of columns
}

const (
	wide   = 112      // columns of weights that the sparse products process at once: the most that a kernel can keep in registers
	cached = 10 << 10 // weights that stay in the first-level cache, with room for what else is read
	split  = 1 << 23  // multiply-adds of a dense product that make it worthwhile for two processors to share the sparse one
)

// newLists makes the lists for an (m,n) matrix that is multiplied by weights of k columns. If there are many rows, but few enough weights for one
// processor's cache, it makes a list for each half of the columns. Each of two processors then reads and updates only its own half of the
// weights, which never travel to the other's cache.
func newLists(m, n, k int) []*lists {
	block := max(1, cached/min(k, wide)/kernel.Group) * kernel.Group
	list := func(from, to int) *lists {
		groups := parts(to-from, kernel.Group)
		return &lists{m, from, to, block, make([]int32, m*(to-from)), make([]int32, parts(m, kernel.Together)*groups)}
	}
	if half := n / 2 / kernel.Group * kernel.Group; k <= wide && half > 0 && m*n*k >= split {
		return []*lists{list(0, half), list(half, n)}
	}
	return []*lists{list(0, n)}
}

// parts returns into how many parts of at most most things n things divide.
func parts(n, most int) int { return (n + most - 1) / most }

// find lists the nonzero columns of the rows [r0, r1) of x, which has ldx columns.
func find[T kernel.Float](z *lists, x []T, ldx, r0, r1 int) {
	s, n := kernel.For[T](), z.to-z.from
	for r := r0; r < r1; r += kernel.Together {
		s.Nonzero(z.index[r*n:(r+1)*n], z.endsOf(r), x[r*ldx+z.from:], ldx, min(kernel.Together, z.m-r))
	}
}

// endsOf returns the ends for the list of the rows that begin with r.
func (z *lists) endsOf(r int) []int32 {
	groups := parts(z.to-z.from, kernel.Group)
	return z.ends[r/kernel.Together*groups:][:groups]
}

// at returns the columns in the list of the rows that begin with r, within the block [from, to). All are counted from z.from.
func (z *lists) at(r, from, to int) []int32 {
	ends, first := z.endsOf(r), int32(0)
	if from > 0 {
		first = ends[from/kernel.Group-1]
	}
	return z.index[r*(z.to-z.from):][first:ends[(to-1)/kernel.Group]]
}

// dense reports whether so much of the matrix is nonzero that the dense product is faster.
func (z *lists) dense() bool {
	total, n := 0, z.to-z.from
	for r := 0; r < z.m; r += kernel.Together {
		total += kernel.Together * len(z.at(r, 0, n))
	}
	return total > z.m*n/2
}

// sparseAffine is y = act(x W + b) over the nonzero elements of x, cut by halves of x's columns if there are lists for both, and otherwise by
// columns of W.
func (l linker[T]) sparseAffine(in *instr) []team.Job {
	m, n, k := in.x[0].shape[0], in.x[0].shape[1], in.x[1].shape[1]
	y, x, w, b := l.of(in.y), l.of(in.x[0]), l.of(in.x[1]), l.bias(in)
	act := activate[T](in.act)
	begin := func(y []T, j0, j1 int) {
		for r := range m {
			copy(y[r*k+j0:r*k+j1], b[j0:j1])
		}
	}
	if len(in.sparse) == 2 {
		l.vm.half = in.sparse[1].from
		other := l.make(m*k, &l.vm.scratch)
		return []team.Job{{Parts: 2, Run: func(i int) {
			z, sum := in.sparse[i], y
			if i == 0 {
				begin(y, 0, k)
			} else {
				sum = other
				clear(sum)
			}
			find(z, x, n, 0, m)
			multiply(z, sum, x, w, n, k, 0, k)
		}}, {Parts: 1, Run: func(int) {
			kernel.For[T]().Add(y, y, other)
			act(y)
		}}}
	}
	z := in.sparse[0]
	size, cuts := cut(m, n, kernel.Together)
	cols := parts(k, wide)
	return []team.Job{{Parts: cuts, Run: func(i int) { find(z, x, n, i*size, min(m, (i+1)*size)) }}, {Parts: cols, Run: func(i int) {
		j0, j1 := i*wide, min(k, (i+1)*wide)
		begin(y, j0, j1)
		multiply(z, y, x, w, n, k, j0, j1)
		if cols == 1 {
			act(y)
			return
		}
		for r := range m {
			act(y[r*k+j0 : r*k+j1])
		}
	}}}
}

// multiply is y += x W over the columns [z.from, z.to) of x, which has n columns, and the columns [j0, j1) of W and y, which have k columns.
func multiply[T kernel.Float](z *lists, y, x, w []T, n, k, j0, j1 int) {
	s, x, w := kernel.For[T](), x[z.from:], w[z.from*k+j0:]
	if z.dense() {
		s.Mul(y[j0:], k, x, n, 1, w, k, z.m, j1-j0, z.to-z.from, 1, 1)
		return
	}
	for from := 0; from < z.to-z.from; from += z.block {
		to := min(z.to-z.from, from+z.block)
		for r := 0; r < z.m; r += kernel.Together {
			s.MulSparse(y[r*k+j0:], k, x[r*n:], n, z.at(r, from, to), w, k, min(kernel.Together, z.m-r), j1-j0)
		}
	}
}

// sparseTMul is tMul over the nonzero elements of a, in the same parts as sparseAffine.
func (l linker[T]) sparseTMul(in *instr) []team.Job {
	n, k := in.x[0].shape[1], in.x[1].shape[1]
	y, factors := l.target(in)
	x, dy := l.of(in.x[0]), l.of(in.x[1])
	r := l.vm.rowsOf(in)
	jobs := []team.Job{{Parts: 1, Run: func(int) { r.find(in.sparse) }}, {Parts: parts(k, wide), Run: func(i int) {
		alpha, beta := factors()
		outer(in.sparse[0], r, y, x, dy, n, k, i*wide, min(k, (i+1)*wide), alpha, beta)
	}}}
	if len(in.sparse) == 2 {
		jobs[1] = team.Job{Parts: 2, Run: func(i int) {
			alpha, beta := factors()
			outer(in.sparse[i], r, y, x, dy, n, k, 0, k, alpha, beta)
		}}
	}
	if r == nil {
		return jobs[1:]
	}
	return jobs
}

// rows says which rows of a gradient may differ from 0: those for which the input has a nonzero column. The others need neither be cleared nor
// added to anything.
type rows struct{ are, were []bool } // in this run and in the previous one

// rowsOf returns the rows of the result if only the instruction writes to its memory, and otherwise nil.
func (vm *VM) rowsOf(in *instr) *rows {
	y := in.y.root()
	if in.update != nil || vm.program.params != nil || !y.keep || y.uses != 1 {
		return nil
	}
	if vm.rows[y] == nil {
		vm.rows[y] = &rows{make([]bool, in.y.shape[0]), make([]bool, in.y.shape[0])}
	}
	return vm.rows[y]
}

// find reads the rows from the lists of this run.
func (r *rows) find(lists []*lists) {
	r.are, r.were = r.were, r.are
	clear(r.are)
	for _, z := range lists {
		for first := 0; first < z.m; first += kernel.Together {
			for _, column := range z.at(first, 0, z.to-z.from) {
				r.are[z.from+int(column)] = true
			}
		}
		for i := z.from; i < z.to && z.dense(); i++ {
			r.are[i] = true
		}
	}
}

// outer is w = β w + α xᵀ dy over the columns [z.from, z.to) of x, which has n columns, and the columns [j0, j1) of w and dy, which have k. rows says
// which rows of w were not 0 before.
func outer[T kernel.Float](z *lists, rows *rows, w, x, dy []T, n, k, j0, j1 int, alpha, beta T) {
	s, x, w, dy := kernel.For[T](), x[z.from:], w[z.from*k+j0:], dy[j0:]
	if z.dense() {
		s.Mul(w, k, x, 1, n, dy, k, z.to-z.from, j1-j0, z.m, alpha, beta)
		return
	}
	for from := 0; from < z.to-z.from; from += z.block {
		to := min(z.to-z.from, from+z.block)
		switch {
		case rows != nil:
			for p := from; p < to; p++ {
				if rows.were[z.from+p] {
					clear(w[p*k : p*k+j1-j0])
				}
			}
		case j1-j0 == k:
			shrink(w[from*k:to*k], beta)
		default:
			for p := from; p < to; p++ {
				shrink(w[p*k:p*k+j1-j0], beta)
			}
		}
		for r := 0; r < z.m; r += kernel.Together {
			s.OuterSparse(w, k, x[r*n:], n, z.at(r, from, to), dy[r*k:], k, min(kernel.Together, z.m-r), j1-j0, alpha)
		}
	}
}
