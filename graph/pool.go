package graph

import (
	"fmt"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// maxPool is the maximum over windows of size×size without overlap, of x (m,c,h,w); what does not fill a window is left out.
func maxPool(size int) *Op {
	return &Op{
		Name: fmt.Sprintf("maxPool/%d", size), F32: maxPoolDo[float32](size), F64: maxPoolDo[float64](size), Cut: each1,
		Shape: func(x []Shape) (Shape, error) {
			if len(x[0]) != 4 || x[0][2] < size || x[0][3] < size {
				return nil, fmt.Errorf("windows of %d×%d on %v; it takes (m,c,h,w) with h and w of at least a window", size, size, x[0])
			}
			return Shape{x[0][0], x[0][1], x[0][2] / size, x[0][3] / size}, nil
		},
		Grad: []Grad{func(x Nodes, _, dy *Node) *Node { return dMaxPool(size).Apply(x[0], dy) }},
	}
}

func maxPoolDo[T kernel.Float](size int) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		s := x[0].Shape
		kernel.For[T]().MaxPool(y.Data, x[0].Data, s[0]*s[1], s[2], s[3], size)
	}
}

// dMaxPool gives dy to the first maximum of each window, in row order, and 0 to the others.
func dMaxPool(size int) *Op {
	return &Op{
		Name: fmt.Sprintf("dMaxPool/%d", size), F32: dMaxPoolDo[float32](size), F64: dMaxPoolDo[float64](size), Cut: each2,
		Shape: func(x []Shape) (Shape, error) {
			if y, err := maxPool(size).Shape(x[:1]); err != nil || !y.Eq(x[1]) {
				return nil, fmt.Errorf("%v is not of windows of %d×%d on %v", x[1], size, size, x[0])
			}
			return x[0].Clone(), nil
		},
	}
}

func dMaxPoolDo[T kernel.Float](size int) func(Array[T], []Array[T]) {
	return func(dx Array[T], x []Array[T]) {
		s := x[0].Shape
		kernel.For[T]().MaxPoolGrad(dx.Data, x[0].Data, x[1].Data, s[0]*s[1], s[2], s[3], size)
	}
}
