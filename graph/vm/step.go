package vm

import (
	"github.com/stheno-ml/stheno/graph/op"

	"github.com/stheno-ml/stheno/internal/kernel"
	"github.com/stheno-ml/stheno/internal/team"
)

// work is the least number of multiply-adds that make a part worthwhile: about ten microseconds.
const work = 1 << 20

// large is how many elements make it worthwhile to divide an op without products.
const large = 1 << 15

// steps returns the jobs that run a block. How they are divided depends only on shapes, never on the number of threads.
func (l linker[T]) steps(block []*instr) []team.Job {
	in := block[0]
	switch {
	case in.own == sgd:
		return l.sgd(in)
	case in.own == guard:
		return l.guard(in)
	case in.tiled:
		return l.tiles(block)
	case len(block) > 1 || in.convolves() || in.own.Cut.Each != nil && !in.affine() && in.y.shape.TotalSize() >= large:
		return l.group(block)
	case in.sparse != nil && in.affine():
		return l.sparseAffine(in)
	case in.sparse != nil:
		return l.sparseTMul(in)
	case in.affine():
		return l.affine(in)
	case in.own == op.MulT:
		return l.mulT(in)
	case in.own == op.TMul:
		return l.tMul(in)
	case in.own == op.SumRows:
		return l.sumRows(in)
	}
	f, y, x := op.Kernel[T](in.own), l.array(in.y), l.arrays(in.x)
	return whole(func() { f(y, x) })
}

// whole returns a job with one part.
func whole(f func()) []team.Job { return []team.Job{{Parts: 1, Run: func(int) { f() }}} }

// cut divides n items into parts of about work multiply-adds, where an item takes macs. Part i has the items [i*size, min(n, (i+1)*size)), and size
// is a multiple of unit.
func cut(n, macs, unit int) (size, parts int) {
	size = (max(1, work/max(1, macs)) + unit - 1) / unit * unit
	return size, (n + size - 1) / size
}

// call is a kernel with its operands.
type call[T kernel.Float] struct {
	f func(op.Array[T], []op.Array[T])
	y op.Array[T]
	x []op.Array[T]
}

// group runs instructions by examples, in a fixed number of parts. With images, one example goes through all instructions before the next one
// starts. An instruction that sums over examples has a separate sum for each part, and a second job adds these in order.
func (l linker[T]) group(block []*instr) []team.Job {
	m := examples(block[0])
	least := 5
	for _, in := range block {
		least = max(least, in.own.Cut.MinExamples)
	}
	parts := min(8, max(1, m/least))
	calls, sums := make([][]call[T], parts), []func(){}
	for i := range parts {
		from, to := i*m/parts, (i+1)*m/parts
		stride := to - from
		if block[0].convolves() {
			stride = 1
		}
		for e := from; e < to; e += stride {
			for _, in := range block {
				if !in.own.Cut.Sum {
					calls[i] = append(calls[i], l.each(in, e, e+stride))
				}
			}
		}
	}
	for _, in := range block {
		if in.own.Cut.Sum {
			sums = append(sums, l.sum(in, calls))
		}
	}
	jobs := []team.Job{{Parts: parts, Run: func(i int) {
		for _, c := range calls[i] {
			c.f(c.y, c.x)
		}
	}}}
	if len(sums) > 0 && parts > 1 {
		jobs = append(jobs, team.Job{Parts: len(sums), Run: func(i int) { sums[i]() }})
	}
	return jobs
}

// each returns in applied to the examples [from, to).
func (l linker[T]) each(in *instr, from, to int) call[T] {
	x := l.arrays(in.x)
	for k, each := range in.own.Cut.Each {
		if each {
			x[k] = x[k].Rows(from, to)
		}
	}
	return call[T]{op.Kernel[T](in.own), l.array(in.y).Rows(from, to), x}
}

// sum adds to each part's calls the one that computes in's sum over the part's examples. It returns a function that adds up the parts' sums.
func (l linker[T]) sum(in *instr, calls [][]call[T]) func() {
	y, m, parts := l.array(in.y), examples(in), len(calls)
	sums := make([]op.Array[T], parts)
	for i := range calls {
		sums[i] = y
		if i > 0 {
			sums[i] = op.Array[T]{Shape: y.Shape, Data: l.make(len(y.Data), &l.vm.scratch)}
		}
		x := l.arrays(in.x)
		for k := range x {
			x[k] = x[k].Rows(i*m/parts, (i+1)*m/parts)
		}
		calls[i] = append(calls[i], call[T]{op.Kernel[T](in.own), sums[i], x})
	}
	return func() {
		for _, s := range sums[1:] {
			kernel.For[T]().Axpy(y.Data, 1, s.Data)
		}
	}
}
