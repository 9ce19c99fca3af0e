package vm_test

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// uses are programs that bind, change and read values in all the ways that Gorgonia allows.
var uses = []program{
	{"values bound to and fro", func() *session {
		m := newMaker(tensor.Float64)
		a, b := tensor.New(tensor.WithBacking([]float64{1, 2})), tensor.New(tensor.WithBacking([]float64{10, 20}))
		x := m.fixed(a.Clone().(*tensor.Dense))
		G.Must(G.Sum(x))
		return &session{graph: m.g, read: map[string]any{"a": a, "b": b}, feed: func(step int) {
			must(G.Let(x, []*tensor.Dense{a, b}[step%2]))
		}}
	}},
	{"an input changed in place", func() *session {
		m := newMaker(tensor.Float64)
		a := m.data(-1, 1, 3, 4)
		squares(G.Must(G.Tanh(m.fixed(a))))
		return &session{graph: m.g, feed: func(step int) { a.Float64s()[step] += 1 }}
	}},
	{"a view changed in place", func() *session {
		m := newMaker(tensor.Float64)
		all := m.data(-1, 1, 6, 4)
		rows, err := all.Slice(G.S(2, 4))
		must(err)
		columns, err := all.Slice(nil, G.S(1, 3))
		must(err)
		squares(G.Must(G.Tanh(m.fixed(rows))))
		squares(G.Must(G.Sin(m.fixed(columns.Materialize().(*tensor.Dense)))))
		return &session{graph: m.g, feed: func(step int) { all.Float64s()[2*step] += 1 }, read: map[string]any{"all": all}}
	}},
	{"columns of a data set", func() *session {
		m := newMaker(tensor.Float64)
		all := m.data(-1, 1, 5, 6)
		x := G.NewMatrix(m.g, tensor.Float64, G.WithShape(5, 2), G.WithName("x"))
		y := G.Must(G.Mul(x, m.in(2, 3)))
		s := m.session(squares(y), G.NewVanillaSolver(G.WithLearnRate(.01)))
		s.feed = func(step int) {
			v, err := all.Slice(nil, G.S(step%4, step%4+2))
			must(err)
			must(G.Let(x, v.Materialize()))
		}
		return s
	}},
	{"a matrix by columns", func() *session {
		m := newMaker(tensor.Float64)
		a := tensor.New(tensor.WithShape(2, 3), tensor.AsFortran([]float64{1, 2, 3, 4, 5, 6}))
		x := m.fixed(a)
		y := G.Must(G.Mul(x, m.fixed(tensor.New(tensor.WithBacking([]float64{1, 10, 100})))))
		return &session{graph: m.g, shown: G.Nodes{y}}
	}},
	{"a transposed value", func() *session {
		m := newMaker(tensor.Float64)
		a := m.data(-1, 1, 4, 3)
		must(a.T())
		y := G.Must(G.Mul(G.NewMatrix(m.g, tensor.Float64, G.WithShape(3, 4), G.WithName("a"), G.WithValue(a)), m.in(4, 2)))
		return m.session(squares(y), G.NewVanillaSolver(G.WithLearnRate(.01)))
	}},
	{"a scalar parameter", func() *session {
		m := newMaker(tensor.Float64)
		x := G.NewScalar(m.g, tensor.Float64, G.WithName("x"), G.WithValue(2.))
		m.params = G.Nodes{x}
		return m.session(G.Must(G.Square(x)), G.NewVanillaSolver(G.WithLearnRate(.1)))
	}},
	{"a scalar bound anew", func() *session {
		m := newMaker(tensor.Float32)
		x := G.NewScalar(m.g, tensor.Float32, G.WithName("x"))
		squares(G.Must(G.Mul(x, m.fixed(m.data(0, 1, 3)))))
		return &session{graph: m.g, feed: func(step int) { must(G.Let(x, float32(step))) }}
	}},
	{"gradients without binding", func() *session {
		m := newMaker(tensor.Float64)
		s := m.session(squares(G.Must(G.Tanh(G.Must(G.Mul(m.in(3, 4), m.in(4, 2)))))), nil)
		s.apart = true
		return s
	}},
	{"the gradient of a scalar without binding", func() *session {
		m := newMaker(tensor.Float64)
		s := m.session(G.Must(G.Square(G.Must(G.Sin(m.in())))), nil)
		s.apart = true
		return s
	}},
	{"weights bound anew", func() *session {
		m := newMaker(tensor.Float64)
		w := m.in(3, 2)
		s := m.session(squares(G.Must(G.Tanh(w))), G.NewVanillaSolver(G.WithLearnRate(.1)))
		s.feed = func(step int) {
			if step == 4 {
				must(G.Let(w, m.data(-1, 1, 3, 2)))
			}
		}
		return s
	}},
	{"read", func() *session {
		m := newMaker(tensor.Float64)
		var hidden, number G.Value
		h := G.Must(G.Tanh(G.Must(G.Mul(m.in(3, 4), m.in(4, 2)))))
		cost := squares(h)
		G.Read(h, &hidden)
		G.Read(cost, &number)
		s := m.session(cost, G.NewVanillaSolver(G.WithLearnRate(.1)))
		s.read = map[string]any{"hidden": &hidden, "cost": &number}
		return s
	}},
	{"set", func() *session {
		m := newMaker(tensor.Float64)
		w := m.in(2, 3)
		cost := squares(w)
		d, err := G.Grad(cost, w)
		must(err)
		step := G.Must(G.HadamardProd(d[0], m.fixed(tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float64{.1, .1, .1, .1, .1, .1})))))
		G.Set(w, G.Must(G.Sub(w, step)))
		return &session{graph: m.g, read: map[string]any{"w": w.Value()}}
	}},
	{"comparisons", func() *session {
		m := newMaker(tensor.Float64)
		a, b := m.fixed(m.data(-1, 1, 3, 4)), m.fixed(m.data(-1, 1, 3, 4))
		for _, f := range []func(a, b *G.Node, same bool) (*G.Node, error){G.Gt, G.Lt, G.Gte, G.Lte, G.Eq, G.Ne} {
			G.Must(f(a, b, false))
			G.Must(f(a, b, true))
		}
		return &session{graph: m.g}
	}},
	{"comparisons of scalars", func() *session {
		m := newMaker(tensor.Float64)
		a, b := m.in(), m.in()
		G.Must(G.Gt(a, b, false))
		G.Must(G.Lt(a, b, true))
		return &session{graph: m.g}
	}},
	{"ints", func() *session {
		m := newMaker(tensor.Int)
		a := m.fixed(tensor.New(tensor.WithBacking([]int{1, 2, 3})))
		b := m.fixed(tensor.New(tensor.WithBacking([]int{4, 5, 7})))
		y := G.Must(G.Add(G.Must(G.HadamardProd(a, b)), b))
		return &session{graph: m.g, shown: G.Nodes{y}, feed: func(step int) {
			must(G.Let(a, tensor.New(tensor.WithBacking([]int{step, 2, 3}))))
		}}
	}},
	{"two element types", func() *session {
		m := newMaker(tensor.Float64)
		squares(G.Must(G.Tanh(G.Must(G.Mul(m.in(3, 4), m.in(4, 2))))))
		m.dtype = tensor.Float32
		squares(G.Must(G.Tanh(G.Must(G.Mul(m.in(3, 4), m.in(4, 2))))))
		m.params = nil
		return &session{graph: m.g}
	}},
	{"ctc loss", func() *session {
		m := newMaker(tensor.Float64)
		p := G.NewTensor(m.g, tensor.Float64, 3, G.WithShape(5, 2, 4), G.WithName("p"), G.WithValue(m.data(-1, 1, 5, 2, 4)))
		m.params = G.Nodes{p}
		ints := func(d []int, shape ...int) *G.Node {
			return m.fixed(tensor.New(tensor.WithShape(shape...), tensor.WithBacking(d)))
		}
		logs := G.Must(G.LogSoftMax(p, 2))
		cost := G.Must(G.CTCLoss(logs, ints([]int{1, 2, 3, 1}, 2, 2), ints([]int{5, 5}, 2), ints([]int{2, 2}, 2), G.ReductionMean))
		return m.session(cost, nil)
	}},
	{"beside an unused cross entropy", func() *session {
		m := newMaker(tensor.Float64)
		x := m.between(.1, .9, 4)
		one := G.NewConstant(1.)
		G.Must(G.BinaryXent(x, m.fixed(m.data(0, 1, 4))))
		y := G.Must(G.Log(G.Must(G.Add(x, one))))
		z := G.Must(G.Add(G.Must(G.Tanh(y)), y))
		return &session{graph: m.g, shown: G.Nodes{z}}
	}},
	{"stabilized sigmoids", func() *session {
		m := newMaker(tensor.Float64)
		one := G.NewConstant(1.)
		x := m.in(3, 4)
		a := G.Must(G.Log(G.Must(G.Sub(one, G.Must(G.Sigmoid(x))))))
		b := G.Must(G.Log(G.Must(G.Sigmoid(x))))
		return m.session(squares(G.Must(G.Add(a, b))), G.NewVanillaSolver(G.WithLearnRate(.1)))
	}},
	{"an op that looks like an addition", func() *session {
		m := newMaker(tensor.Float64)
		y := G.Must(G.ApplyOp(twice{}, m.in(2, 3), m.in(2, 3)))
		m.params = nil
		return &session{graph: m.g, shown: G.Nodes{y}}
	}},
	{"several costs", func() *session {
		m := newMaker(tensor.Float64)
		h := G.Must(G.Tanh(G.Must(G.Mul(m.in(3, 4), m.in(4, 2)))))
		G.Must(G.Sum(h))
		G.Must(G.Mean(h))
		return m.session(squares(h), G.NewVanillaSolver(G.WithLearnRate(.1)))
	}},
	{"the same gradient for two", func() *session {
		m := newMaker(tensor.Float64)
		return m.session(squares(G.Must(G.Add(m.in(3), m.in(3)))), G.NewVanillaSolver(G.WithLearnRate(.1)))
	}},
	{"a gradient that is a constant", func() *session {
		m := newMaker(tensor.Float64)
		return m.session(G.Must(G.Add(m.in(), m.in())), G.NewVanillaSolver(G.WithLearnRate(.1)))
	}},
	{"a gradient that is an input", func() *session {
		m := newMaker(tensor.Float64)
		return m.session(G.Must(G.Mul(m.in(), m.in())), G.NewVanillaSolver(G.WithLearnRate(.1)))
	}},
	{"a constant tensor", func() *session {
		m := newMaker(tensor.Float64)
		c := G.NewConstant(m.data(0, 1, 3, 4))
		return m.session(squares(G.Must(G.HadamardProd(m.in(3, 4), c))), G.NewVanillaSolver(G.WithLearnRate(.1)))
	}},
	{"an input beside the rest", func() *session {
		m := newMaker(tensor.Float64)
		m.fixed(m.data(0, 1, 2))
		return m.session(squares(m.in(3)), G.NewVanillaSolver(G.WithLearnRate(.1)))
	}},
	{"a gradient by part of the inputs", func() *session {
		m := newMaker(tensor.Float64)
		w, v := m.in(3, 4), m.in(4, 2)
		m.params = G.Nodes{v}
		return m.session(squares(G.Must(G.Mul(w, v))), G.NewVanillaSolver(G.WithLearnRate(.1)))
	}},
	{"a scalar of the tensor kind", func() *session {
		m := newMaker(tensor.Float64)
		x := G.NewScalar(m.g, tensor.Float64, G.WithName("x"), G.WithValue(tensor.New(tensor.FromScalar(3.))))
		squares(G.Must(G.Mul(x, m.fixed(m.data(0, 1, 3)))))
		return &session{graph: m.g}
	}},
	{"a column vector", func() *session {
		m := newMaker(tensor.Float64)
		x := G.NewVector(m.g, tensor.Float64, G.WithShape(4), G.WithName("x"), G.WithValue(m.data(0, 1, 4)))
		y := G.Must(G.Mul(m.in(3, 4), x))
		return m.session(squares(y), G.NewVanillaSolver(G.WithLearnRate(.1)))
	}},
	{"a slice that moves", func() *session {
		m := newMaker(tensor.Float64)
		rows := G.Must(G.Slice(m.fixed(m.data(-1, 1, 20, 4)), G.S(0, 4)))
		y := G.Must(G.Mul(rows, m.in(4, 3)))
		s := m.session(squares(y), G.NewVanillaSolver(G.WithLearnRate(.01)))
		s.feed = func(step int) { must(G.UnsafeLet(rows, G.S(step, step+4))) }
		return s
	}},
	{"a slice of a parameter that moves", func() *session {
		m := newMaker(tensor.Float64)
		rows := G.Must(G.Slice(m.in(20, 4), G.S(0, 4)))
		s := m.session(squares(rows), G.NewVanillaSolver(G.WithLearnRate(.01)))
		s.feed = func(step int) { must(G.UnsafeLet(rows, G.S(step, step+4))) }
		return s
	}},
	{"a column that moves", func() *session {
		m := newMaker(tensor.Float64)
		column := G.Must(G.Slice(m.fixed(m.data(-1, 1, 5, 20)), nil, G.S(0)))
		squares(G.Must(G.Tanh(column)))
		return &session{graph: m.g, feed: func(step int) { must(G.UnsafeLet(column, G.S(step))) }}
	}},
	{"batch norm in both modes in turn", func() *session {
		m := newMaker(tensor.Float64)
		h, _, _, o, err := G.BatchNorm(m.fixed(m.data(-1, 1, 8, 6)), m.positive(8, 6), m.in(8, 6), .9, 1e-5)
		must(err)
		s := m.session(squares(h), G.NewVanillaSolver(G.WithLearnRate(.01)))
		s.loose = 10
		s.feed = func(step int) {
			if step%3 != 0 {
				must(o.SetTraining(step%3 == 1))
			}
		}
		return s
	}},
	{"running statistics that are set", func() *session {
		m := newMaker(tensor.Float64)
		h, _, _, o, err := G.BatchNorm(m.fixed(m.data(-1, 1, 8, 6)), m.positive(8, 6), m.in(8, 6), .9, 1e-5)
		must(err)
		s := m.session(squares(h), nil)
		s.eval = true
		s.feed = func(step int) {
			mean, variance := o.Stats()
			must(o.SetStats(m.data(-1, 1, mean.Shape()...), m.data(.5, 1, variance.Shape()...)))
		}
		return s
	}},
	{"running statistics", func() *session {
		m := newMaker(tensor.Float64)
		h, _, _, o, err := G.BatchNorm(m.fixed(m.data(-1, 1, 8, 6)), m.positive(8, 6), m.in(8, 6), .9, 1e-5)
		must(err)
		s := m.session(squares(h), G.NewVanillaSolver(G.WithLearnRate(.01)))
		mean, variance := o.Stats()
		s.read, s.loose = map[string]any{"mean": mean, "variance": variance}, 10
		return s
	}},
	{"the gradient of a hidden node", func() *session {
		m := newMaker(tensor.Float64)
		h := G.Must(G.Mul(m.in(3, 4), m.in(4, 2)))
		s := m.session(squares(G.Must(G.Tanh(h))), nil)
		s.params = append(s.params, h)
		return s
	}},
	{"an input of the data's own shape", func() *session {
		m := newMaker(tensor.Float64)
		x := G.NewVector(m.g, tensor.Float64, G.WithName("x"), G.WithValue(m.data(0, 1, 4)))
		return m.session(squares(G.Must(G.HadamardProd(x, m.in(4)))), G.NewVanillaSolver(G.WithLearnRate(.1)))
	}},
	{"one element", func() *session {
		m := newMaker(tensor.Float64)
		w := m.in(1, 1)
		return m.session(squares(G.Must(G.Add(G.Must(G.Mul(m.in(1, 1), w)), w))), G.NewVanillaSolver(G.WithLearnRate(.1)))
	}},
	{"five axes", func() *session {
		m := newMaker(tensor.Float64)
		y := G.Must(G.Sum(G.Must(G.Tanh(m.in(2, 1, 3, 2, 2))), 2, 4))
		return m.session(squares(y), G.NewVanillaSolver(G.WithLearnRate(.1)))
	}},
	{"int32", func() *session {
		m := newMaker(tensor.Float64)
		x := m.fixed(tensor.New(tensor.WithBacking([]int32{1, 2})))
		var read G.Value
		G.Read(G.Must(G.Add(x, x)), &read)
		return &session{graph: m.g, read: map[string]any{"sum": &read}}
	}},
}
