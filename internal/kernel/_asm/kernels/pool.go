package kernels

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A strip is a vector of windows of 2×2, side by side: the indices of its first element in the upper and the lower row of the large matrix and in the
// small one, and the masks of the first and second vector of a large row and of the small vector.
type strip struct {
	upper, lower, small reg.GPVirtual
	mask                [3]Op
}

// strips is the loop over all strips of pairs of rows. The large matrix's rows have cols elements.
func (v isa) strips(body func(s strip)) {
	pairs, outCols, cols := param("pairs"), param("outCols"), param("cols")
	s := strip{upper: GP64(), lower: GP64(), small: GP64()}
	rest := v.rest(outCols, 1)
	twice := address(behind(rest, rest))
	masks := [3]Op{v.mask(twice, 0), v.mask(twice, v.lanes), v.mask(rest, 0)}

	large, end := zeroed(), GP64()
	XORQ(s.small, s.small)
	loop(pairs, 1, func(reg.GPVirtual) {
		MOVQ(large, s.upper)
		LEAQ(behind(large, cols), s.lower)
		LEAQ(behind(s.small, outCols), end)
		SUBQ(rest, end)
		loopFrom(s.small, end, I32(v.lanes), func() {
			body(s)
			ADDQ(I32(2*v.lanes), s.upper)
			ADDQ(I32(2*v.lanes), s.lower)
		})
		TESTQ(rest, rest)
		unlessZero("skip", func() {
			s.mask = masks
			body(s)
		})
		ADDQ(rest, s.small)
		LEAQ(Mem{Base: large, Index: cols, Scale: 2}, large)
	})
}

// evenOdd separates the even and the odd columns of two vectors of x. The results alternate between pairs from the first vector and pairs from
// the second. Permuting such a vector by columns puts its elements into their true order; by pairs, back.
func (v isa) evenOdd(x, i reg.Register, mask [3]Op) (even, odd vec) {
	a, b := v.load(at(x, i), mask[0]), v.load(at(x, i).Offset(v.bytes()), mask[1])
	even, odd = v.vec(), v.vec()
	VSHUFPS(Imm(0x88), b, a, even)
	VSHUFPS(Imm(0xdd), b, a, odd)
	return even, odd
}

// interleave writes the columns in the order that evenOdd separates.
func (v isa) interleave(even, odd vec, m Mem, mask [3]Op) {
	a, b := v.vec(), v.vec()
	VUNPCKLPS(odd, even, a)
	VUNPCKHPS(odd, even, b)
	v.store(a, m, mask[0])
	v.store(b, m.Offset(v.bytes()), mask[1])
}

// windows is evenOdd for both rows of a strip of x: the four elements of its windows, in order.
func (v isa) windows(x reg.Register, s strip) (a, b, c, d vec) {
	a, b = v.evenOdd(x, s.upper, s.mask)
	c, d = v.evenOdd(x, s.lower, s.mask)
	return a, b, c, d
}

// permute reorders x's pairs of elements. AVX2 has four pairs, and its two orders are the same.
func (v isa) permute(x vec, order Op) {
	if v == avx512 {
		VPERMPD(x, order, x)
	} else {
		VPERMPD(Imm(0xd8), x, x)
	}
}

func (v isa) columns() Op { return v.order("columns", 0, 2, 4, 6, 1, 3, 5, 7) }
func (v isa) pairs() Op   { return v.order("pairs", 0, 4, 1, 5, 2, 6, 3, 7) }

// order is an order for permute. AVX-512 needs it in a register.
func (v isa) order(name string, places ...uint64) Op {
	if v == avx2 {
		return nil
	}
	return v.copy(table(name, len(places), func(i int) Constant { return U64(places[i]) }))
}

// quarter is ¼ in every lane.
func (v isa) quarter() vec { return v.copy(repeated("quarter", F32(0.25), avx512.lanes)) }

func (v isa) maxPool() {
	v.text("maxPool", "(y, x []float32, pairs, outCols, cols int)",
		"y[i,j] = max(x[2i,2j], x[2i,2j+1], x[2i+1,2j], x[2i+1,2j+1]) for i < pairs, j < outCols; NaN wins")
	y, x, columns := base("y"), base("x"), v.columns()
	v.strips(func(s strip) {
		a, b, c, d := v.windows(x, s)
		top := v.max(v.max(a, b), v.max(c, d))
		v.permute(top, columns)
		v.store(top, at(y, s.small), s.mask[2])
	})
	end()
}

// maxPoolGrad goes from the last element of a window to the first. An element greater than the maximum of those before it takes what is left of dy:
// xor with itself leaves 0 of it, and xor with 0 leaves everything.
func (v isa) maxPoolGrad() {
	v.text("maxPoolGrad", "(dx, x, dy []float32, pairs, outCols, cols int)",
		"dx = dy[i,j] at the first maximum of x[2i,2j], x[2i,2j+1], x[2i+1,2j], x[2i+1,2j+1], and 0 at the other three")
	dx, x, dy, pairs := base("dx"), base("x"), base("dy"), v.pairs()
	v.strips(func(s strip) {
		a, b, c, d := v.windows(x, s)
		ab, abc := v.vec(), v.vec()
		VMAXPS(a, b, ab) // b if b > a, else a
		VMAXPS(ab, c, abc)

		da := v.load(at(dy, s.small), s.mask[2])
		v.permute(da, pairs)
		take := func(x, before vec) vec {
			dx := v.keep(da, x, before)
			da.xor(dx)
			return dx
		}
		dd := take(d, abc)
		dc := take(c, ab)
		db := take(b, a)
		v.interleave(da, db, at(dx, s.upper), s.mask)
		v.interleave(dc, dd, at(dx, s.lower), s.mask)
	})
	end()
}

func (v isa) avgPool() {
	v.arithmetic("avgPool", "(y, x []float32, pairs, outCols, cols int)",
		"y[i,j] = (x[2i,2j] + x[2i,2j+1] + x[2i+1,2j] + x[2i+1,2j+1])/4 for i < pairs, j < outCols")
	y, x, columns, quarter := base("y"), base("x"), v.columns(), v.quarter()
	v.strips(func(s strip) {
		a, b, c, d := v.windows(x, s)
		mean := a.add(b).add(c).add(d).mul(quarter)
		v.permute(mean, columns)
		v.store(mean, at(y, s.small), s.mask[2])
	})
	end()
}

func (v isa) avgPoolGrad() {
	v.arithmetic("avgPoolGrad", "(dx, dy []float32, pairs, outCols, cols int)",
		"dx = dy[i,j]/4 at x[2i,2j], x[2i,2j+1], x[2i+1,2j], x[2i+1,2j+1]")
	dx, dy, pairs, quarter := base("dx"), base("dy"), v.pairs(), v.quarter()
	v.strips(func(s strip) {
		d := v.load(at(dy, s.small), s.mask[2]).mul(quarter)
		v.permute(d, pairs)
		v.interleave(d, d, at(dx, s.upper), s.mask)
		v.interleave(d, d, at(dx, s.lower), s.mask)
	})
	end()
}
