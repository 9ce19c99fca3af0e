package graph

import "github.com/stheno-ml/stheno/graph/op"

// AvgPool is the mean over windows of Size×Size without overlap.
type AvgPool struct {
	Size int `term:",required"`
}

// Build needs x (m,c,h,w).
func (p AvgPool) Build(_ *Builder, x *Node) *Node {
	if p.Size < 1 {
		op.Fail("size %d; use at least 1", p.Size)
	}
	return op.AvgPool(p.Size).Apply(x)
}

// GlobalAvgPool turns images (m,c,h,w) into the means of their maps (m,c) (Lin, Chen and Yan 2014), and a sequence (m,steps,features) into the
// mean of its steps (m,features), those of padding left out.
type GlobalAvgPool struct{}

// Build needs x (m,c,h,w) or (m,steps,features).
func (GlobalAvgPool) Build(b *Builder, x *Node) *Node {
	if len(x.Shape()) != 3 {
		return op.MapMeans.Apply(x)
	}
	if mask := b.Present(x); mask != nil {
		return op.StepMeansOf.Apply(x, mask)
	}
	return op.StepMeans.Apply(x)
}
