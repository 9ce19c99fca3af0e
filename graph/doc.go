// Package graph writes neural networks as Gorgonia expression graphs: layers and costs, our own ops with their kernels and
// gradient rules, parameters, and the network that steps and predicts.
//
// A layer is a value with one method, and a sequence of layers is a layer; [New] turns one, with a [Loss], into a [Net].
// Gradients come from gorgonia.Grad, never from a derivation by hand; those are in package byhand, to compare with.
package graph

import "fmt"

// buildError carries an error from inside a Build to the border of the package, so that layers need no error plumbing.
type buildError struct{ err error }

func fail(format string, args ...any) { panic(buildError{fmt.Errorf(format, args...)}) }

// catch turns a failed build into *err; any other panic goes on.
func catch(err *error) {
	switch r := recover().(type) {
	case nil:
	case buildError:
		*err = r.err
	default:
		panic(r)
	}
}

// wrap puts where it happened around the error of a failed build. It is to be deferred.
func wrap(around func(error) error) {
	switch r := recover().(type) {
	case nil:
	case buildError:
		panic(buildError{around(r.err)})
	default:
		panic(r)
	}
}

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
		fail("%w", err)
	}
	return n
}
