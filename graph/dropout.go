package graph

import (
	"fmt"

	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/internal/kernel"
)

// Dropout zeroes each element of its input with probability P in training, and divides the others by 1−P, so that evaluation needs no
// factor. The masks depend only on the network's seed, the layer and the number of the step.
type Dropout struct {
	P        float64 `term:",required"`
	Unscaled bool    // training leaves the others as they are, and evaluation multiplies by 1−P instead (Srivastava et al. 2014; network3)
}

// Build multiplies x by a mask in training. In evaluation it returns x, or (1−P) x if Unscaled is set.
func (d Dropout) Build(b *Builder, x *Node) *Node { return d.drop(b, x, op.Hadamard, x.Shape()) }

// drop multiplies x by a mask of the given shape.
func (d Dropout) drop(b *Builder, x *Node, by *Op, shape Shape) *Node {
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
		return by.Apply(x, b.mask(name, shape, d.P, kept))
	case d.Unscaled:
		return op.Scaled(1 - d.P).Apply(x)
	}
	return x
}

// Dropout2D is [Dropout] for whole maps of (m,c,h,w). Neighboring pixels of a map are alike, so that those left would give away one that is
// dropped (Tompson et al. 2015).
type Dropout2D struct {
	P        float64 `term:",required"`
	Unscaled bool    // as for Dropout
}

// Build multiplies each map of x (m,c,h,w) by its element of the mask (m,c).
func (d Dropout2D) Build(b *Builder, x *Node) *Node {
	s := x.Shape()
	if len(s) != 4 {
		op.Fail("input %v is not (m,c,h,w); use dropout, which leaves out single numbers", s)
	}
	return Dropout(d).drop(b, x, op.ScaleMaps, s[:2].Clone())
}

// mask is the mask of one dropout layer in a training graph. Each step fills it.
type mask struct {
	data  any
	p     float64
	kept  float64 // how many elements are not 0
	layer uint64  // the number of the dropout layer in the network
}

func (b *Builder) mask(name string, shape Shape, p, kept float64) *Node {
	data := b.net.buffer(shape.TotalSize())
	b.masks = append(b.masks, mask{data, p, kept, uint64(b.dropouts)})
	if b.scope != "" { // a shared layer gets a mask in each place
		name = fmt.Sprint(name, "#", b.dropouts)
	}
	return b.variable(name+".mask", shape, data)
}

// fillMask draws the mask of one step from a counter-based generator.
func fillMask[T kernel.Float](m *mask, seed, step uint64) { drawMask(m.data.([]T), m, seed, step) }

func drawMask[T kernel.Float](to []T, m *mask, seed, step uint64) {
	kernel.For[T]().Mask(to, kernel.Bits(seed, kernel.Bits(m.layer, step)), m.p, T(m.kept))
}

// drop fills a mask for the mini-batch that is loaded. For a Part it draws the mask of the whole mini-batch and keeps the part's rows.
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
