package graph_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/graph/graphtest"
	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/graph/vm"
)

// variable returns a leaf that reads the tensor's memory. Its shape may be a scalar's.
func variable(g *gorgonia.ExprGraph, name string, x tensor) *node {
	if len(x.Shape) == 0 {
		return gorgonia.NewScalar(g, gt.Float64, gorgonia.WithName(name), gorgonia.WithValue(x.Data[0]))
	}
	v := gt.New(gt.WithShape(x.Shape...), gt.WithBacking(x.Data))
	return gorgonia.NewTensor(g, gt.Float64, len(x.Shape), gorgonia.WithShape(x.Shape...), gorgonia.WithName(name), gorgonia.WithValue(v))
}

// derivatives compares the gradients of a cost, up to the given order and with respect to all x, with central differences. The cost of order
// k+1 is Σ v ⊙ g over the gradients g of the cost of order k, with random v.
func derivatives(orders int, x []tensor, build func(x nodes) (*node, error)) error {
	g := gorgonia.NewGraph()
	var in, outs nodes
	for i := range x {
		in = append(in, variable(g, fmt.Sprint("x", i), x[i]))
	}
	cost, err := build(in)
	if err != nil {
		return err
	}
	for k := range orders {
		grad, err := gradOrZero(cost, in)
		if err != nil {
			return fmt.Errorf("order %d: %w", k+1, err)
		}
		outs = append(append(outs, cost), grad...)
		cost = along(grad, uint64(k))
	}
	program, err := vm.Compile(outs, nil, vm.Config{Threads: 1})
	if err != nil {
		return err
	}
	run := func(n *node) ([]float64, error) {
		for i := range x {
			if len(x[i].Shape) == 0 {
				gorgonia.Let(in[i], x[i].Data[0])
			}
		}
		err := program.RunAll()
		return slices.Clone(program.Data(n).([]float64)), err
	}
	for k := range orders {
		at := k * (1 + len(x))
		for i := range x {
			got, err := run(outs[at+1+i])
			if err != nil {
				return err
			}
			for j := range x[i].Data {
				want, err := slope(func() (float64, error) {
					c, err := run(outs[at])
					return c[0], err
				}, &x[i].Data[j])
				if err != nil {
					return err
				}
				if !(math.Abs(got[j]-want) <= 1e-6*max(1, math.Abs(want))) {
					return fmt.Errorf("order %d: derivative with respect to element %d of input %d is %v, differences say %v", k+1, j, i, got[j], want)
				}
			}
		}
	}
	return nil
}

// gradOrZero is graph.Grad, but gives zeros where no path leads to the cost.
func gradOrZero(cost *node, x nodes) (g nodes, err error) {
	defer op.Catch(&err)
	g = op.Gradients(cost, op.One(cost), x...)
	for i := range g {
		if g[i] == nil {
			g[i] = op.Scaled(0).Apply(x[i])
		}
	}
	return g, nil
}

// along is Σ v ⊙ g with random v.
func along(g nodes, seed uint64) (sum *node) {
	for i, n := range g {
		v := variable(n.Graph(), fmt.Sprintf("v%d.%d", seed, i), graphtest.Random(n.Shape(), 100*seed+uint64(i)))
		c := op.Inner.Apply(n, v)
		if sum == nil {
			sum = c
		} else {
			sum = op.Add.Apply(sum, c)
		}
	}
	return sum
}

// slope returns the derivative of f with respect to *x from differences of fourth order in the step.
func slope(f func() (float64, error), x *float64) (float64, error) {
	const h = 1e-3
	at, sum := *x, 0.0
	defer func() { *x = at }()
	for _, s := range []struct{ step, weight float64 }{{h, 8}, {-h, -8}, {2 * h, -1}, {-2 * h, 1}} {
		*x = at + s.step
		c, err := f()
		if err != nil {
			return 0, err
		}
		sum += s.weight * c
	}
	return sum / (12 * h), nil
}

