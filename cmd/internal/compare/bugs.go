package compare

import (
	"math"
	"slices"

	"github.com/stheno-ml/stheno/graph"
)

// Bug is a known mistake in programs of backpropagation.
type Bug struct {
	Name  string
	Looks string // a sentence that describes it

	derive func(p *problem) []derivation // the wrong ways to compute gradients; none if the mistake is impossible there
}

// Bugs are the known mistakes. Of mistakes with the same effect, the likely ones come first.
var Bugs = slices.Concat(scales(), outputErrors, softmaxes, slopes, products, masks, biases, decays, batches)

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

// factor is a number that all gradients may be multiplied by.
type factor struct {
	bug     string
	looks   string // as in Bug; empty if another factor of that bug has it
	besides string // the same beside another mistake
	by      func(p *problem) float64
}

// known are the factors. A factor of 0, which means unknown, or 1 is ignored.
var known = []factor{
	{"eta-inside", "The gradients contain η, which belongs in the step.", "η is in the gradients", func(p *problem) float64 { return p.eta }},
	{"eta-inside", "", "−η is in the gradients", func(p *problem) float64 { return -p.eta }},
	{"eta-inside", "", "η is in the gradients, and 1/m is missing", func(p *problem) float64 { return p.eta * float64(p.m) }},
	{"sum", "Every gradient is m times too large: it is a sum over the mini-batch, without 1/m.", "1/m is missing",
		func(p *problem) float64 { return float64(p.m) }},
	{"mean-twice", "Every gradient is m times too small: it is divided by m twice.", "it is divided by m twice",
		func(p *problem) float64 { return 1 / float64(p.m) }},
	{"sign", "Every gradient has the wrong sign: it has y−a instead of a−y, or the step goes uphill.", "the sign is wrong",
		func(*problem) float64 { return -1 }},
	{"twice", "Every gradient is twice as large as it should be.", "it is twice as large", func(*problem) float64 { return 2 }},
	{"half", "Every gradient is half of what it should be.", "it is half of that", func(*problem) float64 { return .5 }},
	{"mean-of-outputs", "Every gradient is divided by the number of outputs too: the cost was a mean over them instead of a sum.",
		"it is divided by the number of outputs", func(p *problem) float64 { return 1 / float64(p.outputs()) }},
	{"mean-of-outputs", "", "it is divided by half the number of outputs", func(p *problem) float64 { return 2 / float64(p.outputs()) }},
}

// ofQuadratic explains a factor with the quadratic cost.
var ofQuadratic = map[string]string{
	"twice": " The quadratic cost is ½‖a−y‖², and its ½ cancels the 2 of the derivative.",
	"half":  " It has the ½ of the quadratic cost twice.",
}

// scales are the bugs of the factors.
func scales() []Bug {
	var all []Bug
	for _, f := range known {
		derive := f.derive
		if last := len(all) - 1; last >= 0 && all[last].Name == f.bug {
			all[last].derive = either(all[last].derive, derive)
		} else {
			all = append(all, Bug{f.bug, f.looks, derive})
		}
	}
	return all
}

func (f factor) derive(p *problem) []derivation {
	by := f.by(p)
	if by == 0 || by == 1 {
		return nil
	}
	d := derivation{times: by, after: func(_ *pass, g [][]float64, i int) []float64 { return scaled(g[i], by) }}
	if p.loss == graph.Quadratic {
		d.where = ofQuadratic[f.bug]
	}
	return []derivation{d}
}

// besides explains gradients that are k times those of another mistake, and is the exact factor: a known factor, alone or with a missing 1/m, a
// wrong sign, or both.
func (p *problem) besides(k float64) (text string, by float64) {
	m := float64(p.m)
	for _, more := range []struct {
		by   float64
		text string
	}{{1, ""}, {m, ", and 1/m is missing"}, {-1, ", and the sign is wrong"}, {-m, ", the sign is wrong, and 1/m is missing"}} {
		for _, f := range known {
			if by := more.by * f.by(p); by != 0 && by != 1 && math.Abs(k/by-1) < 1e-3 {
				return " Besides, " + f.besides + more.text + ".", by
			}
		}
	}
	return "", 1
}

