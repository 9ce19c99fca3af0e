package op

import (
	"fmt"
	"slices"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// MaxPool is the maximum over adjacent windows of size×size of x (m,c,h,w). Rows and columns that do not fill a window are ignored.
func MaxPool(size int) *Op {
	return &Op{
		Name: fmt.Sprintf("maxPool/%d", size), F32: maxPoolDo[float32](size), F64: maxPoolDo[float64](size), Cut: each1,
		Shape: func(x []Shape) (Shape, error) {
			if len(x[0]) != 4 || x[0][2] < size || x[0][3] < size {
				return nil, fmt.Errorf("windows of %d×%d on %v; it takes (m,c,h,w) with h and w of at least a window", size, size, x[0])
			}
			return Shape{x[0][0], x[0][1], x[0][2] / size, x[0][3] / size}, nil
		},
		Grad: []Grad{func(x Nodes, _, dy *Node) *Node { return DMaxPool(size).Apply(x[0], dy) }},
	}
}

func maxPoolDo[T kernel.Float](size int) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		s := x[0].Shape
		kernel.For[T]().MaxPool(y.Data, x[0].Data, s[0]*s[1], s[2], s[3], size)
	}
}

// DMaxPool gives dy to the first maximum of each window, in row order, and 0 to the others.
func DMaxPool(size int) *Op {
	return &Op{
		Name: fmt.Sprintf("dMaxPool/%d", size), F32: dMaxPoolDo[float32](size), F64: dMaxPoolDo[float64](size), Cut: each2,
		Shape: func(x []Shape) (Shape, error) {
			if y, err := MaxPool(size).Shape(x[:1]); err != nil || !y.Eq(x[1]) {
				return nil, fmt.Errorf("%v is not of windows of %d×%d on %v", x[1], size, size, x[0])
			}
			return x[0].Clone(), nil
		},
		Grad: []Grad{nil, func(x Nodes, _, dy *Node) *Node { return MaxPick(size).Apply(x[0], dy) }},
	}
}

func dMaxPoolDo[T kernel.Float](size int) func(Array[T], []Array[T]) {
	return func(dx Array[T], x []Array[T]) {
		s := x[0].Shape
		kernel.For[T]().MaxPoolGrad(dx.Data, x[0].Data, x[1].Data, s[0]*s[1], s[2], s[3], size)
	}
}

// MaxPick takes from v, the second input, the element at the first maximum of each window of x.
func MaxPick(size int) *Op {
	return &Op{
		Name: fmt.Sprintf("maxPick/%d", size), F32: maxPickDo[float32](size), F64: maxPickDo[float64](size), Cut: each2,
		Shape: func(x []Shape) (Shape, error) {
			if !slices.Equal(x[0], x[1]) {
				return nil, fmt.Errorf("%v of %v; it takes two of one shape", x[1], x[0])
			}
			return MaxPool(size).Shape(x[:1])
		},
		Grad: []Grad{nil, func(x Nodes, _, dy *Node) *Node { return DMaxPool(size).Apply(x[0], dy) }},
	}
}

// maxPickDo asks DMaxPool's kernel where the maxima are, so that both agree.
func maxPickDo[T kernel.Float](size int) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		s := x[0].Shape
		scratch := kernel.Borrow[T](len(x[0].Data))
		defer kernel.Return(scratch)
		Fill(y.Data, 1)
		kernel.For[T]().MaxPoolGrad(*scratch, x[0].Data, y.Data, s[0]*s[1], s[2], s[3], size)
		for i, at := range *scratch {
			if at != 0 {
				row, col := i/s[3], i%s[3]
				y.Data[(row/s[2]*(s[2]/size)+row%s[2]/size)*(s[3]/size)+col/size] = x[1].Data[i]
			}
		}
	}
}

// AvgPool is the mean over adjacent windows of size×size of x (m,c,h,w). Rows and columns that do not fill a window are ignored.
func AvgPool(size int) *Op {
	return &Op{
		Name: fmt.Sprintf("avgPool/%d", size), F32: avgPoolDo[float32](size), F64: avgPoolDo[float64](size), Cut: each1,
		Shape: MaxPool(size).Shape,
		Grad:  []Grad{func(x Nodes, _, dy *Node) *Node { return DAvgPool(size, x[0].Shape()).Apply(dy) }},
	}
}

