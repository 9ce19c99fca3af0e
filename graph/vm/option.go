package vm

import (
	"github.com/stheno-ml/stheno/graph/op"
)

// An Option changes how New's machine runs.
type Option func(*options)

type options struct {
	dual, all   bool // gradients are added up in the parameters; of all of them
	params      op.Nodes
	keep        op.Nodes
	eval        bool
	threads     int
	watch       bool
	watched     op.Nodes
	watchesSome bool
}

// BindDualValues makes every run add the gradient of each node to the node's Grad, where solvers look for it and set it to zero. With no
// nodes, these are all inputs of the graph that have a gradient.
func BindDualValues(nodes ...*op.Node) Option {
	return func(o *options) {
		o.dual, o.all = true, o.all || len(nodes) == 0
		o.params = append(o.params, nodes...)
	}
}

// Keep makes every run show the nodes' values in their Value. The roots of the graph and the gradients of its inputs show theirs in any case.
// Any other node shows none, because its memory is used again for other values.
func Keep(nodes ...*op.Node) Option {
	return func(o *options) { o.keep = append(o.keep, nodes...) }
}

// EvalMode makes dropout, batch norm and other ops with two modes behave as in prediction. The mode is a property of the graph's ops, so that
// the machine that was made last decides for all machines of the graph.
func EvalMode() Option { return func(o *options) { o.eval = true } }

// Threads is how many processors a run uses; the default is all or one, whichever turns out faster. The results have the same bits for any number.
func Threads(n int) Option { return func(o *options) { o.threads = n } }

// WithWatchlist stops a run at the first node whose value is NaN or infinite, with an error that names the node and the element. It looks at
// the nodes that it is given, or at all if it is given none. Runs are slower, because nothing is fused.
func WithWatchlist(nodes ...*op.Node) Option {
	return func(o *options) {
		o.watch, o.watchesSome = true, o.watchesSome || len(nodes) > 0
		o.watched = append(o.watched, nodes...)
	}
}
