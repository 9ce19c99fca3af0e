package kernels

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A row is n elements at z: whole vectors, and then the lanes of mask, if any.
type row struct {
	z, n, whole reg.GPVirtual
	rest        Op
	c           constants
}

// rows is the loop over the rows of z.
func (v isa) rows(names []string, body func(r row)) {
	z, last, n := base("z"), length("z"), param("n")
	c := v.constants(append(names, exponential...)...)
	r := row{z: z, n: n, whole: v.whole(n, 1), c: c}
	r.rest = v.mask(v.rest(n, 1), 0)
	LEAQ(at(z, last), last)
	loopFrom(z, last, inBytes(moved(n)), func() { body(r) })
}

// sumExp leaves the row's maximum and the sum of all e^(z−max) in every lane of top and sum. It passes the e^(z−max) of whole vectors to keep, and
// returns those of the rest, with 0 in lanes that have no element.
func (v isa) sumExp(r row, keep func(i reg.Register, e vec)) (top, sum, rest vec) {
	rest = v.loadOr(at(r.z, r.whole), r.rest, v.spread(repeated("infinity", values["infinity"], 1)))
	top = v.copy(rest)
	loop(r.whole, v.lanes, func(i reg.GPVirtual) { VMAXPS(at(r.z, i), top, top) })
	v.reduce(VMAXPS, top)

	sum = v.zero()
	loop(r.whole, v.lanes, func(i reg.GPVirtual) {
		e := v.exp(v.copy(at(r.z, i)).sub(top), r.c)
		sum.add(e)
		keep(i, e)
	})
	rest = v.exp(rest.sub(top), r.c)
	v.reduce(VADDPS, sum.add(rest))
	return top, sum, rest
}

// softmax keeps the e^(z−max) of whole vectors in p until the sum is known.
func (v isa) softmax() {
	v.arithmetic("softmax", "(p, z []float32, n int)", "p = e^(z−max z) / Σ e^(z−max z) for each row of n elements")
	p := base("p")
	v.rows(nil, func(r row) {
		_, sum, rest := v.sumExp(r, func(i reg.Register, e vec) { v.store(e, at(p, i), nil) })
		loop(r.whole, v.lanes, func(i reg.GPVirtual) {
			v.store(v.copy(at(p, i)).div(sum), at(p, i), nil)
		})
		v.store(rest.div(sum), at(p, r.whole), r.rest)
		LEAQ(at(p, r.n), p)
	})
	end()
}

// logSumExp adds 0·sum, because ln does not notice that the sum is NaN.
func (v isa) logSumExp() {
	v.arithmetic("logSumExp", "(y, z []float32, n int)", "y[i] = ln Σ_j e^(z[i,j]) for each row of n elements")
	y := base("y")
	v.rows(logarithm, func(r row) {
		top, sum, _ := v.sumExp(r, func(reg.Register, vec) {})
		top.add(v.ln(sum, r.c)).addMul(sum, v.zero())
		VMOVSS(top.AsX(), Mem{Base: y})
		ADDQ(Imm(4), y)
	})
	end()
}
