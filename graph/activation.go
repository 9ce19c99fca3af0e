package graph

import (
	"cmp"
	"math"

	"github.com/stheno-ml/stheno/graph/op"
)

// The activation functions. All but Softmax work element by element.
var (
	// Sigmoid is σ(z) = 1/(1+e^−z), the book's neuron.
	Sigmoid Layer = activation{op.Sigmoid}
	// Tanh is tanh(z).
	Tanh Layer = activation{op.Tanh}
	// ReLU is max(0, z).
	ReLU Layer = activation{op.ReLU}
	// GELU is z Φ(z), where Φ is the distribution function of N(0,1). It is exact, not the tanh approximation (Hendrycks and Gimpel 2016).
	GELU Layer = activation{op.GELU}
	// SiLU is z σ(z), also called swish (Hendrycks and Gimpel 2016).
	SiLU Layer = activation{op.SiLU}
	// SELU is λz for z > 0 and λα (e^z − 1) otherwise, with λ = 1.0507 and α = 1.6733. These values bring the outputs of every layer to
	// mean 0 and variance 1 if weights have variance 1/n_in and biases are 0 (Klambauer et al. 2017).
	SELU Layer = activation{op.SELU}
	// Softplus is ln(1+e^z), a smooth ReLU (Glorot, Bordes and Bengio 2011).
	Softplus Layer = activation{op.Softplus}
	// Softmax is e^z / Σ e^z over the outputs (m,k) of each example. Leave it out in front of LogLikelihood, which applies it itself.
	Softmax Layer = activation{op.Softmax}
)

// activation turns an op with one input into a layer.
type activation struct{ op *Op }

func (a activation) Build(_ *Builder, x *Node) *Node { return a.op.Apply(x) }

// LeakyReLU is z for z > 0 and Slope·z otherwise (Maas, Hannun and Ng 2013).
type LeakyReLU struct {
	Slope float64 `term:",positive"` // between 0 and 1; 0 means 0.01
}

// Build applies the function to each element of x, which may have any shape.
func (l LeakyReLU) Build(_ *Builder, x *Node) *Node {
	if l.Slope == 0 {
		l.Slope = .01
	}
	if !(0 < l.Slope && l.Slope < 1) {
		op.Fail("slope %v; use 0 < slope < 1", l.Slope)
	}
	return op.LeakyReLU(l.Slope).Apply(x)
}

// ELU is z for z > 0 and Alpha (e^z − 1) otherwise (Clevert, Unterthiner and Hochreiter 2016).
type ELU struct {
	Alpha float64 `term:",positive"` // 0 means 1
}

// Build applies the function to each element of x, which may have any shape.
func (e ELU) Build(_ *Builder, x *Node) *Node {
	alpha := cmp.Or(e.Alpha, 1)
	if !(0 < alpha && alpha <= math.MaxFloat32) {
		op.Fail("alpha %v; use more than 0", alpha)
	}
	return op.ELU(alpha).Apply(x)
}

// PReLU is z for z > 0 and a·z otherwise. The slope a is learned, one for each map of (m,c,h,w) or feature of (m,c) (He, Zhang, Ren and
// Sun 2015). If Shared is set there is one slope for everything, as in PyTorch's nn.PReLU().
type PReLU struct {
	Shared bool
}

// Build creates the parameter preluN.slope (c), or (1) if Shared. It starts at ¼ and does not decay.
func (p PReLU) Build(b *Builder, x *Node) *Node {
	s := x.Shape()
	if len(s) != 2 && len(s) != 4 {
		op.Fail("input %v is neither (m,c,h,w) nor (m,n)", s)
	}
	slopes := s[1]
	if p.Shared {
		slopes = 1
	}
	return op.PReLU.Apply(x, b.Filled(b.Name("prelu")+".slope", Shape{slopes}, .25, false))
}
