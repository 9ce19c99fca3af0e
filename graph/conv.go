package graph

import (
	"math"

	"github.com/stheno-ml/stheno/graph/op"
)

// Conv is a convolution of Out filters of Kernel×Kernel, or of Kernel rows and Cols columns, at every Stride-th place of images with Pad
// zeros around them, which may be [Same]; x is (m,c,h,w), y is (m,Out,h′,w′) with h′ = (h+2·Pad−Dilation·(Kernel−1)−1)/Stride + 1. With
// Groups = Out = c it is depthwise: each map has a filter of its own.
type Conv struct {
	Out      int   `term:",required"`
	Kernel   int   `term:",required,by=Cols"`
	Stride   int   `term:",positive"` // 0: 1
	Pad      int   `term:",same=-1,valid=0"`
	NoBias   bool  `term:"bias,not"` // there is no bias to each map, as before a batch norm, which takes any constant away again
	Init     *Init // nil: the network's
	Cols     int   `term:"-"`         // columns of a filter; 0: as many as rows
	Dilation int   `term:",positive"` // from one element of a filter to the next; 0: 1, which leaves no gaps
	Groups   int   `term:",positive"` // the maps and the filters are parted into so many groups, which see nothing of each other; 0: 1
}

// Valid is the Pad that adds nothing, and Same the one that keeps the size of images at stride 1, for filters of an odd size.
const (
	Valid = 0
	Same  = -1
)

// Build makes the parameters convN.w (Out, c/Groups, Kernel, Cols) and, unless NoBias, convN.b (Out).
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

// check is what the op needs to know, and the shape of the filters, without zeros that stand for something else.
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
		op.Fail("input %v is not (m,c,h,w); a convolution takes images, which reshape(1x28x28) makes of 784 numbers", s)
	}
	if s[1]%c.Groups > 0 || c.Out%c.Groups > 0 {
		op.Fail("%d groups of %d maps and %d filters; use a number that divides both", c.Groups, s[1], c.Out)
	}
	return op.Convolution{Stride: max(c.Stride, 1), PadRows: rows, PadCols: cols, Dilation: c.Dilation, Groups: c.Groups},
		Shape{c.Out, s[1] / c.Groups, c.Kernel, c.Cols}
}

// pad is the number of zeros before and behind an image along an axis on which filters have length n.
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

// ConvTranspose is a convolution backwards, as decoders have it: what [Conv] with the same numbers makes of an image, it takes to an image
// of that size. Each element of x (m,c,h,w) gives a patch of Kernel×Cols to each of its group's Out/Groups maps, the patches stand Stride
// apart and are added up, and Pad rows and columns around the result are cut off. y is (m,Out,h′,w′) with
// h′ = (h−1)·Stride − 2·Pad + Dilation·(Kernel−1) + 1 + OutPad.
type ConvTranspose struct {
	Out      int   `term:",required"`
	Kernel   int   `term:",required,by=Cols"`
	Stride   int   `term:",positive"`        // 0: 1
	Pad      int   `term:",same=-1,valid=0"` // Same: what Conv would have
	OutPad   int   // more rows below and columns on the right, fewer than Stride: a convolution makes images of the same size of several sizes
	NoBias   bool  `term:"bias,not"`
	Init     *Init // nil: the network's
	Cols     int   `term:"-"`         // columns of a filter; 0: as many as rows
	Dilation int   `term:",positive"` // as in Conv
	Groups   int   `term:",positive"` // as in Conv
}

// Build makes the parameters convtransposeN.w (c, Out/Groups, Kernel, Cols) and, unless NoBias, convtransposeN.b (Out).
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
	// Of a filter's elements, one in Stride² meets a given place of y.
	in, out := max(1, maps/numbers.Groups*area/(numbers.Stride*numbers.Stride)), w[1]*area
	name, init := b.Name("convtranspose"), b.init(c.Init)
	conv, filters := op.ConvTranspose(numbers, c.OutPad), b.weights(name+".w", init, w, in, out)
	if c.NoBias {
		return op.WithoutBias(conv).Apply(x, filters)
	}
	return conv.Apply(x, filters, b.Param(name+".b", Shape{c.Out}, scale(init.Bias, in, out), false))
}
