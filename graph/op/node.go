package op

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Node is a node of Gorgonia's expression graph: a variable, a constant or the result of an op.
type Node = gorgonia.Node

// Nodes is a list of nodes.
type Nodes = gorgonia.Nodes

// Shape is the length of a tensor along each axis. What flows through a network has the mini-batch as its first axis. A scalar has an empty
// shape.
type Shape = tensor.Shape

// Inputs returns a node's inputs in order, including repeated ones. It returns the node's own list, which Gorgonia shows only through a graph's
// From. A graph looks up nodes by ID in a cache of places, which becomes wrong when numerical stabilization removes a node; the graph may then
// show another node's inputs, or none. A subgraph of a single node has an empty cache of its own. The node is given twice, because a single
// node would be taken for the root of the whole graph.
func Inputs(n *Node) Nodes {
	var x Nodes
	for it := n.Graph().Subgraph(n, n).From(n.ID()); it.Next(); {
		x = append(x, it.Node().(*Node))
	}
	return x
}

// IsConstant reports whether n is a constant.
func IsConstant(n *Node) bool {
	_, ok := n.Op().(interface{ Value() gorgonia.Value })
	return ok
}
