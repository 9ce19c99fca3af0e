package graph

import "github.com/stheno-ml/stheno/graph/op"

// LayerNorm normalizes every example to mean 0 and variance 1 over all its numbers, and then scales and shifts each number by parameters
// of its own (Ba, Kiros and Hinton 2016): y = γ (x−μ)/√(σ²+10⁻⁵) + β. Training and evaluation are the same.
type LayerNorm struct{}

// Build makes the parameters layernormN.gamma (n), which starts at 1, and layernormN.beta (n), at 0, where an example has n numbers.
// Neither decays.
func (LayerNorm) Build(b *Builder, x *Node) *Node {
	name, flat := b.Name("layernorm"), Flatten{}.Build(b, x)
	n := flat.Shape()[1:]
	y := op.LayerNorm.Apply(flat, b.Filled(name+".gamma", n, 1, false), b.Filled(name+".beta", n, 0, false))
	if flat == x {
		return y
	}
	return op.Reshape(x.Shape()).Apply(y)
}
