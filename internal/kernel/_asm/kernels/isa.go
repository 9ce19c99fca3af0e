package kernels

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// An isa is one instruction set. Most instructions have the same name for both widths. Its methods contain what differs, above all how lanes
// are masked.
type isa struct {
	name  string // the end of its functions' names
	lanes int    // float32 elements of a vector
}

var (
	avx2   = isa{"AVX2", 8}
	avx512 = isa{"AVX512", 16}
)

// bytes is the size of a vector.
func (v isa) bytes() int { return 4 * v.lanes }

// text starts the function of the given name for v. Its arguments and results are in parentheses, and its comment is its loop.
func (v isa) text(name, signature string, loop ...string) {
	text(name+v.name, signature, loop...)
}

func text(name, signature string, loop ...string) {
	TEXT(name, NOSPLIT, "func"+signature)
	Pragma("noescape")
	loop[0] = name + " is " + loop[0]
	loop[len(loop)-1] += "."
	Doc(loop...)
}

// arithmetic is text for a function that treats subnormal float32 numbers as 0, both those it reads and those it makes, if package kernel's
// flushing says so. This mode belongs to the thread, in MXCSR. Go moves goroutines between threads, though never in the middle of assembly,
// so each such function sets the mode, and end restores it.
func (v isa) arithmetic(name, signature string, loop ...string) {
	v.text(name, signature, loop...)
	before := AllocLocal(8)
	mxcsr = &before
	ifFlushing("begin", func() {
		STMXCSR(before)
		LDMXCSR(repeated("flush", U32(0x9fc0), 1)) // round to nearest, mask all exceptions, flush to zero, denormals are zero
	})
}

// mxcsr is where the function being generated keeps the old MXCSR; nil if it does not change MXCSR.
var mxcsr *Mem

// ifFlushing runs body if package kernel's flushing is true; skip labels what follows.
func ifFlushing(skip string, body func()) {
	CMPB(NewDataAddr(Symbol{Name: "·flushing"}, 0), Imm(0))
	JEQ(LabelRef(skip))
	body()
	Label(skip)
}

// end ends a function. It clears the registers' upper parts, because Go's own code uses their SSE form.
func end() {
	if mxcsr != nil {
		ifFlushing("return", func() { LDMXCSR(*mxcsr) })
		mxcsr = nil
	}
	VZEROUPPER()
	RET()
}

// A vec is a vector register. Its methods change it and return it. The last argument may be in memory.
type vec struct{ reg.VecVirtual }

func (y vec) add(x Op) vec { VADDPS(x, y, y); return y } // y += x
func (y vec) sub(x Op) vec { VSUBPS(x, y, y); return y } // y −= x
func (y vec) mul(x Op) vec { VMULPS(x, y, y); return y } // y *= x
func (y vec) div(x Op) vec { VDIVPS(x, y, y); return y } // y /= x
func (y vec) xor(x Op) vec { VXORPS(x, y, y); return y } // y ^= x
func (y vec) or(x Op) vec  { VORPS(x, y, y); return y }  // y |= x
func (y vec) sqrt() vec    { VSQRTPS(y, y); return y }   // y = √y

func (y vec) addMul(a, b Op) vec { VFMADD231PS(b, a, y); return y }  // y += a b
func (y vec) subMul(a, b Op) vec { VFNMADD231PS(b, a, y); return y } // y −= a b
func (y vec) mulAdd(a, b Op) vec { VFMADD213PS(b, a, y); return y }  // y = a y + b

// A NaN in y stays: if either operand is NaN, these instructions return the first one here.
func (y vec) atLeast(x vec) vec { VMAXPS(y, x, y); return y } // y = max(y, x)
func (y vec) atMost(x vec) vec  { VMINPS(y, x, y); return y } // y = min(y, x)

func (v isa) vec() vec {
	if v == avx512 {
		return vec{ZMM()}
	}
	return vec{YMM()}
}

// vecs returns n new registers.
func (v isa) vecs(n int) []vec {
	x := make([]vec, n)
	for i := range x {
		x[i] = v.vec()
	}
	return x
}

func (v isa) zero() vec { return v.zeros(1)[0] }

// zeros returns n new registers set to 0.
func (v isa) zeros(n int) []vec {
	x := v.vecs(n)
	for _, z := range x {
		z.xor(z)
	}
	return x
}

// sums returns a tile of new registers set to 0.
func (v isa) sums(height, width int) [][]vec {
	s := make([][]vec, height)
	for i := range s {
		s[i] = v.zeros(width)
	}
	return s
}

// copy is a new register with the value of x, which is a register or in memory.
func (v isa) copy(x Op) vec {
	y := v.vec()
	VMOVUPS(x, y)
	return y
}

// product is a new register with a b. b may be in memory.
func (v isa) product(a, b Op) vec {
	y := v.vec()
	VMULPS(b, a, y)
	return y
}

// spread is a new register with the float32 number x in every lane.
func (v isa) spread(x Mem) vec {
	y := v.vec()
	VBROADCASTSS(x, y)
	return y
}

// compare is the mask of the lanes for which VCMPPS's predicate holds.
func (v isa) compare(predicate uint64, a, b Op) Op {
	var mask Op = v.vec()
	if v == avx512 {
		mask = K()
	}
	VCMPPS(Imm(predicate), a, b, mask)
	return mask
}

// above is the mask of the lanes where a > b.
func (v isa) above(a, b Op) Op { return v.compare(17, a, b) } // less, ordered, quiet

// keep is x in the lanes where a > b, and 0 elsewhere.
func (v isa) keep(x vec, a, b Op) vec { return v.where(x, v.above(a, b)) }

// where is x in the lanes of mask, and 0 elsewhere. It destroys mask.
func (v isa) where(x vec, mask Op) vec {
	if v == avx512 {
		y := v.vec()
		VMOVAPS_Z(x, mask, y)
		return y
	}
	VANDPS(x, mask, mask)
	return mask.(vec)
}

// choose is x in the lanes where a > b, and y elsewhere.
func (v isa) choose(x, y vec, a, b Op) vec {
	z := v.copy(y)
	greater := v.above(a, b)
	if v == avx512 {
		VMOVAPS(x, greater, z)
	} else {
		VBLENDVPS(greater, x, z, z)
	}
	return z
}

// max is the larger of a and b, and NaN if one of them is NaN.
func (v isa) max(a, b vec) vec {
	m := v.vec()
	VMAXPS(a, b, m)
	unordered := v.compare(3, a, b)
	if v == avx512 {
		VADDPS(a, b, unordered, m)
		return m
	}
	return m.or(unordered)
}

// reduce leaves x_0 ∘ x_1 ∘ … in every lane of x. The order is that of a tree, the same for every lane.
func (v isa) reduce(op func(ops ...Op), x vec) {
	y := v.vec()
	if v == avx512 {
		VSHUFF64X2(Imm(0x4e), x, x, y) // swap halves,
		op(y, x, x)
		VSHUFF64X2(Imm(0xb1), x, x, y) // quarters,
	} else {
		VPERM2F128(Imm(1), x, x, y)
	}
	op(y, x, x)
	VPERMILPS(Imm(0x4e), x, y) // pairs,
	op(y, x, x)
	VPERMILPS(Imm(0xb1), x, y) // neighbors
	op(y, x, x)
}
