package kernels

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// together is the most rows that share a list of columns. Their sums, as wide as the book's hidden layers, stay in registers.
const together = 3

// mulSparse generates MulSparse for a number of rows, and for as many columns as stay in registers during the loop over idx. A single row has
// several partial sums for each element, so that an addition need not wait for the previous one.
func (v isa) mulSparse(height, widest int) {
	v.arithmetic(fmt.Sprint("mulSparse", height), "(y *float32, ldy int, x *float32, ldx int, idx []int32, w *float32, ldw, n int)",
		fmt.Sprintf("y[r*ldy+j] += Σ x[r*ldx+idx[t]] w[idx[t]*ldw+j] for r < %d, j < n ≤ %d", height, widest*v.lanes))
	s := v.loadSparse(height)
	partial := 1
	for 2*partial*height <= 4 {
		partial *= 2
	}
	v.widths(widest, func(b block) {
		sums := v.sums(partial*height, b.width)
		s.each(b.name(), partial, func(p int, factors []vec, row reg.Register) {
			for j := range b.width {
				w := v.load(b.at(row, j), b.chosen)
				for r := range factors {
					sums[p*height+r][j].addMul(factors[r], w)
				}
			}
		})
		for half := partial / 2; half > 0; half /= 2 {
			for i := range half * height {
				for j := range b.width {
					sums[i][j].add(sums[half*height+i][j])
				}
			}
		}
		y, ldy := param("y"), inBytes(param("ldy"))
		for _, row := range sums[:height] {
			for j, s := range row {
				s.add(v.load(b.at(y, j), b.chosen))
			}
			for j, s := range row {
				v.store(s, b.at(y, j), b.chosen)
			}
			ADDQ(ldy, y)
		}
	})
}

// band is how many vectors of a row sparseRows processes: as many as the steps of an addition on two units, so that none waits for the previous one.
const band = 8

// sparseRows generates MulSparseRows for the columns of one band.
func (v isa) sparseRows() {
	v.arithmetic("sparseRows", "(y *float32, ldy int, x *float32, ldx int, idx, found *int32, w *float32, ldw, m, n, k int)",
		fmt.Sprintf("y[r*ldy+j] += Σ x[r*ldx+idx[r*k+t]] w[idx[r*k+t]*ldw+j] over t < found[r] for r < m, j < n ≤ %d", band*v.lanes))
	y, x, idx, found, w, ldw := param("y"), param("x"), param("idx"), param("found"), param("w"), inBytes(param("ldw"))
	v.widths(band, func(b block) {
		loop(arg("m"), 1, func(reg.GPVirtual) {
			sums, next, count, pitch := v.zeros(b.width), moved(idx), GP64(), GP64()
			MOVLQSX(Mem{Base: found}, count)
			loopDown(count, 1, label("terms"), label("sum"), func() {
				column := GP64()
				MOVLQSX(Mem{Base: next}, column)
				factor := v.spread(at(x, column))
				IMULQ(ldw, column)
				ADDQ(w, column)
				for j, s := range sums {
					s.addMul(factor, v.load(b.at(column, j), b.chosen))
				}
				ADDQ(U8(4), next)
			})
			for j, s := range sums {
				s.add(v.load(b.at(y, j), b.chosen))
			}
			for j, s := range sums {
				v.store(s, b.at(y, j), b.chosen)
			}
			for _, p := range []struct {
				at   reg.GPVirtual
				step string
			}{{y, "ldy"}, {x, "ldx"}, {idx, "k"}} {
				MOVQ(arg(p.step), pitch)
				LEAQ(at(p.at, pitch), p.at)
			}
			ADDQ(U8(4), found)
		})
	})
}

