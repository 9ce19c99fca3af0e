package graph

import (
	"errors"
	"fmt"
	"math"

	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/internal/kernel"
)

// A Loss is the cost of a mini-batch. It also defines what the network's last numbers mean, and so what the network outputs.
type Loss struct {
	Name string
	// Cost returns the mean cost of the examples, a scalar, from the network's last node y (m,Outputs) and the targets (m,Outputs). A loss that
	// compares with the examples themselves uses b.Input(); no targets are needed then. If the outputs are a sequence (m,steps,k), each
	// step that is not padding counts as an example with k outputs.
	Cost func(b *Builder, y, target *Node) *Node
	// Output turns y into what Predict returns, activations or probabilities. Nil means y itself.
	Output Layer
	// Classes says that targets are one-hot rows, one for each example, so that accuracy is defined.
	Classes bool
	// Steps is the number of one-hot rows of an example, one after the other, for a loss over time steps; 0 means 1.
	Steps int
	// Smoothing is the ε of label smoothing in training: see [Smoothed].
	Smoothing float64
}

func (l *Loss) String() string { return l.Name }

var (
	// Quadratic is ½‖a−y‖² for each example, where a are the activations (book, eq. 6).
	Quadratic = &Loss{Name: "quadratic", Cost: costOf(op.Quadratic), Classes: true}
	// CrossEntropy is −Σ y ln a + (1−y) ln(1−a) for each example, with a = σ(z) (eq. 63). End the network with the weighted inputs z, without a
	// sigmoid: the loss applies it itself, so that it never takes the logarithm of a rounded 0.
	CrossEntropy = &Loss{Name: "cross-entropy", Cost: costOf(op.CrossEntropy), Output: Sigmoid, Classes: true}
	// LogLikelihood is −ln a of the right class for each example, with a = softmax(z) (eq. 80). End the network with z, without a softmax.
	LogLikelihood = &Loss{Name: "log-likelihood", Cost: costOf(op.NLL), Output: Softmax, Classes: true}

	// MSE is the mean of (a−y)² over outputs and examples, for regression.
	MSE = &Loss{Name: "mse", Cost: meanOf(op.Quadratic, 2)}
	// MAE is the mean of |a−y| over outputs and examples.
	MAE = &Loss{Name: "mae", Cost: meanOf(op.Absolute, 1)}
	// BinaryCrossEntropy is the mean of −y ln a − (1−y) ln(1−a) over outputs and examples, with a = σ(z), for several labels that are each
	// true or false. End the network with the weighted inputs z, without a sigmoid.
	BinaryCrossEntropy = &Loss{Name: "binary-cross-entropy", Cost: meanOf(op.CrossEntropy, 1), Output: Sigmoid}
	// Reconstruction is an autoencoder's loss: BinaryCrossEntropy with the examples themselves, numbers from 0 to 1, as targets.
	Reconstruction = &Loss{Name: "autoencoder", Cost: func(b *Builder, y, _ *Node) *Node {
		return BinaryCrossEntropy.Cost(b, y, Flatten{}.Build(b, b.Input()))
	}, Output: Sigmoid}
)

// Huber returns the mean over outputs and examples of ½d² where |d| ≤ delta and of delta(|d|−½delta) otherwise, with d = a−y. Outliers pull
// it less than MSE (Huber 1964). delta must be above 0.
func Huber(delta float64) *Loss {
	l := &Loss{Name: fmt.Sprintf("huber(%v)", delta), Cost: meanOf(op.Huber(delta), 1)}
	if !(delta > 0) || math.IsInf(delta, 0) {
		l.Cost = failing("delta %v; use more than 0", delta)
	}
	return l
}

