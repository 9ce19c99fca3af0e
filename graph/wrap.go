package graph

import (
	"github.com/stheno-ml/stheno/graph/op"
)

// Shared is a layer that has the same parameters wherever its name appears in a network: the two sides of a siamese network, the time steps of a
// recurrent one, tied weights.
type Shared struct {
	Name  string `term:"as,required"`
	Layer Layer  `term:",required"`
}

// Build builds the layer under its name, which its parameters begin with: NAME.dense1.w.
func (s Shared) Build(b *Builder, x *Node) *Node {
	if s.Name == "" {
		op.Fail("it has no name; give it one")
	}
	scope, count := b.scope, b.count
	defer func() { b.scope, b.count = scope, count }()
	b.scope, b.count = scope+s.Name+".", map[string]int{}
	return Seq{s.Layer}.Build(b, x)
}

// Frozen is a layer that is not trained. Its parameters get no gradient and no update, and it works as in evaluation: without dropout and with
// the running statistics of batch norms. Gradients pass through it to the layers before it.
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

// Slice takes the columns From ≤ j < To of (m,n). Of (m,c,h,w) it takes maps, and of (m,steps,features) steps.
type Slice struct {
	From int `term:"start,required"`
	To   int `term:"stop,required"`
}

// Build takes that part of axis 1 of x.
func (s Slice) Build(_ *Builder, x *Node) *Node {
	if in := x.Shape(); s.From < 0 || s.To <= s.From || len(in) < 2 || s.To > in[1] {
		op.Fail("columns %d to %d of %v; use 0 ≤ from < to, and at most the length of axis 1", s.From, s.To, in)
	}
	return op.Part(s.From, s.To).Apply(x)
}
