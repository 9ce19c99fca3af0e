package kernels

import (
	"fmt"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// mul generates Mul for a fixed number of rows. It goes over c in tiles two vectors wide; the last may be narrower.
func (v isa) mul(height int) {
	v.arithmetic(fmt.Sprint("mul", height), "(c *float32, ldc int, a *float32, ai, al int, b *float32, ldb, n, k int, alpha, beta float32)",
		fmt.Sprintf("c[i*ldc+j] = alpha Σ a[i*ai+l*al] b[l*ldb+j] + beta c[i*ldc+j] for i < %d, j < n, l < k, k ≥ 1", height))
	o := operands{c: GP64(), b: GP64(), n: GP64(), ldc: inBytes(param("ldc")), lda: loadPitch("ai"), al: inBytes(param("al"))}
	o.ldb.once = inBytes(param("ldb"))
	o.loadMoving()

	Label("tiles")
	CMPQ(o.n, U8(2*v.lanes))
	JLT(LabelRef("last"))
	tile{v, o, "full", height, 2, nil}.mul()
	ADDQ(U32(2*v.bytes()), o.c)
	ADDQ(U32(2*v.bytes()), o.b)
	SUBQ(U8(2*v.lanes), o.n)
	JMP(LabelRef("tiles"))

	Label("last")
	CMPQ(o.n, U8(v.lanes))
	JLE(LabelRef("narrow"))
	SUBQ(U8(v.lanes), o.n)
	tile{v, o, "wide", height, 2, v.tail(o.n)}.mul()
	JMP(LabelRef("done"))

	Label("narrow")
	TESTQ(o.n, o.n)
	JZ(LabelRef("done"))
	tile{v, o, "thin", height, 1, v.tail(o.n)}.mul()

	Label("done")
	end()
}

// mul generates one tile. Each step loads a row of b's tile and multiplies it by each element of a column of a.
func (t tile) mul() {
	sums := t.sums(t.height, t.width)
	a, b, k := placesAt(param("a"), t.lda, t.height), moved(t.b), param("k")
	if t.last == nil {
		t.walkVectors(t.prefetchNext)
	}

	Label(t.name)
	x, row := t.vec(), make([]vec, t.width)
	for j := range row {
		at := Mem{Base: b, Disp: j * t.bytes()}
		row[j] = t.load(at, t.rowMask(j))
		if t.last == nil {
			t.prefetchNext(at, 0, j)
		}
	}
	for i, s := range sums {
		if t.width == 1 && t.isa == avx512 {
			VFMADD231PS_BCST(a.at(i), row[0], s[0])
			continue
		}
		VBROADCASTSS(a.at(i), x)
		for j := range row {
			s[j].addMul(row[j], x)
		}
	}
	a.advance(t.al)
	ADDQ(t.ldb.once, b)
	DECQ(k)
	JNZ(LabelRef(t.name))

	t.finish(func(alpha vec) {
		for _, s := range slices.Concat(sums...) {
			s.mul(alpha)
		}
	}, func(beta vec) {
		t.walkVectors(func(c Mem, i, j int) { sums[i][j].addMul(beta, t.load(c, t.rowMask(j))) })
	}, func() {
		t.walkVectors(func(c Mem, i, j int) { t.store(sums[i][j], c, t.rowMask(j)) })
	})
}

// rowMask is the mask of vector j of a row.
func (t tile) rowMask(j int) Op {
	if j < t.width-1 {
		return nil
	}
	return t.last
}

// prefetchNext fetches the cache line of the next tile's vector j, because after a column of steps down, the processor would not expect a step to
// the right. The line is that of the vector's end; the one before it has been fetched already.
func (t tile) prefetchNext(at Mem, _, j int) {
	if end := (j + 1) * t.bytes(); end%64 == 0 {
		PREFETCHT0(at.Offset(3*t.bytes() - 1))
	}
}

// walkVectors calls f for each vector of the tile, with its place in memory and in the tile.
func (t tile) walkVectors(f func(c Mem, i, j int)) {
	t.walk(moved(t.c), t.ldc, func(row Mem, i int) {
		for j := range t.width {
			f(row.Offset(j*t.bytes()), i, j)
		}
	})
}
