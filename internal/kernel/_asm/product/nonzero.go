package main

import (
	"fmt"
	"math/bits"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	nonzeroSignature = "func(idx []int32, ends *int32, x, x1, x2 *float32) int"
	nonzeroLoop      = "the number n of columns i < len(idx) for which x[i], x1[i] or x2[i] is not 0; idx[:n] are those, the rest of idx is anything; ends[i] of them are below 16(i+1)"
)

// nonzeroAVX512 generates Nonzero with the instruction made for it.
func nonzeroAVX512() {
	function("nonzeroAVX512", nonzeroSignature, nonzeroLoop)
	idx, x, n := Load(Param("idx").Base(), GP64()), Load(Param("x"), GP64()), Load(Param("idx").Len(), GP64())
	x1, x2, ends := Load(Param("x1"), GP64()), Load(Param("x2"), GP64()), Load(Param("ends"), GP64())
	SUBQ(x, x1) // from here on the distances from x
	SUBQ(x, x2)
	found := GP64()
	XORQ(found, found)
	zero, at, step, v, packed := ZMM(), ZMM(), ZMM(), ZMM(), ZMM()
	VPXORD(zero, zero, zero)
	VMOVDQU32(counting(), at)
	VPBROADCASTD(constant(16), step)
	chosen, count := K(), GP32()
	compress := func() {
		VCMPPS(U8(4), zero, v, chosen)
		VPCOMPRESSD_Z(at, chosen, packed)
		KMOVW(chosen, count)
		POPCNTL(count, count)
	}
	SUBQ(Imm(16), n)
	JLT(LabelRef("rest"))
	Label("loop")
	VMOVUPS(Mem{Base: x}, v)
	VPORD(Mem{Base: x, Index: x1, Scale: 1}, v, v)
	VPORD(Mem{Base: x, Index: x2, Scale: 1}, v, v)
	compress()
	VMOVDQU32(packed, Mem{Base: idx, Index: found, Scale: 4})
	ADDQ(count.As64(), found)
	MOVL(found.As32(), Mem{Base: ends})
	ADDQ(Imm(4), ends)
	VPADDD(step, at, at)
	ADDQ(Imm(64), x)
	SUBQ(Imm(16), n)
	JGE(LabelRef("loop"))
	Label("rest")
	ADDQ(Imm(16), n)
	JE(LabelRef("done"))
	last := avx512.tail(n)
	avx512.load(Mem{Base: x}, last, v)
	for _, distance := range []reg.Register{x1, x2} {
		more := ZMM()
		avx512.load(Mem{Base: x, Index: distance, Scale: 1}, last, more)
		VPORD(more, v, v)
	}
	compress()
	VMOVDQU32(packed, last, Mem{Base: idx, Index: found, Scale: 4})
	ADDQ(count.As64(), found)
	MOVL(found.As32(), Mem{Base: ends})
	Label("done")
	Store(found, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// nonzeroAVX2 generates Nonzero with a table of the places of a byte's bits.
func nonzeroAVX2() {
	function("nonzeroAVX2", nonzeroSignature, nonzeroLoop)
	idx, x, n := Load(Param("idx").Base(), GP64()), Load(Param("x"), GP64()), Load(Param("idx").Len(), GP64())
	x1, x2, ends := Load(Param("x1"), GP64()), Load(Param("x2"), GP64()), Load(Param("ends"), GP64())
	SUBQ(x, x1) // from here on the distances from x
	SUBQ(x, x2)
	found, table := GP64(), GP64()
	XORQ(found, found)
	LEAQ(bitPlaces(), table)
	zero, at, step, v, packed := YMM(), YMM(), YMM(), YMM(), YMM()
	VPXOR(zero, zero, zero)
	VPXOR(at, at, at)
	VPBROADCASTD(constant(8), step)
	chosen := GP32()
	compress := func() {
		VCMPPS(U8(4), zero, v, v)
		VMOVMSKPS(v, chosen)
		VPMOVZXBD(Mem{Base: table, Index: chosen.As64(), Scale: 8}, packed)
		VPADDD(at, packed, packed)
		POPCNTL(chosen, chosen)
	}
	half := GP64()
	XORQ(half, half)
	count := func() { // for the first vector of a group, too, whose number is then overwritten
		MOVL(found.As32(), Mem{Base: ends})
		LEAQ(Mem{Base: ends, Index: half, Scale: 4}, ends)
		XORQ(Imm(1), half)
	}
	SUBQ(Imm(8), n)
	JLT(LabelRef("rest"))
	Label("loop")
	VMOVUPS(Mem{Base: x}, v)
	VPOR(Mem{Base: x, Index: x1, Scale: 1}, v, v)
	VPOR(Mem{Base: x, Index: x2, Scale: 1}, v, v)
	compress()
	VMOVDQU(packed, Mem{Base: idx, Index: found, Scale: 4})
	ADDQ(chosen.As64(), found)
	count()
	VPADDD(step, at, at)
	ADDQ(Imm(32), x)
	SUBQ(Imm(8), n)
	JGE(LabelRef("loop"))
	Label("rest")
	ADDQ(Imm(8), n)
	JE(LabelRef("done"))
	last := avx2.tail(n)
	avx2.load(Mem{Base: x}, last, v)
	for _, distance := range []reg.Register{x1, x2} {
		more := YMM()
		avx2.load(Mem{Base: x, Index: distance, Scale: 1}, last, more)
		VPOR(more, v, v)
	}
	compress()
	VPMASKMOVD(packed, last, Mem{Base: idx, Index: found, Scale: 4})
	ADDQ(chosen.As64(), found)
	count()
	Label("done")
	Store(found, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

func constant(v uint32) Mem {
	m := GLOBL(fmt.Sprintf("constant%d", v), RODATA|NOPTR)
	DATA(0, U32(v))
	return m
}

// counting is 0, 1, …, 15.
func counting() Mem {
	m := GLOBL("counting", RODATA|NOPTR)
	for i := range 16 {
		DATA(4*i, U32(i))
	}
	return m
}

// bitPlaces are, for every byte, the places of its bits that are set, a byte each, in a block of eight.
func bitPlaces() Mem {
	m := GLOBL("bitPlaces", RODATA|NOPTR)
	for b := range 256 {
		var places uint64
		rest := uint8(b)
		for i := 0; rest != 0; i++ {
			places |= uint64(bits.TrailingZeros8(rest)) << (8 * i)
			rest &= rest - 1
		}
		DATA(8*b, U64(places))
	}
	return m
}
