package op

import (
	"fmt"
	"math"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// Pooling over windows that may overlap and may reach beyond the image. Dilation is ignored.
//
// Maps are copied into frames, which include the padding. Seen as one slice, frames have a window at every position. The result takes only those
// at a stride, and ignores windows that wrap to the next row. The same element of all windows is the slice, moved along. So the work is a
// few passes over long slices, one for each row and column of a window.

// MaxWindows is the maximum of the windows of x (m,c,h,w), rows by cols of them. Places outside of x do not count. NaN wins.
func MaxWindows(w Windows, rows, cols int) *Op {
	return &Op{
		Name: fmt.Sprintf("maxWindows/%v", w), F32: maxWindowsDo[float32](w), F64: maxWindowsDo[float64](w), Cut: each1,
		Shape: pooled(rows, cols),
		Grad:  []Grad{func(x Nodes, _, dy *Node) *Node { return DMaxWindows(w).Apply(x[0], dy) }},
	}
}

// pooled is the shape rule of pooling into rows by cols windows.
func pooled(rows, cols int) func(x []Shape) (Shape, error) {
	return func(x []Shape) (Shape, error) {
		if len(x[0]) != 4 {
			return nil, fmt.Errorf("%v; it takes (m,c,h,w)", x[0])
		}
		return Shape{x[0][0], x[0][1], rows, cols}, nil
	}
}

func maxWindowsDo[T kernel.Float](w Windows) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		f, k := framesOf(w, y.Shape, x[0].Shape), kernel.For[T]()
		lent := kernel.Borrow[T](3 * f.most)
		defer kernel.Return(lent)
		for f.next() {
			in, column, top := scratch(&f, *lent, 0), scratch(&f, *lent, 1), scratch(&f, *lent, 2)
			frame(&f, in, x[0].Data, T(math.Inf(-1)))
			fold(&f, top, column, in, k.Larger)
			gather(&f, y.Data, top, 1)
		}
	}
}

// DMaxWindows gives dy to the first maximum of each window of x, in row order. If windows overlap, their shares add up. A window of nothing but
// −Inf may give its share to the padding.
func DMaxWindows(w Windows) *Op {
	return &Op{
		Name: fmt.Sprintf("dMaxWindows/%v", w), F32: dMaxWindowsDo[float32](w), F64: dMaxWindowsDo[float64](w), Cut: each2,
		Shape: func(x []Shape) (Shape, error) {
			if len(x[0]) != 4 || len(x[1]) != 4 || !x[0][:2].Eq(x[1][:2]) {
				return nil, fmt.Errorf("%v is not of windows of %v", x[1], x[0])
			}
			return x[0].Clone(), nil
		},
		Grad: []Grad{nil, func(x Nodes, _, dy *Node) *Node {
			s := x[1].Shape()
			return PickWindows(w, s[2], s[3]).Apply(x[0], dy)
		}},
	}
}

func dMaxWindowsDo[T kernel.Float](w Windows) func(Array[T], []Array[T]) {
	return func(dx Array[T], x []Array[T]) {
		f, k := framesOf(w, x[1].Shape, x[0].Shape), kernel.For[T]()
		lent := kernel.Borrow[T](4 * f.most)
		defer kernel.Return(lent)
		for f.next() {
			in, column, top, left := scratch(&f, *lent, 0), scratch(&f, *lent, 1), scratch(&f, *lent, 2), scratch(&f, *lent, 3)
			frame(&f, in, x[0].Data, T(math.Inf(-1)))
			fold(&f, top, column, in, k.Larger)
			spread(&f, left, x[1].Data, 1)
			d := column
			clear(d)
			for u := range w.Rows {
				for v := range w.Cols {
					at := u*f.wide + v
					k.Claim(d[at:at+f.places], left, in[at:], top)
				}
			}
			unframe(&f, dx.Data, d)
		}
	}
}

// PickWindows takes from v, the second input, the element at the first maximum of each window of x.
func PickWindows(w Windows, rows, cols int) *Op {
	return &Op{
		Name: fmt.Sprintf("pickWindows/%v", w), F32: pickWindowsDo[float32](w), F64: pickWindowsDo[float64](w), Cut: each2,
		Shape: func(x []Shape) (Shape, error) {
			if !x[0].Eq(x[1]) {
				return nil, fmt.Errorf("%v of %v; it takes two of one shape", x[1], x[0])
			}
			return pooled(rows, cols)(x)
		},
		Grad: []Grad{nil, func(x Nodes, _, dy *Node) *Node { return DMaxWindows(w).Apply(x[0], dy) }},
	}
}

