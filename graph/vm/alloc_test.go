package vm_test

import (
	"testing"

	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/graph/vm"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// allocations counts what one run of f allocates. What the runtime allocates beside it is counted too, so that the smallest of several counts is f's.
func allocations(runs int, f func()) float64 {
	least := testing.AllocsPerRun(runs, f)
	for tries := 0; least > 0 && tries < 5; tries++ {
		least = min(least, testing.AllocsPerRun(runs, f))
	}
	return least
}

// TestAllocs: after its first run, a program of our own ops allocates nothing, even if new inputs are bound: mini-batches, numbers, and views.
func TestAllocs(t *testing.T) {
	for _, dtype := range types {
		m := newMaker(dtype)
		x := G.NewMatrix(m.g, dtype, G.WithShape(4, 70), G.WithName("x"))
		w, b := m.in(70, 5), m.in(5)
		cost := op.Quadratic.Apply(op.ReLU.Apply(op.Affine.Apply(x, w, b)), m.fixed(m.data(0, 1, 4, 5)))
		if _, err := G.Grad(cost, m.params...); err != nil {
			t.Fatal(err)
		}
		var read G.Value
		G.Read(cost, &read)
		machine := vm.New(m.g, vm.BindDualValues(m.params...), vm.Threads(1))
		data := m.data(0, 1, 8, 70)
		var batches [3]tensor.Tensor
		for i := range batches {
			v, err := data.Slice(G.S(i, i+4))
			if err != nil {
				t.Fatal(err)
			}
			batches[i] = v
		}
		batches[2] = m.data(0, 1, 4, 70)
		i := 0
		step := func() {
			if err := machine.RunAll(); err != nil {
				t.Fatal(err)
			}
		}
		bind := func() {
			i++
			must(G.Let(x, batches[i%3]))
		}
		for range 3 {
			bind()
			step()
		}
		allBut := allocations(20, bind)
		if all := allocations(20, func() { bind(); step() }); all > allBut {
			t.Errorf("%v: %v allocations a run, want none", dtype, all-allBut)
		}
	}
}
