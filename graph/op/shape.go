package op

import (
	"fmt"
	"slices"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// Reshape gives x another shape with as many elements.
func Reshape(to Shape) *Op {
	return &Op{
		Name: fmt.Sprintf("reshape/%v", to), View: true, F32: copyDo[float32], F64: copyDo[float64],
		Shape: func(x []Shape) (Shape, error) {
			if x[0].TotalSize() != to.TotalSize() {
				return nil, fmt.Errorf("%v has %d elements, %v has %d; use a shape of as many", x[0], x[0].TotalSize(), to, to.TotalSize())
			}
			return to, nil
		},
		Grad: []Grad{func(x Nodes, _, dy *Node) *Node { return Reshape(x[0].Shape()).Apply(dy) }},
	}
}

func copyDo[T kernel.Float](y Array[T], x []Array[T]) { copy(y.Data, x[0].Data) }

// Concat joins n inputs along axis 1.
func Concat(n int) *Op {
	op := &Op{
		Name: fmt.Sprintf("concat/%d", n), Shape: concatShape, F32: concatDo[float32], F64: concatDo[float64],
		Cut: Cut{Each: slices.Repeat([]bool{true}, n)},
	}
	for k := range n {
		op.Grad = append(op.Grad, func(x Nodes, _, dy *Node) *Node {
			from := 0
			for _, before := range x[:k] {
				from += before.Shape()[1]
			}
			return Part(from, from+x[k].Shape()[1]).Apply(dy)
		})
	}
	return op
}

func concatShape(x []Shape) (Shape, error) {
	y := x[0].Clone()
	for i, s := range x {
		if len(s) < 2 || len(s) != len(y) || s[0] != y[0] || !slices.Equal(s[2:], y[2:]) {
			return nil, fmt.Errorf("%v beside %v; make the shapes (m,…) equal except on axis 1: maps of one size come from pad=same and the same stride", s, x[0])
		}
		if i > 0 {
			y[1] += s[1]
		}
	}
	return y, nil
}

func concatDo[T kernel.Float](y Array[T], x []Array[T]) {
	m, at := y.Shape[0], 0 // at is where the next input goes in an example of y
	row := len(y.Data) / m
	for _, a := range x {
		n := len(a.Data) / m
		for i := range m {
			copy(y.Data[i*row+at:], a.Data[i*n:i*n+n])
		}
		at += n
	}
}

// Part takes the range [from, to) of axis 1.
func Part(from, to int) *Op {
	return &Op{
		Name: fmt.Sprintf("part/%d/%d", from, to), F32: partDo[float32](from), F64: partDo[float64](from), Cut: each1,
		Shape: func(x []Shape) (Shape, error) {
			if len(x[0]) < 2 || x[0][1] < to {
				return nil, fmt.Errorf("[%d,%d) of axis 1 of %v", from, to, x[0])
			}
			y := x[0].Clone()
			y[1] = to - from
			return y, nil
		},
		Grad: []Grad{func(x Nodes, _, dy *Node) *Node { return Embed(from, x[0].Shape()[1]).Apply(dy) }},
	}
}

func partDo[T kernel.Float](from int) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		m := y.Shape[0]
		n, row := len(y.Data)/m, len(x[0].Data)/m
		at := from * (n / y.Shape[1])
		for i := range m {
			copy(y.Data[i*n:i*n+n], x[0].Data[i*row+at:])
		}
	}
}

// Embed is zeros with x at place from of an axis 1 of length n.
func Embed(from, n int) *Op {
	return &Op{
		Name: fmt.Sprintf("embed/%d/%d", from, n), F32: embedDo[float32](from), F64: embedDo[float64](from), Cut: each1,
		Shape: func(x []Shape) (Shape, error) {
			if len(x[0]) < 2 || from+x[0][1] > n {
				return nil, fmt.Errorf("%v from %d on, of %d on axis 1", x[0], from, n)
			}
			y := x[0].Clone()
			y[1] = n
			return y, nil
		},
		Grad: []Grad{func(x Nodes, _, dy *Node) *Node { return Part(from, from+x[0].Shape()[1]).Apply(dy) }},
	}
}

func embedDo[T kernel.Float](from int) func(Array[T], []Array[T]) {
	return func(y Array[T], x []Array[T]) {
		m := y.Shape[0]
		n, row := len(x[0].Data)/m, len(y.Data)/m
		at := from * (n / x[0].Shape[1])
		clear(y.Data)
		for i := range m {
			copy(y.Data[i*row+at:], x[0].Data[i*n:i*n+n])
		}
	}
}
