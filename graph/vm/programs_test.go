package vm_test

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// solvers are all of Gorgonia's solvers.
var solvers = map[string]func() G.Solver{
	"vanilla":          func() G.Solver { return G.NewVanillaSolver(G.WithLearnRate(.05)) },
	"vanilla, batch":   func() G.Solver { return G.NewVanillaSolver(G.WithLearnRate(.1), G.WithBatchSize(4), G.WithL2Reg(.01)) },
	"vanilla, clip":    func() G.Solver { return G.NewVanillaSolver(G.WithLearnRate(.1), G.WithClip(.1)) },
	"momentum":         func() G.Solver { return G.NewMomentum(G.WithLearnRate(.05)) },
	"adagrad":          func() G.Solver { return G.NewAdaGradSolver(G.WithLearnRate(.05)) },
	"rmsprop":          func() G.Solver { return G.NewRMSPropSolver(G.WithLearnRate(.01)) },
	"adam":             func() G.Solver { return G.NewAdamSolver(G.WithLearnRate(.01)) },
	"adam, l2":         func() G.Solver { return G.NewAdamSolver(G.WithLearnRate(.01), G.WithL2Reg(.01), G.WithBatchSize(4)) },
	"barzilai-borwein": func() G.Solver { return G.NewBarzilaiBorweinSolver(G.WithLearnRate(.01)) },
	"adamw":            func() G.Solver { return G.NewAdamW(G.WithLearnRate(.01)) },
	"none, adding up":  func() G.Solver { return nil },
}

// takesTensors are the solvers that fail or panic on scalars.
var takesTensors = map[string]bool{"barzilai-borwein": true, "adamw": true}

var types = []tensor.Dtype{tensor.Float64, tensor.Float32}

// programs are the rows of TestConform.
var programs = func() (all []program) {
	for name, solver := range solvers {
		for _, t := range types {
			if !takesTensors[name] {
				all = append(all, program{fmt.Sprint("scalar regression/", name, "/", t), func() *session { return scalarRegression(t, solver()) }})
			}
			if name != "barzilai-borwein" || t == tensor.Float64 { // it fails on float32
				all = append(all, program{fmt.Sprint("mini-batches/", name, "/", t), func() *session { return miniBatches(t, solver()) }})
			}
		}
	}
	for name, build := range nets {
		for _, t := range types {
			all = append(all, program{fmt.Sprint(name, "/", t), func() *session { return build(newMaker(t)) }})
		}
	}
	return append(all, uses...)
}()

// scalarRegression fits y = w x + b, with scalar parameters, to points in one tensor.
func scalarRegression(t tensor.Dtype, solver G.Solver) *session {
	m := newMaker(t)
	x, y := m.fixed(m.data(-1, 1, 20)), m.fixed(m.data(-1, 1, 20))
	w, b := m.in(), m.in()
	line := G.Must(G.Add(G.Must(G.Mul(x, w)), b))
	cost := G.Must(G.Mean(G.Must(G.Square(G.Must(G.Sub(line, y))))))
	return m.session(cost, solver)
}

// miniBatches trains a network of two layers on views of a data set.
func miniBatches(t tensor.Dtype, solver G.Solver) *session {
	m := newMaker(t)
	data, labels := m.data(-1, 1, 20, 6), m.data(0, 1, 20, 3)
	x := G.NewMatrix(m.g, t, G.WithShape(4, 6), G.WithName("x"))
	y := G.NewMatrix(m.g, t, G.WithShape(4, 3), G.WithName("y"))
	h := G.Must(G.Rectify(G.Must(G.Mul(x, m.in(6, 5)))))
	out := G.Must(G.Sigmoid(G.Must(G.Mul(h, m.in(5, 3)))))
	s := m.session(G.Must(G.Mean(G.Must(G.Square(G.Must(G.Sub(out, y)))))), solver)
	s.shown = G.Nodes{out}
	s.read = map[string]any{"the data set": data, "its labels": labels}
	s.feed = func(step int) {
		from := step % 5 * 4
		batch := func(t *tensor.Dense) tensor.Tensor {
			v, err := t.Slice(G.S(from, from+4))
			must(err)
			return v
		}
		must(G.Let(x, batch(data)))
		must(G.Let(y, batch(labels)))
	}
	return s
}

