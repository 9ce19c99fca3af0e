package op

import (
	"fmt"
	"slices"
)

// A Recurrence goes through the steps of a sequence with a state h (m,n) that starts at 0. Its input z (m,steps,k·n) holds x W + b, which is what
// each of the cell's k gates gets from the step itself. The recurrence adds h′ U, with U (n,k·n), which they get from the previous state h′. It
// consists of three ops: [Recurrence.States] goes through the steps and keeps what the backward pass needs, [Recurrence.Outputs] takes the
// states h from that, and its gradient op goes back through time. So the products with W, and its gradients, are those of a dense layer over
// all steps at once, and the gradient of U is a single product.
//
// A mask (m,steps), the last input, leaves the state unchanged in steps that are padding; their outputs are 0.
type Recurrence struct {
	Cell    Cell
	Reverse bool // go from the last step to the first
	Masked  bool
}

// A Cell says how a step's gates and the previous state make the next state.
type Cell string

// The cells, with PyTorch's equations and order of gates.
const (
	RNN  Cell = "rnn"  // h = tanh(z + h′ U)
	LSTM Cell = "lstm" // i, f, g, o = σ, σ, tanh, σ of z + h′ U; c = f c′ + i g; h = o tanh c
	GRU  Cell = "gru"  // r, u = σ of z + h′ U; q = h′ U + b; v = tanh(z + r q); h = (1−u) v + u h′, with a bias b (n)
)

// Gates returns the number of gates.
func (c Cell) Gates() int { return map[Cell]int{RNN: 1, LSTM: 4, GRU: 3}[c] }

// kept returns how many vectors of n a step keeps: h; for an LSTM also c and the gates; for a GRU also the gates and q.
func (c Cell) kept() int { return map[Cell]int{RNN: 1, LSTM: 6, GRU: 5}[c] }

// carried returns how many of these vectors are the state that goes on to the next step.
func (c Cell) carried() int { return map[Cell]int{RNN: 1, LSTM: 2, GRU: 1}[c] }

// back returns how many vectors the backward pass gives: the gates' gradients, and that of the GRU's q.
func (c Cell) back() int { return map[Cell]int{RNN: 1, LSTM: 4, GRU: 4}[c] }

// weights returns how many inputs follow z: U, and the GRU's b.
func (c Cell) weights() int { return map[Cell]int{RNN: 1, LSTM: 1, GRU: 2}[c] }

func (r Recurrence) name(kind string) string {
	return fmt.Sprintf("%s/%s/%v/%v", kind, r.Cell, r.Reverse, r.Masked)
}

// cut returns the Cut of the ops, whose inputs are z, the weights, more inputs by example, and the mask.
func (r Recurrence) cut(more int) Cut {
	each := append([]bool{true}, make([]bool, r.Cell.weights())...)
	each = append(each, slices.Repeat([]bool{true}, more)...)
	if r.Masked {
		each = append(each, true)
	}
	return Cut{Each: each, MinExamples: 8}
}

// shape is the shape rule of the ops. Their inputs are z, the weights, inputs of more vectors for each step, and the mask. The output has out vectors.
func (r Recurrence) shape(out int, more ...int) func(x []Shape) (Shape, error) {
	return func(x []Shape) (Shape, error) {
		k, w := r.Cell.Gates(), r.Cell.weights()
		z, u := x[0], x[1]
		misfit := fmt.Errorf("%v; it takes z(m,steps,%d·n) and U(n,%[2]d·n)", x, k)
		if len(z) != 3 || len(u) != 2 || z[2] != k*u[0] || u[1] != z[2] || w == 2 && !slices.Equal(x[2], u[:1]) {
			return nil, misfit
		}
		of := func(vectors int) Shape { return Shape{z[0], z[1], vectors * u[0]} }
		for i, vectors := range more {
			if !slices.Equal(x[1+w+i], of(vectors)) {
				return nil, misfit
			}
		}
		if r.Masked && !slices.Equal(x[len(x)-1], z[:2]) {
			return nil, misfit
		}
		return of(out), nil
	}
}

// States is what each step keeps, from z, U, the GRU's b, and the mask. Its gradient is part of that of [Recurrence.Outputs].
func (r Recurrence) States() *Op {
	return &Op{
		Name: r.name("recurrentStates"), F32: statesDo[float32](r), F64: statesDo[float64](r), Cut: r.cut(0), Shape: r.shape(r.Cell.kept()),
	}
}

