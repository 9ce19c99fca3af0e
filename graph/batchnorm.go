package graph

import (
	"cmp"

	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/internal/kernel"
)

// BatchNorm normalises every map of (m,c,h,w), or every feature of (m,n), to mean 0 and variance 1 over the mini-batch, and then scales and
// shifts it by parameters (Ioffe and Szegedy 2015): y = γ (x−μ)/√(σ²+ε) + β. A training step normalises by the mini-batch's own moments,
// σ² being the mean square from the mean (biased), and moves the running ones towards them, r = (1−Momentum) r + Momentum μ, where the
// variance counts as the estimate Σ(x−μ)²/(n−1) (unbiased). Predictions and evaluation normalise by the running ones.
type BatchNorm struct {
	Momentum float64 `term:",positive"` // of the running moments, the share of the newest: 0 means 0.1
	Eps      float64 `term:",positive"` // ε: 0 means 1e-5
}

// Build makes the parameters batchnormN.gamma (c), which starts at 1, and batchnormN.beta (c), at 0, and the running statistics
// batchnormN.mean (c), from 0, and batchnormN.variance (c), from 1. None of them decays.
func (l BatchNorm) Build(b *Builder, x *Node) *Node {
	l.Momentum, l.Eps = cmp.Or(l.Momentum, .1), cmp.Or(l.Eps, 1e-5)
	if !(0 < l.Momentum && l.Momentum <= 1) || !(0 < l.Eps && l.Eps < 1) {
		op.Fail("momentum %v, eps %v; use 0 < momentum ≤ 1 and 0 < eps < 1", l.Momentum, l.Eps)
	}
	s := x.Shape()
	if len(s) != 2 && len(s) != 4 {
		op.Fail("input %v is neither (m,c,h,w) nor (m,n)", s)
	}
	name, c := b.Name("batchnorm"), Shape{s[1]}
	gamma, beta := b.Filled(name+".gamma", c, 1, false), b.Filled(name+".beta", c, 0, false)
	running := b.net.moments(name, s[1])
	var moments *Node
	if b.Training {
		moments = op.MomentsOf(x)
		b.moving = append(b.moving, &moving{node: moments, running: running, of: s.TotalSize() / s[1], share: l.Momentum})
	} else {
		moments = b.variable(name+".moments", Shape{2, s[1]}, running)
	}
	return op.BatchNorm(l.Eps).Apply(x, moments, gamma, beta)
}

// moments finds or makes the running moments of a layer: means, then variances, which are two of Stats.
func (n *Net) moments(name string, c int) any {
	if n.running[name] == nil {
		all := buffer(n.dtype, 2*c)
		mean, variance := &Param{Name: name + ".mean", Shape: Shape{c}}, &Param{Name: name + ".variance", Shape: Shape{c}}
		switch all := all.(type) {
		case []float32:
			mean.Data, variance.Data = all[:c:c], all[c:]
		case []float64:
			mean.Data, variance.Data = all[:c:c], all[c:]
		}
		set(variance.Data, 1)
		n.running[name], n.Stats = all, append(n.Stats, mean, variance)
	}
	return n.running[name]
}

// moving is how a training step moves a layer's running moments.
type moving struct {
	node    *Node // the mini-batch's moments (2,c)
	batch   any   // and their memory after a run
	running any
	of      int // numbers that a moment is of
	share   float64
}

func (m *moving) update() {
	switch r := m.running.(type) {
	case []float32:
		move(r, m.batch.([]float32), m.of, m.share)
	case []float64:
		move(r, m.batch.([]float64), m.of, m.share)
	}
}

func move[T kernel.Float](running, batch []T, n int, share float64) {
	unbiased := float64(n) / float64(n-1)
	for i, v := range batch {
		x := float64(v)
		if i >= len(batch)/2 {
			x *= unbiased
		}
		running[i] = T((1-share)*float64(running[i]) + share*x)
	}
}
