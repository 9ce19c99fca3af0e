package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// dot generates MulT for a fixed number of rows. It walks c in the widest tiles that fit, then in halves of them.
func (t target) dot(height int) {
	function(fmt.Sprintf("dot%d%s", height, t.name),
		"func(c *float32, ldc int, a *float32, lda int, b *float32, ldb, ahead, n, k int, alpha, beta float32)",
		fmt.Sprintf("c[i*ldc+j] = alpha Σ a[i*lda+l] b[j*ldb+l] + beta c[i*ldc+j] for i < %d, j < n, l < k, and fetches b[j*ldb+l+ahead] into the cache", height))
	g := dotArgs{c: GP64(), b: GP64(), n: GP64(), lda: loadPitch("lda"), ldb: loadPitch("ldb")}
	Load(Param("c"), g.c)
	Load(Param("b"), g.b)
	Load(Param("n"), g.n)
	rest := Load(Param("k"), GP64())
	ANDQ(U8(t.lanes-1), rest)
	g.rest = t.tail(rest)

	for width := t.dotCols; width > 0; width /= 2 {
		tile := dotTile{name: fmt.Sprintf("tile%d", width), height: height, width: width}
		Label(tile.name + "First")
		SUBQ(U8(width), g.n)
		JLT(LabelRef(tile.name + "None"))
		t.dotTile(g, tile)
		ADDQ(U8(4*width), g.c)
		LEAQ(Mem{Base: g.b, Index: g.ldb.once, Scale: uint8(width)}, g.b)
		JMP(LabelRef(tile.name + "First"))
		Label(tile.name + "None")
		ADDQ(U8(width), g.n)
	}
	VZEROUPPER()
	RET()
}

// dotArgs hold MulT's arguments, distances in bytes: c and b move from tile to tile, and n counts down.
type dotArgs struct {
	c, b, n  reg.GPVirtual
	lda, ldb pitch
	rest     mask // of the elements behind the last whole vector of a row
}

// A dotTile is a block of c, each element's sum spread over a register's lanes.
type dotTile struct {
	name          string
	height, width int
}

// dotTile generates one tile.
func (t target) dotTile(g dotArgs, tile dotTile) {
	sums := t.sums(tile.height, tile.width)
	a := rowsAt(Load(Param("a"), GP64()), g.lda, tile.height)
	b := rowsAt(g.b, g.ldb, tile.width)
	k := Load(Param("k"), GP64())
	ahead := loadBytes("ahead")
	ADDQ(g.b, ahead)
	later := rowsAt(ahead, g.ldb, tile.width)

	SUBQ(U8(t.lanes), k)
	JLT(LabelRef(tile.name + "Rest"))
	Label(tile.name)
	t.dotStep(a, b, sums, nil)
	for j := range tile.width {
		PREFETCHT0(later.at(j))
	}
	for _, r := range []rows{a, b, later} {
		r.advance(U8(t.bytes()))
	}
	SUBQ(U8(t.lanes), k)
	JGE(LabelRef(tile.name))

	Label(tile.name + "Rest")
	ADDQ(U8(t.lanes), k)
	JZ(LabelRef(tile.name + "Fold"))
	t.dotStep(a, b, sums, g.rest)
	Label(tile.name + "Fold")
	t.dotFinish(g, tile, sums)
}

// dotStep multiplies a vector of every row of a with one of every row of b.
func (t target) dotStep(a, b rows, sums [][]reg.VecVirtual, m mask) {
	x, v := t.vector(), t.vectors(len(sums[0]))
	for j := range v {
		t.load(b.at(j), m, v[j])
	}
	for i := range sums {
		t.load(a.at(i), m, x)
		for j := range v {
			VFMADD231PS(x, v[j], sums[i][j])
		}
	}
}
