package vm_test

import (
	"math"
	"testing"

	"github.com/stheno-ml/stheno/graph/vm"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// misread are costs that the TapeMachine gets wrong, because an op writes its result over an input that another node still shows. They are checked
// against difference quotients instead.
var misread = map[string]func(x *G.Node) *G.Node{
	"the square of a reshaped input": func(x *G.Node) *G.Node {
		return squares(G.Must(G.Reshape(x, tensor.Shape{2, 6})))
	},
	"the square of a reshaped result": func(x *G.Node) *G.Node {
		return squares(G.Must(G.Reshape(G.Must(G.Tanh(x)), tensor.Shape{12})))
	},
}

// TestMisread: gradients agree with difference quotients where the TapeMachine does not, and the input stays as it is.
func TestMisread(t *testing.T) {
	for name, build := range misread {
		m := newMaker(tensor.Float64)
		x := m.in(3, 4)
		cost := build(x)
		s := m.session(cost, nil)
		machine := vm.New(s.graph, vm.BindDualValues(x))
		if err := machine.RunAll(); err != nil {
			t.Fatal(err)
		}
		d, err := x.Grad()
		if err != nil {
			t.Fatal(err)
		}
		gradient, at := append([]float64(nil), d.Data().([]float64)...), x.Value().Data().([]float64)
		f := func() float64 {
			if err := machine.RunAll(); err != nil {
				t.Fatal(err)
			}
			return cost.Value().Data().(float64)
		}
		for i, g := range gradient {
			const h = 1e-4
			before := at[i]
			at[i] = before + h
			right := f()
			at[i] = before - h
			left := f()
			at[i] = before
			if q := (right - left) / (2 * h); math.Abs(q-g) > 1e-6*(1+math.Abs(g)) {
				t.Errorf("%s: element %d: gradient %v, difference quotient %v", name, i, g, q)
			}
		}
	}
}
