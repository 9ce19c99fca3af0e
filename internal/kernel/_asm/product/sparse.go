package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// together is the most rows that share a list of columns: their sums, as wide as the book's hidden layers, stay in registers.
const together = 3

// widest is the number of vectors of each of so many rows that stay in registers.
func (t target) widest(height int) int { return t.wide[height-1] }

// mulSparse generates MulSparse for a number of rows and as many columns as stay in registers while idx is walked. A single row has
// several partial sums of an element, so that one addition need not wait for the one before.
func (t target) mulSparse(height int) {
	function(fmt.Sprintf("mulSparse%d%s", height, t.name), "func(y *float32, ldy int, x *float32, ldx int, idx []int32, w *float32, ldw, n int)",
		fmt.Sprintf("y[r*ldy+j] += Σ x[r*ldx+idx[t]] w[idx[t]*ldw+j] for r < %d, j < n ≤ %d", height, t.widest(height)*t.lanes))
	s := t.loadSparse(height)
	partial := 1
	for 2*partial*height <= 4 {
		partial *= 2
	}
	t.widths(height, func(b block) {
		sums := t.sums(partial*height, b.width)
		s.each(b.name(), partial, func(p int, x []Mem, row reg.Register) {
			factors, v := t.vectors(height), t.vector()
			for r := range x {
				VBROADCASTSS(x[r], factors[r])
			}
			for j := range b.width {
				t.load(b.at(row, j), b.chosen, v)
				for r := range x {
					VFMADD231PS(v, factors[r], sums[p*height+r][j])
				}
			}
		})
		for half := partial / 2; half > 0; half /= 2 {
			for i := range half * height {
				for j := range b.width {
					VADDPS(sums[half*height+i][j], sums[i][j], sums[i][j])
				}
			}
		}
		y, ldy := Load(Param("y"), GP64()), loadBytes("ldy")
		for r := range height {
			old := t.vectors(b.width)
			for j := range b.width {
				t.load(b.at(y, j), b.chosen, old[j])
				VADDPS(old[j], sums[r][j], sums[r][j])
			}
			for j := range b.width {
				t.store(sums[r][j], b.chosen, b.at(y, j))
			}
			ADDQ(ldy, y)
		}
	})
}

// outerSparse generates OuterSparse for a number of rows and as many columns of dy as stay in registers while idx is walked.
func (t target) outerSparse(height int) {
	function(fmt.Sprintf("outerSparse%d%s", height, t.name), "func(w *float32, ldw int, x *float32, ldx int, idx []int32, dy *float32, ldd, n int, alpha float32)",
		fmt.Sprintf("w[idx[t]*ldw+j] += alpha Σ_r x[r*ldx+idx[t]] dy[r*ldd+j] for r < %d, j < n ≤ %d", height, t.widest(height)*t.lanes))
	s := t.loadSparse(height)
	t.widths(height, func(b block) {
		alpha, d := t.vector(), t.sums(height, 0)
		VBROADCASTSS(param("alpha"), alpha)
		dy, ldd := Load(Param("dy"), GP64()), loadBytes("ldd")
		for r := range d {
			d[r] = t.vectors(b.width)
			for j := range d[r] {
				t.load(b.at(dy, j), b.chosen, d[r][j])
				VMULPS(alpha, d[r][j], d[r][j])
			}
			ADDQ(ldd, dy)
		}
		s.each(b.name(), 1, func(_ int, x []Mem, row reg.Register) {
			factors, last := t.vectors(height), t.vector()
			for r := range x {
				VBROADCASTSS(x[r], factors[r])
			}
			add := func(v reg.VecVirtual, j int) {
				for r := range d {
					VFMADD231PS(factors[r], d[r][j], v)
				}
			}
			if b.width > 1 { // the last vector, which overlaps the one before, is read before that is written
				t.load(b.at(row, b.width-1), b.chosen, last)
				add(last, b.width-1)
			}
			for j := range max(1, b.width-1) {
				v := t.vector()
				t.load(b.at(row, j), b.chosen, v)
				add(v, j)
				t.store(v, b.chosen, b.at(row, j))
			}
			if b.width > 1 {
				t.store(last, b.chosen, b.at(row, b.width-1))
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

// at is the address of vector j of a row.
func (b block) at(row reg.Register, j int) Mem {
	if j > 0 && j == b.width-1 {
		return Mem{Base: row, Index: b.last, Scale: 1}
	}
	return Mem{Base: row, Disp: j * b.bytes()}
}

// widths generates the bodies for n columns, by the number of their vectors, and the end of the function.
func (t target) widths(height int, body func(block)) {
	n, last, widest := Load(Param("n"), GP64()), GP64(), t.widest(height)
	CMPQ(n, U8(t.lanes))
	JLE(LabelRef("few"))
	LEAQ(Mem{Base: n, Disp: -t.lanes}, last)
	SHLQ(Imm(2), last)
	for width := 2; width <= widest; width++ {
		if width < widest {
			CMPQ(n, U8(width*t.lanes))
			JG(LabelRef(fmt.Sprintf("above%d", width)))
		}
		body(block{target: t, width: width, last: last})
		JMP(LabelRef("done"))
		if width < widest {
			Label(fmt.Sprintf("above%d", width))
		}
	}
	Label("few")
	body(block{target: t, width: 1, chosen: t.tail(n)})
	Label("done")
	VZEROUPPER()
	RET()
}

// sparse holds the arguments of the sparse kernels that name rows of x and w; ldw is in bytes.
type sparse struct {
	x      []reg.Register
	w, ldw reg.Register
}

func (t target) loadSparse(height int) sparse {
	s := sparse{w: Load(Param("w"), GP64()), ldw: loadBytes("ldw")}
	var x reg.GPVirtual
	for r := range height {
		next := GP64()
		if r == 0 {
			Load(Param("x"), next)
		} else {
			MOVQ(param("ldx"), next)
			LEAQ(Mem{Base: x, Index: next, Scale: 4}, next)
		}
		x = next
		s.x = append(s.x, x)
	}
	return s
}

// each walks idx, so many at a time, and then one by one; body gets the elements of x in a column and the column's row of w.
func (s sparse) each(name string, unroll int, body func(i int, x []Mem, row reg.Register)) {
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
			var x []Mem
			for _, base := range s.x {
				x = append(x, Mem{Base: base, Index: at, Scale: 4})
			}
			body(i, x, row)
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
