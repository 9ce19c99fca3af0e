package weights

import (
	"cmp"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/graph"
)

// The layouts: the order of the axes of weights in a file.
const (
	Stheno = "stheno" // dense (in, out), convolutions (out, in, rows, columns), transposed ones (in, out, rows, columns), images flattened as (maps, rows, columns)
	Torch  = "torch"  // dense (out, in), recurrent (gates × out, in) with two biases, otherwise as Stheno
	Keras  = "keras"  // dense (in, out), convolutions (rows, columns, in, out), depthwise ones (rows, columns, maps, filters of each), transposed ones (rows, columns, out, in), images flattened as (rows, columns, maps)
)

// Layouts are all of them.
var Layouts = []string{Stheno, Torch, Keras}

// The ways to turn a tensor.
const (
	asItIs     = "as it is"
	transposed = "transposed"
	filters    = "(rows, columns, in, out) to (out, in, rows, columns)"
	depthwise  = "(rows, columns, maps, filters) to (maps × filters, 1, rows, columns)"
	backwards  = "(rows, columns, out, in) to (in, out, rows, columns)"
	flattened  = "(rows, columns, maps) to (maps, rows, columns)"
)

// turn is, for each axis of the parameter, the axis of the file's tensor. It is false if the tensor does not fit.
func turn(layout, kind string, p *graph.Param, shape []int) (axes []int, ok bool) {
	switch {
	case (kind == dense || kind == recurrent) && len(p.Shape) == 2 && layout == Torch:
		axes = []int{1, 0}
	case kind == conv && layout == Keras && len(shape) == 4 && len(p.Shape) == 4 && p.Shape[1] == 1 && shape[2] > 1:
		return []int{2, 3, 0, 1}, slices.Equal(p.Shape, []int{shape[2] * shape[3], 1, shape[0], shape[1]})
	case (kind == conv || kind == transpose) && len(p.Shape) == 4 && layout == Keras:
		axes = []int{3, 2, 0, 1}
	case len(p.Shape) == 1:
		return nil, slices.Equal(squeezed(shape), squeezed(p.Shape))
	default:
		return nil, slices.Equal(shape, p.Shape)
	}
	if len(shape) != len(axes) {
		return nil, false
	}
	for i, axis := range axes {
		if shape[axis] != p.Shape[i] {
			return nil, false
		}
	}
	return axes, true
}

// squeezed is a shape without axes of 1: biases may be a row or a column.
func squeezed(shape []int) []int {
	return slices.DeleteFunc(slices.Clone(shape), func(n int) bool { return n == 1 })
}

// place assigns a tensor to a parameter, with its axes turned and then the first one reordered.
func place(from pair, axes []int, rows order) Place {
	x, p := from.from, from.to
	how := []string{}
	switch {
	case len(axes) == 2:
		how = append(how, transposed)
	case len(axes) == 4 && axes[0] == 2:
		how = append(how, depthwise)
	case len(axes) == 4 && from.kind == transpose:
		how = append(how, backwards)
	case len(axes) == 4:
		how = append(how, filters)
	}
	if rows != nil {
		how = append(how, flattened)
	}
	y := Place{Tensor: x.Name, Shape: x.Shape, To: p, How: cmp.Or(strings.Join(how, ", "), asItIs)}
	switch data := x.Data.(type) {
	case []float32:
		y.Data = reordered(permuted(data, x.Shape, axes), rows)
	case []float64:
		y.Data = reordered(permuted(data, x.Shape, axes), rows)
	}
	return y
}

// permuted is a tensor whose axis i is the axis axes[i] of x.
func permuted[T any](x []T, shape, axes []int) []T {
	if axes == nil {
		return x
	}
	strides, stride := make([]int, len(shape)), 1
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = stride
		stride *= shape[i]
	}
	y, index := make([]T, len(x)), make([]int, len(axes))
	for i := range y {
		from := 0
		for k, axis := range axes {
			from += index[k] * strides[axis]
		}
		y[i] = x[from]
		for k := len(axes) - 1; k >= 0; k-- {
			if index[k]++; index[k] < shape[axes[k]] {
				break
			}
			index[k] = 0
		}
	}
	return y
}

// reordered is x with row rows[i] of its first axis as row i.
func reordered[T any](x []T, rows order) []T {
	if rows == nil {
		return x
	}
	width := len(x) / len(rows)
	y := make([]T, 0, len(x))
	for _, row := range rows {
		y = append(y, x[row*width:(row+1)*width]...)
	}
	return y
}
