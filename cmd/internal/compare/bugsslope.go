package compare

import (
	"fmt"
	"slices"

	"github.com/stheno-ml/stheno/models/byhand"
)

// slopes are mistakes with the activations of hidden layers, most of them in σ′.
var slopes = []Bug{
	{"sigma-for-prime", "σ(z) stands where σ′(z) should be.",
		slope(smooth, func(a *activation) func(float64) float64 { return a.F })},
	{"missing-prime", "σ′(z) is missing: δ is just the Wᵀδ of the layer above (with ReLU, it is not cut off where z < 0).",
		slope(anyOf, func(*activation) func(float64) float64 { return func(float64) float64 { return 1 } })},
	{"error-handed-back", "What goes back to the layer below is not δ: it is the error, without the σ′ of its own layer.",
		handedBack},
	{"prime-of-activation", "The derivative is taken at a instead of z: it is σ′(a), but a has already been through σ.",
		slope(smooth, func(a *activation) func(float64) float64 {
			return func(z float64) float64 { return a.Prime(a.F(z)) }
		})},
	{"formula-of-z", "The derivative's formula for activations, a(1−a) or 1−a², is applied to z.",
		slope(smooth, func(a *activation) func(float64) float64 {
			return func(z float64) float64 { return formula(a, z) }
		})},
	{"half-prime", "Half of the derivative's formula is missing: it is 1−a instead of a(1−a), or of 1−a².",
		slope(smooth, func(a *activation) func(float64) float64 {
			return func(z float64) float64 { return 1 - a.F(z) }
		})},
	{"wrong-side", "ReLU lets the gradient through on the wrong side, where z < 0.",
		slope(bent, func(a *activation) func(float64) float64 { return func(z float64) float64 { return a.Prime(-z) } })},
	{"relu-at-zero", "ReLU's slope at z = 0 is 1 or ½ instead of 0. In theory all of these are right; most programs use 0.", either(
		slope(bent, atZero(1)), slope(bent, atZero(.5)),
	)},
	{"relu-of-gradient", "ReLU is applied to the gradient itself: it keeps δ where δ > 0 instead of where z > 0.",
		hidden(bent, derivation{delta: func(_ *pass, _, _ int, back float64) float64 { return max(0, back) }})},
	{"prime-of-other-layer", "σ′ is taken at the z of the layer below or above: an index is off by one.", either(otherSlope(-1), otherSlope(1))},
	{"other-slope", "σ′ is the derivative of another activation.", otherFormulas},
	{"other-activation", "The hidden layers have a different activation from the one named.",
		otherActivation(func(_, other *activation) *activation { return other })},
	{"other-forward", "The hidden layers have another activation going forward, so going back they should have its σ′.",
		otherActivation(func(right, other *activation) *activation {
			return &activation{Activation: byhand.Activation{F: other.F, Prime: right.Prime}}
		})},
}

// The activations that a mistake can be made with.
func anyOf(*activation) bool    { return true }
func smooth(a *activation) bool { return a == sigmoid || a == tanh }
func bent(a *activation) bool   { return !smooth(a) && a != linear }

// formula is the derivative as a function of the activation a, as in tutorials.
func formula(of *activation, a float64) float64 {
	if of == tanh {
		return 1 - a*a
	}
	return a * (1 - a)
}

// atZero is the right slope except at z = 0.
func atZero(slope float64) func(a *activation) func(float64) float64 {
	return func(a *activation) func(float64) float64 {
		return func(z float64) float64 {
			if z == 0 {
				return slope
			}
			return a.Prime(z)
		}
	}
}

// slope is a wrong σ′: in the hidden layers, in all layers, and in each alone.
func slope(has func(*activation) bool, prime func(a *activation) func(z float64) float64) func(*problem) []derivation {
	return throughout(has, derivation{prime: prime})
}

// throughout is d in the hidden layers and at the output, in either of these, and in each layer alone.
func throughout(has func(*activation) bool, d derivation) func(*problem) []derivation {
	return func(p *problem) []derivation {
		all := hidden(has, d)(p)
		if p.sizes == nil || !curved(p) || p.last() == softmax || !has(p.last()) {
			return all
		}
		all = slices.Clip(all)
		output, end := d, len(p.sizes)-1
		if both := d; end > 1 && has(p.act[0]) {
			both.where += " This is in the hidden layers and at the output."
			all = append(all, both)
		}
		output.where += " This is at the output only."
		output.in, output.alone = func(l int) bool { return l == end }, true
		return append(all, output)
	}
}

// hidden is d in all hidden layers, and if there are several, in each alone.
func hidden(has func(*activation) bool, d derivation) func(*problem) []derivation {
	where := d.where
	d.where += " This is in the hidden layers."
	return func(p *problem) []derivation {
		if len(p.sizes) < 3 || !has(p.act[0]) {
			return nil
		}
		return spread(d, count(1, len(p.sizes)-1), func(l int) string { return fmt.Sprintf("%s This is in hidden layer %d only.", where, l) })
	}
}

// handedBack is the mistake in all layers that pass an error back, and in each alone.
func handedBack(p *problem) []derivation {
	d := derivation{handed: func(r *pass, l int) []float64 { return r.e[l] }}
	return spread(d, count(2, len(p.sizes)), func(l int) string { return fmt.Sprintf(" This is in layer %d only.", l) })
}

// count is from, from+1, … up to but not including to.
func count(from, to int) []int {
	var all []int
	for i := from; i < to; i++ {
		all = append(all, i)
	}
	return all
}

func otherSlope(step int) func(*problem) []derivation {
	return hidden(anyOf, derivation{delta: func(r *pass, l, k int, back float64) float64 {
		prime := r.prime(l, k)
		if other := l + step; other >= 1 && other < len(r.sizes) && r.sizes[other] == r.sizes[l] {
			prime = r.primes[l](r.z[other][k])
		}
		return back * prime * r.kept(l, k)
	}})
}

// others are the possible activations of hidden layers, except the one that they have.
func (p *problem) others() []*activation {
	return slices.DeleteFunc(slices.Clone(activations), func(a *activation) bool { return len(p.act) > 0 && a.name == p.act[0].name })
}

// otherFormulas are the σ′ of other activations at z, or their formulas for activations at a.
func otherFormulas(p *problem) []derivation {
	var all []derivation
	for _, other := range p.others() {
		d := derivation{where: fmt.Sprintf(" It is that of %s.", other.name)}
		d.prime = func(*activation) func(float64) float64 { return other.Prime }
		all = append(all, throughout(anyOf, d)(p)...)
		if smooth(other) {
			d.prime = func(a *activation) func(float64) float64 {
				return func(z float64) float64 { return formula(other, a.F(z)) }
			}
			all = append(all, throughout(anyOf, d)(p)...)
		}
	}
	return all
}

// otherActivation uses another activation in the hidden layers, if the file names theirs.
func otherActivation(of func(right, other *activation) *activation) func(*problem) []derivation {
	return func(p *problem) []derivation {
		if len(p.sizes) < 3 || p.names == nil && p.text("activation") == "" {
			return nil
		}
		var all []derivation
		for _, other := range p.others() {
			all = append(all, derivation{
				where: fmt.Sprintf(" It is %s.", other.name),
				before: func(p *problem) {
					s := *p.spec
					s.act = slices.Clone(s.act)
					for l := range len(s.act) - 1 {
						s.act[l] = of(s.act[l], other)
					}
					p.spec = &s
				},
			})
		}
		return all
	}
}
