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

// one is a mistake with one derivation, that can always be.
func one(d derivation) func(*problem) []derivation {
	return func(*problem) []derivation { return []derivation{d} }
}

// scales are factors of all gradients.
var scales = []Bug{
	{"sum", "Every gradient is m times too large: a sum over the mini-batch, without 1/m.", scale(func(p *problem) float64 { return float64(p.m) })},
	{"mean-twice", "Every gradient is m times too small: divided by m twice.", scale(func(p *problem) float64 { return 1 / float64(p.m) })},
	{"sign", "Every gradient has the wrong sign: y−a in place of a−y, or a step uphill.", scale(func(*problem) float64 { return -1 })},
	{"twice", "Every gradient is twice as large as it should be: the quadratic cost is ½‖a−y‖², and its ½ takes away the 2 of the derivative.",
		scale(func(*problem) float64 { return 2 })},
	{"half", "Every gradient is half of what it should be: the ½ of the quadratic cost is in it twice.", scale(func(*problem) float64 { return .5 })},
	{"mean-of-outputs", "Every gradient is divided by the number of outputs too: the cost was a mean over them, in place of a sum.",
		scale(func(p *problem) float64 { return 1 / float64(p.outputs()) }, func(p *problem) float64 { return 2 / float64(p.outputs()) })},
}

func scale(by ...func(p *problem) float64) func(*problem) []derivation {
	return func(p *problem) []derivation {
		var all []derivation
		for _, f := range by {
			if by := f(p); by != 1 {
				all = append(all, derivation{times: by, after: func(_ *problem, g [][]float64, _ *pass) { multiply(g, by) }})
			}
		}
		return all
	}
}

func multiply(g [][]float64, by float64) {
	for i := range g {
		g[i] = scaled(g[i], by)
	}
}

// outputErrors are mistakes in BP1.
var outputErrors = []Bug{
	{"missing-output-prime", "σ′(z) is missing at the output: a−y is the δ of the cross-entropy, that of the quadratic cost is (a−y) σ′(z).",
		atOutput(func(p *problem) bool { return p.loss == graph.Quadratic && p.last() != "linear" }, func(p *problem, δ, z, a, y []float64) {
			minus(δ, a, y)
		})},
	{"extra-output-prime", "σ′(z) is too much at the output: the δ of this cost is a−y, and (a−y) σ′(z) is that of the quadratic cost.",
		atOutput(func(p *problem) bool { return p.loss != graph.Quadratic }, func(p *problem, δ, z, a, y []float64) {
			for j := range δ {
				δ[j] = (a[j] - y[j]) * a[j] * (1 - a[j])
			}
		})},
	{"cost-derivative", "δ at the output is ∂C/∂a: the derivative of the output's own activation is missing.",
		atOutput(func(p *problem) bool { return p.loss != graph.Quadratic }, func(p *problem, δ, z, a, y []float64) {
			for j := range δ {
				if δ[j] = (a[j] - y[j]) / (a[j] * (1 - a[j])); p.last() == "softmax" {
					δ[j] = -y[j] / a[j]
				}
			}
		})},
	{"softmax-for-sigmoid", "The output is a softmax, and the network has sigmoids there.", either(
		softmaxOutput(func(p *problem) bool { return true }, func(z, a float64) float64 { return 1 }),
		softmaxOutput(func(p *problem) bool { return p.loss == graph.Quadratic }, func(z, a float64) float64 { return a * (1 - a) }),
		softmaxOutput(func(p *problem) bool { return p.loss == graph.Quadratic }, func(z, a float64) float64 { return activation("sigmoid").prime(z) }),
	)},
	{"sigmoid-for-softmax", "The output is of sigmoids, and the network has a softmax there.",
		atOutput(func(p *problem) bool { return p.last() == "softmax" }, func(p *problem, δ, z, a, y []float64) {
			for j := range δ {
				δ[j] = activation("sigmoid").of(z[j]) - y[j]
			}
		})},
	{"label-subtracted", "The labels are not one-hot: the class number itself was subtracted from every output.",
		atOutput(func(p *problem) bool { return p.classes() != nil }, func(p *problem, δ, z, a, y []float64) {
			for j := range δ {
				if δ[j] = a[j] - float64(slices.Index(y, 1)); p.loss == graph.Quadratic {
					δ[j] *= p.last().prime(z[j])
				}
			}
		})},
}

// last is the activation of the output.
func (p *problem) last() activation { return p.act[len(p.act)-1] }

func minus(d, a, y []float64) {
	for j := range d {
		d[j] = a[j] - y[j]
	}
}

func atOutput(applies func(p *problem) bool, output func(p *problem, δ, z, a, y []float64)) func(*problem) []derivation {
	return func(p *problem) []derivation {
		if p.sizes == nil || !applies(p) {
			return nil
		}
		return []derivation{{output: output}}
	}
}

