package compare

import (
	"math"
	"slices"
)

// masks are mistakes with dropout in the backward pass.
var masks = []Bug{
	{"no-mask-back", "The dropout mask is missing in the backward pass.",
		hidden(anyOf, derivation{delta: func(r *pass, l, k int, back float64) float64 { return back * r.prime(l, k) }})},
	{"unscaled-mask-back", "On the way back, the dropout mask is 0 or 1, without the 1/(1−p) that it has going forward.",
		hidden(anyOf, derivation{delta: func(r *pass, l, k int, back float64) float64 {
			if r.kept(l, k) == 0 {
				return 0
			}
			return back * r.prime(l, k)
		}})},
	{"other-mask-back", "The dropout mask on the way back is not the one that was used going forward: it was drawn again.", otherMasks},
}

// otherMasks are the masks that the gradients were computed with. If a hidden layer has more inputs than there are examples, the gradient of its
// weights determines its δ, and so the zeros in it.
func otherMasks(p *problem) []derivation {
	if p.sizes == nil || len(p.masks) == 0 {
		return nil
	}
	drawn := make([][]float64, len(p.sizes))
	d := derivation{delta: func(r *pass, l, k int, back float64) float64 {
		if drawn[l] == nil {
			return back * r.prime(l, k) * r.kept(l, k)
		}
		return back * r.prime(l, k) * drawn[l][k]
	}}
	for l := len(p.sizes) - 2; l >= 1; l-- {
		mask := p.maskAt(l)
		if mask == nil {
			continue
		}
		s := append(slices.Clip(p.given), d)
		r := s.forward(p)
		s.backward(r, func(_ [][]float64, at int) bool { return at > l })
		δ, kept := r.recovered(l), slices.Max(mask)
		if δ == nil {
			return nil
		}
		drawn[l] = make([]float64, len(mask))
		for k := range mask {
			if math.Abs(δ[k]) > math.Abs(kept*r.e[l][k]*r.prime(l, k))/2 {
				drawn[l][k] = kept
			}
		}
	}
	return []derivation{d}
}
