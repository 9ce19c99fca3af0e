package graph

import (
	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/internal/kernel"
)

// The types of package op that layers and losses need.
type (
	// Node is a node of the graph: a variable, a constant or the result of an op.
	Node = op.Node
	// Nodes is a list of nodes.
	Nodes = op.Nodes
	// Shape is the length of a tensor along each axis. What flows through a network has the mini-batch as its first axis. A scalar has an
	// empty shape.
	Shape = op.Shape
	// Op is an operation on tensors, written as a literal.
	Op = op.Op
	// Rule is a gradient rule of an op.
	Rule = op.Grad
	// Cut says how an op may be divided along the mini-batch.
	Cut = op.Cut
	// Array is a tensor as an op's kernel sees it.
	Array[T kernel.Float] = op.Array[T]
)
