package graph_test

import (
	"fmt"

	. "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/graph/vm"
)

// Derivatives of derivatives: x³ at x = 2 has 3x² = 12, 6x = 12 and 6.
func ExampleGrad() {
	g := NewGraph()
	x := NewScalar(g, Float64, WithName("x"), WithValue(2.0))
	var orders graph.Nodes
	y := Must(Cube(x))
	for range 3 {
		d, err := graph.Grad(y, x)
		if err != nil {
			panic(err)
		}
		y = d[0]
		orders = append(orders, y)
	}

	machine := vm.New(g, vm.Keep(orders...))
	if err := machine.RunAll(); err != nil {
		panic(err)
	}
	for _, d := range orders {
		fmt.Println(d.Value())
	}
	// Output:
	// 12
	// 12
	// 6
}

// Layers between Gorgonia's operations, trained by one of Gorgonia's solvers: the network learns y = x² at six points.
func ExampleApply() {
	g := NewGraph()
	x := NewMatrix(g, Float64, WithShape(6, 1), WithName("x"),
		WithValue(gt.New(gt.WithShape(6, 1), gt.WithBacking([]float64{-1, -.6, -.2, .2, .6, 1}))))
	layers := graph.Seq{graph.Dense{Out: 10}, graph.Tanh, graph.Dense{Out: 1}}
	y, params, err := graph.Apply(graph.Config{Seed: 1}, layers, x)
	if err != nil {
		panic(err)
	}
	cost := Must(Mean(Must(Square(Must(Sub(y, Must(Square(x))))))))
	if _, err := Grad(cost, params...); err != nil {
		panic(err)
	}

	machine := vm.New(g, vm.BindDualValues(params...))
	defer machine.Close()
	solver := NewAdamSolver(WithLearnRate(0.01))
	for range 1000 {
		if err := machine.RunAll(); err != nil {
			panic(err)
		}
		if err := solver.Step(NodesToValueGrads(params)); err != nil {
			panic(err)
		}
	}
	fmt.Printf("%v parameters, cost below 0.001: %v\n", len(params), cost.Value().Data().(float64) < .001)
	// Output: 4 parameters, cost below 0.001: true
}
