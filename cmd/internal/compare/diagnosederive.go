package compare

import (
	"math"
	"slices"

	"github.com/stheno-ml/stheno/graph"
)

// derivation is backpropagation by hand with one thing done wrong: each of its functions, where it is set, takes the place of what
// is right. Layers count from 1; 0 is the input. Those with a function of the network's inside work on fully connected networks only.
type derivation struct {
	before func(p *problem) *problem // another mini-batch, or other weights; nil from it: there is none
	after  func(p *problem, g [][]float64, r *pass)

	bias   func(p *problem, l, i, j int) float64         // what is added to the weighted input of neuron j for example i
	output func(p *problem, δ, z, a, y []float64)        // δ of one example, BP1
	prime  func(r *pass, l, k int) float64               // σ′ of element k of layer l: in BP2, and in BP1 where the cost does not cancel it
	delta  func(r *pass, l, k int, back float64) float64 // δ from Wᵀδ of the layer above
	weight func(r *pass, l int, g [][]float64) []float64 // the matrix in BP2, (in, out)
	input  func(r *pass, l int) []float64                // the activations in BP4, (m, in)
	in     func(l int) bool                              // the layers where prime, delta, weight and input are wrong; nil: all

	where string  // the end of a sentence, or empty
	alone bool    // in one layer only
	l2    bool    // the term of λ, right or wrong, is in the gradients
	times float64 // a factor of all, which the term of λ can have too; 0: no such
	round bool    // to float32, weighted inputs and activations
}

func (d *derivation) inside() bool {
	return d.bias != nil || d.output != nil || d.prime != nil || d.delta != nil || d.weight != nil || d.input != nil
}

func (d *derivation) wrongIn(l int) bool { return d.in == nil || d.in(l) }

// pass is what a fully connected network has computed for a mini-batch.
type pass struct {
	*problem
	z, h, a, δ [][]float64 // weighted inputs, activations before and after the mask, and errors, by layer: (m, neurons)
}

// gradients are those of the derivation, one a parameter; nil where it does not apply, or where those of the last layer show already
// that it does not explain p's.
func (d *derivation) gradients(p *problem) ([][]float64, error) {
	if d.before != nil {
		if p = d.before(p); p == nil {
			return nil, nil
		}
		p.graph = new(outcome) // p is a copy
	}
	var g [][]float64
	var r *pass
	switch {
	case p.sizes == nil:
		if d.inside() {
			return nil, nil
		}
		_, right, err := p.onGraph()
		if err != nil {
			return nil, err
		}
		g = slices.Clone(right)
	case !d.inside() && d.before == nil:
		r, g = p.byHand()
		g = slices.Clone(g)
	default:
		if r = d.forward(p); d.after == nil {
			g = d.backward(r, p.hopeless)
		} else {
			g = d.backward(r, nil)
		}
	}
	if d.after != nil {
		d.after(p, g, r)
	}
	return g, nil
}

// byHand is the right derivation, made once.
func (p *problem) byHand() (*pass, [][]float64) {
	if o := p.graph; o.pass == nil {
		right := derivation{}
		o.pass = right.forward(p)
		o.right = right.backward(o.pass, nil)
	}
	return p.graph.pass, p.graph.right
}

// hopeless says that the gradients g of the last layer are not the user's, not even times a factor.
func (p *problem) hopeless(g [][]float64) bool {
	last := len(g) - 2
	q := *p
	q.user = make([][]float64, len(g))
	copy(q.user[last:], p.user[last:])
	if k := nearestFactor(q.user[last:], g[last:]); !math.IsNaN(k) {
		g = slices.Clone(g)
		g[last], g[last+1] = scaled(g[last], k), scaled(g[last+1], k)
	}
	return q.off(g) > p.tol
}

// forward computes weighted inputs and activations.
func (d *derivation) forward(p *problem) *pass {
	layers := len(p.sizes)
	if o := p.graph; o.pass != nil && d.bias == nil && !d.round { // It is as in the right one.
		return &pass{p, o.pass.z, o.pass.h, o.pass.a, make([][]float64, layers)}
	}
	r := &pass{p, make([][]float64, layers), make([][]float64, layers), make([][]float64, layers), make([][]float64, layers)}
	r.z[0], r.h[0], r.a[0] = p.x, p.x, hadamard(p.x, p.maskAt(0))
	for l := 1; l < layers; l++ {
		n := p.sizes[l]
		z := product(r.a[l-1], p.values[2*l-2], p.m, p.sizes[l-1], n)
		h := make([]float64, len(z))
		for k := range z {
			if d.bias != nil {
				z[k] += d.bias(p, l, k/n, k%n)
			} else {
				z[k] += p.values[2*l-1][k%n]
			}
			if d.round {
				z[k] = float64(float32(z[k]))
			}
			h[k] = p.act[l-1].of(z[k])
		}
		if p.act[l-1] == "softmax" {
			for i := range p.m {
				softmax(h[i*n:i*n+n], z[i*n:i*n+n])
			}
		}
		if d.round {
			for k := range h {
				h[k] = float64(float32(h[k]))
			}
		}
		r.z[l], r.h[l], r.a[l] = z, h, hadamard(h, p.maskAt(l))
	}
	return r
}