// softmaxOutput has a softmax for sigmoids, and δ = (a−y) times a slope.
func softmaxOutput(applies func(p *problem) bool, slope func(z, a float64) float64) func(*problem) []derivation {
	return atOutput(func(p *problem) bool { return p.last() == "sigmoid" && applies(p) }, func(p *problem, δ, z, _, y []float64) {
		softmax(δ, z)
		for j, a := range δ {
			δ[j] = (a - y[j]) * slope(z[j], a)
		}
	})
}

// slopes are mistakes in σ′.
var slopes = []Bug{
	{"sigma-for-prime", "σ(z) stands in place of σ′(z).", slope(smooth, func(r *pass, l, k int) float64 { return r.h[l][k] })},
	{"missing-prime", "σ′(z) is missing: δ is Wᵀδ of the layer above as it comes (with ReLU: nothing is cut off where z < 0).",
		slope(anyOf, func(*pass, int, int) float64 { return 1 })},
	{"prime-of-activation", "The derivative is taken at a in place of z: σ′(a), and a has been through σ already.",
		slope(smooth, func(r *pass, l, k int) float64 { return r.act[l-1].prime(r.h[l][k]) })},
	{"formula-of-z", "The derivative's formula for activations, a(1−a) or 1−a², is applied to z.",
		slope(smooth, func(r *pass, l, k int) float64 { return formula(r.act[l-1], r.z[l][k]) })},
	{"half-prime", "Half of the derivative's formula is missing: 1−a in place of a(1−a), or of 1−a².",
		slope(smooth, func(r *pass, l, k int) float64 { return 1 - r.h[l][k] })},
	{"wrong-side", "ReLU passes the gradient on the wrong side: where z < 0.",
		slope(bent, func(r *pass, l, k int) float64 { return 1 - r.act[l-1].prime(r.z[l][k]) })},
	{"relu-of-gradient", "ReLU was applied to the gradient itself: δ where δ > 0, in place of δ where z > 0.",
		hidden(bent, derivation{delta: func(r *pass, l, k int, back float64) float64 { return max(0, back) }})},
	{"prime-of-other-layer", "σ′ is taken at the z of the layer below or above: an index is off by one.", otherSlope},
}

// The activations that a mistake can be made with.
func anyOf(activation) bool    { return true }
func smooth(a activation) bool { return a != "relu" }
func bent(a activation) bool   { return a == "relu" }

// formula is the derivative by the activation a, as tutorials have it.
func formula(of activation, a float64) float64 {
	if of == "tanh" {
		return 1 - a*a
	}
	return a * (1 - a)
}

// slope is a wrong σ′: in the hidden layers, in all, and in each alone.
func slope(has func(activation) bool, prime func(r *pass, l, k int) float64) func(*problem) []derivation {
	return func(p *problem) []derivation {
		all := hidden(has, derivation{prime: prime})(p)
		if p.sizes == nil || p.loss != graph.Quadratic || !has(p.last()) || p.last() == "linear" {
			return all
		}
		end := len(p.sizes) - 1
		if len(p.sizes) > 2 && has(p.act[0]) {
			all = append(all, derivation{prime: prime, where: " So it is in the hidden layers and at the output."})
		}
		return append(all, derivation{prime: prime, in: func(l int) bool { return l == end }, alone: true, where: " So it is at the output only."})
	}
}

// hidden is d in all hidden layers, and in each alone where there are several.
func hidden(has func(activation) bool, d derivation) func(*problem) []derivation {
	return func(p *problem) []derivation {
		if len(p.sizes) < 3 || !has(p.act[0]) {
			return nil
		}
		end := len(p.sizes) - 1
		d.in, d.where = func(l int) bool { return l < end }, " So it is in the hidden layers."
		all := []derivation{d}
		for only := 1; only < end && end > 2; only++ {
			d.in, d.alone, d.where = func(l int) bool { return l == only }, true, fmt.Sprintf(" So it is in hidden layer %d only.", only)
			all = append(all, d)
		}
		return all
	}
}

func otherSlope(p *problem) []derivation {
	var all []derivation
	for _, step := range []int{-1, 1} {
		prime := func(r *pass, l, k int) float64 {
			if other := l + step; other >= 1 && other < len(r.sizes) && r.sizes[other] == r.sizes[l] {
				return r.act[l-1].prime(r.z[other][k])
			}
			return r.act[l-1].prime(r.z[l][k])
		}
		all = append(all, hidden(anyOf, derivation{prime: prime})(p)...)
	}
	return all
}

