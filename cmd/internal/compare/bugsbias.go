package compare

import (
	"slices"
	"strings"
)

// biases are mistakes with them.
var biases = []Bug{
	{"no-bias-gradient", "A bias's gradient is zero, or was never filled in.", noGradient},
	{"bias-unsummed", "A bias's gradient has a row for each example: add them up over the mini-batch.",
		either(unsummed(func(m float64) float64 { return 1 }), unsummed(func(m float64) float64 { return m }))}, // the errors can have 1/m already
	{"bias-sum", "A bias's gradient is m times too large: it is a sum, but the weights have the mean.",
		eachBias(func(r *pass, g, _ []float64) []float64 { return scaled(g, float64(r.m)) })},
	{"bias-mean", "A bias's gradient is a mean over the mini-batch, but the weights have the sum.",
		func(p *problem) []derivation {
			return []derivation{{in: p.decaying(false), after: func(r *pass, g [][]float64, i int) []float64 { return scaled(g[i], float64(r.m)) }}}
		}},
	{"bias-mean-twice", "A bias's gradient is m times too small: it is divided by m twice.",
		eachBias(func(r *pass, g, _ []float64) []float64 { return scaled(g, 1/float64(r.m)) })},
	{"bias-one-number", "A bias's gradient is one number for all neurons: the mean or the sum was taken over the neurons too.", either(
		oneNumber(func(_ *pass, g []float64) float64 { return total(g) / float64(len(g)) }),
		oneNumber(func(_ *pass, g []float64) float64 { return total(g) }),
		oneNumber(func(r *pass, g []float64) float64 { return total(g) * float64(r.m) }),
	)},
	{"bias-one-example", "A bias's gradient is that of one example: the loop assigns it instead of adding.", either(
		eachBias(func(r *pass, g, δ []float64) []float64 { return example(r, g, δ, r.m-1, 1) }),
		eachBias(func(r *pass, g, δ []float64) []float64 { return example(r, g, δ, r.m-1, 1/float64(r.m)) }),
		eachBias(func(r *pass, g, δ []float64) []float64 { return example(r, g, δ, 0, 1) }),
	)},
	{"bias-other-axis", "A bias's gradient is added up over the neurons instead of the examples, which goes unnoticed if m = n.",
		eachBias(otherAxis)},
	{"bias-broadcast", "A bias is added along the wrong axis, to the examples instead of the neurons, which goes unnoticed if m = n.", broadcast},
	{"bias-forgotten", "The forward pass leaves out the bias: z = W a.", forgotten},
}

// noGradient is 0 for the gradients that are exactly 0 in the file. A sum that is 0 in theory would only be close to it.
func noGradient(p *problem) []derivation {
	var zero []int
	var names []string
	biases := 0
	for i, q := range p.params {
		if !q.bias() {
			continue
		}
		biases++
		if u := p.user[i]; u != nil && p.misshapen[i] == "" && !slices.ContainsFunc(u, func(v float64) bool { return v != 0 }) {
			zero, names = append(zero, i), append(names, p.tensor(i))
		}
	}
	if len(zero) == 0 {
		return nil
	}
	d := derivation{
		in:    func(i int) bool { return slices.Contains(zero, i) },
		after: func(_ *pass, g [][]float64, i int) []float64 { return same(g[i], 0) },
	}
	if d.alone = len(zero) < biases; d.alone {
		d.where = " This is the case with " + strings.Join(names, ", ") + "."
	}
	return []derivation{d}
}

// oneNumber replaces a bias's gradient by one number, f of it: for all biases, for each alone, and for those that are one number in the file.
func oneNumber(f func(r *pass, g []float64) float64) func(*problem) []derivation {
	each := eachBias(func(r *pass, g, _ []float64) []float64 { return same(g, f(r, g)) })
	return func(p *problem) []derivation {
		all := each(p)
		if odd := p.misshapenBy("bias-one-number"); slices.Contains(p.misshapen, "bias-one-number") && len(all) > 0 {
			d := all[0]
			d.in = odd
			all = append(all, d)
		}
		return all
	}
}

// hasMisshapen reports whether a gradient has a shape that the bug gives it.
func (p *problem) hasMisshapen() bool {
	return slices.ContainsFunc(p.misshapen, func(bug string) bool { return bug != "" })
}

// misshapenBy lists the gradients that have a shape that the bug gives them.
func (p *problem) misshapenBy(bug string) func(i int) bool {
	return func(i int) bool { return p.misshapen[i] == bug }
}

// eachBias replaces a bias's gradient by f of it and of the errors δ (m, n): for all biases, and for each alone. δ is nil if the network is not
// fully connected.
func eachBias(f func(r *pass, g, δ []float64) []float64) func(*problem) []derivation {
	return func(p *problem) []derivation {
		return p.eachOf(parameter.bias, func(r *pass, g [][]float64, i int) []float64 {
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
		if !slices.Contains(p.misshapen, "bias-unsummed") {
			return nil
		}
		return []derivation{{
			in:    p.misshapenBy("bias-unsummed"),
			after: func(r *pass, g [][]float64, i int) []float64 { return scaled(g[i], by(float64(r.m))) },
		}}
	}
}

// forgotten computes without biases.
func forgotten(p *problem) []derivation {
	return []derivation{p.otherBiases(func(b []float64) []float64 { return same(b, 0) })}
}

// broadcast adds biases along the wrong axis. Their gradients are right, or added up along the wrong axis too.
func broadcast(p *problem) []derivation {
	if p.sizes == nil || !slices.Contains(p.sizes[1:], p.m) {
		return nil
	}
	d := p.otherBiases(func(b []float64) []float64 {
		if len(b) != p.m {
			return b
		}
		return slices.Concat(each(b, func(v float64) []float64 { return same(b, v) })...)
	})
	both := eachBias(otherAxis)(p)[0]
	both.before = d.before
	return []derivation{d, both}
}

// otherBiases computes with other biases, which may have a row for each example.
func (p *problem) otherBiases(of func(b []float64) []float64) derivation {
	values := slices.Clone(p.values)
	for i, q := range p.params {
		if !q.weight {
			values[i] = of(p.values[i])
		}
	}
	return at(values)
}

// at is the right derivation with other weights and biases.
func at(values [][]float64) derivation {
	return derivation{before: func(p *problem) { p.values = values }}
}
