package vm

import (
	"reflect"
	"slices"

	"github.com/stheno-ml/stheno/graph/op"

	"gorgonia.org/gorgonia"
)

// lower replaces Gorgonia's own ops by ours if they mean the same. It recognizes an op by its Go type, which nobody else can create, and by its
// parameters, but never by name alone. Rules for later ops see what earlier rules found. So several ops together, such as those of
// Gorgonia's convolution, can become one of ours.
func lower(p *program) {
	if p.alone {
		return
	}
	l := &lowering{
		program: p, repeated: map[*value]*value{}, sums: map[*value]reduction{}, masks: map[*value]*value{}, rectified: map[*value]*value{},
		windows: map[*value]windows{}, mapsLast: map[*value]*value{},
		norms: map[gorgonia.Op]*norm{}, normed: map[*value]*norm{}, scaled: map[*value]scaling{},
	}
	for _, in := range p.code { // first, so that nothing is kept only because its size is needed
		if stock(in.op, "sizeOp") {
			l.size(in)
		}
	}
	p.remove(func(in *instr) bool { return in.y.by == nil && in.own == nil })
	p.prune()
	for _, in := range p.code {
		if in.own == nil {
			l.rule(in)
		}
		if in.own != nil || in.y.by != nil { // otherwise its result is a constant or another shape of a value
			l.code = append(l.code, in)
		}
	}
	p.code = l.code
	p.prune()
}

// lowering holds what the rules have found so far.
type lowering struct {
	*program
	code []*instr

	repeated  map[*value]*value    // a value and what it repeats along axes of length 1
	sums      map[*value]reduction // a value and the sum that it is
	masks     map[*value]*value    // a value that is x ≥ 0, as 1 or 0, and its x
	rectified map[*value]*value    // a mask and the x ⊙ (x ≥ 0) made with it
	windows   map[*value]windows   // patches, or the result of a convolution, and what they were taken from
	mapsLast  map[*value]*value    // a value (m,h,w,c) and the (m,c,h,w) that it was made from
	norms     map[gorgonia.Op]*norm
	normed    map[*value]*norm   // by result
	scaled    map[*value]scaling // by product
}

// rules lists the rules by the name of the op's type in package gorgonia. If a rule does not apply, it leaves the instruction as it is.
var rules = map[string]func(*lowering, *instr, reflect.Value){
	"elemBinOp":           (*lowering).binary,
	"elemUnaryOp":         (*lowering).unary,
	"linAlgBinOp":         (*lowering).product,
	"sumOp":               (*lowering).sum,
	"maxOp":               (*lowering).max,
	"minBetween":          (*lowering).smaller,
	"maxBetween":          (*lowering).larger,
	"repeatOp":            (*lowering).repeat,
	"reshapeOp":           (*lowering).reshape,
	"transposeOp":         (*lowering).transpose,
	"concatOp":            (*lowering).concat,
	"sliceOp":             (*lowering).slice,
	"sliceIncrOp":         (*lowering).unslice,
	"atOp":                (*lowering).element,
	"softmaxOp":           (*lowering).softmax,
	"softmaxDiffOp":       (*lowering).softmaxGrad,
	"im2colOp":            (*lowering).im2col,
	"col2imOp":            (*lowering).col2im,
	"maxPoolOp":           (*lowering).maxPool,
	"maxPoolDiffOp":       (*lowering).maxPoolGrad,
	"globalAveragePoolOp": (*lowering).mapMeans,
	"BatchNormOp":         (*lowering).batchNorm,
	"batchnormDiffOp":     (*lowering).batchNormGrad,
	"dropoutOp":           (*lowering).dropout,
	"dropoutDiffOp":       (*lowering).dropoutGrad,
}

func (l *lowering) rule(in *instr) {
	r := reflect.ValueOf(in.op)
	if r.Kind() == reflect.Pointer {
		r = r.Elem()
	}
	if f := rules[r.Type().Name()]; f != nil && stock(in.op, r.Type().Name()) && in.y.numeric() && in.x[0].dtype == in.y.dtype {
		f(l, in, r)
		l.stock = l.stock || in.own != op.Add
	}
}

// become turns in into an op of ours on x. The result may have another shape than Gorgonia's, with as many elements.
func (l *lowering) become(in *instr, own *op.Op, x ...*value) {
	shapes := make([]op.Shape, len(x))
	for i, v := range x {
		shapes[i] = v.shape
	}
	shape, err := own.Shape(shapes)
	if err != nil || numbers(shape) != in.y.elements() {
		return
	}
	in.own, in.x = own, x
	if !slices.Equal(shape, in.y.shape) {
		l.result(in, shape)
	}
}

