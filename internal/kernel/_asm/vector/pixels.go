package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pixels makes the last vector twice in part, so that no lane needs a mask. Rows are taken in random order, which the
// processor cannot foresee: a row that comes soon is asked for while this one is read.
func (v isa) pixels() {
	v.text("pixels", "y []float32, x, soon []byte", "y[i] = x[i]/256 for i < len(y), at least a vector's width; soon, as long, is made ready to be read")
	y, x, soon, last, c := base("y"), base("x"), base("soon"), length("y"), v.constants("pixel")
	SUBQ(I8(v.width), last)
	convert := func(i reg.Register) {
		p := v.vec()
		PREFETCHT0(Mem{Base: soon, Index: i, Scale: 1})
		VPMOVZXBD(Mem{Base: x, Index: i, Scale: 1}, p)
		VCVTDQ2PS(p, p)
		VMULPS(c["pixel"], p, p)
		VMOVUPS(p, at(y, i))
	}
	loop(last, v.width, func(i reg.GPVirtual) { convert(i) })
	convert(last)
	end()
}
