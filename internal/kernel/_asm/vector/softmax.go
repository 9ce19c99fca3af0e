package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A row is n elements at z: whole vectors, and then the lanes of mask, perhaps none.
type row struct {
	z, n, whole reg.GPVirtual
	rest        Op
	c           constants
}

// rows is the loop over the rows of z.
func (v isa) rows(names []string, body func(r row)) {
	z, last, n := base("z"), length("z"), param("n")
	c := v.constants(append(names, exponential...)...)
	r := row{z: z, n: n, whole: v.whole(n), c: c}
	rest := GP64()
	MOVQ(n, rest)
	ANDQ(I8(v.width-1), rest)
	r.rest = v.mask(rest, 0)
	LEAQ(at(z, last), last)
	loopFrom(z, last, bytes(n), func() { body(r) })
}

// sumExp leaves the row's maximum and the sum of all e^(z−max) in every lane of top and sum. It hands the e^(z−max) of whole
// vectors to keep and returns those of the rest, 0 in the lanes that have no element.
func (v isa) sumExp(r row, keep func(i reg.Register, e Vec)) (top, sum, rest Vec) {
	minus := v.vec()
	VBROADCASTSS(table("infinity", values["infinity"]), minus)
	rest = v.loadOr(at(r.z, r.whole), r.rest, minus)
	top = v.copy(rest)
	loop(r.whole, v.width, func(i reg.GPVirtual) { VMAXPS(at(r.z, i), top, top) })
	v.reduce(VMAXPS, top)

	sum = v.zero()
	loop(r.whole, v.width, func(i reg.GPVirtual) {
		e := v.copy(at(r.z, i))
		VSUBPS(top, e, e)
		e = v.exp(e, r.c)
		VADDPS(e, sum, sum)
		keep(i, e)
	})
	VSUBPS(top, rest, rest)
	rest = v.exp(rest, r.c)
	VADDPS(rest, sum, sum)
	v.reduce(VADDPS, sum)
	return top, sum, rest
}

// softmax keeps the e^(z−max) of whole vectors in p until the sum is known.
func (v isa) softmax() {
	v.text("softmax", "p, z []float32, n int", "p = e^(z−max z) / Σ e^(z−max z) for each row of n elements")
	p := base("p")
	v.rows(nil, func(r row) {
		_, sum, rest := v.sumExp(r, func(i reg.Register, e Vec) { VMOVUPS(e, at(p, i)) })
		loop(r.whole, v.width, func(i reg.GPVirtual) {
			e := v.copy(at(p, i))
			VDIVPS(sum, e, e)
			VMOVUPS(e, at(p, i))
		})
		VDIVPS(sum, rest, rest)
		v.store(rest, at(p, r.whole), r.rest)
		LEAQ(at(p, r.n), p)
	})
	end()
}

// logSumExp adds 0·sum, because ln does not see that the sum is NaN.
func (v isa) logSumExp() {
	v.text("logSumExp", "y, z []float32, n int", "y[i] = ln Σ_j e^(z[i,j]) for each row of n elements")
	y := base("y")
	v.rows(logarithm, func(r row) {
		top, sum, _ := v.sumExp(r, func(reg.Register, Vec) {})
		VADDPS(v.ln(sum, r.c), top, top)
		VFMADD231PS(v.zero(), sum, top)
		VMOVSS(top.AsX(), Mem{Base: y})
		ADDQ(Imm(4), y)
	})
	end()
}
