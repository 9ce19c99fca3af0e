package kernels

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// mul generates Mul for a fixed number of rows. It walks c in tiles two vectors wide; the last may be narrower.
func (v isa) mul(height int) {
	v.text(fmt.Sprint("mul", height), "(c *float32, ldc int, a *float32, ai, al int, b *float32, ldb, n, k int, alpha, beta float32)",
		fmt.Sprintf("c[i*ldc+j] = alpha Σ a[i*ai+l*al] b[l*ldb+j] + beta c[i*ldc+j] for i < %d, j < n, l < k, k ≥ 1", height))
	g := mulArgs{c: GP64(), b: GP64(), n: GP64(), ldc: distance("ldc"), ai: loadPitch("ai"), al: distance("al"), ldb: distance("ldb")}
	Load(Param("c"), g.c)
	Load(Param("b"), g.b)
	Load(Param("n"), g.n)

	Label("tiles")
	CMPQ(g.n, U8(2*v.lanes))
	JLT(LabelRef("last"))
	mulTile{tile{v, "full", height, 2}, g, nil}.generate()
	ADDQ(U32(2*v.bytes()), g.c)
	ADDQ(U32(2*v.bytes()), g.b)
	SUBQ(U8(2*v.lanes), g.n)
	JMP(LabelRef("tiles"))

	Label("last")
	CMPQ(g.n, U8(v.lanes))
	JLE(LabelRef("narrow"))
	SUBQ(U8(v.lanes), g.n)
	mulTile{tile{v, "wide", height, 2}, g, v.tail(g.n)}.generate()
	JMP(LabelRef("done"))

	Label("narrow")
	TESTQ(g.n, g.n)
	JZ(LabelRef("done"))
	mulTile{tile{v, "thin", height, 1}, g, v.tail(g.n)}.generate()

	Label("done")
	end()
}

// mulArgs hold Mul's arguments, distances in bytes: c and b move from tile to tile, and n counts down.
type mulArgs struct {
	c, b, n, ldc, al, ldb reg.GPVirtual
	ai                    pitch
}

// A mulTile is as wide as so many vectors; last is the mask of a row's last one.
type mulTile struct {
	tile
	mulArgs
	last Op
}

// generate makes each step load a row of b's tile and multiply it with each element of a column of a.
func (t mulTile) generate() {
	sums := t.sums()
	a, b, k := placesAt(param("a"), t.ai, t.height), moved(t.b), param("k")
	if t.last == nil {
		t.walk(t.prefetchNext)
	}

	Label(t.name)
	x, row := t.vec(), t.vecs(t.width)
	for j := range row {
		at := Mem{Base: b, Disp: j * t.bytes()}
		t.loadTo(row[j], at, t.mask(j))
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
	ADDQ(t.ldb, b)
	DECQ(k)
	JNZ(LabelRef(t.name))

	t.finish(sums)
}

// mask is that of vector j of a row.
func (t mulTile) mask(j int) Op {
	if j < t.width-1 {
		return nil
	}
	return t.last
}

// prefetchNext fetches the cache line where the next tile has its vector j: the processor would not guess a step to the
// right after a column of steps down. The line is that of the vector's end; the one before is fetched already.
func (t mulTile) prefetchNext(at Mem, _, j int) {
	if end := (j + 1) * t.bytes(); end%64 == 0 {
		PREFETCHT0(at.Offset(3*t.bytes() - 1))
	}
}

// finish is c = alpha sums + beta c; with beta = 0 it does not read c.
func (t mulTile) finish(sums [][]vec) {
	alpha, beta, old := t.vec(), t.vec(), t.vec()
	VBROADCASTSS(arg("alpha"), alpha)
	for _, row := range sums {
		for _, s := range row {
			s.mul(alpha)
		}
	}
	jumpIfZero("beta", t.name+"Store")
	VBROADCASTSS(arg("beta"), beta)
	t.walk(func(c Mem, i, j int) {
		t.loadTo(old, c, t.mask(j))
		sums[i][j].addMul(beta, old)
	})
	Label(t.name + "Store")
	t.walk(func(c Mem, i, j int) { t.store(sums[i][j], c, t.mask(j)) })
}

// walk calls f for each vector of the tile, with its place in memory and in the tile.
func (t mulTile) walk(f func(c Mem, i, j int)) {
	t.tile.walk(moved(t.c), t.ldc, func(row Mem, i int) {
		for j := range t.width {
			f(row.Offset(j*t.bytes()), i, j)
		}
	})
}
