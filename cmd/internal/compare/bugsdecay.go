package compare

import (
	"math"
	"slices"
	"strings"
)

// decays are mistakes with L2 regularization.
var decays = []Bug{
	{"no-lambda", "The step has no λ: the weights do not decay.", decay(func(*problem) float64 { return 0 }, false)},
	{"regularized-bias", "The biases are regularized too.", decay(func(p *problem) float64 { return p.l2 }, true)},
	{"lambda-per-example", "The λ term is m times too large: it is added for every example of the mini-batch.",
		decay(func(p *problem) float64 { return float64(p.m) * p.l2 }, false)},
	{"lambda-without-n", "λ is not divided by n, the number of training examples.", decay(func(p *problem) float64 { return p.lambda }, false)},
	{"lambda-by-batch", "λ is divided by m, the size of the mini-batch, instead of n.", decay(func(p *problem) float64 { return p.lambda / float64(p.m) }, false)},
	{"lambda-sign", "The λ term has the wrong sign: the weights grow.", decay(func(p *problem) float64 { return -p.l2 }, false)},
	{"lambda-twice", "The λ term is twice too large: the cost has ½λ/n Σw².", decay(func(p *problem) float64 { return 2 * p.l2 }, false)},
	{"lambda-in-some-layers", "Only some layers have the λ term.", someLayers},
	{"l1-for-l2", "The λ term is that of L1, λ/n sgn(w).", penalty(false, func(p *problem, w float64) float64 {
		if w == 0 {
			return 0
		}
		return math.Copysign(p.l2, w)
	})},
}

// decay adds c w to the gradients of weights and, if they are regularized too, of biases.
func decay(c func(p *problem) float64, too bool) func(*problem) []derivation {
	return penalty(too, func(p *problem, w float64) float64 { return c(p) * w })
}

// penalty adds a function of the weights to their gradients, if there is a λ.
func penalty(too bool, of func(p *problem, w float64) float64) func(*problem) []derivation {
	return func(p *problem) []derivation {
		if p.lambda == 0 {
			return nil
		}
		return []derivation{{l2: true, in: p.decaying(too), after: func(r *pass, g [][]float64, i int) []float64 {
			sum := slices.Clone(g[i])
			for k, w := range r.values[i] {
				sum[k] += of(r.problem, w)
			}
			return sum
		}}}
	}
}

// someLayers has the term of λ only for the weights whose gradients it brings closer to the file's.
func someLayers(p *problem) []derivation {
	if p.lambda == 0 {
		return nil
	}
	var without []string
	in := map[int]bool{}
	for i, g := range p.ours() {
		if u := p.user[i]; u != nil && p.params[i].weight {
			off, w := plus(u, -1, g), p.values[i]
			if in[i] = 2*dot(off, w) > (p.l2-2*p.taken)*dot(w, w); !in[i] {
				without = append(without, p.tensor(i))
			}
		}
	}
	if len(without) == 0 || len(without) == len(in) {
		return nil
	}
	return []derivation{{
		l2: true, in: func(i int) bool { return in[i] }, where: " It is not in " + strings.Join(without, ", ") + ".",
		after: func(r *pass, g [][]float64, i int) []float64 { return plus(g[i], p.l2, r.values[i]) },
	}}
}

// decaying are the weights, or all parameters.
func (p *problem) decaying(all bool) func(i int) bool {
	return func(i int) bool { return all || p.params[i].weight }
}
