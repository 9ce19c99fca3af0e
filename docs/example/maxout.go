package main

import (
	"fmt"
	"slices"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/graph/op"
)

// Maxout turns (m,n) into (m,n/Of): it keeps the largest of each Of neighbors (Goodfellow, Warde-Farley, Mirza, Courville and Bengio 2013).
type Maxout struct {
	Of int `term:",required"`
}

// Kind is the name of the layer in text form, as in maxout(4).
func (Maxout) Kind() string { return "maxout" }

// Build applies the op.
func (l Maxout) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	if l.Of < 1 {
		b.Fail("of %d; use at least 1", l.Of)
	}
	return maxout(l.Of).Apply(x)
}

// maxout is y[j] = max(x[kj], …, x[kj+k−1]).
func maxout(k int) *graph.Op {
	return &graph.Op{
		Name: fmt.Sprintf("maxout/%d", k),
		Shape: func(x []graph.Shape) (graph.Shape, error) {
			if len(x[0]) != 2 || x[0][1]%k != 0 {
				return nil, fmt.Errorf("it takes (m,n) with n a multiple of %d", k)
			}
			return graph.Shape{x[0][0], x[0][1] / k}, nil
		},
		F32: largest[float32](k), F64: largest[float64](k),
		Grad: []graph.Rule{func(x graph.Nodes, y, dy *graph.Node) *graph.Node { return dMaxout(k).Apply(x[0], dy) }},
		Cut:  graph.Cut{Each: []bool{true}},
		Made: func(x graph.Nodes) *graph.Node { return groupMax(x[0], k) },
	}
}

// groupMax builds maxout from ops that other programs know, for export.
func groupMax(x *graph.Node, k int) *graph.Node {
	s := x.Shape()
	return op.Max(2).Apply(op.Reshape(graph.Shape{s[0], s[1] / k, k}).Apply(x))
}

func largest[T float32 | float64](k int) func(graph.Array[T], []graph.Array[T]) {
	return func(y graph.Array[T], x []graph.Array[T]) {
		for j := range y.Data {
			y.Data[j] = slices.Max(x[0].Data[k*j : k*j+k])
		}
	}
}

// dMaxout passes dy to the largest number of each group in x, and 0 to the others.
func dMaxout(k int) *graph.Op {
	return &graph.Op{
		Name: fmt.Sprintf("dMaxout/%d", k),
		Shape: func(x []graph.Shape) (graph.Shape, error) {
			if y, err := maxout(k).Shape(x[:1]); err != nil || !y.Eq(x[1]) {
				return nil, fmt.Errorf("%v does not have one number for each group of %d in %v", x[1], k, x[0])
			}
			return x[0].Clone(), nil
		},
		F32: dLargest[float32](k), F64: dLargest[float64](k),
		Cut: graph.Cut{Each: []bool{true, true}},
	}
}

func dLargest[T float32 | float64](k int) func(graph.Array[T], []graph.Array[T]) {
	return func(dx graph.Array[T], x []graph.Array[T]) {
		clear(dx.Data)
		for j, dy := range x[1].Data {
			best := k * j
			for i := best; i < k*j+k; i++ {
				if x[0].Data[i] > x[0].Data[best] {
					best = i
				}
			}
			dx.Data[best] = dy
		}
	}
}
