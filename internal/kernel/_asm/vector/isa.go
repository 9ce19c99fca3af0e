package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/gotypes"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Vec is a vector register, YMM or ZMM.
type Vec = reg.VecVirtual

// An isa is one instruction set. Most instructions have one name for both widths; what differs, above all how lanes are
// masked, is in the methods of this file.
type isa struct {
	name  string // the end of its functions' names
	width int    // elements of a vector
}

var (
	avx2   = isa{"AVX2", 8}
	avx512 = isa{"AVX512", 16}
)

// text starts the function of this name for v. Its comment is the loop that it is.
func (v isa) text(name, signature string, loop ...string) {
	text(name+v.name, signature, loop...)
}

func text(name, signature string, loop ...string) {
	TEXT(name, attr.NOSPLIT, "func("+signature+")")
	Pragma("noescape")
	loop[0] = name + " is " + loop[0]
	loop[len(loop)-1] += "."
	Doc(loop...)
}

// end is a function's end. The registers' upper parts are cleared, because Go's own code uses their SSE form.
func end() {
	VZEROUPPER()
	RET()
}

func (v isa) vec() Vec {
	if v == avx512 {
		return ZMM()
	}
	return YMM()
}

func (v isa) zero() Vec {
	x := v.vec()
	VXORPS(x, x, x)
	return x
}

// copy is a new register with the value of x, a register or a constant.
func (v isa) copy(x Op) Vec {
	y := v.vec()
	VMOVUPS(x, y)
	return y
}

// mask selects the lanes of the elements from, from+1, … that are among the first n; n < 2 width.
func (v isa) mask(n reg.Register, from int) Op {
	if v == avx512 {
		k, ones := K(), GP64()
		MOVQ(n, reg.RCX)
		MOVQ(I32(1), ones)
		SHLQ(reg.CL, ones)
		DECQ(ones)
		if from > 0 {
			SHRQ(Imm(uint64(from)), ones)
		}
		KMOVW(ones.As32(), k)
		return k
	}
	at, back, mask := GP64(), GP64(), YMM()
	LEAQ(table("lanes", append(repeat(U32(1<<32-1), 16), repeat(U32(0), 16)...)...), at)
	MOVQ(n, back)
	NEGQ(back)
	VMOVUPS(Mem{Base: at, Index: back, Scale: 4, Disp: (16 + from) * 4}, mask)
	return mask
}

// load reads the lanes of mask, all if mask is nil; the others are 0 and their memory is not touched.
func (v isa) load(m Mem, mask Op) Vec {
	x := v.vec()
	switch {
	case mask == nil:
		VMOVUPS(m, x)
	case v == avx512:
		VMOVUPS_Z(m, mask, x)
	default:
		VMASKMOVPS(m, mask, x)
	}
	return x
}

// loadOr reads as load does; the lanes outside of mask are the fill's.
func (v isa) loadOr(m Mem, mask Op, fill Vec) Vec {
	if v == avx512 {
		x := v.copy(fill)
		VMOVUPS(m, mask, x)
		return x
	}
	x := v.load(m, mask)
	VBLENDVPS(mask, x, fill, x)
	return x
}

// store writes the lanes of mask, all if mask is nil.
func (v isa) store(x Vec, m Mem, mask Op) {
	switch {
	case mask == nil:
		VMOVUPS(x, m)
	case v == avx512:
		VMOVUPS(x, mask, m)
	default:
		VMASKMOVPS(x, mask, m)
	}
}

// keep is x in the lanes where a > b, and 0 elsewhere.
func (v isa) keep(x Vec, a, b Op) Vec {
	const less = 17 // ordered, quiet
	y := v.vec()
	if v == avx512 {
		k := K()
		VCMPPS(Imm(less), a, b, k)
		VMOVAPS_Z(x, k, y)
		return y
	}
	VCMPPS(Imm(less), a, b, y)
	VANDPS(x, y, y)
	return y
}

// choose is x in the lanes where a > b, and y elsewhere.
func (v isa) choose(x, y Vec, a, b Op) Vec {
	const less = 17 // ordered, quiet
	z := v.copy(y)
	if v == avx512 {
		k := K()
		VCMPPS(Imm(less), a, b, k)
		VMOVAPS(x, k, z)
		return z
	}
	greater := v.vec()
	VCMPPS(Imm(less), a, b, greater)
	VBLENDVPS(greater, x, z, z)
	return z
}

