package compare

import (
	"math"
	"slices"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models/byhand"
)

// derivation is one mistake in a step of backpropagation by hand. Each function that is set replaces the right computation. Layers count from 1; 0
// is the input. Functions that need the inside of the network work only if it is fully connected.
type derivation struct {
	before func(p *problem)                                // changes the mini-batch, the weights, or the forward pass
	after  func(r *pass, g [][]float64, i int) []float64   // the gradient of parameter i, from the right gradients g, which it does not change
	output func(r *pass) []float64                         // δ at the output (m, outputs), BP1
	prime  func(a *activation) func(z float64) float64     // σ′
	delta  func(r *pass, l, k int, back float64) float64   // δ of element k of layer l from Wᵀδ of the layer above, BP2, or from a−y, BP1
	handed func(r *pass, l int) []float64                  // what layer l passes back instead of its δ (m, neurons), BP2
	weight func(r *pass, l int, nabla []float64) []float64 // the matrix in BP2, (in, out)
	input  func(r *pass, l int) []float64                  // the activations in BP4, (m, in)
	in     func(l int) bool                                // the layers, or for after the parameters, with the mistake; nil: all

	where string            // a sentence to add to the bug's, or empty
	alone bool              // the mistake is in one layer only
	l2    bool              // the gradients include the term of λ, right or wrong
	times float64           // a factor of all gradients, which may apply to the term of λ too; 0: none
	round func(x []float64) // rounds weighted inputs and activations to fewer digits
}

func (d *derivation) inside() bool {
	return d.output != nil || d.prime != nil || d.delta != nil || d.handed != nil || d.weight != nil || d.input != nil || d.round != nil
}

func (d *derivation) wrongIn(l int) bool { return d.in == nil || d.in(l) }

// spread is d in all of these layers, and if there are several, in each alone.
func spread(d derivation, layers []int, alone func(l int) string) []derivation {
	if len(layers) == 0 {
		return nil
	}
	d.in = func(l int) bool { return slices.Contains(layers, l) }
	all := []derivation{d}
	for _, only := range layers {
		if len(layers) > 1 {
			d.in, d.alone, d.where = func(l int) bool { return l == only }, true, alone(only)
			all = append(all, d)
		}
	}
	return all
}

// mistakes are all mistakes of a step of backpropagation by hand. Without any, the step is right.
type mistakes []derivation

// watch reports whether to go on after the gradients g of layer l. Gradients are computed from the output backwards.
type watch func(g [][]float64, l int) bool

// pass is what a fully connected network computes for a mini-batch. For other networks it has only the problem.
type pass struct {
	*problem
	z, h, a [][]float64 // by layer, (m, neurons): weighted inputs, and activations before and after the mask
	e, δ    [][]float64 // by layer, (m, neurons): errors before and after σ′
	primes  []func(z float64) float64
}

// gradients are the gradients of a step with the mistakes, one for each parameter. They are nil if a mistake is impossible in p's network, and
// from the layer on where goOn, which may be nil, has ended it.
func (d derivation) gradients(p *problem, goOn watch) [][]float64 {
	before := d.before != nil
	if before {
		p, d = p.with(d), derivation{}
	}
	s := append(slices.Clip(p.given), d)
	r, g := &pass{problem: p}, [][]float64(nil)
	switch {
	case p.sizes == nil && d.inside():
	case p.sizes == nil:
		_, g, _ = p.onGraph() // nil if there is an error
	case !d.inside() && !before:
		r, g = p.byHand()
	default:
		if slices.ContainsFunc(s, func(d derivation) bool { return d.after != nil }) {
			goOn = nil
		}
		r = s.forward(p)
		g = s.backward(r, goOn)
	}
	return s.finish(r, g)
}

// with is p, with the mistake d counted as right.
func (p *problem) with(d derivation) *problem {
	q := *p
	q.given = append(slices.Clip(p.given), d)
	switch {
	case d.before != nil:
		q.graph, q.like = new(outcome), p.graph.forward
		d.before(&q)
	case d.inside():
		q.graph = &outcome{forward: p.graph.forward}
	}
	return &q
}

