package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// batches are mistakes about which examples or weights the gradients belong to.
var batches = []Bug{
	{"after-update", "The gradients do not belong to the file's weights: they belong to those after the step, or the file was written after it.", afterUpdate},
	{"not-reset", "The gradients include those of the step before: set them to 0 before each mini-batch.", notReset},
	{"one-example", "The gradients are those of one example: the loop over the mini-batch assigns them instead of adding.", single},
	{"pixels", "The inputs were scaled differently from the file's x.", pixels},
	{"labels-shifted", "The labels are shifted by one: class 1 for 0, and so on.", shifted},
	{"labels-permuted", "The labels are not in the order of the inputs: shuffle both in the same way.", permuted},
	{"other-labels", "The labels are not those in the file.", otherLabels},
	{"decay", "A multiple of the weights is added to their gradients, but the file has no lambda and n to say how much.", unknownDecay},
	{"constant", "Every gradient is the right one times the same number.", constant},
	{"factors", "Each gradient is the right one times a number of its own.", factors},
	{"adam-uncorrected", "The step is Adam's without the bias correction of the means, m/(1−β₁ᵗ) and v/(1−β₂ᵗ).", nil},
	{"cost", "The gradients are right, but the cost in the file is not.", nil},
	{"float32", "Everything agrees to the precision of float32: the file has float64, but a part of the program computes in float32.", nil},
}

// afterUpdate computes gradients at the weights after a right step, at the file's weights after the step, and at the weights before a step with
// the file's gradients.
func afterUpdate(p *problem) []derivation {
	step := func(by float64, g [][]float64) derivation {
		values := slices.Clone(p.values)
		for i := range g {
			values[i] = plus(p.values[i], by, g[i])
		}
		return at(values)
	}
	var all []derivation
	if full(p.after) {
		all = append(all, at(p.after))
	}
	if p.eta != 0 {
		all = append(all, step(-p.eta, p.ours()))
	}
	if p.eta != 0 && full(p.user) {
		all = append(all, step(p.eta, p.user))
	}
	return all
}

// notReset adds the file's gradients of the step before.
func notReset(p *problem) []derivation {
	if !full(p.previous) {
		return nil
	}
	return []derivation{{after: func(_ *pass, g [][]float64, i int) []float64 { return plus(g[i], 1, p.previous[i]) }}}
}

func full(tensors [][]float64) bool {
	return len(tensors) > 0 && !slices.ContainsFunc(tensors, func(x []float64) bool { return x == nil })
}

// single is the gradient of the last or the first example, or that divided by m.
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

// only keeps example i of the mini-batch.
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
		{256. / 255, "divided by 255 instead of 256"}, {255. / 256, "divided by 256 instead of 255"},
		{1. / 255, "divided by 255"}, {1. / 256, "divided by 256"}, {256, "not divided by 256"},
	} {
		all = append(all, derivation{where: " They were " + c.what + ".", before: func(p *problem) { p.x = scaled(p.x, c.by) }})
	}
	return all
}

// enough is the fewest numbers from which an arbitrary factor can be determined.
const enough = 8

// unknownDecay is the right gradient plus the multiple of the weights that fits best.
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

// constant is the right gradient times the number that fits best, if there are enough numbers.
func constant(p *problem) []derivation {
	k := nearestFactor(p.user, p.ours())
	if len(slices.Concat(p.user...)) < enough || math.IsNaN(k) {
		return nil
	}
	return []derivation{{where: fmt.Sprintf(" It is %.6g.", k), after: func(_ *pass, g [][]float64, i int) []float64 { return scaled(g[i], k) }}}
}

// factors is constant for each tensor. A tensor of fewer than three numbers says nothing.
func factors(p *problem) []derivation {
	k := slices.Repeat([]float64{1}, len(p.user))
	var names []string
	for i, g := range p.ours() {
		if len(g) < 3 || p.user[i] == nil || p.distance(p.ours(), i) <= p.tol {
			continue
		}
		if k[i] = nearestFactor(p.user[i:i+1], [][]float64{g}); math.IsNaN(k[i]) {
			return nil
		}
		names = append(names, fmt.Sprintf("%s by %.4g", p.tensor(i), k[i]))
	}
	return []derivation{{
		where: " " + strings.Join(names, ", ") + ".",
		after: func(_ *pass, g [][]float64, i int) []float64 { return scaled(g[i], k[i]) },
	}}
}

// nearestFactor is the k for which k g is closest to u, where u is known.
func nearestFactor(u, g [][]float64) float64 {
	above, below := 0., 0.
	for i, x := range u {
		if x != nil {
			above, below = above+dot(x, g[i]), below+dot(g[i], g[i])
		}
	}
	return above / below
}
