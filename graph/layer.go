package graph

import (
	"cmp"
	"strconv"

	"github.com/stheno-ml/stheno/graph/op"
)

// A Layer is a piece of a network. Build puts its nodes into the graph, on top of x, and returns the last one. The first axis of x and of
// the result is the mini-batch.
type Layer interface {
	Build(b *Builder, x *Node) *Node
}

// Func makes a layer of any Gorgonia function of one node, as in Func(gorgonia.Tanh).
type Func func(*Node) (*Node, error)

// Build applies the function to x.
func (f Func) Build(_ *Builder, x *Node) *Node { return must(f(x)) }

// Seq is a sequence of layers, one after the other.
type Seq []Layer

// Build builds the layers, each on the output of the previous one.
func (s Seq) Build(b *Builder, x *Node) *Node {
	join := b.outline.branch(x)
	for i, l := range s {
		x = b.layer(strconv.Itoa(i), l, x)
	}
	join(x)
	return x
}

// Residual is x + Seq(r)(x). The layers must keep the shape.
type Residual []Layer

// Build adds x to the output of the layers.
func (r Residual) Build(b *Builder, x *Node) *Node {
	y := Seq(r).Build(b, x)
	if !y.Shape().Eq(x.Shape()) {
		op.Fail("the layers inside turn %v into %v; they must keep the shape: end with as many maps or outputs as come in, pad=same, no stride", x.Shape(), y.Shape())
	}
	return op.Add.Apply(x, y)
}

// Dense is a fully connected layer, y = x W + b with W (in, Out) and b (Out). It flattens images first.
type Dense struct {
	Out    int   `term:",required"`
	NoBias bool  `term:"bias,not"` // leaves out b, for use before a batch norm, which would cancel it
	Init   *Init // nil: the network's
}

// Build creates the parameters denseN.w (in, Out) and, unless NoBias is set, denseN.b (Out).
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

// affine is x W + b, with the parameters NAME.w and NAME.b.
func (b *Builder) affine(name string, init *Init, x *Node, out int) *Node {
	in := x.Shape()[1]
	w := b.weights(name+".w", init, Shape{in, out}, in, out)
	return op.Affine.Apply(x, w, b.Param(name+".b", Shape{out}, scale(init.Bias, in, out), false))
}

// init returns a layer's own initialization, or the network's if the layer has none.
func (b *Builder) init(own *Init) *Init { return cmp.Or(own, b.net.config.Init) }

// weights creates or finds the weights of a layer.
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

// Flatten turns (m,…) into (m,n). It leaves (m,n) as it is.
type Flatten struct{}

// Build reshapes x.
func (Flatten) Build(_ *Builder, x *Node) *Node {
	s := x.Shape()
	if len(s) == 2 {
		return x
	}
	return op.Reshape(Shape{s[0], s.TotalSize() / s[0]}).Apply(x)
}
