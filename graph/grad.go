package graph

import (
	"fmt"

	"github.com/stheno-ml/stheno/graph/op"
)

// Grad adds the gradients of cost, a scalar, with respect to the nodes wrt to the graph. It returns their nodes, one for each of wrt and of the
// same shape. Unlike gorgonia.Grad it can be called any number of times, also on nodes that it returned: the gradient of a function of the
// gradients is a second derivative, and so on. wrt may contain any node that cost is computed from: a parameter, an input, the result of an
// op. The nodes' own Deriv and Grad stay as they are. Run the graph and read the gradient nodes as any other outputs, for example with
// [github.com/stheno-ml/stheno/graph/vm.Keep].
//
// At kinks the derivative follows the op's rule (for ReLU it is 0). Step functions (comparisons, signs, rounding) have derivative 0. Errors name
// the op that has no derivative, or the node from which no path of gradients leads to cost.
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

// gradients is Grad, but returns nil for a node that has no path to cost.
func gradients(cost *Node, wrt Nodes) (g Nodes, err error) {
	defer op.Catch(&err)
	if cost == nil {
		op.Fail("the cost is nil; pass a scalar node")
	}
	if !cost.IsScalar() {
		op.Fail("the cost %v has shape %v; use a scalar, such as the sum", cost, cost.Shape())
	}
	for i, n := range wrt {
		if n == nil {
			op.Fail("node %d to differentiate with respect to is nil", i)
		}
		if n.Graph() != cost.Graph() {
			op.Fail("node %v belongs to another graph than the cost", n)
		}
	}
	return op.Gradients(cost, op.One(cost), wrt...), nil
}
