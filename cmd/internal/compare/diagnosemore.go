package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// biases are mistakes with them.
var biases = []Bug{
	{"no-bias-gradient", "A bias's gradient is zero, or was never filled in.", eachBias(func(_ *problem, g, _ []float64) []float64 {
		return same(g, 0)
	})},
	{"bias-unsummed", "A bias's gradient has a row for each example: it is to be added up over the mini-batch.", unsummed},
	{"bias-sum", "A bias's gradient is m times too large: a sum, while the weights have the mean.",
		eachBias(func(p *problem, g, _ []float64) []float64 { return scaled(g, float64(p.m)) })},
	{"bias-mean", "A bias's gradient is a mean over the mini-batch, while the weights have the sum.",
		one(derivation{after: func(p *problem, g [][]float64, _ *pass) {
			eachWeight(p, g, func(g, _ []float64) { axpy(g, float64(p.m-1), g) })
		}})},
	{"bias-mean-twice", "A bias's gradient is m times too small: divided by m twice.",
		eachBias(func(p *problem, g, _ []float64) []float64 { return scaled(g, 1/float64(p.m)) })},
	{"bias-one-number", "A bias's gradient is one number for all neurons: the mean or the sum was taken over the neurons too.", either(
		eachBias(func(_ *problem, g, _ []float64) []float64 { return same(g, total(g)/float64(len(g))) }),
		eachBias(func(_ *problem, g, _ []float64) []float64 { return same(g, total(g)) }),
	)},
	{"bias-one-example", "A bias's gradient is that of one example: assigned in the loop, not added.", either(
		eachBias(func(p *problem, g, δ []float64) []float64 { return example(p, g, δ, p.m-1, 1) }),
		eachBias(func(p *problem, g, δ []float64) []float64 { return example(p, g, δ, p.m-1, 1/float64(p.m)) }),
		eachBias(func(p *problem, g, δ []float64) []float64 { return example(p, g, δ, 0, 1) }),
	)},
	{"bias-other-axis", "A bias's gradient is added up over the neurons in place of the examples, which goes unseen where m = n.",
		eachBias(otherAxis)},
	{"bias-broadcast", "A bias is added along the wrong axis, to the examples in place of the neurons, which goes unseen where m = n.", broadcast},
	{"bias-forgotten", "The bias is forgotten forward: z = W a.", one(derivation{bias: func(*problem, int, int, int) float64 { return 0 }})},
}

func either(of ...func(*problem) []derivation) func(*problem) []derivation {
	return func(p *problem) []derivation {
		var all []derivation
		for _, f := range of {
			all = append(all, f(p)...)
		}
		return all
	}
}

// eachBias puts f of a bias's gradient and of the errors δ (m, n) in its place: of all biases, and of each alone. δ is nil where the
// network is not fully connected.
func eachBias(f func(p *problem, g, δ []float64) []float64) func(*problem) []derivation {
	return func(p *problem) []derivation {
		wrong := func(only int) derivation {
			return derivation{alone: only >= 0, after: func(p *problem, g [][]float64, r *pass) {
				for i, q := range p.params {
					if q.weight || only >= 0 && i != only {
						continue
					}
					var δ []float64
					if r != nil {
						δ = r.δ[i/2+1]
					}
					g[i] = f(p, g[i], δ)
				}
			}}
		}
		all := []derivation{wrong(-1)}
		for i, q := range p.params {
			if !q.weight {
				d := wrong(i)
				d.where = fmt.Sprintf(" So it is with %s.", p.tensor(i))
				all = append(all, d)
			}
		}
		return all
	}
}

// eachWeight changes the gradients of weights, which f gets with the weights.
func eachWeight(p *problem, g [][]float64, f func(g, w []float64)) {
	for i, q := range p.params {
		if q.weight {
			g[i] = slices.Clone(g[i])
			f(g[i], p.values[i])
		}
	}
}

func same(g []float64, v float64) []float64 { return slices.Repeat([]float64{v}, len(g)) }

func total(x []float64) float64 { return columns(x, 1)[0] }

// example is the error of one example, times a factor.
func example(p *problem, g, δ []float64, i int, by float64) []float64 {
	if δ == nil || p.m == 1 {
		return g
	}
	return scaled(δ[i*len(g):(i+1)*len(g)], by)
}

func otherAxis(p *problem, g, δ []float64) []float64 {
	if δ == nil || p.m != len(g) {
		return g
	}
	return scaled(columns(turned(δ, p.m), p.m), 1/float64(p.m))
}

func unsummed(p *problem) []derivation {
	if len(p.unsummed) == 0 {
		return nil
	}
	var all []derivation
	for _, k := range []float64{1, float64(p.m)} { // the errors can have 1/m already
		all = append(all, derivation{after: func(p *problem, g [][]float64, _ *pass) {
			for i := range p.unsummed {
				g[i] = scaled(g[i], k)
			}
		}})
	}
	return all
}

