package vm

import (
	"slices"

	"github.com/stheno-ml/stheno/graph/op"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// memory holds the elements of a value in row-major order, in one of its two slices. Both are nil for other element types.
type memory struct {
	f32 []float32
	f64 []float64
}

// elements returns m's elements of type T.
func elements[T kernel.Float](m *memory) []T {
	if d, ok := any(m.f32).([]T); ok {
		return d
	}
	return any(m.f64).([]T)
}

// memoryOf returns d as memory.
func memoryOf[T kernel.Float](d []T) *memory {
	m := new(memory)
	m.set(d)
	return m
}

func (m *memory) set(d any) {
	switch d := d.(type) {
	case []float32:
		m.f32 = d
	case []float64:
		m.f64 = d
	}
}

// slot is a value as Gorgonia's ops and nodes see it: a tensor or a number over the program's memory. If the program has no memory for it, it is
// what an op returned or what is bound to a node.
type slot struct {
	memory *memory // nil: there is none
	value  gorgonia.Value
	loose  bool // value is not over memory, although there is some: an op returned something other than its node declared
}

// get returns the slot's value, with the current contents of memory.
func (s *slot) get() gorgonia.Value {
	if s.memory == nil || s.loose {
		return s.value
	}
	switch v := s.value.(type) {
	case *gorgonia.F32:
		*v = gorgonia.F32(s.memory.f32[0])
	case *gorgonia.F64:
		*v = gorgonia.F64(s.memory.f64[0])
	}
	return s.value
}

// show makes the slot's value a number, or a tensor of the given shape, over memory. The value stays the same as long as its form does.
func (s *slot) show(shape op.Shape, number bool) {
	if s.value != nil && !s.loose {
		if t, ok := s.value.(*tensor.Dense); ok && !number && slices.Equal(t.Shape(), shape) || !ok && number {
			return
		}
	}
	s.loose = false
	switch {
	case number && s.memory.f32 != nil:
		s.value = gorgonia.NewF32(0)
	case number:
		s.value = gorgonia.NewF64(0)
	case s.memory.f32 != nil:
		s.value = over(shape, s.memory.f32)
	default:
		s.value = over(shape, s.memory.f64)
	}
}

// over returns a tensor over d.
func over[T kernel.Float](shape op.Shape, d []T) *tensor.Dense {
	if shape.IsScalar() {
		t := tensor.New(tensor.WithShape(1), tensor.WithBacking(d))
		if err := t.Reshape(); err == nil {
			return t
		}
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(d))
}

// put copies v's elements into memory. It returns false if their type or number differs.
func (m *memory) put(v gorgonia.Value) bool {
	if m.f32 != nil {
		return put(m.f32, v)
	}
	return put(m.f64, v)
}

func put[T kernel.Float](y []T, v gorgonia.Value) bool {
	t, ok := v.(*tensor.Dense)
	if !ok {
		n, ok := number[T](v)
		if ok = ok && len(y) == 1; ok {
			y[0] = n
		}
		return ok
	}
	x := backing[T](t)
	if x == nil || max(1, t.Shape().TotalSize()) != len(y) {
		return false
	}
	if plain(t) {
		return copy(y, x) == len(y)
	}
	return spread(y, x, t.Shape(), t.Strides()) == len(y)
}

// number returns v as a number of type T.
func number[T kernel.Float](v gorgonia.Value) (n T, ok bool) {
	switch v := v.(type) {
	case *gorgonia.F32:
		n, ok = any(float32(*v)).(T)
	case *gorgonia.F64:
		n, ok = any(float64(*v)).(T)
	}
	return n, ok
}

// backing returns the elements behind t, in whatever order and with whatever gaps, or nil if they have another type.
func backing[T kernel.Float](t *tensor.Dense) []T {
	var d []T
	switch y := any(&d).(type) {
	case *[]float32:
		if t.Dtype() == tensor.Float32 {
			*y = t.Float32s()
		}
	case *[]float64:
		if t.Dtype() == tensor.Float64 {
			*y = t.Float64s()
		}
	}
	return d
}

// plain reports whether t's elements are in row-major order without gaps.
func plain(t *tensor.Dense) bool { return !t.RequiresIterator() && !t.DataOrder().IsColMajor() }

// spread copies x, laid out by strides, to y in row-major order, and returns the number of elements.
func spread[T any](y, x []T, shape, strides []int) int {
	if len(strides) == 1 && len(shape) > 1 { // a column or row vector
		shape = []int{op.Shape(shape).TotalSize()}
	}
	if len(strides) == 0 || len(shape) == 0 {
		y[0] = x[0]
		return 1
	}
	n := 0
	for i := range shape[0] {
		if len(shape) == 1 {
			y[i] = x[i*strides[0]]
			n++
		} else {
			n += spread(y[n:], x[i*strides[0]:], shape[1:], strides[1:])
		}
	}
	return n
}
