package op

import (
	"fmt"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// Convolution holds a convolution's settings, apart from the shapes of its inputs.
type Convolution struct {
	Stride           int // the distance between places of the output; 0 means 1
	PadRows, PadCols int // zeros above and below an image, and at its left and right
	Dilation         int // the distance between elements of a filter; 0 means 1
	Groups           int // groups of maps, each with its own filters; 0 means 1
}

// name writes the settings: conv/1/2, with two pads conv/1/[2 0], with dilation and groups conv/1/2/1/8.
func (c Convolution) name(kind string) string {
	pad := fmt.Sprint(c.PadRows)
	if c.PadCols != c.PadRows {
		pad = fmt.Sprint([]int{c.PadRows, c.PadCols})
	}
	name := fmt.Sprintf("%s/%d/%s", kind, c.Stride, pad)
	if c.Dilation > 1 || c.Groups > 1 {
		name += fmt.Sprintf("/%d/%d", c.Dilation, c.Groups)
	}
	return name
}

// full returns c with 1 in place of 0.
func (c Convolution) full() Convolution {
	c.Stride, c.Dilation, c.Groups = max(c.Stride, 1), max(c.Dilation, 1), max(c.Groups, 1)
	return c
}

// geometry returns the geometry of one image of x (m,c,h,w) under filters of rows × cols.
func (c Convolution) geometry(x Shape, rows, cols int) kernel.Geometry {
	return kernel.Geometry{
		Maps: x[1], Rows: x[2], Cols: x[3], KernelRows: rows, KernelCols: cols, Stride: c.Stride, PadRows: c.PadRows, PadCols: c.PadCols,
		Dilation: c.Dilation,
	}
}

// depthwise reports whether each map of images x has exactly one filter of k of its own.
func (c Convolution) depthwise(x, k Shape) bool {
	return c.Groups > 1 && c.Groups == x[1] && c.Groups == k[0]
}

// Conv is y[i,o] = b[o] + Σ_c K[o,c] ⋆ x[i,c] for x (m,c,h,w), filters K (o,c,kh,kw) and b (o), which may be left out. It is a correlation:
// filters are not flipped. With groups, K is (o,c/Groups,kh,kw), and a filter sees only the maps of its own group; the first filters see the
// first maps.
func Conv(c Convolution) *Op {
	c = c.full()
	return &Op{
		Name: c.name("conv"), Shape: c.shape, F32: convDo[float32](c), F64: convDo[float64](c),
		Cut:   Cut{Each: []bool{true, false, false}},
		Terms: func(x []Shape) int { return x[1][1:].TotalSize() },
		Grad: []Grad{
			func(x Nodes, _, dy *Node) *Node { return DConvX(c, x[0].Shape()).Apply(dy, x[1]) },
			func(x Nodes, _, dy *Node) *Node { return DConvK(c, x[1].Shape()).Apply(x[0], dy) },
			func(_ Nodes, _, dy *Node) *Node { return SumMaps.Apply(dy) },
		},
	}
}

func (c Convolution) shape(x []Shape) (Shape, error) {
	in, k := x[0], x[1]
	if len(in) != 4 || len(k) != 4 || in[1] != k[1]*c.Groups || k[0]%c.Groups > 0 || len(x) == 3 && !x[2].Eq(k[:1]) {
		return nil, fmt.Errorf("%v; it takes images (m,c,h,w), filters (o,c,kh,kw) and a bias (o) or none; of %d groups, filters (o,c/%[2]d,kh,kw)", x, c.Groups)
	}
	g := c.geometry(in, k[2], k[3])
	if rows, cols := c.Dilation*(k[2]-1)+1, c.Dilation*(k[3]-1)+1; in[2]+2*c.PadRows < rows || in[3]+2*c.PadCols < cols {
		return nil, fmt.Errorf("filters of %d×%d on images of %d×%d; use smaller filters or more pad", rows, cols, in[2], in[3])
	}
	return Shape{in[0], k[0], g.OutRows(), g.OutCols()}, nil
}

// convDo is one matrix product per image and group, K (o, c·kh·kw) times the patches (c·kh·kw, oh·ow). Depthwise filters need no patches.
func convDo[T kernel.Float](c Convolution) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		s := kernel.For[T]()
		g := c.geometry(x[0].Shape, x[1].Shape[2], x[1].Shape[3])
		if c.depthwise(x[0].Shape, x[1].Shape) {
			var bias []T
			if len(x) == 3 {
				bias = x[2].Data
			}
			for i := range y.Shape[0] {
				s.Depthwise(image(y, i), image(x[0], i), x[1].Data, bias, g)
			}
			return
		}
		o, patch, area := y.Shape[1]/c.Groups, g.Patch()/c.Groups, g.OutRows()*g.OutCols()
		scratch := kernel.Borrow[T](c.Groups * patch * area)
		defer kernel.Return(scratch)
		cols := *scratch
		for i := range y.Shape[0] {
			s.Im2col(cols, image(x[0], i), g)
			yi, beta := image(y, i), T(0)
			if len(x) == 3 {
				for j, bias := range x[2].Data {
					Fill(yi[j*area:j*area+area], bias)
				}
				beta = 1
			}
			for j := range c.Groups {
				s.Mul(yi[j*o*area:], area, x[1].Data[j*o*patch:], patch, 1, cols[j*patch*area:], area, o, area, patch, 1, beta)
			}
		}
	}
}

