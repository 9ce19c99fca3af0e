package vm

import (
	"github.com/stheno-ml/stheno/graph/op"
)

// An Option changes how New's machine runs.
type Option func(*options)

type options struct {
	dual, all   bool // gradients are added up in the parameters; in all of them
	params      op.Nodes
	keep        op.Nodes
	eval        bool
	threads     int
	watch       bool
	watched     op.Nodes
	watchesSome bool
}

// BindDualValues makes every run add the gradients of the nodes to the nodes' Grad, where solvers read them and set them to 0. Without arguments it
// does so for all inputs of the graph that have a gradient.
func BindDualValues(nodes ...*op.Node) Option {
	return func(o *options) {
		o.dual, o.all = true, o.all || len(nodes) == 0
		o.params = append(o.params, nodes...)
	}
}

// Keep makes every run show the nodes' values in their Value. The roots of the graph and the gradients of its inputs always show theirs. Any other
// node shows none, because its memory is reused for other values.
func Keep(nodes ...*op.Node) Option {
	return func(o *options) { o.keep = append(o.keep, nodes...) }
}

// EvalMode makes dropout, batch norm and other ops with two modes behave as in prediction. The mode belongs to the graph's ops, so the machine
// created last decides for all machines of the graph.
func EvalMode() Option { return func(o *options) { o.eval = true } }

// Threads sets how many processors a run uses. The default is all or one, whichever is faster. The results have the same bits for any number.
func Threads(n int) Option { return func(o *options) { o.threads = n } }

// WithWatchlist stops a run at the first node whose value contains NaN or infinity, with an error that names the node and the element. It watches
// the given nodes, or all nodes if none are given. Runs are slower, because nothing is fused.
func WithWatchlist(nodes ...*op.Node) Option {
	return func(o *options) {
		o.watch, o.watchesSome = true, o.watchesSome || len(nodes) > 0
		o.watched = append(o.watched, nodes...)
	}
}
