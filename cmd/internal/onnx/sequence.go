package onnx

import (
	"cmp"
	"slices"
)

// lookup takes tokens and the rows.
func lookup(b *body, c call) error {
	tokens := b.nodeWith("Cast", []attribute{withInt("to", integer)}, c.x[0])
	return b.as(c, "Gather", c.x[1], tokens)
}

// stepMeans takes a sequence (m,steps,n) and, if it has one, its mask.
func stepMeans(b *body, c call) error {
	if len(c.x) == 1 {
		b.end(c, "ReduceMean", []attribute{withInts("axes", 1), withInt("keepdims", 0)}, c.x[0])
		return nil
	}
	sum := b.nodeWith("ReduceSum", []attribute{withInt("keepdims", 0)}, b.there(c, 0, 0, 0, 1), b.ints(1))
	steps := b.node("Max", b.node("ReduceSum", c.x[1], b.ints(1)), b.number(1))
	return b.as(c, "Div", sum, steps)
}

// present is 0 for a step if all of its numbers equal the one in the op's name.
func present(b *body, c call) error {
	value, err := c.number(0)
	there := b.nodeWith("Cast", []attribute{withInt("to", float)}, b.node("Not", b.node("Equal", c.x[0], b.number(value))))
	var axes []int // of a step
	for i := 2; i < len(b.values[c.X[0]].Shape); i++ {
		axes = append(axes, i)
	}
	if axes == nil {
		return cmp.Or(err, b.as(c, "Identity", there))
	}
	b.end(c, "ReduceMax", []attribute{withInts("axes", axes...), withInt("keepdims", 0)}, there)
	return err
}

// keep takes a sequence and its mask.
func keep(b *body, c call) error {
	to := append([]int{0, 0}, slices.Repeat([]int{1}, len(c.Shape)-2)...)
	return b.as(c, "Identity", b.there(c, 0, to...))
}

// maskKeys takes (m,heads,t,n) and the mask (m,n).
func maskKeys(b *body, c call) error {
	value, err := c.number(0)
	return cmp.Or(err, b.as(c, "Identity", b.there(c, value, 0, 1, 1, -1)))
}

// there is the op's first input where the second, a mask reshaped to the shape to, is not 0, and value elsewhere. In to, 0 keeps the mask's length,
// and −1 is the rest.
func (b *body) there(c call, value float64, to ...int) string {
	mask := b.node("Greater", b.node("Reshape", c.x[1], b.ints(to...)), b.number(0))
	return b.node("Where", mask, c.x[0], b.number(value))
}
