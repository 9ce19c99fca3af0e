package op

import (
	"fmt"
	"slices"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// Ops along the axes of tensors, whatever their number of axes.

// block is a range of axes seen as one axis of length n, between the axes before, of outer elements in total, and those after, of inner.
type block struct{ outer, n, inner int }

// blockOf returns the block of the axes [from, to) of s.
func blockOf(s Shape, from, to int) block {
	product := func(s Shape) int {
		n := 1
		for _, d := range s {
			n *= d
		}
		return n
	}
	return block{product(s[:from]), product(s[from:to]), product(s[to:])}
}

// Sum is the sum over the given axes, in ascending order. y no longer has these axes.
func Sum(axes ...int) *Op {
	op := &Op{
		Name: fmt.Sprintf("sum/%v", axes), Shape: without(axes),
		F32: reduceDo(axes, sumBlock[float32]), F64: reduceDo(axes, sumBlock[float64]),
	}
	switch {
	case len(axes) > 0 && axes[0] > 0:
		op.Cut = each1
	case slices.Equal(axes, []int{0}):
		op.Cut = Cut{Sum: true}
	}
	return op
}

// Max is the maximum over the given axes, in ascending order. y no longer has these axes.
func Max(axes ...int) *Op {
	op := &Op{
		Name: fmt.Sprintf("max/%v", axes), Shape: without(axes),
		F32: reduceDo(axes, maxBlock[float32]), F64: reduceDo(axes, maxBlock[float64]),
	}
	if len(axes) > 0 && axes[0] > 0 {
		op.Cut = each1
	}
	return op
}

// without is the shape rule of ops that remove axes.
func without(axes []int) func(x []Shape) (Shape, error) {
	return func(x []Shape) (Shape, error) {
		y := Shape{}
		for i, d := range x[0] {
			if !slices.Contains(axes, i) {
				y = append(y, d)
			}
		}
		if len(y)+len(axes) != len(x[0]) {
			return nil, fmt.Errorf("%v has no axes %v", x[0], axes)
		}
		return y, nil
	}
}

// reduceDo reduces one range of adjacent axes after another by f, starting with the last.
func reduceDo[T kernel.Float](axes []int, f func(y, x []T, b block)) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		in := x[0].Data
		var lent *[]T
		for end := len(axes); end > 0; {
			from := end - 1
			for from > 0 && axes[from-1] == axes[from]-1 {
				from--
			}
			b := blockOf(x[0].Shape, axes[from], axes[end-1]+1)
			for _, reduced := range axes[end:] { // they are already reduced
				b.inner /= x[0].Shape[reduced]
			}
			if from == 0 {
				f(y.Data, in, b)
				break
			}
			scratch := kernel.Borrow[T](b.outer * b.inner)
			f(*scratch, in, b)
			if lent != nil {
				kernel.Return(lent)
			}
			in, lent, end = *scratch, scratch, from
		}
		if len(axes) == 0 {
			copy(y.Data, in)
		}
		if lent != nil {
			kernel.Return(lent)
		}
	}
}

func sumBlock[T kernel.Float](y, x []T, b block) {
	s := kernel.For[T]()
	if b.inner == 1 {
		for i := range b.outer {
			y[i] = s.Sum(x[i*b.n : (i+1)*b.n])
		}
		return
	}
	for i := range b.outer {
		s.SumRows(y[i*b.inner:(i+1)*b.inner], x[i*b.n*b.inner:], b.inner, b.n)
	}
}

func maxBlock[T kernel.Float](y, x []T, b block) {
	for i := range b.outer {
		rows, top := x[i*b.n*b.inner:(i+1)*b.n*b.inner], y[i*b.inner:(i+1)*b.inner]
		copy(top, rows)
		for at, v := range rows {
			if j := at % b.inner; v > top[j] {
				top[j] = v
			}
		}
	}
}

