package graphtest

import (
	"fmt"
	"math"
	"strings"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/stheno-ml/stheno/graph/op"
)

// apply makes a graph of op on new inputs.
func (t test) apply(dt tensor.Dtype) (y *op.Node, x op.Nodes) {
	g := gorgonia.NewGraph()
	for i, s := range t.shapes {
		x = append(x, input(g, dt, fmt.Sprint("x", i), s))
	}
	return t.op.Apply(x...), x
}

func input(g *gorgonia.ExprGraph, dt tensor.Dtype, name string, s op.Shape) *op.Node {
	if s.IsScalar() {
		return gorgonia.NewScalar(g, dt, gorgonia.WithName(name))
	}
	return gorgonia.NewTensor(g, dt, s.Dims(), gorgonia.WithShape(s...), gorgonia.WithName(name))
}

// value returns x as a Gorgonia value with memory of its own.
func value[T float](x op.Array[T]) gorgonia.Value {
	data := append([]T(nil), x.Data...)
	if x.Shape.IsScalar() {
		switch v := any(data[0]).(type) {
		case float32:
			return gorgonia.NewF32(v)
		case float64:
			return gorgonia.NewF64(v)
		}
	}
	return tensor.New(tensor.WithShape(x.Shape...), tensor.WithBacking(data))
}

// adapter checks the op as a Gorgonia node.
func (t test) adapter() error {
	x32 := make([]op.Array[float32], len(t.x))
	for i := range x32 {
		x32[i] = round[float32](t.x[i])
	}
	if err := runs(t, tensor.Float32, t.op.F32, x32); err != nil {
		return fmt.Errorf("as a node of float32: %w", err)
	}
	if err := runs(t, tensor.Float64, t.op.F64, t.x); err != nil {
		return fmt.Errorf("as a node of float64: %w", err)
	}
	return nil
}

// runs compares the node's Do and UsePreallocDo with the kernel f.
func runs[T float](t test, dt tensor.Dtype, f func(op.Array[T], []op.Array[T]), x []op.Array[T]) (err error) {
	defer caught(&err)
	want := filled(t.out, T(0))
	f(op.Array[T]{Shape: t.out, Data: want}, x)
	y, _ := t.apply(dt)
	if !y.Shape().Eq(t.out) {
		return fmt.Errorf("the node's shape is %v, the rule's %v", y.Shape(), t.out)
	}
	in := make([]gorgonia.Value, len(x))
	for i := range x {
		in[i] = value(x[i])
	}
	rubbish := value(op.Array[T]{Shape: t.out, Data: filled(t.out, T(math.NaN()))})
	into := func() (gorgonia.Value, error) { return y.Op().(gorgonia.UsePreallocDoer).UsePreallocDo(rubbish, in...) }
	for _, do := range []func() (gorgonia.Value, error){into, func() (gorgonia.Value, error) { return y.Op().Do(in...) }} {
		v, err := do()
		if err != nil {
			return err
		}
		if i := differ(numbers[T](v), want); i >= 0 || !v.Shape().Eq(t.out) {
			return fmt.Errorf("%v: element %d is not the kernel's", v.Shape(), i)
		}
	}
	wrong := append([]gorgonia.Value(nil), in...)
	wrong[0] = value(round[T](Random(append(op.Shape{2}, t.shapes[0]...), 0)))
	if _, err := y.Op().Do(wrong...); err == nil || !strings.Contains(err.Error(), t.op.Name) {
		return fmt.Errorf("an input of shape %v gave the error %v; it must name the op", wrong[0].Shape(), err)
	}
	return nil
}

// numbers returns a value's elements.
func numbers[T float](v gorgonia.Value) []T {
	switch d := v.Data().(type) {
	case []T:
		return d
	case T:
		return []T{d}
	}
	return nil
}

