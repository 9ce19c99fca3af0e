package graph

import (
	"math"

	"github.com/stheno-ml/stheno/graph/op"
)

// Conv is a convolution with Out filters of Kernel×Kernel, or of Kernel rows and Cols columns. It takes x (m,c,h,w), padded with Pad zeros
// on each side, and gives y (m,Out,h′,w′) with h′ = (h+2·Pad−Dilation·(Kernel−1)−1)/Stride + 1. With Groups = Out = c it is a depthwise
// convolution: each map has its own filter.
type Conv struct {
	Out      int   `term:",required"`
	Kernel   int   `term:",required,by=Cols"`
	Stride   int   `term:",positive"` // 0 means 1
	Pad      int   `term:",same=-1,valid=0"`
	NoBias   bool  `term:"bias,not"` // leaves out the bias of each map, for use before a batch norm, which would cancel it
	Init     *Init // nil: the network's
	Cols     int   `term:"-"`         // columns of a filter; 0 means as many as rows
	Dilation int   `term:",positive"` // the distance between neighboring elements of a filter; 0 means 1, which leaves no gaps
	Groups   int   `term:",positive"` // splits maps and filters into this many independent groups; 0 means 1
}

// Valid is the Pad that adds nothing. Same keeps the size of images at stride 1; it needs filters of odd size.
const (
	Valid = 0
	Same  = -1
)

// Build creates the parameters convN.w (Out, c/Groups, Kernel, Cols) and, unless NoBias is set, convN.b (Out).
func (c Conv) Build(b *Builder, x *Node) *Node {
	numbers, w := c.check(x)
	area := w[2] * w[3]
	name, init, in, out := b.Name("conv"), b.init(c.Init), w[1]*area, w[0]/numbers.Groups*area
	conv, filters := op.Conv(numbers), b.weights(name+".w", init, w, in, out)
	if c.NoBias {
		return op.WithoutBias(conv).Apply(x, filters)
	}
	return conv.Apply(x, filters, b.Param(name+".b", Shape{c.Out}, scale(init.Bias, in, out), false))
}

// check replaces zeros by the defaults they stand for, and returns the op's settings and the shape of the filters.
func (c Conv) check(x *Node) (op.Convolution, Shape) {
	if c.Out < 1 || c.Kernel < 1 || c.Stride < 0 || c.Pad < Same {
		op.Fail("out %d, kernel %d, stride %d, pad %d; out and kernel must be at least 1, the others at least 0", c.Out, c.Kernel, c.Stride, c.Pad)
	}
	if c.Cols < 0 || c.Dilation < 0 || c.Groups < 0 {
		op.Fail("cols %d, dilation %d, groups %d; use at least 1, or 0 for the usual", c.Cols, c.Dilation, c.Groups)
	}
	if c.Cols == 0 {
		c.Cols = c.Kernel
	}
	c.Dilation, c.Groups = max(c.Dilation, 1), max(c.Groups, 1)
	rows, cols := c.pad(c.Kernel), c.pad(c.Cols)
	s := x.Shape()
	if len(s) != 4 {
		op.Fail("input %v is not (m,c,h,w), which a convolution needs; put reshape(1x28x28) before it for 784 numbers", s)
	}
	if s[1]%c.Groups > 0 || c.Out%c.Groups > 0 {
		op.Fail("%d groups for %d maps and %d filters; use a number that divides both", c.Groups, s[1], c.Out)
	}
	return op.Convolution{Stride: max(c.Stride, 1), PadRows: rows, PadCols: cols, Dilation: c.Dilation, Groups: c.Groups},
		Shape{c.Out, s[1] / c.Groups, c.Kernel, c.Cols}
}

// pad returns the number of zeros before and after an image along an axis on which filters have length n.
func (c Conv) pad(n int) int {
	if c.Dilation > 1 && n-1 > math.MaxInt32/c.Dilation {
		op.Fail("dilation %d for filters of %d×%d; use less", c.Dilation, c.Kernel, c.Cols)
	}
	reach := c.Dilation * (n - 1)
	if c.Pad == Same {
		if reach%2 > 0 {
			op.Fail("pad same for filters of %d×%d; use filters of an odd size", c.Kernel, c.Cols)
		}
		return reach / 2
	}
	if c.Pad > reach {
		op.Fail("pad %d for filters of %d×%d, which would see nothing but zeros there; use less than %d, or same", c.Pad, c.Kernel, c.Cols, reach+1)
	}
	return c.Pad
}

// ConvTranspose is a transposed convolution, as used in decoders: it maps the output shape of a [Conv] with the same settings back to the
// input shape. Each element of x (m,c,h,w) gives a patch of Kernel×Cols to each of the Out/Groups maps of its group. The patches lie Stride
// apart and are added up; then Pad rows and columns are cut off each side. y is (m,Out,h′,w′) with
// h′ = (h−1)·Stride − 2·Pad + Dilation·(Kernel−1) + 1 + OutPad.
type ConvTranspose struct {
	Out      int   `term:",required"`
	Kernel   int   `term:",required,by=Cols"`
	Stride   int   `term:",positive"`        // 0 means 1
	Pad      int   `term:",same=-1,valid=0"` // Same: as a Conv with Same would pad
	OutPad   int   // extra rows below and columns on the right, less than Stride: a convolution gives the same size for several image sizes
	NoBias   bool  `term:"bias,not"`
	Init     *Init // nil: the network's
	Cols     int   `term:"-"`         // columns of a filter; 0 means as many as rows
	Dilation int   `term:",positive"` // as in Conv
	Groups   int   `term:",positive"` // as in Conv
}

// Build creates the parameters convtransposeN.w (c, Out/Groups, Kernel, Cols) and, unless NoBias is set, convtransposeN.b (Out).
func (c ConvTranspose) Build(b *Builder, x *Node) *Node {
	numbers, w := Conv{c.Out, c.Kernel, c.Stride, c.Pad, c.NoBias, c.Init, c.Cols, c.Dilation, c.Groups}.check(x)
	if numbers.Stride > math.MaxInt32 {
		op.Fail("stride %d; use less", numbers.Stride)
	}
	if c.OutPad < 0 || c.OutPad >= numbers.Stride {
		op.Fail("outpad %d with stride %d; use at least 0 and less than the stride", c.OutPad, numbers.Stride)
	}
	maps, area := x.Shape()[1], w[2]*w[3]
	w[0], w[1] = maps, c.Out/numbers.Groups
	// An element of y meets only one in Stride² of a filter's elements.
	in, out := max(1, maps/numbers.Groups*area/(numbers.Stride*numbers.Stride)), w[1]*area
	name, init := b.Name("convtranspose"), b.init(c.Init)
	conv, filters := op.ConvTranspose(numbers, c.OutPad), b.weights(name+".w", init, w, in, out)
	if c.NoBias {
		return op.WithoutBias(conv).Apply(x, filters)
	}
	return conv.Apply(x, filters, b.Param(name+".b", Shape{c.Out}, scale(init.Bias, in, out), false))
}
