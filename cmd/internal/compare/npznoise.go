package compare

import (
	"math"
	"slices"
)

// several is the number of roundings by which a sum may be off.
const several = 64

// nothing is a gradient that moves no weight in any number of steps. If all gradients are that small, so are the errors of 1−a.
const nothing = 1e-30

// setNoise sets the differences of p's gradients that are rounding: of sums that are 0 in theory, where it grows with the numbers added up, and of
// digits that are lost next to 1.
func (p *problem) setNoise(single bool) {
	p.epsilon = 0x1p-52
	if single {
		p.epsilon = 0x1p-23
	}
	p.rescale()
	if p.noise = make([]float64, len(p.params)); p.sizes != nil {
		p.noise = p.roundingNoise(single)
	}
}

// rescale sets the scale of the user's gradients.
func (p *problem) rescale() {
	largest := map[string]float64{}
	for i, g := range p.user {
		for _, v := range g {
			largest[p.params[i].of()] = max(largest[p.params[i].of()], math.Abs(v))
		}
	}
	p.scale = make([]float64, len(p.params))
	for i, q := range p.params {
		p.scale[i] = largest[q.of()]
	}
}

// roundingNoise is how much rounding may change each tensor's gradients: several times the effect of rounding weighted inputs and activations, which
// is large if 1−a of an activation near 1 matters.
func (p *problem) roundingNoise(single bool) []float64 {
	round := toFloat32
	if !single {
		round = nextFloat64
	}
	d := derivation{round: round, delta: func(r *pass, l, k int, back float64) float64 {
		prime := r.prime(l, k)
		if a := r.act[l-1]; smooth(a) {
			prime = formula(a, r.h[l][k])
		}
		return back * prime * r.kept(l, k)
	}}
	off := d.gradients(p, nil)
	noise := make([]float64, len(off))
	for i, g := range p.ours() {
		noise[i] = several * difference(off[i], g).Abs
	}
	return noise
}

// toFloat32 rounds x.
func toFloat32(x []float64) {
	for k, v := range x {
		x[k] = float64(float32(v))
	}
}

// nextFloat64 moves each number of x to the next float64, alternately towards 0 and away from it, as another order of additions might.
func nextFloat64(x []float64) {
	for k, v := range x {
		x[k] = math.Nextafter(v, 2*v*float64(k%2))
	}
}

// difference is the difference between the user's gradient i and that of g. A sum that is 0 except for rounding counts as 0.
func (p *problem) difference(g [][]float64, i int) Difference {
	d := difference(p.user[i], g[i])
	if floor := several * p.epsilon; d.Abs <= max(nothing, floor*p.scale[i]) {
		d.Rel = min(d.Rel, floor)
	}
	return d
}

// distance is the relative difference between the user's gradient i and that of g, or 0 if the file has none. Differences within a tensor's noise
// do not count.
func (p *problem) distance(g [][]float64, i int) float64 {
	switch {
	case p.user[i] == nil:
		return 0
	case g[i] == nil:
		return math.Inf(1)
	}
	d := p.difference(g, i)
	if d.Abs <= p.noise[i] {
		return min(d.Rel, p.tol)
	}
	return d.Rel
}

// off is the difference between the user's gradients and g: the largest relative difference of a tensor, or the first, from the output backwards,
// beyond the tolerance.
func (p *problem) off(g [][]float64) float64 {
	worst := 0.
	for i := range slices.Backward(p.user) {
		if worst = max(worst, p.distance(g, i)); worst > p.tol {
			break
		}
	}
	return worst
}

// implied is p with the gradients that follow from the weights after the step. Rounding of the weights is noise in them.
func (p *problem) implied() *problem {
	q := *p
	q.decayed, q.user, q.noise = true, make([][]float64, len(p.params)), make([]float64, len(p.params))
	for i, after := range p.after {
		if after == nil {
			continue
		}
		q.user[i] = scaled(plus(p.values[i], -1, after), 1/p.eta)
		q.noise[i] = p.noise[i]
		for k := range after {
			q.noise[i] = max(q.noise[i], 4*p.epsilon/p.eta*max(math.Abs(after[k]), math.Abs(p.values[i][k])))
		}
	}
	q.rescale()
	return &q
}
