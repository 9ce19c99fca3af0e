package kernels

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// copyPatches uses AVX2 for both rows, because a copy is limited by its stores, and rows of 8 and 24 elements, as in the book's networks, are whole
// vectors of 8. The rest of other rows is copied with the last 8 elements, some for the second time. The version with 4 is for short
// rows.
func copyPatches(width int, newVec func() reg.VecVirtual) {
	text(fmt.Sprint("copyPatches", width), "(y, x []float32, kernelRows, kernelCols, cols, outRows, outCols, ldy int)",
		"y[(u kernelCols + v) outRows + i, j] = x[(i+u) cols + j+v] for u < kernelRows, v < kernelCols,",
		fmt.Sprint("i < outRows, j < outCols, where y's rows are ldy elements apart; outCols ≥ ", width))
	y, x, kernelCols := base("y"), base("x"), arg("kernelCols")
	rows, last, ldx, ldy := param("outRows"), param("outCols"), param("cols"), param("ldy")
	SUBQ(Imm(uint64(width)), last)
	for _, r := range []reg.GPVirtual{last, ldx, ldy} {
		inBytes(r)
	}
	patch := moved(rows)
	IMULQ(ldy, patch)
	loop(arg("kernelRows"), 1, func(reg.GPVirtual) {
		corner := moved(x)
		loop(kernelCols, 1, func(reg.GPVirtual) {
			overlapping(last, 4*width, func(j reg.Register) {
				from, to := address(behind(corner, j)), address(behind(y, j))
				loop(rows, 1, func(reg.GPVirtual) {
					r := newVec()
					VMOVUPS(Mem{Base: from}, r)
					VMOVUPS(r, Mem{Base: to})
					ADDQ(ldx, from)
					ADDQ(ldy, to)
				})
			})
			ADDQ(patch, y)
			ADDQ(Imm(4), corner)
		})
		ADDQ(ldx, x)
	})
	end()
}

// addPatches sums everything that falls on a vector of x in a register. For the filter's column v, that is a vector of y's row, masked where it
// lies outside of the row; from v to v+1 the mask moves by one lane. So each lane of the mask has its own bit of the window as its sign, with the
// bits of the lanes before it below, and is shifted. Each u has its own sum over v, so that these sums need not wait for
// one another.
func (v isa) addPatches() {
	v.arithmetic("addPatches", "(x, y []float32, window uint32, lanes, first, rows, cols, kernelRows, kernelCols, outRows, outCols, ldu, ldv, pad int)",
		"x[r cols + l] = Σ y[u ldu + v ldv + i outCols + first+l−v] for r < rows, l < lanes, with i = r+pad−u, over",
		"all u < kernelRows and v < kernelCols for which 0 ≤ i < outRows and bit 32−W+l−v of window is set; W is the",
		"width of a vector, lanes ≤ W")
	x, patches, window, kernelCols := base("x"), base("y"), v.vec(), arg("kernelCols")
	mask := v.mask(param("lanes"), 0)
	VBROADCASTSS(arg("window"), window)
	toSign := table("shifts"+v.name, v.lanes, func(l int) Constant { return U32(v.lanes - 1 - l) })
	VPSLLVD(toSign, window, window) // each lane's own bit

	Comment("The way in y, for an element of x, from v to v+1 and from u to u+1, in bytes.")
	right, below, outRow := GP64(), GP64(), inBytes(param("outCols"))
	MOVQ(arg("ldv"), right)
	inBytes(right)
	MOVQ(arg("ldu"), below)
	inBytes(below)
	SUBQ(outRow, below)
	SUBQ(Imm(4), right)

	Comment("patches is where y would have what falls on x's first element for u = v = 0.")
	way := param("first")
	LEAQ(at(patches, way), patches)
	MOVQ(arg("pad"), way)
	IMULQ(outRow, way)
	ADDQ(way, patches)

	loop(arg("rows"), 1, func(r reg.GPVirtual) {
		Comment("u from max(0, r+pad−outRows+1) to min(kernelRows, r+pad+1)")
		u, last, zero, p := GP64(), GP64(), GP64(), GP64()
		MOVQ(r, last)
		ADDQ(arg("pad"), last)
		INCQ(last)
		MOVQ(last, u)
		XORQ(zero, zero)
		SUBQ(arg("outRows"), u)
		CMOVQLT(zero, u)
		CMPQ(last, arg("kernelRows"))
		CMOVQGT(arg("kernelRows"), last)
		MOVQ(u, p)
		IMULQ(below, p)
		ADDQ(patches, p)

		sum := v.zero()
		loopFrom(u, last, I8(1), func() {
			w, part, q := v.copy(window), v.zero(), moved(p)
			loop(kernelCols, 1, func(reg.GPVirtual) {
				v.addWindow(part, Mem{Base: q}, w)
				ADDQ(right, q)
				VPSLLD(Imm(1), w, w)
			})
			sum.add(part)
			ADDQ(below, p)
		})
		v.store(sum, Mem{Base: x}, mask)
		ADDQ(outRow, patches)
		MOVQ(arg("cols"), p)
		LEAQ(at(x, p), x)
	})
	end()
}

