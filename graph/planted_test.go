package graph_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/graph/op"
)

// layerFunc turns a test's function into a layer.
type layerFunc func(b *graph.Builder, x *node) *node

func (f layerFunc) Build(b *graph.Builder, x *node) *node { return f(b, x) }

// on applies op to the previous layer and parameters of the given shapes.
func on(o *graph.Op, params ...shape) graph.Layer {
	return layerFunc(func(b *graph.Builder, x *node) *node {
		in := nodes{x}
		for _, s := range params {
			in = append(in, b.Param(b.Name("param"), s, 1, true))
		}
		return o.Apply(in...)
	})
}

// onTanh applies op to x and tanh x.
func onTanh(o *graph.Op) graph.Layer {
	return layerFunc(func(b *graph.Builder, x *node) *node { return o.Apply(x, graph.Tanh.Build(b, x)) })
}

// flat reshapes by an op of the test's own.
func flat(wrong func(*graph.Op) *graph.Op) graph.Layer {
	return layerFunc(func(_ *graph.Builder, x *node) *node {
		m := x.Shape()[0]
		return wrong(op.Reshape(shape{m, x.Shape().TotalSize() / m})).Apply(x)
	})
}

// lossOf makes a loss of an op.
func lossOf(o *graph.Op) *graph.Loss {
	return &graph.Loss{Name: o.Name, Cost: func(_ *graph.Builder, y, label *node) *node { return o.Apply(y, label) }}
}

// with returns op with another gradient rule.
func with(o *graph.Op, input int, rule graph.Rule) *graph.Op {
	wrong := *o
	wrong.Name += "/wrong"
	wrong.Grad = slices.Clone(o.Grad)
	wrong.Grad[input] = rule
	return &wrong
}

// of is a rule dx = f(y, dy) element by element.
func of(f func(y, dy float64) float64) graph.Rule {
	return func(_ nodes, y, dy *node) *node { return made("of", f).Apply(y, dy) }
}

// times is the right rule's result, times a factor.
func times(o *graph.Op, input int, factor float64) graph.Rule {
	return func(x nodes, y, dy *node) *node {
		dx := o.Grad[input](x, y, dy)
		return made("times", func(a, _ float64) float64 { return factor * a }).Apply(dx, dx)
	}
}

// made is an op c = f(a, b), element by element, for making wrong rules.
func made(name string, f func(a, b float64) float64) *graph.Op {
	return rearranged(name, func(x []shape) shape { return x[0] }, func(y tensor, x []tensor) {
		for i := range y.Data {
			y.Data[i] = f(x[0].Data[i], x[1].Data[i])
		}
	})
}

func rearranged(name string, s func([]shape) shape, f func(y tensor, x []tensor)) *graph.Op {
	return &graph.Op{Name: "test/" + name, F64: f, Shape: func(x []shape) (shape, error) { return s(x).Clone(), nil }}
}

// transposed is xᵀ, flipped reverses every filter of x, and shared gives every element of a window its dy.
var (
	transposed = rearranged("transposed", func(x []shape) shape { return shape{x[0][1], x[0][0]} }, func(y tensor, x []tensor) {
		for i, v := range x[0].Data {
			n := x[0].Shape[1]
			y.Data[i%n*y.Shape[1]+i/n] = v
		}
	})
	flipped = rearranged("flipped", func(x []shape) shape { return x[0] }, func(y tensor, x []tensor) {
		copy(y.Data, x[0].Data)
		for filter := range slices.Chunk(y.Data, y.Shape[2]*y.Shape[3]) {
			slices.Reverse(filter)
		}
	})
	shared = rearranged("shared", func(x []shape) shape { return x[0] }, func(y tensor, x []tensor) {
		rows, cols := y.Shape[2], y.Shape[3]
		for i := range y.Data {
			m, r, c := i/(rows*cols), i/cols%rows/2, i%cols/2
			y.Data[i] = x[1].Data[(m*(rows/2)+r)*(cols/2)+c]
		}
	})
	first = rearranged("first", func(x []shape) shape { return x[0] }, func(y tensor, x []tensor) {
		rows, cols := y.Shape[2], y.Shape[3]
		for i := range y.Data {
			m, r, c := i/(rows*cols), i/cols%rows, i%cols
			y.Data[i] = 0
			if r%2 == 0 && c%2 == 0 {
				y.Data[i] = x[1].Data[(m*(rows/2)+r/2)*(cols/2)+c/2]
			}
		}
	})
	reversed = rearranged("reversed", func(x []shape) shape { return x[0] }, func(y tensor, x []tensor) {
		copy(y.Data, x[1].Data)
		slices.Reverse(y.Data)
	})
)

