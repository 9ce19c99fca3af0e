package graph_test

import (
	"context"
	"fmt"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/train"
)

// A network of your own: its layers as a literal, a loss, and the loop that trains every network.
func Example() {
	digits, err := mnist.Load()
	if err != nil {
		panic(err)
	}
	net, err := graph.New(graph.Seq{
		graph.Conv{Out: 8, Kernel: 5, Stride: 2}, graph.ReLU,
		graph.Dense{Out: 60}, graph.ReLU,
		graph.Dense{Out: 10},
	}, graph.LogLikelihood, graph.Shape{1, 28, 28}, graph.Config{Seed: 1})
	if err != nil {
		panic(err)
	}
	few := digits.Train.Slice(0, 5000)
	t := train.Trainer{
		Net: net, Optimizer: train.SGD{}, Epochs: 2, Batch: 10, Eta: 0.05, Seed: 1,
		Train:      train.Images{Classes: 10, Pixels: few.Images, Labels: few.Labels},
		Validation: train.Images{Classes: 10, Pixels: digits.Validation.Images, Labels: digits.Validation.Labels},
	}
	if err := t.Start(); err != nil {
		panic(err)
	}
	for e, err := range t.Run(context.Background()) {
		if err != nil {
			panic(err)
		}
		fmt.Printf("epoch %d: over 80%%: %v\n", e.Epoch, e.ValAcc > 0.8)
	}
	// Output:
	// epoch 0: over 80%: true
	// epoch 1: over 80%: true
}