// addWindow is sum += m in the lanes where w's sign is set.
func (v isa) addWindow(sum vec, m Mem, w vec) {
	if v == avx512 {
		k := K()
		VPMOVD2M(w, k)
		VADDPS(m, sum, k, sum)
	} else {
		sum.add(v.load(m, w))
	}
}

// pairs splits the elements of rows into even and odd ones, or joins them. It uses AVX2 for both rows, as copyPatches does. The last vectors of a row
// overlap the ones before.
func pairs(name string, width int, signature string, doc []string, between func(even, odd, both Mem)) {
	text(fmt.Sprint(name, width), signature, append(doc, fmt.Sprint("for i < rows, j < n; n ≥ ", width))...)
	last, ldx, ldy := param("n"), inBytes(param("ldx")), inBytes(param("ldy"))
	SUBQ(Imm(uint64(width)), last)
	inBytes(last)
	overlapping(last, 4*width, func(j reg.Register) {
		even, odd, both := address(behind(base("even"), j)), address(behind(base("odd"), j)), address(Mem{Base: base("x"), Index: j, Scale: 2})
		loop(arg("rows"), 1, func(reg.GPVirtual) {
			between(Mem{Base: even}, Mem{Base: odd}, Mem{Base: both})
			ADDQ(ldx, both)
			ADDQ(ldy, even)
			ADDQ(ldy, odd)
		})
	})
	end()
}

// splitPairs and joinPairs are for vectors of 8 and of 4 elements.
func splitPairs(width int, newVec func() reg.VecVirtual) {
	pairs("splitPairs", width, "(even, odd, x []float32, rows, n, ldx, ldy int)",
		[]string{"even[i ldy + j] = x[i ldx + 2j] and odd[i ldy + j] = x[i ldx + 2j+1]"}, func(even, odd, both Mem) {
			a, b, e, o := newVec(), newVec(), newVec(), newVec()
			VMOVUPS(both, a)
			VMOVUPS(both.Offset(4*width), b)
			VSHUFPS(Imm(0x88), b, a, e)
			VSHUFPS(Imm(0xdd), b, a, o)
			if width == 8 { // so far within halves
				VPERMPD(Imm(0xd8), e, e)
				VPERMPD(Imm(0xd8), o, o)
			}
			VMOVUPS(e, even)
			VMOVUPS(o, odd)
		})
}

func joinPairs(width int, newVec func() reg.VecVirtual) {
	pairs("joinPairs", width, "(x, even, odd []float32, rows, n, ldx, ldy int)",
		[]string{"x[i ldx + 2j] = even[i ldy + j] and x[i ldx + 2j+1] = odd[i ldy + j]"}, func(even, odd, both Mem) {
			e, o, a, b := newVec(), newVec(), newVec(), newVec()
			VMOVUPS(even, e)
			VMOVUPS(odd, o)
			VUNPCKLPS(o, e, a)
			VUNPCKHPS(o, e, b)
			if width == 8 { // so far within halves
				VPERM2F128(Imm(0x20), b, a, e)
				VPERM2F128(Imm(0x31), b, a, b)
				a = e
			}
			VMOVUPS(a, both)
			VMOVUPS(b, both.Offset(4*width))
		})
}