// withoutBias is affine with a kernel that forgets the bias, which its gradient does not.
func withoutBias() *graph.Op {
	wrong := with(op.Affine, 0, op.Affine.Grad[0])
	wrong.F64 = func(y tensor, x []tensor) {
		op.Affine.F64(y, []tensor{x[0], x[1], {Shape: x[2].Shape, Data: make([]float64, len(x[2].Data))}})
	}
	return wrong
}

// plant is a network that passes the check, and the same network with a mistake in it.
type plant struct {
	name         string
	before       graph.Layer // of both; the layer in question follows, and then one for three classes
	right, wrong graph.Layer
}

// wrong1 is a plant in which an op with one input has another rule.
func wrong1(name string, before graph.Layer, o *graph.Op, rule graph.Rule) plant {
	return plant{name, before, on(o), on(with(o, 0, rule))}
}

// wrongAffine and wrongConv are plants with another rule for one of three inputs.
func wrongAffine(name string, input int, rule graph.Rule) plant {
	wrong := with(op.Affine, input, rule)
	return plant{name, dense4, on(op.Affine, shape{4, 4}, shape{4}), on(wrong, shape{4, 4}, shape{4})}
}

func wrongConv(name string, input int, rule graph.Rule) plant {
	return plant{name, conv2, on(valid, shape{3, 2, 3, 3}, shape{3}), on(with(valid, input, rule), shape{3, 2, 3, 3}, shape{3})}
}

var (
	dense4 = graph.Dense{Out: 4}
	conv2  = graph.Conv{Out: 2, Kernel: 2}
	valid  = op.Conv(op.Convolution{})
	stem   = op.Windows{Rows: 3, Cols: 3, StrideRows: 2, StrideCols: 2, PadRows: 1, PadCols: 1}
)

// planted are mistakes that people make in backpropagation, one at a time.
var planted = []plant{
	wrong1("σ in place of σ′", dense4, op.Sigmoid, of(func(y, dy float64) float64 { return y * dy })),
	wrong1("1−σ in place of σ′", dense4, op.Sigmoid, of(func(y, dy float64) float64 { return (1 - y) * dy })),
	wrong1("σ′ without dy", dense4, op.Sigmoid, of(func(y, _ float64) float64 { return y * (1 - y) })),
	wrong1("no σ′ in a hidden layer", dense4, op.Sigmoid, of(func(_, dy float64) float64 { return dy })),
	wrong1("σ′ with the wrong sign", dense4, op.Sigmoid, times(op.Sigmoid, 0, -1)),
	wrong1("σ′ off by a thousandth", dense4, op.Sigmoid, times(op.Sigmoid, 0, 1.001)),
	wrong1("1−tanh in place of 1−tanh²", dense4, op.Tanh, of(func(y, dy float64) float64 { return dy * (1 - y) })),
	wrong1("ReLU passes every gradient", dense4, op.ReLU, of(func(_, dy float64) float64 { return dy })),
	wrong1("ReLU of the gradient", dense4, op.ReLU, of(func(_, dy float64) float64 { return max(0, dy) })),
	wrong1("max-pooling passes to the whole window", conv2, op.MaxPool(2), func(x nodes, _, dy *node) *node { return shared.Apply(x[0], dy) }),
	wrong1("leaky ReLU does not leak back", dense4, op.LeakyReLU(.3), of(func(y, dy float64) float64 { return dy * is(y > 0) })),
	wrong1("ELU's gradient without what e^x leaves", dense4, op.ELU(1), of(func(y, dy float64) float64 { return dy * is(y > 0) })),
	wrong1("max-pooling over windows that overlap has the mean's gradient", conv2, op.MaxWindows(stem, 2, 2), func(x nodes, _, dy *node) *node {
		return op.DAvgWindows(stem, x[0].Shape()).Apply(dy)
	}),
	wrong1("GELU's gradient is the sigmoid's", dense4, op.GELU, of(func(y, dy float64) float64 { return dy * y * (1 - y) })),
	wrong1("SiLU's gradient at y in place of x", dense4, op.SiLU, func(_ nodes, y, dy *node) *node { return op.DSiLU.Apply(y, dy) }),
	wrong1("softmax's gradient element by element", dense4, op.Softmax, of(func(p, dp float64) float64 { return dp * p * (1 - p) })),
	wrong1("average pooling passes all to each", conv2, op.AvgPool(2), times(op.AvgPool(2), 0, 4)),
	wrong1("a map's mean passes all to each", conv2, op.MapMeans, times(op.MapMeans, 0, 16)),
	wrong1("max-pooling passes to the first", conv2, op.MaxPool(2), func(x nodes, _, dy *node) *node { return first.Apply(x[0], dy) }),

	wrongAffine("W in place of Wᵀ", 0, func(x nodes, _, dy *node) *node { return op.MulT.Apply(dy, transposed.Apply(x[1])) }),
	wrongAffine("dW transposed", 1, func(x nodes, _, dy *node) *node { return transposed.Apply(op.TMul.Apply(x[0], dy)) }),
	wrongAffine("dW with the wrong sign", 1, times(op.Affine, 1, -1)),
	wrongAffine("no bias gradient", 2, times(op.Affine, 2, 0)),
	wrongAffine("the bias gradient is the mean", 2, times(op.Affine, 2, 1./3)),
	{"the bias is forgotten forward", dense4, on(op.Affine, shape{4, 4}, shape{4}), on(withoutBias(), shape{4, 4}, shape{4})},

	wrongConv("filters flipped on the way back", 0, func(x nodes, _, dy *node) *node {
		return op.DConvX(op.Convolution{}, x[0].Shape()).Apply(dy, flipped.Apply(x[1]))
	}),
	wrongConv("the filters' gradient flipped", 1, func(x nodes, _, dy *node) *node {
		return flipped.Apply(op.DConvK(op.Convolution{}, x[1].Shape()).Apply(x[0], dy))
	}),
	wrongConv("the maps' bias gradient averaged over places", 2, times(valid, 2, 1./4)),

	{"a mask forward, none back", dense4, onTanh(op.Hadamard), onTanh(with(op.Hadamard, 0, func(_ nodes, _, dy *node) *node { return dy }))},
	{"a mask's gradient times the wrong input", dense4, onTanh(op.Hadamard), onTanh(with(op.Hadamard, 0, op.Hadamard.Grad[1]))},
	{"no gradient through a skip connection", dense4, onTanh(op.Add), onTanh(with(op.Add, 0, times(op.Add, 0, 0)))},
	{"a skip connection's gradient twice", dense4, onTanh(op.Add), onTanh(with(op.Add, 0, times(op.Add, 0, 2)))},
	{"branches get each other's gradients", dense4, onTanh(op.Concat(2)), onTanh(with(op.Concat(2), 1, op.Concat(2).Grad[0]))},
	{"a reshape's gradient in another order", conv2, flat(func(o *graph.Op) *graph.Op { return o }), flat(func(o *graph.Op) *graph.Op {
		return with(o, 0, func(x nodes, _, dy *node) *node { return reversed.Apply(x[0], dy) })
	})},
}

