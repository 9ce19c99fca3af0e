package kernels

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// transpose generates the transposed copy of 8 rows, in blocks of 8×8.
func transpose() {
	text("transpose8", "(dst *float32, ldd int, src *float32, lds, rows, k int)",
		"dst[l*ldd+j] = src[j*lds+l] for j < rows ≤ 8, l < k; up to column 8 and to the next multiple of 8 rows it writes anything")
	dst, src, ldd, lds, rows, k := param("dst"), param("src"), inBytes(param("ldd")), inBytes(param("lds")), param("rows"), param("k")
	zero, full := zeroed(), moved(U32(8))

	Label("blocks")
	count := moved(k)
	CMPQ(k, full)
	CMOVQGT(full, count)
	valid := avx2.tail(count)
	var v []vec
	from, step := moved(src), moved(lds)
	for i := range 8 {
		v = append(v, avx2.load(Mem{Base: from}, valid))
		if i < 7 {
			// After the last row, the same row is read again, into columns that nobody uses.
			CMPQ(rows, U8(i+1))
			CMOVQEQ(zero, step)
			ADDQ(step, from)
		}
	}
	for _, t := range transposed(v) {
		VMOVUPS(t, Mem{Base: dst})
		ADDQ(ldd, dst)
	}
	ADDQ(Imm(32), src)
	SUBQ(Imm(8), k)
	JG(LabelRef("blocks"))
	end()
}

// transposed is the transpose of the 8×8 matrix with the rows v: first elements by pairs, then pairs by fours, then fours by lanes.
func transposed(v []vec) []vec {
	pairs, fours, out := avx2.vecs(8), avx2.vecs(8), avx2.vecs(8)
	for i := 0; i < 8; i += 2 {
		VUNPCKLPS(v[i+1], v[i], pairs[i])
		VUNPCKHPS(v[i+1], v[i], pairs[i+1])
	}
	for i := 0; i < 8; i += 4 {
		for j := range 2 {
			VSHUFPS(U8(0x44), pairs[i+2+j], pairs[i+j], fours[i+2*j])
			VSHUFPS(U8(0xee), pairs[i+2+j], pairs[i+j], fours[i+2*j+1])
		}
	}
	for i := range 4 {
		VPERM2F128(U8(0x20), fours[i+4], fours[i], out[i])
		VPERM2F128(U8(0x31), fours[i+4], fours[i], out[i+4])
	}
	return out
}
