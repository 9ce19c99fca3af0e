package vm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"

	"github.com/stheno-ml/stheno/graph/op"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Rules for products, and for ops along axes.

const (
	matMul = iota
	matVec
	vecDot
	outerProd
	batched
)

func (l *lowering) product(in *instr, r reflect.Value) {
	transA, transB := r.FieldByName("transA").Bool(), r.FieldByName("transB").Bool()
	a, b := in.x[0], in.x[1]
	switch r.Field(0).Uint() {
	case matMul:
		l.matMul(in, a, b, transA, transB)
	case matVec:
		row := view(b, op.Shape{1, b.elements()})
		if transA {
			l.become(in, op.Linear, row, a)
		} else {
			l.become(in, op.MulT, row, a)
		}
	case vecDot:
		l.become(in, op.Dot, view(a, op.Shape{a.elements()}), view(b, op.Shape{b.elements()}))
	case outerProd:
		l.become(in, op.TMul, view(a, op.Shape{1, a.elements()}), view(b, op.Shape{1, b.elements()}))
	case batched:
		l.become(in, op.BatchMul(transA, transB), a, b)
	}
}

func (l *lowering) matMul(in *instr, a, b *value, transA, transB bool) {
	switch {
	case transA && transB:
		l.become(in, op.BatchMul(true, true), a, b)
	case transB:
		l.become(in, op.MulT, a, b)
	case transA && l.filterGrad(in, a, b):
	case transA:
		l.become(in, op.TMul, a, b)
	default:
		l.become(in, op.Linear, a, b)
	}
}

// reduction is a sum of x over some of its axes, in ascending order.
type reduction struct {
	x    *value
	axes []int
}

func (l *lowering) sum(in *instr, r reflect.Value) {
	sum := reduction{in.x[0], ints(r.FieldByName("along"))}
	slices.Sort(sum.axes)
	if !agrees(in, op.Sum(sum.axes...)) {
		return
	}
	if before, ok := l.sums[sum.x]; ok && sum.x.uses == 1 && !sum.x.keep { // the sum of a sum is one sum over the axes of both
		var left []int
		for i := range before.x.shape {
			if !slices.Contains(before.axes, i) {
				left = append(left, i)
			}
		}
		both := slices.Clone(before.axes)
		for _, i := range sum.axes {
			both = append(both, left[i])
		}
		slices.Sort(both)
		sum = reduction{before.x, both}
	}
	l.sums[in.y] = sum
	if l.scaleGrad(in, sum) {
		return
	}
	switch n := len(sum.x.shape); {
	case n == 2 && slices.Equal(sum.axes, []int{0}):
		l.become(in, op.SumRows, sum.x)
	case n == 4 && slices.Equal(sum.axes, []int{0, 2, 3}):
		l.become(in, op.SumMaps, sum.x)
	default:
		l.become(in, op.Sum(sum.axes...), sum.x)
	}
}

func (l *lowering) max(in *instr, r reflect.Value) {
	axes := ints(r.FieldByName("along"))
	slices.Sort(axes)
	if own := op.Max(axes...); agrees(in, own) {
		l.become(in, own, in.x[0])
	}
}

func (l *lowering) smaller(in *instr, _ reflect.Value) { l.between(in, op.Smaller) }
func (l *lowering) larger(in *instr, _ reflect.Value)  { l.between(in, op.Larger) }

func (l *lowering) between(in *instr, own *op.Op) {
	if in.alike() && slices.Equal(in.x[0].shape, in.x[1].shape) && slices.Equal(in.x[0].shape, in.y.shape) && agrees(in, own) {
		l.become(in, own, in.x...)
	}
}

// agreed keeps the results of agrees, by the op's type and parameters and the shapes.
var agreed sync.Map

// agrees reports whether own computes the same as in's op on small numbers, with shapes like in's. Some of Gorgonia's ops along axes are wrong for
// some axes; those are not replaced.
func agrees(in *instr, own *op.Op) bool {
	shapes := make([]op.Shape, len(in.x))
	for i, x := range in.x {
		for _, d := range x.shape {
			shapes[i] = append(shapes[i], min(d, 3))
		}
	}
	key := fmt.Sprintf("%T %s %v", in.op, own.Name, shapes)
	if known, ok := agreed.Load(key); ok {
		return known.(bool)
	}
	ok := equal(in.op, own, shapes)
	agreed.Store(key, ok)
	return ok
}

func equal(theirs gorgonia.Op, own *op.Op, shapes []op.Shape) (same bool) {
	defer func() {
		if recover() != nil { // Gorgonia's ops panic on unsuitable inputs
			same = false
		}
	}()
	random := rand.New(rand.NewPCG(1, 2))
	values, arrays := make([]gorgonia.Value, len(shapes)), make([]op.Array[float64], len(shapes))
	for i, s := range shapes {
		data := make([]float64, numbers(s))
		for j := range data {
			data[j] = random.NormFloat64()
		}
		arrays[i] = op.Array[float64]{Shape: s, Data: data}
		if values[i] = gorgonia.Value(gorgonia.NewF64(data[0])); len(s) > 0 {
			values[i] = tensor.New(tensor.WithShape(s...), tensor.WithBacking(slices.Clone(data)))
		}
	}
	v, err := theirs.Do(values...)
	if err != nil {
		return false
	}
	want, err := op.Elements[float64](v)
	shape, misfit := own.Shape(shapes)
	if err != nil || misfit != nil || numbers(shape) != len(want) {
		return false
	}
	got := op.Array[float64]{Shape: shape, Data: make([]float64, len(want))}
	op.Kernel[float64](own)(got, arrays)
	return slices.EqualFunc(got.Data, want, func(a, b float64) bool { return math.Abs(a-b) <= 1e-12*(math.Abs(a)+math.Abs(b)) })
}

