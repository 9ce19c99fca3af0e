package op

import (
	"fmt"
	"math"
	"reflect"
	"strings"

	"gorgonia.org/gorgonia"
)

// stepwise reports whether o, one of Gorgonia's ops without gradient rules, is a step function, whose derivative is 0: a comparison, a sign, a
// rounding, or the size of a tensor.
func stepwise(o gorgonia.Op) bool {
	switch fmt.Sprintf("%T", o) {
	case "gorgonia.elemBinOp", "gorgonia.elemUnaryOp", "gorgonia.sizeOp":
		return true
	}
	return false
}

// corrected returns the gradient rules of one of Gorgonia's ops if its own SymDiff is wrong, missing, or leads to an op without a rule; otherwise
// nil. Gorgonia does not export the types, so it recognizes an op by its type's name and reads parameters from its fields.
func corrected(o gorgonia.Op) []Grad {
	name := fmt.Sprintf("%T", o)
	if rules := corrections[name]; rules != nil {
		return rules(o)
	}
	if strings.HasPrefix(name, "*gorgonia.") && strings.HasSuffix(name, "iffOp") {
		return []Grad{} // it inherited the SymDiff of the op that it is the gradient of
	}
	return nil
}

// corrections are set by init, because they refer to ops whose rules use them.
var corrections map[string]func(gorgonia.Op) []Grad

func init() {
	corrections = map[string]func(gorgonia.Op) []Grad{
		"gorgonia.elemUnaryOp": func(o gorgonia.Op) []Grad { return unary[fmt.Sprint(o)] },
		"gorgonia.elemBinOp":   func(o gorgonia.Op) []Grad { return binary[strings.Fields(fmt.Sprint(o))[0]] },
		"gorgonia.linAlgBinOp": func(o gorgonia.Op) []Grad { return binary[fmt.Sprint(o)] },
		"gorgonia.sliceIncrOp": func(o gorgonia.Op) []Grad { // 0 except in the slice, whatever the first input is
			return []Grad{nil, func(x Nodes, y, dy *Node) *Node { return must(o.(gorgonia.SDOp).SymDiff(x, y, dy))[1] }}
		},
		"gorgonia.reshapeOp": func(gorgonia.Op) []Grad { // ours, because Gorgonia's does not turn one number into a scalar
			return []Grad{func(x Nodes, _, dy *Node) *Node { return Reshape(x[0].Shape()).Apply(dy) }}
		},
		"gorgonia.col2imOp":   col2im,
		"*gorgonia.softmaxOp": softmax,
		"*gorgonia.maxPoolOp": func(o gorgonia.Op) []Grad { return pool(o, MaxPool) },
		"*gorgonia.avgPoolOp": func(o gorgonia.Op) []Grad { return pool(o, AvgPool) },
		"*gorgonia.globalAveragePoolOp": func(gorgonia.Op) []Grad {
			return []Grad{func(x Nodes, _, dy *Node) *Node {
				s := x[0].Shape()
				return DMapMeans(s).Apply(Reshape(s[:2].Clone()).Apply(dy))
			}}
		},
	}
}

// unary are rules of functions for which Gorgonia's own are off by a factor or a power.
var unary = map[string][]Grad{
	"log2":    {func(x Nodes, _, dy *Node) *Node { return scale(1/math.Ln2, must(gorgonia.HadamardDiv(dy, x[0]))) }},
	"invSqrt": {func(_ Nodes, y, dy *Node) *Node { return scale(-.5, mul(mul(y, y), mul(y, dy))) }},
}

// binary are rules of the power and the outer product. Gorgonia's own rules for the power take the logarithm even if a is negative or 1+x, and the
// latter would remove a from the graph. Its rules for the outer product are wrong.
var binary = map[string][]Grad{
	"^": {
		func(x Nodes, _, dy *Node) *Node { // dy b aᵇ⁻¹
			power := must(gorgonia.Pow(x[0], must(gorgonia.Sub(x[1], One(x[1])))))
			return summed(x[0], must(gorgonia.HadamardProd(dy, must(gorgonia.HadamardProd(x[1], power)))))
		},
		func(x Nodes, y, dy *Node) *Node { // dy y ln a
			return summed(x[1], must(gorgonia.HadamardProd(dy, must(gorgonia.HadamardProd(y, logarithm(x[0]))))))
		},
	},
	"a ⊗ b": {
		func(x Nodes, _, dy *Node) *Node { return Linear.Apply(dy, column(x[1])) },
		func(x Nodes, _, dy *Node) *Node { return TMul.Apply(dy, column(x[0])) },
	},
}

// summed returns dx, summed up if x is a scalar that was combined with a tensor.
func summed(x, dx *Node) *Node {
	if x.IsScalar() && !dx.IsScalar() {
		return must(gorgonia.Sum(dx))
	}
	return dx
}

// logarithm is ln x by Gorgonia's op, without the changes that Gorgonia's Log makes to the graph.
func logarithm(x *Node) *Node {
	other := gorgonia.NewTensor(gorgonia.NewGraph(), x.Dtype(), x.Dims(), gorgonia.WithShape(x.Shape()...), gorgonia.WithName("x"))
	if x.IsScalar() {
		other = gorgonia.NewScalar(gorgonia.NewGraph(), x.Dtype(), gorgonia.WithName("x"))
	}
	return must(gorgonia.ApplyOp(must(gorgonia.Log(other)).Op(), x))
}

func column(x *Node) *Node { return Reshape(Shape{x.Shape().TotalSize(), 1}).Apply(x) }

// col2im is the rule of im2col's gradient, which is im2col.
func col2im(o gorgonia.Op) []Grad {
	pair := func(a, b string) Shape { return Shape{field(o, a), field(o, b)} }
	return []Grad{func(_ Nodes, _, dy *Node) *Node {
		return must(gorgonia.Im2Col(dy, pair("h", "w"), pair("padH", "padW"), pair("strideH", "strideW"), pair("dilationH", "dilationW")))
	}}
}

// softmax returns the rules of softmax, or of its logarithm, over the rows of a matrix.
func softmax(o gorgonia.Op) []Grad {
	v := reflect.ValueOf(o).Elem()
	if axis := field(o, "axis"); v.FieldByName("shape").Len() != 2 || axis != -1 && axis != 1 {
		return nil
	}
	if v.FieldByName("isLog").Bool() {
		return LogSoftmax.Grad
	}
	return Softmax.Grad
}

// pool returns our rules for pooling over adjacent squares.
func pool(o gorgonia.Op, ours func(size int) *Op) []Grad {
	size := field(o, "h")
	for name, want := range map[string]int{"w": size, "strideH": size, "strideW": size, "padNorth": 0, "padSouth": 0, "padWest": 0, "padEast": 0} {
		if field(o, name) != want {
			return nil
		}
	}
	return ours(size).Grad
}

// field reads a parameter of one of Gorgonia's ops.
func field(o gorgonia.Op, name string) int {
	return int(reflect.Indirect(reflect.ValueOf(o)).FieldByName(name).Int())
}
