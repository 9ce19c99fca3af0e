package onnx

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/stheno-ml/stheno/graph"
)

// call is an op of the network, with the names of its inputs and its output.
type call struct {
	graph.Value
	x []string
	y string
}

// row writes an op as nodes of ONNX.
type row func(b *body, c call) error

// rows has a row for each op's name. Ops of gradients, costs and training are not here.
var rows = map[string]row{
	// layers
	"affine":        affine,
	"conv":          conv,
	"convTranspose": convTranspose,
	"maxPool":       pool("MaxPool"),
	"avgPool":       pool("AveragePool"),
	"mapMeans":      simple("ReduceMean", withInts("axes", 2, 3), withInt("keepdims", 0)),
	"normalize":     normalize,
	"layerNorm":     simple("LayerNormalization", withFloat("epsilon", 1e-5)),
	"reshape":       reshape,
	"concat":        simple("Concat", withInt("axis", 1)),
	"part":          part,

	// sequences and their masks
	"lookup":    lookup,
	"stepMeans": stepMeans,
	"present":   present,

	"recurrent":       loop,
	"recurrentStates": func(*body, call) error { return nil }, // ONNX's op keeps its own
	"lastStep":        lastStep,
	"reverseSteps":    reverseSteps,

	"keep":     keep,
	"maskKeys": maskKeys,

	// activations
	"sigmoid":    simple("Sigmoid"),
	"tanh":       simple("Tanh"),
	"relu":       simple("Relu"),
	"softmax":    simple("Softmax", withInt("axis", -1)),
	"logSoftmax": simple("LogSoftmax", withInt("axis", -1)),
	"leakyReLU": func(b *body, c call) error {
		slope, err := c.number(0)
		b.end(c, "LeakyRelu", []attribute{withFloat("alpha", slope)}, c.x...)
		return err
	},
	"elu": func(b *body, c call) error {
		alpha, err := c.number(0)
		b.end(c, "Elu", []attribute{withFloat("alpha", alpha)}, c.x...)
		return err
	},
	"selu":  simple("Selu"),
	"prelu": prelu,
	"silu":  func(b *body, c call) error { return b.as(c, "Mul", c.x[0], b.node("Sigmoid", c.x[0])) },
	"gelu": func(b *body, c call) error { // x Φ(x) = x/2 (1 + erf(x/√2))
		erf := b.node("Erf", b.node("Mul", c.x[0], b.number(1/math.Sqrt2)))
		return b.as(c, "Mul", b.node("Mul", c.x[0], b.number(.5)), b.node("Add", erf, b.number(1)))
	},
	"density": func(b *body, c call) error { // e^(−x²/2)/√(2π)
		half := b.node("Mul", b.node("Mul", c.x[0], c.x[0]), b.number(-.5))
		return b.as(c, "Mul", b.node("Exp", half), b.number(1/math.Sqrt(2*math.Pi)))
	},
	"logistic": simple("Sigmoid"),
	"rectify":  simple("Relu"),
	"softplus": simple("Softplus"),

	// arithmetic
	"add":      simple("Add"),
	"plus":     simple("Add"),
	"addRow":   simple("Add"),
	"minus":    simple("Sub"),
	"hadamard": simple("Mul"),
	"times":    simple("Mul"),
	"scaledBy": simple("Mul"),
	"over":     simple("Div"),
	"power":    simple("Pow"),
	"smaller":  simple("Min"),
	"larger":   simple("Max"),
	"scaled": func(b *body, c call) error {
		factor, err := c.number(0)
		return cmp.Or(err, b.as(c, "Mul", c.x[0], b.number(factor)))
	},
	"inverseRoot": func(b *body, c call) error {
		eps, err := c.number(0)
		return cmp.Or(err, b.as(c, "Reciprocal", b.node("Sqrt", b.node("Add", c.x[0], b.number(eps)))))
	},
	"less":         compare("Less"),
	"greater":      compare("Greater"),
	"lessEqual":    compare("LessOrEqual"),
	"greaterEqual": compare("GreaterOrEqual"),
	"equal":        compare("Equal"),
	"notEqual": func(b *body, c call) error {
		b.end(c, "Cast", []attribute{withInt("to", float)}, b.node("Not", b.node("Equal", c.x...)))
		return nil
	},

	// functions
	"abs":         simple("Abs"),
	"ceil":        simple("Ceil"),
	"floor":       simple("Floor"),
	"sin":         simple("Sin"),
	"cos":         simple("Cos"),
	"exp":         simple("Exp"),
	"ln":          simple("Log"),
	"neg":         simple("Neg"),
	"sqrt":        simple("Sqrt"),
	"inverse":     simple("Reciprocal"),
	"inverseSqrt": func(b *body, c call) error { return b.as(c, "Reciprocal", b.node("Sqrt", c.x[0])) },
	"square":      func(b *body, c call) error { return b.as(c, "Mul", c.x[0], c.x[0]) },
	"cube":        func(b *body, c call) error { return b.as(c, "Mul", c.x[0], b.node("Mul", c.x[0], c.x[0])) },
	"log2":        func(b *body, c call) error { return b.as(c, "Mul", b.node("Log", c.x[0]), b.number(1/math.Ln2)) },
	"log1p":       func(b *body, c call) error { return b.as(c, "Log", b.node("Add", c.x[0], b.number(1))) },
	"expm1":       func(b *body, c call) error { return b.as(c, "Sub", b.node("Exp", c.x[0]), b.number(1)) },
	"sign": func(b *body, c call) error { // ONNX's own Sign is 0 at 0
		return b.as(c, "Where", b.node("Less", c.x[0], b.number(0)), b.number(-1), b.number(1))
	},

	// products
	"mulT": func(b *body, c call) error {
		b.end(c, "Gemm", []attribute{withInt("transB", 1)}, c.x...)
		return nil
	},
	"tMul": func(b *body, c call) error {
		b.end(c, "Gemm", []attribute{withInt("transA", 1)}, c.x...)
		return nil
	},
	"batchMul": batchMul,
	"dot":      func(b *body, c call) error { return b.sum(c, b.node("Mul", c.x...), nil) },
	"inner":    func(b *body, c call) error { return b.sum(c, b.node("Mul", c.x...), nil) },

	// along axes
	"sumRows": func(b *body, c call) error { return b.sum(c, c.x[0], []int{0}) },
	"sumMaps": func(b *body, c call) error { return b.sum(c, c.x[0], []int{0, 2, 3}) },
	"sum": func(b *body, c call) error {
		axes, err := c.ints(0)
		return cmp.Or(err, b.sum(c, c.x[0], axes))
	},
	"rowSums": func(b *body, c call) error {
		return b.as(c, "Expand", b.node("ReduceSum", c.x[0], b.ints(1)), b.shape(c.Shape))
	},
	"max": func(b *body, c call) error {
		axes, err := c.ints(0)
		b.end(c, "ReduceMax", []attribute{withInts("axes", axes...), withInt("keepdims", 0)}, c.x...)
		return err
	},
	"expand": func(b *body, c call) error { return b.as(c, "Expand", c.x[0], b.shape(c.Shape)) },
	"spread": func(b *body, c call) error { // a number for each map, at all of its places
		one := slices.Repeat([]int{1}, len(c.Shape)-1)
		one[0] = c.Shape[1]
		return b.as(c, "Expand", b.node("Reshape", c.x[0], b.ints(one...)), b.shape(c.Shape))
	},
	"transpose": func(b *body, c call) error {
		axes, err := c.ints(0)
		b.end(c, "Transpose", []attribute{withInts("perm", axes...)}, c.x...)
		return err
	},
	"join": func(b *body, c call) error {
		axis, err := c.ints(0)
		b.end(c, "Concat", []attribute{withInt("axis", first(axis))}, c.x...)
		return err
	},
	"slice": func(b *body, c call) error {
		w, err := c.ints(0) // axis, from, to, step
		if err == nil {
			err = b.as(c, "Slice", c.x[0], b.ints(w[1]), b.ints(w[2]), b.ints(w[0]), b.ints(w[3]))
		}
		return err
	},
	"half": func(b *body, c call) error {
		row, err := c.ints(0)
		return cmp.Or(err, b.as(c, "Reshape", b.node("Gather", c.x[0], b.ints(row...)), b.shape(c.Shape)))
	},
	"patches":    patches,
	"maxWindows": overlapping("MaxPool"),
	"avgWindows": overlapping("AveragePool", withInt("count_include_pad", 1)),
}

