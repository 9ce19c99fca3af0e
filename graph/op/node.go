package op

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Node is a node of Gorgonia's expression graph: a variable, a constant or the result of an op.
type Node = gorgonia.Node

// Nodes is a list of nodes.
type Nodes = gorgonia.Nodes

// Shape is the extent of a tensor along each axis; the first axis of what flows through a network is the mini-batch. The shape
// of a scalar is empty.
type Shape = tensor.Shape

// Inputs are a node's inputs in order, a node that is there twice included. They are the node's own list, which only a graph's From
// shows; but a graph finds a node by its ID through a cache of places that stays as it was when numerical stabilization removes a node,
// so that it may show another node's inputs, or none. A subgraph of one node, given twice so that it is not taken for the root of all,
// has a cache of its own that is empty.
func Inputs(n *Node) Nodes {
	var x Nodes
	for it := n.Graph().Subgraph(n, n).From(n.ID()); it.Next(); {
		x = append(x, it.Node().(*Node))
	}
	return x
}

// IsConstant says that n is a constant of its graph.
func IsConstant(n *Node) bool {
	_, ok := n.Op().(interface{ Value() gorgonia.Value })
	return ok
}
