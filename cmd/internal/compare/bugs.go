package compare

import (
	"fmt"
	"math"
	"slices"

	"github.com/stheno-ml/stheno/graph"
)

// Bug is a mistake in a program of backpropagation that has a name.
type Bug struct {
	Name  string
	Looks string // what it looks like, a sentence

	derive func(p *problem) []derivation // the wrong ways to the gradients; none where the mistake cannot be
}

// Bugs are those that are known, the likely ones before those with the same effect.
var Bugs = slices.Concat(scales, outputErrors, slopes, products, biases, decays, batches)

// either is a mistake that can be made in several ways.
func either(of ...func(*problem) []derivation) func(*problem) []derivation {
	return func(p *problem) []derivation {
		var all []derivation
		for _, f := range of {
			all = append(all, f(p)...)
		}
		return all
	}
}

// scales are factors of all gradients.
var scales = []Bug{
	{"sum", "Every gradient is m times too large: a sum over the mini-batch, without 1/m.", scale(func(m, _ float64) float64 { return m })},
	{"mean-twice", "Every gradient is m times too small: divided by m twice.", scale(func(m, _ float64) float64 { return 1 / m })},
	{"sign", "Every gradient has the wrong sign: y−a in place of a−y, or a step uphill.", scale(func(_, _ float64) float64 { return -1 })},
	{"twice", "Every gradient is twice as large as it should be: the quadratic cost is ½‖a−y‖², and its ½ takes away the 2 of the derivative.",
		scale(func(_, _ float64) float64 { return 2 })},
	{"half", "Every gradient is half of what it should be: the ½ of the quadratic cost is in it twice.", scale(func(_, _ float64) float64 { return .5 })},
	{"mean-of-outputs", "Every gradient is divided by the number of outputs too: the cost was a mean over them, in place of a sum.", either(
		scale(func(_, k float64) float64 { return 1 / k }), scale(func(_, k float64) float64 { return 2 / k }),
	)},
}

// scale is a factor, unless it is 1, for m examples of k outputs.
func scale(of func(m, k float64) float64) func(*problem) []derivation {
	return func(p *problem) []derivation {
		by := of(float64(p.m), float64(p.outputs()))
		if by == 1 {
			return nil
		}
		return []derivation{{times: by, after: func(_ *pass, g [][]float64, i int) []float64 { return scaled(g[i], by) }}}
	}
}

// besides is what a program can have beside another mistake, if its gradients are k times those of the mistake, and the factor exactly.
func (p *problem) besides(k float64) (text string, by float64) {
	m := float64(p.m)
	for _, f := range []struct {
		by   float64
		text string
	}{
		{m, "1/m is missing"}, {1 / m, "it is divided by m twice"}, {-1, "the sign is wrong"}, {-m, "the sign is wrong, and 1/m is missing"},
		{2, "it is twice too large"}, {.5, "it is half of that"}, {2 * m, "it is twice too large, and 1/m is missing"},
		{1 / float64(p.outputs()), "it is divided by the number of outputs"},
	} {
		if f.by != 1 && math.Abs(k/f.by-1) < 1e-3 {
			return " Besides, " + f.text + ".", f.by
		}
	}
	return "", 1
}

// outputErrors are mistakes in BP1.
var outputErrors = []Bug{
	{"missing-output-prime", "σ′(z) is missing at the output: a−y is the δ of the cross-entropy, that of the quadratic cost is (a−y) σ′(z).",
		output(curved, func(_ *problem, n neuron) float64 { return n.a - n.y })},
	{"extra-output-prime", "σ′(z) is too much at the output: the δ of this cost is a−y, and (a−y) σ′(z) is that of the quadratic cost.",
		output(logarithmic, func(_ *problem, n neuron) float64 { return (n.a - n.y) * n.a * (1 - n.a) })},
	{"cost-derivative", "δ at the output is ∂C/∂a: the derivative of the output's own activation is missing.",
		output(logarithmic, func(p *problem, n neuron) float64 {
			if p.last() == softmax {
				return -n.y / n.a
			}
			return (n.a - n.y) / (n.a * (1 - n.a))
		})},
	{"softmax-for-sigmoid", "The output is a softmax, and the network has sigmoids there.", either(
		output(sigmoidal, func(_ *problem, n neuron) float64 { return n.softmax - n.y }),
		output(sigmoidQuadratic, func(_ *problem, n neuron) float64 { return (n.softmax - n.y) * n.softmax * (1 - n.softmax) }),
		output(sigmoidQuadratic, func(_ *problem, n neuron) float64 { return (n.softmax - n.y) * sigmoid.Prime(n.z) }),
	)},
	{"sigmoid-for-softmax", "The output is of sigmoids, and the network has a softmax there.",
		output(func(p *problem) bool { return p.last() == softmax }, func(_ *problem, n neuron) float64 { return sigmoid.F(n.z) - n.y })},
	{"label-sum", "The labels of an example do not sum to 1, and δ = a−y of the log-likelihood is for labels that do: it is a Σy − y.",
		output(soft, func(_ *problem, n neuron) float64 { return n.a - n.y })},
	{"label-subtracted", "The labels are not one-hot: the class number itself was subtracted from every output.",
		output(func(p *problem) bool { return p.classes() != nil }, func(p *problem, n neuron) float64 {
			if p.loss == graph.Quadratic {
				return (n.a - n.class) * p.last().Prime(n.z)
			}
			return n.a - n.class
		})},
}