func pickWindowsDo[T kernel.Float](w Windows) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		f, k := framesOf(w, y.Shape, x[0].Shape), kernel.For[T]()
		lent := kernel.Borrow[T](6 * f.most)
		defer kernel.Return(lent)
		for f.next() {
			in, column, top := scratch(&f, *lent, 0), scratch(&f, *lent, 1), scratch(&f, *lent, 2)
			left, values, picked := scratch(&f, *lent, 3), scratch(&f, *lent, 4), scratch(&f, *lent, 5)
			frame(&f, in, x[0].Data, T(math.Inf(-1)))
			frame(&f, values, x[1].Data, 0)
			fold(&f, top, column, in, k.Larger)
			Fill(left, 1)
			clear(picked)
			for u := range w.Rows {
				for v := range w.Cols {
					at, first := u*f.wide+v, column[:f.places] // 1 where the maximum is at this place
					clear(first)
					k.Claim(first, left, in[at:], top)
					k.Hadamard(first, first, values[at:])
					k.Add(picked[:f.places], picked, first)
				}
			}
			gather(&f, y.Data, picked, 1)
		}
	}
}

// AvgWindows is the mean of the windows of x (m,c,h,w), rows by cols of them, with 0 outside of x. Every mean divides by the window's full size.
func AvgWindows(w Windows, rows, cols int) *Op {
	return &Op{
		Name: fmt.Sprintf("avgWindows/%v", w), F32: avgWindowsDo[float32](w), F64: avgWindowsDo[float64](w), Cut: each1,
		Shape: pooled(rows, cols),
		Grad:  []Grad{func(x Nodes, _, dy *Node) *Node { return DAvgWindows(w, x[0].Shape()).Apply(dy) }},
	}
}

func avgWindowsDo[T kernel.Float](w Windows) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		f, k := framesOf(w, y.Shape, x[0].Shape), kernel.For[T]()
		lent := kernel.Borrow[T](3 * f.most)
		defer kernel.Return(lent)
		for f.next() {
			in, column, sum := scratch(&f, *lent, 0), scratch(&f, *lent, 1), scratch(&f, *lent, 2)
			frame(&f, in, x[0].Data, 0)
			fold(&f, sum, column, in, k.Add)
			gather(&f, y.Data, sum, 1/T(w.Rows*w.Cols))
		}
	}
}

// DAvgWindows gives a share of dy to each element of its window, in images of shape in. If windows overlap, their shares add up.
func DAvgWindows(w Windows, in Shape) *Op {
	return &Op{
		Name: fmt.Sprintf("dAvgWindows/%v/%v", w, in), F32: dAvgWindowsDo[float32](w), F64: dAvgWindowsDo[float64](w), Cut: each1,
		Shape: func(x []Shape) (Shape, error) {
			if len(x[0]) != 4 || x[0][1] != in[1] {
				return nil, fmt.Errorf("%v is not of windows of %v", x[0], in)
			}
			return append(Shape{x[0][0]}, in[1:]...), nil
		},
		Grad: []Grad{func(x Nodes, _, dy *Node) *Node {
			s := x[0].Shape()
			return AvgWindows(w, s[2], s[3]).Apply(dy)
		}},
	}
}

func dAvgWindowsDo[T kernel.Float](w Windows) func(Array[T], []Array[T]) {
	return func(dx Array[T], x []Array[T]) {
		f, k := framesOf(w, x[0].Shape, dx.Shape), kernel.For[T]()
		lent := kernel.Borrow[T](3 * f.most)
		defer kernel.Return(lent)
		for f.next() {
			share, row, d := scratch(&f, *lent, 0), scratch(&f, *lent, 1), scratch(&f, *lent, 2)
			spread(&f, share, x[0].Data, 1/T(w.Rows*w.Cols))
			clear(row)
			for v := range w.Cols {
				k.Add(row[v:v+f.places], row[v:], share)
			}
			clear(d)
			n := f.places + w.Cols - 1
			for u := 0; u < w.Rows*f.wide; u += f.wide {
				k.Add(d[u:u+n], d[u:], row)
			}
			unframe(&f, dx.Data, d)
		}
	}
}
