package compare

import (
	"cmp"
	"context"
	"slices"
)

// Diagnosis is the mistake that explains a program's gradients.
type Diagnosis struct {
	Name string   // of the Bug
	Text string   // a sentence or two
	Also []string // other Bugs with the same effect on this mini-batch
}

// suspect is a derivation that explains the gradients.
type suspect struct {
	bug     int // in Bugs
	rank    int // 0: everywhere; 1: in one layer only; 2 and 3: likewise, but times a factor
	text    string
	err     float64
	problem int
}

// diagnose is the mistake that explains the user's gradients of one of the problems, which are readings of one file, to within the
// tolerance, and which problem that was. The likeliest comes first: a mistake alone before one with a factor, one in all layers before
// one in a single layer.
func diagnose(ctx context.Context, problems []*problem) (*Diagnosis, *problem) {
	var all []suspect
	for i, p := range problems {
		if p.ours() == nil {
			continue
		}
		for _, c := range p.decays() {
			for _, s := range p.suspects(ctx, c) {
				s.problem = i
				all = append(all, s)
			}
		}
		*p.graph = outcome{} // There can be many problems, each of the size of the network.
	}
	all = likeliest(all)
	if len(all) == 0 {
		return nil, nil
	}
	first := all[0]
	d := &Diagnosis{Name: Bugs[first.bug].Name, Text: first.text}
	for _, s := range all {
		if name := Bugs[s.bug].Name; s.problem == first.problem && name != d.Name && !generic(name) && !slices.Contains(d.Also, name) {
			d.Also = append(d.Also, name)
		}
	}
	return d, problems[first.problem]
}

// likeliest are the suspects of the lowest rank that explain the gradients about as well as the best of those, by problem and in the
// order of Bugs.
func likeliest(all []suspect) []suspect {
	if len(all) == 0 {
		return nil
	}
	const alike, exact = 10, 1e-13
	best := slices.MinFunc(all, func(a, b suspect) int { return cmp.Or(a.rank-b.rank, cmp.Compare(a.err, b.err)) })
	all = slices.DeleteFunc(all, func(s suspect) bool { return s.rank != best.rank || s.err > alike*best.err+exact })
	slices.SortStableFunc(all, func(a, b suspect) int { return cmp.Or(a.problem-b.problem, a.bug-b.bug) })
	return all
}

// generic says that a bug explains what others explain better.
func generic(name string) bool {
	return slices.Contains([]string{"decay", "constant", "factors", "other-labels"}, name)
}

// decays are the multiples of the weights that the gradients may rightly have in them.
func (p *problem) decays() []float64 {
	if p.lambda == 0 || p.decayed {
		return []float64{p.l2()}
	}
	return []float64{0, p.l2()}
}

// l2 is λ/n, or 0.
func (p *problem) l2() float64 {
	if p.lambda == 0 {
		return 0
	}
	return p.lambda / p.n
}

// plusDecay is gradients with c times the weights added to those of weights.
func (p *problem) plusDecay(g [][]float64, c float64) [][]float64 {
	g = slices.Clone(g)
	for i, q := range p.params {
		if g[i] != nil && q.weight && c != 0 {
			g[i] = plus(g[i], c, p.values[i])
		}
	}
	return g
}

// without is p with gradients from which c times the weights are taken.
func (p *problem) without(c float64) *problem {
	q := *p
	q.user = p.plusDecay(p.user, -c)
	return &q
}

// suspects are the derivations that explain the gradients, c times the weights left aside.
func (p *problem) suspects(ctx context.Context, c float64) []suspect {
	var all []suspect
	q := p.without(c)
	// Where only the shape of a bias's gradient is wrong, whatever does not matter on this mini-batch would explain the numbers.
	right := len(p.unsummed) > 0 && q.isOurs()
	for i, bug := range Bugs {
		if ctx.Err() != nil {
			return nil
		}
		if bug.derive == nil || bug.Name == "no-lambda" && !p.decayed || right && bug.Name != "bias-unsummed" {
			continue
		}
		for _, d := range bug.derive(q) {
			if s, ok := p.suspect(i, d, q, c); ok {
				all = append(all, s)
			}
		}
	}
	return all
}

// suspect is a derivation of a bug, if it explains the gradients: those of q, or, where it has a term of λ itself, p's.
func (p *problem) suspect(bug int, d derivation, q *problem, c float64) (s suspect, ok bool) {
	if d.l2 {
		if c != 0 && !p.decayed {
			return s, false // It is not beside another term of λ, and comes for c = 0.
		}
		q = p
	}
	g := d.gradients(q)
	if g == nil {
		return s, false
	}
	s = suspect{bug: bug, text: Bugs[bug].Looks + d.where, err: q.off(g)}
	vague := generic(Bugs[bug].Name)
	switch {
	case vague:
		s.rank = 4
	case d.alone:
		s.rank = 1
	}
	if s.err > p.tol && d.times != 0 {
		s.err = p.without(c * d.times).off(g)
	}
	if s.err > p.tol && !vague && bug >= len(scales) {
		if text, by := q.besides(nearestFactor(q.user, g)); text != "" {
			s.text, s.rank, s.err = s.text+text, s.rank+2, q.off(scaledAll(g, by))
		}
	}
	return s, s.err <= p.tol
}

// isOurs says that the user's gradients are the right ones.
func (p *problem) isOurs() bool {
	g := p.ours()
	return g != nil && p.off(g) <= p.tol
}

// off is by how much the user's gradients are off from g: the largest relative difference of a tensor, or the first beyond the
// tolerance from the output backwards. What is within the noise of a tensor does not count.
func (p *problem) off(g [][]float64) float64 {
	worst := 0.
	for i, u := range slices.Backward(p.user) {
		if u == nil {
			continue
		}
		d := difference(u, g[i])
		if p.noise != nil && d.Abs <= p.noise[i] {
			d.Rel = min(d.Rel, p.tol)
		}
		if worst = max(worst, d.Rel); worst > p.tol {
			break
		}
	}
	return worst
}

// roundingNoise is by how much float32 can be off in each tensor's gradients: several times what rounding of the weighted inputs and the
// activations makes, which is a lot where 1−a of an activation next to 1 counts. It is nil for networks whose inside is not known.
func (p *problem) roundingNoise() []float64 {
	if p.sizes == nil {
		return nil
	}
	const several = 64 // a sum of as many products as a layer has inputs is off by more than one rounding
	d := derivation{round: true, delta: func(r *pass, l, k int, back float64) float64 {
		prime := r.prime(l, k)
		if a := r.act[l-1]; a == sigmoid || a == tanh {
			prime = formula(a, r.h[l][k])
		}
		return back * prime * r.kept(l, k)
	}}
	off := d.backward(d.forward(p), false)
	noise := make([]float64, len(off))
	for i, g := range p.ours() {
		noise[i] = several * difference(off[i], g).Abs
	}
	return noise
}
