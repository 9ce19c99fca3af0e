package onnx

import (
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/graph/graphtest"
	"github.com/stheno-ml/stheno/graph/op"
)

// network is one of the table of tests.
type network struct {
	layer   graph.Layer
	loss    *graph.Loss
	input   shape
	float64 bool
}

// networks have together every row of the table, and every layer of package graph.
var networks = map[string]network{
	"activations": {graph.Seq{
		graph.Dense{Out: 9}, graph.Sigmoid, graph.Dense{Out: 9}, graph.Tanh, graph.Dense{Out: 9, NoBias: true}, graph.ReLU, graph.Dense{Out: 9}, graph.GELU,
		graph.Dense{Out: 9}, graph.SiLU, graph.Dense{Out: 9}, graph.LeakyReLU{Slope: .2},
		graph.Dense{Out: 9}, graph.ELU{Alpha: .7}, graph.Dense{Out: 9}, graph.SELU, graph.Dense{Out: 9}, graph.PReLU{}, graph.PReLU{Shared: true}, graph.Softplus, graph.Dense{Out: 9}, graph.Softmax, graph.Dense{Out: 4},
	}, graph.CrossEntropy, vector, false},
	"float64": {graph.Seq{graph.Dense{Out: 9}, graph.BatchNorm{}, graph.GELU, graph.Dense{Out: 4}}, graph.LogLikelihood, vector, true},
	"images": {graph.Seq{
		graph.Conv{Out: 3, Kernel: 3, Pad: graph.Same}, graph.BatchNorm{Eps: 1e-3}, graph.ReLU, graph.MaxPool{Size: 2}, graph.LayerNorm{},
		graph.Conv{Out: 4, Kernel: 2, Stride: 2, Pad: 1, NoBias: true}, graph.AvgPool{Size: 2}, graph.Dropout{P: .3}, graph.Dense{Out: 5},
		graph.LayerNorm{}, graph.BatchNorm{}, graph.Dropout{P: .5, Unscaled: true}, graph.Dense{Out: 3},
	}, graph.LogLikelihood, image, false},
	"convolutions": {graph.Seq{
		graph.Conv{Out: 6, Kernel: 3, Cols: 1, Pad: graph.Same}, graph.Conv{Out: 6, Kernel: 3, Pad: graph.Same, Groups: 6}, graph.Tanh,
		graph.Conv{Out: 4, Kernel: 3, Cols: 5, Stride: 2, Pad: 2, Dilation: 2, Groups: 2, NoBias: true},
		graph.ConvTranspose{Out: 6, Kernel: 3, Stride: 2, Pad: 1, OutPad: 1}, graph.ReLU,
		graph.ConvTranspose{Out: 4, Kernel: 2, Cols: 3, Dilation: 2, Groups: 2, NoBias: true}, graph.Dense{Out: 3},
	}, graph.LogLikelihood, image, false},
	"no multiple of the window": {graph.Seq{graph.MaxPool{Size: 3}, graph.AvgPool{Size: 2}, graph.Dense{Out: 3}}, graph.MSE, shape{2, 8, 7}, false},
	"windows that overlap": {graph.Seq{
		graph.MaxPool{Size: 3, Stride: 2, Pad: 1}, graph.PReLU{}, graph.Dropout2D{P: .5}, graph.Conv{Out: 3, Kernel: 1}, graph.PReLU{Shared: true},
		graph.Dropout2D{P: .5, Unscaled: true}, graph.AvgPool{Size: 2, Stride: 1, Pad: 1}, graph.AvgPool{Size: 4, Stride: 3, Pad: 2}, graph.Dense{Out: 3},
	}, graph.MSE, image, false},
	"branches": {graph.Seq{
		graph.Concat{{graph.Conv{Out: 2, Kernel: 3, Pad: graph.Same}}, {}, {graph.Slice{From: 1, To: 2}}},
		graph.Residual{graph.Conv{Out: 5, Kernel: 3, Pad: graph.Same}, graph.Tanh}, graph.Add{{}, {graph.SiLU}}, graph.Slice{From: 1, To: 4}, graph.GlobalAvgPool{},
		graph.Repeat{Times: 2, Layers: graph.Seq{graph.Dense{Out: 4}, graph.Sigmoid}}, graph.Frozen{Layer: graph.Dense{Out: 3}}, graph.Dense{Out: 3},
	}, graph.Quadratic, image, false},
	"wired": {graph.Graph{
		{Layer: graph.Dense{Out: 5}, Name: "a"}, {Layer: graph.Tanh, Name: "b"}, {Layer: graph.Concat{}, From: []string{"a", "b", "input"}}, {Layer: graph.Dense{Out: 3}},
	}, graph.Huber(1), vector, false},
	"shared": {graph.Seq{
		graph.Concat{{graph.Slice{From: 0, To: 6}, twin}, {graph.Slice{From: 6, To: 12}, twin}}, graph.Dense{Out: 2},
	}, graph.BinaryCrossEntropy, vector, false},
	"patches": {graph.Seq{
		graph.Conv{Out: 4, Kernel: 2, Stride: 2}, graph.Steps{}, graph.Positions{}, graph.Residual{graph.PerStep{graph.LayerNorm{}}, graph.Attention{Heads: 2}},
		graph.Residual{graph.PerStep{graph.Dense{Out: 5}, graph.GELU, graph.Dense{Out: 4}}}, graph.GlobalAvgPool{}, graph.Dense{Out: 3},
	}, graph.LogLikelihood, image, false},
	"tokens": {graph.Seq{
		layer(func(_ *graph.Builder, x *node) *node { return op.Floor.Apply(op.Abs.Apply(x)) }), graph.Embedding{Vocabulary: 9, Size: 4, Padded: true},
		graph.Attention{Heads: 2}, graph.Concat{{graph.GlobalAvgPool{}}, {graph.Reshape{Shape: shape{6, 8}}, graph.GlobalAvgPool{}}}, graph.Dense{Out: 3},
	}, graph.LogLikelihood, vector, false},
	"padded steps": {graph.Seq{
		graph.Reshape{Shape: shape{6, 2}}, layer(func(_ *graph.Builder, x *node) *node { return op.ReLU.Apply(x) }), graph.Masked{},
		graph.Attention{Heads: 1}, graph.GlobalAvgPool{}, graph.Dense{Out: 3},
	}, graph.LogLikelihood, vector, false},
	"recurrent": {graph.Seq{
		graph.Reshape{Shape: shape{6, 2}}, graph.RNN{Out: 3}, graph.LSTM{Out: 4, Both: true}, graph.GRU{Out: 3, Both: true}, graph.Reverse{}, graph.LSTM{Out: 3, Reverse: true},
		graph.PerStep{graph.Dense{Out: 3}},
	}, graph.LogLikelihood, vector, false},
	"padded recurrent": {graph.Seq{
		graph.Reshape{Shape: shape{6, 2}}, layer(func(_ *graph.Builder, x *node) *node { return op.ReLU.Apply(x) }), graph.Masked{},
		graph.LSTM{Out: 4, Both: true}, graph.GRU{Out: 3}, graph.RNN{Out: 3}, graph.Last{}, graph.Dense{Out: 3},
	}, graph.LogLikelihood, vector, false},
	"steps":                   {graph.Seq{layer(recurrent), graph.Dense{Out: 6}}, graph.EachStep(3, graph.LogLikelihood), vector, false},
	"made of others":          {layers(one(triple(op.Exp)), one(triple(triple(op.Tanh)))), graph.MSE, vector, false},
	"reshaped":                {graph.Seq{graph.Reshape{Shape: shape{3, 2, 2}}, graph.Conv{Out: 2, Kernel: 2}, graph.Flatten{}}, graph.MSE, vector, false},
	"the examples themselves": {graph.Seq{fixed(func(b *graph.Builder, x *node) *node { return x }), graph.Dense{Out: 2}}, graph.MAE, vector, false},

	"functions": {layers(
		one(op.Abs), one(op.Ceil), one(op.Floor), one(op.Sin), one(op.Cos), one(op.Exp), one(op.Neg), one(op.Square), one(op.Cube), one(op.Expm1), one(op.Sign),
		one(op.Softplus), one(op.Logistic), one(op.Rectify), one(op.LogSoftmax), one(op.Density), one(op.Max(1)),
	), graph.MSE, vector, false},
	"functions of positive numbers": {layers(
		positive(op.Ln), positive(op.Log2), positive(op.Log1p), positive(op.Sqrt), positive(op.Inverse), positive(op.InverseSqrt), positive(op.InverseRoot(.1)),
	), graph.MSE, vector, false},
	"arithmetic": {layers(
		two(op.Plus), two(op.Minus), two(op.Times), two(op.Smaller), two(op.Larger), two(op.Hadamard), two(op.Less), two(op.Greater), two(op.LessEqual), two(op.GreaterEqual),
		two(op.Equal), two(op.NotEqual),
		func(b *graph.Builder, x *node) *node {
			return op.Power.Apply(op.Abs.Apply(x), graphtest.Constant(1.5))
		},
		func(_ *graph.Builder, x *node) *node { return op.Over.Apply(x, op.Exp.Apply(x)) },
		func(b *graph.Builder, x *node) *node {
			return op.ScaledBy.Apply(x, op.Inner.Apply(number(b, 3, 4), number(b, 3, 4)))
		},
		func(b *graph.Builder, x *node) *node {
			return op.ScaledBy.Apply(x, op.Dot.Apply(number(b, 5), number(b, 5)))
		},
	), graph.MSE, vector, false},
	"products": {layers(
		func(b *graph.Builder, x *node) *node { return op.MulT.Apply(x, number(b, 3, 12)) },
		func(b *graph.Builder, x *node) *node {
			return op.Linear.Apply(x, op.TMul.Apply(number(b, 4, 12), number(b, 4, 3)))
		},
		products(false, false), products(true, false), products(false, true), products(true, true),
	), graph.MSE, vector, false},
	"axes": {layers(
		one(op.RowSums),
		func(b *graph.Builder, x *node) *node { return op.AddRow.Apply(x, op.SumRows.Apply(number(b, 3, 12))) },
		func(b *graph.Builder, x *node) *node { return op.AddRow.Apply(x, op.Half(1).Apply(number(b, 2, 12))) },
		func(b *graph.Builder, x *node) *node {
			return op.Add.Apply(x, op.Spread(x.Shape()).Apply(number(b, 12)))
		},
		func(b *graph.Builder, x *node) *node { // of a map over its places
			x = cube(x, 3, 2, 2)
			return op.Add.Apply(x, op.Spread(x.Shape()).Apply(op.SumMaps.Apply(number(b, 2, 3, 4, 1))))
		},
		func(b *graph.Builder, x *node) *node { return op.Sum(2).Apply(cube(x, 3, 4)) },
		func(b *graph.Builder, x *node) *node { return op.Max(2).Apply(cube(x, 3, 4)) },
		func(b *graph.Builder, x *node) *node { return op.Sum(1, 3).Apply(cube(x, 3, 2, 2)) },
		func(b *graph.Builder, x *node) *node { return op.Transpose(0, 2, 1).Apply(cube(x, 3, 4)) },
		func(b *graph.Builder, x *node) *node { return op.Join(2, 2).Apply(cube(x, 3, 4), cube(x, 3, 4)) },
		func(b *graph.Builder, x *node) *node {
			return op.Slice(op.Window{Axis: 2, From: 1, To: 4, Step: 2}).Apply(cube(x, 3, 4))
		},
		func(b *graph.Builder, x *node) *node {
			return op.Expand(shape{x.Shape()[0], 5}).Apply(op.Part(3, 4).Apply(x))
		},
		func(b *graph.Builder, x *node) *node { return op.Expand(shape{x.Shape()[0], 5}).Apply(number(b, 1, 5)) },
		func(b *graph.Builder, x *node) *node { // the mini-batch as an axis behind
			return op.Transpose(1, 0).Apply(op.Reshape(shape{12, x.Shape()[0]}).Apply(op.Transpose(1, 0).Apply(x)))
		},
	), graph.MSE, vector, false},
	"windows": {layers(
		func(b *graph.Builder, x *node) *node {
			return op.MaxWindows(wide(1), 4, 6).Apply(x)
		},
		func(b *graph.Builder, x *node) *node {
			return op.Patches(wide(2), 4, 5).Apply(x)
		},
	), graph.MSE, image, false},

	"Gorgonia's":            {layers(theirs(graphtest.OfVectors)...), graph.MSE, vector, false},
	"Gorgonia's for images": {layers(theirs(graphtest.OfImages)...), graph.MSE, image, false},
}

