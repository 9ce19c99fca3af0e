package op

// init sets the rules of arithmetic and of functions of one number, for layers and losses of your own. They cannot be part of the literals, because
// Go does not let the initializers of variables refer to each other in a cycle.
func init() {
	Plus.Grad = []Grad{
		func(x Nodes, _, dy *Node) *Node { return summed(x[0], dy) },
		func(x Nodes, _, dy *Node) *Node { return summed(x[1], dy) },
	}
	Minus.Grad = []Grad{
		Plus.Grad[0],
		func(x Nodes, _, dy *Node) *Node { return summed(x[1], Neg.Apply(dy)) },
	}
	Times.Grad = []Grad{
		func(x Nodes, _, dy *Node) *Node { return summed(x[0], Times.Apply(dy, x[1])) },
		func(x Nodes, _, dy *Node) *Node { return summed(x[1], Times.Apply(dy, x[0])) },
	}
	Over.Grad = []Grad{
		func(x Nodes, _, dy *Node) *Node { return summed(x[0], Over.Apply(dy, x[1])) },
		func(x Nodes, y, dy *Node) *Node { return summed(x[1], Neg.Apply(Over.Apply(Times.Apply(dy, y), x[1]))) },
	}
	of := func(o *Op, slope func(x, y *Node) *Node) {
		o.Grad = []Grad{func(x Nodes, y, dy *Node) *Node { return mul(dy, slope(x[0], y)) }}
	}
	of(Abs, func(x, _ *Node) *Node { return Sign.Apply(x) })
	of(Sin, func(x, _ *Node) *Node { return Cos.Apply(x) })
	of(Cos, func(x, _ *Node) *Node { return Neg.Apply(Sin.Apply(x)) })
	of(Exp, func(_, y *Node) *Node { return y })
	of(Expm1, func(x, _ *Node) *Node { return Exp.Apply(x) })
	of(Ln, func(x, _ *Node) *Node { return Inverse.Apply(x) })
	of(Log2, func(x, _ *Node) *Node { return scale(log2e, Inverse.Apply(x)) })
	of(Log1p, func(_, y *Node) *Node { return Exp.Apply(Neg.Apply(y)) }) // 1/(1+x) = e^−ln(1+x)
	of(Square, func(x, _ *Node) *Node { return scale(2, x) })
	of(Cube, func(x, _ *Node) *Node { return scale(3, Square.Apply(x)) })
	of(Sqrt, func(_, y *Node) *Node { return scale(.5, Inverse.Apply(y)) })
	of(Inverse, func(_, y *Node) *Node { return Neg.Apply(Square.Apply(y)) })
	of(InverseSqrt, func(_, y *Node) *Node { return scale(-.5, Cube.Apply(y)) })
	of(Softplus, func(x, _ *Node) *Node { return Sigmoid.Apply(x) })
	Sign.Grad = []Grad{func(_ Nodes, _, dy *Node) *Node { return scale(0, dy) }}
	Neg.Grad = []Grad{func(_ Nodes, _, dy *Node) *Node { return Neg.Apply(dy) }}
}

// log2e is 1/ln 2.
const log2e = 1.44269504088896340735992468100189214
