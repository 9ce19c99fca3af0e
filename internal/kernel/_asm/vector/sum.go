package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// sum adds in four vectors of partial sums, so that one addition need not wait for the last.
func (v isa) sum() {
	v.text("sum", "x []float32) (s float32", "Σ x[i], in an order that depends on len(x) alone")
	x, n, parts := base("x"), length("x"), v.zeros(4)
	i, most := GP64(), GP64()
	XORQ(i, i)
	MOVQ(n, most)
	ANDQ(I8(-4*v.width), most)
	loopFrom(i, most, I32(4*v.width), func() {
		for j, part := range parts {
			VADDPS(at(x, i).Offset(4*j*v.width), part, part)
		}
	})
	v.chunksFrom(i, n, func(i reg.GPVirtual, mask Op) {
		VADDPS(v.load(at(x, i), mask), parts[0], parts[0])
	})
	VADDPS(parts[1], parts[0], parts[0])
	VADDPS(parts[3], parts[2], parts[2])
	VADDPS(parts[2], parts[0], parts[0])
	v.reduce(VADDPS, parts[0])
	VMOVSS(parts[0].AsX(), memory(Return("s")))
	end()
}

// zeros are n vectors of zeros.
func (v isa) zeros(n int) []Vec {
	x := make([]Vec, n)
	for i := range x {
		x[i] = v.zero()
	}
	return x
}

// sumRows keeps the sums of four vectors of columns, then of one, in registers while it walks down the rows.
func (v isa) sumRows() {
	v.text("sumRows", "y, x []float32, ldx, m int", "y[j] = Σ_i x[i·ldx+j] for i < m, in this order")
	y, x, n, m, step := base("y"), base("x"), length("y"), param("m"), param("ldx")
	SHLQ(Imm(2), step)
	columns := func(vectors int, j reg.GPVirtual, mask Op) {
		sums, row := v.zeros(vectors), GP64()
		LEAQ(at(x, j), row)
		loop(m, 1, func(reg.GPVirtual) {
			for c, s := range sums {
				VADDPS(v.load(Mem{Base: row, Disp: 4 * c * v.width}, mask), s, s)
			}
			ADDQ(step, row)
		})
		for c, s := range sums {
			v.store(s, at(y, j).Offset(4*c*v.width), mask)
		}
	}
	j, most := GP64(), GP64()
	XORQ(j, j)
	MOVQ(n, most)
	ANDQ(I8(-4*v.width), most)
	loopFrom(j, most, I32(4*v.width), func() { columns(4, j, nil) })
	v.chunksFrom(j, n, func(j reg.GPVirtual, mask Op) { columns(1, j, mask) })
	end()
}

// addRow walks along the rows; b stays in the first cache.
func (v isa) addRow() {
	v.text("addRow", "y, x, b []float32", "y[i,j] = x[i,j] + b[j] for rows of len(b) elements")
	y, x, b, last, n := base("y"), base("x"), base("b"), length("x"), length("b")
	LEAQ(at(x, last), last)
	step := bytes(n)
	loopFrom(x, last, step, func() {
		v.chunks(n, func(j reg.GPVirtual, mask Op) {
			s := v.load(at(x, j), mask)
			VADDPS(v.load(at(b, j), mask), s, s)
			v.store(s, at(y, j), mask)
		})
		ADDQ(step, y)
	})
	end()
}
