package graph

import (
	"github.com/stheno-ml/stheno/graph/op"
)

// Shared is a layer whose parameters are the same wherever its name stands in a network: the two sides of a siamese network, the time
// steps of a recurrent one, tied weights.
type Shared struct {
	Name  string `term:"as,required"`
	Layer Layer  `term:",required"`
}

// Build names the layer's parameters by the name: NAME.dense1.w.
func (s Shared) Build(b *Builder, x *Node) *Node {
	if s.Name == "" {
		op.Fail("it has no name; give it one")
	}
	scope, count := b.scope, b.count
	defer func() { b.scope, b.count = scope, count }()
	b.scope, b.count = scope+s.Name+".", map[string]int{}
	return Seq{s.Layer}.Build(b, x)
}

// Frozen is a layer that is not trained: its parameters have no gradient and no update, and it is as in evaluation, without dropout and with
// the running moments of batch norms. Gradients go through it to the layers before.
type Frozen struct {
	Layer `term:",required"`
}

// Build builds the layer.
func (f Frozen) Build(b *Builder, x *Node) *Node {
	frozen, training := b.frozen, b.Training
	defer func() { b.frozen, b.Training = frozen, training }()
	b.frozen, b.Training = true, false
	return Seq{f.Layer}.Build(b, x)
}

// Slice is the columns From ≤ j < To of (m,n): some of the features. Of (m,c,h,w) it is those maps, of (m,t,n) those steps.
type Slice struct {
	From int `term:"start,required"`
	To   int `term:"stop,required"`
}

// Build takes the part of axis 1.
func (s Slice) Build(_ *Builder, x *Node) *Node {
	if in := x.Shape(); s.From < 0 || s.To <= s.From || len(in) < 2 || s.To > in[1] {
		op.Fail("columns %d to %d of %v; use 0 ≤ from < to, and at most the length of axis 1", s.From, s.To, in)
	}
	return op.Part(s.From, s.To).Apply(x)
}
