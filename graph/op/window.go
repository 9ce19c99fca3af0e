package op

import (
	"fmt"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// Windows says how the windows of a convolution or of pooling lie: their size, their distance, the padding above and to the left of the image,
// and the distance between elements of a window.
type Windows struct {
	Rows, Cols             int
	StrideRows, StrideCols int
	PadRows, PadCols       int
	DilateRows, DilateCols int
}

// Patches are the windows of x (m,c,h,w), row by row, as (m, rows, cols, c·Rows·Cols), with 0 outside of x. rows and cols are the numbers of
// windows.
func Patches(w Windows, rows, cols int) *Op {
	return &Op{
		Name: fmt.Sprintf("patches/%v", w), F32: patchesDo[float32](w), F64: patchesDo[float64](w), Cut: each1,
		Shape: func(x []Shape) (Shape, error) {
			if len(x[0]) != 4 {
				return nil, fmt.Errorf("%v; it takes (m,c,h,w)", x[0])
			}
			return Shape{x[0][0], rows, cols, x[0][1] * w.Rows * w.Cols}, nil
		},
	}
}

// each calls f for every element of every patch of an image with c maps of h by w. Its arguments are the place in the order of the patches'
// elements, and the place in the image or −1 outside of it.
func (w Windows) each(c, h, width, rows, cols int, f func(at, from int)) {
	at := 0
	for i := range rows {
		for j := range cols {
			for k := range c {
				for u := range w.Rows {
					r := i*w.StrideRows - w.PadRows + u*w.DilateRows
					for v := range w.Cols {
						s := j*w.StrideCols - w.PadCols + v*w.DilateCols
						if 0 <= r && r < h && 0 <= s && s < width {
							f(at, (k*h+r)*width+s)
						} else {
							f(at, -1)
						}
						at++
					}
				}
			}
		}
	}
}

func patchesDo[T kernel.Float](w Windows) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		n := len(y.Data) / y.Shape[0]
		for i := range y.Shape[0] {
			in, out := image(x[0], i), y.Data[i*n:(i+1)*n]
			w.each(x[0].Shape[1], x[0].Shape[2], x[0].Shape[3], y.Shape[1], y.Shape[2], func(at, from int) {
				if from < 0 {
					out[at] = 0
					return
				}
				out[at] = in[from]
			})
		}
	}
}

// DPatches adds each element of patches back to its place in x of shape in: the gradient of [Patches].
func DPatches(w Windows, in Shape) *Op {
	return &Op{
		Name: fmt.Sprintf("dPatches/%v/%v", w, in), F32: dPatchesDo[float32](w), F64: dPatchesDo[float64](w), Cut: each1,
		Shape: func(x []Shape) (Shape, error) {
			if len(x[0]) != 4 || x[0][3] != in[1]*w.Rows*w.Cols {
				return nil, fmt.Errorf("%v is not of patches of %v", x[0], in)
			}
			return append(Shape{x[0][0]}, in[1:]...), nil
		},
	}
}

func dPatchesDo[T kernel.Float](w Windows) func(Array[T], []Array[T]) {
	return func(dx Array[T], x []Array[T]) {
		clear(dx.Data)
		n := len(x[0].Data) / x[0].Shape[0]
		for i := range x[0].Shape[0] {
			in, out := x[0].Data[i*n:(i+1)*n], image(dx, i)
			w.each(dx.Shape[1], dx.Shape[2], dx.Shape[3], x[0].Shape[1], x[0].Shape[2], func(at, from int) {
				if from >= 0 {
					out[from] += in[at]
				}
			})
		}
	}
}
