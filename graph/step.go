package graph

import (
	"fmt"
)

// A Source writes a mini-batch into the network's own memory, so that nothing is copied on the way.
type Source interface {
	// Len is the number of examples.
	Len() int
	// Load writes the inputs x (Len, Input) and the targets y (Len, Targets).
	Load(x, y []float32)
}

// Columns is a Source that can write a part of the inputs. Where the first layer is split between two processors, each writes the part that
// it works on: two calls of LoadColumns run at once.
type Columns interface {
	Source
	LoadColumns(x []float32, from, to int) // the numbers from ≤ j < to of each example; the others are left alone
	LoadTargets(y []float32)
}

// Part is a Source of some examples of a larger mini-batch, as where several processes train a network together. Dropout draws the masks that
// they have in the whole.
type Part interface {
	Source
	// Within says which examples of a mini-batch of so many these are: first, first+step, and so on.
	Within() (first, step, whole int)
}

// Stats is what a mini-batch gave.
type Stats struct {
	Cost    float64 // mean over the examples, without regularization
	Correct int     // answers that are right: the largest output is the target's largest number
	Answers int     // of so many: the examples, or their time steps; 0 where the loss has no classes
}

// add takes in the stats of k more examples of a whole of m.
func (s *Stats) add(part Stats, k, m int) {
	s.Cost += part.Cost * float64(k) / float64(m)
	s.Correct += part.Correct
	s.Answers += part.Answers
}

// given is a Source of slices that a caller has.
type given struct {
	m    int
	x, y []float32
}

func (g *given) Len() int { return g.m }
func (g *given) Load(x, y []float32) {
	copy(x, g.x)
	copy(y, g.y) // y is empty where nothing looks at it
}

// given64 is one of float64 numbers, which a float64 network takes as they are.
type given64 struct {
	m    int
	x, y []float64
}

func (g *given64) Len() int { return g.m }
func (g *given64) Load(x, y []float32) {
	convertFrom(x, g.x)
	convertFrom(y, g.y[:len(y)])
}

// examples is how many examples there are in numbers x, of which y are the targets.
func (n *Net) examples(x, y int) (int, error) {
	size := n.Input.TotalSize()
	m := x / size
	if m < 1 || m*size != x || m*n.Targets != y && !(n.Targets == 0 && m*n.Outputs == y) {
		return 0, fmt.Errorf("graph: %d numbers and %d targets; an example has %d numbers, shape %v, and %d targets", x, y, size, n.Input, n.Targets)
	}
	return m, nil
}

// Step runs a mini-batch forward and backward: the examples x (m, Input), row by row, and their targets y (m, Outputs): a row is one-hot for
// a class, or any numbers that the loss compares with. It leaves the gradients of the mean cost in Params; the weights are the caller's to
// update. A cost that is not finite is no error here. Where the loss looks at no target, y may be empty.
func (n *Net) Step(x, y []float32) (Stats, error) {
	m, err := n.examples(len(x), len(y))
	if err != nil {
		return Stats{}, err
	}
	return n.StepFrom(&given{m, x, y})
}

// Step64 is Step for numbers in float64, which a float64 network takes without rounding.
func (n *Net) Step64(x, y []float64) (Stats, error) {
	m, err := n.examples(len(x), len(y))
	if err != nil {
		return Stats{}, err
	}
	return n.StepFrom(&given64{m, x, y})
}

// StepFrom is Step for a mini-batch that writes itself into the network's memory.
func (n *Net) StepFrom(src Source) (Stats, error) {
	m, err := n.loaded(use{src.Len(), training}, src)
	if err != nil {
		return Stats{}, err
	}
	return m.step(n)
}

