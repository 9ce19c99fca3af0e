package kernels

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A tile is a block of a product's c whose sums are in registers; its names begin with name.
type tile struct {
	isa
	name          string
	height, width int
}

// sums are the tile's registers, set to zero: a row, width vectors, at a time.
func (t tile) sums() [][]vec {
	s := make([][]vec, t.height)
	for i := range s {
		s[i] = t.zeros(t.width)
	}
	return s
}

// walk calls f for each row of the tile, with its place in memory: row moves from the first to the last by ldc bytes.
func (t tile) walk(row, ldc reg.Register, f func(row Mem, i int)) {
	for i := range t.height {
		if i > 0 {
			ADDQ(ldc, row)
		}
		f(Mem{Base: row}, i)
	}
}

// jumpIfZero jumps if an argument of type float32 is 0 or −0.
func jumpIfZero(name, label string) {
	bits := GP32()
	MOVL(arg(name), bits)
	ADDL(bits, bits)
	JZ(LabelRef(label))
}

// A pitch is the distance between rows in bytes, once and thrice.
type pitch struct{ once, thrice reg.GPVirtual }

func loadPitch(name string) pitch {
	p := pitch{distance(name), GP64()}
	LEAQ(Mem{Base: p.once, Index: p.once, Scale: 2}, p.thrice)
	return p
}

// places are a place in each of several rows: a pointer for every four.
type places struct {
	pointers []reg.GPVirtual
	pitch
}

// placesAt begin at base, n of them.
func placesAt(base reg.Register, p pitch, n int) places {
	r := places{[]reg.GPVirtual{moved(base)}, p}
	for i := 4; i < n; i += 4 {
		next := GP64()
		LEAQ(Mem{Base: r.pointers[len(r.pointers)-1], Index: p.once, Scale: 4}, next)
		r.pointers = append(r.pointers, next)
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