// wrongNorm is a plant whose batch norm has another rule for one of its inputs x, moments, γ and β.
func wrongNorm(name string, input int, rule graph.Rule) plant {
	return plant{name, conv2, norm(op.MomentsOf, normOp), norm(op.MomentsOf, with(normOp, input, rule))}
}

// wrongMoments is a plant whose batch norm normalizes by other moments than its gradient assumes.
func wrongMoments(name string, moments func(x *node) *node) plant {
	return plant{name, conv2, norm(op.MomentsOf, normOp), norm(moments, normOp)}
}

const eps = .01

var normOp = op.BatchNorm(eps)

func norm(moments func(x *node) *node, o *graph.Op) graph.Layer {
	return layerFunc(func(b *graph.Builder, x *node) *node {
		c := shape{x.Shape()[1]}
		return o.Apply(x, moments(x), b.Param("gamma", c, 1, false), b.Param("beta", c, 1, false))
	})
}

// sums are Σ dy and Σ dy x̂, times two factors.
func sums(x nodes, dy *node, sum, product float64) *node {
	scaled := rearranged(fmt.Sprint("scaled ", sum, product), func(x []shape) shape { return x[0] }, func(y tensor, x []tensor) {
		for i, v := range x[0].Data {
			y.Data[i] = v * []float64{sum, product}[i/y.Shape[1]]
		}
	})
	return scaled.Apply(op.SumExamples(op.MapSums(eps).Apply(x[0], x[1], dy)))
}

// dNorm is batch norm's gradient for x, with n numbers in a map and with other sums.
func dNorm(n int, sum, product float64) graph.Rule {
	return func(x nodes, _, dy *node) *node {
		return op.DBatchNorm(eps, n).Apply(x[0], x[1], x[2], dy, sums(x, dy, sum, product))
	}
}

// changed is an op that changes the moments (2,c).
func changed(name string, f func(row int, v float64) float64) *graph.Op {
	return rearranged(name, func(x []shape) shape { return x[0] }, func(y tensor, x []tensor) {
		for i, v := range x[0].Data {
			y.Data[i] = f(i/y.Shape[1], v)
		}
	})
}

