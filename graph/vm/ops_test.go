package vm_test

import (
	"fmt"
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// maker makes the nodes of a program, with values that are the same every time.
type maker struct {
	g      *G.ExprGraph
	dtype  tensor.Dtype
	params G.Nodes
	drawn  int
}

func newMaker(dtype tensor.Dtype) *maker { return &maker{g: G.NewGraph(), dtype: dtype} }

// draw returns a number in [-1, 1), a new one each time.
func (m *maker) draw() float64 {
	m.drawn++
	x := math.Sin(float64(m.drawn)*12.9898) * 43758.5453
	return 2*(x-math.Floor(x)) - 1
}

// data returns a tensor of numbers in [a, b).
func (m *maker) data(a, b float64, shape ...int) *tensor.Dense {
	n := tensor.Shape(shape).TotalSize()
	if m.dtype == tensor.Float32 {
		d := make([]float32, n)
		for i := range d {
			d[i] = float32(a + (b-a)*(m.draw()+1)/2)
		}
		return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(d))
	}
	d := make([]float64, n)
	for i := range d {
		d[i] = a + (b-a)*(m.draw()+1)/2
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(d))
}

// between is a parameter with numbers in [a, b); without a shape it is a scalar.
func (m *maker) between(a, b float64, shape ...int) *G.Node {
	name := fmt.Sprintf("w%d", len(m.params))
	var n *G.Node
	if len(shape) == 0 {
		n = G.NewScalar(m.g, m.dtype, G.WithName(name))
		x := a + (b-a)*(m.draw()+1)/2
		if m.dtype == tensor.Float32 {
			must(G.Let(n, float32(x)))
		} else {
			must(G.Let(n, x))
		}
	} else {
		n = G.NewTensor(m.g, m.dtype, len(shape), G.WithShape(shape...), G.WithName(name), G.WithValue(m.data(a, b, shape...)))
	}
	m.params = append(m.params, n)
	return n
}

func (m *maker) in(shape ...int) *G.Node       { return m.between(-1, 1, shape...) }
func (m *maker) positive(shape ...int) *G.Node { return m.between(.2, 1.5, shape...) }

