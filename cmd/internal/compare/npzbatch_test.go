package compare

import (
	"math"
	"math/rand/v2"
	"slices"
)

// batch computes the gradients as programs do that take the whole mini-batch at once, with an example a row, layers that normalize, and
// the mistakes bug and also. Like run it has nothing in common with the derivations.
func (p *program) batch() *program {
	last := len(p.w) - 1
	p.means, p.normal, p.spread = nil, make([][][]float64, last), make([][]float64, last)
	x := table(p.m, p.sizes[0], func(i, j int) float64 {
		if p.is("pixels") {
			return p.x[i][j] * 256 / 255
		}
		return p.x[i][j]
	})
	a, z := [][][]float64{x}, [][][]float64(nil)
	for l := range p.w {
		z = append(z, p.weighted(a[l], l))
		if l == last {
			a = append(a, p.output(z[l]))
			break
		}
		if p.norm != "" {
			z[l] = p.normalized(z[l], l)
		}
		a = append(a, table(p.m, p.sizes[l+1], func(i, j int) float64 { return p.activated(z[l][i][j]) * p.mask[i][l][j] }))
	}
	e, δ := p.outputErrors(z[last], a[last+1])
	p.dw, p.db = make([][]float64, last+1), make([][]float64, last+1)
	p.dgamma, p.dbeta = make([][]float64, last), make([][]float64, last)
	masks := p.redrawn()
	for l := last; l >= 0; l-- {
		p.gradient(l, a[l], z, δ)
		if l == 0 {
			break
		}
		if p.is("error-handed-back") {
			δ = e
		}
		e = p.back(δ, l)
		δ = table(p.m, p.sizes[l], func(i, k int) float64 { return e[i][k] * p.slope(z[l-1][i][k], l) * masks[i][l-1][k] })
		if p.norm != "" {
			δ = p.unnormalized(δ, l-1)
		}
	}
	return p
}

func (p *program) is(bug string) bool { return p.bug == bug || p.also == bug }

func table(m, n int, f func(i, j int) float64) [][]float64 {
	t := make([][]float64, m)
	for i := range t {
		t[i] = make([]float64, n)
		for j := range t[i] {
			t[i][j] = f(i, j)
		}
	}
	return t
}

func (p *program) weighted(a [][]float64, l int) [][]float64 {
	return table(p.m, p.sizes[l+1], func(i, j int) float64 {
		sum := p.b[l][j]
		if p.is("bias-forgotten") {
			sum = 0
		}
		for k, v := range a[i] {
			sum += v * p.w[l][j*p.sizes[l]+k]
		}
		return sum
	})
}

// leak is the slope of leaky ReLU in the programs.
const leak = .2

func value(kind string, z float64) float64 {
	switch {
	case kind == "tanh":
		return math.Tanh(z)
	case kind == "sigmoid":
		return 1 / (1 + math.Exp(-z))
	case kind == "leaky-relu" && z < 0:
		return leak * z
	}
	return max(z, 0)
}

func derivative(kind string, z float64) float64 {
	switch a := value(kind, z); {
	case kind == "tanh":
		return 1 - a*a
	case kind == "sigmoid":
		return a * (1 - a)
	case z > 0:
		return 1
	case kind == "leaky-relu":
		return leak
	}
	return 0
}

func (p *program) activated(z float64) float64 {
	if p.is("other-activation") || p.is("other-forward") {
		return value(p.other, z)
	}
	return value(p.hidden, z)
}

func (p *program) slope(z float64, l int) float64 {
	a, only := value(p.hidden, z), p.only == 0 || p.only == l
	switch {
	case p.is("other-activation") || p.is("other-slope"):
		return derivative(p.other, z)
	case p.is("relu-at-zero") && z == 0:
		return 1
	case p.is("sigma-for-prime") && only:
		return a
	case p.is("missing-prime") && only:
		return 1
	case p.is("half-prime") && p.only != l: // beside another in that layer
		return 1 - a
	}
	return derivative(p.hidden, z)
}

// softmaxed are the rows of z.
func softmaxed(z [][]float64) [][]float64 {
	return table(len(z), len(z[0]), func(i, j int) float64 {
		sum := 0.
		for _, v := range z[i] {
			sum += math.Exp(v - z[i][j])
		}
		return 1 / sum
	})
}

