package kernels

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// peak generates MulAdd: as many sums as a tile of Mul has, with nothing to read, write or wait for.
func (v isa) peak(sums int) {
	v.mulAdds("mulAdd", "float32", sums, v.lanes, VBROADCASTSS, VFMADD213PS)
	v.mulAdds("mulAddDouble", "float64", sums, v.lanes/2, VBROADCASTSD, VFMADD213PD)
}

func (v isa) mulAdds(name, element string, sums, lanes int, spread, mulAdd func(...Op)) {
	v.text(name, "(n int, x "+element+") int", "the number of multiply-adds in n rounds of s = s x + x for many s, in registers alone; n ≥ 1")
	n, x, s := param("n"), v.vec(), v.zeros(sums)
	spread(arg("x"), x)
	done := GP64()
	IMUL3Q(U32(sums*lanes), n, done)
	Label("round")
	for _, s := range s {
		mulAdd(x, x, s)
	}
	DECQ(n)
	JNZ(LabelRef("round"))
	Store(done, ReturnIndex(0))
	end()
}
