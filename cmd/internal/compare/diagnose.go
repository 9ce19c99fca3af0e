package compare

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// Diagnosis is the mistake that explains a program's gradients.
type Diagnosis struct {
	Name   string   // of the Bug
	Text   string   // a sentence or two
	Also   []string // other Bugs with the same effect on this mini-batch
	Beside string   // a second Bug that is needed too, or empty
}

// suspect is a derivation that explains the gradients.
type suspect struct {
	bug       int // in Bugs
	rank      int // 0: everywhere; 1: in one layer only; 2 and 3: the same times a factor; 4: other bugs explain it better
	text      string
	err       float64
	problem   int
	explained int // the number of tensors that it explains, from the output backwards
	derivation
	pair *Diagnosis // if it is beside another bug
}

// diagnose finds the mistake that explains the user's gradients within the tolerance, and the problem, of several layouts of one file, in which
// it does. The likeliest mistake comes first: a mistake alone before one with a factor, and a mistake in all layers before one in a single layer.
// If no single mistake explains the gradients, pairs are tried.
func diagnose(ctx context.Context, problems []*problem) (*Diagnosis, *problem) {
	all := search(ctx, problems, (*problem).single)
	if len(all) == 0 || slices.Contains(byElimination, Bugs[all[0].bug].Name) {
		if two, p := diagnoseTwo(ctx, problems); two != nil {
			return two, p
		}
	}
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

// search collects the likeliest suspects of all problems, for each multiple of the weights that the gradients may include.
func search(ctx context.Context, problems []*problem, find func(p *problem, ctx context.Context, c float64) []suspect) []suspect {
	var all []suspect
	for i, p := range problems {
		if p.ours() == nil {
			continue
		}
		for _, c := range p.decays() {
			for _, s := range find(p, ctx, c) {
				s.problem = i
				all = append(all, s)
			}
		}
		*p.graph = outcome{} // frees memory: there may be many problems, each as large as the network
	}
	return likeliest(all)
}

// likeliest are the suspects of the lowest rank that explain the gradients about as well as the best of that rank, by problem and in the order
// of Bugs.
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

// byElimination are the bugs that fit nearly any gradients of some kind; two other mistakes explain more.
var byElimination = []string{"factors", "other-labels"}

// generic reports whether other bugs are better explanations than this one.
func generic(name string) bool {
	return slices.Contains(byElimination, name) || name == "decay" || name == "constant"
}

// decays are the multiples of the weights that right gradients may include.
func (p *problem) decays() []float64 {
	if p.decayed {
		return []float64{p.l2}
	}
	return slices.Compact([]float64{0, p.l2})
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

// without is p with c times the weights subtracted from the gradients.
func (p *problem) without(c float64) *problem {
	q := *p
	q.user, q.taken = p.plusDecay(p.user, -c), c
	return &q
}

// single are the derivations that explain the gradients without c times the weights.
func (p *problem) single(ctx context.Context, c float64) []suspect {
	all := p.suspects(ctx, c, func(int) bool { return true })
	if p.singles == nil {
		p.singles = map[float64][]suspect{}
	}
	p.singles[c] = all
	return slices.DeleteFunc(slices.Clone(all), func(s suspect) bool { return !(s.err <= p.tol) })
}

// suspects tries the wanted bugs on the gradients without c times the weights.
func (p *problem) suspects(ctx context.Context, c float64, wanted func(bug int) bool) []suspect {
	var all []suspect
	q := p.without(c)
	// If only the shape of a bias's gradient is wrong, any mistake without an effect on this mini-batch would explain the numbers.
	right := p.hasMisshapen() && q.isOurs()
	for i, bug := range Bugs {
		if ctx.Err() != nil {
			return nil
		}
		if bug.derive == nil || !wanted(i) || bug.Name == "no-lambda" && !p.decayed || right && !slices.Contains(p.misshapen, bug.Name) {
			continue
		}
		for _, d := range bug.derive(q) {
			all = append(all, p.suspect(i, d, q, c))
		}
	}
	return all
}

// suspect compares a derivation of a bug with the gradients: those of q or, if the derivation has its own term of λ, of p.
func (p *problem) suspect(bug int, d derivation, q *problem, c float64) suspect {
	s := suspect{bug: bug, text: Bugs[bug].Looks + d.where, err: math.Inf(1), derivation: d}
	if d.l2 {
		if c != 0 && !p.decayed {
			return s // it excludes another term of λ, and is tried with c = 0
		}
		q = p
	}
	g := d.gradients(q, q.hopeful)
	if g == nil {
		return s
	}
	s.err, s.explained = q.off(g), q.explained(g)
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
	if s.err > p.tol && !vague && d.times == 0 && p.given == nil && !slices.ContainsFunc(g, func(x []float64) bool { return x == nil }) {
		if text, by := q.besides(nearestFactor(q.user, g)); text != "" {
			s.text, s.rank, s.err = s.text+text, s.rank+2, q.off(scaledAll(g, by))
		}
	}
	return s
}

// isOurs reports whether the user's gradients are right.
func (p *problem) isOurs() bool {
	g := p.ours()
	return g != nil && p.off(g) <= p.tol
}

// hopeful reports whether the gradients g may explain the user's, down to layer l: each layer has a gradient that does, or the last layer's are
// the user's times a factor. A second mistake must explain all gradients.
func (p *problem) hopeful(g [][]float64, l int) bool {
	if p.given != nil {
		return p.distance(g, 2*l-2) <= p.tol && p.distance(g, 2*l-1) <= p.tol
	}
	return p.reach(g) <= 2*l-2 || p.proportional(g)
}

// proportional reports whether the last layer's gradients g are the user's times a factor.
func (p *problem) proportional(g [][]float64) bool {
	last := len(g) - 2
	q := *p
	q.user = slices.Concat(make([][]float64, last), p.user[last:])
	if k := nearestFactor(q.user, g); !math.IsNaN(k) {
		g = scaledAll(g, k)
	}
	return q.off(g) <= p.tol
}

// reach is the lowest parameter such that g explains one of the user's gradients in its layer and in all layers after it.
func (p *problem) reach(g [][]float64) int {
	reached := len(g)
	for i := len(g); i > 0; {
		first, some := i, false
		for first > 0 && p.params[first-1].of() == p.params[i-1].of() {
			first--
			some = some || p.distance(g, first) <= p.tol
		}
		if !some {
			break
		}
		reached, i = first, first
	}
	return reached
}

// explained is the number of the user's gradients that g explains, down to the first layer where it explains none.
func (p *problem) explained(g [][]float64) int {
	n := 0
	for i := p.reach(g); i < len(g); i++ {
		if p.user[i] != nil && p.distance(g, i) <= p.tol {
			n++
		}
	}
	return n
}
