package graph

import (
	"errors"
	"fmt"
	"math"

	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/internal/kernel"
)

// A Loss is the cost of a mini-batch and, because it settles what the network's last numbers mean, the output they stand for.
type Loss struct {
	Name string
	// Cost is the mean cost of the examples, a scalar, from the network's last node y (m,Outputs) and the targets (m,Outputs). One that
	// compares with the examples themselves takes b.Input(), and no target then need be given. Where the network's outputs are a sequence
	// (m,steps,k), each step that is there counts as an example of k outputs.
	Cost func(b *Builder, y, target *Node) *Node
	// Output turns y into what predict shows, activations or probabilities; nil where that is y itself.
	Output Layer
	// Classes says that the targets are the rows of classes, 1 for the right one, so that there is an accuracy.
	Classes bool
	// Steps is how many rows of classes an example has, one after the other, for a loss over time steps; 0 means 1.
	Steps int
	// Smoothing is ε of the targets that training graphs read: see [Smoothed].
	Smoothing float64
}

func (l *Loss) String() string { return l.Name }

var (
	// Quadratic is ½‖a−y‖² per example over the activations a (book, eq. 6).
	Quadratic = &Loss{Name: "quadratic", Cost: costOf(op.Quadratic), Classes: true}
	// CrossEntropy is −Σ y ln a + (1−y) ln(1−a) per example, a = σ(z) (eq. 63). It takes the weighted inputs z, without the
	// sigmoid, so that no logarithm of a rounded 0 is ever taken.
	CrossEntropy = &Loss{Name: "cross-entropy", Cost: costOf(op.CrossEntropy), Output: Sigmoid, Classes: true}
	// LogLikelihood is −ln a of the right class per example, a = softmax(z) (eq. 80). It takes z, without the softmax.
	LogLikelihood = &Loss{Name: "log-likelihood", Cost: costOf(op.NLL), Output: Softmax, Classes: true}

	// MSE is the mean of (a−y)² over outputs and examples, for numbers.
	MSE = &Loss{Name: "mse", Cost: meanOf(op.Quadratic, 2)}
	// MAE is the mean of |a−y| over outputs and examples.
	MAE = &Loss{Name: "mae", Cost: meanOf(op.Absolute, 1)}
	// BinaryCrossEntropy is the mean of −y ln a − (1−y) ln(1−a) over outputs and examples, a = σ(z), for several labels that each hold or
	// not. It takes the weighted inputs z, without the sigmoid.
	BinaryCrossEntropy = &Loss{Name: "binary-cross-entropy", Cost: meanOf(op.CrossEntropy, 1), Output: Sigmoid}
	// Reconstruction is BinaryCrossEntropy with the examples themselves, numbers from 0 to 1, in place of targets: an autoencoder's.
	Reconstruction = &Loss{Name: "autoencoder", Cost: func(b *Builder, y, _ *Node) *Node {
		return BinaryCrossEntropy.Cost(b, y, Flatten{}.Build(b, b.Input()))
	}, Output: Sigmoid}
)

// Huber is the mean over outputs and examples of ½d² where |d| ≤ delta, else delta(|d|−½delta), with d = a−y: MSE that outliers pull less
// (Huber 1964). delta must be above 0.
func Huber(delta float64) *Loss {
	l := &Loss{Name: fmt.Sprintf("huber(%v)", delta), Cost: meanOf(op.Huber(delta), 1)}
	if !(delta > 0) || math.IsInf(delta, 0) {
		l.Cost = failing("delta %v; use more than 0", delta)
	}
	return l
}

// ClassWeights is LogLikelihood in which an example of class j counts w[j] times: for classes that are rare or matter more. There is a
// weight for each class, of at least 0.
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

// EachStep is the mean of l over so many time steps: the network's outputs, and the targets, are the steps' one after the other
// (m, steps·n). Outputs (m, steps, n) have a cost per step without it.
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

// failing is a cost that says what is wrong with the loss.
func failing(format string, args ...any) func(*Builder, *Node, *Node) *Node {
	return func(*Builder, *Node, *Node) *Node {
		op.Fail(format, args...)
		return nil
	}
}

// check says what is wrong with the loss.
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

// output is what the last node y stands for.
func (l *Loss) output(b *Builder, y *Node) *Node {
	switch {
	case len(y.Shape()) == 3:
		return l.outputPerStep(b, y)
	case l.Output == nil:
		return y
	}
	return l.Output.Build(b, y)
}

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

// smooth is y = (1−ε) y + ε/classes.
func smooth[T kernel.Float](y []T, classes int, epsilon T) {
	low, keep := epsilon/T(classes), 1-epsilon
	for i := range y {
		y[i] = low + keep*y[i]
	}
}

func costOf(op *Op) func(*Builder, *Node, *Node) *Node {
	return func(_ *Builder, y, label *Node) *Node { return op.Apply(y, label) }
}

// meanOf is a cost per example, times scale, as a mean over the outputs.
func meanOf(o *op.Op, scale float64) func(*Builder, *Node, *Node) *Node {
	return func(_ *Builder, y, target *Node) *Node {
		return op.Scaled(scale / float64(y.Shape()[1])).Apply(o.Apply(y, target))
	}
}
