package graph

import (
	"cmp"
	"strconv"

	"github.com/stheno-ml/stheno/graph/op"
)

// A Layer is a piece of a network: it builds its nodes on x, whose first axis is the mini-batch, and returns the last.
type Layer interface {
	Build(b *Builder, x *Node) *Node
}

// Func makes any Gorgonia function of one node a layer: Func(gorgonia.Tanh).
type Func func(*Node) (*Node, error)

// Build applies the function.
func (f Func) Build(_ *Builder, x *Node) *Node { return must(f(x)) }

// Seq is layers one after the other.
type Seq []Layer

// Build chains the layers.
func (s Seq) Build(b *Builder, x *Node) *Node {
	join := b.outline.branch(x)
	for i, l := range s {
		x = b.layer(strconv.Itoa(i), l, x)
	}
	join(x)
	return x
}

// Residual is x + Seq(r)(x); the sequence must keep the shape.
type Residual []Layer

// Build adds the input to the sequence's output.
func (r Residual) Build(b *Builder, x *Node) *Node {
	y := Seq(r).Build(b, x)
	if !y.Shape().Eq(x.Shape()) {
		op.Fail("the layers inside turn %v into %v; they must keep the shape: end with as many maps or outputs as come in, pad=same, no stride", x.Shape(), y.Shape())
	}
	return op.Add.Apply(x, y)
}

// Dense is a fully connected layer, y = x W + b with W (in, Out) and b (Out); images are flattened first.
type Dense struct {
	Out    int   `term:",required"`
	NoBias bool  `term:"bias,not"` // b is left out, as before a batch norm, which takes any constant away again
	Init   *Init // nil: the network's
}

// Build makes the parameters denseN.w and, unless NoBias, denseN.b.
func (d Dense) Build(b *Builder, x *Node) *Node {
	if d.Out < 1 {
		op.Fail("%d outputs; use at least 1", d.Out)
	}
	x = Flatten{}.Build(b, x)
	name, init := b.Name("dense"), b.init(d.Init)
	if d.NoBias {
		in := x.Shape()[1]
		return op.Linear.Apply(x, b.weights(name+".w", init, Shape{in, d.Out}, in, d.Out))
	}
	return b.affine(name, init, x, d.Out)
}

// affine is x W + b, with parameters NAME.w and NAME.b.
func (b *Builder) affine(name string, init *Init, x *Node, out int) *Node {
	in := x.Shape()[1]
	w := b.weights(name+".w", init, Shape{in, out}, in, out)
	return op.Affine.Apply(x, w, b.Param(name+".b", Shape{out}, scale(init.Bias, in, out), false))
}

// init is a layer's rule, or the network's where it has none.
func (b *Builder) init(own *Init) *Init { return cmp.Or(own, b.net.config.Init) }

// weights makes or finds weights of a layer.
func (b *Builder) weights(name string, init *Init, shape Shape, in, out int) *Node {
	draw := init.Draw
	if draw == nil {
		draw = Gaussian
	}
	return b.drawn(name, shape, draw, scale(init.Weight, in, out), true)
}

func scale(rule func(in, out int) float64, in, out int) float64 {
	if rule == nil {
		return 0
	}
	return rule(in, out)
}

// Flatten turns (m,…) into (m,n); what is (m,n) already passes through.
type Flatten struct{}

// Build reshapes x.
func (Flatten) Build(_ *Builder, x *Node) *Node {
	s := x.Shape()
	if len(s) == 2 {
		return x
	}
	return op.Reshape(Shape{s[0], s.TotalSize() / s[0]}).Apply(x)
}
