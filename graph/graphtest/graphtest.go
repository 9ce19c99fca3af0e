// Package graphtest checks ops: their kernels, shape rules and gradient rules. Call [Op] once for each set of inputs, for example for each row of
// a test table. Use it for your own ops; the ops of package op are tested with it, too.
package graphtest

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/stheno-ml/stheno/graph/op"
)

// Tensor is an input of the op under test.
type Tensor = op.Array[float64]

// Random returns a tensor of the given shape with numbers from N(0,1). The same seed gives the same numbers.
func Random(shape op.Shape, seed uint64) Tensor {
	r := rand.New(rand.NewPCG(seed, 0))
	t := Tensor{Shape: shape, Data: make([]float64, shape.TotalSize())}
	for i := range t.Data {
		t.Data[i] = r.NormFloat64()
	}
	return t
}

// Spread returns a tensor of the given shape with numbers in random order that are at least 1/16 apart and at least 1/32 away from 0. Use it
// for ops with kinks: a difference quotient across a kink says nothing about the gradient.
func Spread(shape op.Shape, seed uint64) Tensor {
	n := shape.TotalSize()
	t := Tensor{Shape: shape, Data: make([]float64, n)}
	for i, k := range rand.New(rand.NewPCG(seed, 0)).Perm(n) {
		t.Data[i] = float64(2*(k-n/2)+1) / 32
	}
	return t
}

// Op checks o on the inputs x, which must be finite and more than 0.01 away from any kink of o. The error lists everything that is wrong. Op
// checks that
//
//   - the kernels are pure: they write every element of their output and nothing else, read only their inputs, and repeat the same bits;
//   - the float32 kernel agrees with the float64 kernel;
//   - the op as a Gorgonia node gives the kernel's bits, and an error for values whose shapes are not the graph's;
//   - every gradient rule, through gorgonia.Grad and a TapeMachine, agrees with differences of the float64 kernel's results;
//   - the shape rule never panics, and the kernel can run every shape that it accepts;
//   - the kernel can be cut along the mini-batch as the op's Cut says;
//   - the op's definition by other ops, if it has one, computes the same.
func Op(o *op.Op, x ...Tensor) error {
	shapes := make([]op.Shape, len(x))
	for i := range x {
		shapes[i] = x[i].Shape
	}
	out, err := o.Shape(shapes)
	if err != nil {
		return fmt.Errorf("graphtest: %s: %w", o.Name, err)
	}
	t := test{op: o, x: x, shapes: shapes, out: out}
	if err := t.kernels(); err != nil { // the other checks would only repeat it
		return fmt.Errorf("graphtest: %s %v: %w", o.Name, shapes, err)
	}
	if err := errors.Join(t.adapter(), t.gradients(), t.misfits(), t.cuts(), t.made()); err != nil {
		return fmt.Errorf("graphtest: %s %v: %w", o.Name, shapes, err)
	}
	return nil
}

// test is an op with one set of inputs.
type test struct {
	op     *op.Op
	x      []Tensor
	shapes []op.Shape
	out    op.Shape
}

// float is an element type.
type float interface{ float32 | float64 }

// round converts x to another element type.
func round[T, U float](x op.Array[U]) op.Array[T] {
	y := op.Array[T]{Shape: x.Shape, Data: make([]T, len(x.Data))}
	for i, v := range x.Data {
		y.Data[i] = T(v)
	}
	return y
}

// kernels checks that both kernels are pure, and compares them on the same numbers.
func (t test) kernels() error {
	x32, x64 := make([]op.Array[float32], len(t.x)), make([]Tensor, len(t.x))
	for i, x := range t.x {
		x32[i] = round[float32](x)
		x64[i] = round[float64](x32[i])
	}
	y32, err32 := pure(t.op.F32, t.out, x32)
	y64, err64 := pure(t.op.F64, t.out, x64)
	if err := errors.Join(prefix("float32 kernel", err32), prefix("float64 kernel", err64)); err != nil {
		return err
	}
	size := 1.0
	for _, v := range y64 {
		size = max(size, math.Abs(v))
	}
	for i, v := range y64 {
		if math.Abs(float64(y32[i])-v) > 1e-5*size {
			return fmt.Errorf("element %d is %v in float32 and %v in float64", i, y32[i], v)
		}
	}
	return nil
}

func prefix(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// pure runs a kernel twice, on outputs filled with different garbage.
func pure[T float](f func(op.Array[T], []op.Array[T]), out op.Shape, x []op.Array[T]) (y []T, err error) {
	defer caught(&err)
	before := make([][]T, len(x))
	for i := range x {
		before[i] = slices.Clone(x[i].Data)
	}
	y = filled(out, T(math.NaN()))
	f(op.Array[T]{Shape: out, Data: y}, x)
	if i := slices.IndexFunc(y, func(v T) bool { return v != v }); i >= 0 {
		return nil, fmt.Errorf("element %d of the output is not written, or NaN", i)
	}
	for i := range x {
		if k := differ(x[i].Data, before[i]); k >= 0 {
			return nil, fmt.Errorf("element %d of input %d was %v and is %v after", k, i, before[i][k], x[i].Data[k])
		}
	}
	again := filled(out, T(1e30))
	f(op.Array[T]{Shape: out, Data: again}, x)
	if i := differ(y, again); i >= 0 {
		return nil, fmt.Errorf("element %d is %v, then %v; a kernel must read nothing but its inputs and keep nothing", i, y[i], again[i])
	}
	return y, nil
}

// filled returns a slice of v for each element of the shape.
func filled[T float](shape op.Shape, v T) []T {
	y := make([]T, shape.TotalSize())
	for i := range y {
		y[i] = v
	}
	return y
}

// differ returns the first index at which the bits of a and b differ, or -1.
func differ[T float](a, b []T) int {
	for i := range a {
		if math.Float64bits(float64(a[i])) != math.Float64bits(float64(b[i])) {
			return i
		}
	}
	return -1
}

// caught turns a panic into an error.
func caught(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("panic: %v", r)
	}
}

// misfits tries the shape rule on shapes near the right ones, and runs the kernel on those that it accepts.
func (t test) misfits() error {
	for i, s := range t.shapes {
		for _, wrong := range near(s) {
			shapes := slices.Clone(t.shapes)
			shapes[i] = wrong
			if err := accepts(t.op, shapes); err != nil {
				return fmt.Errorf("input %d of shape %v: %w", i, wrong, err)
			}
		}
	}
	return nil
}

// near returns shapes that differ from s in a dimension or a length.
func near(s op.Shape) []op.Shape {
	all := []op.Shape{{}, append(s.Clone(), 2), append(op.Shape{2}, s...)}
	for i := range s {
		all = append(all, slices.Delete(s.Clone(), i, i+1))
		for _, d := range []int{1, s[i] + 1, s[i] + 5} {
			other := s.Clone()
			other[i] = d
			all = append(all, other)
		}
	}
	return all
}

// accepts returns an error if the shape rule panics, or accepts shapes that the kernel cannot run.
func accepts(o *op.Op, shapes []op.Shape) (err error) {
	defer caught(&err)
	out, err := o.Shape(shapes)
	if err != nil {
		return nil
	}
	x := make([]Tensor, len(shapes))
	for i, s := range shapes {
		x[i] = Random(s, uint64(i))
	}
	o.F64(Tensor{Shape: out, Data: filled(out, math.NaN())}, x)
	return nil
}