// Expand repeats x along axes where x has length 1 and to is longer.
func Expand(to Shape) *Op {
	return &Op{
		Name: fmt.Sprintf("expand/%v", to), F32: expandDo[float32], F64: expandDo[float64],
		Shape: func(x []Shape) (Shape, error) {
			for i, d := range x[0] {
				if len(x[0]) != len(to) || d != to[i] && d != 1 {
					return nil, fmt.Errorf("%v does not repeat to %v; it takes as many axes, each as long or 1", x[0], to)
				}
			}
			return to.Clone(), nil
		},
	}
}

func expandDo[T kernel.Float](y Array[T], x []Array[T]) {
	if len(x[0].Data) == 1 {
		Fill(y.Data, x[0].Data[0])
		return
	}
	expand(y.Data, x[0].Data, y.Shape, x[0].Shape)
}

func expand[T kernel.Float](y, x []T, to, from Shape) {
	if len(x) == len(y) {
		copy(y, x)
		return
	}
	if len(x) == 1 {
		Fill(y, x[0])
		return
	}
	row := len(y) / to[0]
	if from[0] == 1 {
		expand(y[:row], x, to[1:], from[1:])
		for n := row; n < len(y); n *= 2 {
			copy(y[n:], y[:n])
		}
		return
	}
	part := len(x) / from[0]
	for i := range to[0] {
		expand(y[i*row:(i+1)*row], x[i*part:(i+1)*part], to[1:], from[1:])
	}
}

// Transpose reorders axes: axis i of y is axis pattern[i] of x.
func Transpose(pattern ...int) *Op {
	return &Op{
		Name: fmt.Sprintf("transpose/%v", pattern), F32: transposeDo[float32](pattern), F64: transposeDo[float64](pattern),
		Shape: func(x []Shape) (Shape, error) {
			if len(x[0]) != len(pattern) {
				return nil, fmt.Errorf("%v does not have the axes %v", x[0], pattern)
			}
			y := make(Shape, len(pattern))
			for i, p := range pattern {
				y[i] = x[0][p]
			}
			return y, nil
		},
		Grad: []Grad{func(_ Nodes, _, dy *Node) *Node {
			back := make([]int, len(pattern))
			for i, p := range pattern {
				back[p] = i
			}
			return Transpose(back...).Apply(dy)
		}},
	}
}

func transposeDo[T kernel.Float](pattern []int) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		var strides, step [8]int
		n := 1
		for i := len(x[0].Shape) - 1; i >= 0; i-- {
			strides[i] = n
			n *= x[0].Shape[i]
		}
		for i, p := range pattern {
			step[i] = strides[p]
		}
		transpose(y.Data, x[0].Data, y.Shape, step[:len(pattern)])
	}
}

// transpose fills y, of the given shape, from elements of x that lie step apart along each axis.
func transpose[T kernel.Float](y, x []T, shape Shape, step []int) {
	switch {
	case len(shape) == 1 && step[0] == 1:
		copy(y, x[:len(y)])
	case len(shape) == 1:
		for i := range y {
			y[i] = x[i*step[0]]
		}
	case len(shape) == 2 && step[0] == 1: // read rows of x, in blocks that stay in the cache
		rows, cols := shape[0], shape[1]
		for i0 := 0; i0 < rows; i0 += 16 {
			i1 := min(rows, i0+16)
			for j := range cols {
				from := x[j*step[1]+i0 : j*step[1]+i1]
				for i, v := range from {
					y[(i0+i)*cols+j] = v
				}
			}
		}
	default:
		row := len(y) / shape[0]
		for i := range shape[0] {
			transpose(y[i*row:(i+1)*row], x[i*step[0]:], shape[1:], step[1:])
		}
	}
}

// A Window is every Step-th element with From ≤ i < To along Axis.
type Window struct{ Axis, From, To, Step int }

func (w Window) size() int { return (w.To - w.From + w.Step - 1) / w.Step }