// backward is BP1 to BP4. It breaks off, with nil, if the gradients of the last layer are hopeless.
func (d *derivation) backward(r *pass, hopeless func(g [][]float64) bool) [][]float64 {
	g := make([][]float64, len(r.params))
	last := len(r.sizes) - 1
	r.δ[last] = d.bp1(r, last)
	for l := last; l >= 1; l-- {
		input := r.a[l-1]
		if d.input != nil && d.wrongIn(l) {
			input = d.input(r, l)
		}
		g[2*l-2] = scaled(tProduct(input, r.δ[l], r.m, r.sizes[l-1], r.sizes[l]), 1/float64(r.m)) // BP4
		g[2*l-1] = scaled(columns(r.δ[l], r.sizes[l]), 1/float64(r.m))                            // BP3
		if l == last && hopeless != nil && hopeless(g) {
			return nil
		}
		if l > 1 {
			r.δ[l-1] = d.bp2(r, l, g)
		}
	}
	return g
}

// bp1 is δ at the output.
func (d *derivation) bp1(r *pass, l int) []float64 {
	n := r.sizes[l]
	δ := make([]float64, len(r.z[l]))
	for i := range r.m {
		row := func(x []float64) []float64 { return x[i*n : i*n+n] }
		if d.output != nil {
			d.output(r.problem, row(δ), row(r.z[l]), row(r.a[l]), row(r.y))
			continue
		}
		sum := r.labelSum(row(r.y))
		for k := i * n; k < i*n+n; k++ {
			δ[k] = r.a[l][k]*sum - r.y[k]
			if r.loss == graph.Quadratic {
				δ[k] *= d.slope(r, l, k)
			}
		}
	}
	return δ
}

// labelSum is Σy of an example, by which the log-likelihood's softmax is multiplied: 1 but for soft labels, and for all other costs.
func (p *problem) labelSum(y []float64) float64 {
	if sum := total(y); p.loss == graph.LogLikelihood && math.Abs(sum-1) > 1e-6 {
		return sum
	}
	return 1
}

// slope is σ′, right or wrong.
func (d *derivation) slope(r *pass, l, k int) float64 {
	if d.prime != nil && d.wrongIn(l) {
		return d.prime(r, l, k)
	}
	return r.act[l-1].prime(r.z[l][k])
}

// bp2 is δ of the layer before l.
func (d *derivation) bp2(r *pass, l int, g [][]float64) []float64 {
	w := r.values[2*l-2]
	if d.weight != nil && d.wrongIn(l-1) {
		w = d.weight(r, l, g)
	}
	δ := productT(r.δ[l], w, r.m, r.sizes[l], r.sizes[l-1])
	mask := r.maskAt(l - 1)
	for k, back := range δ {
		if d.delta != nil && d.wrongIn(l-1) {
			δ[k] = d.delta(r, l-1, k, back)
			continue
		}
		δ[k] *= d.slope(r, l-1, k)
		if mask != nil {
			δ[k] *= mask[k]
		}
	}
	return δ
}

// maskAt is what the activations of layer l are multiplied by, or nil.
func (p *problem) maskAt(l int) []float64 {
	if i := slices.Index(p.sites, l); i >= 0 {
		return p.masks[i]
	}
	return nil
}

func softmax(a, z []float64) {
	top, sum := slices.Max(z), 0.
	for k := range z {
		a[k] = math.Exp(z[k] - top)
		sum += a[k]
	}
	for k := range a {
		a[k] /= sum
	}
}

// hadamard is x ⊙ mask, and x without one.
func hadamard(x, mask []float64) []float64 {
	if mask == nil {
		return x
	}
	y := make([]float64, len(x))
	for i := range x {
		y[i] = x[i] * mask[i]
	}
	return y
}

// product is a b for a (m, k), b (k, n).
func product(a, b []float64, m, k, n int) []float64 {
	y := make([]float64, m*n)
	for i := range m {
		for c, v := range a[i*k : i*k+k] {
			if v != 0 {
				axpy(y[i*n:i*n+n], v, b[c*n:c*n+n])
			}
		}
	}
	return y
}

// tProduct is aᵀ b for a (m, k), b (m, n).
func tProduct(a, b []float64, m, k, n int) []float64 {
	y := make([]float64, k*n)
	for i := range m {
		for c, v := range a[i*k : i*k+k] {
			if v != 0 {
				axpy(y[c*n:c*n+n], v, b[i*n:i*n+n])
			}
		}
	}
	return y
}

// productT is a bᵀ for a (m, k), b (n, k).
func productT(a, b []float64, m, k, n int) []float64 {
	y := make([]float64, m*n)
	for i := range m {
		for j := range n {
			y[i*n+j] = dot(a[i*k:i*k+k], b[j*k:j*k+k])
		}
	}
	return y
}

// axpy is y += s x.
func axpy(y []float64, s float64, x []float64) {
	for i, v := range x {
		y[i] += s * v
	}
}

func dot(x, y []float64) float64 {
	sum := 0.
	for i, v := range x {
		sum += v * y[i]
	}
	return sum
}

// columns are the sums of the columns of x, each row of n.
func columns(x []float64, n int) []float64 {
	sum := make([]float64, n)
	for row := range slices.Chunk(x, n) {
		addTo(sum, row)
	}
	return sum
}