// last is the activation of the output.
func (p *problem) last() *activation { return p.act[len(p.act)-1] }

// The networks in whose output a mistake can be made.
func curved(p *problem) bool           { return p.loss == graph.Quadratic && p.last() != linear }
func logarithmic(p *problem) bool      { return p.loss != graph.Quadratic }
func sigmoidal(p *problem) bool        { return p.last() == sigmoid }
func sigmoidQuadratic(p *problem) bool { return sigmoidal(p) && curved(p) }
func soft(p *problem) bool {
	return slices.ContainsFunc(rows(p.y, p.m), func(y []float64) bool { return p.labelSum(y) != 1 })
}

// output is a wrong δ of the output neurons.
func output(applies func(p *problem) bool, δ func(p *problem, n neuron) float64) func(*problem) []derivation {
	return func(p *problem) []derivation {
		if p.sizes == nil || !applies(p) {
			return nil
		}
		return []derivation{{output: δ}}
	}
}

// slopes are mistakes in σ′.
var slopes = []Bug{
	{"sigma-for-prime", "σ(z) stands in place of σ′(z).", slope(smooth, func(r *pass, l, k int) float64 { return r.h[l][k] })},
	{"missing-prime", "σ′(z) is missing: δ is Wᵀδ of the layer above as it comes (with ReLU: nothing is cut off where z < 0).",
		slope(anyOf, func(*pass, int, int) float64 { return 1 })},
	{"prime-of-activation", "The derivative is taken at a in place of z: σ′(a), and a has been through σ already.",
		slope(smooth, func(r *pass, l, k int) float64 { return r.act[l-1].Prime(r.h[l][k]) })},
	{"formula-of-z", "The derivative's formula for activations, a(1−a) or 1−a², is applied to z.",
		slope(smooth, func(r *pass, l, k int) float64 { return formula(r.act[l-1], r.z[l][k]) })},
	{"half-prime", "Half of the derivative's formula is missing: 1−a in place of a(1−a), or of 1−a².",
		slope(smooth, func(r *pass, l, k int) float64 { return 1 - r.h[l][k] })},
	{"wrong-side", "ReLU passes the gradient on the wrong side: where z < 0.",
		slope(bent, func(r *pass, l, k int) float64 { return 1 - r.prime(l, k) })},
	{"relu-of-gradient", "ReLU was applied to the gradient itself: δ where δ > 0, in place of δ where z > 0.",
		hidden(bent, derivation{delta: func(_ *pass, _, _ int, back float64) float64 { return max(0, back) }})},
	{"prime-of-other-layer", "σ′ is taken at the z of the layer below or above: an index is off by one.", either(otherSlope(-1), otherSlope(1))},
}

// The activations that a mistake can be made with.
func anyOf(*activation) bool    { return true }
func smooth(a *activation) bool { return a != relu }
func bent(a *activation) bool   { return a == relu }

// formula is the derivative by the activation a, as tutorials have it.
func formula(of *activation, a float64) float64 {
	if of == tanh {
		return 1 - a*a
	}
	return a * (1 - a)
}

// slope is a wrong σ′: in the hidden layers, in all, and in each alone.
func slope(has func(*activation) bool, prime func(r *pass, l, k int) float64) func(*problem) []derivation {
	d := derivation{delta: func(r *pass, l, k int, back float64) float64 { return back * prime(r, l, k) * r.kept(l, k) }}
	return func(p *problem) []derivation {
		all := hidden(has, d)(p)
		if p.sizes == nil || !curved(p) || !has(p.last()) {
			return all
		}
		d, end := d, len(p.sizes)-1
		if end > 1 && has(p.act[0]) {
			d.where = " So it is in the hidden layers and at the output."
			all = append(all, d)
		}
		d.in, d.alone, d.where = func(l int) bool { return l == end }, true, " So it is at the output only."
		return append(all, d)
	}
}

// hidden is d in all hidden layers, and in each alone where there are several.
func hidden(has func(*activation) bool, d derivation) func(*problem) []derivation {
	d.where = " So it is in the hidden layers."
	return func(p *problem) []derivation {
		if len(p.sizes) < 3 || !has(p.act[0]) {
			return nil
		}
		return spread(d, count(1, len(p.sizes)-1), func(l int) string { return fmt.Sprintf(" So it is in hidden layer %d only.", l) })
	}
}

// count is from, from+1, … below to.
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
			prime = r.act[l-1].Prime(r.z[other][k])
		}
		return back * prime * r.kept(l, k)
	}})
}

