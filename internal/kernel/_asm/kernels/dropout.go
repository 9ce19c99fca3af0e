package kernels

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// dropout makes a block of 64 bits in each 64-bit lane: four words of 16 bits, in the order of their elements.
func (v isa) dropout() {
	v.text("mask", "(y []float32, key uint64, drop uint32, keep float32)",
		"y[i] = keep where element i's 16 bits of Bits(key, i/4) are at least drop, and 0 elsewhere")
	y, n, keep := base("y"), length("y"), v.scalar("keep")
	d := v.newDraw()

	i, whole := zeroed(), v.whole(n, 2)
	draw := func(low, high Op) {
		block := d.next()
		v.store(d.atLeast(block, keep), at(y, i), low)
		v.upper(block)
		v.store(d.atLeast(block, keep), at(y, i).Offset(v.bytes()), high)
	}
	loopFrom(i, whole, I32(2*v.lanes), func() { draw(nil, nil) })
	rest := v.rest(n, 2)
	unlessZero("done", func() { draw(v.mask(rest, 0), v.mask(rest, v.lanes)) })
	end()
}

// A draw is the state of the counter: i times SplitMix64's step for the blocks i of a vector.
type draw struct {
	isa
	count, key, drop vec
	step             Op
	factors          [2]factor
}

func (v isa) newDraw() draw {
	const golden uint64 = 0x9e3779b97f4a7c15
	d := draw{isa: v, key: v.vec(), drop: v.vec()}
	blocks := v.lanes / 2
	d.count = v.copy(table("counts", 8, func(i int) Constant { return U64(uint64(i) * golden) }))
	d.step = v.copy(repeated("step"+v.name, U64(uint64(blocks)*golden), blocks))
	d.factors = [2]factor{v.factor("mix1", 0xbf58476d1ce4e5b9), v.factor("mix2", 0x94d049bb133111eb)}
	VPBROADCASTQ(arg("key"), d.key)
	VBROADCASTSS(arg("drop"), d.drop)
	return d
}

// next is the Go row's Bits for the next blocks: mix(mix(count) ^ key).
func (d draw) next() vec {
	x := d.copy(d.count)
	VPADDQ(d.step, d.count, d.count)
	d.mix(x)
	x.xor(d.key)
	d.mix(x)
	return x
}

func (d draw) mix(x vec) {
	d.xorShift(x, 30)
	d.times(x, d.factors[0])
	d.xorShift(x, 27)
	d.times(x, d.factors[1])
	d.xorShift(x, 31)
}

// xorShift is x ^= x>>n.
func (d draw) xorShift(x vec, n uint64) {
	y := d.vec()
	VPSRLQ(Imm(n), x, y)
	x.xor(y)
}

// A factor is a 64-bit constant. AVX2, which multiplies 32 bits, also needs its upper half.
type factor struct{ low, high Op }

func (v isa) factor(name string, x uint64) factor {
	f := factor{low: repeated(name, U64(x), 8)}
	if v == avx512 {
		f.low = v.copy(f.low)
	} else {
		f.high = repeated(name+"high", U64(x>>32), 4)
	}
	return f
}

// times is x *= f.
func (d draw) times(x vec, f factor) {
	if d.isa == avx512 {
		VPMULLQ(f.low, x, x)
		return
	}
	cross, y := YMM(), YMM()
	VPSRLQ(Imm(32), x, cross)
	VPMULUDQ(f.low, cross, cross)
	VPMULUDQ(f.high, x, y)
	VPADDQ(y, cross, cross)
	VPSLLQ(Imm(32), cross, cross)
	VPMULUDQ(f.low, x, x)
	VPADDQ(cross, x, x)
}

// atLeast is x for the elements whose words, in the lower half of block, are at least drop, and 0 for the others.
func (d draw) atLeast(block, x vec) vec {
	word, y := d.vec(), d.vec()
	if d.isa == avx512 {
		const notLess = 5
		k := K()
		VPMOVZXWD(block.AsY(), word)
		VPCMPD(Imm(notLess), d.drop, word, k)
		VMOVAPS_Z(x, k, y)
		return y
	}
	VPMOVZXWD(block.AsX(), word)
	VPCMPGTD(word, d.drop, y)
	VPANDN(x, y, y)
	return y
}

// upper moves the upper half of x to the lower.
func (v isa) upper(x vec) {
	if v == avx512 {
		VEXTRACTI64X4(Imm(1), x, x.AsY())
	} else {
		VEXTRACTI128(Imm(1), x, x.AsX())
	}
}
