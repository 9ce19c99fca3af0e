package kernels

import (
	"fmt"
	"math/bits"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// nonzero generates Nonzero.
func (v isa) nonzero() {
	v.text("nonzero", "(idx []int32, ends *int32, x, x1, x2 *float32) int",
		"the number n of columns i < len(idx) for which x[i], x1[i] or x2[i] is not 0; idx[:n] are those, the rest of idx is anything; ends[i] of them are below 16(i+1)")
	idx, x, n, x1, x2, ends := base("idx"), param("x"), length("idx"), param("x1"), param("x2"), param("ends")
	SUBQ(x, x1) // from here on, distances from x
	SUBQ(x, x2)
	f := v.newFinder(idx, ends)
	find := func(mask Op) {
		v.loadTo(f.x, Mem{Base: x}, mask)
		for _, other := range []reg.Register{x1, x2} {
			f.or(v.operand(behind(x, other), mask))
		}
		f.find(mask)
	}
	loopDown(n, v.lanes, "loop", "rest", func() {
		find(nil)
		f.next()
		ADDQ(U8(v.bytes()), x)
	})
	ADDQ(U8(v.lanes), n)
	JE(LabelRef("done"))
	find(v.tail(n))
	Label("done")
	Store(f.found, ReturnIndex(0))
	end()
}

// A finder appends the columns of a vector that are not 0 to idx. AVX-512 has an instruction for this; AVX2 uses a table of the places of a byte's
// bits.
type finder struct {
	isa
	idx, ends, found reg.GPVirtual
	zero, at, step   vec // at are the columns of the lanes; for AVX2, whose table adds the lanes, it is the first column
	x, packed        vec // the columns, and the places of those that are not 0
	chosen           reg.OpmaskVirtual
	places, half     reg.GPVirtual // AVX2: bitPlaces, and whether a vector is the second half of a group
	count            reg.GPVirtual
}

func (v isa) newFinder(idx, ends reg.GPVirtual) finder {
	f := finder{isa: v, idx: idx, ends: ends, found: zeroed()}
	if v == avx2 {
		f.places = address(bitPlaces())
	}
	f.zero, f.at, f.step, f.x, f.packed, f.chosen = v.vec(), v.vec(), v.vec(), v.vec(), v.vec(), K()
	if v == avx512 {
		VPXORD(f.zero, f.zero, f.zero)
		VMOVDQU32(table("counting", 16, func(i int) Constant { return U32(i) }), f.at)
	} else {
		VPXOR(f.zero, f.zero, f.zero)
		VPXOR(f.at, f.at, f.at)
	}
	VPBROADCASTD(repeated(fmt.Sprint("constant", v.lanes), U32(v.lanes), 1), f.step)
	f.count = GP32()
	if v == avx2 {
		f.half = zeroed()
	}
	return f
}

// or is f.x |= x.
func (f finder) or(x Op) {
	if f.isa == avx512 {
		VPORD(x, f.x, f.x)
	} else {
		VPOR(x, f.x, f.x)
	}
}

// find appends the columns where x is not 0. It writes all lanes of packed, or those of mask.
func (f finder) find(mask Op) {
	const notEqual = 4
	to := at(f.idx, f.found)
	if f.isa == avx512 {
		VCMPPS(U8(notEqual), f.zero, f.x, f.chosen)
		VPCOMPRESSD_Z(f.at, f.chosen, f.packed)
		KMOVW(f.chosen, f.count)
	} else {
		VCMPPS(U8(notEqual), f.zero, f.x, f.x)
		VMOVMSKPS(f.x, f.count)
		VPMOVZXBD(Mem{Base: f.places, Index: f.count.As64(), Scale: 8}, f.packed)
		VPADDD(f.at, f.packed, f.packed)
	}
	POPCNTL(f.count, f.count)
	switch {
	case f.isa == avx512 && mask == nil:
		VMOVDQU32(f.packed, to)
	case f.isa == avx512:
		VMOVDQU32(f.packed, mask, to)
	case mask == nil:
		VMOVDQU(f.packed, to)
	default:
		VPMASKMOVD(f.packed, mask, to)
	}
	ADDQ(f.count.As64(), f.found)
	MOVL(f.found.As32(), Mem{Base: f.ends})
	if f.isa == avx2 { // a group has two vectors: the second overwrites what the first writes
		LEAQ(at(f.ends, f.half), f.ends)
		XORQ(Imm(1), f.half)
	}
}

// next moves to the next vector.
func (f finder) next() {
	if f.isa == avx512 {
		ADDQ(Imm(4), f.ends)
	}
	VPADDD(f.step, f.at, f.at)
}

// bitPlaces lists, for every byte, the places of its set bits, one byte each, in a block of eight.
func bitPlaces() Mem {
	return table("bitPlaces", 256, func(b int) Constant {
		var places uint64
		for i := 0; b != 0; i++ {
			places |= uint64(bits.TrailingZeros(uint(b))) << (8 * i)
			b &= b - 1
		}
		return U64(places)
	})
}
