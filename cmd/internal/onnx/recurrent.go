package onnx

import (
	"errors"
	"fmt"

	"github.com/stheno-ml/stheno/graph"
)

// cell is ONNX's form of a recurrent layer: its op, and our gates in its order.
type cell struct {
	kind  string
	gates []int
	with  []attribute
}

var cells = map[string]cell{
	"rnn":  {"RNN", []int{0}, nil},
	"lstm": {"LSTM", []int{0, 3, 1, 2}, nil},                                        // i, o, f, g
	"gru":  {"GRU", []int{1, 0, 2}, []attribute{withInt("linear_before_reset", 1)}}, // u, r, v
}

// loop takes z = x W + b, a dense layer over all steps, U, a GRU's c, and states, which nothing else reads. ONNX's op includes that product. It has
// matrices (directions, gates·n, in), both biases in one tensor, and steps as the first axis.
func loop(b *body, c call) error {
	cell := cells[c.Args[0]]
	z := b.values[c.X[0]]
	for z.Op == "reshape" {
		z = b.values[z.X[0]]
	}
	if z.Op != "affine" || len(z.X) != 3 {
		return errors.New("a recurrent layer's input is not x W + b of all steps, the only form in ONNX; leave the layer out")
	}
	steps, n := c.Shape[1], c.Shape[2]
	list := append([]int{z.X[1], z.X[2]}, c.X[1:len(c.X)-1]...) // W, b, U, c
	var numbers [4][]float64
	for i, from := range list {
		var err error
		if numbers[i], err = constantOf(b.values[from]); err != nil {
			return err
		}
	}
	w, bias, u, last := numbers[0], numbers[1], numbers[2], numbers[3]
	both := append(gatesOf(bias, n, cell.gates), make([]float64, len(bias))...)
	copy(both[len(both)-len(last):], last)
	in := b.values[z.X[1]].Shape[0]
	name := func(from int) string { return b.values[from].Name }
	x := b.nodeWith("Transpose", []attribute{withInts("perm", 1, 0, 2)}, b.node("Reshape", b.names[z.X[0]], b.ints(-1, steps, in)))
	with := append([]attribute{withInt("hidden_size", n)}, cell.with...)
	if c.Args[1] == "true" {
		with = append(with, withText("direction", "reverse"))
	}
	y := b.nodeWith(cell.kind, with, x,
		b.tensor(name(list[0]), graph.Shape{1, len(w) / in, in}, gatesOf(w, n, cell.gates)),
		b.tensor(name(list[2]), graph.Shape{1, len(u) / n, n}, gatesOf(u, n, cell.gates)),
		b.tensor(name(list[1]), graph.Shape{1, len(both)}, both))
	return b.as(c, "Reshape", b.nodeWith("Transpose", []attribute{withInts("perm", 2, 0, 1, 3)}, y), b.ints(-1, steps, n))
}

// constantOf is the numbers of a leaf.
func constantOf(v graph.Value) ([]float64, error) {
	switch x := v.Data.(type) {
	case []float64:
		return x, nil
	case []float32:
		y := make([]float64, len(x))
		for i, v := range x {
			y[i] = float64(v)
		}
		return y, nil
	}
	return nil, fmt.Errorf("the weights of a recurrent layer are computed by %s, and ONNX needs constants; leave the layer out", v.Op)
}

// gatesOf is x (in, gates·n) with the gates in that order as (gates·n, in).
func gatesOf(x []float64, n int, order []int) []float64 {
	wide := len(order) * n
	in := len(x) / wide
	y := make([]float64, 0, len(x))
	for _, gate := range order {
		for j := range n {
			for i := range in {
				y = append(y, x[i*wide+gate*n+j])
			}
		}
	}
	return y
}

// lastStep takes a sequence and, if it has one, its mask.
func lastStep(b *body, c call) error {
	if len(c.x) == 1 {
		return b.as(c, "Reshape", b.nodeWith("Gather", []attribute{withInt("axis", 1)}, c.x[0], b.ints(-1)), b.shape(c.Shape))
	}
	steps := b.values[c.X[0]].Shape[1]
	count := make([]float64, steps)
	for t := range count {
		count[t] = float64(t + 1)
	}
	place := b.node("Mul", c.x[1], b.tensor("constant", graph.Shape{steps}, count))
	top := b.nodeWith("ReduceMax", []attribute{withInts("axes", 1), withInt("keepdims", 1)}, place)
	is := b.node("And", b.node("Equal", place, top), b.node("Greater", c.x[1], b.number(0)))
	c.x = []string{c.x[0], b.nodeWith("Cast", []attribute{withInt("to", float)}, is)}
	to := []int{0, 0}
	for range c.Shape[1:] {
		to = append(to, 1)
	}
	return b.sum(c, b.there(c, 0, to...), []int{1})
}

// reverseSteps reverses axis 1.
func reverseSteps(b *body, c call) error {
	return b.as(c, "Slice", c.x[0], b.ints(-1), b.ints(-1<<62), b.ints(1), b.ints(-1))
}