// ClassWeights returns LogLikelihood in which an example of class j counts w[j] times, for classes that are rare or matter more. Give one
// weight for each class, at least 0.
func ClassWeights(w ...float64) *Loss {
	l := *LogLikelihood
	l.Name = fmt.Sprintf("log-likelihood(weights=%v)", w)
	l.Cost = func(b *Builder, y, target *Node) *Node { return op.NLL.Apply(y, op.Weigh(w).Apply(target)) }
	for _, v := range w {
		if !(v >= 0) || math.IsInf(v, 0) {
			l.Cost = failing("weight %v; use at least 0", v)
		}
	}
	return &l
}

// EachStep returns the mean of l over the given number of time steps. The network's outputs and the targets hold the steps one after the
// other, (m, steps·n). Outputs of shape (m, steps, n) have a cost for each step anyway and do not need it.
func EachStep(steps int, l *Loss) *Loss {
	all := *l
	all.Name, all.Steps = fmt.Sprintf("%s over %d steps", l.Name, steps), steps
	rows := func(n *Node) *Node {
		if s := n.Shape(); steps < 1 || s[1]%steps != 0 {
			op.Fail("%d outputs for %d steps; use as many for each", s[1], steps)
		}
		return perStep(n, steps)
	}
	all.Cost = func(b *Builder, y, target *Node) *Node { return l.Cost(b, rows(y), rows(target)) }
	if l.Output != nil {
		all.Output = Func(func(y *Node) (*Node, error) {
			return op.Reshape(y.Shape()).Apply(l.Output.Build(nil, rows(y))), nil
		})
	}
	return &all
}

// failing returns a cost that fails with what is wrong with the loss.
func failing(format string, args ...any) func(*Builder, *Node, *Node) *Node {
	return func(*Builder, *Node, *Node) *Node {
		op.Fail(format, args...)
		return nil
	}
}

// check returns an error if the loss is unusable.
func (l *Loss) check() error {
	switch {
	case l == nil:
		return errors.New("no loss; use one, such as LogLikelihood")
	case l.Cost == nil:
		return fmt.Errorf("loss %s has no cost; give it a function", l.Name)
	case !(0 <= l.Smoothing && l.Smoothing < 1):
		return fmt.Errorf("loss %s: smoothing %v; use 0 ≤ smoothing < 1", l.Name, l.Smoothing)
	}
	return nil
}

// output returns the network's output for the last node y.
func (l *Loss) output(b *Builder, y *Node) *Node {
	switch {
	case len(y.Shape()) == 3:
		return l.outputPerStep(b, y)
	case l.Output == nil:
		return y
	}
	return l.Output.Build(b, y)
}

// Smoothed returns LogLikelihood with label smoothing (Szegedy et al. 2016): in training, the target is 1−ε at the right class plus ε/K at each
// of the K classes, so that no weighted input gains by growing without bound. ε must satisfy 0 ≤ ε < 1. Step and DescendFrom report the
// smoothed cost and use its gradients. Evaluate reports the plain −ln a.
func Smoothed(epsilon float64) *Loss {
	if epsilon == 0 {
		return LogLikelihood
	}
	l := *LogLikelihood
	l.Name, l.Smoothing = fmt.Sprintf("log-likelihood(smoothing=%v)", epsilon), epsilon
	return &l
}

// smooth computes y = (1−ε) y + ε/classes.
func smooth[T kernel.Float](y []T, classes int, epsilon T) {
	low, keep := epsilon/T(classes), 1-epsilon
	for i := range y {
		y[i] = low + keep*y[i]
	}
}

func costOf(op *Op) func(*Builder, *Node, *Node) *Node {
	return func(_ *Builder, y, label *Node) *Node { return op.Apply(y, label) }
}

// meanOf returns a cost: the sum that o gives for each example, times scale, as a mean over the outputs.
func meanOf(o *op.Op, scale float64) func(*Builder, *Node, *Node) *Node {
	return func(_ *Builder, y, target *Node) *Node {
		return op.Scaled(scale / float64(y.Shape()[1])).Apply(o.Apply(y, target))
	}
}
