package graph

import (
	"cmp"

	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/internal/kernel"
)

// BatchNorm normalizes each map of (m,c,h,w), or each feature of (m,n), to mean 0 and variance 1 over the mini-batch. Then it scales and
// shifts the result by learned parameters (Ioffe and Szegedy 2015): y = γ (x−μ)/√(σ²+ε) + β. A training step uses the mini-batch's own
// mean and biased variance σ². It also updates the running statistics, r = (1−Momentum) r + Momentum μ, where the variance is the unbiased
// estimate Σ(x−μ)²/(n−1). Predictions and evaluation normalize by the running statistics.
type BatchNorm struct {
	Momentum float64 `term:",positive"` // the weight of the newest statistics in the running ones; 0 means 0.1
	Eps      float64 `term:",positive"` // ε; 0 means 1e-5
}

// Build creates the parameters batchnormN.gamma (c), initialized to 1, and batchnormN.beta (c), initialized to 0, and the running statistics
// batchnormN.mean (c), which starts at 0, and batchnormN.variance (c), which starts at 1. None of them decays.
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
	running := b.moments(name, s[1])
	if !b.Training {
		return op.Normalize(l.Eps).Apply(x, b.variable(name+".moments", Shape{2, s[1]}, running), gamma, beta)
	}
	moments, norm := op.MomentsOf(x), op.BatchNorm(l.Eps)
	if a := b.net.across; a != nil {
		moments, norm = a.moments(s[0]).Apply(moments), a.normAcross(l.Eps, s)
	}
	b.moving = append(b.moving, moving{node: moments, running: running, of: s.TotalSize() / s[1], share: l.Momentum, across: b.net.across})
	return norm.Apply(x, moments, gamma, beta)
}

// moments finds or creates a layer's running moments: means, then variances. They are two of the network's fixed tensors.
func (b *Builder) moments(name string, c int) any {
	all, mean, variance := b.net.moments(name, c)
	if mean != nil {
		b.net.Fixed = append(b.net.Fixed,
			&Param{Name: name + ".mean", Shape: Shape{c}, Data: mean, running: !b.frozen},
			&Param{Name: name + ".variance", Shape: Shape{c}, Data: variance, running: !b.frozen})
	}
	return all
}

// moving describes how a training step updates a layer's running moments.
type moving struct {
	node    *Node // the mini-batch's moments (2,c)
	batch   any   // their memory after a run
	running any
	of      int // how many numbers each moment is computed from
	share   float64
	across  *across // nil: the moments cover only the examples of this process
}

func move[T kernel.Float](m *moving) {
	running, batch := m.running.([]T), m.batch.([]T)
	of := m.of
	if a := m.across; a != nil {
		of = of / a.own * a.whole
	}
	unbiased := float64(of) / float64(of-1)
	for i, v := range batch {
		x := float64(v)
		if i >= len(batch)/2 {
			x *= unbiased
		}
		running[i] = T((1-m.share)*float64(running[i]) + m.share*x)
	}
}
