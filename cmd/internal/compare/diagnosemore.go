package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// biases are mistakes with them.
var biases = []Bug{
	{"no-bias-gradient", "A bias's gradient is zero, or was never filled in.", eachBias(func(_ *pass, g, _ []float64) []float64 { return same(g, 0) })},
	{"bias-unsummed", "A bias's gradient has a row for each example: it is to be added up over the mini-batch.",
		either(unsummed(func(m float64) float64 { return 1 }), unsummed(func(m float64) float64 { return m }))}, // the errors can have 1/m already
	{"bias-sum", "A bias's gradient is m times too large: a sum, while the weights have the mean.",
		eachBias(func(r *pass, g, _ []float64) []float64 { return scaled(g, float64(r.m)) })},
	{"bias-mean", "A bias's gradient is a mean over the mini-batch, while the weights have the sum.",
		one(derivation{after: func(r *pass, g [][]float64, i int) []float64 {
			if r.params[i].weight {
				return scaled(g[i], float64(r.m))
			}
			return g[i]
		}})},
	{"bias-mean-twice", "A bias's gradient is m times too small: divided by m twice.",
		eachBias(func(r *pass, g, _ []float64) []float64 { return scaled(g, 1/float64(r.m)) })},
	{"bias-one-number", "A bias's gradient is one number for all neurons: the mean or the sum was taken over the neurons too.", either(
		eachBias(func(_ *pass, g, _ []float64) []float64 { return same(g, total(g)/float64(len(g))) }),
		eachBias(func(_ *pass, g, _ []float64) []float64 { return same(g, total(g)) }),
	)},
	{"bias-one-example", "A bias's gradient is that of one example: assigned in the loop, not added.", either(
		eachBias(func(r *pass, g, δ []float64) []float64 { return example(r, g, δ, r.m-1, 1) }),
		eachBias(func(r *pass, g, δ []float64) []float64 { return example(r, g, δ, r.m-1, 1/float64(r.m)) }),
		eachBias(func(r *pass, g, δ []float64) []float64 { return example(r, g, δ, 0, 1) }),
	)},
	{"bias-other-axis", "A bias's gradient is added up over the neurons in place of the examples, which goes unseen where m = n.",
		eachBias(otherAxis)},
	{"bias-broadcast", "A bias is added along the wrong axis, to the examples in place of the neurons, which goes unseen where m = n.", broadcast},
	{"bias-forgotten", "The bias is forgotten forward: z = W a.", one(derivation{bias: func(*problem, int, int, int) float64 { return 0 }})},
}

// eachBias puts f of a bias's gradient and of the errors δ (m, n) in its place: of all biases, and of each alone. δ is nil where the
// network is not fully connected.
func eachBias(f func(r *pass, g, δ []float64) []float64) func(*problem) []derivation {
	bias := func(q parameter) bool { return !q.weight }
	return func(p *problem) []derivation {
		return p.eachOf(bias, func(r *pass, g [][]float64, i int) []float64 {
			var δ []float64
			if r.δ != nil {
				δ = r.δ[i/2+1]
			}
			return f(r, g[i], δ)
		})
	}
}

func same(g []float64, v float64) []float64 { return slices.Repeat([]float64{v}, len(g)) }

// example is the error of one example, times a factor.
func example(r *pass, g, δ []float64, i int, by float64) []float64 {
	if δ == nil || r.m == 1 {
		return g
	}
	return scaled(r.row(δ, i), by)
}

func otherAxis(r *pass, g, δ []float64) []float64 {
	if δ == nil || r.m != len(g) {
		return g
	}
	return scaled(columns(turned(δ, r.m), r.m), 1/float64(r.m))
}

func unsummed(by func(m float64) float64) func(*problem) []derivation {
	return func(p *problem) []derivation {
		if len(p.unsummed) == 0 {
			return nil
		}
		return []derivation{{
			in:    func(i int) bool { return p.unsummed[i] },
			after: func(r *pass, g [][]float64, i int) []float64 { return scaled(g[i], by(float64(r.m))) },
		}}
	}
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
	both := eachBias(otherAxis)(p)[0]
	both.bias = d.bias
	return []derivation{d, both}
}

// decays are mistakes with L2 regularization.
var decays = []Bug{
	{"no-lambda", "The step has no λ: the weights do not decay.", decay(func(*problem) float64 { return 0 }, false)},
	{"regularized-bias", "The biases are regularized too.", decay(func(p *problem) float64 { return p.l2 }, true)},
	{"lambda-per-example", "λ is m times too strong: its term was added for every example of the mini-batch.",
		decay(func(p *problem) float64 { return float64(p.m) * p.l2 }, false)},
	{"lambda-without-n", "λ is not divided by n, the number of training examples.", decay(func(p *problem) float64 { return p.lambda }, false)},
	{"lambda-by-batch", "λ is divided by m, the size of the mini-batch, in place of n.", decay(func(p *problem) float64 { return p.lambda / float64(p.m) }, false)},
	{"lambda-sign", "The term of λ has the wrong sign: the weights grow.", decay(func(p *problem) float64 { return -p.l2 }, false)},
	{"lambda-twice", "λ is twice too strong: the term of the cost is ½λ/n Σw².", decay(func(p *problem) float64 { return 2 * p.l2 }, false)},
	{"l1-for-l2", "The term of λ is that of L1, λ/n sgn(w).", penalty(false, func(p *problem, w float64) float64 {
		if w == 0 {
			return 0
		}
		return math.Copysign(p.l2, w)
	})},
}

