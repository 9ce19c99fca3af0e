package graph

import (
	"cmp"
	"fmt"
	"strconv"

	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/internal/kernel"
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
	in := x.Shape()[1]
	name, init := b.Name("dense"), b.init(d.Init)
	w := b.weights(name+".w", init, Shape{in, d.Out}, in, d.Out)
	if d.NoBias {
		return op.Linear.Apply(x, w)
	}
	return op.Affine.Apply(x, w, b.Param(name+".b", Shape{d.Out}, scale(init.Bias, in, d.Out), false))
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

// MaxPool is the maximum over windows of Size×Size without overlap.
type MaxPool struct {
	Size int `term:",required"`
}

// Build needs x (m,c,h,w).
func (p MaxPool) Build(_ *Builder, x *Node) *Node {
	if p.Size < 1 {
		op.Fail("size %d; use at least 1", p.Size)
	}
	return op.MaxPool(p.Size).Apply(x)
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

// Dropout leaves out each element of its input with probability P in training, and divides the others by 1−P, so that
// evaluation needs no factor. The mask is an input of the graph, of counted random bits: see [Net.Step].
type Dropout struct {
	P        float64 `term:",required"`
	Unscaled bool    // training leaves the others as they are, and evaluation multiplies all by 1−P: Srivastava et al. (2014), network3
}

// Build multiplies by a mask in training; in evaluation it is nothing, or the factor 1−P if Unscaled.
func (d Dropout) Build(b *Builder, x *Node) *Node {
	if !(0 <= d.P && d.P < 1) {
		op.Fail("p = %v; use 0 ≤ p < 1", d.P)
	}
	name, kept := b.Name("dropout"), 1/(1-d.P)
	b.dropouts++
	if d.Unscaled {
		kept = 1
	}
	switch {
	case d.P == 0:
		return x
	case b.Training:
		return op.Hadamard.Apply(x, b.mask(name, x.Shape(), d.P, kept))
	case d.Unscaled:
		return op.Scaled(1 - d.P).Apply(x)
	}
	return x
}

// mask is what a dropout layer of a training graph multiplies by; a step fills it.
type mask struct {
	data  any
	p     float64
	kept  float64 // the elements that are not 0
	layer uint64  // counts the network's dropout layers
}

func (b *Builder) mask(name string, shape Shape, p, kept float64) *Node {
	data := b.net.buffer(shape.TotalSize())
	b.masks = append(b.masks, mask{data, p, kept, uint64(b.dropouts)})
	if b.scope != "" { // a shared layer has a mask in each place
		name = fmt.Sprint(name, "#", b.dropouts)
	}
	return b.variable(name+".mask", shape, data)
}

// fillMask draws the mask of one step, from counted bits.
func fillMask[T kernel.Float](m *mask, seed, step uint64) { drawMask(m.data.([]T), m, seed, step) }

func drawMask[T kernel.Float](to []T, m *mask, seed, step uint64) {
	kernel.For[T]().Mask(to, kernel.Bits(seed, kernel.Bits(m.layer, step)), m.p, T(m.kept))
}

// drop is fillMask for the mini-batch that was loaded. Of a part it draws the whole mask, and keeps the rows of the part's examples.
func (m *machine[T]) drop(k *mask, seed, step uint64) {
	first, stride, whole := 0, 1, m.batch
	if m.part != nil {
		first, stride, whole = m.part.Within()
	}
	if whole == m.batch {
		fillMask[T](k, seed, step)
		return
	}
	data := k.data.([]T)
	n := len(data) / m.batch
	all := kernel.Borrow[T](whole * n)
	defer kernel.Return(all)
	drawMask(*all, k, seed, step)
	for i := range m.batch {
		copy(data[i*n:(i+1)*n], (*all)[(first+i*stride)*n:])
	}
}