// products are mistakes in BP2 and BP4.
var products = []Bug{
	{"w-for-transpose", "δ went back through W in place of Wᵀ.", func(p *problem) []derivation {
		return hidden(anyOf, derivation{weight: func(r *pass, l int, _ [][]float64) []float64 {
			if w := r.values[2*l-2]; r.sizes[l] == r.sizes[l-1] {
				return turned(w, r.sizes[l])
			}
			return r.values[2*l-2]
		}})(p)
	}},
	{"updated-w", "δ went back through weights that had been updated already: update all layers after backpropagation.", updatedWeights},
	{"transposed", "A gradient of weights is transposed: a δᵀ in place of δ aᵀ.", transposed},
	{"own-activation", "A gradient of weights has the activations of its own layer in place of those of the layer before.",
		input(func(r *pass, l int) []float64 { return r.a[l] }, 1)},
	{"z-for-activation", "A gradient of weights has the weighted inputs z of the layer before in place of its activations.",
		input(func(r *pass, l int) []float64 { return r.z[l-1] }, 2)},
	{"other-layer", "The gradients are those of another layer: an index is off by one, or the list is the wrong way round.", otherLayer},
	{"no-mask-back", "The dropout mask is missing on the way back.", hidden(anyOf, derivation{delta: func(r *pass, l, k int, back float64) float64 {
		return back * r.act[l-1].prime(r.z[l][k])
	}})},
	{"unscaled-mask-back", "On the way back the dropout mask is 0 or 1, without the 1/(1−p) that it has forward.", hidden(anyOf, derivation{delta: func(r *pass, l, k int, back float64) float64 {
		if mask := r.maskAt(l); mask != nil && mask[k] == 0 {
			back = 0
		}
		return back * r.act[l-1].prime(r.z[l][k])
	}})},
}

// input is a wrong factor in BP4, where it has the right shape, from layer first on.
func input(wrong func(r *pass, l int) []float64, first int) func(*problem) []derivation {
	return func(p *problem) []derivation {
		if p.sizes == nil {
			return nil
		}
		f := func(r *pass, l int) []float64 {
			if x := wrong(r, l); l >= first && len(x) == len(r.a[l-1]) {
				return x
			}
			return r.a[l-1]
		}
		all := []derivation{{input: f}}
		for only := first; only < len(p.sizes) && len(p.sizes)-first > 1; only++ {
			all = append(all, derivation{input: f, in: func(l int) bool { return l == only }, alone: true, where: fmt.Sprintf(" So it is in layer %d only.", only)})
		}
		return all
	}
}

// updatedWeights need η. Without it, it follows from the first layer that is wrong: there the gradient is linear in it.
func updatedWeights(p *problem) []derivation {
	if len(p.sizes) < 3 {
		return nil
	}
	with := func(w func(w, nabla []float64) []float64) derivation {
		return derivation{weight: func(r *pass, l int, g [][]float64) []float64 { return w(r.values[2*l-2], g[2*l-2]) }}
	}
	eta := p.eta
	if eta == 0 {
		i := 2 * (len(p.sizes) - 3)
		if p.user[i] == nil {
			return nil
		}
		unit := with(func(_, nabla []float64) []float64 { return nabla })
		right := p.ours()
		slope := unit.backward(unit.forward(p), nil)
		off := make([]float64, len(right[i]))
		minus(off, right[i], p.user[i])
		if eta = dot(off, slope[i]) / dot(slope[i], slope[i]); math.IsNaN(eta) || eta <= 0 {
			return nil
		}
	}
	d := with(func(w, nabla []float64) []float64 {
		updated := slices.Clone(w)
		axpy(updated, -eta, nabla)
		return updated
	})
	d.where = fmt.Sprintf(" The η of the update was %.3g.", eta)
	return []derivation{d}
}

// transposed is for all weights, and for each alone.
func transposed(p *problem) []derivation {
	turn := func(only int) derivation {
		return derivation{alone: only >= 0, after: func(p *problem, g [][]float64, _ *pass) {
			for i, q := range p.params {
				if !q.weight || len(q.shape) != 2 || only >= 0 && i != only {
					continue
				}
				in, out := q.shape[0], q.shape[1]
				if p.inOut {
					g[i] = turned(g[i], in) // (out, in), taken for (in, out)
				} else {
					g[i] = turned(g[i], out) // (in, out), taken for (out, in)
				}
			}
		}}
	}
	all := []derivation{turn(-1)}
	for i, q := range p.params {
		if q.weight && len(q.shape) == 2 {
			d := turn(i)
			d.where = fmt.Sprintf(" So it is with %s.", p.tensor(i))
			all = append(all, d)
		}
	}
	return all
}

// otherLayer moves the gradients of weights, and of biases with them, between tensors of one shape.
func otherLayer(p *problem) []derivation {
	var all []derivation
	n := len(p.params)
	for _, from := range []func(i int) int{
		func(i int) int { return i + 2 }, func(i int) int { return i - 2 },
		func(i int) int { return n - 2 - i/2*2 + i%2 },
	} {
		moves := func(i int) bool {
			k := from(i)
			return k >= 0 && k < n && k != i && slices.Equal(p.params[i].shape, p.params[k].shape)
		}
		possible := false
		for i := range p.params {
			possible = possible || moves(i)
		}
		if possible {
			all = append(all, derivation{after: func(_ *problem, g [][]float64, _ *pass) {
				old := slices.Clone(g)
				for i := range g {
					if moves(i) {
						g[i] = old[from(i)]
					}
				}
			}})
		}
	}
	return all
}