// Fill sets every element of y, which must not be empty.
func Fill[T kernel.Float](y []T, v T) {
	y[0] = v
	for n := 1; n < len(y); n *= 2 {
		copy(y[n:], y[:n]) // memmove is faster than a loop
	}
}

// image returns image i of x (m,c,h,w).
func image[T kernel.Float](x Array[T], i int) []T {
	n := x.Shape[1] * x.Shape[2] * x.Shape[3]
	return x.Data[i*n : i*n+n]
}

// DConvX is the gradient for x of shape in: the patches' gradient Kᵀ dy, with each element added back to where it came from.
func DConvX(c Convolution, in Shape) *Op {
	c = c.full()
	return &Op{
		Name: c.name("dConvX") + fmt.Sprint("/", in), F32: convDX[float32](c), F64: convDX[float64](c),
		Shape: func(x []Shape) (Shape, error) {
			if len(x[0]) != 4 {
				return nil, c.misfit(in, x[1], x[0])
			}
			dx := append(Shape{x[0][0]}, in[1:]...)
			return dx, c.misfit(dx, x[1], x[0])
		},
		Cut: Cut{Each: []bool{true, false}},
		Grad: []Grad{
			func(x Nodes, _, dy *Node) *Node { return WithoutBias(Conv(c)).Apply(dy, x[1]) },
			func(x Nodes, _, dy *Node) *Node { return DConvK(c, x[1].Shape()).Apply(dy, x[0]) },
		},
	}
}

// misfit returns an error unless filters k turn images in into the shape of dy.
func (c Convolution) misfit(in, k, dy Shape) error {
	if len(k) == 4 {
		if y, err := c.shape([]Shape{in, k}); err == nil && y.Eq(dy) {
			return nil
		}
	}
	return fmt.Errorf("%v is not of images %v under filters %v", dy, in, k)
}

func convDX[T kernel.Float](c Convolution) func(Array[T], []Array[T]) {
	return func(dx Array[T], x []Array[T]) {
		s := kernel.For[T]()
		dy, k := x[0], x[1]
		g := c.geometry(dx.Shape, k.Shape[2], k.Shape[3])
		if c.depthwise(dx.Shape, k.Shape) {
			for i := range dx.Shape[0] {
				s.DepthwiseX(image(dx, i), image(dy, i), k.Data, g)
			}
			return
		}
		o, patch, area := k.Shape[0]/c.Groups, g.Patch()/c.Groups, g.OutRows()*g.OutCols()
		scratch := kernel.Borrow[T](kernel.Turned(area, c.Groups*patch+7))
		defer kernel.Return(scratch)
		cols := *scratch
		for i := range dx.Shape[0] {
			dyi := image(dy, i)
			sparse := mostlyZero(dyi)
			for j := range c.Groups {
				kj, dyj, to := k.Data[j*o*patch:], dyi[j*o*area:], cols[j*patch*area:]
				if sparse {
					patchesSparse(to, kj, dyj, o, patch, area)
				} else {
					s.Mul(to, area, kj, 1, patch, dyj, area, patch, area, o, 1, 0)
				}
			}
			s.Col2im(image(dx, i), cols, g)
		}
	}
}

// DConvK is the gradient for filters of shape k: the sum over the images of dy times the transposed patches.
func DConvK(c Convolution, k Shape) *Op {
	c = c.full()
	return &Op{
		Name: c.name("dConvK") + fmt.Sprint("/", k), F32: convDK[float32](c), F64: convDK[float64](c),
		Shape: func(x []Shape) (Shape, error) { return k.Clone(), c.misfit(x[0], k, x[1]) },
		Cut:   Cut{Sum: true},
		Grad: []Grad{
			func(x Nodes, _, dy *Node) *Node { return DConvX(c, x[0].Shape()).Apply(x[1], dy) },
			func(x Nodes, _, dy *Node) *Node { return WithoutBias(Conv(c)).Apply(x[0], dy) },
		},
	}
}