// as computes the op's result by a node without attributes.
func (b *body) as(c call, kind string, x ...string) error {
	b.end(c, kind, nil, x...)
	return nil
}

// end computes the op's result by a node.
func (b *body) end(c call, kind string, attributes []attribute, x ...string) {
	b.write(c.y, kind, attributes, x...)
}

// simple is an op that ONNX has too.
func simple(kind string, attributes ...attribute) row {
	return func(b *body, c call) error {
		b.end(c, kind, attributes, c.x...)
		return nil
	}
}

// compare is a comparison that is 1 or 0.
func compare(kind string) row {
	return func(b *body, c call) error {
		b.end(c, "Cast", []attribute{withInt("to", float)}, b.node(kind, c.x...))
		return nil
	}
}

// sum computes the op's result as the sum of x over axes, or over all.
func (b *body) sum(c call, x string, axes []int) error {
	in := []string{x}
	if axes != nil {
		in = append(in, b.ints(axes...))
	}
	b.end(c, "ReduceSum", []attribute{withInt("keepdims", 0)}, in...)
	return nil
}

// number is the i-th number in the op's name.
func (c call) number(i int) (float64, error) {
	if i >= len(c.Args) {
		return 0, c.varies()
	}
	return strconv.ParseFloat(c.Args[i], 64)
}

