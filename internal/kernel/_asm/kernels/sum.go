package kernels

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// sum is a kernel of package kernel, and so are the functions below.
func (v isa) sum() {
	v.arithmetic("sum", "(x []float32) (s float32)", "Σ x[i], in an order that depends on len(x) alone")
	x, n, parts := base("x"), length("x"), v.zeros(4)
	v.fourfold(n, func(j int, in place, mask Op) { parts[j].add(v.operand(in(x), mask)) })
	v.returns("s", parts)
	end()
}

func (v isa) sumSquares() {
	v.arithmetic("sumSquares", "(x []float32, mean float32) (s float32)", "Σ (x[i]−mean)², in an order that depends on len(x) alone")
	x, n, mean, parts := base("x"), length("x"), v.scalar("mean"), v.zeros(4)
	v.fourfold(n, func(j int, in place, mask Op) {
		d := v.loadOr(in(x), mask, mean).sub(mean)
		parts[j].addMul(d, d)
	})
	v.returns("s", parts)
	end()
}

func (v isa) sumProducts() {
	v.arithmetic("sumProducts", "(dy, x []float32, mean float32) (sum, product float32)",
		"Σ dy[i] and Σ dy[i] (x[i]−mean), in an order that depends on len(dy) alone")
	dy, x, n, mean, sums, products := base("dy"), base("x"), length("dy"), v.scalar("mean"), v.zeros(4), v.zeros(4)
	v.fourfold(n, func(j int, in place, mask Op) {
		d, y := v.loadOr(in(x), mask, mean), v.load(in(dy), mask)
		d.sub(mean)
		sums[j].add(y)
		products[j].addMul(y, d)
	})
	v.returns("sum", sums)
	v.returns("product", products)
	end()
}

// place is the memory of a slice's current vector in a loop.
type place = func(slice reg.Register) Mem

// fourfold runs body for all vectors of n elements, four at a time, so that four sums need not wait for each other; j is the number of the sum.
func (v isa) fourfold(n reg.GPVirtual, body func(j int, in place, mask Op)) {
	v.quads(n, func(vectors int, i reg.GPVirtual, mask Op) {
		for j := range vectors {
			body(j, func(slice reg.Register) Mem { return at(slice, i).Offset(j * v.bytes()) }, mask)
		}
	})
}

// returns sets the result of the given name to the sum of four vectors' elements.
func (v isa) returns(name string, parts []vec) {
	parts[0].add(parts[1])
	parts[2].add(parts[3])
	v.reduce(VADDPS, parts[0].add(parts[2]))
	VMOVSS(parts[0].AsX(), memory(Return(name)))
}

// sumRows keeps the sums for four vectors of columns, and then for one, in registers while it goes down the rows.
func (v isa) sumRows() {
	v.arithmetic("sumRows", "(y, x []float32, ldx, m int)", "y[j] = Σ_i x[i·ldx+j] for i < m, in this order")
	y, x, n, m, step := base("y"), base("x"), length("y"), param("m"), inBytes(param("ldx"))
	v.quads(n, func(vectors int, j reg.GPVirtual, mask Op) {
		sums, row := v.zeros(vectors), address(at(x, j))
		loop(m, 1, func(reg.GPVirtual) {
			for c, s := range sums {
				s.add(v.load(Mem{Base: row, Disp: c * v.bytes()}, mask))
			}
			ADDQ(step, row)
		})
		for c, s := range sums {
			v.store(s, at(y, j).Offset(c*v.bytes()), mask)
		}
	})
	end()
}

// addRow goes along the rows; b stays in the first-level cache.
func (v isa) addRow() {
	v.arithmetic("addRow", "(y, x, b []float32)", "y[i,j] = x[i,j] + b[j] for rows of len(b) elements")
	y, x, b, last, n := base("y"), base("x"), base("b"), length("x"), length("b")
	LEAQ(at(x, last), last)
	step := inBytes(moved(n))
	loopFrom(x, last, step, func() {
		v.chunks(n, func(j reg.GPVirtual, mask Op) {
			v.store(v.load(at(x, j), mask).add(v.load(at(b, j), mask)), at(y, j), mask)
		})
		ADDQ(step, y)
	})
	end()
}
