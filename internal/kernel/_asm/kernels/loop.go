package kernels

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var labels int

// label returns a new name.
func label(name string) string {
	labels++
	return fmt.Sprint(name, labels)
}

// loop is for i := 0; i < end; i += step.
func loop(end Op, step int, body func(i reg.GPVirtual)) {
	i := zeroed()
	loopFrom(i, end, I32(step), func() { body(i) })
}

// loopFrom is for ; i < end; i += step.
func loopFrom(i reg.Register, end, step Op, body func()) {
	start, done := label("loop"), label("done")
	CMPQ(i, end)
	JGE(LabelRef(done))
	Label(start)
	body()
	ADDQ(step, i)
	CMPQ(i, end)
	JLT(LabelRef(start))
	Label(done)
}

// loopDown is for n -= step; n >= 0; n -= step; its labels are given.
func loopDown(n Op, step int, start, done string, body func()) {
	SUBQ(U8(step), n)
	JLT(LabelRef(done))
	Label(start)
	body()
	SUBQ(U8(step), n)
	JGE(LabelRef(start))
	Label(done)
}

// unlessZero runs body unless the last result was 0; skip names the label after it.
func unlessZero(skip string, body func()) {
	skip = label(skip)
	JZ(LabelRef(skip))
	body()
	Label(skip)
}

// overlapping is for i := 0; i < last; i += step, and once more with i = last.
func overlapping(last reg.Register, step int, body func(i reg.Register)) {
	loop(last, step, func(i reg.GPVirtual) { body(i) })
	body(last)
}

// chunks is the loop over n elements, a vector at a time. body's mask is nil for whole vectors, and selects the remaining elements at the end.
func (v isa) chunks(n reg.GPVirtual, body func(i reg.GPVirtual, mask Op)) {
	v.chunksFrom(zeroed(), n, body)
}

// chunksFrom is chunks for the elements from i, a multiple of the lanes.
func (v isa) chunksFrom(i, n reg.GPVirtual, body func(i reg.GPVirtual, mask Op)) {
	loopFrom(i, v.whole(n, 1), I32(v.lanes), func() { body(i, nil) })
	rest := v.rest(n, 1)
	unlessZero("done", func() { body(i, v.mask(rest, 0)) })
}

// quads is chunks, but four vectors at a time as long as there are four.
func (v isa) quads(n reg.GPVirtual, body func(vectors int, i reg.GPVirtual, mask Op)) {
	i := zeroed()
	loopFrom(i, v.whole(n, 4), I32(4*v.lanes), func() { body(4, i, nil) })
	v.chunksFrom(i, n, func(i reg.GPVirtual, mask Op) { body(1, i, mask) })
}

// whole is n, rounded down to a multiple of the group size.
func (v isa) whole(n Op, vectors int) reg.GPVirtual {
	whole := moved(n)
	ANDQ(I8(-vectors*v.lanes), whole)
	return whole
}

// rest is the number of elements that whole leaves, for unlessZero.
func (v isa) rest(n Op, vectors int) reg.GPVirtual {
	rest := moved(n)
	ANDQ(I8(vectors*v.lanes-1), rest)
	return rest
}