// finish applies the mistakes that change the gradients g, terms of λ first.
func (s mistakes) finish(r *pass, g [][]float64) [][]float64 {
	for _, l2 := range []bool{true, false} {
		for _, d := range s {
			if d.after == nil || d.l2 != l2 || g == nil {
				continue
			}
			wrong := slices.Clone(g)
			for i := range g {
				if d.wrongIn(i) {
					wrong[i] = d.after(r, g, i)
				}
			}
			g = wrong
		}
	}
	return g
}

// byHand is the right step, computed once.
func (p *problem) byHand() (*pass, [][]float64) {
	if o := p.graph; o.right == nil {
		o.forward = p.given.forward(p)
		o.right = p.given.backward(o.forward, nil)
	}
	r := *p.graph.forward
	r.problem = p // it may have been computed for a problem with the same network and other gradients
	return &r, p.graph.right
}

// ours are the right gradients, or nil if the graph has an error.
func (p *problem) ours() [][]float64 { return derivation{}.gradients(p, nil) }

// forward computes weighted inputs and activations.
func (s mistakes) forward(p *problem) *pass {
	layers := len(p.sizes)
	by := func() [][]float64 { return make([][]float64, layers) }
	var round func(x []float64)
	for _, d := range s {
		if d.round != nil {
			round = d.round
		}
	}
	if o := p.graph.forward; o != nil && round == nil { // the same as in the right step
		return &pass{problem: p, z: o.z, h: o.h, a: o.a, e: by(), δ: by()}
	}
	r := &pass{problem: p, z: by(), h: by(), a: by(), e: by(), δ: by()}
	like := p.like // what is computed from the same numbers is copied from there
	if round != nil || like == nil {
		like = &pass{problem: &problem{spec: p.spec, values: make([][]float64, len(p.values))}, z: by(), h: by(), a: by()}
	}
	r.z[0], r.h[0], r.a[0] = p.x, p.x, like.a[0]
	if !identical(p.x, like.x) || !identical(p.maskAt(0), like.maskAt(0)) {
		r.a[0] = hadamard(p.x, p.maskAt(0))
	}
	for l := 1; l < layers; l++ {
		w, bias := p.values[2*l-2], p.values[2*l-1]
		z, h, a := like.z[l], like.h[l], like.a[l]
		known := identical(r.a[l-1], like.a[l-1]) && identical(w, like.values[2*l-2]) && identical(bias, like.values[2*l-1])
		if !known {
			z = product(r.a[l-1], w, p.m)
			for k := range z {
				z[k] += bias[k%len(bias)]
			}
		}
		if !known || p.act[l-1] != like.act[l-1] || !identical(p.maskAt(l), like.maskAt(l)) {
			if round != nil {
				round(z)
			}
			if h = p.act[l-1].Forward(z); p.act[l-1] == softmax {
				h = p.softmax(z)
			}
			if round != nil {
				round(h)
			}
			a = hadamard(h, p.maskAt(l))
		}
		r.z[l], r.h[l], r.a[l] = z, h, a
	}
	if round == nil {
		p.graph.forward = r
	}
	return r
}

// identical reports whether two slices are the same memory, or both nil.
func identical(a, b []float64) bool { return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) }

// softmax is the softmax of each example of z (m, n).
func (p *problem) softmax(z []float64) []float64 {
	return slices.Concat(each(rows(z, p.m), byhand.SoftmaxLogLikelihood.Activation)...)
}

// backward is BP1 to BP4.
func (s mistakes) backward(r *pass, goOn watch) [][]float64 {
	g := make([][]float64, len(r.params))
	last := len(r.sizes) - 1
	r.primes = s.slopes(r)
	r.δ[last] = s.bp1(r, last)
	for l := last; l >= 1; l-- {
		input := r.a[l-1]
		for _, d := range s {
			if d.input != nil && d.wrongIn(l) {
				input = d.input(r, l)
			}
		}
		g[2*l-2] = scaled(product(turned(input, r.m), r.δ[l], r.sizes[l-1]), 1/float64(r.m)) // BP4
		g[2*l-1] = scaled(columns(r.δ[l], r.sizes[l]), 1/float64(r.m))                       // BP3
		if goOn != nil && !goOn(g, l) {
			break
		}
		if l > 1 {
			r.δ[l-1] = s.bp2(r, l, g)
		}
	}
	return g
}

