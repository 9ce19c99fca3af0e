package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// mulSparse generates MulSparse for as many columns as stay in registers while idx is walked. Each element has several
// partial sums, so that one addition need not wait for the one before.
func (t target) mulSparse() {
	function("mulSparse"+t.name, "func(y, x []float32, idx []int32, w []float32, ldw int)",
		fmt.Sprintf("y[j] += Σ x[idx[t]] w[idx[t]*ldw+j] for j < len(y) ≤ %d", t.widest*t.lanes))
	y, s := Load(Param("y").Base(), GP64()), loadSparse()
	t.widths(Load(Param("y").Len(), GP64()), func(b block) {
		sums := t.sums(t.partial, b.width)
		s.each(b.name(), t.partial, func(p int, x Mem, row reg.Register) {
			factor, v := t.vector(), t.vector()
			VBROADCASTSS(x, factor)
			for j := range b.width {
				t.load(b.at(row, j), b.chosen, v)
				VFMADD231PS(v, factor, sums[p][j])
			}
		})
		for j := range b.width {
			for half := t.partial / 2; half > 0; half /= 2 {
				for p := range half {
					VADDPS(sums[p+half][j], sums[p][j], sums[p][j])
				}
			}
		}
		old := t.vectors(b.width)
		for j := range b.width {
			t.load(b.at(y, j), b.chosen, old[j])
			VADDPS(old[j], sums[0][j], sums[0][j])
		}
		for j := range b.width {
			t.store(sums[0][j], b.chosen, b.at(y, j))
		}
	})
}

// outerSparse generates OuterSparse for as many columns of dy as stay in registers while idx is walked.
func (t target) outerSparse() {
	function("outerSparse"+t.name, "func(w []float32, ldw int, x []float32, idx []int32, dy []float32, alpha float32)",
		fmt.Sprintf("w[idx[t]*ldw+j] += alpha x[idx[t]] dy[j] for j < len(dy) ≤ %d", t.widest*t.lanes))
	dy, s := Load(Param("dy").Base(), GP64()), loadSparse()
	t.widths(Load(Param("dy").Len(), GP64()), func(b block) {
		alpha, d := t.vector(), t.vectors(b.width)
		VBROADCASTSS(param("alpha"), alpha)
		for j := range d {
			t.load(b.at(dy, j), b.chosen, d[j])
			VMULPS(alpha, d[j], d[j])
		}
		s.each(b.name(), 1, func(_ int, x Mem, row reg.Register) {
			factor, v := t.vector(), t.vectors(b.width)
			VBROADCASTSS(x, factor)
			for j := range v {
				t.load(b.at(row, j), b.chosen, v[j])
				VFMADD231PS(factor, d[j], v[j])
			}
			for j := range v {
				t.store(v[j], b.chosen, b.at(row, j))
			}
		})
	})
}

// A block is a number of columns as whole vectors. The last one ends where the columns end: what it shares with the one
// before is computed twice, alike, and no store reaches into the row behind, whose loads would have to wait for it. A mask
// chooses the columns only where they are fewer than a vector's.
type block struct {
	target
	width  int
	last   reg.Register // offset of the last vector, in bytes
	chosen mask
}

func (b block) name() string { return fmt.Sprintf("block%d", b.width) }

// at is the address of vector j of a row; all of a row is read before any of it is written.
func (b block) at(row reg.Register, j int) Mem {
	if j > 0 && j == b.width-1 {
		return Mem{Base: row, Index: b.last, Scale: 1}
	}
	return Mem{Base: row, Disp: j * b.bytes()}
}

// widths generates the bodies for n columns, by the number of their vectors, and the end of the function.
func (t target) widths(n reg.Register, body func(block)) {
	CMPQ(n, U8(t.lanes))
	JLE(LabelRef("few"))
	last := GP64()
	LEAQ(Mem{Base: n, Disp: -t.lanes}, last)
	SHLQ(Imm(2), last)
	for width := 2; width <= t.widest; width++ {
		if width < t.widest {
			CMPQ(n, U8(width*t.lanes))
			JG(LabelRef(fmt.Sprintf("above%d", width)))
		}
		body(block{target: t, width: width, last: last})
		JMP(LabelRef("done"))
		if width < t.widest {
			Label(fmt.Sprintf("above%d", width))
		}
	}
	Label("few")
	body(block{target: t, width: 1, chosen: t.tail(n)})
	Label("done")
	VZEROUPPER()
	RET()
}

// sparse holds the arguments of the sparse kernels that name rows of w; ldw is in bytes.
type sparse struct{ x, w, ldw reg.Register }

func loadSparse() sparse {
	return sparse{Load(Param("x").Base(), GP64()), Load(Param("w").Base(), GP64()), loadBytes("ldw")}
}

// each walks idx, so many at a time, and then one by one; body gets the address of an element of x and of its row of w.
func (s sparse) each(name string, unroll int, body func(i int, x Mem, row reg.Register)) {
	idx, count := Load(Param("idx").Base(), GP64()), Load(Param("idx").Len(), GP64())
	loop := func(name string, unroll int) {
		SUBQ(U8(unroll), count)
		JLT(LabelRef(name + "End"))
		Label(name)
		for i := range unroll {
			at, row := GP64(), GP64()
			MOVLQSX(Mem{Base: idx, Disp: 4 * i}, at)
			MOVQ(at, row)
			IMULQ(s.ldw, row)
			ADDQ(s.w, row)
			body(i, Mem{Base: s.x, Index: at, Scale: 4}, row)
		}
		ADDQ(U8(4*unroll), idx)
		SUBQ(U8(unroll), count)
		JGE(LabelRef(name))
		Label(name + "End")
	}
	if unroll > 1 {
		loop(name, unroll)
		ADDQ(U8(unroll), count)
	}
	loop(name+"Rest", 1)
}