var (
	vector = shape{12}
	image  = shape{2, 8, 7}
	twin   = graph.Shared{Name: "twin", Layer: graph.Seq{graph.Dense{Out: 4}, graph.Tanh}}
)

// fixed is a function as a layer whose parameters need no gradient.
func fixed(f layer) graph.Layer { return graph.Frozen{Layer: f} }

// layers applies each function to the examples, and joins the results.
func layers(list ...layer) graph.Layer {
	var all graph.Concat
	for _, f := range list {
		all = append(all, graph.Seq{fixed(f), graph.Flatten{}, graph.Dense{Out: 2}})
	}
	return graph.Seq{all, graph.Dense{Out: 3}}
}

// triple is an op that ONNX does not know, three times the function o.
func triple(o *op.Op) *op.Op {
	do := func(y op.Array[float32], x []op.Array[float32]) {
		o.F32(y, x)
		for i := range y.Data {
			y.Data[i] *= 3
		}
	}
	return &op.Op{Name: "triple" + o.Name, Shape: o.Shape, F32: do, Made: func(x graph.Nodes) *node { return op.Scaled(3).Apply(o.Apply(x...)) }}
}

// one is an op of one input, and positive one on positive numbers.
func one(o *op.Op) layer {
	return func(_ *graph.Builder, x *node) *node {
		y := o.Apply(x)
		return op.Reshape(shape{x.Shape()[0], y.Shape().TotalSize() / x.Shape()[0]}).Apply(y)
	}
}

