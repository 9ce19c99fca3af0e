package train_test

import (
	"context"
	"fmt"
	"math"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// Regression: a network learns the sine function from two slices of numbers.
func Example_regression() {
	d := train.Arrays{N: 200}
	for i := range d.N {
		x := 6 * float32(i) / 200
		d.X, d.Y = append(d.X, x), append(d.Y, float32(math.Sin(float64(x))))
	}
	layers := graph.Seq{graph.Dense{Out: 30}, graph.Tanh, graph.Dense{Out: 1}}
	net, err := graph.New(layers, graph.MSE, graph.Shape{1}, graph.Config{Seed: 1})
	if err != nil {
		panic(err)
	}
	t := train.Trainer{Net: net, Optimizer: train.Adam{}, Train: d, Validation: d, Epochs: 200, Batch: 20, Eta: .01}
	for e, err := range t.Run(context.Background()) {
		if err != nil || e.Last {
			fmt.Println(e.ValLoss < 1e-3, err)
		}
	}
	// Output: true <nil>
}