// outerSparse generates OuterSparse for a number of rows, and for as many columns of dy as stay in registers during the loop over idx.
func (v isa) outerSparse(height, widest int) {
	v.arithmetic(fmt.Sprint("outerSparse", height), "(w *float32, ldw int, x *float32, ldx int, idx []int32, dy *float32, ldd, n int, alpha float32)",
		fmt.Sprintf("w[idx[t]*ldw+j] += alpha Σ_r x[r*ldx+idx[t]] dy[r*ldd+j] for r < %d, j < n ≤ %d", height, widest*v.lanes))
	s := v.loadSparse(height)
	v.widths(widest, func(b block) {
		alpha, d := v.scalar("alpha"), make([][]vec, height)
		dy, ldd := param("dy"), inBytes(param("ldd"))
		for r := range d {
			for j := range b.width {
				d[r] = append(d[r], v.load(b.at(dy, j), b.chosen).mul(alpha))
			}
			ADDQ(ldd, dy)
		}
		s.each(b.name(), 1, func(_ int, factors []vec, row reg.Register) {
			add := func(j int) vec {
				w := v.load(b.at(row, j), b.chosen)
				for r := range d {
					w.addMul(d[r][j], factors[r])
				}
				return w
			}
			var last vec
			if b.width > 1 { // the last vector overlaps the previous one, so it is read before that one is written
				last = add(b.width - 1)
			}
			for j := range max(1, b.width-1) {
				v.store(add(j), b.at(row, j), b.chosen)
			}
			if b.width > 1 {
				v.store(last, b.at(row, b.width-1), b.chosen)
			}
		})
	})
}

// A block is a number of columns as whole vectors. The last vector ends where the columns end. What it shares with the previous one is computed
// twice, with the same result, and no store reaches into the next row, whose loads would have to wait for it. A mask selects the columns only
// if they are fewer than a vector's.
type block struct {
	isa
	width  int
	last   reg.Register // offset of the last vector, in bytes
	chosen Op
}

func (b block) name() string { return fmt.Sprint("block", b.width) }

// at is the address of vector j of a row.
func (b block) at(row reg.Register, j int) Mem {
	if j > 0 && j == b.width-1 {
		return behind(row, b.last)
	}
	return Mem{Base: row, Disp: j * b.bytes()}
}

// widths generates the bodies for n columns, depending on the number of vectors, and the end of the function.
func (v isa) widths(widest int, body func(block)) {
	n, last := param("n"), GP64()
	CMPQ(n, U8(v.lanes))
	JLE(LabelRef("few"))
	LEAQ(Mem{Base: n, Disp: -v.lanes}, last)
	inBytes(last)
	for width := 2; width <= widest; width++ {
		above := fmt.Sprint("above", width)
		if width < widest {
			CMPQ(n, U8(width*v.lanes))
			JG(LabelRef(above))
		}
		body(block{isa: v, width: width, last: last})
		JMP(LabelRef("done"))
		if width < widest {
			Label(above)
		}
	}
	Label("few")
	body(block{isa: v, width: 1, chosen: v.tail(n)})
	Label("done")
	end()
}

// sparse holds the arguments of the sparse kernels that name rows of x and w; ldw is in bytes.
type sparse struct {
	isa
	x      []reg.GPVirtual
	w, ldw reg.GPVirtual
}

func (v isa) loadSparse(height int) sparse {
	s := sparse{isa: v, w: param("w"), ldw: inBytes(param("ldw")), x: []reg.GPVirtual{param("x")}}
	for r := 1; r < height; r++ {
		next := moved(arg("ldx"))
		LEAQ(at(s.x[r-1], next), next)
		s.x = append(s.x, next)
	}
	return s
}

// each goes over idx, unroll entries at a time and then one by one. body gets the elements of x in a column, and the column's row of w.
func (s sparse) each(name string, unroll int, body func(i int, x []vec, row reg.Register)) {
	idx, count := base("idx"), length("idx")
	walk := func(name string, unroll int) {
		loopDown(count, unroll, name, name+"End", func() {
			for i := range unroll {
				column := GP64()
				MOVLQSX(Mem{Base: idx, Disp: 4 * i}, column)
				row := moved(column)
				IMULQ(s.ldw, row)
				ADDQ(s.w, row)
				var x []vec
				for _, base := range s.x {
					x = append(x, s.spread(at(base, column)))
				}
				body(i, x, row)
			}
			ADDQ(U8(4*unroll), idx)
		})
	}
	if unroll > 1 {
		walk(name, unroll)
		ADDQ(U8(unroll), count)
	}
	walk(name+"Rest", 1)
}
