package kernels

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// correlate goes over y in tiles of four rows by a vector, whose sums are in registers. What it reads of x after the end of a row goes to lanes
// that are not written.
func (v isa) correlate() {
	v.arithmetic("correlate", "(y, x, k []float32, way []int, first float32, rows, cols, ldx, ldy int)",
		"y[i ldy + j] = first + Σ k[t] x[way[t] + i ldx + j] for i < rows, j < cols, t < len(way), where it may read",
		"a vector more of x than that")
	ldx := loadPitch("ldx")
	v.chunks(param("cols"), func(j reg.GPVirtual, mask Op) {
		from, to := address(at(base("x"), j)), address(at(base("y"), j))
		v.downRows(func(height int) {
			sums := v.vecs(height)
			for i := range sums {
				VBROADCASTSS(arg("first"), sums[i])
			}
			k, way := base("k"), base("way")
			loop(memory(Param("way").Len()), 1, func(t reg.GPVirtual) {
				w := moved(Mem{Base: way, Index: t, Scale: 8})
				seen, factor := placesAt(address(at(from, w)), ldx, height), v.spread(at(k, t))
				for i := range sums {
					sums[i].addMul(factor, seen.at(i))
				}
			})
			ldy := inBytes(param("ldy"))
			for i := range sums {
				v.store(sums[i], Mem{Base: to}, mask)
				ADDQ(ldx.once, from)
				ADDQ(ldy, to)
			}
		})
	})
	end()
}

// downRows calls body for four rows at a time, and then for each remaining row.
func (v isa) downRows(body func(height int)) {
	left := param("rows")
	loopDown(left, 4, label("rows"), label("few"), func() { body(4) })
	ADDQ(Imm(4), left)
	loopDown(left, 1, label("row"), label("over"), func() { body(1) })
}

// correlateSums has four sums for each element of k, each over every fourth row, so that none has to wait for another.
func (v isa) correlateSums() {
	v.arithmetic("correlateSums", "(dk, dy, x []float32, way []int, rows, cols, ldx, ldy int)",
		"dk[t] += Σ dy[i ldy + j] x[way[t] + i ldx + j], over i < rows and j < cols, for t < len(way)")
	ldx, ldy := loadPitch("ldx"), loadPitch("ldy")
	loop(memory(Param("way").Len()), 1, func(t reg.GPVirtual) {
		sums, w := v.zeros(4), moved(Mem{Base: base("way"), Index: t, Scale: 8})
		start := address(at(base("x"), w))
		v.chunks(param("cols"), func(j reg.GPVirtual, mask Op) {
			x, dy := address(at(start, j)), address(at(base("dy"), j))
			v.downRows(func(height int) {
				seen, d := placesAt(x, ldx, height), placesAt(dy, ldy, height)
				for i := range height {
					sums[i].addMul(v.load(d.at(i), mask), v.operand(seen.at(i), mask))
				}
				for range height {
					ADDQ(ldx.once, x)
					ADDQ(ldy.once, dy)
				}
			})
		})
		for _, s := range sums[1:] {
			sums[0].add(s)
		}
		v.reduce(VADDPS, sums[0])
		dk := at(base("dk"), t)
		VADDSS(dk, sums[0].AsX(), sums[0].AsX())
		VMOVSS(sums[0].AsX(), dk)
	})
	end()
}
