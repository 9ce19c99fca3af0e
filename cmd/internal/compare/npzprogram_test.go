package compare

import (
	"math"
	"math/rand/v2"
	"slices"
)

// program is a user's program: a network of column vectors, one example after the other, as in the book's, and a mistake in it.
// It has nothing in common with the derivations that it is to be recognized by.
type program struct {
	sizes        []int
	m            int
	hidden, loss string // sigmoid, tanh, relu; quadratic, cross-entropy, log-likelihood
	linear       bool   // at the output, with the quadratic cost
	bug          string
	only         int // the one hidden layer with the mistake in σ′, if not 0
	eta          float64
	lambda, n    float64
	inGradient   bool // the term of λ is in the gradients
	dropout      bool
	rounding     bool    // of weighted inputs and activations, to float32
	large        float64 // a factor of the weights, if not 0
	seed         uint64

	// What only batch knows.
	also    string  // a second mistake
	other   string  // the other activation of a mistake with it
	softmax bool    // at the output, with the quadratic cost
	through bool    // backpropagation goes through what is too much forward
	epsilon float64 // in the logarithm
	norm    string  // of hidden layers: batch or layer

	w, b   [][]float64 // (out, in), (out)
	x, y   [][]float64 // of each example
	label  []int
	mask   [][][]float64 // of each example and hidden layer
	dw, db [][]float64
	δ      [][][]float64 // of each example and layer
	cost   float64

	gamma, shift, dgamma, dbeta [][]float64   // of hidden layers that normalize
	normal                      [][][]float64 // what they normalized, by layer and example
	spread, means               [][]float64   // what they divided by, as a factor, and the means
}

// begin draws weights and a mini-batch.
func (p *program) begin() *program {
	r := rand.New(rand.NewPCG(p.seed, 17))
	k := p.sizes[len(p.sizes)-1]
	for l, n := range p.sizes[1:] {
		w, b := make([]float64, n*p.sizes[l]), make([]float64, n)
		for i := range w {
			if w[i] = r.NormFloat64() / math.Sqrt(float64(p.sizes[l])); p.large != 0 {
				w[i] *= p.large
			}
		}
		for i := range b {
			b[i] = r.NormFloat64() / 2
		}
		p.w, p.b = append(p.w, w), append(p.b, b)
	}
	if p.norm != "" {
		p.drawNorm()
	}
	for i := range p.m {
		x, y := make([]float64, p.sizes[0]), make([]float64, k)
		for j := range x {
			if r.IntN(3) > 0 {
				x[j] = float64(r.IntN(255)+1) / 256
			}
		}
		label := (i*7 + i/3) % k
		y[label] = 1
		if k == 1 {
			y[0] = float64(i % 2)
		}
		var masks [][]float64
		for _, n := range p.sizes[1 : len(p.sizes)-1] {
			mask := slices.Repeat([]float64{1}, n)
			for j := range mask {
				if p.dropout {
					mask[j] = 2 * float64(r.IntN(2))
				}
			}
			masks = append(masks, mask)
		}
		p.x, p.y, p.label, p.mask = append(p.x, x), append(p.y, y), append(p.label, label), append(p.mask, masks)
	}
	return p
}