// dense is x w + b.
func (m *maker) dense(x *G.Node, out int) *G.Node {
	w, b := m.in(x.Shape()[1], out), m.in(1, out)
	return G.Must(G.BroadcastAdd(G.Must(G.Mul(x, w)), b, nil, []byte{0}))
}

// image is a convolution, Rectify and max-pooling.
func (m *maker) image(x *G.Node, maps int) *G.Node {
	k := m.in(maps, x.Shape()[1], 3, 3)
	y := G.Must(G.Conv2d(x, k, tensor.Shape{3, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1}))
	return G.Must(G.MaxPool2D(G.Must(G.Rectify(y)), tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2}))
}

// crossEntropy is the mean over the examples of −Σ label log(softmax(z)).
func (m *maker) crossEntropy(z *G.Node, labels *G.Node) *G.Node {
	p := G.Must(G.SoftMax(z))
	return G.Must(G.Neg(G.Must(G.Mean(G.Must(G.HadamardProd(G.Must(G.Log(p)), labels))))))
}

// nets are networks built as in Gorgonia's examples.
var nets = map[string]func(m *maker) *session{
	"linear regression": func(m *maker) *session {
		x, y := m.fixed(m.data(-1, 1, 30, 4)), m.fixed(m.data(-1, 1, 30))
		yhat := G.Must(G.Mul(x, m.in(4)))
		cost := G.Must(G.Mean(G.Must(G.Square(G.Must(G.Sub(yhat, y))))))
		return m.session(cost, G.NewVanillaSolver(G.WithLearnRate(.1)))
	},
	"logistic regression": func(m *maker) *session {
		x, y := m.fixed(m.data(-1, 1, 30, 4)), m.fixed(m.data(0, 1, 30, 1))
		out := G.Must(G.Sigmoid(m.dense(x, 1)))
		cost := G.Must(G.Mean(G.Must(G.BinaryXent(out, y))))
		return m.session(cost, G.NewVanillaSolver(G.WithLearnRate(.1)))
	},
	"softmax regression": func(m *maker) *session {
		x, y := m.fixed(m.data(-1, 1, 12, 4)), m.fixed(m.data(0, 1, 12, 3))
		return m.session(m.crossEntropy(m.dense(x, 3), y), G.NewAdamSolver(G.WithLearnRate(.05)))
	},
	"xor": func(m *maker) *session {
		x, y := m.fixed(m.data(0, 1, 4, 2)), m.fixed(m.data(0, 1, 4, 1))
		out := G.Must(G.Sigmoid(m.dense(G.Must(G.Tanh(m.dense(x, 4))), 1)))
		return m.session(squares(G.Must(G.Sub(out, y))), G.NewVanillaSolver(G.WithLearnRate(.5)))
	},
	"mlp": func(m *maker) *session {
		x, y := m.fixed(m.data(0, 1, 10, 70)), m.fixed(m.data(0, 1, 10, 4))
		z := m.dense(G.Must(G.Rectify(m.dense(G.Must(G.Tanh(m.dense(x, 20))), 10))), 4)
		return m.session(m.crossEntropy(z, y), G.NewRMSPropSolver(G.WithLearnRate(.001)))
	},
	"l2 in the cost": func(m *maker) *session {
		x, y := m.fixed(m.data(0, 1, 10, 6)), m.fixed(m.data(0, 1, 10, 4))
		cost := G.Must(G.Mean(G.Must(G.Square(G.Must(G.Sub(m.dense(x, 4), y))))))
		for _, w := range m.params {
			cost = G.Must(G.Add(cost, G.Must(G.Mul(G.NewConstant(m.constant(.01)), squares(w)))))
		}
		return m.session(cost, G.NewAdamSolver())
	},
	"convnet": func(m *maker) *session {
		x, y := m.fixed(m.data(0, 1, 3, 1, 8, 8)), m.fixed(m.data(0, 1, 3, 4))
		h := m.image(m.image(x, 3), 4)
		flat := G.Must(G.Reshape(h, tensor.Shape{3, 16}))
		z := G.Must(G.Mul(G.Must(G.Rectify(G.Must(G.Mul(flat, m.in(16, 8))))), m.in(8, 4)))
		return m.session(m.crossEntropy(z, y), G.NewRMSPropSolver(G.WithLearnRate(.001)))
	},
	"residual net": func(m *maker) *session {
		x, y := m.fixed(m.data(0, 1, 2, 3, 6, 6)), m.fixed(m.data(0, 1, 2, 3, 6, 6))
		conv := func(x *G.Node) *G.Node {
			return G.Must(G.Conv2d(x, m.in(3, 3, 3, 3), tensor.Shape{3, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1}))
		}
		for range 2 {
			x = G.Must(G.Rectify(G.Must(G.Add(x, conv(G.Must(G.Rectify(conv(x))))))))
		}
		return m.session(G.Must(G.Mean(G.Must(G.Square(G.Must(G.Sub(x, y)))))), G.NewAdamSolver())
	},
	"autoencoder": func(m *maker) *session {
		x := m.fixed(m.data(.05, .95, 5, 12))
		code := G.Must(G.Sigmoid(m.dense(x, 4)))
		out := G.Must(G.Sigmoid(m.dense(code, 12)))
		s := m.session(G.Must(G.Mean(G.Must(G.BinaryXent(out, x)))), G.NewAdamSolver(G.WithLearnRate(.01)))
		s.shown = G.Nodes{code}
		return s
	},
	"autoencoder with tied weights": func(m *maker) *session {
		x, w := m.fixed(m.data(0, 1, 5, 12)), m.in(12, 4)
		code := G.Must(G.Sigmoid(G.Must(G.Mul(x, w))))
		out := G.Must(G.Sigmoid(G.Must(G.Mul(code, G.Must(G.Transpose(w, 1, 0))))))
		return m.session(squares(G.Must(G.Sub(out, x))), G.NewVanillaSolver(G.WithLearnRate(.05)))
	},
	"recurrent net": func(m *maker) *session {
		h, wh, wx := m.fixed(m.data(0, 1, 5)), m.in(5, 5), m.in(5, 3)
		var cost *G.Node
		for range 6 {
			x := m.fixed(m.data(-1, 1, 3))
			h = G.Must(G.Tanh(G.Must(G.Add(G.Must(G.Mul(wh, h)), G.Must(G.Mul(wx, x))))))
			c := squares(h)
			if cost == nil {
				cost = c
			} else {
				cost = G.Must(G.Add(cost, c))
			}
		}
		return m.session(cost, G.NewVanillaSolver(G.WithLearnRate(.01), G.WithClip(5)))
	},
	"lstm": func(m *maker) *session {
		const hidden, in, steps = 4, 3, 5
		type gate struct{ wx, wh, b *G.Node }
		var gates [4]gate
		for i := range gates {
			gates[i] = gate{m.in(hidden, in), m.in(hidden, hidden), m.in(hidden)}
		}
		out, bias := m.in(in, hidden), m.in(in)
		h, c := m.fixed(m.data(0, 1, hidden)), m.fixed(m.data(0, 1, hidden))
		var cost *G.Node
		for range steps {
			x, target := m.fixed(m.data(0, 1, in)), m.fixed(m.data(0, 1, in))
			var g [4]*G.Node
			for i, w := range gates {
				z := G.Must(G.Add(G.Must(G.Add(G.Must(G.Mul(w.wx, x)), G.Must(G.Mul(w.wh, h)))), w.b))
				if i == 3 {
					g[i] = G.Must(G.Tanh(z))
				} else {
					g[i] = G.Must(G.Sigmoid(z))
				}
			}
			c = G.Must(G.Add(G.Must(G.HadamardProd(g[1], c)), G.Must(G.HadamardProd(g[0], g[3]))))
			h = G.Must(G.HadamardProd(g[2], G.Must(G.Tanh(c))))
			p := G.Must(G.SoftMax(G.Must(G.Add(G.Must(G.Mul(out, h)), bias))))
			loss := G.Must(G.Neg(G.Must(G.Sum(G.Must(G.HadamardProd(G.Must(G.Log(p)), target))))))
			if cost == nil {
				cost = loss
			} else {
				cost = G.Must(G.Add(cost, loss))
			}
		}
		s := m.session(cost, G.NewRMSPropSolver(G.WithLearnRate(.01), G.WithL2Reg(1e-6), G.WithClip(5)))
		s.loose = 10 // RMSProp turns rounding errors of gradients near 0 into full steps
		return s
	},
	"gated recurrent unit": func(m *maker) *session {
		h, one := m.fixed(m.data(0, 1, 4)), G.NewConstant(m.constant(1))
		wz, wr, wh := m.in(4, 4), m.in(4, 4), m.in(4, 4)
		for range 4 {
			x := m.fixed(m.data(-1, 1, 4))
			z := G.Must(G.Sigmoid(G.Must(G.Add(x, G.Must(G.Mul(wz, h))))))
			r := G.Must(G.Sigmoid(G.Must(G.Add(x, G.Must(G.Mul(wr, h))))))
			n := G.Must(G.Tanh(G.Must(G.Add(x, G.Must(G.Mul(wh, G.Must(G.HadamardProd(r, h))))))))
			h = G.Must(G.Add(G.Must(G.HadamardProd(G.Must(G.Sub(one, z)), h)), G.Must(G.HadamardProd(z, n))))
		}
		return m.session(squares(h), G.NewAdamSolver(G.WithLearnRate(.01)))
	},
	"attention": func(m *maker) *session {
		x := m.fixed(m.data(-1, 1, 5, 4))
		q, k, v := G.Must(G.Mul(x, m.in(4, 4))), G.Must(G.Mul(x, m.in(4, 4))), G.Must(G.Mul(x, m.in(4, 4)))
		scores := G.Must(G.Div(G.Must(G.Mul(q, G.Must(G.Transpose(k, 1, 0)))), G.NewConstant(m.constant(2))))
		return m.session(squares(G.Must(G.Mul(G.Must(G.SoftMax(scores)), v))), G.NewAdamSolver(G.WithLearnRate(.01)))
	},
	"batch norm with adam": func(m *maker) *session {
		x, y := m.fixed(m.data(-1, 1, 8, 6)), m.fixed(m.data(0, 1, 8, 3))
		h := G.Must(G.Mul(x, m.in(6, 5)))
		h, _, _, _, err := G.BatchNorm(h, m.positive(8, 5), m.in(8, 5), .9, 1e-5)
		must(err)
		z := G.Must(G.Mul(G.Must(G.Rectify(h)), m.in(5, 3)))
		s := m.session(squares(G.Must(G.Sub(z, y))), G.NewAdamSolver(G.WithLearnRate(.01)))
		s.loose = 10
		return s
	},
	"batch norm of maps": func(m *maker) *session {
		x := m.fixed(m.data(-1, 1, 3, 2, 5, 5))
		h := G.Must(G.Conv2d(x, m.in(4, 2, 3, 3), tensor.Shape{3, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1}))
		h, _, _, _, err := G.BatchNorm(h, m.positive(3, 4, 5, 5), m.in(3, 4, 5, 5), .9, 1e-5)
		must(err)
		s := m.session(squares(G.Must(G.Rectify(h))), G.NewAdamSolver(G.WithLearnRate(.01)))
		s.loose = 10
		return s
	},
	"sum of a batch norm": func(m *maker) *session {
		h := G.Must(G.Mul(m.fixed(m.data(-1, 1, 3, 4)), m.in(4, 2)))
		h, _, _, _, err := G.BatchNorm(h, m.positive(1, 2), m.in(1, 2), .9, 1e-5)
		must(err)
		return m.session(G.Must(G.Sum(h)), G.NewVanillaSolver(G.WithLearnRate(.01)))
	},
	"mean of a batch norm of maps": func(m *maker) *session {
		h, _, _, _, err := G.BatchNorm(m.in(2, 3, 2, 2), m.positive(1, 3, 1, 1), m.in(1, 3, 1, 1), .9, 1e-5)
		must(err)
		return m.session(G.Must(G.Mean(h)), G.NewVanillaSolver(G.WithLearnRate(.01)))
	},
	"batch norm, prediction": func(m *maker) *session {
		h, _, _, _, err := G.BatchNorm(m.fixed(m.data(-1, 1, 8, 6)), m.positive(8, 6), m.in(8, 6), .9, 1e-5)
		must(err)
		s := m.session(squares(h), G.NewVanillaSolver())
		s.eval = true
		return s
	},
	"dropout of nothing, prediction": func(m *maker) *session {
		x, w := m.fixed(m.data(-1, 1, 4, 6)), m.in(6, 3)
		y := G.Must(G.Dropout(G.Must(G.Mul(x, w)), .5))
		m.params = nil
		squares(y)
		return &session{graph: m.g, shown: G.Nodes{y}, eval: true}
	},
	"word vectors": func(m *maker) *session {
		table := m.in(7, 4)
		words := m.fixed(tensor.New(tensor.WithBacking([]int{2, 5, 2})))
		y := G.Must(G.Mul(G.Must(G.ByIndices(table, words, 0)), m.in(4, 2)))
		s := m.session(squares(y), G.NewVanillaSolver(G.WithLearnRate(.05)))
		s.feed = func(step int) {
			must(G.Let(words, tensor.New(tensor.WithBacking([]int{step % 7, 3, step % 2}))))
		}
		return s
	},
	"shared layers": func(m *maker) *session {
		w := m.in(4, 4)
		a, b := m.fixed(m.data(-1, 1, 3, 4)), m.fixed(m.data(-1, 1, 3, 4))
		f := func(x *G.Node) *G.Node { return G.Must(G.Tanh(G.Must(G.Mul(G.Must(G.Tanh(G.Must(G.Mul(x, w)))), w)))) }
		return m.session(squares(G.Must(G.Sub(f(a), f(b)))), G.NewAdamSolver(G.WithLearnRate(.01)))
	},
	"matrix factorisation": func(m *maker) *session {
		target := m.fixed(m.data(0, 1, 5, 6))
		d := G.Must(G.Sub(G.Must(G.Mul(m.in(5, 2), m.in(2, 6))), target))
		return m.session(G.Must(G.Mean(G.Must(G.Square(d)))), G.NewMomentum(G.WithLearnRate(.1)))
	},
	"polynomial": func(m *maker) *session {
		x, y := m.fixed(m.data(-1, 1, 15)), m.fixed(m.data(-1, 1, 15))
		p := G.Must(G.Add(G.Must(G.Mul(m.in(), x)), m.in()))
		p = G.Must(G.Add(p, G.Must(G.Mul(m.in(), G.Must(G.Square(x))))))
		p = G.Must(G.Add(p, G.Must(G.Mul(m.in(), G.Must(G.Cube(x))))))
		return m.session(G.Must(G.Mean(G.Must(G.Square(G.Must(G.Sub(p, y)))))), G.NewAdaGradSolver(G.WithLearnRate(.1)))
	},
	"rosenbrock": func(m *maker) *session {
		x, y, one := m.in(), m.in(), G.NewConstant(m.constant(1))
		a := G.Must(G.Square(G.Must(G.Sub(one, x))))
		b := G.Must(G.Square(G.Must(G.Sub(y, G.Must(G.Square(x))))))
		return m.session(G.Must(G.Add(a, G.Must(G.Mul(G.NewConstant(m.constant(100)), b)))), G.NewVanillaSolver(G.WithLearnRate(.001)))
	},
	"gaussian likelihood": func(m *maker) *session {
		x := m.fixed(m.data(-1, 1, 20))
		mean, logsd := m.in(), m.in()
		z := G.Must(G.Div(G.Must(G.Sub(x, mean)), G.Must(G.Exp(logsd))))
		cost := G.Must(G.Add(G.Must(G.Mean(G.Must(G.Square(z)))), logsd))
		return m.session(cost, G.NewAdamSolver(G.WithLearnRate(.05)))
	},
	"huge batch": func(m *maker) *session {
		x, y := m.fixed(m.data(-1, 1, 700)), m.fixed(m.data(-1, 1, 700))
		e := G.Must(G.Sub(G.Must(G.Add(G.Must(G.Mul(x, m.in())), m.in())), y))
		return m.session(G.Must(G.Mean(G.Must(G.Square(e)))), G.NewVanillaSolver(G.WithLearnRate(.2)))
	},
}
