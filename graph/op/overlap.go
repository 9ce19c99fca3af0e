package op

import (
	"fmt"
	"math"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// Pooling over windows that may overlap and may reach out of the image. Their dilation does not count.
//
// A row of windows is done at once, and as if there were one at every column, as those at a stride are among them: so each step is over a
// long slice, and the work is that of a window's rows and columns, not of their product.

// MaxWindows is the maximum of the windows of x (m,c,h,w), rows by cols of them; what is outside of x does not count. NaN wins.
func MaxWindows(w Windows, rows, cols int) *Op {
	return &Op{
		Name: fmt.Sprintf("maxWindows/%v", w), F32: maxWindowsDo[float32](w), F64: maxWindowsDo[float64](w), Cut: each1,
		Shape: pooled(rows, cols),
		Grad:  []Grad{func(x Nodes, _, dy *Node) *Node { return DMaxWindows(w).Apply(x[0], dy) }},
	}
}

// pooled is the shape rule of pooling to rows by cols windows.
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
		s := w.strips(y.Shape, x[0].Shape)
		scratch := kernel.Borrow[T](s.wide + s.width)
		defer kernel.Return(scratch)
		top, column := (*scratch)[:s.wide], (*scratch)[s.wide:]
		for s.next() {
			tops(top, column, x[0].Data, &s)
			for j := range s.cols {
				y.Data[s.window+j] = top[j*w.StrideCols]
			}
		}
	}
}

// tops are the maxima of a strip of windows; column is scratch for a row of the image.
func tops[T kernel.Float](top, column, x []T, s *strip) {
	k := kernel.For[T]()
	Fill(top, T(math.Inf(-1)))
	for r := s.from; r < s.to; r += s.width {
		if r == s.from {
			copy(column, x[r:])
		} else {
			k.Larger(column, column, x[r:r+s.width])
		}
	}
	if s.from == s.to {
		return
	}
	for v := range s.Cols {
		if a, b, at := s.meet(v); a < b {
			k.Larger(top[a:b], top[a:b], column[at:at+b-a])
		}
	}
}

// DMaxWindows gives dy to the first maximum of each window of x, in row order; where windows overlap, their shares add up.
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
		k := kernel.For[T]()
		in, dy, s := x[0].Data, x[1].Data, w.strips(x[1].Shape, x[0].Shape)
		scratch := kernel.Borrow[T](2*s.wide + s.width)
		defer kernel.Return(scratch)
		top, left, column := (*scratch)[:s.wide], (*scratch)[s.wide:2*s.wide], (*scratch)[2*s.wide:]
		clear(dx.Data)
		for s.next() {
			tops(top, column, in, &s)
			clear(left)
			for j := range s.cols {
				left[j*w.StrideCols] = dy[s.window+j]
			}
			for r := s.from; r < s.to; r += s.width {
				for v := range w.Cols {
					if a, b, at := s.meet(v); a < b {
						k.Claim(dx.Data[r+at:r+at+b-a], left[a:b], in[r+at:], top[a:b])
					}
				}
			}
		}
	}
}

// PickWindows is what v, the second input, has at the first maximum of each window of x; 0 for a window outside of x.
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
		in, v, s := x[0].Data, x[1].Data, w.strips(y.Shape, x[0].Shape)
		for s.next() {
			for j := range s.cols {
				best, c := -1, j*w.StrideCols-w.PadCols
				for r := s.from; r < s.to; r += s.width {
					for at := r + max(0, c); at < r+min(s.width, c+w.Cols); at++ {
						if best < 0 || in[at] > in[best] {
							best = at
						}
					}
				}
				y.Data[s.window+j] = 0
				if best >= 0 {
					y.Data[s.window+j] = v[best]
				}
			}
		}
	}
}

// AvgWindows is the mean of the windows of x (m,c,h,w), rows by cols of them, with 0 outside of x: all have as many elements.
func AvgWindows(w Windows, rows, cols int) *Op {
	return &Op{
		Name: fmt.Sprintf("avgWindows/%v", w), F32: avgWindowsDo[float32](w), F64: avgWindowsDo[float64](w), Cut: each1,
		Shape: pooled(rows, cols),
		Grad:  []Grad{func(x Nodes, _, dy *Node) *Node { return DAvgWindows(w, x[0].Shape()).Apply(dy) }},
	}
}

func avgWindowsDo[T kernel.Float](w Windows) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		k, in, s := kernel.For[T](), x[0].Data, w.strips(y.Shape, x[0].Shape)
		scratch := kernel.Borrow[T](s.wide + s.width)
		defer kernel.Return(scratch)
		sum, column := (*scratch)[:s.wide], (*scratch)[s.wide:]
		for s.next() {
			clear(sum)
			clear(column)
			for r := s.from; r < s.to; r += s.width {
				k.Add(column, column, in[r:r+s.width])
			}
			for v := range w.Cols {
				if a, b, at := s.meet(v); a < b {
					k.Add(sum[a:b], sum[a:b], column[at:at+b-a])
				}
			}
			for j := range s.cols {
				y.Data[s.window+j] = sum[j*w.StrideCols] / T(w.Rows*w.Cols)
			}
		}
	}
}

// DAvgWindows gives a share of dy to each element of its window, in images of the shape of in; where windows overlap, their shares add up.
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
		k, dy, s := kernel.For[T](), x[0].Data, w.strips(x[0].Shape, dx.Shape)
		scratch := kernel.Borrow[T](s.wide + s.width)
		defer kernel.Return(scratch)
		share, row := (*scratch)[:s.wide], (*scratch)[s.wide:]
		clear(dx.Data)
		for s.next() {
			clear(share)
			for j := range s.cols {
				share[j*w.StrideCols] = dy[s.window+j] / T(w.Rows*w.Cols)
			}
			clear(row)
			for v := range w.Cols {
				if a, b, at := s.meet(v); a < b {
					k.Add(row[at:at+b-a], row[at:at+b-a], share[a:b])
				}
			}
			for r := s.from; r < s.to; r += s.width {
				k.Add(dx.Data[r:r+s.width], dx.Data[r:r+s.width], row)
			}
		}
	}
}

// strip is a row of windows: next goes through those of all maps.
type strip struct {
	Windows
	rows, cols    int // windows of a map
	height, width int // of a map
	wide          int // windows side by side, if there were one at every column
	i, n          int // the number of the next strip, and of all

	from, to int // the image's rows that the windows meet: the places in x of their first elements
	window   int // the place in y of the first window
}

// strips are those of y, of the windows of x.
func (w Windows) strips(y, x Shape) strip {
	return strip{Windows: w, rows: y[2], cols: y[3], height: x[2], width: x[3], wide: (y[3]-1)*w.StrideCols + 1, n: y[0] * y[1] * y[2]}
}

// next goes to the next strip, and says whether there is one.
func (s *strip) next() bool {
	if s.i == s.n {
		return false
	}
	first, r := s.i/s.rows*s.height, s.i%s.rows*s.StrideRows-s.PadRows
	from := min(max(0, r), s.height)
	to := max(from, min(s.height, r+s.Rows))
	s.from, s.to, s.window = (first+from)*s.width, (first+to)*s.width, s.i*s.cols
	s.i++
	return true
}

// meet is where the windows' column v meets the image: for the windows [a, b), at the image's columns from at on.
func (s *strip) meet(v int) (a, b, at int) {
	a = max(0, s.PadCols-v)
	return a, min(s.wide, s.width+s.PadCols-v), a + v - s.PadCols
}