func flipped(z [][]float64) [][]float64 {
	return table(len(z[0]), len(z), func(i, j int) float64 { return z[j][i] })
}

func (p *program) output(z [][]float64) [][]float64 {
	each := func(f func(z float64) float64) [][]float64 {
		return table(p.m, len(z[0]), func(i, j int) float64 { return f(z[i][j]) })
	}
	switch {
	case p.is("softmax-axis"):
		return flipped(softmaxed(flipped(z)))
	case p.is("softmax-of-all"):
		all := softmaxed([][]float64{slices.Concat(z...)})[0]
		return table(p.m, len(z[0]), func(i, j int) float64 { return all[i*len(z[0])+j] })
	case p.is("softmax-twice"):
		return softmaxed(softmaxed(z))
	case p.is("softmax-of-activation"):
		return softmaxed(each(func(z float64) float64 { return value(p.hidden, z) }))
	case p.loss == "log-likelihood" || p.softmax:
		return softmaxed(z)
	case p.linear:
		return z
	}
	return each(func(z float64) float64 { return value("sigmoid", z) })
}

// outputErrors are a−y, and δ.
func (p *program) outputErrors(z, a [][]float64) (e, δ [][]float64) {
	k := len(a[0])
	e = table(p.m, k, func(i, j int) float64 {
		y := p.y[i][j]
		if p.is("labels-shifted") {
			y = p.y[i][(j+k-1)%k]
		}
		return a[i][j] - y
	})
	switch {
	case p.is("softmax-of-error"):
		return e, softmaxed(e)
	case p.is("softmax-twice") && p.through:
		return e, jacobian(e, softmaxed(z))
	case p.is("softmax-of-activation") && p.through:
		return e, table(p.m, k, func(i, j int) float64 { return e[i][j] * derivative(p.hidden, z[i][j]) })
	case p.is("log-epsilon"):
		by := table(p.m, k, func(i, j int) float64 {
			y := p.y[i][j]
			if p.loss == "cross-entropy" {
				return (1-y)/(1-a[i][j]+p.epsilon) - y/(a[i][j]+p.epsilon)
			}
			return -y / (a[i][j] + p.epsilon)
		})
		if p.loss == "log-likelihood" {
			return e, jacobian(by, a)
		}
		return e, table(p.m, k, func(i, j int) float64 { return by[i][j] * a[i][j] * (1 - a[i][j]) })
	case p.is("softmax-diagonal") && p.loss == "log-likelihood":
		return e, table(p.m, k, func(i, j int) float64 { return -p.y[i][j] * (1 - a[i][j]) })
	case p.is("missing-output-prime"), p.loss != "quadratic", p.linear:
		return e, e
	case p.softmax && !p.is("softmax-diagonal"):
		return e, jacobian(e, a)
	}
	return e, table(p.m, k, func(i, j int) float64 { return e[i][j] * a[i][j] * (1 - a[i][j]) })
}

// jacobian is Σ e ∂a/∂z of softmaxes a, term by term.
func jacobian(e, a [][]float64) [][]float64 {
	return table(len(a), len(a[0]), func(i, j int) float64 {
		sum := 0.
		for k := range a[i] {
			if k == j {
				sum += e[i][k] * a[i][k] * (1 - a[i][j])
			} else {
				sum -= e[i][k] * a[i][k] * a[i][j]
			}
		}
		return sum
	})
}

func (p *program) back(δ [][]float64, l int) [][]float64 {
	n := p.sizes[l]
	return table(p.m, n, func(i, k int) float64 {
		sum := 0.
		for j, d := range δ[i] {
			if at := j*n + k; p.is("w-for-transpose") && n == len(δ[i]) {
				sum += p.w[l][k*n+j] * d
			} else {
				sum += p.w[l][at] * d
			}
		}
		return sum
	})
}

// redrawn are the masks on the way back.
func (p *program) redrawn() [][][]float64 {
	if !p.is("other-mask-back") {
		return p.mask
	}
	r := rand.New(rand.NewPCG(p.seed, 99))
	other := make([][][]float64, p.m)
	for i := range other {
		for _, mask := range p.mask[i] {
			drawn := make([]float64, len(mask))
			for k := range drawn {
				drawn[k] = 2 * float64(r.IntN(2))
			}
			other[i] = append(other[i], drawn)
		}
	}
	return other
}

