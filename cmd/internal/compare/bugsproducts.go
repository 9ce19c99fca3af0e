package compare

import (
	"fmt"
	"math"
	"slices"
)

// products are mistakes in BP2 and BP4.
var products = []Bug{
	{"w-for-transpose", "δ goes back through W instead of Wᵀ.", hidden(anyOf, derivation{weight: func(r *pass, l int, _ []float64) []float64 {
		if w := r.values[2*l-2]; r.sizes[l] == r.sizes[l-1] {
			return turned(w, r.sizes[l])
		}
		return r.values[2*l-2]
	}})},
	{"updated-w", "δ goes back through weights that are already updated: update all layers after backpropagation.", updatedWeights},
	{"transposed", "A gradient of weights is transposed: it is a δᵀ instead of δ aᵀ.", transposed},
	{"own-activation", "A gradient of weights has the activations of its own layer instead of those of the layer before.",
		input(func(r *pass, l int) []float64 { return r.a[l] }, 1)},
	{"z-for-activation", "A gradient of weights has the weighted inputs z of the layer before instead of its activations.",
		input(func(r *pass, l int) []float64 { return r.z[l-1] }, 2)},
	{"other-layer", "The gradients belong to another layer: an index is off by one, or the list is in reverse order.", either(
		otherLayer(func(i, _ int) int { return i + 2 }), otherLayer(func(i, _ int) int { return i - 2 }),
		otherLayer(func(i, n int) int { return n - 2 - i/2*2 + i%2 }),
	)},
}

// input is a wrong factor in BP4, from layer first on, if it has the right shape.
func input(wrong func(r *pass, l int) []float64, first int) func(*problem) []derivation {
	d := derivation{input: func(r *pass, l int) []float64 {
		if x := wrong(r, l); len(x) == len(r.a[l-1]) {
			return x
		}
		return r.a[l-1]
	}}
	return func(p *problem) []derivation {
		return spread(d, count(first, len(p.sizes)), func(l int) string { return fmt.Sprintf(" This is in layer %d only.", l) })
	}
}

// updatedWeights needs η. If the file has none, η follows from the first wrong layer, where the gradient is linear in it.
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
		slope := unit.gradients(p, nil)[i]
		if eta = dot(plus(p.ours()[i], -1, p.user[i]), slope) / dot(slope, slope); math.IsNaN(eta) || eta <= 0 {
			return nil
		}
	}
	return []derivation{{
		weight: func(r *pass, l int, nabla []float64) []float64 { return plus(r.values[2*l-2], -eta, nabla) },
		where:  fmt.Sprintf(" The η of the update was %.3g.", eta),
	}}
}

// eachOf is a wrong gradient of all parameters of a kind, and of each of them alone.
func (p *problem) eachOf(kind func(q parameter) bool, after func(r *pass, g [][]float64, i int) []float64) []derivation {
	numbers := slices.DeleteFunc(count(0, len(p.params)), func(i int) bool { return !kind(p.params[i]) })
	return spread(derivation{after: after}, numbers, func(i int) string { return fmt.Sprintf(" This is the case with %s.", p.tensor(i)) })
}

// transposed is the mistake in all weights, and in each alone.
func transposed(p *problem) []derivation {
	matrix := func(q parameter) bool { return q.weight && len(q.shape) == 2 }
	return p.eachOf(matrix, func(r *pass, g [][]float64, i int) []float64 {
		in, out := r.params[i].shape[0], r.params[i].shape[1]
		if p.inOut {
			return turned(g[i], in) // (out, in) taken for (in, out)
		}
		return turned(g[i], out) // (in, out) taken for (out, in)
	})
}

// otherLayer replaces gradient i of n by that of another tensor with the same shape, if there are any.
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
