package vm_test

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/stheno-ml/stheno/graph/vm"
)

// An autoencoder: 784 pixels through 32 numbers and back, with binary cross-entropy as its cost.
func ExampleNew_autoencoder() {
	const examples, hidden = 20, 32
	pictures, _ := digits(examples)

	g := G.NewGraph()
	x := G.NewMatrix(g, G.Float32, G.WithShape(examples, 784), G.WithName("x"), G.WithValue(pictures))
	w0 := G.NewMatrix(g, G.Float32, G.WithShape(784, hidden), G.WithName("w0"), G.WithInit(glorot(1)))
	b0 := G.NewMatrix(g, G.Float32, G.WithShape(1, hidden), G.WithName("b0"), G.WithInit(G.Zeroes()))
	w1 := G.NewMatrix(g, G.Float32, G.WithShape(hidden, 784), G.WithName("w1"), G.WithInit(glorot(2)))
	b1 := G.NewMatrix(g, G.Float32, G.WithShape(1, 784), G.WithName("b1"), G.WithInit(G.Zeroes()))

	layer := func(x, w, b *G.Node) *G.Node {
		return G.Must(G.Sigmoid(G.Must(G.BroadcastAdd(G.Must(G.Mul(x, w)), b, nil, []byte{0}))))
	}
	out := layer(layer(x, w0, b0), w1, b1)
	cost := G.Must(G.Mean(G.Must(G.BinaryXent(out, x))))
	parameters := G.Nodes{w0, b0, w1, b1}
	if _, err := G.Grad(cost, parameters...); err != nil {
		panic(err)
	}

	machine := vm.New(g, vm.BindDualValues(parameters...))
	defer machine.Close()
	solver := G.NewMomentum(G.WithLearnRate(5), G.WithMomentum(0.9))

	for epoch := range 21 {
		if err := machine.RunAll(); err != nil {
			panic(err)
		}
		if epoch%10 == 0 {
			fmt.Printf("epoch %d: cost %.3f\n", epoch, cost.Value().Data())
		}
		if err := solver.Step(G.NodesToValueGrads(parameters)); err != nil {
			panic(err)
		}
		machine.Reset()
	}
	fmt.Printf("lengths of the weights: %.3f\n", lengths(parameters))
	// Output:
	// epoch 0: cost 0.693
	// epoch 10: cost 0.340
	// epoch 20: cost 0.284
	// lengths of the weights: [10.519 2.746 18.067 5.256]
}
