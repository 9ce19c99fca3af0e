package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// sum is a kernel of package kernel; so are those below.
func (v isa) sum() {
	v.text("sum", "x []float32) (s float32", "Σ x[i], in an order that depends on len(x) alone")
	x, n, parts := base("x"), length("x"), v.zeros(4)
	v.fourfold(n, func(j int, in place, mask Op) {
		if mask == nil {
			VADDPS(in(x), parts[j], parts[j])
		} else {
			VADDPS(v.load(in(x), mask), parts[j], parts[j])
		}
	})
	v.returns("s", parts)
	end()
}

func (v isa) sumSquares() {
	v.text("sumSquares", "x []float32, mean float32) (s float32", "Σ (x[i]−mean)², in an order that depends on len(x) alone")
	x, n, mean, parts := base("x"), length("x"), v.scalar("mean"), v.zeros(4)
	v.fourfold(n, func(j int, in place, mask Op) {
		d := v.fill(in(x), mask, mean)
		VSUBPS(mean, d, d)
		VFMADD231PS(d, d, parts[j])
	})
	v.returns("s", parts)
	end()
}

func (v isa) sumProducts() {
	v.text("sumProducts", "dy, x []float32, mean float32) (sum, product float32",
		"Σ dy[i] and Σ dy[i] (x[i]−mean), in an order that depends on len(dy) alone")
	dy, x, n, mean, sums, products := base("dy"), base("x"), length("dy"), v.scalar("mean"), v.zeros(4), v.zeros(4)
	v.fourfold(n, func(j int, in place, mask Op) {
		d, y := v.fill(in(x), mask, mean), v.load(in(dy), mask)
		VSUBPS(mean, d, d)
		VADDPS(y, sums[j], sums[j])
		VFMADD231PS(d, y, products[j])
	})
	v.returns("sum", sums)
	v.returns("product", products)
	end()
}

// place is the memory of a slice's vector that a loop has come to.
type place = func(slice reg.Register) Mem

// fourfold runs body for all vectors of n elements, four at a time, so that four sums need not wait for each other; j says whose turn it is.
func (v isa) fourfold(n reg.GPVirtual, body func(j int, in place, mask Op)) {
	i, most := GP64(), GP64()
	XORQ(i, i)
	MOVQ(n, most)
	ANDQ(I8(-4*v.width), most)
	loopFrom(i, most, I32(4*v.width), func() {
		for j := range 4 {
			body(j, func(slice reg.Register) Mem { return at(slice, i).Offset(4 * j * v.width) }, nil)
		}
	})
	v.chunksFrom(i, n, func(i reg.GPVirtual, mask Op) {
		body(0, func(slice reg.Register) Mem { return at(slice, i) }, mask)
	})
}

// fill reads as load does, and has x in the lanes outside of mask.
func (v isa) fill(m Mem, mask Op, x Vec) Vec {
	if mask == nil {
		return v.load(m, nil)
	}
	return v.loadOr(m, mask, x)
}

// returns gives the result of this name the sum of four vectors' elements.
func (v isa) returns(name string, parts []Vec) {
	VADDPS(parts[1], parts[0], parts[0])
	VADDPS(parts[3], parts[2], parts[2])
	VADDPS(parts[2], parts[0], parts[0])
	v.reduce(VADDPS, parts[0])
	VMOVSS(parts[0].AsX(), memory(Return(name)))
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
