package kernels

import (
	"fmt"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// dot generates MulT for a fixed number of rows. It goes over c in the widest tiles that fit, and then in halves of them.
func (v isa) dot(height, widest int) {
	v.arithmetic(fmt.Sprint("dot", height), "(c *float32, ldc int, a *float32, lda int, b *float32, ldb, ahead, n, k int, alpha, beta float32)",
		fmt.Sprintf("c[i*ldc+j] = alpha Σ a[i*lda+l] b[j*ldb+l] + beta c[i*ldc+j] for i < %d, j < n, l < k, and fetches b[j*ldb+l+ahead] into the cache", height))
	o := operands{c: GP64(), b: GP64(), n: GP64(), lda: loadPitch("lda"), ldb: loadPitch("ldb")}
	o.loadMoving()
	rest := param("k")
	ANDQ(U8(v.lanes-1), rest)
	last := v.tail(rest)

	for width := widest; width > 0; width /= 2 {
		t := tile{v, o, fmt.Sprint("tile", width), height, width, last}
		Label(t.name + "First")
		SUBQ(U8(width), o.n)
		JLT(LabelRef(t.name + "None"))
		t.dot()
		ADDQ(U8(4*width), o.c)
		LEAQ(Mem{Base: o.b, Index: o.ldb.once, Scale: uint8(width)}, o.b)
		JMP(LabelRef(t.name + "First"))
		Label(t.name + "None")
		ADDQ(U8(width), o.n)
	}
	end()
}

// dot generates one tile. The sum for each of its elements is spread over a register's lanes.
func (t tile) dot() {
	sums := t.sums(t.height, t.width)
	a, b := placesAt(param("a"), t.lda, t.height), placesAt(t.b, t.ldb, t.width)
	k, ahead := param("k"), inBytes(param("ahead"))
	ADDQ(t.b, ahead)
	later := placesAt(ahead, t.ldb, t.width)

	loopDown(k, t.lanes, t.name, t.name+"Rest", func() {
		t.dotStep(a, b, sums, nil)
		for j := range t.width {
			PREFETCHT0(later.at(j))
		}
		for _, p := range []places{a, b, later} {
			p.advance(U8(t.bytes()))
		}
	})
	ADDQ(U8(t.lanes), k)
	JZ(LabelRef(t.name + "Fold"))
	t.dotStep(a, b, sums, t.last)
	Label(t.name + "Fold")

	var totals []vec // each 128-bit lane holds a row of the tile
	t.finish(func(alpha vec) {
		for rows := range slices.Chunk(sums, t.lanes/4) {
			totals = append(totals, t.fold(rows).mul(alpha))
		}
	}, func(beta vec) {
		old := t.zeros(len(totals))
		t.walkLanes(func(c Mem, total, lane int) { t.loadLane(c, t.width, lane, old[total]) })
		for i := range totals {
			totals[i].addMul(beta, old[i])
		}
	}, func() {
		t.walkLanes(func(c Mem, total, lane int) { t.storeLane(totals[total], t.width, lane, c) })
	})
}

// dotStep multiplies a vector of every row of a by a vector of every row of b.
func (t tile) dotStep(a, b places, sums [][]vec, mask Op) {
	x, y := t.vec(), make([]vec, t.width)
	for j := range y {
		y[j] = t.load(b.at(j), mask)
	}
	for i := range sums {
		t.loadTo(x, a.at(i), mask)
		for j := range y {
			sums[i][j].addMul(y[j], x)
		}
	}
}

// walkLanes calls f for each row of the tile, with its place in memory and its total and lane.
func (t tile) walkLanes(f func(c Mem, total, lane int)) {
	row, ldc := GP64(), inBytes(param("ldc"))
	MOVQ(t.c, row)
	t.walk(row, ldc, func(row Mem, i int) { f(row, i/(t.lanes/4), i%(t.lanes/4)) })
}

// fold adds up the elements of each sum for a few rows. The first elements of a lane are the totals of one row.
func (v isa) fold(sums [][]vec) vec {
	columns := make([]vec, len(sums[0]))
	for j := range columns {
		columns[j] = v.foldRows(func(i int) vec { return sums[min(i, len(sums)-1)][j] })
	}
	return v.foldLanes(columns)
}

// foldRows adds up the lanes of each vector: lane i of the result is the sum of the lanes of vector i.
func (v isa) foldRows(x func(i int) vec) vec {
	if v == avx2 {
		return v.addChosen(func(ops ...Op) { VPERM2F128(ops[0], ops[1], ops[2], ops[3]) }, x(0), x(1), 0x20, 0x31)
	}
	low := v.addChosen(VSHUFF32X4, x(0), x(1), 0x44, 0xee)
	high := v.addChosen(VSHUFF32X4, x(2), x(3), 0x44, 0xee)
	return v.addChosen(VSHUFF32X4, low, high, 0x88, 0xdd)
}

// foldLanes adds up the four elements of each lane of each vector. A lane of the result begins with the totals of that lane.
func (v isa) foldLanes(x []vec) vec {
	switch len(x) {
	case 1:
		half := v.addChosen(VSHUFPS, x[0], x[0], 0x44, 0xee)
		return v.addChosen(VSHUFPS, half, half, 0x00, 0x55)
	case 2:
		half := v.addHalves(x[0], x[1])
		return v.addChosen(VSHUFPS, half, half, 0x44, 0xee)
	default:
		return v.addChosen(VSHUFPS, v.addHalves(x[0], x[1]), v.addHalves(x[2], x[3]), 0x44, 0xee)
	}
}

// addChosen is the sum of two selections from x and y.
func (v isa) addChosen(choose func(...Op), x, y vec, first, second uint8) vec {
	a, b := v.vec(), v.vec()
	choose(U8(first), y, x, a)
	choose(U8(second), y, x, b)
	return b.add(a)
}

// addHalves adds the halves of each lane: x's sums go to even places and y's to odd ones.
func (v isa) addHalves(x, y vec) vec {
	a, b := v.vec(), v.vec()
	VUNPCKLPS(y, x, a)
	VUNPCKHPS(y, x, b)
	return b.add(a)
}

// moves are the instructions that move a number of elements.
var moves = map[int]func(...Op){1: VMOVSS, 2: VMOVSD, 4: VMOVUPS}

// loadLane reads width elements into a lane of dst.
func (v isa) loadLane(src Mem, width, lane int, dst vec) {
	if lane == 0 {
		moves[width](src, dst.AsX())
		return
	}
	x := XMM()
	moves[width](src, x)
	if v == avx512 {
		VINSERTF32X4(U8(lane), x, dst, dst)
	} else {
		VINSERTF128(U8(lane), x, dst, dst)
	}
}

// storeLane writes the first width elements of a lane of src.
func (v isa) storeLane(src vec, width, lane int, dst Mem) {
	if lane == 0 {
		moves[width](src.AsX(), dst)
		return
	}
	x := XMM()
	if v == avx512 {
		VEXTRACTF32X4(U8(lane), src, x)
	} else {
		VEXTRACTF128(U8(lane), src, x)
	}
	moves[width](x, dst)
}
