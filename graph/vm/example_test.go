package vm_test

import (
	"fmt"

	"github.com/stheno-ml/stheno/graph/vm"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A line through three points, by gradient descent.
func ExampleNew() {
	g := gorgonia.NewGraph()
	x := gorgonia.NewVector(g, tensor.Float64, gorgonia.WithShape(3), gorgonia.WithName("x"))
	y := gorgonia.NewVector(g, tensor.Float64, gorgonia.WithShape(3), gorgonia.WithName("y"))
	w := gorgonia.NewScalar(g, tensor.Float64, gorgonia.WithName("w"), gorgonia.WithValue(0.))
	b := gorgonia.NewScalar(g, tensor.Float64, gorgonia.WithName("b"), gorgonia.WithValue(0.))
	line := gorgonia.Must(gorgonia.Add(gorgonia.Must(gorgonia.Mul(x, w)), b))
	cost := gorgonia.Must(gorgonia.Mean(gorgonia.Must(gorgonia.Square(gorgonia.Must(gorgonia.Sub(line, y))))))
	if _, err := gorgonia.Grad(cost, w, b); err != nil {
		panic(err)
	}

	machine := vm.New(g, vm.BindDualValues(w, b))
	defer machine.Close()
	gorgonia.Let(x, tensor.New(tensor.WithBacking([]float64{0, 1, 2})))
	gorgonia.Let(y, tensor.New(tensor.WithBacking([]float64{1, 3, 5})))
	solver := gorgonia.NewVanillaSolver(gorgonia.WithLearnRate(.2))
	for range 300 {
		if err := machine.RunAll(); err != nil {
			panic(err)
		}
		solver.Step(gorgonia.NodesToValueGrads(gorgonia.Nodes{w, b}))
	}
	fmt.Printf("y = %.3f x + %.3f\n", w.Value().Data(), b.Value().Data())
	// Output: y = 2.000 x + 1.000
}
