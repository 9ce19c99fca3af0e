package kernels

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/gotypes"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// param loads the argument of the given name, a number or a pointer.
func param(name string) reg.GPVirtual { return component(Param(name)) }

// base loads a slice's first address.
func base(name string) reg.GPVirtual { return component(Param(name).Base()) }

// length loads a slice's length.
func length(name string) reg.GPVirtual { return component(Param(name).Len()) }

func component(c gotypes.Component) reg.GPVirtual {
	r := GP64()
	Load(c, r)
	return r
}

// arg is the memory of the argument of the given name, a number.
func arg(name string) Mem { return memory(Param(name)) }

func memory(c gotypes.Component) Mem {
	b, err := c.Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}

// scalar is the float32 argument of the given name in every lane.
func (v isa) scalar(name string) vec { return v.spread(arg(name)) }

// moved is a new register with the value of r.
func moved(r Op) reg.GPVirtual {
	m := GP64()
	MOVQ(r, m)
	return m
}

// zeroed is a new register with the value 0.
func zeroed() reg.GPVirtual {
	z := GP64()
	XORQ(z, z)
	return z
}

// inBytes converts a number of elements to bytes.
func inBytes(n reg.GPVirtual) reg.GPVirtual {
	SHLQ(Imm(2), n)
	return n
}

// address is a new register with the address of m.
func address(m Mem) reg.GPVirtual {
	a := GP64()
	LEAQ(m, a)
	return a
}

// at is the element with the given index in the slice that starts at base.
func at(base, index reg.Register) Mem { return Mem{Base: base, Index: index, Scale: 4} }

// behind is the memory that begins a number of bytes after base.
func behind(base, bytes reg.Register) Mem { return Mem{Base: base, Index: bytes, Scale: 1} }

// tail512[i] selects the first i of 16 elements.
func tail512() Mem { return table("tail512", 17, func(i int) Constant { return U16(1<<i - 1) }) }

// The bytes from 4i before the middle of tail256 on select the first i of 8 elements.
func tail256() Mem { return table("tail256", 16, func(i int) Constant { return U32(uint32(i/8) - 1) }) }

// tail is the mask of the first count lanes. It destroys count.
func (v isa) tail(count reg.Register) Op {
	if v == avx512 {
		from, mask := address(tail512()), K()
		KMOVW(Mem{Base: from, Index: count, Scale: 2}, mask)
		return mask
	}
	from := address(tail256())
	SHLQ(Imm(2), count)
	SUBQ(count, from)
	return v.copy(Mem{Base: from, Disp: 32})
}

// mask selects the lanes of those elements from, from+1, … that are among the first n; n < 2 lanes.
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
	first, back := address(table("lanes", 32, func(i int) Constant { return U32(uint32(i/16) - 1) })), moved(n)
	NEGQ(back)
	return v.copy(at(first, back).Offset((16 + from) * 4))
}

// load reads the lanes of mask, or all if mask is nil. The other lanes are 0, and their memory is not touched.
func (v isa) load(m Mem, mask Op) vec {
	x := v.vec()
	v.loadTo(x, m, mask)
	return x
}

// loadTo is load into x.
func (v isa) loadTo(x vec, m Mem, mask Op) {
	switch {
	case mask == nil:
		VMOVUPS(m, x)
	case v == avx512:
		VMOVUPS_Z(m, mask, x)
	default:
		VMASKMOVPS(m, mask, x)
	}
}

// operand is load for an instruction that can read memory if all lanes are wanted.
func (v isa) operand(m Mem, mask Op) Op {
	if mask == nil {
		return m
	}
	return v.load(m, mask)
}

// loadOr is load, but the lanes outside of mask come from fill.
func (v isa) loadOr(m Mem, mask Op, fill vec) vec {
	switch {
	case mask == nil:
		return v.copy(m)
	case v == avx512:
		x := v.copy(fill)
		VMOVUPS(m, mask, x)
		return x
	default:
		x := v.load(m, mask)
		VBLENDVPS(mask, x, fill, x)
		return x
	}
}

// store writes the lanes of mask, or all if mask is nil.
func (v isa) store(x vec, m Mem, mask Op) {
	switch {
	case mask == nil:
		VMOVUPS(x, m)
	case v == avx512:
		VMOVUPS(x, mask, m)
	default:
		VMASKMOVPS(x, mask, m)
	}
}