func positive(o *op.Op) layer {
	return func(_ *graph.Builder, x *node) *node {
		return o.Apply(op.Plus.Apply(op.Abs.Apply(x), graphtest.Constant(.5)))
	}
}

// two is an op of two inputs, some numbers of which are the same.
func two(o *op.Op) layer {
	return func(_ *graph.Builder, x *node) *node {
		return o.Apply(x, op.Add.Apply(op.Rectify.Apply(x), op.Floor.Apply(op.Rectify.Apply(x))))
	}
}

// wide are windows of 3×2.
func wide(dilate int) op.Windows {
	return op.Windows{Rows: 3, Cols: 2, StrideRows: 2, StrideCols: 1, PadRows: 1, DilateRows: 1, DilateCols: dilate}
}

// number is a parameter.
func number(b *graph.Builder, s ...int) *node { return b.Param(b.Name("p"), s, .5, true) }

// cube is x with examples of another shape.
func cube(x *node, s ...int) *node { return op.Reshape(append(shape{x.Shape()[0]}, s...)).Apply(x) }

// products are of 3×4 and 4×3 matrices, or their transposes.
func products(transA, transB bool) layer {
	return func(_ *graph.Builder, x *node) *node {
		a, b := cube(x, 3, 4), cube(op.Tanh.Apply(x), 4, 3)
		if transA {
			a = cube(x, 4, 3)
		}
		if transB {
			b = cube(op.Tanh.Apply(x), 3, 4)
		}
		return op.BatchMul(transA, transB).Apply(a, b)
	}
}

// theirs are functions of Gorgonia's as layers.
func theirs(functions []graphtest.Function) (all []layer) {
	for _, f := range functions {
		all = append(all, func(b *graph.Builder, x *node) *node {
			y, err := f(x, func(s ...int) *node { return number(b, s...) })
			if err != nil {
				b.Fail("%w", err)
			}
			return y
		})
	}
	return all
}

// recurrent reads four numbers at each of three steps, from a state of zeros.
func recurrent(b *graph.Builder, x *node) *node {
	cell := graph.Shared{Name: "cell", Layer: graph.Seq{graph.Dense{Out: 5}, graph.Tanh}}
	state := b.Zeros(x.Shape()[0], 5)
	for step := range 3 {
		state = cell.Build(b, op.Concat(2).Apply(state, op.Part(4*step, 4*step+4).Apply(x)))
	}
	return state
}