// outputErrors are mistakes in BP1.
var outputErrors = []Bug{
	{"missing-output-prime", "σ′(z) is missing at the output: a−y is the δ of the cross-entropy, but the quadratic cost has (a−y) σ′(z).",
		output(curved, func(_ *problem, n neuron) float64 { return n.a - n.y })},
	{"extra-output-prime", "σ′(z) does not belong at the output: the δ of this cost is a−y, and only the quadratic cost has (a−y) σ′(z).",
		output(logarithmic, func(_ *problem, n neuron) float64 { return (n.a - n.y) * n.a * (1 - n.a) })},
	{"cost-derivative", "δ at the output is ∂C/∂a: the derivative of the output's activation is missing.",
		output(logarithmic, func(p *problem, n neuron) float64 { return p.costDerivative(n, 0) })},
	{"softmax-for-sigmoid", "The output is a softmax, but the network has sigmoids there. If you want a softmax with the quadratic cost, its derivative is wrong.", either(
		output(sigmoidal, func(_ *problem, n neuron) float64 { return n.softmax - n.y }),
		output(sigmoidQuadratic, func(_ *problem, n neuron) float64 { return (n.softmax - n.y) * n.softmax * (1 - n.softmax) }),
		output(sigmoidQuadratic, func(_ *problem, n neuron) float64 { return (n.softmax - n.y) * sigmoid.Prime(n.z) }),
	)},
	{"sigmoid-for-softmax", "The output has sigmoids, but the network has a softmax there.",
		output(ofSoftmax, func(_ *problem, n neuron) float64 { return sigmoid.F(n.z) - n.y })},
	{"label-sum", "The labels of an example do not sum to 1. The δ = a−y of the log-likelihood is for labels that do; here it is a Σy − y.",
		output(soft, func(_ *problem, n neuron) float64 { return n.a - n.y })},
	{"label-subtracted", "The labels are not one-hot: the class number itself was subtracted from every output.",
		output(func(p *problem) bool { return p.classes() != nil }, func(p *problem, n neuron) float64 {
			if p.loss == graph.Quadratic {
				return (n.a - n.class) * p.last().Prime(n.z)
			}
			return n.a - n.class
		})},
	{"log-epsilon", "A small number is added inside the logarithm, and so in its derivative too.", epsilon},
}

// last is the activation of the output layer.
func (p *problem) last() *activation { return p.act[len(p.act)-1] }

// costDerivative is ∂C/∂a with ε added inside the logarithms.
func (p *problem) costDerivative(n neuron, epsilon float64) float64 {
	if p.last() == softmax {
		return -n.y / (n.a + epsilon)
	}
	return (1-n.y)/(1-n.a+epsilon) - n.y/(n.a+epsilon)
}

// Networks by what mistakes their output allows.
func curved(p *problem) bool           { return p.loss == graph.Quadratic && p.last() != linear }
func logarithmic(p *problem) bool      { return p.loss != graph.Quadratic }
func sigmoidal(p *problem) bool        { return p.last() == sigmoid }
func ofSoftmax(p *problem) bool        { return p.last() == softmax }
func sigmoidQuadratic(p *problem) bool { return sigmoidal(p) && curved(p) }
func soft(p *problem) bool {
	return slices.ContainsFunc(rows(p.y, p.m), func(y []float64) bool { return p.labelSum(y) != 1 })
}

// neuron is an output neuron's numbers for an example.
type neuron struct {
	z, a, y float64
	softmax float64 // its output in a softmax
	class   float64 // the first output that should be 1
}

// output is a wrong δ of the output neurons, computed for each neuron alone.
func output(applies func(p *problem) bool, δ func(p *problem, n neuron) float64) func(*problem) []derivation {
	return whole(applies, func(r *pass) []float64 { return r.neurons(δ) })
}

// neurons is f of each output neuron for each example.
func (r *pass) neurons(f func(p *problem, n neuron) float64) []float64 {
	l := len(r.sizes) - 1
	soft, k := r.softmax(r.z[l]), r.sizes[l]
	all := make([]float64, len(soft))
	for i := range r.m {
		y := r.row(r.y, i)
		class := float64(slices.Index(y, 1))
		for j := i * k; j < (i+1)*k; j++ {
			all[j] = f(r.problem, neuron{r.z[l][j], r.a[l][j], r.y[j], soft[j], class})
		}
	}
	return all
}

// whole is a wrong δ at the output, computed for the whole mini-batch.
func whole(applies func(p *problem) bool, δ func(r *pass) []float64) func(*problem) []derivation {
	return func(p *problem) []derivation {
		if p.sizes == nil || !applies(p) {
			return nil
		}
		return []derivation{{output: δ}}
	}
}
