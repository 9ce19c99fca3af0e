package graph

import (
	"fmt"

	"github.com/stheno-ml/stheno/graph/op"
)

// Grad adds the gradients of cost, a scalar, with respect to the nodes wrt to the graph, and returns their nodes, one for each of wrt and of
// its shape. Unlike gorgonia.Grad it may be called any number of times, on what it returned too: the gradient of a function of the
// gradients is a derivative of the second order, and so on. A node of wrt may be anything that cost is made of: a parameter, an input, the
// result of an op. Deriv and Grad of the nodes are left as they are; a VM gives what these nodes are as it gives any other output.
//
// At kinks the derivative is that of the op's own rule (ReLU: 0), and it is 0 for what is made of steps (comparisons, signs, rounding). An
// error names the op that has no derivative, or the node from which no path of gradients leads to cost.
func Grad(cost *Node, wrt ...*Node) (Nodes, error) {
	g, err := gradients(cost, wrt)
	if err != nil {
		return nil, fmt.Errorf("graph: %w", err)
	}
	for i, n := range g {
		if n == nil {
			return nil, fmt.Errorf("graph: node %v has no path of gradients to the cost %v; use it there, or leave it out", wrt[i], cost)
		}
	}
	return g, nil
}

// gradients is Grad with nil for what has no path to cost.
func gradients(cost *Node, wrt Nodes) (g Nodes, err error) {
	defer op.Catch(&err)
	if cost == nil {
		op.Fail("there is no cost; give it a scalar node")
	}
	if !cost.IsScalar() {
		op.Fail("the cost %v is %v; it must be a scalar: sum it up", cost, cost.Shape())
	}
	for i, n := range wrt {
		if n == nil {
			op.Fail("node %d to differentiate with respect to is nil", i)
		}
		if n.Graph() != cost.Graph() {
			op.Fail("node %v is not of the cost's graph", n)
		}
	}
	return op.Gradients(cost, op.One(cost), wrt...), nil
}
