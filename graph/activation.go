package graph

import "github.com/stheno-ml/stheno/graph/op"

// The activations, element by element, and Softmax.
var (
	// Sigmoid is σ(z) = 1/(1+e^−z), the book's neuron.
	Sigmoid Layer = activation{op.Sigmoid}
	// Tanh is tanh z.
	Tanh Layer = activation{op.Tanh}
	// ReLU is max(0, z).
	ReLU Layer = activation{op.ReLU}
	// GELU is z Φ(z) with Φ the distribution of N(0,1), exactly and not by its approximation (Hendrycks and Gimpel 2016).
	GELU Layer = activation{op.GELU}
	// SiLU is z σ(z) (Hendrycks and Gimpel 2016), which is also called swish.
	SiLU Layer = activation{op.SiLU}
	// Softmax is e^z / Σ e^z over the outputs (m,k) of each example. LogLikelihood takes its input without it.
	Softmax Layer = activation{op.Softmax}
)

// activation is an op of one input as a layer.
type activation struct{ op *Op }

func (a activation) Build(_ *Builder, x *Node) *Node { return a.op.Apply(x) }

// LeakyReLU is z where z > 0 and Slope z elsewhere (Maas, Hannun and Ng 2013).
type LeakyReLU struct {
	Slope float64 `term:",positive"` // between 0 and 1; 0 means 0.01
}

// Build applies the function element by element.
func (l LeakyReLU) Build(_ *Builder, x *Node) *Node {
	if l.Slope == 0 {
		l.Slope = .01
	}
	if !(0 < l.Slope && l.Slope < 1) {
		op.Fail("slope %v; use 0 < slope < 1", l.Slope)
	}
	return op.LeakyReLU(l.Slope).Apply(x)
}
