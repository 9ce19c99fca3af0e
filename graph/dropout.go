package graph

import (
	"fmt"

	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/internal/kernel"
)

// Dropout leaves out each element of its input with probability P in training, and divides the others by 1−P, so that
// evaluation needs no factor. The mask is an input of the graph, of counted random bits: see [Net.Step].
type Dropout struct {
	P        float64 `term:",required"`
	Unscaled bool    // training leaves the others as they are, and evaluation multiplies all by 1−P: Srivastava et al. (2014), network3
}

// Build multiplies by a mask in training; in evaluation it is nothing, or the factor 1−P if Unscaled.
func (d Dropout) Build(b *Builder, x *Node) *Node { return d.drop(b, x, op.Hadamard, x.Shape()) }

// drop multiplies x by a mask of that shape.
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

// Dropout2D is [Dropout] of whole maps of (m,c,h,w): the pixels of a map resemble their neighbors, which would tell what was left out
// (Tompson et al. 2015).
type Dropout2D struct {
	P        float64 `term:",required"`
	Unscaled bool    // as Dropout's
}

// Build multiplies each map by its number of the mask (m,c).
func (d Dropout2D) Build(b *Builder, x *Node) *Node {
	s := x.Shape()
	if len(s) != 4 {
		op.Fail("input %v is not (m,c,h,w); use dropout, which leaves out single numbers", s)
	}
	return Dropout(d).drop(b, x, op.ScaleMaps, s[:2].Clone())
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
