package graph

import (
	"cmp"

	"github.com/stheno-ml/stheno/graph/op"
)

// MaxPool is the maximum over windows of Size×Size of images (m,c,h,w), one window every Stride places. Pad adds rows and columns on each
// side that never hold the maximum. y is (m,c,h′,w′) with h′ = (h+2·Pad−Size)/Stride + 1; rows and columns that fill no window are ignored.
type MaxPool struct {
	Size   int `term:",required"`
	Stride int `term:",positive"` // 0 means Size: adjacent windows
	Pad    int // at most half of Size
}

// Build takes x (m,c,h,w).
func (p MaxPool) Build(_ *Builder, x *Node) *Node {
	return pooling(p).build(x, op.MaxPool, op.MaxWindows)
}

// AvgPool is the mean over windows, which lie as in [MaxPool]. Padding counts as zeros, as in PyTorch: every mean divides by Size².
type AvgPool struct {
	Size   int `term:",required"`
	Stride int `term:",positive"` // 0 means Size: adjacent windows
	Pad    int // at most half of Size
}

// Build takes x (m,c,h,w).
func (p AvgPool) Build(_ *Builder, x *Node) *Node {
	return pooling(p).build(x, op.AvgPool, op.AvgWindows)
}

// pooling says where the windows lie.
type pooling struct{ Size, Stride, Pad int }

// build applies side if windows are adjacent and do not overlap, and otherwise windows.
func (p pooling) build(x *Node, side func(size int) *Op, windows func(w op.Windows, rows, cols int) *Op) *Node {
	if p.Size < 1 || p.Stride < 0 {
		op.Fail("size %d, stride %d; use at least 1", p.Size, p.Stride)
	}
	if p.Pad < 0 || p.Pad > p.Size/2 {
		op.Fail("pad %d for windows of %d×%d; use 0 to %d, half of the size", p.Pad, p.Size, p.Size, p.Size/2)
	}
	stride, s := cmp.Or(p.Stride, p.Size), x.Shape()
	if stride == p.Size && p.Pad == 0 {
		return side(p.Size).Apply(x)
	}
	if len(s) != 4 || min(s[2], s[3])+2*p.Pad < p.Size {
		op.Fail("windows of %d×%d on %v; use (m,c,h,w) with h and w, padding included, at least as large as a window", p.Size, p.Size, s)
	}
	w := op.Windows{Rows: p.Size, Cols: p.Size, StrideRows: stride, StrideCols: stride, PadRows: p.Pad, PadCols: p.Pad}
	places := func(n int) int { return (n+2*p.Pad-p.Size)/stride + 1 }
	return windows(w, places(s[2]), places(s[3])).Apply(x)
}

// GlobalAvgPool turns images (m,c,h,w) into the means of their maps (m,c) (Lin, Chen and Yan 2014), and a sequence (m,steps,features) into the
// mean of its steps (m,features), without those that are padding.
type GlobalAvgPool struct{}

// Build takes x (m,c,h,w) or (m,steps,features).
func (GlobalAvgPool) Build(b *Builder, x *Node) *Node {
	if len(x.Shape()) != 3 {
		return op.MapMeans.Apply(x)
	}
	if mask := b.Present(x); mask != nil {
		return op.StepMeansOf.Apply(x, mask)
	}
	return op.StepMeans.Apply(x)
}
