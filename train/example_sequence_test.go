package train_test

import (
	"context"
	"fmt"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// At each step, a recurrent network says whether the number of ones so far is odd.
func Example_sequence() {
	d, steps := train.Arrays{N: 64}, 6
	for i := range d.N {
		for t, odd := 0, 0; t < steps; t++ {
			odd ^= i >> t & 1
			d.X, d.Y = append(d.X, float32(i>>t&1)), append(d.Y, float32(1-odd), float32(odd))
		}
	}
	layers := graph.Seq{graph.RNN{Out: 16, Init: graph.Glorot}, graph.PerStep{graph.Dense{Out: 2}}} // (m, 6, 1) to (m, 6, 16) to (m, 6, 2)
	net, err := graph.New(layers, graph.LogLikelihood, graph.Shape{steps, 1}, graph.Config{Seed: 1})
	if err != nil {
		panic(err)
	}
	t := train.Trainer{Net: net, Optimizer: train.Adam{}, Train: d, Validation: d, Epochs: 150, Batch: 16, Eta: .01}
	for e, err := range t.Run(context.Background()) {
		if err != nil || e.Last {
			fmt.Printf("%.0f%% of the steps are right, %v\n", 100*e.ValAcc, err)
		}
	}
	// Output: 100% of the steps are right, <nil>
}
