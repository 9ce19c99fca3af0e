package op_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stheno-ml/stheno/graph/op"
)

// recurrences lists all of them.
var recurrences = func() (all []op.Recurrence) {
	for _, c := range []op.Cell{op.RNN, op.LSTM, op.GRU} {
		for i := range 4 {
			all = append(all, op.Recurrence{Cell: c, Reverse: i&1 > 0, Masked: i&2 > 0})
		}
	}
	return all
}()

// recurrentRows are the rows of the recurrent ops.
func recurrentRows() (rows []row) {
	for _, r := range recurrences {
		rows = append(rows, row{r.States(), sequences(r, false)}, row{ofOwnStates(r, r.Outputs()), sequences(r, false)})
		if r.Reverse == r.Masked && r.Reverse == (r.Cell != op.RNN) { // the others differ in nothing that is not covered here
			rows = append(rows, row{ofOwnStates(r, back(r)), sequences(r, true)})
		}
	}
	return rows
}

// sequences returns cases of z, the weights, dy if d is set, and the mask.
func sequences(r op.Recurrence, d bool) (x [][]tensor) {
	for _, s := range []struct{ m, steps, n int }{{1, 1, 1}, {2, 2, 2}} {
		k := r.Cell.Gates()
		shapes := []shape{{s.m, s.steps, k * s.n}, {s.n, k * s.n}}
		if r.Cell == op.GRU {
			shapes = append(shapes, shape{s.n})
		}
		if d {
			shapes = append(shapes, shape{s.m, s.steps, s.n})
		}
		if r.Masked {
			x = append(x, ragged(append(shapes, shape{s.m, s.steps}))...)
		} else {
			x = append(x, random(shapes)...)
		}
	}
	return x
}

// back returns the gradient op: that of the outputs' gradient for z.
func back(r op.Recurrence) *op.Op {
	x := variables(shapesOf(withStates(r, sequences(r, false)[0]))...)
	y := r.Outputs().Apply(x...)
	dz := r.Outputs().Grad[0](x, y, y)
	for op.Of(dz.Op()) == nil || len(op.Inputs(dz)) < 3 {
		dz = op.Inputs(dz)[0]
	}
	return op.Of(dz.Op())
}

func shapesOf(x []tensor) (s []shape) {
	for _, x := range x {
		s = append(s, x.Shape)
	}
	return s
}

// withStates returns the inputs with the states after the weights.
func withStates[T float32 | float64](r op.Recurrence, x []op.Array[T]) []op.Array[T] {
	w := 2
	if r.Cell == op.GRU {
		w = 3
	}
	of := x[:w]
	if r.Masked {
		of = append(slices.Clone(of), x[len(x)-1])
	}
	shapes := make([]shape, len(of))
	for i := range of {
		shapes[i] = of[i].Shape
	}
	s, err := r.States().Shape(shapes)
	if err != nil {
		panic(err)
	}
	states := op.Array[T]{Shape: s, Data: make([]T, s.TotalSize())}
	op.Kernel[T](r.States())(states, of)
	return slices.Insert(slices.Clone(x), w, states)
}

// ofOwnStates is o as a function of its inputs without the states, as networks use it.
func ofOwnStates(r op.Recurrence, o *op.Op) *op.Op {
	w := 2
	if r.Cell == op.GRU {
		w = 3
	}
	own := *o
	own.F32 = func(y array32, x []array32) { o.F32(y, withStates(r, x)) }
	own.F64 = func(y tensor, x []tensor) { o.F64(y, withStates(r, x)) }
	own.Cut = op.Cut{Each: slices.Delete(slices.Clone(o.Cut.Each), w, w+1), MinExamples: o.Cut.MinExamples}
	own.Shape = func(x []shape) (shape, error) {
		of := slices.Clone(x[:min(w, len(x))])
		if r.Masked {
			of = append(of, x[len(x)-1])
		}
		s, err := r.States().Shape(of)
		if err != nil {
			return nil, err
		}
		return o.Shape(slices.Insert(slices.Clone(x), w, s))
	}
	states := func(x op.Nodes) op.Nodes {
		of := slices.Clone(x[:w])
		if r.Masked {
			of = append(of, x[len(x)-1])
		}
		return slices.Insert(slices.Clone(x), w, r.States().Apply(of...))
	}
	own.Grad = nil
	for i, rule := range o.Grad {
		if i != w {
			own.Grad = append(own.Grad, func(x op.Nodes, y, dy *op.Node) *op.Node {
				whole := states(x)
				return rule(whole, o.Apply(whole...), dy)
			})
		}
	}
	if o.Made != nil {
		own.Made = func(x op.Nodes) *op.Node { return o.Made(states(x)) }
	}
	return &own
}

// TestRecurrence compares the outputs with the equations, number by number.
func TestRecurrence(t *testing.T) {
	for _, r := range recurrences {
		for _, x := range sequences(r, false) {
			whole := withStates(r, x)
			m, steps, n := x[0].Shape[0], x[0].Shape[1], x[1].Shape[0]
			y := tensor{Shape: shape{m, steps, n}, Data: make([]float64, m*steps*n)}
			r.Outputs().F64(y, whole)
			for i := range m {
				want := equations(r, x, i)
				if got := y.Data[i*steps*n : (i+1)*steps*n]; !slices.EqualFunc(got, want, func(a, b float64) bool { return math.Abs(a-b) < 1e-12 }) {
					t.Errorf("%+v: example %d gives %v, want %v", r, i, got, want)
				}
			}
		}
	}
}

// equations returns the outputs of example i by the equations.
func equations(r op.Recurrence, x []tensor, i int) []float64 {
	steps, n, k := x[0].Shape[1], x[1].Shape[0], r.Cell.Gates()
	h, c, out := make([]float64, n), make([]float64, n), make([]float64, steps*n)
	sigma := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	for s := range steps {
		t := s
		if r.Reverse {
			t = steps - 1 - s
		}
		if mask := x[len(x)-1].Data; r.Masked && mask[i*steps+t] == 0 {
			continue
		}
		next := make([]float64, n)
		for j := range n {
			in := func(gate int) float64 { return x[0].Data[(i*steps+t)*k*n+gate*n+j] }
			of := func(gate int) (sum float64) {
				for l := range n {
					sum += h[l] * x[1].Data[l*k*n+gate*n+j]
				}
				return sum
			}
			switch r.Cell {
			case op.RNN:
				next[j] = math.Tanh(in(0) + of(0))
			case op.LSTM:
				c[j] = sigma(in(1)+of(1))*c[j] + sigma(in(0)+of(0))*math.Tanh(in(2)+of(2))
				next[j] = sigma(in(3)+of(3)) * math.Tanh(c[j])
			case op.GRU:
				u := sigma(in(1) + of(1))
				v := math.Tanh(in(2) + sigma(in(0)+of(0))*(of(2)+x[2].Data[j]))
				next[j] = (1-u)*v + u*h[j]
			}
		}
		h = next
		copy(out[t*n:], h)
	}
	return out
}
