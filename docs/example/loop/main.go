// Loop trains 784-30-10 with its own loop over the epochs.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/train"
)

func main() {
	digits, err := mnist.Load()
	if err != nil {
		log.Fatal(err)
	}
	net, err := graph.New(graph.Seq{
		graph.Dense{Out: 30}, graph.Sigmoid,
		graph.Dense{Out: 10}, graph.Sigmoid,
	}, graph.Quadratic, graph.Shape{1, 28, 28}, graph.Config{Seed: 1, Init: graph.Large})
	if err != nil {
		log.Fatal(err)
	}
	t := train.Trainer{
		Net: net, Optimizer: train.SGD{}, Epochs: 3, Batch: 10, Eta: 3, Seed: 1,
		Train:      train.Images{Pixels: digits.Train.Images, Labels: digits.Train.Labels},
		Validation: train.Images{Pixels: digits.Validation.Images, Labels: digits.Validation.Labels},
	}
	if err := t.Start(); err != nil {
		log.Fatal(err)
	}
	for e, err := range t.Run(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("epoch %d: %.2f%% of the validation images\n", e.Epoch, 100*e.ValAcc)
	}
}
