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

// BindDualValues makes every run add the gradient of each node to the node's Grad, until a solver sets that to zero. With no nodes it
// is every input of the graph that has a gradient.
func BindDualValues(nodes ...*op.Node) Option {
	return func(o *options) {
		o.dual, o.all = true, o.all || len(nodes) == 0
		o.params = append(o.params, nodes...)
	}
}

// Keep makes every run leave the nodes' values in their Value. The roots of the graph and the gradients of its inputs have theirs in
// any case; any other node has none, because its memory is used again.
func Keep(nodes ...*op.Node) Option {
	return func(o *options) { o.keep = append(o.keep, nodes...) }
}

// EvalMode makes dropout, batch norm and other ops with two modes behave as in prediction. The mode lives in the ops: of several
// machines of one graph the last one that was made decides.
func EvalMode() Option { return func(o *options) { o.eval = true } }

// Threads is how many processors a run may use; without it, all. The results have the same bits for any number.
func Threads(n int) Option { return func(o *options) { o.threads = n } }

// WithWatchlist stops a run at the first of the nodes, or of all where none is given, whose value is not finite, with an error that
// names it. Nothing is fused then, and a run is slower.
func WithWatchlist(nodes ...*op.Node) Option {
	return func(o *options) {
		o.watch, o.watchesSome = true, o.watchesSome || len(nodes) > 0
		o.watched = append(o.watched, nodes...)
	}
}
