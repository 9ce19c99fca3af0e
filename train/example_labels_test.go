package train_test

import (
	"context"
	"fmt"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// Several labels: which of 2, 3 and 5 divide a number given in binary? Each label is true or false, independently of the others.
func Example_multiLabel() {
	d := train.Arrays{N: 256}
	for i := range d.N {
		for bit := range 8 {
			d.X = append(d.X, float32(i>>bit&1))
		}
		d.Y = append(d.Y, float32(1-min(1, i%2)), float32(1-min(1, i%3)), float32(1-min(1, i%5)))
	}
	net, err := graph.New(graph.Seq{graph.Dense{Out: 64}, graph.Tanh, graph.Dense{Out: 3}}, graph.BinaryCrossEntropy, graph.Shape{8}, graph.Config{Seed: 1})
	if err != nil {
		panic(err)
	}
	t := train.Trainer{Net: net, Optimizer: train.Adam{}, Train: d, Epochs: 300, Batch: 16, Eta: .01}
	for e, err := range t.Run(context.Background()) {
		if err != nil || e.Last {
			var y [3]float32
			fmt.Println(net.Predict(y[:], d.X[30*8:31*8]), y[0] > .9, y[1] > .9, y[2] > .9)
		}
	}
	// Output: <nil> true true true
}
