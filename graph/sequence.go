package graph

import (
	"slices"

	"github.com/stheno-ml/stheno/graph/op"
)

// A sequence is (m,steps,features), or (m,steps) for tokens. Some of its steps may be padding, which a mask (m,steps) tells: 1 for a step that
// is there, 0 for padding. A mask goes along with what layers make of a sequence as long as that has its steps.

// Present is the mask of x, (m,steps) of ones and zeros; nil: all steps are there.
func (b *Builder) Present(x *Node) *Node { return b.present[x.ID()] }

// SetPresent gives x, which has steps on axis 1, a mask: for a layer that knows which steps are padding. Such a layer makes a node of its own.
func (b *Builder) SetPresent(x, mask *Node) { b.present[x.ID()] = mask }

// pass gives a layer's output the mask of its input, if it is still a sequence of those steps and has no mask of its own.
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

// Masked says that the steps of a sequence in which all numbers are Value are padding: they change neither what recurrent layers, attention
// and Last give nor the cost of each step. Its output is zero there.
type Masked struct {
	Value float64 `term:",required"`
}

// Build finds the padding.
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

// PerStep is layers that are applied to each step of a sequence (m,steps,…), with the same weights: (m,steps,…) again.
type PerStep []Layer

// Build takes the steps of all examples for examples.
func (p PerStep) Build(b *Builder, x *Node) *Node {
	s := sequenceShape(x)
	y := Seq(p).Build(b, op.Reshape(append(Shape{s[0] * s[1]}, s[2:]...)).Apply(x))
	return op.Reshape(append(s[:2].Clone(), y.Shape()[1:]...)).Apply(y)
}

// sequenceShape is the shape of x, which must be a sequence of features.
func sequenceShape(x *Node) Shape {
	if len(x.Shape()) < 3 {
		op.Fail("input %v is no sequence (m,steps,features); reshape(28x28) makes one of 784 numbers", x.Shape())
	}
	return x.Shape()
}

// Last is the last step of a sequence (m,steps,…): (m,…). Of a masked one it is the last that is there, or zeros if none is.
type Last struct{}

// Build takes the step.
func (Last) Build(b *Builder, x *Node) *Node {
	sequenceShape(x)
	if mask := b.Present(x); mask != nil {
		return op.LastStepOf.Apply(x, mask)
	}
	return op.LastStep.Apply(x)
}

// Reverse is a sequence (m,steps,…) from the last step to the first. For both ends of it in (m,2·8):
// concat(seq(lstm(8) last), seq(reverse lstm(8) last)).
type Reverse struct{}

// Build reverses the steps, and those of the mask.
func (Reverse) Build(b *Builder, x *Node) *Node {
	y := op.ReverseSteps.Apply(x)
	if mask := b.Present(x); mask != nil {
		b.SetPresent(y, op.ReverseSteps.Apply(mask))
	}
	return y
}

// steps is how many steps the outputs y have, each with a cost of its own; 0: they are no sequence.
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

// perStep is n (m,steps,k), or (m,steps·k), as rows of steps (m·steps,k).
func perStep(n *Node, steps int) *Node {
	m := n.Shape()[0]
	return op.Reshape(Shape{m * steps, n.Shape().TotalSize() / (m * steps)}).Apply(n)
}

// costPerStep is the mean of the loss over the steps of all examples that are there, for outputs y (m,steps,k). A step that is not there has
// zeros for outputs and targets; what it then costs is taken out of the mean.
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

// outputPerStep is what the outputs y (m,steps,k) stand for, (m,steps·k).
func (l *Loss) outputPerStep(b *Builder, y *Node) *Node {
	s := y.Shape()
	if l.Output != nil {
		y = l.Output.Build(b, perStep(y, s[1]))
	}
	return op.Reshape(Shape{s[0], s[1] * s[2]}).Apply(y)
}
