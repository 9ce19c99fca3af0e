package kernels

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// operands are the arguments of Mul and MulT, with distances in bytes. c and b move from tile to tile, and n counts down.
type operands struct {
	c, b, n  reg.GPVirtual
	ldc, al  reg.GPVirtual // Mul's
	lda, ldb pitch         // the distances between rows of a and b
}

// loadMoving loads the operands that change from tile to tile.
func (o operands) loadMoving() {
	Load(Param("c"), o.c)
	Load(Param("b"), o.b)
	Load(Param("n"), o.n)
}

// A tile is a block of c whose sums are in registers. Its width is in vectors for Mul, and in elements for MulT.
type tile struct {
	isa
	operands
	name          string // a prefix of its labels
	height, width int
	last          Op // the mask of the last vector: of a row of c for Mul, and of a row of a and b for MulT
}

// finish is c = alpha sums + beta c, of which each of the functions does a part. If beta is 0 or −0, it does not read c.
func (t tile) finish(scale func(alpha vec), add func(beta vec), store func()) {
	scale(t.scalar("alpha"))
	bits := GP32()
	MOVL(arg("beta"), bits)
	ADDL(bits, bits)
	JZ(LabelRef(t.name + "Store"))
	add(t.scalar("beta"))
	Label(t.name + "Store")
	store()
}

// walk calls f for each row of the tile, with its place in memory. row moves from the first to the last by ldc bytes.
func (t tile) walk(row, ldc reg.Register, f func(row Mem, i int)) {
	for i := range t.height {
		if i > 0 {
			ADDQ(ldc, row)
		}
		f(Mem{Base: row}, i)
	}
}

// A pitch is the distance between rows in bytes, and three times that.
type pitch struct{ once, thrice reg.GPVirtual }

func loadPitch(name string) pitch {
	once := inBytes(param(name))
	return pitch{once, address(Mem{Base: once, Index: once, Scale: 2})}
}

// places is a place in each of several rows, with a pointer for every four rows.
type places struct {
	pointers []reg.GPVirtual
	pitch
}

// placesAt returns n places that begin at base.
func placesAt(base reg.Register, p pitch, n int) places {
	r := places{[]reg.GPVirtual{moved(base)}, p}
	for i := 4; i < n; i += 4 {
		last := r.pointers[len(r.pointers)-1]
		r.pointers = append(r.pointers, address(at(last, p.once)))
	}
	return r
}

// at is the place in row i.
func (p places) at(i int) Mem {
	m := Mem{Base: p.pointers[i/4]}
	switch i % 4 {
	case 1, 2:
		m.Index, m.Scale = p.once, uint8(i%4)
	case 3:
		m.Index, m.Scale = p.thrice, 1
	}
	return m
}

// advance moves all places by step bytes.
func (p places) advance(step Op) {
	for _, pointer := range p.pointers {
		ADDQ(step, pointer)
	}
}
