package graph

import (
	"fmt"
)

// A Source is a mini-batch that can write itself into the network's own memory, so that nothing needs to be copied.
type Source interface {
	// Len is the number of examples.
	Len() int
	// Load writes the inputs x (Len, Input) and the targets y (Len, Targets).
	Load(x, y []float32)
}

// Columns is a Source that can write a part of the inputs. If the first layer is split between two processors, each writes the part that
// it works on: two calls of LoadColumns run at the same time.
type Columns interface {
	Source
	LoadColumns(x []float32, from, to int) // writes the inputs from ≤ j < to of each example, and no others
	LoadTargets(y []float32)
}

// Part is a Source that holds some examples of a larger mini-batch, for several processes that train one network together. Dropout then uses
// the masks that these examples have in the whole mini-batch.
type Part interface {
	Source
	// Within says which examples of a mini-batch of whole examples these are: first, first+step, and so on.
	Within() (first, step, whole int)
}

// Stats is the result of a mini-batch.
type Stats struct {
	Cost    float64 // mean over the examples, without regularization
	Correct int     // right answers: the output and the target are largest at the same place
	Answers int     // answers in total: the examples, or their time steps; 0 if the loss has no classes
}

// add includes part, the stats of k examples, in s, those of m examples.
func (s *Stats) add(part Stats, k, m int) {
	s.Cost += part.Cost * float64(k) / float64(m)
	s.Correct += part.Correct
	s.Answers += part.Answers
}

// given is a Source made of a caller's slices.
type given struct {
	m    int
	x, y []float32
}

func (g *given) Len() int { return g.m }
func (g *given) Load(x, y []float32) {
	copy(x, g.x)
	copy(y, g.y) // y is empty if the loss uses no targets
}

// given64 is a Source of float64 numbers, which a float64 network reads without rounding.
type given64 struct {
	m    int
	x, y []float64
}

func (g *given64) Len() int { return g.m }
func (g *given64) Load(x, y []float32) {
	convertFrom(x, g.x)
	convertFrom(y, g.y[:len(y)])
}

// examples returns the number of examples, given how many numbers x and y have.
func (n *Net) examples(x, y int) (int, error) {
	size := n.Input.TotalSize()
	m := x / size
	if m < 1 || m*size != x || m*n.Targets != y && !(n.Targets == 0 && m*n.Outputs == y) {
		return 0, fmt.Errorf("graph: %d numbers and %d targets; an example has %d numbers, shape %v, and %d targets", x, y, size, n.Input, n.Targets)
	}
	return m, nil
}

// Step runs a mini-batch forward and backward: the examples x (m, Input), row by row, with their targets y (m, Targets). A target is a one-hot
// row for a class, or any numbers that the loss compares with; y may be empty if the loss uses none. Step leaves the gradients of the mean cost
// in Params and does not change the weights; updating them is up to you. A cost that is not finite is not an error.
func (n *Net) Step(x, y []float32) (Stats, error) {
	m, err := n.examples(len(x), len(y))
	if err != nil {
		return Stats{}, err
	}
	return n.StepFrom(&given{m, x, y})
}

// Step64 is Step for float64 numbers, which a float64 network reads without rounding.
func (n *Net) Step64(x, y []float64) (Stats, error) {
	m, err := n.examples(len(x), len(y))
	if err != nil {
		return Stats{}, err
	}
	return n.StepFrom(&given64{m, x, y})
}

// StepFrom is Step for a mini-batch that writes itself into the network's memory, without a copy.
func (n *Net) StepFrom(src Source) (Stats, error) {
	m, err := n.loaded(use{src.Len(), training}, src)
	if err != nil {
		return Stats{}, err
	}
	return m.step(n)
}

// DescendFrom is StepFrom with an update by gradient descent in the same program: w = (1−ηλ/n) w − η ∇w, where l2 = λ/n applies to Params
// with Decay. It is faster than a step followed by an update, and leaves no gradients in Params. If the cost is not finite, the weights stay
// as they are.
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

// InputGrad writes the gradient of the mean cost with respect to the inputs x (m, Input) to dx, which has the length of x. It shows which
// pixels the cost depends on. The network works as in prediction, without dropout. The parameters' gradients stay as they are.
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

// Evaluate returns the stats of the examples x (m, Input) with targets y (m, Targets), computed as in prediction, without dropout.
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

// Predict writes the outputs of the examples x (m, Input) to y (m, Outputs): activations, or probabilities for LogLikelihood.
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

// predictions returns the number of examples, given how many numbers x and y have.
func (n *Net) predictions(y, x int) (int, error) {
	size := n.Input.TotalSize()
	m := x / size
	if m < 1 || m*size != x || m*n.Outputs != y {
		return 0, fmt.Errorf("graph: %d inputs for %d outputs; an example has %d numbers, shape %v, and %d outputs", x, y, size, n.Input, n.Outputs)
	}
	return m, nil
}

// chunk is how many examples are evaluated at once.
const chunk = 100

// piece returns how many of m examples to evaluate next. It uses few different sizes, so that a network needs few graphs.
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

// loaded returns the machine for u with its inputs loaded.
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