// max is the larger of a and b, and NaN where one of them is.
func (v isa) max(a, b Vec) Vec {
	const unordered = 3
	m := v.vec()
	VMAXPS(a, b, m)
	if v == avx512 {
		k := K()
		VCMPPS(Imm(unordered), a, b, k)
		VADDPS(a, b, k, m)
		return m
	}
	nan := v.vec()
	VCMPPS(Imm(unordered), a, b, nan)
	VORPS(nan, m, m)
	return m
}

// reduce leaves x_0 ∘ x_1 ∘ … in every lane of x. The order is a tree's, and every lane's is the same.
func (v isa) reduce(op func(ops ...Op), x Vec) {
	y := v.vec()
	if v == avx512 {
		VSHUFF64X2(Imm(0x4e), x, x, y) // the halves change places,
		op(y, x, x)
		VSHUFF64X2(Imm(0xb1), x, x, y) // the quarters,
		op(y, x, x)
	} else {
		VPERM2F128(Imm(1), x, x, y)
		op(y, x, x)
	}
	VPERMILPS(Imm(0x4e), x, y) // the pairs,
	op(y, x, x)
	VPERMILPS(Imm(0xb1), x, y) // the neighbours
	op(y, x, x)
}

// param loads the argument of this name, a number.
func param(name string) reg.GPVirtual {
	r := GP64()
	Load(Param(name), r)
	return r
}

// base loads a slice's first address.
func base(name string) reg.GPVirtual {
	r := GP64()
	Load(Param(name).Base(), r)
	return r
}

// length loads a slice's length.
func length(name string) reg.GPVirtual {
	r := GP64()
	Load(Param(name).Len(), r)
	return r
}

// arg is the memory of the argument of this name, a number.
func arg(name string) Mem { return memory(Param(name)) }

func memory(c gotypes.Component) Mem {
	b, err := c.Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}

// scalar is the float32 argument of this name in every lane.
func (v isa) scalar(name string) Vec {
	x := v.vec()
	VBROADCASTSS(arg(name), x)
	return x
}

// bytes is the size of n elements.
func bytes(n reg.Register) reg.GPVirtual {
	size := GP64()
	MOVQ(n, size)
	SHLQ(Imm(2), size)
	return size
}

// at is the element at this index of the slice that starts at base.
func at(base, index reg.Register) Mem { return Mem{Base: base, Index: index, Scale: 4} }

var labels int

// label is a new name.
func label(name string) string {
	labels++
	return fmt.Sprintf("%s%d", name, labels)
}

// loop is for i := 0; i < end; i += step.
func loop(end Op, step int, body func(i reg.GPVirtual)) {
	i := GP64()
	XORQ(i, i)
	loopFrom(i, end, I32(step), func() { body(i) })
}

// loopFrom is for ; i < end; i += step.
func loopFrom(i reg.Register, end, step Op, body func()) {
	start, done := label("loop"), label("done")
	CMPQ(i, end)
	JGE(LabelRef(done))
	Label(start)
	body()
	ADDQ(step, i)
	CMPQ(i, end)
	JLT(LabelRef(start))
	Label(done)
}

// chunks is the loop over n elements, a vector at a time: body's mask is nil for whole vectors, and selects what remains.
func (v isa) chunks(n reg.GPVirtual, body func(i reg.GPVirtual, mask Op)) {
	i := GP64()
	XORQ(i, i)
	v.chunksFrom(i, n, body)
}

// chunksFrom is chunks for the elements from i, a multiple of the width.
func (v isa) chunksFrom(i, n reg.GPVirtual, body func(i reg.GPVirtual, mask Op)) {
	whole := v.whole(n)
	loopFrom(i, whole, I32(v.width), func() { body(i, nil) })
	v.tail(n, func(mask Op) { body(i, mask) })
}

// whole is n rounded down to whole vectors.
func (v isa) whole(n reg.GPVirtual) reg.GPVirtual {
	whole := GP64()
	MOVQ(n, whole)
	ANDQ(I8(-v.width), whole)
	return whole
}

// tail runs body, unless n is a multiple of the width, with the mask of the elements above it.
func (v isa) tail(n reg.GPVirtual, body func(mask Op)) {
	done, rest := label("done"), GP64()
	MOVQ(n, rest)
	ANDQ(I8(v.width-1), rest)
	JZ(LabelRef(done))
	body(v.mask(rest, 0))
	Label(done)
}