// unary is the sum of one of Gorgonia's functions of a tensor, where each element has its own weight.
func unary(f func(*node) (*node, error)) func(x nodes) (*node, error) {
	return func(x nodes) (*node, error) {
		y, err := f(x[0])
		if err != nil {
			return nil, err
		}
		return along(nodes{y}, 9), nil
	}
}

func binary(f func(a, b *node) (*node, error)) func(x nodes) (*node, error) {
	return func(x nodes) (*node, error) {
		y, err := f(x[0], x[1])
		if err != nil {
			return nil, err
		}
		return along(nodes{y}, 9), nil
	}
}

// above is Random with numbers above 1/2.
func above(s shape) tensor {
	t := graphtest.Random(s, 3)
	for i, v := range t.Data {
		t.Data[i] = .5 + math.Abs(v)
	}
	return t
}

// TestGradStock: derivatives of three orders of Gorgonia's own ops.
func TestGradStock(t *testing.T) {
	axes := func(f func(*node, ...int) (*node, error), along ...int) func(nodes) (*node, error) {
		return unary(func(x *node) (*node, error) { return f(x, along...) })
	}
	v, w, m := above(shape{3}), graphtest.Random(shape{3}, 4), above(shape{3, 4})
	s, r, b := above(shape{}), graphtest.Random(shape{4, 2}, 5), graphtest.Random(shape{2, 3, 4}, 6)
	img := graphtest.Spread(shape{1, 2, 4, 4}, 7)
	for _, c := range []struct {
		name  string
		x     []tensor
		build func(nodes) (*node, error)
	}{
		{"neg", []tensor{v}, unary(gorgonia.Neg)},
		{"square", []tensor{v}, unary(gorgonia.Square)},
		{"cube", []tensor{v}, unary(gorgonia.Cube)},
		{"sqrt", []tensor{v}, unary(gorgonia.Sqrt)},
		{"exp", []tensor{v}, unary(gorgonia.Exp)},
		{"log", []tensor{v}, unary(gorgonia.Log)},
		{"log2", []tensor{v}, unary(gorgonia.Log2)},
		{"log1p", []tensor{v}, unary(gorgonia.Log1p)},
		{"expm1", []tensor{v}, unary(gorgonia.Expm1)},
		{"sin", []tensor{v}, unary(gorgonia.Sin)},
		{"cos", []tensor{v}, unary(gorgonia.Cos)},
		{"tanh", []tensor{v}, unary(gorgonia.Tanh)},
		{"sigmoid", []tensor{v}, unary(gorgonia.Sigmoid)},
		{"softplus", []tensor{v}, unary(gorgonia.Softplus)},
		{"inverse", []tensor{v}, unary(gorgonia.Inverse)},
		{"inversesqrt", []tensor{v}, unary(gorgonia.InverseSqrt)},
		{"abs", []tensor{v}, unary(gorgonia.Abs)},
		{"rectify", []tensor{graphtest.Spread(shape{5}, 1)}, unary(func(x *node) (*node, error) {
			return gorgonia.HadamardProd(gorgonia.Must(gorgonia.Rectify(x)), gorgonia.Must(gorgonia.Square(x)))
		})},
		{"scalar square", []tensor{s}, unary(gorgonia.Square)},
		{"scalar sigmoid", []tensor{s}, unary(gorgonia.Sigmoid)},
		{"add", []tensor{v, w}, binary(gorgonia.Add)},
		{"sub", []tensor{v, w}, binary(gorgonia.Sub)},
		{"hadamard", []tensor{v, w}, binary(gorgonia.HadamardProd)},
		{"div", []tensor{w, v}, binary(gorgonia.HadamardDiv)},
		{"pow", []tensor{v, w}, binary(gorgonia.Pow)},
		{"scalar pow", []tensor{s, above(shape{})}, binary(gorgonia.Pow)},
		{"scalar times vector", []tensor{s, v}, binary(gorgonia.Mul)},
		{"vector minus scalar", []tensor{v, s}, binary(gorgonia.Sub)},
		{"scalar over vector", []tensor{s, v}, binary(gorgonia.HadamardDiv)},
		{"vector over scalar", []tensor{v, s}, binary(gorgonia.HadamardDiv)},
		{"matrix product", []tensor{m, r}, binary(gorgonia.Mul)},
		{"matrix vector", []tensor{graphtest.Random(shape{4, 3}, 5), v}, binary(gorgonia.Mul)},
		{"vector matrix", []tensor{v, m}, binary(gorgonia.Mul)},
		{"dot", []tensor{v, w}, binary(gorgonia.Mul)},
		{"outer", []tensor{v, graphtest.Random(shape{4}, 5)}, binary(gorgonia.OuterProd)},
		{"batched", []tensor{b, graphtest.Random(shape{2, 4, 2}, 7)}, binary(func(a, b *node) (*node, error) { return gorgonia.BatchedMatMul(a, b) })},
		{"tensordot", []tensor{m, r}, binary(func(a, b *node) (*node, error) { return gorgonia.Tensordot([]int{1}, []int{0}, a, b) })},
		{"broadcast add", []tensor{m, graphtest.Random(shape{1, 4}, 8)}, binary(func(a, b *node) (*node, error) { return gorgonia.BroadcastAdd(a, b, nil, []byte{0}) })},
		{"broadcast product", []tensor{m, graphtest.Random(shape{3}, 8)}, binary(func(a, b *node) (*node, error) {
			return gorgonia.BroadcastHadamardProd(a, b, nil, []byte{1})
		})},
		{"sum", []tensor{m}, axes(gorgonia.Sum)},
		{"sum 0", []tensor{m}, axes(gorgonia.Sum, 0)},
		{"sum 1", []tensor{m}, axes(gorgonia.Sum, 1)},
		{"sum 0 2", []tensor{b}, axes(gorgonia.Sum, 0, 2)},
		{"mean", []tensor{m}, axes(gorgonia.Mean)},
		{"mean 1", []tensor{m}, axes(gorgonia.Mean, 1)},
		{"max", []tensor{m}, axes(gorgonia.Max)},
		{"max 1", []tensor{m}, axes(gorgonia.Max, 1)},
		{"norm", []tensor{v}, unary(func(x *node) (*node, error) { return gorgonia.Norm(x, 0, 2) })},
		{"slice", []tensor{v}, unary(func(x *node) (*node, error) { return gorgonia.Slice(x, gorgonia.S(1)) })},
		{"slices", []tensor{m}, unary(func(x *node) (*node, error) { return gorgonia.Slice(x, gorgonia.S(1, 3), gorgonia.S(0, 2)) })},
		{"reshape", []tensor{m}, unary(func(x *node) (*node, error) { return gorgonia.Reshape(x, shape{2, 6}) })},
		{"transpose", []tensor{m}, unary(func(x *node) (*node, error) { return gorgonia.Transpose(x) })},
		{"concat", []tensor{m, graphtest.Random(shape{2, 4}, 9)}, binary(func(a, b *node) (*node, error) { return gorgonia.Concat(0, a, b) })},
		{"softmax", []tensor{m}, unary(func(x *node) (*node, error) { return gorgonia.SoftMax(x) })},
		{"conv", []tensor{img, graphtest.Random(shape{3, 2, 3, 3}, 8)}, binary(func(a, b *node) (*node, error) {
			return gorgonia.Conv2d(a, b, gt.Shape{3, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1})
		})},
		{"maxpool", []tensor{img}, unary(func(x *node) (*node, error) {
			return gorgonia.MaxPool2D(x, gt.Shape{2, 2}, []int{0, 0}, []int{2, 2})
		})},
		{"avgpool", []tensor{img}, unary(func(x *node) (*node, error) {
			return gorgonia.AveragePool2D(x, gt.Shape{2, 2}, []int{0, 0}, []int{2, 2})
		})},
		{"min", []tensor{v, w}, binary(gorgonia.MinBetween)},
		{"max between", []tensor{v, w}, binary(gorgonia.MaxBetween)},
		{"leaky", []tensor{graphtest.Spread(shape{5}, 1)}, unary(func(x *node) (*node, error) { return gorgonia.LeakyRelu(x, .1) })},
		{"log softmax", []tensor{m}, unary(func(x *node) (*node, error) { return gorgonia.LogSoftMax(x) })},
		{"log of softmax", []tensor{m}, unary(func(x *node) (*node, error) { return gorgonia.Log(gorgonia.Must(gorgonia.SoftMax(x))) })},
		{"log(1+x)", []tensor{v}, unary(func(x *node) (*node, error) {
			return gorgonia.Log(gorgonia.Must(gorgonia.Add(x, gorgonia.NewConstant(1.0))))
		})},
		{"(1+x)^y", []tensor{v, w}, binary(func(x, y *node) (*node, error) {
			return gorgonia.Pow(gorgonia.Must(gorgonia.Add(x, gorgonia.NewConstant(1.0))), y)
		})},
		{"negative cubed", []tensor{w}, unary(func(x *node) (*node, error) { return gorgonia.Pow(x, gorgonia.NewConstant(3.0)) })},
		{"log sigmoid", []tensor{w}, unary(func(x *node) (*node, error) { return gorgonia.Log(gorgonia.Must(gorgonia.Sigmoid(x))) })},
		{"xent", []tensor{v}, func(x nodes) (*node, error) {
			y := variable(x[0].Graph(), "target", tensor{Shape: shape{3}, Data: []float64{0, 1, .5}})
			c, err := gorgonia.BinaryXent(gorgonia.Must(gorgonia.Sigmoid(x[0])), y)
			if err != nil {
				return nil, err
			}
			return gorgonia.Mean(c)
		}},
		{"step", []tensor{v, w}, binary(func(x, y *node) (*node, error) {
			return gorgonia.HadamardProd(gorgonia.Must(gorgonia.Gt(x, y, true)), gorgonia.Must(gorgonia.Square(x)))
		})},
		{"global", []tensor{img}, unary(gorgonia.GlobalAveragePool2D)},
	} {
		if err := derivatives(3, c.x, c.build); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		squares := func(x nodes) (*node, error) {
			y := slices.Clone(x)
			for i := range y {
				y[i] = op.Hadamard.Apply(x[i], x[i])
			}
			return c.build(y)
		}
		if err := derivatives(3, c.x, squares); err != nil {
			t.Errorf("%s of squares: %v", c.name, err)
		}
	}
}