// gradient sets those of layer l, counted from 0.
func (p *program) gradient(l int, a [][]float64, z [][][]float64, δ [][]float64) {
	m, in, out := float64(p.m), p.sizes[l], p.sizes[l+1]
	if p.is("z-for-activation") && l > 0 {
		a = z[l-1]
	}
	by := 1 / m
	switch {
	case p.is("eta-inside"):
		by *= p.eta
	case p.is("mean-of-outputs"):
		by *= 2 / float64(p.sizes[len(p.w)])
	case p.is("sum"):
		by = 1
	}
	dw, db := make([]float64, in*out), make([]float64, out)
	for i := range p.m {
		for j, d := range δ[i] {
			db[j] += by * d
			if p.is("bias-sum") {
				db[j] += (1 - by) * d
			}
			for k, v := range a[i] {
				dw[j*in+k] += by * d * v
			}
		}
	}
	if p.is("no-bias-gradient") && (p.only == 0 || p.only == l+1) {
		clear(db)
	}
	if p.is("bias-one-number") {
		sum := 0.
		for _, v := range db {
			sum += v
		}
		for j := range db {
			db[j] = sum
		}
	}
	if p.inGradient || p.is("lambda-in-some-layers") && l != len(p.w)-1 {
		for k, w := range p.w[l] {
			dw[k] += p.lambda / p.n * w
		}
	}
	p.dw[l], p.db[l] = dw, db
}

// drawNorm draws γ and β of the hidden layers.
func (p *program) drawNorm() {
	r := newRand(p.seed)
	for _, n := range p.sizes[1 : len(p.sizes)-1] {
		gamma, shift := make([]float64, n), make([]float64, n)
		for j := range n {
			gamma[j], shift[j] = 1+r.NormFloat64()/5, r.NormFloat64()/5
		}
		p.gamma, p.shift = append(p.gamma, gamma), append(p.shift, shift)
	}
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 23)) }

// normalized is γ x̂ + β of the weighted inputs of hidden layer l, counted from 0.
func (p *program) normalized(z [][]float64, l int) [][]float64 {
	of := z
	if p.norm == "batch" {
		of = flipped(z)
	}
	var mean, inverse []float64
	for _, row := range of {
		n, sum, square := float64(len(row)), 0., 0.
		for _, v := range row {
			sum += v
		}
		for _, v := range row {
			square += (v - sum/n) * (v - sum/n)
		}
		mean, inverse = append(mean, sum/n), append(inverse, 1/math.Sqrt(square/n+1e-5))
	}
	p.spread[l], p.means = inverse, append(p.means, mean)
	p.normal[l] = table(p.m, len(z[0]), func(i, j int) float64 {
		at := i
		if p.norm == "batch" {
			at = j
		}
		return (z[i][j] - mean[at]) * inverse[at]
	})
	return table(p.m, len(z[0]), func(i, j int) float64 { return p.gamma[l][j]*p.normal[l][i][j] + p.shift[l][j] })
}

// unnormalized sets the gradients of γ and β, and is the error of what was normalized: (d − mean d − x̂ mean(d x̂))/√(σ²+ε).
func (p *program) unnormalized(δ [][]float64, l int) [][]float64 {
	n, normal := len(δ[0]), p.normal[l]
	p.dgamma[l], p.dbeta[l] = make([]float64, n), make([]float64, n)
	for i := range δ {
		for j, d := range δ[i] {
			p.dgamma[l][j] += d * normal[i][j] / float64(p.m)
			p.dbeta[l][j] += d / float64(p.m)
		}
	}
	d := table(p.m, n, func(i, j int) float64 { return δ[i][j] * p.gamma[l][j] })
	if p.norm == "batch" {
		d, normal = flipped(d), flipped(normal)
	}
	for i, row := range d {
		mean, along := 0., 0.
		for j, v := range row {
			mean, along = mean+v/float64(len(row)), along+v*normal[i][j]/float64(len(row))
		}
		for j := range row {
			row[j] = (row[j] - mean - normal[i][j]*along) * p.spread[l][i]
		}
	}
	if p.norm == "batch" {
		return flipped(d)
	}
	return d
}
