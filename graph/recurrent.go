package graph

import (
	"github.com/stheno-ml/stheno/graph/op"
)

// RNN reads a sequence (m,steps,features) step by step with a state of Out numbers, h = tanh(x W + h′ U + b), and gives the state of each
// step, (m,steps,Out) (Elman 1990). Steps that are masked leave the state as it is, and give zeros.
type RNN struct {
	Out     int   `term:",required"`
	Reverse bool  // from the last step to the first
	Both    bool  // in both directions, with weights for each: (m,steps,2·Out), first the outputs of the one that goes forward
	Init    *Init // nil: the network's
}

// LSTM is an RNN with a memory that its gates write, forget and read (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000):
// i, f, g, o = σ, σ, tanh, σ of x W + h′ U + b; c = f c′ + i g; h = o tanh c.
type LSTM struct {
	Out     int `term:",required"`
	Reverse bool
	Both    bool
	Init    *Init
}

// GRU is an RNN with two gates (Cho et al. 2014), in the form whose reset gate comes behind the product (as in PyTorch): r, u = σ of
// x W + h′ U + b; v = tanh(x W + b + r (h′ U + c)); h = (1−u) v + u h′.
type GRU struct {
	Out     int `term:",required"`
	Reverse bool
	Both    bool
	Init    *Init
}

// Build makes the parameters rnnN.w (features, Out), rnnN.u (Out, Out) and rnnN.b (Out); with Both also rnnN.reverse.w and so on. Biases start
// at 0.
func (l RNN) Build(b *Builder, x *Node) *Node { return recurrent(b, x, op.RNN, l) }

// Build makes the parameters lstmN.w (features, 4·Out), lstmN.u (Out, 4·Out) and lstmN.b (4·Out), with the gates i, f, g, o beside each other; with
// Both also lstmN.reverse.w and so on. Biases start at 0, but those of the forget gates at 1 (Jozefowicz, Zaremba and Sutskever 2015).
func (l LSTM) Build(b *Builder, x *Node) *Node { return recurrent(b, x, op.LSTM, RNN(l)) }

// Build makes the parameters gruN.w (features, 3·Out), gruN.u (Out, 3·Out) and gruN.b (3·Out), with the gates r, u, v beside each other, and
// gruN.c (Out); with Both also gruN.reverse.w and so on. Biases start at 0.
func (l GRU) Build(b *Builder, x *Node) *Node { return recurrent(b, x, op.GRU, RNN(l)) }

// recurrent builds the layer l with the given cell.
func recurrent(b *Builder, x *Node, cell op.Cell, l RNN) *Node {
	s := sequenceShape(x)
	switch {
	case len(s) > 3:
		op.Fail("input %v; it takes (m,steps,features): perstep(flatten) makes one of images", s)
	case l.Out < 1:
		op.Fail("%d outputs; use at least 1", l.Out)
	case l.Both && l.Reverse:
		op.Fail("reverse and both; use one of them")
	}
	name := b.Name(string(cell))
	y := direction(b, x, cell, l, name)
	if !l.Both {
		return y
	}
	l.Reverse = true
	back := direction(b, x, cell, l, name+".reverse")
	both := op.Concat(2).Apply(perStep(y, s[1]), perStep(back, s[1]))
	return op.Reshape(Shape{s[0], s[1], 2 * l.Out}).Apply(both)
}

// direction builds the way through the steps in one direction.
func direction(b *Builder, x *Node, cell op.Cell, l RNN, name string) *Node {
	s, k := x.Shape(), cell.Gates()
	init := b.init(l.Init)
	w := b.weights(name+".w", init, Shape{s[2], k * l.Out}, s[2], l.Out)
	u := b.weights(name+".u", init, Shape{l.Out, k * l.Out}, l.Out, l.Out)
	bias := b.param(name+".b", Shape{k * l.Out}, false, func(x any) {
		if cell == op.LSTM {
			fill(part(x, l.Out, 2*l.Out), 1)
		}
	})
	z := op.Reshape(Shape{s[0], s[1], k * l.Out}).Apply(op.Affine.Apply(perStep(x, s[1]), w, bias))
	in := Nodes{z, u}
	if cell == op.GRU {
		in = append(in, b.Filled(name+".c", Shape{l.Out}, 0, false))
	}
	var mask Nodes
	if there := b.Present(x); there != nil {
		mask = Nodes{there}
	}
	r := op.Recurrence{Cell: cell, Reverse: l.Reverse, Masked: mask != nil}
	states := r.States().Apply(append(in[:len(in):len(in)], mask...)...)
	return r.Outputs().Apply(append(append(in, states), mask...)...)
}
