package vm_test

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/stheno-ml/stheno/graph/vm"
)

// Linear regression: a slope and an intercept, both scalars, from a thousand points.
func ExampleNew_regression() {
	const n = 1000
	xs, ys := make([]float64, n), make([]float64, n)
	for i := range xs {
		xs[i] = float64(i) / n
		ys[i] = 3*xs[i] - 1 + 0.1*float64(i%7-3)
	}

	g := G.NewGraph()
	x := G.NewVector(g, G.Float64, G.WithShape(n), G.WithName("x"), G.WithValue(tensor.New(tensor.WithBacking(xs))))
	y := G.NewVector(g, G.Float64, G.WithShape(n), G.WithName("y"), G.WithValue(tensor.New(tensor.WithBacking(ys))))
	slope := G.NewScalar(g, G.Float64, G.WithName("slope"), G.WithValue(0.5))
	intercept := G.NewScalar(g, G.Float64, G.WithName("intercept"), G.WithValue(0.0))

	line := G.Must(G.Add(G.Must(G.Mul(x, slope)), intercept))
	cost := G.Must(G.Mean(G.Must(G.Square(G.Must(G.Sub(line, y))))))
	if _, err := G.Grad(cost, slope, intercept); err != nil {
		panic(err)
	}

	machine := vm.New(g, vm.BindDualValues(slope, intercept))
	defer machine.Close()
	solver := G.NewVanillaSolver(G.WithLearnRate(0.5))
	parameters := G.NodesToValueGrads(G.Nodes{slope, intercept})

	for range 100 {
		if err := machine.RunAll(); err != nil {
			panic(err)
		}
		if err := solver.Step(parameters); err != nil {
			panic(err)
		}
		machine.Reset()
	}
	fmt.Printf("y = %.6f x + %.6f, cost %.6f\n", slope.Value().Data(), intercept.Value().Data(), cost.Value().Data())
	// Output:
	// y = 3.000379 x + -1.000397, cost 0.039950
}