// result lets in make its result in another shape. What in made before becomes a view of it.
func (l *lowering) result(in *instr, shape op.Shape) {
	y := &value{node: in.y.node, shape: shape, dtype: in.y.dtype, by: in, keep: in.y.keep}
	in.y.of, in.y.by = y, nil
	in.y = y
	l.values = append(l.values, y)
}

// emit adds an instruction of ours before the current one.
func (l *lowering) emit(node *op.Node, own *op.Op, x ...*value) *value {
	shapes := make([]op.Shape, len(x))
	for i, v := range x {
		shapes[i] = v.shape
	}
	shape, err := own.Shape(shapes)
	if err != nil {
		op.Fail("%s: %w", own.Name, err)
	}
	y := &value{node: node, shape: shape, dtype: x[0].dtype}
	y.by = &instr{own: own, y: y, x: x}
	l.values = append(l.values, y)
	l.code = append(l.code, y.by)
	return y
}

// constant returns a number as a value of the program.
func (l *lowering) constant(like *value, data any) *value {
	v := &value{node: gorgonia.NewConstant(data), dtype: like.dtype}
	v.shape = v.node.Shape()
	l.values = append(l.values, v)
	return v
}

// view returns v in another shape.
func view(v *value, shape op.Shape) *value {
	if slices.Equal(v.shape, shape) {
		return v
	}
	return &value{node: v.node, shape: shape, dtype: v.dtype, of: v}
}

// numbers returns the number of elements of a tensor of shape s.
func numbers(s op.Shape) int {
	n := 1
	for _, d := range s {
		n *= d
	}
	return n
}

// maker returns our instruction that makes v, in whatever shape.
func maker(v *value) *instr {
	if by := v.root().by; by != nil && by.own != nil {
		return by
	}
	return nil
}

// prune drops instructions whose results nothing reads anymore, and counts the readers again.
func (p *program) prune() {
	needed := map[*value]bool{}
	for _, v := range p.values {
		v.uses = 0
		if v.keep {
			v.uses++
			needed[v.root()] = true
		}
	}
	for i, in := range slices.Backward(p.code) {
		if !needed[in.y.root()] && in.needless() {
			p.code[i] = nil
			continue
		}
		for _, x := range in.x {
			needed[x.root()] = true
			for ; x != nil; x = x.of {
				x.uses++
			}
		}
	}
	p.code = slices.DeleteFunc(p.code, func(in *instr) bool { return in == nil })
}

// needless reports whether the instruction does nothing except compute its result.
func (in *instr) needless() bool { return in.own != guard && in.own != sgd }

func ints(r reflect.Value) []int {
	n := make([]int, r.Len())
	for i := range n {
		n[i] = int(r.Index(i).Int())
	}
	return n
}

// functions are Gorgonia's element-wise functions, by the names that its types give them.
var functions = map[string]*op.Op{
	"abs": op.Abs, "sign": op.Sign, "ceil": op.Ceil, "floor": op.Floor, "sin": op.Sin, "cos": op.Cos, "exp": op.Exp, "ln": op.Ln,
	"log2": op.Log2, "neg": op.Neg, "square": op.Square, "sqrt": op.Sqrt, "inv": op.Inverse, "invSqrt": op.InverseSqrt, "cube": op.Cube,
	"tanh": op.Tanh, "sigmoid": op.Logistic, "log1p": op.Log1p, "expm1": op.Expm1, "softplus": op.Softplus,
}

func (l *lowering) unary(in *instr, _ reflect.Value) {
	name := in.op.(interface{ String() string }).String()
	own, x := functions[name], in.x[0]
	if name == "sign" && len(x.shape) == 0 {
		own = op.SignBit
	}
	if l.fold(in) || own == nil || !slices.Equal(x.shape, in.y.shape) {
		return
	}
	if from := l.repeated[x]; from != nil && from.elements() == 1 && !in.y.keep { // a single number for all elements
		l.repeats(in, l.number(in, own, from))
		return
	}
	l.become(in, own, x)
}

// operators are Gorgonia's element-wise operators, by number: arithmetic, then comparisons.
var operators = []*op.Op{
	op.Plus, op.Minus, op.Times, op.Over, op.Power,
	op.Less, op.Greater, op.LessEqual, op.GreaterEqual, op.Equal, op.NotEqual,
}

const addition, multiplication, division, comparisons, greaterEqual = 0, 2, 3, 5, 8

