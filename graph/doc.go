// Package graph writes neural networks as Gorgonia expression graphs: layers and costs, our own ops with their kernels and
// gradient rules, parameters, and the network that steps and predicts.
//
// A layer is a value with one method, and a sequence of layers is a layer; [New] turns one, with a [Loss], into a [Net].
// Gradients come from gorgonia.Grad, never from a derivation by hand; those are in package byhand, to compare with.
//
// For programs that are not networks, [Grad] gives derivatives of any order of any graph, [NewFunction] makes a function of n numbers with
// its gradient and Hessian, and [Apply] puts layers into a graph of Gorgonia's operations.
package graph

import "github.com/stheno-ml/stheno/graph/op"

// A LayerError is what is wrong with a layer of a sequence or a graph.
type LayerError struct {
	Where string // its number or name there
	What  string // its text and input, where known
	Err   error
}

func (e *LayerError) Error() string { return "layer " + e.Where + e.What + ": " + e.Err.Error() }
func (e *LayerError) Unwrap() error { return e.Err }

// must passes a node of a Gorgonia function on, and fails the build on its error.
func must(n *Node, err error) *Node {
	if err != nil {
		op.Fail("%w", err)
	}
	return n
}
