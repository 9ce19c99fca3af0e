package graph

import (
	"github.com/stheno-ml/stheno/graph/op"
)

// RNN reads a sequence (m,steps,features) step by step. Its state of Out numbers is h = tanh(x W + h′ U + b), where h′ is the previous state.
// The output is the state at each step, (m,steps,Out) (Elman 1990). Masked steps leave the state unchanged and output zeros.
type RNN struct {
	Out     int   `term:",required"`
	Reverse bool  // read from the last step to the first
	Both    bool  // read in both directions, with separate weights; the output is (m,steps,2·Out), forward states first
	Init    *Init // nil: the network's
}

// LSTM is an RNN with a memory c that gates write, forget and read (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000):
// i, f, g, o = σ, σ, tanh, σ of x W + h′ U + b; c = f c′ + i g; h = o tanh c.
type LSTM struct {
	Out     int `term:",required"`
	Reverse bool
	Both    bool
	Init    *Init
}

// GRU is an RNN with two gates (Cho et al. 2014), in the form that applies the reset gate after the product, as PyTorch does: r, u = σ of
// x W + h′ U + b; v = tanh(x W + b + r (h′ U + c)); h = (1−u) v + u h′.
type GRU struct {
	Out     int `term:",required"`
	Reverse bool
	Both    bool
	Init    *Init
}

// Build creates the parameters rnnN.w (features, Out), rnnN.u (Out, Out) and rnnN.b (Out). Both adds rnnN.reverse.w and so on. Biases are
// initialized to 0.
func (l RNN) Build(b *Builder, x *Node) *Node { return recurrent(b, x, op.RNN, l) }

// Build creates the parameters lstmN.w (features, 4·Out), lstmN.u (Out, 4·Out) and lstmN.b (4·Out), each with the gates i, f, g, o side by side.
// Both adds lstmN.reverse.w and so on. Biases are initialized to 0, except to 1 for the forget gates (Jozefowicz, Zaremba and Sutskever 2015).
func (l LSTM) Build(b *Builder, x *Node) *Node { return recurrent(b, x, op.LSTM, RNN(l)) }

// Build creates the parameters gruN.w (features, 3·Out), gruN.u (Out, 3·Out) and gruN.b (3·Out), each with the gates r, u, v side by side, and
// gruN.c (Out). Both adds gruN.reverse.w and so on. Biases are initialized to 0.
func (l GRU) Build(b *Builder, x *Node) *Node { return recurrent(b, x, op.GRU, RNN(l)) }

// recurrent builds layer l with the given cell.
func recurrent(b *Builder, x *Node, cell op.Cell, l RNN) *Node {
	s := sequenceShape(x)
	switch {
	case len(s) > 3:
		op.Fail("input %v is not (m,steps,features); put perstep(flatten) before it", s)
	case l.Out < 1:
		op.Fail("%d outputs; use at least 1", l.Out)
	case l.Both && l.Reverse:
		op.Fail("reverse with both; use one of them")
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

// direction builds the pass over the steps in one direction.
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