func avgPoolDo[T kernel.Float](size int) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		s := x[0].Shape
		kernel.For[T]().AvgPool(y.Data, x[0].Data, s[0]*s[1], s[2], s[3], size)
	}
}

// DAvgPool gives a share of dy to each element of its window, in images of shape in. Elements in no window get 0.
func DAvgPool(size int, in Shape) *Op {
	return &Op{
		Name: fmt.Sprintf("dAvgPool/%d/%v", size, in), F32: dAvgPoolDo[float32](size), F64: dAvgPoolDo[float64](size), Cut: each1,
		Shape: func(x []Shape) (Shape, error) {
			if len(x[0]) != 4 || x[0][1] != in[1] || x[0][2] != in[2]/size || x[0][3] != in[3]/size {
				return nil, fmt.Errorf("%v is not of windows of %d×%d on %v", x[0], size, size, in)
			}
			return append(Shape{x[0][0]}, in[1:]...), nil
		},
		Grad: []Grad{func(_ Nodes, _, dy *Node) *Node { return AvgPool(size).Apply(dy) }},
	}
}

func dAvgPoolDo[T kernel.Float](size int) func(Array[T], []Array[T]) {
	return func(dx Array[T], x []Array[T]) {
		s := dx.Shape
		kernel.For[T]().AvgPoolGrad(dx.Data, x[0].Data, s[0]*s[1], s[2], s[3], size)
	}
}

// ScaleMaps is y[i,c,r,s] = k[i,c] x[i,c,r,s] for x (m,c,h,w) and a constant k (m,c).
var ScaleMaps = &Op{
	Name: "scaleMaps", F32: scaleMapsDo[float32], F64: scaleMapsDo[float64], Cut: each2,
	Shape: func(x []Shape) (Shape, error) {
		if len(x[0]) != 4 || !x[1].Eq(x[0][:2]) {
			return nil, fmt.Errorf("%v and %v; it takes (m,c,h,w) and (m,c)", x[0], x[1])
		}
		return x[0].Clone(), nil
	},
	Grad: []Grad{func(x Nodes, y, dy *Node) *Node { return Of(y.Op()).Apply(dy, x[1]) }, nil},
}

func scaleMapsDo[T kernel.Float](y Array[T], x []Array[T]) {
	s, area := kernel.For[T](), y.Shape[2]*y.Shape[3]
	for i, k := range x[1].Data {
		s.Normalize(y.Data[i*area:(i+1)*area], x[0].Data[i*area:(i+1)*area], 0, k, 0)
	}
}

// MapMeans is y[i,c] = the mean of x[i,c,r,s] over all places, for x (m,c,h,w).
var MapMeans = &Op{
	Name: "mapMeans", F32: mapMeansDo[float32], F64: mapMeansDo[float64], Cut: each1,
	Shape: func(x []Shape) (Shape, error) {
		if len(x[0]) != 4 {
			return nil, fmt.Errorf("%v; it takes (m,c,h,w)", x[0])
		}
		return x[0][:2].Clone(), nil
	},
}

func mapMeansDo[T kernel.Float](y Array[T], x []Array[T]) {
	s, area := kernel.For[T](), x[0].Shape[2]*x[0].Shape[3]
	for i := range y.Data {
		y.Data[i] = s.Sum(x[0].Data[i*area:i*area+area]) / T(area)
	}
}

// DMapMeans gives each element of a map of shape in a share of the map's dy.
func DMapMeans(in Shape) *Op {
	return &Op{
		Name: fmt.Sprintf("dMapMeans/%v", in), F32: dMapMeansDo[float32], F64: dMapMeansDo[float64], Cut: each1,
		Shape: func(x []Shape) (Shape, error) {
			if len(x[0]) != 2 || x[0][1] != in[1] {
				return nil, fmt.Errorf("%v is not of the maps of %v", x[0], in)
			}
			return append(Shape{x[0][0]}, in[1:]...), nil
		},
		Grad: []Grad{func(_ Nodes, _, dy *Node) *Node { return MapMeans.Apply(dy) }},
	}
}

func dMapMeansDo[T kernel.Float](dx Array[T], x []Array[T]) {
	area := dx.Shape[2] * dx.Shape[3]
	for i, dy := range x[0].Data {
		Fill(dx.Data[i*area:i*area+area], dy/T(area))
	}
}
