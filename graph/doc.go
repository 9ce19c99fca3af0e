// Package graph builds and trains neural networks, and differentiates any other program, as Gorgonia expression graphs.
//
// To begin, write the network as a [Seq] of layers and turn it into a [Net] with [New] and a [Loss]. Package train has the training loop;
// [Net.Step] serves a loop of your own. [Net.Predict] or a [Predictor] computes outputs, and [Net.Save] and [Net.Load] keep the weights. The
// example below is a whole program.
//
// A layer is any value with a Build method, and a sequence of layers is a layer itself. Build puts nodes into the graph, by applying the ops
// of package op or Gorgonia's functions. Gradients come from the ops' own gradient rules, so that a new layer needs none. [GradCheck] compares
// a network's gradients with difference quotients. Gradients derived by hand, for comparison, are in package models/byhand.
//
// For programs that are not networks, [Grad] gives derivatives of any order of any graph, [NewFunction] makes a function of n numbers with its
// gradient and Hessian, and [Apply] puts layers into a Gorgonia graph of your own.
package graph

import "github.com/stheno-ml/stheno/graph/op"

// A LayerError is an error in one layer of a sequence or graph.
type LayerError struct {
	Where string // the layer's number or name
	What  string // its text form and input shape, if known
	Err   error
}

func (e *LayerError) Error() string { return "layer " + e.Where + e.What + ": " + e.Err.Error() }
func (e *LayerError) Unwrap() error { return e.Err }

// must returns the node of a Gorgonia function, and fails the build on its error.
func must(n *Node, err error) *Node {
	if err != nil {
		op.Fail("%w", err)
	}
	return n
}
