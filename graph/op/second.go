package op

// init sets the rules of linear ops that are each other's gradients. They cannot be part of the literals, because Go does not let the initializers
// of variables refer to each other in a cycle.
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

// Short names for the definitions of gradient ops.

func mul(a, b *Node) *Node { return Hadamard.Apply(a, b) }

func add(a, b *Node) *Node { return Add.Apply(a, b) }

func sub(a, b *Node) *Node { return Add.Apply(a, scale(-1, b)) }

func scale(c float64, x *Node) *Node { return Scaled(c).Apply(x) }

// like repeats a row, or a number per map, to the shape of x.
func like(x, row *Node) *Node { return Spread(x.Shape()).Apply(row) }