// plantedNorms are mistakes in batch norm, for 3 examples with maps of 4×4.
var plantedNorms = []plant{
	wrongNorm("batch norm without the mean's gradient", 0, dNorm(3*16, 0, 1)),
	wrongNorm("batch norm without the variance's gradient", 0, dNorm(3*16, 1, 0)),
	wrongNorm("batch norm whose moments are constants", 0, dNorm(3*16, 0, 0)),
	wrongNorm("batch norm's mean term twice", 0, dNorm(3*16, 2, 1)),
	wrongNorm("batch norm's sums divided by the examples alone", 0, dNorm(3, 1, 1)),
	wrongNorm("batch norm's sums divided by n−1", 0, dNorm(3*16-1, 1, 1)),
	wrongNorm("batch norm's gradient has another eps", 0, func(x nodes, y, dy *node) *node {
		return op.BatchNorm(2 * eps).Grad[0](x, y, dy)
	}),
	wrongNorm("batch norm's gradient forgets γ", 0, func(x nodes, y, dy *node) *node {
		one := made("ones", func(float64, float64) float64 { return 1 }).Apply(x[2], x[2])
		return normOp.Grad[0](nodes{x[0], x[1], one, x[3]}, y, dy)
	}),
	wrongNorm("γ has β's gradient", 2, normOp.Grad[3]),
	wrongNorm("γ's gradient is averaged", 2, times(normOp, 2, 1./(3*16))),
	wrongNorm("β's gradient is averaged", 3, times(normOp, 3, 1./(3*16))),
	wrongMoments("batch norm divides by the unbiased variance", func(x *node) *node {
		return changed("unbiased", func(row int, v float64) float64 { return v * (1 + float64(row)/(3*16-1)) }).Apply(op.MomentsOf(x))
	}),
	wrongMoments("batch norm's variance forgets the places", func(x *node) *node {
		return op.JoinMoments(1).Apply(op.MapMoments.Apply(x))
	}),
	wrongMoments("batch norm trains on the running statistics", func(x *node) *node {
		return changed("running", func(row int, _ float64) float64 { return float64(row) }).Apply(op.MomentsOf(x))
	}),
}

// plantedCosts are costs, right and wrong.
var plantedCosts = []struct {
	name         string
	right, wrong *graph.Op
}{
	{"quadratic without 1/m", op.Quadratic, with(op.Quadratic, 0, times(op.Quadratic, 0, 3))},
	{"quadratic without ½", op.Quadratic, with(op.Quadratic, 0, times(op.Quadratic, 0, 2))},
	{"cross-entropy's gradient at σ(z) is that at z", op.CrossEntropy, with(op.CrossEntropy, 0, op.Quadratic.Grad[0])},
	{"cross-entropy with softmax's gradient", op.CrossEntropy, with(op.CrossEntropy, 0, op.NLL.Grad[0])},
	{"log-likelihood with the sigmoid's gradient", op.NLL, with(op.NLL, 0, op.CrossEntropy.Grad[0])},
	{"log-likelihood uphill", op.NLL, with(op.NLL, 0, times(op.NLL, 0, -1))},
	{"log-likelihood without the label", op.NLL, with(op.NLL, 0, func(x nodes, _, dy *node) *node { return op.Softmax.Apply(x[0]) })},
}

// TestPlanted: the check passes each network as it is, and fails it with the mistake.
func TestPlanted(t *testing.T) {
	for _, p := range slices.Concat(planted, plantedNorms) {
		right := graph.Seq{p.before, p.right, graph.Dense{Out: 3}}
		wrong := graph.Seq{p.before, p.wrong, graph.Dense{Out: 3}}
		compare(t, p.name, right, wrong, graph.LogLikelihood, graph.LogLikelihood)
	}
	for _, p := range plantedCosts {
		net := graph.Seq{dense4, graph.Sigmoid, graph.Dense{Out: 3}}
		compare(t, p.name, net, net, lossOf(p.right), lossOf(p.wrong))
	}
}

func compare(t *testing.T, name string, right, wrong graph.Layer, loss, wrongLoss *graph.Loss) {
	t.Helper()
	if bad := check(t, right, loss); len(bad) > 0 {
		t.Errorf("%s: found in the right network: %+v", name, bad)
	}
	if bad := check(t, wrong, wrongLoss); len(bad) == 0 {
		t.Errorf("%s: not found", name)
	}
}

// check returns what GradCheck finds wrong with a network.
func check(t *testing.T, l graph.Layer, loss *graph.Loss) (bad []graph.GradResult) {
	t.Helper()
	n, err := graph.New(l, loss, shape{2, 5, 5}, graph.Config{Seed: 3, Float64: true})
	if err != nil {
		t.Fatal(err)
	}
	x, labels := examples(3, n.Input, n.Outputs)
	results, err := graph.GradCheck(n, x, hot(n, labels), 20)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if !r.OK() {
			bad = append(bad, r)
		}
	}
	return bad
}
