package vm_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph/vm"
	"github.com/stheno-ml/stheno/train"

	. "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

var _ Solver = train.NewSolver(train.SGD{}, 1)

// TestSolver: a Gorgonia program with our solver takes the steps of the optimizer's formula, also for scalars, and the gradients are 0 after each.
func TestSolver(t *testing.T) {
	for _, dt := range []tensor.Dtype{tensor.Float64, tensor.Float32} {
		b := newBuilder(dt)
		w, c := b.param(40_000), b.param() // the solver cuts what is large
		b.cost = Must(Add(Must(Sum(Must(Square(w)))), Must(Square(c))))
		if _, err := Grad(b.cost, b.params...); err != nil {
			t.Fatal(err)
		}
		m := vm.New(b.g, vm.BindDualValues(b.params...))
		solver := train.NewSolver(train.SGD{Momentum: .5}, .1)
		all := func() []float64 {
			return append(append([]float64{}, numbersOf(t, w.Value())...), numbersOf(t, c.Value())...)
		}
		want := all()
		velocity := make([]float64, len(want))
		for range 4 {
			for i, x := range want {
				velocity[i] = .5*velocity[i] - .1*2*x
				want[i] += velocity[i]
			}
			if err := m.RunAll(); err != nil {
				t.Fatal(err)
			}
			if err := solver.Step(NodesToValueGrads(b.params)); err != nil {
				t.Fatal(err)
			}
			for i, x := range all() {
				if math.Abs(x-want[i]) > 1e-6 {
					t.Errorf("%v: parameter %d is %v, want %v", dt, i, x, want[i])
				}
			}
			for _, p := range b.params {
				if g, _ := p.Grad(); numbersOf(t, g)[0] != 0 {
					t.Errorf("gradient %v after a step, want 0", g)
				}
			}
		}
		if err := solver.Step(NodesToValueGrads(b.params[:1])); err == nil || !strings.Contains(err.Error(), "1 parameters after a step with 2") {
			t.Errorf("a step of other parameters: error %v", err)
		}
		if err := solver.Step(NodesToValueGrads(Nodes{c, w})); err == nil || !strings.Contains(err.Error(), "same order") {
			t.Errorf("a step in another order: error %v", err)
		}
	}
	x := NewScalar(NewGraph(), tensor.Float64, WithName("x"))
	if err := train.NewSolver(train.Adam{}, .1).Step(NodesToValueGrads(Nodes{x})); err == nil {
		t.Error("a step of a parameter without a value: no error")
	}
}
