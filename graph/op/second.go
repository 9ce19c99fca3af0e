package op

// The rules of linear ops that are each other's gradients. They stand here and not in the ops' literals, because Go does not let the
// literals of variables refer to each other in a circle.
func init() {
	Hadamard.Grad = []Grad{
		func(x Nodes, _, dy *Node) *Node { return DHadamard.Apply(dy, x[1]) },
		func(x Nodes, _, dy *Node) *Node { return DHadamard.Apply(dy, x[0]) },
	}
	DHadamard.Grad = Hadamard.Grad
	ScaledBy.Grad = []Grad{
		func(x Nodes, _, dy *Node) *Node { return ScaledBy.Apply(dy, x[1]) },
		func(x Nodes, _, dy *Node) *Node { return Inner.Apply(dy, x[0]) },
	}
	Inner.Grad = []Grad{
		func(x Nodes, _, dy *Node) *Node { return ScaledBy.Apply(x[1], dy) },
		func(x Nodes, _, dy *Node) *Node { return ScaledBy.Apply(x[0], dy) },
	}
	MulT.Grad = []Grad{ // y = a bᵀ
		func(x Nodes, _, dy *Node) *Node { return Linear.Apply(dy, x[1]) },
		func(x Nodes, _, dy *Node) *Node { return TMul.Apply(dy, x[0]) },
	}
	TMul.Grad = []Grad{ // y = aᵀ b
		func(x Nodes, _, dy *Node) *Node { return MulT.Apply(x[1], dy) },
		func(x Nodes, _, dy *Node) *Node { return Linear.Apply(x[0], dy) },
	}
	spread := []Grad{func(x Nodes, _, dy *Node) *Node { return Spread(x[0].Shape()).Apply(dy) }}
	SumRows.Grad, SumMaps.Grad = spread, spread
	RowSums.Grad = []Grad{func(_ Nodes, _, dy *Node) *Node { return RowSums.Apply(dy) }}
	MapMeans.Grad = []Grad{func(x Nodes, _, dy *Node) *Node { return DMapMeans(x[0].Shape()).Apply(dy) }}
}

// The words of the definitions.

func mul(a, b *Node) *Node { return Hadamard.Apply(a, b) }

func add(a, b *Node) *Node { return Add.Apply(a, b) }

func sub(a, b *Node) *Node { return Add.Apply(a, scale(-1, b)) }

func scale(c float64, x *Node) *Node { return Scaled(c).Apply(x) }

// like is a row or a number a map, as often as x has rows or places.
func like(x, row *Node) *Node { return Spread(x.Shape()).Apply(row) }