// made compares the op's Made, its definition by other ops, with the float64 kernel.
func (t test) made() (err error) {
	if t.op.Made == nil {
		return nil
	}
	defer caught(&err)
	_, x := t.apply(tensor.Float64)
	y := t.op.Made(x)
	if !y.Shape().Eq(t.out) {
		return fmt.Errorf("what it is made of has shape %v, not %v", y.Shape(), t.out)
	}
	var v gorgonia.Value
	gorgonia.Read(y, &v)
	for i, n := range x {
		if err := gorgonia.Let(n, value(t.x[i])); err != nil {
			return err
		}
	}
	vm := gorgonia.NewTapeMachine(y.Graph())
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		return err
	}
	want := filled(t.out, 0.0)
	t.op.F64(Tensor{Shape: t.out, Data: want}, t.x)
	for i, got := range numbers[float64](v) {
		if !(math.Abs(got-want[i]) <= 1e-9*(1+math.Abs(want[i]))) {
			return fmt.Errorf("element %d is %v, of what it is made %v", i, want[i], got)
		}
	}
	return nil
}

// gradients checks every gradient rule. The cost is Σ w ⊙ y with random w, so that every element of y has a weight of its own.
func (t test) gradients() (err error) {
	defer caught(&err)
	y, x := t.apply(tensor.Float64)
	w := Random(t.out, 1)
	weights := input(y.Graph(), tensor.Float64, "w", t.out)
	cost := inner.Apply(y, weights)
	var inputs []int
	var wrt op.Nodes
	for i, rule := range t.op.Grad {
		if rule != nil {
			inputs, wrt = append(inputs, i), append(wrt, x[i])
		}
	}
	if len(wrt) == 0 {
		return nil
	}
	if _, err := gorgonia.Grad(cost, wrt...); err != nil {
		return err
	}
	values := make([]gorgonia.Value, len(wrt))
	for i, n := range wrt {
		gorgonia.Read(n.Deriv(), &values[i])
	}
	for i, n := range append(x[:len(x):len(x)], weights) {
		if err := gorgonia.Let(n, value(append(t.x[:len(t.x):len(t.x)], w)[i])); err != nil {
			return err
		}
	}
	vm := gorgonia.NewTapeMachine(y.Graph())
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		return err
	}
	for i, of := range inputs {
		if err := t.compare(of, numbers[float64](values[i]), w.Data); err != nil {
			return fmt.Errorf("gradient with respect to input %d: %w", of, err)
		}
	}
	return nil
}

// compare checks the gradient of Σ w ⊙ y with respect to an input against fourth-order differences.
func (t test) compare(input int, gradient, w []float64) error {
	x := append([]Tensor(nil), t.x...)
	x[input] = round[float64](x[input])
	data, y := x[input].Data, Tensor{Shape: t.out, Data: filled(t.out, 0.0)}
	if len(gradient) != len(data) {
		return fmt.Errorf("%d numbers for %d elements", len(gradient), len(data))
	}
	for i, at := range data {
		cost := func(step float64) (c float64) {
			data[i] = at + step
			t.op.F64(y, x)
			for j, v := range y.Data {
				c += w[j] * v
			}
			return c
		}
		const h = 1e-3
		slope := (8*(cost(h)-cost(-h)) - (cost(2*h) - cost(-2*h))) / (12 * h)
		data[i] = at
		if math.Abs(slope-gradient[i]) > 1e-6*max(math.Abs(slope), math.Abs(gradient[i]))+1e-9 {
			return fmt.Errorf("element %d: the rule says %v, differences say %v", i, gradient[i], slope)
		}
	}
	return nil
}

// inner is c = Σ w ⊙ y, the cost in a gradient test.
var inner = &op.Op{
	Name:  "graphtest/inner",
	Shape: func([]op.Shape) (op.Shape, error) { return op.Shape{}, nil },
	F64: func(c op.Array[float64], x []op.Array[float64]) {
		c.Data[0] = 0
		for i, v := range x[0].Data {
			c.Data[0] += v * x[1].Data[i]
		}
	},
	Grad: []op.Grad{func(x op.Nodes, _, dc *op.Node) *op.Node { return scaled.Apply(x[1], dc) }, nil},
}

// scaled is dC w, the gradient of inner.
var scaled = &op.Op{
	Name:  "graphtest/scaled",
	Shape: func(x []op.Shape) (op.Shape, error) { return x[0].Clone(), nil },
	F64: func(y op.Array[float64], x []op.Array[float64]) {
		for i, v := range x[0].Data {
			y.Data[i] = v * x[1].Data[0]
		}
	},
}
