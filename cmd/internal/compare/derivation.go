package compare

import (
	"math"
	"slices"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models/byhand"
)

// derivation is backpropagation by hand with one thing done wrong: each of its functions, where it is set, takes the place of what
// is right. Layers count from 1; 0 is the input. Those with a function of the network's inside work on fully connected networks only.
type derivation struct {
	before func(p *problem)                                // makes it another mini-batch, or other weights
	after  func(r *pass, g [][]float64, i int) []float64   // the gradient of parameter i from the right ones; it leaves g alone
	output func(p *problem, n neuron) float64              // δ at the output, BP1
	delta  func(r *pass, l, k int, back float64) float64   // δ of element k of layer l from Wᵀδ of the layer above, BP2, or from a−y, BP1
	weight func(r *pass, l int, nabla []float64) []float64 // the matrix in BP2, (in, out)
	input  func(r *pass, l int) []float64                  // the activations in BP4, (m, in)
	in     func(l int) bool                                // the layers where delta, weight and input are wrong, or the parameters where after is; nil: all

	where string  // the end of a sentence, or empty
	alone bool    // in one layer only
	l2    bool    // the term of λ, right or wrong, is in the gradients
	times float64 // a factor of all, which the term of λ can have too; 0: no such
	round bool    // to float32, weighted inputs and activations
}

func (d *derivation) inside() bool {
	return d.output != nil || d.delta != nil || d.weight != nil || d.input != nil
}

func (d *derivation) wrongIn(l int) bool { return d.in == nil || d.in(l) }

// spread is d in all of these layers, and in each alone if there are several.
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

// pass is what a fully connected network has computed for a mini-batch; of other networks it has the problem only.
type pass struct {
	*problem
	z, h, a, δ [][]float64 // weighted inputs, activations before and after the mask, and errors, by layer: (m, neurons)
}

// gradients are those of the derivation, one a parameter; nil where it does not apply, or where those of the last layer show already
// that it does not explain p's.
func (d *derivation) gradients(p *problem) [][]float64 {
	if d.before != nil {
		other := *p
		other.graph = new(outcome)
		d.before(&other)
		p = &other
	}
	r, g := &pass{problem: p}, [][]float64(nil)
	switch {
	case p.sizes == nil && d.inside():
	case p.sizes == nil:
		_, g, _ = p.onGraph() // nil with an error
	case !d.inside() && d.before == nil:
		r, g = p.byHand()
	default:
		r = d.forward(p)
		g = d.backward(r, d.after == nil)
	}
	if d.after == nil || g == nil {
		return g
	}
	wrong := slices.Clone(g)
	for i := range g {
		if d.wrongIn(i) {
			wrong[i] = d.after(r, g, i)
		}
	}
	return wrong
}

// byHand is the right derivation, made once.
func (p *problem) byHand() (*pass, [][]float64) {
	if o := p.graph; o.pass == nil {
		right := derivation{}
		o.pass = right.forward(p)
		o.right = right.backward(o.pass, false)
	}
	return p.graph.pass, p.graph.right
}

// ours are the right gradients, or nil where the graph has an error.
func (p *problem) ours() [][]float64 { return new(derivation).gradients(p) }

// hopeless says that the gradients g of the last layer are not the user's, not even times a factor.
func (p *problem) hopeless(g [][]float64) bool {
	last := len(g) - 2
	q := *p
	q.user = slices.Concat(make([][]float64, last), p.user[last:])
	if k := nearestFactor(q.user, g); !math.IsNaN(k) {
		g = scaledAll(g, k)
	}
	return q.off(g) > p.tol
}