// TestGradLayers: derivatives of three orders of costs made of our ops, as layers and losses build them, with respect to inputs, weights and
// labels.
func TestGradLayers(t *testing.T) {
	x, w, y := graphtest.Random(shape{3, 4}, 1), graphtest.Random(shape{4, 2}, 2), above(shape{3, 2})
	img, k := graphtest.Spread(shape{2, 2, 4, 4}, 3), graphtest.Random(shape{2, 2, 3, 3}, 4)
	row, two := graphtest.Random(shape{4}, 5), graphtest.Random(shape{2}, 6)
	batchNorm := func(x nodes) *node { return op.BatchNorm(.1).Apply(x[0], op.MomentsOf(x[0]), x[1], x[2]) }
	flat := func(x *node) *node { return op.Reshape(shape{2, x.Shape().TotalSize() / 2}).Apply(x) }
	for _, c := range []struct {
		name  string
		x     []tensor
		build func(x nodes) *node
	}{
		{"tanh and quadratic", []tensor{x, w, y}, func(x nodes) *node { return op.Quadratic.Apply(op.Tanh.Apply(op.Linear.Apply(x[0], x[1])), x[2]) }},
		{"sigmoid and cross-entropy", []tensor{x, w, two, y}, func(x nodes) *node {
			return op.CrossEntropy.Apply(op.Affine.Apply(op.Sigmoid.Apply(x[0]), x[1], x[2]), x[3])
		}},
		{"log-likelihood", []tensor{x, w, y}, func(x nodes) *node { return op.NLL.Apply(op.Linear.Apply(op.GELU.Apply(x[0]), x[1]), x[2]) }},
		{"softmax", []tensor{x, w, y}, func(x nodes) *node {
			return op.Quadratic.Apply(op.Softmax.Apply(op.Linear.Apply(op.SiLU.Apply(x[0]), x[1])), x[2])
		}},
		{"one weight twice", []tensor{x, graphtest.Random(shape{4, 4}, 7)}, func(x nodes) *node {
			y := op.Tanh.Apply(op.Linear.Apply(op.Linear.Apply(x[0], x[1]), x[1]))
			return op.Inner.Apply(y, op.Hadamard.Apply(y, y))
		}},
		{"gradient op of one node twice", []tensor{x}, func(x nodes) *node { return along(nodes{op.DTanh.Apply(x[0], x[0])}, 9) }},
		{"gradient op of a node and its function", []tensor{x}, func(x nodes) *node {
			return along(nodes{op.DSoftmax.Apply(op.Tanh.Apply(x[0]), x[0])}, 9)
		}},
		{"convolution and pooling", []tensor{img, k, two}, func(x nodes) *node {
			y := op.MaxPool(2).Apply(op.LeakyReLU(.1).Apply(op.Conv(op.Convolution{PadRows: 1, PadCols: 1}).Apply(x...)))
			return along(nodes{op.Sigmoid.Apply(op.AvgPool(2).Apply(y))}, 9)
		}},
		{"means of maps", []tensor{img}, func(x nodes) *node { return along(nodes{op.Sigmoid.Apply(op.MapMeans.Apply(x[0]))}, 9) }},
		{"batch norm", []tensor{x, row, graphtest.Random(shape{4}, 9)}, func(x nodes) *node { return along(nodes{op.Tanh.Apply(batchNorm(x))}, 9) }},
		{"batch norm of maps", []tensor{graphtest.Random(shape{2, 2, 2, 2}, 8), two, graphtest.Random(shape{2}, 9)}, func(x nodes) *node {
			return along(nodes{op.Tanh.Apply(batchNorm(x))}, 9)
		}},
		{"layer norm", []tensor{x, row, graphtest.Random(shape{4}, 9)}, func(x nodes) *node { return along(nodes{op.Tanh.Apply(op.LayerNorm.Apply(x...))}, 9) }},
		{"attention", []tensor{graphtest.Random(shape{2, 3, 12}, 1)}, func(x nodes) *node { return along(nodes{op.Tanh.Apply(flat(op.Attention(2).Apply(x[0])))}, 9) }},
		{"concat and part", []tensor{img, graphtest.Spread(shape{2, 2, 4, 4}, 8)}, func(x nodes) *node {
			y := flat(op.Part(1, 3).Apply(op.Concat(2).Apply(x...)))
			return along(nodes{op.Tanh.Apply(y)}, 9)
		}},
	} {
		if err := derivatives(3, c.x, func(x nodes) (*node, error) { return c.build(x), nil }); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestGradCube differentiates x³ three times, for x of either element type, a scalar or a matrix, with and without Gorgonia's derivatives in the
// same graph.
func TestGradCube(t *testing.T) {
	for _, dt := range []gt.Dtype{gt.Float32, gt.Float64} {
		for _, theirs := range []bool{false, true} {
			g := gorgonia.NewGraph()
			x := gorgonia.NewScalar(g, dt, gorgonia.WithName("x"), gorgonia.WithValue(map[gt.Dtype]any{gt.Float32: float32(2), gt.Float64: 2.0}[dt]))
			y := gorgonia.Must(gorgonia.Mul(x, gorgonia.Must(gorgonia.Mul(x, x))))
			outs := nodes{y}
			if theirs {
				if _, err := gorgonia.Grad(y, x); err != nil {
					t.Fatal(err)
				}
			}
			deriv := x.Deriv()
			for range 3 {
				d, err := graph.Grad(outs[len(outs)-1], x)
				if err != nil {
					t.Fatal(err)
				}
				outs = append(outs, d[0])
			}
			if x.Deriv() != deriv || y.Deriv() != nil != theirs {
				t.Error("Grad changed what Gorgonia knows of derivatives")
			}
			program, err := vm.Compile(outs, nil, vm.Config{})
			if err != nil {
				t.Fatal(err)
			}
			if err := program.RunAll(); err != nil {
				t.Fatal(err)
			}
			for i, want := range []float64{8, 12, 12, 6} {
				if got := fmt.Sprint(program.Data(outs[i])); got != fmt.Sprint([]float64{want}) {
					t.Errorf("%v: derivative %d of x³ at 2 is %v, want %v", dt, i, got, want)
				}
			}
		}
	}
}

// TestGradOfResult differentiates with respect to an op's result, and to the cost itself.
func TestGradOfResult(t *testing.T) {
	g := gorgonia.NewGraph()
	x := variable(g, "x", tensor{Shape: shape{2}, Data: []float64{1, 3}})
	y := op.Hadamard.Apply(x, x)
	c := op.Inner.Apply(y, y)
	d, err := graph.Grad(c, x, y, c)
	if err != nil {
		t.Fatal(err)
	}
	program, err := vm.Compile(d, nil, vm.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := program.RunAll(); err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]float64{{4, 108}, {2, 18}, {1}} { // 4x³, 2y, 1
		if got := program.Data(d[i]); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("gradient %d is %v, want %v", i, got, want)
		}
	}
}

func TestGradErrors(t *testing.T) {
	g := gorgonia.NewGraph()
	x, m := variable(g, "x", graphtest.Random(shape{3}, 1)), variable(g, "m", graphtest.Random(shape{1, 1, 4, 4}, 1))
	unused := variable(g, "unused", graphtest.Random(shape{3}, 1))
	must := gorgonia.Must
	sum := must(gorgonia.Sum(x))
	pooled := must(gorgonia.MaxPool2D(m, gt.Shape{2, 2}, []int{0, 0}, []int{1, 1}))
	once, err := graph.Grad(must(gorgonia.Sum(must(gorgonia.Square(pooled)))), m)
	if err != nil {
		t.Fatal(err)
	}
	steps := &op.Op{Name: "steps", Shape: op.ReLU.Shape, F32: op.ReLU.F32, F64: op.ReLU.F64}
	integer := gorgonia.NewScalar(g, gt.Int, gorgonia.WithName("i"))
	for _, c := range []struct {
		cost *node
		wrt  nodes
		want string
	}{
		{x, nodes{x}, "graph: the cost x :: Vector float64 has shape (3); use a scalar"},
		{nil, nodes{x}, "graph: the cost is nil"},
		{sum, nodes{x, nil}, "graph: node 1 to differentiate with respect to is nil"},
		{sum, nodes{gorgonia.NewScalar(gorgonia.NewGraph(), gt.Float64, gorgonia.WithName("y"))}, "graph: node y :: float64 belongs to another graph than the cost"},
		{sum, nodes{x, unused}, "graph: node unused :: Vector float64 has no path of gradients to the cost"},
		{must(gorgonia.Sum(must(gorgonia.Sign(x)))), nodes{x}, "graph: node x :: Vector float64 has no path of gradients to the cost"},
		{integer, nodes{integer}, "graph: i :: int is of int; use float32 or float64"},
		{must(gorgonia.At(x, 1)), nodes{x}, "graph: gradient of At([1]): the op has no gradient rule; use another"},
		{op.Inner.Apply(steps.Apply(x), x), nodes{x}, "graph: gradient of steps: the op has no gradient rule; use another"},
		{must(gorgonia.Sum(must(gorgonia.Square(once[0])))), nodes{m}, "graph: gradient of MaxPoolDiff{1, 1, 4, 4}(kernel: (2, 2), pad: (0, 0), stride: (1, 1)): the op has no gradient rule"},
	} {
		if _, err := graph.Grad(c.cost, c.wrt...); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("error %v, want %s…", err, c.want)
		}
	}
	if d, err := graph.Grad(sum); err != nil || len(d) != 0 {
		t.Errorf("with respect to nothing: %v, %v", d, err)
	}
}
