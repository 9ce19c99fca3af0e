package compare

import (
	"fmt"
	"math"
)

// softmaxes are mistakes with a softmax at the output. r.e is a−y there.
var softmaxes = []Bug{
	{"softmax-of-error", "The softmax is applied to the error a−y.",
		whole(ofSoftmax, func(r *pass) []float64 { return r.softmax(r.e[len(r.e)-1]) })},
	{"softmax-axis", "The softmax has the wrong axis: it goes over the examples instead of the outputs.",
		otherSoftmax(func(p *problem, z []float64) []float64 {
			over := *p
			over.m = len(z) / p.m
			return turned(over.softmax(turned(z, p.m)), over.m)
		})},
	{"softmax-of-all", "The softmax goes over all numbers of the mini-batch: its sum has no axis.",
		otherSoftmax(func(p *problem, z []float64) []float64 {
			over := *p
			over.m = 1
			return over.softmax(z)
		})},
	{"softmax-twice", "The softmax is applied twice: the cost already has one.",
		otherSoftmax(func(p *problem, z []float64) []float64 { return p.softmax(p.softmax(z)) }, (*pass).throughSoftmax)},
	{"softmax-of-activation", "The softmax is applied to the output's activations instead of its weighted inputs z.", softmaxOfActivation},
	{"softmax-diagonal", "Only the diagonal of the softmax's derivative is used, a(1−a), but each output depends on every z.",
		either(
			whole(ofSoftmax, func(r *pass) []float64 {
				return r.neurons(func(p *problem, n neuron) float64 {
					if logarithmic(p) {
						return p.costDerivative(n, 0) * n.a * (1 - n.a)
					}
					return (n.a - n.y) * n.a * (1 - n.a)
				})
			}),
		)},
}

// otherSoftmax is a−y with another softmax. With the quadratic cost, or if back is given, it also goes back through a softmax.
func otherSoftmax(f func(p *problem, z []float64) []float64, back ...func(r *pass, e []float64) []float64) func(*problem) []derivation {
	wrong := func(back func(r *pass, e []float64) []float64) func(*problem) []derivation {
		return whole(ofSoftmax, func(r *pass) []float64 {
			a := f(r.problem, r.z[len(r.z)-1])
			e := plus(a, -1, r.y)
			if curved(r.problem) {
				e = r.jacobian(e, a)
			}
			if back != nil {
				e = back(r, e)
			}
			return e
		})
	}
	all := []func(*problem) []derivation{wrong(nil)}
	for _, b := range back {
		all = append(all, wrong(b))
	}
	return either(all...)
}

// throughSoftmax takes an error back through the output's softmax.
func (r *pass) throughSoftmax(e []float64) []float64 { return r.jacobian(e, r.a[len(r.a)-1]) }

// softmaxOfActivation has sigmoids, or the hidden layers' activation, before the softmax, and goes back through them or not.
func softmaxOfActivation(p *problem) []derivation {
	var all []derivation
	for _, a := range activations {
		all = append(all, otherSoftmax(
			func(p *problem, z []float64) []float64 { return p.softmax(a.Forward(z)) },
			func(r *pass, e []float64) []float64 {
				return hadamard(e, mapped(r.z[len(r.z)-1], a.Prime))
			},
		)(p)...)
	}
	return all
}

// mapped is f of each element.
func mapped(x []float64, f func(float64) float64) []float64 {
	y := make([]float64, len(x))
	for k, v := range x {
		y[k] = f(v)
	}
	return y
}

// epsilon is δ with a power of ten added in the logarithm: −y/(a+ε) for each output, and then the output's own derivative.
func epsilon(p *problem) []derivation {
	if p.sizes == nil || !logarithmic(p) {
		return nil
	}
	var all []derivation
	for power := 3; power <= 16; power++ {
		ε := math.Pow10(-power)
		all = append(all, derivation{where: fmt.Sprintf(" It is %g.", ε), output: func(r *pass) []float64 {
			e, last := r.neurons(func(p *problem, n neuron) float64 { return p.costDerivative(n, ε) }), len(r.z)-1
			if r.last() == softmax {
				return r.throughSoftmax(e)
			}
			return hadamard(e, mapped(r.z[last], r.last().Prime))
		}})
	}
	return all
}