// forward computes weighted inputs and activations.
func (d *derivation) forward(p *problem) *pass {
	layers := len(p.sizes)
	if o := p.graph; o.pass != nil && !d.round { // It is as in the right one.
		return &pass{p, o.pass.z, o.pass.h, o.pass.a, make([][]float64, layers)}
	}
	r := &pass{p, make([][]float64, layers), make([][]float64, layers), make([][]float64, layers), make([][]float64, layers)}
	r.z[0], r.h[0], r.a[0] = p.x, p.x, hadamard(p.x, p.maskAt(0))
	for l := 1; l < layers; l++ {
		z, bias := product(r.a[l-1], p.values[2*l-2], p.m), p.values[2*l-1]
		for k := range z {
			z[k] = d.rounded(z[k] + bias[k%len(bias)])
		}
		h := p.act[l-1].Forward(z)
		if p.act[l-1] == softmax {
			h = slices.Concat(each(rows(z, p.m), byhand.SoftmaxLogLikelihood.Activation)...)
		}
		for k := range h {
			h[k] = d.rounded(h[k])
		}
		r.z[l], r.h[l], r.a[l] = z, h, hadamard(h, p.maskAt(l))
	}
	return r
}

func (d *derivation) rounded(x float64) float64 {
	if d.round {
		return float64(float32(x))
	}
	return x
}

// backward is BP1 to BP4. If it may, it stops early, with nil, where the gradients of the last layer are hopeless.
func (d *derivation) backward(r *pass, early bool) [][]float64 {
	g := make([][]float64, len(r.params))
	last := len(r.sizes) - 1
	r.δ[last] = d.bp1(r, last)
	for l := last; l >= 1; l-- {
		input := r.a[l-1]
		if d.input != nil && d.wrongIn(l) {
			input = d.input(r, l)
		}
		g[2*l-2] = scaled(product(turned(input, r.m), r.δ[l], r.sizes[l-1]), 1/float64(r.m)) // BP4
		g[2*l-1] = scaled(columns(r.δ[l], r.sizes[l]), 1/float64(r.m))                       // BP3
		if l == last && early && r.hopeless(g) {
			return nil
		}
		if l > 1 {
			r.δ[l-1] = d.bp2(r, l, g)
		}
	}
	return g
}

// neuron is what an output neuron has for an example.
type neuron struct {
	z, a, y float64
	softmax float64 // what it would give in a softmax
	class   float64 // the first output that should be 1
}

// bp1 is δ at the output.
func (d *derivation) bp1(r *pass, l int) []float64 {
	δ := make([]float64, len(r.z[l]))
	z, a, y := rows(r.z[l], r.m), rows(r.a[l], r.m), rows(r.y, r.m)
	for i, row := range rows(δ, r.m) {
		if d.output != nil {
			soft, class := byhand.SoftmaxLogLikelihood.Activation(z[i]), float64(slices.Index(y[i], 1))
			for j := range row {
				row[j] = d.output(r.problem, neuron{z[i][j], a[i][j], y[i][j], soft[j], class})
			}
			continue
		}
		sum := r.labelSum(y[i])
		for j := range row {
			if row[j] = a[i][j]*sum - y[i][j]; r.loss == graph.Quadratic {
				row[j] = d.back(r, l, i*len(row)+j, row[j])
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

// bp2 is δ of the layer before l.
func (d *derivation) bp2(r *pass, l int, g [][]float64) []float64 {
	w := r.values[2*l-2]
	if d.weight != nil && d.wrongIn(l-1) {
		w = d.weight(r, l, g[2*l-2])
	}
	δ := product(r.δ[l], turned(w, r.sizes[l-1]), r.m)
	for k, back := range δ {
		δ[k] = d.back(r, l-1, k, back)
	}
	return δ
}

// back is δ, right or wrong, of element k of layer l.
func (d *derivation) back(r *pass, l, k int, back float64) float64 {
	if d.delta != nil && d.wrongIn(l) {
		return d.delta(r, l, k, back)
	}
	return back * r.prime(l, k) * r.kept(l, k)
}

// prime is σ′.
func (r *pass) prime(l, k int) float64 { return r.act[l-1].Prime(r.z[l][k]) }

// kept is what element k of layer l is multiplied by in dropout.
func (r *pass) kept(l, k int) float64 {
	if mask := r.maskAt(l); mask != nil {
		return mask[k]
	}
	return 1
}

// maskAt is what the activations of layer l are multiplied by, or nil.
func (p *problem) maskAt(l int) []float64 {
	if i := slices.Index(p.sites, l); i >= 0 {
		return p.masks[i]
	}
	return nil
}
