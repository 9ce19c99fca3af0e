package kernels

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pixels writes part of the last vector twice, so that no lane needs a mask. Rows come in random order, which the processor cannot predict. So
// while one row is read, one that is needed soon is fetched.
func (v isa) pixels() {
	v.text("pixels", "(y []float32, x, soon []byte)", "y[i] = x[i]/256 for i < len(y), at least a vector's width; soon, as long, is made ready to be read")
	y, x, soon, last, c := base("y"), base("x"), base("soon"), length("y"), v.constants("pixel")
	SUBQ(I8(v.lanes), last)
	overlapping(last, v.lanes, func(i reg.Register) {
		p := v.vec()
		PREFETCHT0(behind(soon, i))
		VPMOVZXBD(behind(x, i), p)
		VCVTDQ2PS(p, p)
		v.store(p.mul(c["pixel"]), at(y, i), nil)
	})
	end()
}

// resample gathers four bytes at a time and uses the first two: a pixel and its right neighbor. All numbers except the places are whole, so that
// the sums are the Go row's.
func (v isa) resample() {
	v.text("resample", "(y []float32, x []byte, cols int, right, bottom float32, u, v []float32)",
		"y[i] = the bytes x, in rows of cols, at column u[i] and row v[i], interpolated, over 256, for i < len(y);",
		"columns are kept within 0 and right, rows within 0 and bottom")
	y, x, below, n, left, top := base("y"), base("x"), param("cols"), length("y"), base("u"), base("v")
	right, bottom, stride := v.scalar("right"), v.scalar("bottom"), v.vec()
	c := v.constants("parts", "half", "byte", "unit", "inverse24")
	VPBROADCASTD(arg("cols"), stride)
	neighbors := v.copy(table("neighbors", 16, func(i int) Constant { // bytes that VPSHUFB makes words of
		pixel := uint32(i % 4 * 4)
		return U32(0x80<<24 | (pixel+1)<<16 | 0x80<<8 | pixel)
	}))
	ADDQ(x, below)
	v.chunks(n, func(i reg.GPVirtual, mask Op) {
		across, column := v.place(v.load(at(left, i), mask), right, c)
		down, row := v.place(v.load(at(top, i), mask), bottom, c)
		VPMADDWD(stride, row, row)
		VPADDD(column, row, row)
		weights := v.vec() // of the pixel in the lower half, of its neighbor in the upper
		VPSLLD(Imm(16), across, weights)
		VPSUBD(across, weights, weights)
		VPADDD(c["unit"], weights, weights)
		above, under := v.gather(x, row), v.gather(below, row)
		for _, g := range []vec{above, under} {
			VPSHUFB(neighbors, g, g)
			VPMADDWD(weights, g, g)
		}
		VPSUBD(above, under, under)
		VPMULLD(down, under, under)
		VPSLLD(Imm(8), above, above)
		VPADDD(under, above, above)
		VCVTDQ2PS(above, above)
		v.store(above.mul(c["inverse24"]), at(y, i), mask)
	})
	end()
}

// place is x, limited to 0 and most: its whole part, and the rest in units of 1/256. NaN becomes 0.
func (v isa) place(x, most vec, c constants) (rest, whole vec) {
	rest, whole = v.vec(), v.vec()
	VMAXPS(v.zero(), x, x)
	VMINPS(most, x, x)
	VCVTTPS2DQ(x.mul(c["parts"]).add(c["half"]), whole)
	VANDPS(c["byte"], whole, rest)
	VPSRLD(Imm(8), whole, whole)
	return rest, whole
}

// gather reads the 32 bits from base + offset for each lane of offset.
func (v isa) gather(base reg.Register, offset vec) vec {
	x := v.zero()
	m := behind(base, offset)
	if v == avx512 {
		k := K()
		KXNORW(k, k, k)
		VPGATHERDD(m, k, x)
		return x
	}
	all := v.vec()
	VPCMPEQD(all, all, all)
	VPGATHERDD(all, m, x)
	return x
}
