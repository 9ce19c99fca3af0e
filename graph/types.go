package graph

import (
	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/internal/kernel"
)

// The words of package op that layers and costs need.
type (
	// Node is a node of the graph: a variable, a constant or the result of an op.
	Node = op.Node
	// Nodes is a list of nodes.
	Nodes = op.Nodes
	// Shape is the extent of a tensor along each axis; the first axis of what flows through a network is the mini-batch. The shape
	// of a scalar is empty.
	Shape = op.Shape
	// Op is an operation on tensors, written as one literal.
	Op = op.Op
	// Rule is a gradient rule of an op.
	Rule = op.Grad
	// Cut is how an op may be divided along the mini-batch.
	Cut = op.Cut
	// Array is a tensor as an op's kernel sees it.
	Array[T kernel.Float] = op.Array[T]
)