// fixed is an input that is not a parameter.
func (m *maker) fixed(t tensor.Tensor) *G.Node {
	m.drawn++
	return G.NewTensor(m.g, t.Dtype(), t.Dims(), G.WithShape(t.Shape().Clone()...), G.WithName(fmt.Sprintf("x%d", m.drawn)), G.WithValue(t))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// squares is a scalar that depends on every element of y, and whose gradient does too.
func squares(y *G.Node) *G.Node {
	if y.IsScalar() {
		return G.Must(G.Square(y))
	}
	return G.Must(G.Sum(G.Must(G.Square(y))))
}

// session returns the program that minimizes cost.
func (m *maker) session(cost *G.Node, solver G.Solver) *session {
	if _, err := G.Grad(cost, m.params...); err != nil {
		panic(err)
	}
	return &session{graph: m.g, params: m.params, solver: solver}
}

// ops are the rows of a table: each of Gorgonia's ops that has a gradient, on suitable inputs.
var ops = map[string]func(m *maker) *G.Node{
	"abs":            func(m *maker) *G.Node { return G.Must(G.Abs(m.in(3, 4))) },
	"sin":            func(m *maker) *G.Node { return G.Must(G.Sin(m.in(3, 4))) },
	"cos":            func(m *maker) *G.Node { return G.Must(G.Cos(m.in(3, 4))) },
	"exp":            func(m *maker) *G.Node { return G.Must(G.Exp(m.in(3, 4))) },
	"log":            func(m *maker) *G.Node { return G.Must(G.Log(m.positive(3, 4))) },
	"log2":           func(m *maker) *G.Node { return G.Must(G.Log2(m.positive(3, 4))) },
	"neg":            func(m *maker) *G.Node { return G.Must(G.Neg(m.in(3, 4))) },
	"square":         func(m *maker) *G.Node { return G.Must(G.Square(m.in(3, 4))) },
	"sqrt":           func(m *maker) *G.Node { return G.Must(G.Sqrt(m.positive(3, 4))) },
	"inverse":        func(m *maker) *G.Node { return G.Must(G.Inverse(m.positive(3, 4))) },
	"cube":           func(m *maker) *G.Node { return G.Must(G.Cube(m.in(3, 4))) },
	"tanh":           func(m *maker) *G.Node { return G.Must(G.Tanh(m.in(3, 4))) },
	"sigmoid":        func(m *maker) *G.Node { return G.Must(G.Sigmoid(m.in(3, 4))) },
	"log1p":          func(m *maker) *G.Node { return G.Must(G.Log1p(m.positive(3, 4))) },
	"expm1":          func(m *maker) *G.Node { return G.Must(G.Expm1(m.in(3, 4))) },
	"softplus":       func(m *maker) *G.Node { return G.Must(G.Softplus(m.in(3, 4))) },
	"mish":           func(m *maker) *G.Node { return G.Must(G.Mish(m.in(3, 4))) },
	"rectify":        func(m *maker) *G.Node { return G.Must(G.Rectify(m.in(3, 4))) },
	"leaky relu":     func(m *maker) *G.Node { return G.Must(G.LeakyRelu(m.in(3, 4), .1)) },
	"scalar sin":     func(m *maker) *G.Node { return G.Must(G.Sin(m.in())) },
	"scalar exp":     func(m *maker) *G.Node { return G.Must(G.Exp(m.in())) },
	"scalar sigmoid": func(m *maker) *G.Node { return G.Must(G.Sigmoid(m.in())) },
	"add":            func(m *maker) *G.Node { return G.Must(G.Add(m.in(3, 4), m.in(3, 4))) },
	"sub":            func(m *maker) *G.Node { return G.Must(G.Sub(m.in(3, 4), m.in(3, 4))) },
	"hadamard":       func(m *maker) *G.Node { return G.Must(G.HadamardProd(m.in(3, 4), m.in(3, 4))) },
	"hadamard div":   func(m *maker) *G.Node { return G.Must(G.HadamardDiv(m.in(3, 4), m.positive(3, 4))) },
	"pow":            func(m *maker) *G.Node { return G.Must(G.Pow(m.positive(3, 4), G.NewConstant(m.constant(3)))) },
	"scalar add":     func(m *maker) *G.Node { return G.Must(G.Add(m.in(), m.in())) },
	"scalar sub":     func(m *maker) *G.Node { return G.Must(G.Sub(m.in(), m.in())) },
	"scalar mul":     func(m *maker) *G.Node { return G.Must(G.Mul(m.in(), m.in())) },
	"scalar div":     func(m *maker) *G.Node { return G.Must(G.Div(m.in(), m.positive())) },
	"tensor + scalar": func(m *maker) *G.Node {
		return G.Must(G.Add(m.in(3, 4), m.in()))
	},
	"scalar + tensor": func(m *maker) *G.Node { return G.Must(G.Add(m.in(), m.in(3, 4))) },
	"scalar - tensor": func(m *maker) *G.Node { return G.Must(G.Sub(m.in(), m.in(3, 4))) },
	"tensor - scalar": func(m *maker) *G.Node { return G.Must(G.Sub(m.in(3, 4), m.in())) },
	"scalar * tensor": func(m *maker) *G.Node { return G.Must(G.Mul(m.in(), m.in(3, 4))) },
	"tensor * scalar": func(m *maker) *G.Node { return G.Must(G.Mul(m.in(3, 4), m.in())) },
	"tensor / scalar": func(m *maker) *G.Node { return G.Must(G.Div(m.in(3, 4), m.positive())) },
	"scalar / tensor": func(m *maker) *G.Node { return G.Must(G.Div(m.in(), m.positive(3, 4))) },
	"constant * tensor": func(m *maker) *G.Node {
		return G.Must(G.Mul(G.NewConstant(m.constant(2.5)), m.in(3, 4)))
	},
	"vector + vector":    func(m *maker) *G.Node { return G.Must(G.Add(m.in(4), m.in(4))) },
	"matrix * matrix":    func(m *maker) *G.Node { return G.Must(G.Mul(m.in(3, 4), m.in(4, 5))) },
	"matrix * vector":    func(m *maker) *G.Node { return G.Must(G.Mul(m.in(3, 4), m.in(4))) },
	"vector * vector":    func(m *maker) *G.Node { return G.Must(G.Mul(m.in(4), m.in(4))) },
	"batched product":    func(m *maker) *G.Node { return G.Must(G.BatchedMatMul(m.in(2, 3, 4), m.in(2, 4, 5))) },
	"broadcast add":      func(m *maker) *G.Node { return G.Must(G.BroadcastAdd(m.in(3, 4), m.in(1, 4), nil, []byte{0})) },
	"broadcast add left": func(m *maker) *G.Node { return G.Must(G.BroadcastAdd(m.in(1, 4), m.in(3, 4), []byte{0}, nil)) },
	"broadcast sub":      func(m *maker) *G.Node { return G.Must(G.BroadcastSub(m.in(3, 4), m.in(3, 1), nil, []byte{1})) },
	"broadcast mul": func(m *maker) *G.Node {
		return G.Must(G.BroadcastHadamardProd(m.in(3, 4), m.in(1, 4), nil, []byte{0}))
	},
	"broadcast div": func(m *maker) *G.Node {
		return G.Must(G.BroadcastHadamardDiv(m.in(3, 4), m.positive(3, 1), nil, []byte{1}))
	},
	"sum":              func(m *maker) *G.Node { return G.Must(G.Sum(m.positive(3, 4))) }, // in(…) would cancel: the result depends on the order
	"sum of rows":      func(m *maker) *G.Node { return G.Must(G.Sum(m.in(3, 4), 0)) },
	"sum of columns":   func(m *maker) *G.Node { return G.Must(G.Sum(m.in(3, 4), 1)) },
	"sum of two axes":  func(m *maker) *G.Node { return G.Must(G.Sum(m.in(2, 3, 4), 0, 1)) },
	"mean":             func(m *maker) *G.Node { return G.Must(G.Mean(m.positive(3, 4))) },
	"mean of rows":     func(m *maker) *G.Node { return G.Must(G.Mean(m.in(3, 4), 0)) },
	"mean of columns":  func(m *maker) *G.Node { return G.Must(G.Mean(m.in(3, 4), 1)) },
	"max":              func(m *maker) *G.Node { return G.Must(G.Max(m.in(3, 4))) },
	"max of columns":   func(m *maker) *G.Node { return G.Must(G.Max(m.in(3, 4), 1)) },
	"slice of rows":    func(m *maker) *G.Node { return G.Must(G.Slice(m.in(5, 4), G.S(1, 3))) },
	"slice of columns": func(m *maker) *G.Node { return G.Must(G.Slice(m.in(5, 4), nil, G.S(1, 3))) },
	"row":              func(m *maker) *G.Node { return G.Must(G.Slice(m.in(5, 4), G.S(2))) },
	"column":           func(m *maker) *G.Node { return G.Must(G.Slice(m.in(5, 4), nil, G.S(2))) },
	"slice of vector":  func(m *maker) *G.Node { return G.Must(G.Slice(m.in(6), G.S(2, 5))) },
	"reshape": func(m *maker) *G.Node {
		return G.Must(G.Mul(G.Must(G.Reshape(m.in(3, 4), tensor.Shape{2, 6})), m.in(6, 3)))
	},
	"reshape of a result": func(m *maker) *G.Node {
		return G.Must(G.Mul(G.Must(G.Reshape(G.Must(G.Tanh(m.in(3, 4))), tensor.Shape{2, 6})), m.in(6, 3)))
	},
	"transpose":      func(m *maker) *G.Node { return G.Must(G.Transpose(m.in(3, 4), 1, 0)) },
	"transpose of 3": func(m *maker) *G.Node { return G.Must(G.Transpose(m.in(2, 3, 4), 0, 2, 1)) },
	"concat rows":    func(m *maker) *G.Node { return G.Must(G.Concat(0, m.in(3, 4), m.in(2, 4))) },
	"concat columns": func(m *maker) *G.Node { return G.Must(G.Concat(1, m.in(3, 4), m.in(3, 2))) },
	"concat vectors": func(m *maker) *G.Node { return G.Must(G.Concat(0, m.in(3), m.in(2))) },
	"tensordot":      func(m *maker) *G.Node { return G.Must(G.Tensordot([]int{1}, []int{0}, m.in(3, 4), m.in(4, 2))) },
	"norm":           func(m *maker) *G.Node { return G.Must(G.Norm(m.in(3, 4), 1, 2)) },
	"softmax":        func(m *maker) *G.Node { return G.Must(G.SoftMax(m.in(3, 4))) },
	"log softmax":    func(m *maker) *G.Node { return G.Must(G.LogSoftMax(m.in(3, 4))) },
	"sparsemax":      func(m *maker) *G.Node { return G.Must(G.Sparsemax(m.in(3, 4))) },
	"min between":    func(m *maker) *G.Node { return G.Must(G.MinBetween(m.in(3, 4), m.in(3, 4))) },
	"max between":    func(m *maker) *G.Node { return G.Must(G.MaxBetween(m.in(3, 4), m.in(3, 4))) },
	"binary xent": func(m *maker) *G.Node {
		return G.Must(G.BinaryXent(m.between(.1, .9, 3, 4), m.fixed(m.data(0, 1, 3, 4))))
	},
	"conv": func(m *maker) *G.Node {
		return G.Must(G.Conv2d(m.in(2, 3, 6, 6), m.in(4, 3, 3, 3), tensor.Shape{3, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1}))
	},
	"conv stride": func(m *maker) *G.Node {
		return G.Must(G.Conv2d(m.in(2, 2, 7, 7), m.in(3, 2, 3, 3), tensor.Shape{3, 3}, []int{0, 0}, []int{2, 2}, []int{1, 1}))
	},
	"max pool": func(m *maker) *G.Node {
		return G.Must(G.MaxPool2D(m.in(2, 3, 6, 6), tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2}))
	},
	"average pool": func(m *maker) *G.Node {
		return G.Must(G.AveragePool2D(m.in(2, 3, 6, 6), tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2}))
	},
	"upsample": func(m *maker) *G.Node { return G.Must(G.Upsample2D(m.in(2, 3, 4, 4), 2)) },
	"batch norm": func(m *maker) *G.Node {
		y, _, _, _, err := G.BatchNorm(m.in(4, 3, 2, 2), m.positive(4, 3, 2, 2), m.in(4, 3, 2, 2), .9, 1e-5)
		must(err)
		return y
	},
	"group norm": func(m *maker) *G.Node {
		return G.Must(G.GroupNorm(m.in(2, 4, 3, 3), m.positive(1, 4, 1, 1), m.in(1, 4, 1, 1), 2, 4, 1e-5))
	},
	"by indices": func(m *maker) *G.Node {
		return G.Must(G.ByIndices(m.in(5, 4), m.fixed(tensor.New(tensor.WithBacking([]int{3, 0, 3}))), 0))
	},
	"greater as number": func(m *maker) *G.Node {
		x, y := m.in(3, 4), m.in(3, 4)
		return G.Must(G.HadamardProd(G.Must(G.Gt(x, y, true)), G.Must(G.Add(x, y))))
	},
	"the same twice": func(m *maker) *G.Node {
		x := m.in(3, 4)
		return G.Must(G.HadamardProd(x, G.Must(G.Add(x, G.Must(G.Tanh(x))))))
	},
	"reduce add": func(m *maker) *G.Node { return G.Must(G.ReduceAdd(G.Nodes{m.in(3, 4), m.in(3, 4), m.in(3, 4)})) },
}

// constant returns x as a number of the maker's type.
func (m *maker) constant(x float64) any {
	if m.dtype == tensor.Float32 {
		return float32(x)
	}
	return x
}

// TestOps: each op and its gradient give the same as on Gorgonia's machine, in both types, over steps of gradient descent.
func TestOps(t *testing.T) {
	for name, build := range ops {
		for _, dtype := range []tensor.Dtype{tensor.Float64, tensor.Float32} {
			t.Run(fmt.Sprint(name, "/", dtype), func(t *testing.T) {
				conform(t, program{name: name, build: func() *session {
					m := newMaker(dtype)
					y := build(m)
					s := m.session(squares(y), G.NewVanillaSolver(G.WithLearnRate(.01)))
					s.steps = 3
					s.shown = G.Nodes{y}
					return s
				}})
			})
		}
	}
}