// products are mistakes in BP2 and BP4.
var products = []Bug{
	{"w-for-transpose", "δ went back through W in place of Wᵀ.", hidden(anyOf, derivation{weight: func(r *pass, l int, _ []float64) []float64 {
		if w := r.values[2*l-2]; r.sizes[l] == r.sizes[l-1] {
			return turned(w, r.sizes[l])
		}
		return r.values[2*l-2]
	}})},
	{"updated-w", "δ went back through weights that had been updated already: update all layers after backpropagation.", updatedWeights},
	{"transposed", "A gradient of weights is transposed: a δᵀ in place of δ aᵀ.", transposed},
	{"own-activation", "A gradient of weights has the activations of its own layer in place of those of the layer before.",
		input(func(r *pass, l int) []float64 { return r.a[l] }, 1)},
	{"z-for-activation", "A gradient of weights has the weighted inputs z of the layer before in place of its activations.",
		input(func(r *pass, l int) []float64 { return r.z[l-1] }, 2)},
	{"other-layer", "The gradients are those of another layer: an index is off by one, or the list is the wrong way round.", either(
		otherLayer(func(i, _ int) int { return i + 2 }), otherLayer(func(i, _ int) int { return i - 2 }),
		otherLayer(func(i, n int) int { return n - 2 - i/2*2 + i%2 }),
	)},
	{"no-mask-back", "The dropout mask is missing on the way back.",
		hidden(anyOf, derivation{delta: func(r *pass, l, k int, back float64) float64 { return back * r.prime(l, k) }})},
	{"unscaled-mask-back", "On the way back the dropout mask is 0 or 1, without the 1/(1−p) that it has forward.",
		hidden(anyOf, derivation{delta: func(r *pass, l, k int, back float64) float64 {
			if r.kept(l, k) == 0 {
				return 0
			}
			return back * r.prime(l, k)
		}})},
}

// input is a wrong factor in BP4, where it has the right shape, from layer first on.
func input(wrong func(r *pass, l int) []float64, first int) func(*problem) []derivation {
	d := derivation{input: func(r *pass, l int) []float64 {
		if x := wrong(r, l); len(x) == len(r.a[l-1]) {
			return x
		}
		return r.a[l-1]
	}}
	return func(p *problem) []derivation {
		return spread(d, count(first, len(p.sizes)), func(l int) string { return fmt.Sprintf(" So it is in layer %d only.", l) })
	}
}

// updatedWeights need η. Without it, it follows from the first layer that is wrong: there the gradient is linear in it.
func updatedWeights(p *problem) []derivation {
	if len(p.sizes) < 3 {
		return nil
	}
	eta := p.eta
	if i := 2 * (len(p.sizes) - 3); eta == 0 {
		if p.user[i] == nil {
			return nil
		}
		unit := derivation{weight: func(_ *pass, _ int, nabla []float64) []float64 { return nabla }}
		slope := unit.backward(unit.forward(p), false)[i]
		if eta = dot(plus(p.ours()[i], -1, p.user[i]), slope) / dot(slope, slope); math.IsNaN(eta) || eta <= 0 {
			return nil
		}
	}
	return []derivation{{
		weight: func(r *pass, l int, nabla []float64) []float64 { return plus(r.values[2*l-2], -eta, nabla) },
		where:  fmt.Sprintf(" The η of the update was %.3g.", eta),
	}}
}

// eachOf is a wrong gradient of all parameters of a kind, and of each alone.
func (p *problem) eachOf(kind func(q parameter) bool, after func(r *pass, g [][]float64, i int) []float64) []derivation {
	numbers := slices.DeleteFunc(count(0, len(p.params)), func(i int) bool { return !kind(p.params[i]) })
	return spread(derivation{after: after}, numbers, func(i int) string { return fmt.Sprintf(" So it is with %s.", p.tensor(i)) })
}

// transposed is for all weights, and for each alone.
func transposed(p *problem) []derivation {
	matrix := func(q parameter) bool { return q.weight && len(q.shape) == 2 }
	return p.eachOf(matrix, func(r *pass, g [][]float64, i int) []float64 {
		in, out := r.params[i].shape[0], r.params[i].shape[1]
		if p.inOut {
			return turned(g[i], in) // (out, in), taken for (in, out)
		}
		return turned(g[i], out) // (in, out), taken for (out, in)
	})
}

// otherLayer takes for gradient i, of n, that of another tensor of the same shape, if that moves any.
func otherLayer(from func(i, n int) int) func(*problem) []derivation {
	return func(p *problem) []derivation {
		n := len(p.params)
		moves := slices.DeleteFunc(count(0, n), func(i int) bool {
			k := from(i, n)
			return k < 0 || k >= n || k == i || !slices.Equal(p.params[i].shape, p.params[k].shape)
		})
		if len(moves) == 0 {
			return nil
		}
		return []derivation{{
			in:    func(i int) bool { return slices.Contains(moves, i) },
			after: func(_ *pass, g [][]float64, i int) []float64 { return g[from(i, n)] },
		}}
	}
}