// decay adds c w to the gradients of weights, and of biases where they are regularized too.
func decay(c func(p *problem) float64, too bool) func(*problem) []derivation {
	return penalty(too, func(p *problem, w float64) float64 { return c(p) * w })
}

// penalty adds something of the weights to their gradients, where there is a λ.
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

// decaying are the parameters that are weights, or all.
func (p *problem) decaying(all bool) func(i int) bool {
	return func(i int) bool { return all || p.params[i].weight }
}

// batches are mistakes with what the gradients are of.
var batches = []Bug{
	{"after-update", "The gradients are those at other weights than the file has: at those after the step, or the file was written after it.", afterUpdate},
	{"one-example", "The gradients are those of one example: assigned in the loop over the mini-batch, not added.", single},
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

// afterUpdate is at the weights after a right step, at those that the file has for it, and at those before the step with the
// gradients in the file.
func afterUpdate(p *problem) []derivation {
	var all []derivation
	at := func(values [][]float64) {
		all = append(all, derivation{before: func(p *problem) { p.values = values }})
	}
	step := func(by float64, g [][]float64) {
		values := slices.Clone(p.values)
		for i := range g {
			values[i] = plus(p.values[i], by, g[i])
		}
		at(values)
	}
	if full(p.after) {
		at(p.after)
	}
	if p.eta != 0 {
		step(-p.eta, p.ours())
	}
	if p.eta != 0 && full(p.user) {
		step(p.eta, p.user)
	}
	return all
}

func full(tensors [][]float64) bool {
	return !slices.ContainsFunc(tensors, func(x []float64) bool { return x == nil })
}

// single is the gradient of the last example or the first, or that divided by m.
func single(p *problem) []derivation {
	if p.m == 1 {
		return nil
	}
	var all []derivation
	for _, i := range []int{p.m - 1, 0} {
		for _, by := range []float64{1, 1 / float64(p.m)} {
			all = append(all, derivation{
				before: func(p *problem) { p.only(i) },
				after:  func(_ *pass, g [][]float64, i int) []float64 { return scaled(g[i], by) },
			})
		}
	}
	return all
}

// only leaves example i of the mini-batch.
func (p *problem) only(i int) {
	masks := map[int][]float64{}
	for k, mask := range p.masks {
		masks[k] = p.row(mask, i)
	}
	p.m, p.x, p.y, p.masks = 1, p.row(p.x, i), p.row(p.y, i), masks
}

func pixels(*problem) []derivation {
	var all []derivation
	for _, c := range []struct {
		by   float64
		what string
	}{
		{256. / 255, "divided by 255 in place of 256"}, {255. / 256, "divided by 256 in place of 255"},
		{1. / 255, "divided by 255"}, {1. / 256, "divided by 256"}, {256, "not divided by 256"},
	} {
		all = append(all, derivation{where: " They were " + c.what + ".", before: func(p *problem) { p.x = scaled(p.x, c.by) }})
	}
	return all
}

// enough is how many numbers it takes to tell a factor that may be any.
const enough = 8

// unknownDecay is the right gradient and the multiple of the weights that comes nearest.
func unknownDecay(p *problem) []derivation {
	var off, w []float64
	for i, g := range p.ours() {
		if u := p.user[i]; p.params[i].weight && u != nil {
			off, w = append(off, plus(u, -1, g)...), append(w, p.values[i]...)
		}
	}
	c := dot(off, w) / dot(w, w)
	if len(w) < enough || math.IsNaN(c) {
		return nil
	}
	var all []derivation
	for _, biases := range []bool{false, true} {
		d := derivation{where: fmt.Sprintf(" It is %.4g times the weights", c), in: p.decaying(biases)}
		if biases {
			d.where += ", and the biases"
		}
		d.where += "."
		d.after = func(r *pass, g [][]float64, i int) []float64 { return plus(g[i], c, r.values[i]) }
		all = append(all, d)
	}
	return all
}

// constant is the right gradient times the number that comes nearest, if there is enough to tell by.
func constant(p *problem) []derivation {
	k := nearestFactor(p.user, p.ours())
	if len(slices.Concat(p.user...)) < enough || math.IsNaN(k) {
		return nil
	}
	return []derivation{{where: fmt.Sprintf(" It is %.6g.", k), after: func(_ *pass, g [][]float64, i int) []float64 { return scaled(g[i], k) }}}
}

// factors is constant for each tensor. Of a tensor of fewer than three numbers there is no telling.
func factors(p *problem) []derivation {
	k := slices.Repeat([]float64{1}, len(p.user))
	var names []string
	for i, g := range p.ours() {
		if len(g) < 3 || p.user[i] == nil {
			continue
		}
		if k[i] = nearestFactor(p.user[i:i+1], [][]float64{g}); math.IsNaN(k[i]) {
			return nil
		}
		if math.Abs(k[i]-1) > p.tol {
			names = append(names, fmt.Sprintf("%s by %.4g", p.tensor(i), k[i]))
		}
	}
	return []derivation{{
		where: " " + strings.Join(names, ", ") + ".",
		after: func(_ *pass, g [][]float64, i int) []float64 { return scaled(g[i], k[i]) },
	}}
}

// nearestFactor is the k for which k g comes nearest to u, where there is u.
func nearestFactor(u, g [][]float64) float64 {
	above, below := 0., 0.
	for i, x := range u {
		if x != nil {
			above, below = above+dot(x, g[i]), below+dot(g[i], g[i])
		}
	}
	return above / below
}