// Outputs is the state h of each step, (m,steps,n), from z, U, the GRU's b, their States, and the mask.
func (r Recurrence) Outputs() *Op {
	w := r.Cell.weights()
	// part is the gradient for the vectors [from, to) of back's result, (m·steps,(to−from)·n).
	part := func(x Nodes, dy *Node, from, to int) *Node {
		in := append(slices.Clone(x[:w+2]), dy)
		d, n := rowsOf(r.back().Apply(append(in, x[w+2:]...)...)), x[1].Shape()[0]
		if from == 0 && to*n == d.Shape()[1] {
			return d
		}
		return Part(from*n, to*n).Apply(d)
	}
	op := &Op{Name: r.name("recurrent"), F32: outputsDo[float32](r), F64: outputsDo[float64](r), Cut: r.cut(1), Shape: r.shape(1, r.Cell.kept())}
	op.Terms = func(x []Shape) int { return x[1][1] }
	op.Grad = []Grad{
		func(x Nodes, _, dy *Node) *Node {
			return Reshape(x[0].Shape()).Apply(part(x, dy, 0, r.Cell.Gates()))
		},
		func(x Nodes, y, dy *Node) *Node { // dU = Σ h′ᵀ d(h′ U)
			before := rowsOf(r.before(y, x))
			if r.Cell != GRU {
				return TMul.Apply(before, part(x, dy, 0, r.Cell.Gates()))
			}
			return Concat(2).Apply(TMul.Apply(before, part(x, dy, 0, 2)), TMul.Apply(before, part(x, dy, 3, 4)))
		},
	}
	if r.Cell == GRU {
		op.Grad = append(op.Grad, func(x Nodes, _, dy *Node) *Node { return SumRows.Apply(part(x, dy, 3, 4)) })
	}
	if r.Masked {
		op.Made = func(x Nodes) *Node { return r.formula(append(slices.Clone(x[:w+1]), x[w+2]), nil) }
	}
	return op
}

// rowsOf reshapes x (m,steps,n) to (m·steps,n).
func rowsOf(x *Node) *Node {
	s := x.Shape()
	return Reshape(Shape{s[0] * s[1], s[2]}).Apply(x)
}

// back is the gradient of z, followed by that of the GRU's q, from z, the weights, the States, dy, and the mask.
func (r Recurrence) back() *Op {
	w := r.Cell.weights()
	d := &Op{
		Name: r.name("dRecurrent"), F32: backDo[float32](r), F64: backDo[float64](r), Cut: r.cut(2),
		Shape: r.shape(r.Cell.back(), r.Cell.kept(), 1),
	}
	rules := defined(w+2, func(x Nodes) *Node {
		in, extra := append(slices.Clone(x[:w+1]), x[w+2:]...), scale(0, x[w+1])
		by := func(wrt ...*Node) Nodes {
			return (&reverse{wrt: wrt, stop: append(slices.Clone(x), extra), depends: map[*Node]bool{}}).from(r.formula(in, extra), x[w+1])
		}
		if r.Cell != GRU {
			return by(x[0])[0]
		}
		both := by(x[0], extra)
		s := append(x[0].Shape()[:2].Clone(), r.Cell.back()*x[1].Shape()[0])
		return Reshape(s).Apply(Concat(2).Apply(rowsOf(both[0]), rowsOf(both[1])))
	})
	for i, rule := range rules {
		if i == w+1 { // the gradient of the states is part of those of z and the weights
			d.Grad = append(d.Grad, nil)
		}
		d.Grad = append(d.Grad, func(x Nodes, y, dy *Node) *Node {
			in := slices.Delete(slices.Clone(x), w+1, w+2)
			if dx := rule(in, y, dy); dx != nil {
				return dx
			}
			return scale(0, in[i]) // there is only one step, so U has no effect
		})
	}
	return d
}

// before returns the state h before each step, from the outputs y.
func (r Recurrence) before(y *Node, x Nodes) *Node {
	if r.Masked {
		return masked(StepBefore(r.Reverse)).Apply(y, x[len(x)-1])
	}
	return StepBefore(r.Reverse).Apply(y)
}

// StepBefore moves x (m,steps,…) by a step: each step gets the values of the step before it, or after it, and 0 if there is none. With a mask as
// second input it is the nearest step that is not padding.
func StepBefore(after bool) *Op {
	return &Op{
		Name: fmt.Sprintf("stepBefore/%v", after), F32: stepBeforeDo[float32](after), F64: stepBeforeDo[float64](after), Cut: each1, Shape: stepsShape,
		Grad: []Grad{func(x Nodes, _, dy *Node) *Node { return ofSteps(DStepBefore(after), dy, x) }},
	}
}

// DStepBefore is the gradient for StepBefore's x: each step gets the sum over the steps that StepBefore gave its values to.
func DStepBefore(after bool) *Op {
	return &Op{
		Name: fmt.Sprintf("dStepBefore/%v", after), F32: dStepBeforeDo[float32](after), F64: dStepBeforeDo[float64](after), Cut: each1, Shape: stepsShape,
		Grad: []Grad{func(x Nodes, _, dy *Node) *Node { return ofSteps(StepBefore(after), dy, x) }},
	}
}

// ofSteps applies op to d and to x's mask, if there is one.
func ofSteps(op *Op, d *Node, x Nodes) *Node {
	if len(x) == 2 {
		return masked(op).Apply(d, x[1])
	}
	return op.Apply(d)
}

// stepsShape is the shape rule of ops on a sequence of vectors with or without a mask.
func stepsShape(x []Shape) (Shape, error) {
	if len(x[0]) != 3 {
		return nil, fmt.Errorf("%v; it takes (m,steps,n)", x[0])
	}
	if len(x) == 2 {
		return maskedShape(x)
	}
	return x[0].Clone(), nil
}