// slopes are σ′ of each layer, right or wrong.
func (s mistakes) slopes(r *pass) []func(z float64) float64 {
	primes := []func(z float64) float64{nil}
	for l := 1; l < len(r.sizes); l++ {
		prime := r.act[l-1].Prime
		for _, d := range s {
			if d.prime != nil && d.wrongIn(l) {
				prime = d.prime(r.act[l-1])
			}
		}
		primes = append(primes, prime)
	}
	return primes
}

// bp1 is δ at the output.
func (s mistakes) bp1(r *pass, l int) []float64 {
	δ := make([]float64, len(r.z[l]))
	a, y := rows(r.a[l], r.m), rows(r.y, r.m)
	for i, row := range rows(δ, r.m) {
		sum := r.labelSum(y[i])
		for j := range row {
			row[j] = a[i][j]*sum - y[i][j]
		}
	}
	r.e[l] = slices.Clone(δ)
	for _, d := range s {
		if d.output != nil {
			return d.output(r)
		}
	}
	switch {
	case r.loss != graph.Quadratic:
	case r.last() == softmax:
		return r.jacobian(δ, r.a[l])
	default:
		for k := range δ {
			δ[k] = s.back(r, l, k, δ[k])
		}
	}
	return δ
}

// jacobian takes e back through a softmax with output a: a ⊙ (e − Σ e a).
func (p *problem) jacobian(e, a []float64) []float64 {
	δ := make([]float64, len(e))
	of, errors := rows(a, p.m), rows(e, p.m)
	for i, row := range rows(δ, p.m) {
		sum := dot(errors[i], of[i])
		for j := range row {
			row[j] = of[i][j] * (errors[i][j] - sum)
		}
	}
	return δ
}

// labelSum is Σy of an example, which multiplies the log-likelihood's softmax. It is 1 unless labels are soft, and for all other costs.
func (p *problem) labelSum(y []float64) float64 {
	if sum := total(y); p.loss == graph.LogLikelihood && math.Abs(sum-1) > 1e-6 {
		return sum
	}
	return 1
}

// bp2 is δ of the layer before l.
func (s mistakes) bp2(r *pass, l int, g [][]float64) []float64 {
	w, handed := r.values[2*l-2], r.δ[l]
	for _, d := range s {
		if d.weight != nil && d.wrongIn(l-1) {
			w = d.weight(r, l, g[2*l-2])
		}
		if d.handed != nil && d.wrongIn(l) {
			handed = d.handed(r, l)
		}
	}
	r.e[l-1] = product(handed, turned(w, r.sizes[l-1]), r.m)
	δ := make([]float64, len(r.e[l-1]))
	for k, back := range r.e[l-1] {
		δ[k] = s.back(r, l-1, k, back)
	}
	return δ
}

// back is δ, right or wrong, of element k of layer l.
func (s mistakes) back(r *pass, l, k int, back float64) float64 {
	for _, d := range s {
		if d.delta != nil && d.wrongIn(l) {
			return d.delta(r, l, k, back)
		}
	}
	return back * r.prime(l, k) * r.kept(l, k)
}

// prime is σ′ of element k of layer l, right or wrong.
func (r *pass) prime(l, k int) float64 { return r.primes[l](r.z[l][k]) }

// kept is the dropout factor of element k of layer l.
func (r *pass) kept(l, k int) float64 {
	if mask := r.maskAt(l); mask != nil {
		return mask[k]
	}
	return 1
}

// maskAt is the mask of the activations of layer l, or nil.
func (p *problem) maskAt(l int) []float64 {
	if i := slices.Index(p.sites, l); i >= 0 {
		return p.masks[i]
	}
	return nil
}