func (l *lowering) binary(in *instr, r reflect.Value) {
	kind := int(r.Field(0).Elem().Field(0).Uint())
	if !in.alike() || kind >= comparisons && !r.FieldByName("retSame").Bool() {
		return
	}
	if l.fold(in) || kind == addition && l.addition(in) || kind == multiplication && l.rectifies(in) {
		return
	}
	own, x := operators[kind], slices.Clone(in.x)
	if kind == addition && slices.Equal(x[0].shape, x[1].shape) && slices.Equal(x[0].shape, in.y.shape) {
		own = op.Add
	}
	if kind == division && len(x[0].shape)+len(x[1].shape) == 0 {
		own = op.Ratio
	}
	for k, v := range x {
		divides := kind == division && k == 1 // Gorgonia divides by 0 differently for a tensor and for a number
		if from := l.repeated[v]; from != nil && from.elements() == 1 && (!divides || nonzero(from)) {
			v = view(from, op.Shape{})
		}
		switch {
		case v.elements() == in.y.elements():
			v = view(v, in.y.shape)
		case len(v.shape) == 0:
			own = op.WithScalar(own, k)
		default:
			return
		}
		x[k] = v
	}
	if x[0].elements() < in.y.elements() && x[1].elements() < in.y.elements() { // both repeat a number
		x[0] = in.x[0]
		own = op.WithScalar(operators[kind], 1)
	}
	l.become(in, own, x...)
	if kind == multiplication {
		l.scaling(in)
	}
	if kind == greaterEqual && x[0].elements() == in.y.elements() && isZero(x[1]) {
		l.masks[in.y] = in.x[0]
	}
}

// number applies own, the function of in, to a single number.
func (l *lowering) number(in *instr, own *op.Op, x *value) *value {
	if c := constantOf(x.root()); c != nil && own != op.Sign { // Gorgonia's sign differs for numbers
		if v, err := in.op.Do(c); err == nil {
			return l.constant(x, v)
		}
	}
	return l.emit(in.y.node, own, view(x, op.Shape{}))
}

// constantOf returns the number that v is in every run, or nil if v is not constant.
func constantOf(v *value) gorgonia.Scalar {
	if v.of != nil || !op.IsConstant(v.node) {
		return nil
	}
	c, _ := v.node.Op().(interface{ Value() gorgonia.Value }).Value().(gorgonia.Scalar)
	return c
}

// fold computes what depends only on constants.
func (l *lowering) fold(in *instr) bool {
	values := make([]gorgonia.Value, len(in.x))
	for i, x := range in.x {
		c := constantOf(x)
		if c == nil {
			return false
		}
		values[i] = c
	}
	v, err := in.op.Do(values...)
	if err != nil || in.y.keep {
		return false
	}
	in.y.node, in.y.by = gorgonia.NewConstant(v), nil
	return true
}

// addition finds what is added to the result of a product or a convolution.
func (l *lowering) addition(in *instr) bool {
	for k, z := range in.x {
		b := l.repeated[in.x[1-k]]
		if b == nil || len(b.shape) != len(z.shape) || !slices.Equal(z.shape, in.y.shape) {
			continue
		}
		by := maker(z)
		alone := z.uses == 1 && !z.keep && z.of == nil && by != nil
		if alone && l.shifts(in, z, b) {
			return true
		}
		switch n := len(z.shape); {
		case n == 2 && b.shape[0] == 1 && b.shape[1] == z.shape[1]:
			row := view(b, op.Shape{z.shape[1]})
			if alone && by.own == op.Linear {
				l.become(in, op.Affine, by.x[0], by.x[1], row)
			} else {
				l.become(in, op.AddRow, z, row)
			}
			return true
		case n == 4 && b.elements() == z.shape[1] && b.shape[1] == z.shape[1]:
			if w, ok := l.windows[z]; ok && alone {
				l.become(in, op.Conv(w.convolution()), by.x[0], by.x[1], view(b, op.Shape{z.shape[1]}))
				return true
			}
		}
	}
	return false
}

// rectifies finds x ⊙ (x ≥ 0), and dy ⊙ (x ≥ 0).
func (l *lowering) rectifies(in *instr) bool {
	for k, mask := range in.x {
		x, other := l.masks[mask], in.x[1-k]
		switch y := l.rectified[mask]; {
		case x == nil || !slices.Equal(other.shape, mask.shape):
		case other == x:
			l.become(in, op.Rectify, x)
			l.rectified[mask] = in.y
			return true
		case y != nil:
			l.become(in, op.DRectify, y, other)
			return true
		}
	}
	return false
}

// nonzero reports whether v is a constant other than 0.
func nonzero(v *value) bool { return constantOf(v.root()) != nil && !isZero(v.root()) }

// isZero reports whether v is the constant 0.
func isZero(v *value) bool {
	switch c := constantOf(v).(type) {
	case *gorgonia.F32:
		return *c == 0
	case *gorgonia.F64:
		return *c == 0
	}
	return false
}