func sigma(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

func (p *program) act(z float64) float64 {
	switch p.hidden {
	case "tanh":
		return math.Tanh(z)
	case "relu":
		return max(z, 0)
	}
	return sigma(z)
}

// prime is the derivative in a hidden layer, and at the output of the quadratic cost.
func (p *program) prime(z float64, kind string) float64 {
	a := sigma(z)
	if kind == "tanh" {
		a = math.Tanh(z)
	}
	if p.rounding {
		a = float64(float32(a))
	}
	right := a * (1 - a)
	switch {
	case kind == "tanh":
		right = 1 - a*a
	case kind == "relu":
		right = 0
		if z > 0 {
			right = 1
		}
	}
	switch p.bug {
	case "sigma-for-prime":
		return a
	case "missing-prime":
		return 1
	case "prime-of-activation":
		if kind == "tanh" {
			return 1 - math.Tanh(a)*math.Tanh(a)
		}
		return sigma(a) * (1 - sigma(a))
	case "formula-of-z":
		return z * (1 - z)
	case "half-prime":
		return 1 - a
	case "wrong-side":
		return 1 - right
	}
	return right
}

// run computes the gradients of the mini-batch, with the mistake.
func (p *program) run() *program {
	p.dw, p.db, p.δ, p.cost = nil, nil, nil, 0
	for l := range p.w {
		p.dw, p.db = append(p.dw, make([]float64, len(p.w[l]))), append(p.db, make([]float64, len(p.b[l])))
	}
	for i := range p.m {
		p.example(i)
	}
	m := float64(p.m)
	for l := range p.w {
		for k := range p.dw[l] {
			if p.bug != "sum" && p.bug != "bias-mean" {
				p.dw[l][k] /= m
			}
			c := 0.
			if p.inGradient {
				c = p.lambda / p.n
			}
			switch p.bug {
			case "lambda-per-example":
				c = m * p.lambda / p.n
			case "lambda-without-n":
				c = p.lambda
			case "lambda-sign":
				c = -p.lambda / p.n
			case "lambda-by-batch":
				c = p.lambda / m
			case "lambda-twice":
				c = 2 * p.lambda / p.n
			case "regularized-bias":
				c = p.lambda / p.n
			case "decay":
				c = .0123
			case "l1-for-l2":
				p.dw[l][k] += math.Copysign(p.lambda/p.n, p.w[l][k])
			}
			p.dw[l][k] += c * p.w[l][k]
		}
		for j := range p.db[l] {
			if p.bug != "sum" && p.bug != "bias-sum" && p.bug != "bias-one-example" {
				p.db[l][j] /= m
			}
			switch p.bug {
			case "no-bias-gradient":
				p.db[l][j] = 0
			case "bias-mean-twice":
				p.db[l][j] /= m
			case "bias-other-axis":
				if p.m == len(p.db[l]) { // example j, over its neurons
					p.db[l][j] = 0
					for _, v := range p.δ[j][l] {
						p.db[l][j] += v / m
					}
				}
			case "regularized-bias":
				p.db[l][j] += p.lambda / p.n * p.b[l][j]
			}
		}
		if p.bug == "bias-one-number" {
			mean := 0.
			for _, v := range p.db[l] {
				mean += v / float64(len(p.db[l]))
			}
			for j := range p.db[l] {
				p.db[l][j] = mean
			}
		}
		by := map[string]float64{"sign": -1, "twice": 2, "half": .5, "mean-twice": 1 / m, "mean-of-outputs": 1 / float64(p.sizes[len(p.sizes)-1]), "constant": 1.7}[p.bug]
		for _, g := range [][]float64{p.dw[l], p.db[l]} {
			for k := range g {
				if by != 0 {
					g[k] *= by
				}
			}
		}
	}
	if p.bug == "other-layer" { // a list that was filled from the other end
		for _, g := range [][][]float64{p.dw, p.db} {
			g[1], g[2] = g[2], g[1]
		}
	}
	return p
}

// forward gives the activations of one example, the input first, and the weighted inputs.
func (p *program) forward(i int) (as, zs [][]float64) {
	last := len(p.w) - 1
	x := p.x[i]
	if p.bug == "pixels" {
		x = slices.Clone(x)
		for j := range x {
			x[j] *= 256. / 255
		}
	}
	as = [][]float64{x}
	for l, w := range p.w {
		z := make([]float64, len(p.b[l]))
		for j := range z {
			if z[j] = p.b[l][j]; p.bug == "bias-forgotten" {
				z[j] = 0
			}
			if p.bug == "bias-broadcast" && len(z) == p.m {
				z[j] = p.b[l][i]
			}
			for k, v := range as[l] {
				z[j] += w[j*len(as[l])+k] * v
			}
		}
		a := make([]float64, len(z))
		for j := range z {
			if p.rounding {
				z[j] = float64(float32(z[j]))
			}
			switch {
			case l < last:
				a[j] = p.act(z[j]) * p.mask[i][l][j]
			case p.linear:
				a[j] = z[j]
			default:
				a[j] = sigma(z[j])
			}
			if p.rounding {
				a[j] = float64(float32(a[j]))
			}
		}
		if l == last && (p.loss == "log-likelihood" != (p.bug == "sigmoid-for-softmax")) != (p.bug == "softmax-for-sigmoid") {
			sum := 0.
			for j := range a {
				a[j] = math.Exp(z[j])
				sum += a[j]
			}
			for j := range a {
				a[j] /= sum
			}
		}
		zs, as = append(zs, z), append(as, a)
	}
	return as, zs
}

// example adds the gradient of one example.
func (p *program) example(i int) {
	as, zs := p.forward(i)
	last := len(p.w) - 1
	δ := p.error(i, zs[last], as[last+1])
	δs := make([][]float64, len(p.w))
	w := make([][]float64, len(p.w)) // as they are on the way back
	for l := range w {
		w[l] = slices.Clone(p.w[l])
	}
	for l := last; l >= 0; l-- {
		δs[l] = δ
		a := as[l]
		if p.bug == "own-activation" && len(as[l+1]) == len(a) {
			a = as[l+1]
		}
		if p.bug == "z-for-activation" && l > 0 {
			a = zs[l-1]
		}
		for j, d := range δ {
			if p.bug == "bias-one-example" || p.bug == "one-example" {
				p.db[l][j] = 0
			}
			p.db[l][j] += d
			for k, v := range a {
				if p.bug == "one-example" {
					p.dw[l][j*len(a)+k] = 0
				}
				p.dw[l][j*len(a)+k] += d * v
			}
		}
		if l == 0 {
			break
		}
		if p.bug == "updated-w" && p.m == 1 { // an update after each layer, on-line
			for j, d := range δ {
				for k, v := range a {
					w[l][j*len(a)+k] -= p.eta * d * v
				}
			}
		}
		back := make([]float64, len(as[l]))
		for k := range back {
			for j, d := range δ {
				at := j*len(back) + k
				if p.bug == "w-for-transpose" && len(back) == len(δ) {
					at = k*len(back) + j
				}
				back[k] += w[l][at] * d
			}
			if p.bug == "relu-of-gradient" {
				back[k] = max(0, back[k])
				continue
			}
			z := zs[l-1][k]
			if p.bug == "prime-of-other-layer" && len(zs[l]) == len(zs[l-1]) {
				z = zs[l][k]
			}
			q := *p
			if p.only != 0 && p.only != l {
				q.bug = ""
			}
			back[k] *= q.prime(z, p.hidden)
			switch mask := p.mask[i][l-1][k]; p.bug {
			case "no-mask-back":
			case "unscaled-mask-back":
				back[k] *= min(mask, 1)
			default:
				back[k] *= mask
			}
		}
		δ = back
	}
	p.δ = append(p.δ, δs)
}

// error is δ at the output; it adds to the cost.
func (p *program) error(i int, z, a []float64) []float64 {
	δ, sum := make([]float64, len(a)), 1.
	if p.loss == "log-likelihood" && p.bug != "label-sum" {
		sum = 0
		for _, y := range p.y[i] {
			sum += y
		}
	}
	for j := range a {
		y := p.y[i][j]
		switch p.bug {
		case "label-subtracted":
			y = float64(p.label[i])
		case "labels-shifted":
			y = p.y[i][(j+len(a)-1)%len(a)]
		case "other-labels":
			y = 0
			if j == (p.label[i]+i%2)%len(a) {
				y = 1
			}
		case "labels-permuted":
			y = p.y[(i*5+1)%p.m][j] // m has no factor of 5
		}
		δ[j] = a[j]*sum - y
		switch p.loss {
		case "quadratic":
			p.cost += (a[j] - y) * (a[j] - y) / 2 / float64(p.m)
			if p.bug != "missing-output-prime" && !p.linear {
				δ[j] *= p.prime(z[j], "sigmoid")
			}
		case "cross-entropy":
			p.cost -= (y*math.Log(a[j]) + (1-y)*math.Log(1-a[j])) / float64(p.m)
		case "log-likelihood":
			p.cost -= y * math.Log(a[j]) / float64(p.m)
		}
		if p.bug == "extra-output-prime" {
			δ[j] *= a[j] * (1 - a[j])
		}
		if p.bug == "cost-derivative" {
			δ[j] /= a[j] * (1 - a[j])
		}
	}
	return δ
}
