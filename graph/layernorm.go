package graph

import "github.com/stheno-ml/stheno/graph/op"

// LayerNorm normalizes each example to mean 0 and variance 1 over all of its numbers. Then it scales and shifts each number by learned
// parameters (Ba, Kiros and Hinton 2016): y = γ (x−μ)/√(σ²+10⁻⁵) + β. It does the same in training and evaluation.
type LayerNorm struct{}

// Build creates the parameters layernormN.gamma (n), initialized to 1, and layernormN.beta (n), initialized to 0, for examples of n
// numbers. Neither decays.
func (LayerNorm) Build(b *Builder, x *Node) *Node {
	name, flat := b.Name("layernorm"), Flatten{}.Build(b, x)
	n := flat.Shape()[1:]
	y := op.LayerNorm.Apply(flat, b.Filled(name+".gamma", n, 1, false), b.Filled(name+".beta", n, 0, false))
	if flat == x {
		return y
	}
	return op.Reshape(x.Shape()).Apply(y)
}
