package graph

import "github.com/stheno-ml/stheno/graph/op"

// Reshape gives each example another shape with the same number of elements.
type Reshape struct {
	Shape Shape `term:",required"` // the new shape of one example
}

// Build reshapes x and keeps the mini-batch as its first axis.
func (r Reshape) Build(_ *Builder, x *Node) *Node {
	for _, d := range r.Shape {
		if d < 1 {
			op.Fail("shape %v; every axis must have at least 1", r.Shape)
		}
	}
	if op.Numbers(r.Shape) > op.MaxNumbers {
		op.Fail("shape %v has more than %d numbers; use a smaller one", r.Shape, op.MaxNumbers)
	}
	return op.Reshape(append(Shape{x.Shape()[0]}, r.Shape...)).Apply(x)
}