// size replaces the length of an axis by a constant.
func (l *lowering) size(in *instr) {
	axis := int(reflect.ValueOf(in.op).FieldByName("axis").Int())
	if in.y.keep || !in.y.numeric() || axis >= len(in.x[0].shape) {
		return
	}
	var n any = float32(in.x[0].shape[axis])
	if in.y.dtype == tensor.Float64 {
		n = float64(in.x[0].shape[axis])
	}
	in.y.node, in.y.by = gorgonia.NewConstant(n), nil
}

// repeat finds what is repeated along axes of length 1, one axis after another.
func (l *lowering) repeat(in *instr, r reflect.Value) {
	x, along := in.x[0], int(r.FieldByName("along").Int())
	shape := slices.Clone(x.shape)
	for len(shape) < len(in.y.shape) {
		shape = append(shape, 1)
	}
	if len(shape) != len(in.y.shape) || shape[along] != 1 {
		return
	}
	from := view(x, shape)
	if before := l.repeated[x]; before != nil && len(before.shape) == len(shape) {
		from = before
	}
	if slices.Equal(shape, in.y.shape) && !in.y.keep {
		in.y.of, in.y.by = x, nil
		l.repeated[in.y] = from
		return
	}
	l.repeats(in, from)
}

// repeats records that in repeats a tensor along axes of length 1.
func (l *lowering) repeats(in *instr, from *value) {
	if from.elements() == 1 {
		from = view(from, op.Shape(slices.Repeat([]int{1}, len(in.y.shape))))
	}
	l.become(in, op.Expand(in.y.shape.Clone()), from)
	l.repeated[in.y] = from
}

func (l *lowering) reshape(in *instr, _ reflect.Value) {
	x := in.x[0]
	if in.y.keep && (x.root().keep || x.root().leaf()) {
		l.become(in, op.Reshape(in.y.shape.Clone()), x)
		return
	}
	in.y.of, in.y.by = x, nil
	if in.y.keep {
		in.y.root().keep = true
	}
}

func (l *lowering) transpose(in *instr, r reflect.Value) {
	pattern, x := ints(r.FieldByName("pattern")), in.x[0]
	if slices.Equal(pattern, []int{0, 3, 1, 2}) && l.convolution(in) {
		return
	}
	if len(pattern) > 8 {
		return
	}
	l.become(in, op.Transpose(pattern...), x)
	if slices.Equal(pattern, []int{0, 2, 3, 1}) {
		l.mapsLast[in.y] = x
	}
}

func (l *lowering) concat(in *instr, r reflect.Value) {
	if in.alike() {
		l.become(in, op.Join(int(r.FieldByName("axis").Int()), len(in.x)), in.x...)
	}
}

// window returns what a slice op takes of a tensor of shape s.
func window(o gorgonia.Op, r reflect.Value, s op.Shape) op.Window {
	axis := int(r.FieldByName("along").Int())
	w := op.Window{Axis: axis, From: 0, To: s[axis], Step: 1}
	if c := o.(interface{ IsSlice() tensor.Slice }).IsSlice(); c != nil && c.End() > c.Start() {
		w.From, w.To, w.Step = c.Start(), c.End(), max(1, c.Step())
	}
	return w
}

func (l *lowering) slice(in *instr, r reflect.Value) {
	switch {
	case !l.still(in.op):
	case slices.Equal(in.y.shape, in.x[0].shape): // everything
		l.reshape(in, r)
	default:
		l.become(in, op.Slice(window(in.op, r, in.x[0].shape)), in.x[0])
	}
}

func (l *lowering) unslice(in *instr, r reflect.Value) {
	if !l.still(in.op) {
		return
	}
	whole, part := in.x[0].shape, in.x[1]
	w := window(in.op, reflect.Indirect(r.Field(0)), whole)
	shape, err := op.Slice(w).Shape([]op.Shape{whole})
	if err == nil && numbers(shape) == part.elements() && part.dtype == in.y.dtype {
		l.become(in, op.Unslice(w, whole.Clone()), view(part, shape))
	}
}

func (l *lowering) element(in *instr, r reflect.Value) {
	at, x := 0, in.x[0]
	for i, c := range ints(r.FieldByName("coordinates")) {
		at = at*x.shape[i] + c
	}
	l.become(in, op.Slice(op.Window{Axis: 0, From: at, To: at + 1, Step: 1}), view(x, op.Shape{x.elements()}))
}

// byRows returns v as a matrix whose rows run along v's last axis.
func byRows(v *value) *value {
	n := v.shape[len(v.shape)-1]
	return view(v, op.Shape{v.elements() / n, n})
}

func (l *lowering) softmax(in *instr, r reflect.Value) {
	own, last := op.Softmax, len(in.x[0].shape)-1
	if r.FieldByName("isLog").Bool() {
		own = op.LogSoftmax
	}
	if axis := int(r.FieldByName("axis").Int()); last >= 0 && (axis == last || axis == -1 && !in.x[0].shape.IsColVec()) {
		l.become(in, own, byRows(in.x[0]))
	}
}

func (l *lowering) softmaxGrad(in *instr, r reflect.Value) {
	op0 := reflect.Indirect(r.Field(0))
	own, last := op.DSoftmax, len(in.y.shape)-1
	if op0.FieldByName("isLog").Bool() {
		own = op.DLogSoftmax
	}
	if axis := int(op0.FieldByName("axis").Int()); last >= 0 && (axis == last || axis == -1) && in.alike() {
		l.become(in, own, byRows(in.x[1]), byRows(in.x[2]))
	}
}