// ints is the i-th number or list of numbers in the op's name, such as 2, [0 2] or {1 0 3 1}.
func (c call) ints(i int) (list []int, err error) {
	if i >= len(c.Args) {
		return nil, c.varies()
	}
	for _, text := range strings.Fields(strings.Trim(c.Args[i], "[]{}")) {
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("op %s/%s: %w", c.Op, strings.Join(c.Args, "/"), err)
		}
		list = append(list, n)
	}
	return list, nil
}

func (c call) varies() error {
	return fmt.Errorf("op %s depends on the size of the mini-batch; make it the same for all sizes", c.Op)
}

func first(list []int) int {
	if len(list) == 0 {
		return 0
	}
	return list[0]
}

func affine(b *body, c call) error {
	if len(c.x) == 2 {
		return b.as(c, "MatMul", c.x...)
	}
	return b.as(c, "Gemm", c.x...)
}

// pool is a pool over adjacent windows.
func pool(kind string) row {
	return func(b *body, c call) error {
		size, err := c.ints(0)
		if err != nil {
			return err
		}
		side := []int{size[0], size[0]}
		b.end(c, kind, []attribute{withInts("kernel_shape", side...), withInts("strides", side...)}, c.x...)
		return nil
	}
}

// prelu has a slope for each map, with axes of 1 for row and column, because ONNX aligns axes at the last; or for each feature.
func prelu(b *body, c call) error {
	if len(c.Shape) == 2 {
		return b.as(c, "PRelu", c.x...)
	}
	slopes := b.values[c.X[1]].Shape[0]
	return b.as(c, "PRelu", c.x[0], b.node("Reshape", c.x[1], b.ints(slopes, 1, 1)))
}

// normalize takes x, the moments (2,c), γ and β.
func normalize(b *body, c call) error {
	eps, err := c.number(0)
	if err != nil {
		return err
	}
	moments := b.values[c.X[1]]
	mean, variance, err := b.halves(moments)
	if err != nil {
		return err
	}
	b.end(c, "BatchNormalization", []attribute{withFloat("epsilon", eps)}, c.x[0], c.x[2], c.x[3], mean, variance)
	return nil
}

// halves are the names of the two rows of a leaf (2,c), as in a network's other files: NAME.mean and NAME.variance.
func (b *body) halves(v graph.Value) (mean, variance string, err error) {
	name, row := strings.TrimSuffix(v.Name, ".moments"), graph.Shape{v.Shape[1]}
	switch x := v.Data.(type) {
	case []float32:
		return b.tensor(name+".mean", row, x[:row[0]]), b.tensor(name+".variance", row, x[row[0]:]), nil
	case []float64:
		return b.tensor(name+".mean", row, x[:row[0]]), b.tensor(name+".variance", row, x[row[0]:]), nil
	}
	return "", "", fmt.Errorf("the moments of op %s are computed, and ONNX needs constants; leave the layer out", v.Op)
}

func reshape(b *body, c call) error {
	to, free := slices.Clone(c.Shape), 0
	for i, d := range to {
		if d < 0 {
			to[i] = -1 // the rest
			free++
		}
	}
	if free > 1 {
		return b.as(c, "Reshape", c.x[0], b.shape(c.Shape))
	}
	return b.as(c, "Reshape", c.x[0], b.ints(to...))
}

// part is a part of axis 1.
func part(b *body, c call) error {
	from, err := c.ints(0)
	if err != nil {
		return err
	}
	to, err := c.ints(1)
	if err != nil {
		return err
	}
	return b.as(c, "Slice", c.x[0], b.ints(from...), b.ints(to...), b.ints(1))
}

// batchMul multiplies matrices, one or both of them transposed.
func batchMul(b *body, c call) error {
	axes := make([]int, len(c.Shape))
	for i := range axes {
		axes[i] = i
	}
	last := len(axes) - 1
	axes[last-1], axes[last] = last, last-1
	x := slices.Clone(c.x)
	for i, transposed := range c.Args {
		if transposed == "true" {
			x[i] = b.nodeWith("Transpose", []attribute{withInts("perm", axes...)}, x[i])
		}
	}
	return b.as(c, "MatMul", x...)
}
