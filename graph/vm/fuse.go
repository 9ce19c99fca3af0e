package vm

import (
	"slices"

	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/internal/kernel"
	"github.com/stheno-ml/stheno/internal/team"
)

// Element-wise instructions on equally many elements run in one block, tile by tile. So the result of one is still in the cache for the next, and
// what only they read is never written to memory.

// sink moves element-wise instructions down to where their results are first read, so that they stand next to each other. Updates of parameters
// keep their place among the parameters' readers.
func sink(p *program) {
	if p.rule != nil || !p.stock {
		return
	}
	readers := map[*value]int{}
	for _, in := range p.code {
		for _, x := range in.x {
			readers[x.root()]++
		}
	}
	made := map[*value]*instr{}
	for _, in := range p.code {
		made[in.y.root()] = in
	}
	done := make(map[*instr]bool, len(p.code))
	last := make([]*instr, 0, len(p.code)) // in reverse order
	var emit func(*instr)
	emit = func(in *instr) {
		done[in] = true
		last = append(last, in)
		for _, x := range slices.Backward(in.x) {
			readers[x.root()]--
			if by := made[x.root()]; by != nil && by.flat() && !done[by] && readers[x.root()] == 0 {
				emit(by)
			}
		}
	}
	for _, in := range slices.Backward(p.code) {
		if !done[in] {
			emit(in)
		}
	}
	slices.Reverse(last)
	p.code = last
}

// flat reports whether the instruction works element by element.
func (in *instr) flat() bool { return in.own != nil && in.own.Flat && !in.y.leaf() }

// flatRun returns how many element-wise instructions at the beginning of code can form one block.
func flatRun(code []*instr) int {
	n := 0
	for n < len(code) && code[n].flat() && code[n].y.dtype == code[0].y.dtype && code[n].y.elements() == code[0].y.elements() {
		n++
	}
	return n
}

// tile lets the block run tile by tile, and marks the values that only its own instructions read.
func (p *program) tile(block []*instr) {
	reads := map[*value]int{}
	for _, in := range block {
		for _, x := range in.x {
			reads[x.root()]++
		}
	}
	for _, in := range block {
		y := in.y.root()
		in.tiled = true
		y.inner = !y.keep && y.uses == reads[y]
	}
}

const (
	tileSize = 1024    // elements in a tile
	partSize = 1 << 14 // elements in a part
)

// tiles returns the jobs that run a block tile by tile.
func (l linker[T]) tiles(block []*instr) []team.Job {
	n := block[0].y.elements()
	size := (n + parts(n, partSize) - 1) / parts(n, partSize)
	runs := make([]func(), parts(n, size))
	for i := range runs {
		runs[i] = l.stretch(block, i*size, min(n, (i+1)*size))
	}
	return []team.Job{{Parts: len(runs), Run: func(i int) { runs[i]() }}}
}

// operand is an array that is used tile by tile.
type operand[T kernel.Float] struct {
	data  []T
	still bool // the same for all tiles: a number, or memory that is written and read within a tile
}

func (o operand[T]) tile(at, n int) []T {
	if o.still {
		return o.data[:min(n, len(o.data))]
	}
	return o.data[at : at+n]
}

// stretch returns a function that runs the block on the elements [from, to).
func (l linker[T]) stretch(block []*instr, from, to int) func() {
	type step struct {
		f        func(op.Array[T], []op.Array[T])
		y        operand[T]
		x        []operand[T]
		operands []op.Array[T]
	}
	steps := make([]step, len(block))
	tiles := l.registers(block, min(tileSize, to-from))
	whole := func(v *value) operand[T] {
		if t := tiles[v.root()]; t != nil {
			return operand[T]{t, true}
		}
		return operand[T]{l.of(v), v.elements() == 1}
	}
	for i, in := range block {
		s := step{f: op.Kernel[T](in.own), y: whole(in.y), operands: make([]op.Array[T], len(in.x))}
		for _, x := range in.x {
			s.x = append(s.x, whole(x))
		}
		steps[i] = s
	}
	return func() {
		for at := from; at < to; at += tileSize {
			n := min(tileSize, to-at)
			for i := range steps {
				s := &steps[i]
				for k, x := range s.x {
					s.operands[k].Data = x.tile(at, n)
				}
				s.f(op.Array[T]{Data: s.y.tile(at, n)}, s.operands)
			}
		}
	}
}

// registers returns memory for a tile of each inner value. Values whose lifetimes do not overlap share it.
func (l linker[T]) registers(block []*instr, n int) map[*value][]T {
	last := map[*value]int{}
	for i, in := range block {
		for _, v := range append([]*value{in.y}, in.x...) {
			if v.root().inner {
				last[v.root()] = i
			}
		}
	}
	ends := make([][]*value, len(block)) // values that nothing reads after each instruction
	for _, in := range block {
		if y := in.y.root(); y.inner {
			ends[last[y]] = append(ends[last[y]], y)
		}
	}
	var free [][]T
	tiles := map[*value][]T{}
	for i, in := range block {
		if y := in.y.root(); y.inner {
			if len(free) == 0 {
				free = append(free, l.make(n, &l.vm.scratch))
			}
			tiles[y], free = free[len(free)-1], free[:len(free)-1]
		}
		for _, v := range ends[i] {
			free = append(free, tiles[v])
		}
	}
	return tiles
}
