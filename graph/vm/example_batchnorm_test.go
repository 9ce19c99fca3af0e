package vm_test

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/stheno-ml/stheno/graph/vm"
	"github.com/stheno-ml/stheno/train"
)

// Batch norm between two dense layers, trained by Adam.
func ExampleNew_batchNorm() {
	const examples, batch, hidden = 60, 20, 30
	inputs, targets := digits(examples)

	g := G.NewGraph()
	x := G.NewMatrix(g, G.Float32, G.WithShape(batch, 784), G.WithName("x"))
	y := G.NewMatrix(g, G.Float32, G.WithShape(batch, 10), G.WithName("y"))
	w0 := G.NewMatrix(g, G.Float32, G.WithShape(784, hidden), G.WithName("w0"), G.WithInit(glorot(1)))
	gamma := G.NewMatrix(g, G.Float32, G.WithShape(1, hidden), G.WithName("gamma"), G.WithInit(G.Ones()))
	beta := G.NewMatrix(g, G.Float32, G.WithShape(1, hidden), G.WithName("beta"), G.WithInit(G.Zeroes()))
	w1 := G.NewMatrix(g, G.Float32, G.WithShape(hidden, 10), G.WithName("w1"), G.WithInit(glorot(2)))
	parameters := G.Nodes{w0, gamma, beta, w1}

	norm, _, _, _, err := G.BatchNorm(G.Must(G.Mul(x, w0)), gamma, beta, 0.9, 1e-5)
	if err != nil {
		panic(err)
	}
	out := G.Must(G.SoftMax(G.Must(G.Mul(G.Must(G.Rectify(norm)), w1))))
	cost := G.Must(G.Neg(G.Must(G.Mean(G.Must(G.HadamardProd(G.Must(G.Log(out)), y))))))
	if _, err := G.Grad(cost, parameters...); err != nil {
		panic(err)
	}

	machine := vm.New(g, vm.BindDualValues(parameters...))
	defer machine.Close()
	solver := train.NewSolver(train.Adam{}, 0.01)

	slice := func(t *tensor.Dense, start int) tensor.View {
		v, err := t.Slice(G.S(start, start+batch))
		if err != nil {
			panic(err)
		}
		return v
	}
	for epoch := range 5 {
		for start := 0; start < examples; start += batch {
			G.Let(x, slice(inputs, start))
			G.Let(y, slice(targets, start))
			if err := machine.RunAll(); err != nil {
				panic(err)
			}
			if err := solver.Step(G.NodesToValueGrads(parameters)); err != nil {
				panic(err)
			}
			machine.Reset()
		}
		fmt.Printf("epoch %d: cost %.3f\n", epoch, cost.Value().Data())
	}
	fmt.Printf("lengths of the weights: %.3f\n", lengths(parameters))

	predictor := vm.New(g, vm.EvalMode())
	defer predictor.Close()
	if err := predictor.RunAll(); err != nil {
		panic(err)
	}
	fmt.Printf("evaluation: cost %.3f\n", cost.Value().Data())
	// Output:
	// epoch 0: cost 0.095
	// epoch 1: cost 0.035
	// epoch 2: cost 0.021
	// epoch 3: cost 0.013
	// epoch 4: cost 0.008
	// lengths of the weights: [10.861 5.880 0.469 4.627]
	// evaluation: cost 0.008
}
