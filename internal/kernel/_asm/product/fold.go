package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// dotFinish is c = alpha Σ sums + beta c; with beta = 0 it does not read c. A total holds a row of the tile in each of its
// lanes of 128 bits.
func (t target) dotFinish(g dotArgs, tile dotTile, sums [][]reg.VecVirtual) {
	alpha, beta := t.vector(), t.vector()
	VBROADCASTSS(param("alpha"), alpha)
	var totals []reg.VecVirtual
	for i := 0; i < tile.height; i += t.lanes / 4 {
		total := t.fold(sums[i:min(i+t.lanes/4, tile.height)])
		VMULPS(alpha, total, total)
		totals = append(totals, total)
	}
	jumpIfZero("beta", tile.name+"Store")
	VBROADCASTSS(param("beta"), beta)
	old := t.zeros(len(totals))
	tile.walk(t, g, func(c Mem, total, lane int) { t.loadLane(c, tile.width, lane, old[total]) })
	for i := range totals {
		VFMADD231PS(old[i], beta, totals[i])
	}
	Label(tile.name + "Store")
	tile.walk(t, g, func(c Mem, total, lane int) { t.storeLane(totals[total], tile.width, lane, c) })
}

// walk calls f for each row of a tile of c, with its place in memory and the total and the lane that belong to it.
func (tile dotTile) walk(t target, g dotArgs, f func(c Mem, total, lane int)) {
	c, ldc := GP64(), loadBytes("ldc")
	MOVQ(g.c, c)
	for i := range tile.height {
		if i > 0 {
			ADDQ(ldc, c)
		}
		f(Mem{Base: c}, i/(t.lanes/4), i%(t.lanes/4))
	}
}

// fold adds up the elements of each sum of a few rows: one lane's first elements are the totals of one row.
func (t target) fold(sums [][]reg.VecVirtual) reg.VecVirtual {
	columns := make([]reg.VecVirtual, len(sums[0]))
	for j := range columns {
		columns[j] = t.foldRows(func(i int) reg.VecVirtual { return sums[min(i, len(sums)-1)][j] })
	}
	return t.foldLanes(columns)
}

// foldRows adds up the lanes of each vector: lane i of the result is the sum of the lanes of vector i.
func (t target) foldRows(v func(i int) reg.VecVirtual) reg.VecVirtual {
	if t.lanes == 8 {
		return t.addChosen(VPERM2F128, v(0), v(1), 0x20, 0x31)
	}
	choose := func(i, y, x, dst Op) { VSHUFF32X4(i, y, x, dst) }
	low := t.addChosen(choose, v(0), v(1), 0x44, 0xee)
	high := t.addChosen(choose, v(2), v(3), 0x44, 0xee)
	return t.addChosen(choose, low, high, 0x88, 0xdd)
}

// foldLanes adds up the four elements of each lane of each vector: a lane of the result begins with that lane's totals.
func (t target) foldLanes(v []reg.VecVirtual) reg.VecVirtual {
	choose := func(i, y, x, dst Op) { VSHUFPS(i, y, x, dst) }
	switch len(v) {
	case 1:
		half := t.addChosen(choose, v[0], v[0], 0x44, 0xee)
		return t.addChosen(choose, half, half, 0x00, 0x55)
	case 2:
		half := t.addHalves(v[0], v[1])
		return t.addChosen(choose, half, half, 0x44, 0xee)
	default:
		return t.addChosen(choose, t.addHalves(v[0], v[1]), t.addHalves(v[2], v[3]), 0x44, 0xee)
	}
}

// addChosen is the sum of two choices out of x and y.
func (t target) addChosen(choose func(i, y, x, dst Op), x, y reg.VecVirtual, first, second uint8) reg.VecVirtual {
	a, b := t.vector(), t.vector()
	choose(U8(first), y, x, a)
	choose(U8(second), y, x, b)
	VADDPS(a, b, b)
	return b
}

// addHalves adds the halves of each lane: x's sums come to even places and y's to odd ones.
func (t target) addHalves(x, y reg.VecVirtual) reg.VecVirtual {
	a, b := t.vector(), t.vector()
	VUNPCKLPS(y, x, a)
	VUNPCKHPS(y, x, b)
	VADDPS(a, b, b)
	return b
}

// moves are the instructions that move so many elements.
var moves = map[int]func(...Op){1: VMOVSS, 2: VMOVSD, 4: VMOVUPS}

// loadLane reads width elements into a lane of dst.
func (t target) loadLane(src Mem, width, lane int, dst reg.VecVirtual) {
	if lane == 0 {
		moves[width](src, dst.AsX())
		return
	}
	x := XMM()
	moves[width](src, x)
	if t.lanes == 16 {
		VINSERTF32X4(U8(lane), x, dst, dst)
	} else {
		VINSERTF128(U8(lane), x, dst, dst)
	}
}

// storeLane writes the first width elements of a lane of src.
func (t target) storeLane(src reg.VecVirtual, width, lane int, dst Mem) {
	if lane == 0 {
		moves[width](src.AsX(), dst)
		return
	}
	x := XMM()
	if t.lanes == 16 {
		VEXTRACTF32X4(U8(lane), src, x)
	} else {
		VEXTRACTF128(U8(lane), src, x)
	}
	moves[width](x, dst)
}
