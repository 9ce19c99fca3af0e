package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// mul generates Mul for a fixed number of rows. It walks c in tiles two vectors wide; the last may be narrower.
func (t target) mul(height int) {
	function(fmt.Sprintf("mul%d%s", height, t.name),
		"func(c *float32, ldc int, a *float32, ai, al int, b *float32, ldb, n, k int, alpha, beta float32)",
		fmt.Sprintf("c[i*ldc+j] = alpha Σ a[i*ai+l*al] b[l*ldb+j] + beta c[i*ldc+j] for i < %d, j < n, l < k, k ≥ 1", height))
	g := mulArgs{c: GP64(), b: GP64(), n: GP64(), ldc: loadBytes("ldc"), ai: loadPitch("ai"), al: loadBytes("al"), ldb: loadBytes("ldb")}
	Load(Param("c"), g.c)
	Load(Param("b"), g.b)
	Load(Param("n"), g.n)

	Label("tiles")
	CMPQ(g.n, U8(2*t.lanes))
	JLT(LabelRef("last"))
	t.mulTile(g, mulTile{name: "full", height: height, width: 2})
	ADDQ(U32(2*t.bytes()), g.c)
	ADDQ(U32(2*t.bytes()), g.b)
	SUBQ(U8(2*t.lanes), g.n)
	JMP(LabelRef("tiles"))

	Label("last")
	CMPQ(g.n, U8(t.lanes))
	JLE(LabelRef("narrow"))
	SUBQ(U8(t.lanes), g.n)
	t.mulTile(g, mulTile{name: "wide", height: height, width: 2, last: t.tail(g.n)})
	JMP(LabelRef("done"))

	Label("narrow")
	TESTQ(g.n, g.n)
	JZ(LabelRef("done"))
	t.mulTile(g, mulTile{name: "thin", height: height, width: 1, last: t.tail(g.n)})

	Label("done")
	VZEROUPPER()
	RET()
}

// mulArgs hold Mul's arguments, distances in bytes: c and b move from tile to tile, and n counts down.
type mulArgs struct {
	c, b, n, ldc, al, ldb reg.GPVirtual
	ai                    pitch
}

// A mulTile is a block of c whose sums are in registers. Its width is in vectors; last is the mask of a row's last one.
type mulTile struct {
	name          string
	height, width int
	last          mask
}

// mask is that of vector j of a row.
func (tile mulTile) mask(j int) mask {
	if j < tile.width-1 {
		return nil
	}
	return tile.last
}

// mulTile generates one tile: each step loads a row of b's tile and multiplies it with each element of a column of a.
func (t target) mulTile(g mulArgs, tile mulTile) {
	sums := t.sums(tile.height, tile.width)
	a := rowsAt(Load(Param("a"), GP64()), g.ai, tile.height)
	b := GP64()
	MOVQ(g.b, b)
	k := Load(Param("k"), GP64())
	if tile.last == nil {
		tile.walk(t, g, func(c Mem, _, j int) { t.prefetchNext(c, j) })
	}

	Label(tile.name)
	x, v := t.vector(), t.vectors(tile.width)
	for j := range v {
		at := Mem{Base: b, Disp: j * t.bytes()}
		t.load(at, tile.mask(j), v[j])
		if tile.last == nil {
			t.prefetchNext(at, j)
		}
	}
	for i := range tile.height {
		if tile.width == 1 && t.lanes == 16 {
			VFMADD231PS_BCST(a.at(i), v[0], sums[i][0])
			continue
		}
		VBROADCASTSS(a.at(i), x)
		for j := range v {
			VFMADD231PS(x, v[j], sums[i][j])
		}
	}
	a.advance(g.al)
	ADDQ(g.ldb, b)
	DECQ(k)
	JNZ(LabelRef(tile.name))

	t.mulFinish(g, tile, sums)
}

// prefetchNext fetches the cache line where the next tile has its vector j: the processor would not guess a step to the
// right after a column of steps down. The line is that of the vector's end; the one before is fetched already.
func (t target) prefetchNext(at Mem, j int) {
	if end := (j + 1) * t.bytes(); end%64 == 0 {
		PREFETCHT0(at.Offset(3*t.bytes() - 1))
	}
}

// mulFinish is c = alpha sums + beta c; with beta = 0 it does not read c.
func (t target) mulFinish(g mulArgs, tile mulTile, sums [][]reg.VecVirtual) {
	alpha, beta, old := t.vector(), t.vector(), t.vector()
	VBROADCASTSS(param("alpha"), alpha)
	for _, row := range sums {
		for _, s := range row {
			VMULPS(alpha, s, s)
		}
	}
	jumpIfZero("beta", tile.name+"Store")
	VBROADCASTSS(param("beta"), beta)
	tile.walk(t, g, func(c Mem, i, j int) {
		t.load(c, tile.mask(j), old)
		VFMADD231PS(old, beta, sums[i][j])
	})
	Label(tile.name + "Store")
	tile.walk(t, g, func(c Mem, i, j int) { t.store(sums[i][j], tile.mask(j), c) })
}

// walk calls f for each vector of a tile of c, with its place in memory and in the tile.
func (tile mulTile) walk(t target, g mulArgs, f func(c Mem, i, j int)) {
	c := GP64()
	MOVQ(g.c, c)
	for i := range tile.height {
		if i > 0 {
			ADDQ(g.ldc, c)
		}
		for j := range tile.width {
			f(Mem{Base: c, Disp: j * t.bytes()}, i, j)
		}
	}
}
