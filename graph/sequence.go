package graph

import (
	"slices"

	"github.com/stheno-ml/stheno/graph/op"
)

// A sequence has the shape (m,steps,features), or (m,steps) for tokens. Some of its steps may be padding. A mask (m,steps) says which: 1 for a
// real step, 0 for padding. Layers hand the mask on with their output as long as that has the same steps.

// Present returns the mask (m,steps) of the sequence x, 1 for real steps and 0 for padding; nil if there is no padding.
func (b *Builder) Present(x *Node) *Node { return b.present[x.ID()] }

// SetPresent sets the mask of x, which has steps on axis 1. It is for layers that find padding; such a layer must return a new node.
func (b *Builder) SetPresent(x, mask *Node) { b.present[x.ID()] = mask }

// pass gives a layer's output the mask of its input, if the output has the same steps and no mask of its own.
func (b *Builder) pass(y *Node, x Nodes) {
	if b.present[y.ID()] != nil || len(y.Shape()) < 2 {
		return
	}
	for _, x := range x {
		if mask := b.present[x.ID()]; mask != nil && slices.Equal(mask.Shape(), y.Shape()[:2]) {
			b.present[y.ID()] = mask
			return
		}
	}
}

// Masked marks the steps of a sequence whose numbers all equal Value as padding. Recurrent layers, attention, Last and the cost of each step
// ignore padding. The output is 0 there.
type Masked struct {
	Value float64 `term:",required"`
}

// Build finds the padding in x (m,steps,features).
func (l Masked) Build(b *Builder, x *Node) *Node {
	sequenceShape(x)
	mask := op.Present(l.Value).Apply(x)
	if outer := b.Present(x); outer != nil {
		mask = op.Keep.Apply(mask, outer)
	}
	y := op.Keep.Apply(x, mask)
	b.SetPresent(y, mask)
	return y
}

// PerStep applies layers to each step of a sequence (m,steps,…), with the same weights. The output is a sequence (m,steps,…).
type PerStep []Layer

// Build treats each step as an example.
func (p PerStep) Build(b *Builder, x *Node) *Node {
	s := sequenceShape(x)
	y := Seq(p).Build(b, op.Reshape(append(Shape{s[0] * s[1]}, s[2:]...)).Apply(x))
	return op.Reshape(append(s[:2].Clone(), y.Shape()[1:]...)).Apply(y)
}

// sequenceShape returns the shape of x, which must be a sequence of features.
func sequenceShape(x *Node) Shape {
	if len(x.Shape()) < 3 {
		op.Fail("input %v is not a sequence (m,steps,features); put reshape(28x28) before it for 784 numbers", x.Shape())
	}
	return x.Shape()
}

// Last is the last step (m,…) of a sequence (m,steps,…). If steps are masked, it is the last real one, or zeros if there is none.
type Last struct{}

// Build takes the last step of x.
func (Last) Build(b *Builder, x *Node) *Node {
	sequenceShape(x)
	if mask := b.Present(x); mask != nil {
		return op.LastStepOf.Apply(x, mask)
	}
	return op.LastStep.Apply(x)
}

// Reverse turns a sequence (m,steps,…) around, from the last step to the first. For example, this reads both ends into (m,2·8):
// concat(seq(lstm(8) last), seq(reverse lstm(8) last)).
type Reverse struct{}

// Build reverses the steps of x and of its mask.
func (Reverse) Build(b *Builder, x *Node) *Node {
	y := op.ReverseSteps.Apply(x)
	if mask := b.Present(x); mask != nil {
		b.SetPresent(y, op.ReverseSteps.Apply(mask))
	}
	return y
}

// steps returns the number of steps in the outputs y that each have a cost; 0 if y is not a sequence.
func (l *Loss) steps(y *Node) int {
	switch s := y.Shape(); {
	case len(s) != 3:
		return l.Steps
	case l.Steps > 0:
		op.Fail("the outputs %v have steps already; use the loss without EachStep", s)
		return 0
	default:
		return s[1]
	}
}

// perStep reshapes n, (m,steps,k) or (m,steps·k), to one row for each step, (m·steps,k).
func perStep(n *Node, steps int) *Node {
	m := n.Shape()[0]
	return op.Reshape(Shape{m * steps, n.Shape().TotalSize() / (m * steps)}).Apply(n)
}

// costPerStep is the mean of the loss over the real steps of all examples, for outputs y (m,steps,k). Padding has zeros for outputs and
// targets, and its constant cost is subtracted from the mean.
func (l *Loss) costPerStep(b *Builder, y, target *Node) *Node {
	s, mask := y.Shape(), b.Present(y)
	if mask == nil {
		return l.Cost(b, perStep(y, s[1]), perStep(target, s[1]))
	}
	rows := func(n *Node) *Node { return perStep(op.Keep.Apply(op.Reshape(s).Apply(n), mask), s[1]) }
	all, none := l.Cost(b, rows(y), rows(target)), l.Cost(b, b.Zeros(1, s[2]), b.Zeros(1, s[2]))
	if all == nil || none == nil {
		return nil
	}
	return op.PresentMean.Apply(all, none, mask)
}

// outputPerStep returns the network's output (m,steps·k) for y (m,steps,k).
func (l *Loss) outputPerStep(b *Builder, y *Node) *Node {
	s := y.Shape()
	if l.Output != nil {
		y = l.Output.Build(b, perStep(y, s[1]))
	}
	return op.Reshape(Shape{s[0], s[1] * s[2]}).Apply(y)
}
