package op

import (
	"fmt"
	"hash"
	"hash/fnv"
	"io"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// applied is an Op at given input shapes, as a Gorgonia op: it implements Op, SDOp and UsePreallocDoer. All that Gorgonia asks for (hash, arity,
// type, what is differentiable) follows from the literal, so it cannot be wrong for a single op.
type applied struct {
	*Op
	in  []Shape
	out Shape
}

// Of returns o as one of this package's ops, or nil if it is not one.
func Of(o gorgonia.Op) *Op {
	if a, ok := o.(*applied); ok {
		return a.Op
	}
	return nil
}

func (a *applied) Arity() int           { return len(a.in) }
func (a *applied) ReturnsPtr() bool     { return true }
func (a *applied) CallsExtern() bool    { return true } // makes the TapeMachine preallocate memory and call UsePreallocDo
func (a *applied) OverwritesInput() int { return -1 }
func (a *applied) String() string       { return a.Name }

func (a *applied) WriteHash(h hash.Hash) { io.WriteString(h, fmt.Sprintf("stheno/%s%v", a.Name, a.in)) }

func (a *applied) Hashcode() uint32 {
	h := fnv.New32a()
	a.WriteHash(h)
	return h.Sum32()
}

func (a *applied) Type() hm.Type {
	elem := hm.TypeVariable('a')
	of := func(s Shape) hm.Type {
		if s.IsScalar() {
			return elem
		}
		return gorgonia.TensorType{Dims: s.Dims(), Of: elem}
	}
	types := make([]hm.Type, 0, len(a.in)+1)
	for _, s := range a.in {
		types = append(types, of(s))
	}
	return hm.NewFnType(append(types, of(a.out))...)
}

func (a *applied) InferShape(...gorgonia.DimSizer) (Shape, error) { return a.out, nil }

func (a *applied) DiffWRT(inputs int) []bool {
	wrt := make([]bool, inputs)
	for i := range a.Grad {
		wrt[i] = a.Grad[i] != nil
	}
	return wrt
}

func (a *applied) SymDiff(x Nodes, y, dy *Node) (dx Nodes, err error) {
	defer Catch(&err)
	dx = make(Nodes, len(x))
	for i, rule := range a.Grad {
		if rule != nil {
			dx[i] = rule(x, y, dy)
		}
	}
	return dx, nil
}

// Do runs the op into a new value. x must have the shapes that the op was applied to.
func (a *applied) Do(x ...gorgonia.Value) (gorgonia.Value, error) {
	if a.out.IsScalar() {
		return a.UsePreallocDo(nil, x...)
	}
	return a.UsePreallocDo(tensor.New(tensor.Of(x[0].Dtype()), tensor.WithShape(a.out...)), x...)
}

// UsePreallocDo runs the op into y, whatever its elements are. A scalar result is a new value.
func (a *applied) UsePreallocDo(y gorgonia.Value, x ...gorgonia.Value) (gorgonia.Value, error) {
	for i, v := range x {
		if !v.Shape().Eq(a.in[i]) {
			return nil, fmt.Errorf("op: %s: input %d is %v, not the %v that the graph was built for", a.Name, i, v.Shape(), a.in[i])
		}
	}
	switch x[0].Dtype() {
	case tensor.Float32:
		s, err := run(a, a.F32, y, x)
		if a.out.IsScalar() {
			y = gorgonia.NewF32(s)
		}
		return y, err
	case tensor.Float64:
		s, err := run(a, a.F64, y, x)
		if a.out.IsScalar() {
			y = gorgonia.NewF64(s)
		}
		return y, err
	}
	return nil, fmt.Errorf("op: %s: no kernel for %v; use float32 or float64", a.Name, x[0].Dtype())
}

// run calls the kernel f. It returns the result if it is a scalar.
func run[T kernel.Float](a *applied, f func(Array[T], []Array[T]), y gorgonia.Value, x []gorgonia.Value) (s T, err error) {
	in := make([]Array[T], len(x))
	for i, v := range x {
		in[i].Shape = a.in[i]
		if in[i].Data, err = Elements[T](v); err != nil {
			return 0, fmt.Errorf("op: %s: input %d: %w", a.Name, i, err)
		}
	}
	out := []T{0}
	if !a.out.IsScalar() {
		if out, err = Elements[T](y); err != nil {
			return 0, fmt.Errorf("op: %s: output: %w", a.Name, err)
		}
	}
	f(Array[T]{a.out, out}, in)
	return out[0], nil
}

// Elements returns v's elements in row-major order: the value's own memory if it is row-major, and a copy if it is a view.
func Elements[T kernel.Float](v gorgonia.Value) ([]T, error) {
	if t, ok := v.(*tensor.Dense); ok && t.RequiresIterator() {
		v = t.Materialize()
	}
	switch d := v.Data().(type) {
	case []T:
		return d, nil
	case T:
		return []T{d}, nil
	}
	return nil, fmt.Errorf("%T is not of the graph's element type", v.Data())
}