// broadcast leaves the gradients of biases as they should be, or adds them up along the wrong axis too.
func broadcast(p *problem) []derivation {
	if p.sizes == nil || !slices.Contains(p.sizes[1:], p.m) {
		return nil
	}
	d := derivation{bias: func(p *problem, l, i, j int) float64 {
		if p.sizes[l] == p.m {
			return p.values[2*l-1][i]
		}
		return p.values[2*l-1][j]
	}}
	both := d
	both.after = eachBias(otherAxis)(p)[0].after
	return []derivation{d, both}
}

// decays are mistakes with L2 regularisation.
var decays = []Bug{
	{"no-lambda", "The step has no λ: the weights do not decay.", decay(func(p *problem) float64 { return 0 }, false)},
	{"regularised-bias", "The biases are regularised too.", decay(func(p *problem) float64 { return p.lambda / p.n }, true)},
	{"lambda-per-example", "λ is m times too strong: its term was added for every example of the mini-batch.",
		decay(func(p *problem) float64 { return float64(p.m) * p.lambda / p.n }, false)},
	{"lambda-without-n", "λ is not divided by n, the number of training examples.", decay(func(p *problem) float64 { return p.lambda }, false)},
	{"lambda-by-batch", "λ is divided by m, the size of the mini-batch, in place of n.", decay(func(p *problem) float64 { return p.lambda / float64(p.m) }, false)},
	{"lambda-sign", "The term of λ has the wrong sign: the weights grow.", decay(func(p *problem) float64 { return -p.lambda / p.n }, false)},
	{"lambda-twice", "λ is twice too strong: the term of the cost is ½λ/n Σw².", decay(func(p *problem) float64 { return 2 * p.lambda / p.n }, false)},
	{"l1-for-l2", "The term of λ is that of L1, λ/n sgn(w).", func(p *problem) []derivation {
		if p.lambda == 0 {
			return nil
		}
		return []derivation{{l2: true, after: func(p *problem, g [][]float64, _ *pass) {
			eachWeight(p, g, func(g, w []float64) {
				for i := range g {
					if w[i] != 0 {
						g[i] += math.Copysign(p.lambda/p.n, w[i])
					}
				}
			})
		}}}
	}},
}

// decay adds c w to the gradients of weights, and of biases where they are regularised too.
func decay(c func(p *problem) float64, too bool) func(*problem) []derivation {
	return func(p *problem) []derivation {
		if p.lambda == 0 {
			return nil
		}
		return []derivation{{l2: true, after: func(p *problem, g [][]float64, _ *pass) { addDecay(p, g, c(p), too) }}}
	}
}

// addDecay adds c times the weights to their gradients.
func addDecay(p *problem, g [][]float64, c float64, biases bool) {
	for i, q := range p.params {
		if q.weight || biases {
			g[i] = slices.Clone(g[i])
			axpy(g[i], c, p.values[i])
		}
	}
}

// batches are mistakes with what the gradients are of.
var batches = []Bug{
	{"after-update", "The gradients are those at other weights than the file has: at those after the step, or the file was written after it.", afterUpdate},
	{"one-example", "The gradients are those of one example: assigned in the loop over the mini-batch, not added.", either(
		single(func(p *problem) (int, float64) { return p.m - 1, 1 }), single(func(p *problem) (int, float64) { return p.m - 1, 1 / float64(p.m) }),
		single(func(p *problem) (int, float64) { return 0, 1 }), single(func(p *problem) (int, float64) { return 0, 1 / float64(p.m) }),
	)},
	{"pixels", "The inputs were scaled otherwise than the file's x.", pixels},
	{"labels-shifted", "The labels are shifted by one: class 1 for 0, and so on.", shifted},
	{"labels-permuted", "The labels are in another order than the inputs: both must be shuffled alike.", permuted},
	{"other-labels", "The labels are others than those in the file.", otherLabels},
	{"decay", "A multiple of the weights is added to their gradients, and the file has no lambda and n to say how much.", unknownDecay},
	{"constant", "Every gradient is the right one times one number.", constant},
	{"factors", "Each gradient is the right one times a number of its own.", factors},
	{"cost", "The gradients are right, and the cost in the file is not.", nil},
	{"float32", "All is the same to the precision of float32, in which a part of the program computes, though the file has float64.", nil},
}

// at is p with other weights.
func (p *problem) at(values [][]float64) *problem {
	q := *p
	q.values = values
	return &q
}

// afterUpdate is at the weights after a right step, at those that the file has for it, and at those before the step with the
// gradients in the file.
func afterUpdate(p *problem) []derivation {
	var all []derivation
	if full(p.after) {
		all = append(all, derivation{before: func(p *problem) *problem { return p.at(p.after) }})
	}
	if p.eta == 0 {
		return all
	}
	step := func(p *problem, g [][]float64, by float64) *problem {
		values := make([][]float64, len(g))
		for i := range g {
			values[i] = slices.Clone(p.values[i])
			axpy(values[i], by, g[i])
		}
		return p.at(values)
	}
	all = append(all, derivation{before: func(p *problem) *problem { return step(p, p.ours(), -p.eta) }})
	if full(p.user) {
		all = append(all, derivation{before: func(p *problem) *problem { return step(p, p.user, p.eta) }})
	}
	return all
}