func (w Window) cut() Cut {
	if w.Axis == 0 {
		return Cut{}
	}
	return each1
}

// inside returns an error unless w lies in s.
func (w Window) inside(s Shape) error {
	if w.Axis >= len(s) || w.From < 0 || w.To > s[w.Axis] || w.Step < 1 || w.size() < 1 {
		return fmt.Errorf("[%d:%d:%d] of axis %d of %v", w.From, w.To, w.Step, w.Axis, s)
	}
	return nil
}

// Slice takes the window of x.
func Slice(w Window) *Op {
	return &Op{
		Name: fmt.Sprintf("slice/%v", w), F32: sliceDo[float32](w), F64: sliceDo[float64](w), Cut: w.cut(),
		Shape: func(x []Shape) (Shape, error) {
			if err := w.inside(x[0]); err != nil {
				return nil, err
			}
			y := x[0].Clone()
			y[w.Axis] = w.size()
			return y, nil
		},
	}
}

func sliceDo[T kernel.Float](w Window) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		b, n := blockOf(x[0].Shape, w.Axis, w.Axis+1), w.size()
		for i := range b.outer {
			from, to := x[0].Data[i*b.n*b.inner:], y.Data[i*n*b.inner:(i+1)*n*b.inner]
			if w.Step == 1 {
				copy(to, from[w.From*b.inner:])
				continue
			}
			for j := range n {
				copy(to[j*b.inner:(j+1)*b.inner], from[(w.From+j*w.Step)*b.inner:])
			}
		}
	}
}

// Unslice is zeros of shape to with x in the window: the gradient of [Slice].
func Unslice(w Window, to Shape) *Op {
	return &Op{
		Name: fmt.Sprintf("unslice/%v/%v", w, to), F32: unsliceDo[float32](w), F64: unsliceDo[float64](w), Cut: w.cut(),
		Shape: func(x []Shape) (Shape, error) {
			y := to.Clone()
			if w.Axis > 0 && len(x[0]) > 0 {
				y[0] = x[0][0]
			}
			part, err := Slice(w).Shape([]Shape{y})
			if err == nil && !slices.Equal(part, x[0]) {
				err = fmt.Errorf("%v is not [%d:%d:%d] of axis %d of %v", x[0], w.From, w.To, w.Step, w.Axis, to)
			}
			return y, err
		},
	}
}

func unsliceDo[T kernel.Float](w Window) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		clear(y.Data)
		b, n := blockOf(y.Shape, w.Axis, w.Axis+1), w.size()
		for i := range b.outer {
			to := y.Data[i*b.n*b.inner : (i+1)*b.n*b.inner]
			for j := range n {
				copy(to[(w.From+j*w.Step)*b.inner:], x[0].Data[(i*n+j)*b.inner:(i*n+j+1)*b.inner])
			}
		}
	}
}

// Join puts n inputs one after the other along an axis.
func Join(axis, n int) *Op {
	op := &Op{
		Name: fmt.Sprintf("join/%d/%d", axis, n), F32: joinDo[float32](axis), F64: joinDo[float64](axis),
		Shape: func(x []Shape) (Shape, error) {
			y := x[0].Clone()
			for i, s := range x {
				if len(s) != len(y) || axis >= len(y) {
					return nil, fmt.Errorf("%v beside %v along axis %d", s, x[0], axis)
				}
				if i > 0 {
					y[axis] += s[axis]
				}
			}
			return y, nil
		},
	}
	if axis > 0 {
		op.Cut = Cut{Each: slices.Repeat([]bool{true}, n)}
	}
	return op
}

func joinDo[T kernel.Float](axis int) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		b, at := blockOf(y.Shape, axis, axis+1), 0
		for _, a := range x {
			n := len(a.Data) / b.outer
			for i := range b.outer {
				copy(y.Data[i*b.n*b.inner+at:], a.Data[i*n:(i+1)*n])
			}
			at += n
		}
	}
}