func convDK[T kernel.Float](c Convolution) func(Array[T], []Array[T]) {
	return func(dk Array[T], x []Array[T]) {
		s := kernel.For[T]()
		in, dy := x[0], x[1]
		g := c.geometry(in.Shape, dk.Shape[2], dk.Shape[3])
		clear(dk.Data)
		if c.depthwise(in.Shape, dk.Shape) {
			for i := range in.Shape[0] {
				s.DepthwiseK(dk.Data, image(in, i), image(dy, i), g)
			}
			return
		}
		o, patch, area := dk.Shape[0]/c.Groups, g.Patch()/c.Groups, g.OutRows()*g.OutCols()
		scratch := kernel.Borrow[T](c.Groups * patch * area)
		defer kernel.Return(scratch)
		cols := *scratch
		for i := range in.Shape[0] {
			s.Im2col(cols, image(in, i), g)
			dyi := image(dy, i)
			sparse := mostlyZero(dyi)
			for j := range c.Groups {
				dkj, dyj, from := dk.Data[j*o*patch:], dyi[j*o*area:], cols[j*patch*area:]
				if sparse {
					filtersSparse(dkj, from, dyj, o, patch, area)
				} else {
					s.MulT(dkj, patch, dyj, area, from, area, o, patch, area, 1, 1)
				}
			}
		}
	}
}

// ConvTranspose is [DConvX] as a layer: y (m,o·Groups,h′,w′) from x (m,c,h,w), filters K (c,o,kh,kw) and b (o·Groups), which may be left out. A
// convolution makes h × w of several image sizes; outPad, less than the stride, is how much larger than the smallest one y is.
func ConvTranspose(c Convolution, outPad int) *Op {
	c = c.full()
	return &Op{
		Name: c.name(fmt.Sprint("convTranspose/", outPad)), F32: convTransposeDo[float32](c), F64: convTransposeDo[float64](c),
		Shape: func(x []Shape) (Shape, error) {
			in, k := x[0], x[1]
			if len(in) != 4 || len(k) != 4 || in[1] != k[0] || k[0]%c.Groups > 0 || len(x) == 3 && !x[2].Eq(Shape{k[1] * c.Groups}) {
				return nil, fmt.Errorf("%v; it takes images (m,c,h,w), filters (c,o,kh,kw) and a bias (o) or none; of %d groups, filters (c,o/%[2]d,kh,kw)", x, c.Groups)
			}
			rows := (in[2]-1)*c.Stride - 2*c.PadRows + c.Dilation*(k[2]-1) + 1 + outPad
			cols := (in[3]-1)*c.Stride - 2*c.PadCols + c.Dilation*(k[3]-1) + 1 + outPad
			if rows < 1 || cols < 1 {
				return nil, fmt.Errorf("images of %d×%d leave %d×%d; use less pad or larger filters", in[2], in[3], rows, cols)
			}
			return Shape{in[0], k[1] * c.Groups, rows, cols}, nil
		},
		Cut:   Cut{Each: []bool{true, false, false}},
		Gives: func(x []Shape) int { return x[1][1:].TotalSize() },
		Grad: []Grad{
			func(x Nodes, _, dy *Node) *Node { return WithoutBias(Conv(c)).Apply(dy, x[1]) },
			func(x Nodes, _, dy *Node) *Node { return DConvK(c, x[1].Shape()).Apply(dy, x[0]) },
			func(_ Nodes, _, dy *Node) *Node { return SumMaps.Apply(dy) },
		},
	}
}

func convTransposeDo[T kernel.Float](c Convolution) func(Array[T], []Array[T]) {
	do := convDX[T](c)
	return func(y Array[T], x []Array[T]) {
		do(y, x[:2])
		if len(x) < 3 {
			return
		}
		area := y.Shape[2] * y.Shape[3]
		for i := 0; i < len(y.Data); i += area {
			bias := x[2].Data[i/area%y.Shape[1]]
			for j := range y.Data[i : i+area] {
				y.Data[i+j] += bias
			}
		}
	}
}

// SumMaps is y[o] = Σ over images and places of x[i,o,r,s] for x (m,o,h,w): the gradient of the bias that a map shares.
var SumMaps = &Op{
	Name: "sumMaps", F32: sumMapsDo[float32], F64: sumMapsDo[float64], Cut: Cut{Sum: true},
	Shape: func(x []Shape) (Shape, error) {
		if len(x[0]) != 4 {
			return nil, fmt.Errorf("%v; it takes (m,o,h,w)", x[0])
		}
		return Shape{x[0][1]}, nil
	},
}

func sumMapsDo[T kernel.Float](y Array[T], x []Array[T]) {
	s := kernel.For[T]()
	area := x[0].Shape[2] * x[0].Shape[3]
	clear(y.Data)
	for i := range x[0].Shape[0] {
		xi := image(x[0], i)
		for o := range y.Data {
			y.Data[o] += s.Sum(xi[o*area : o*area+area])
		}
	}
}