func full(tensors [][]float64) bool {
	return !slices.ContainsFunc(tensors, func(x []float64) bool { return x == nil })
}

// single is the gradient of one example, times a factor.
func single(of func(p *problem) (i int, by float64)) func(*problem) []derivation {
	return func(p *problem) []derivation {
		if p.m == 1 {
			return nil
		}
		i, by := of(p)
		return []derivation{{
			before: func(p *problem) *problem { return p.only(i) },
			after:  func(_ *problem, g [][]float64, _ *pass) { multiply(g, by) },
		}}
	}
}

// only is p with the mini-batch of example i.
func (p *problem) only(i int) *problem {
	part := func(x []float64) []float64 { return p.row(x, i) }
	q := *p
	q.m, q.x, q.y, q.masks = 1, part(p.x), part(p.y), map[int][]float64{}
	for k, mask := range p.masks {
		q.masks[k] = part(mask)
	}
	return &q
}

func pixels(*problem) []derivation {
	var all []derivation
	for _, c := range []struct {
		by   float64
		what string
	}{
		{256. / 255, " They were divided by 255 in place of 256."}, {255. / 256, " They were divided by 256 in place of 255."},
		{1. / 255, " They were divided by 255."}, {1. / 256, " They were divided by 256."}, {256, " They were not divided by 256."},
	} {
		all = append(all, derivation{where: c.what, before: func(p *problem) *problem {
			q := *p
			q.x = scaled(p.x, c.by)
			return &q
		}})
	}
	return all
}

// ours are the right gradients, or nil.
func (p *problem) ours() [][]float64 {
	right := derivation{}
	g, err := right.gradients(p)
	if err != nil {
		return nil
	}
	return g
}

// enough is how many numbers it takes to tell a factor that may be any.
const enough = 8

// unknownDecay is the right gradient and the multiple of the weights that comes nearest.
func unknownDecay(p *problem) []derivation {
	g := p.ours()
	var above, below float64
	elements := 0
	for i, q := range p.params {
		if u := p.user[i]; g != nil && q.weight && u != nil {
			elements += len(u)
			off := make([]float64, len(u))
			minus(off, u, g[i])
			above, below = above+dot(off, p.values[i]), below+dot(p.values[i], p.values[i])
		}
	}
	if below == 0 || elements < enough {
		return nil
	}
	c := above / below
	var all []derivation
	for _, biases := range []bool{false, true} {
		d := derivation{after: func(p *problem, g [][]float64, _ *pass) { addDecay(p, g, c, biases) }, where: fmt.Sprintf(" It is %.4g times the weights.", c)}
		if biases {
			d.where = fmt.Sprintf(" It is %.4g times the weights, and the biases.", c)
		}
		all = append(all, d)
	}
	return all
}

// constant is the right gradient times the number that comes nearest, if there is enough to tell by.
func constant(p *problem) []derivation {
	g := p.ours()
	elements := 0
	for i, u := range p.user {
		if g != nil && u != nil {
			elements += len(g[i])
		}
	}
	if k := nearestFactor(p.user, g); elements >= enough && !math.IsNaN(k) {
		return []derivation{{where: fmt.Sprintf(" It is %.6g.", k), after: func(_ *problem, g [][]float64, _ *pass) { multiply(g, k) }}}
	}
	return nil
}

// factors is constant for each tensor. Of a tensor of fewer than three numbers there is no telling.
func factors(p *problem) []derivation {
	g := p.ours()
	if g == nil {
		return nil
	}
	k := make([]float64, len(g))
	var names []string
	for i, u := range p.user {
		k[i] = 1
		if len(u) < 3 {
			continue
		}
		if k[i] = nearestFactor([][]float64{u}, g[i:i+1]); math.IsNaN(k[i]) {
			return nil
		}
		if math.Abs(k[i]-1) > p.tol {
			names = append(names, fmt.Sprintf("%s by %.4g", p.tensor(i), k[i]))
		}
	}
	return []derivation{{where: " " + strings.Join(names, ", ") + ".", after: func(_ *problem, g [][]float64, _ *pass) {
		for i := range g {
			g[i] = scaled(g[i], k[i])
		}
	}}}
}

// nearestFactor is the k for which k g comes nearest to u, where there is u.
func nearestFactor(u, g [][]float64) float64 {
	above, below := 0., 0.
	for i := range g {
		if u[i] != nil {
			above, below = above+dot(u[i], g[i]), below+dot(g[i], g[i])
		}
	}
	return above / below
}
