package graph

import (
	"fmt"

	"github.com/stheno-ml/stheno/graph/op"
)

// A Loss is the cost of a mini-batch and, because it settles what the network's last numbers mean, the output they stand for.
type Loss struct {
	Name string
	// Cost is the mean cost of the examples, a scalar, from the network's last node y (m,classes) and the one-hot labels
	// (m,classes).
	Cost func(b *Builder, y, label *Node) *Node
	// Output turns y into what predict shows, activations or probabilities; nil where that is y itself.
	Output Layer
	// Smoothing is ε of the labels that training graphs read: see [Smoothed].
	Smoothing float64
}

func (l *Loss) String() string { return l.Name }

var (
	// Quadratic is ½‖a−y‖² per example over the activations a (book, eq. 6).
	Quadratic = &Loss{Name: "quadratic", Cost: costOf(op.Quadratic)}
	// CrossEntropy is −Σ y ln a + (1−y) ln(1−a) per example, a = σ(z) (eq. 63). It takes the weighted inputs z, without the
	// sigmoid, so that no logarithm of a rounded 0 is ever taken.
	CrossEntropy = &Loss{Name: "cross-entropy", Cost: costOf(op.CrossEntropy), Output: Sigmoid}
	// LogLikelihood is −ln a of the right class per example, a = softmax(z) (eq. 80). It takes z, without the softmax.
	LogLikelihood = &Loss{Name: "log-likelihood", Cost: costOf(op.NLL), Output: Softmax}
)

// Losses are the costs by name.
var Losses = []*Loss{Quadratic, CrossEntropy, LogLikelihood}

// Smoothed is LogLikelihood with label smoothing (Szegedy et al. 2016): the labels of training are 1−ε at the right class plus ε/K at
// each of the K classes, so that no weighted input gains from growing without bound. 0 ≤ ε < 1. The cost that Step and Descend report,
// and whose gradients they take, is the smoothed one; Evaluate reports the plain −ln a.
func Smoothed(epsilon float64) *Loss {
	if epsilon == 0 {
		return LogLikelihood
	}
	l := *LogLikelihood
	l.Name, l.Smoothing = fmt.Sprintf("log-likelihood(smoothing=%v)", epsilon), epsilon
	return &l
}

func costOf(op *Op) func(*Builder, *Node, *Node) *Node {
	return func(_ *Builder, y, label *Node) *Node { return op.Apply(y, label) }
}