// DescendFrom is StepFrom with the update of gradient descent, w = (1−ηλ/n) w − η ∇w with l2 = λ/n where Param.Decay is set, made in the
// same program: faster than a step and an update after it, and the gradients are not left in Params. If the cost is not finite, the
// weights stay as they are.
func (n *Net) DescendFrom(src Source, eta, l2 float64) (Stats, error) {
	u := use{src.Len(), descending}
	if n.config.Tape {
		u.purpose = training
	}
	m, err := n.loaded(u, src)
	if err != nil {
		return Stats{}, err
	}
	m.descend(n, eta, l2)
	s, err := m.step(n)
	if n.config.Tape && err == nil && isFinite(s.Cost) {
		for _, p := range n.Params {
			p.descend(eta, l2)
		}
	}
	return s, err
}

// InputGrad writes the gradient of the mean cost by the inputs x to dx, of x's length: which pixels the cost depends on. The network is
// as it predicts, without dropout; the parameters' gradients stay as they are.
func (n *Net) InputGrad(dx, x, y []float32) (Stats, error) {
	k, err := n.examples(len(x), len(y))
	if err == nil && len(dx) != len(x) {
		err = fmt.Errorf("graph: %d numbers for the gradient of %d inputs; use as many", len(dx), len(x))
	}
	if err != nil {
		return Stats{}, err
	}
	m, err := n.loaded(use{k, explaining}, &given{k, x, y})
	if err != nil {
		return Stats{}, err
	}
	s, err := m.stats()
	m.inputGrad(dx)
	return s, err
}

// Evaluate runs examples forward only, as predictions are made: without dropout.
func (n *Net) Evaluate(x, y []float32) (total Stats, err error) {
	k, err := n.examples(len(x), len(y))
	if err != nil {
		return Stats{}, err
	}
	in := n.Input.TotalSize()
	for from := 0; from < k; {
		to := from + piece(k-from)
		m, err := n.loaded(use{to - from, evaluating}, &given{to - from, x[from*in : to*in], y[from*n.Targets : to*n.Targets]})
		if err != nil {
			return Stats{}, err
		}
		s, err := m.stats()
		if err != nil {
			return Stats{}, err
		}
		total.add(s, to-from, k)
		from = to
	}
	return total, nil
}

// Predict computes the outputs (m, Outputs) of the examples x (m, Input) into y: activations, or probabilities for LogLikelihood.
func (n *Net) Predict(y, x []float32) error {
	k, err := n.predictions(len(y), len(x))
	if err != nil {
		return err
	}
	in := n.Input.TotalSize()
	for from := 0; from < k; {
		to := from + piece(k-from)
		m, err := n.loaded(use{to - from, predicting}, &given{m: to - from, x: x[from*in : to*in]})
		if err != nil {
			return err
		}
		if err := m.run(); err != nil {
			return err
		}
		m.outputs(y[from*n.Outputs : to*n.Outputs])
		from = to
	}
	return nil
}

// predictions is how many examples there are in x numbers whose outputs are y numbers.
func (n *Net) predictions(y, x int) (int, error) {
	size := n.Input.TotalSize()
	m := x / size
	if m < 1 || m*size != x || m*n.Outputs != y {
		return 0, fmt.Errorf("graph: %d inputs for %d outputs; an example has %d numbers, shape %v, and %d outputs", x, y, size, n.Input, n.Outputs)
	}
	return m, nil
}

// chunk is the number of examples that are evaluated at once.
const chunk = 100

// piece is how many of m examples are evaluated next: few sizes, so that a network keeps few graphs, whatever it is asked.
func piece(m int) int {
	if m >= chunk {
		return chunk
	}
	size := 1
	for 2*size <= m {
		size *= 2
	}
	return size
}

// loaded is the machine for u with its inputs loaded.
func (n *Net) loaded(u use, src Source) (runner, error) {
	if u.batch < 1 {
		return nil, fmt.Errorf("graph: %d examples; use at least 1", u.batch)
	}
	if err := n.ready(); err != nil {
		return nil, err
	}
	m, err := n.machine(n, u)
	if err == nil {
		m.load(src)
	}
	return m, err
}
