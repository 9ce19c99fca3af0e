package graph

import "github.com/stheno-ml/stheno/graph/op"

// Attention is multi-head self-attention over a sequence (m,steps,w) (Vaswani et al. 2017), as in PyTorch's nn.MultiheadAttention. Each step
// has a query, a key and a value, x W + b, of which each head gets w/Heads numbers and computes softmax(Q Kᵀ/√(w/Heads)) V. The heads' results
// are joined and multiplied by one more matrix; the output is (m,steps,w). Steps that are padding get no attention. A summary counts only the
// multiply-adds of the products with weights; attention itself takes another 2·steps²·w for each example.
type Attention struct {
	Heads int   `term:",required"`
	Init  *Init // nil: the network's
}

// Build creates the parameters attentionN.in.w (w,3w) and attentionN.in.b (3w), which hold queries, keys and values in this order, and
// attentionN.out.w (w,w) and attentionN.out.b (w).
func (a Attention) Build(b *Builder, x *Node) *Node {
	s := featureShape(x)
	w := s[2]
	if a.Heads < 1 || w%a.Heads != 0 {
		op.Fail("%d heads for steps of %d numbers; use a number of heads that divides the size of a step", a.Heads, w)
	}
	name, init := b.Name("attention"), b.init(a.Init)
	in := op.Reshape(Shape{s[0], s[1], 3 * w}).Apply(b.affine(name+".in", init, perStep(x, s[1]), 3*w))
	var y *Node
	if mask := b.Present(x); mask != nil {
		y = op.AttentionOf(a.Heads).Apply(in, mask)
	} else {
		y = op.Attention(a.Heads).Apply(in)
	}
	return op.Reshape(s).Apply(b.affine(name+".out", init, perStep(y, s[1]), w))
}

// featureShape returns the shape of x, which must be a sequence of vectors.
func featureShape(x *Node) Shape {
	if s := sequenceShape(x); len(s) != 3 {
		op.Fail("input %v is not a sequence (m,steps,features); put steps before it for images, or perstep(flatten) for steps of another shape", s)
	}
	return x.Shape()
}

// Positions adds a learned vector to each step of a sequence (m,steps,features). All examples share these vectors. Without them, attention
// and means cannot tell the order of the steps.
type Positions struct{}

// Build creates the parameter positionsN.w (steps,features), which is initialized from N(0, 0.02²) and does not decay.
func (Positions) Build(b *Builder, x *Node) *Node {
	s := featureShape(x)
	n := s[1] * s[2]
	w := b.Param(b.Name("positions")+".w", s[1:].Clone(), .02, false)
	return op.Reshape(s).Apply(op.AddRow.Apply(op.Reshape(Shape{s[0], n}).Apply(x), op.Reshape(Shape{n}).Apply(w)))
}

// Steps turns images (m,c,h,w) into a sequence (m,h·w,c): each place is a step of c numbers, row by row. For example,
// conv(64,7,stride=7) steps makes a sequence of patches of 7×7 pixels.
type Steps struct{}

// Build takes x (m,c,h,w).
func (Steps) Build(_ *Builder, x *Node) *Node {
	s := x.Shape()
	if len(s) != 4 {
		op.Fail("input %v is not (m,c,h,w)", s)
	}
	return op.Transpose(0, 2, 1).Apply(op.Reshape(Shape{s[0], s[1], s[2] * s[3]}).Apply(x))
}
