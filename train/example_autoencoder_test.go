package train_test

import (
	"context"
	"fmt"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/train"
)

// An autoencoder needs no targets: the loss compares the outputs with the examples themselves.
func Example_autoencoder() {
	digits, err := mnist.Load()
	if err != nil {
		panic(err)
	}
	d := train.Images{Pixels: digits.Train.Slice(0, 1000).Images, Labels: make([]byte, 1000)}
	itself := &graph.Loss{Name: "itself", Cost: func(b *graph.Builder, y, _ *graph.Node) *graph.Node {
		return op.Quadratic.Apply(y, graph.Flatten{}.Build(b, b.Input()))
	}}
	layers := graph.Seq{graph.Dense{Out: 32}, graph.ReLU, graph.Dense{Out: 784}, graph.Sigmoid}
	net, err := graph.New(layers, itself, graph.Shape{1, 28, 28}, graph.Config{Seed: 1, Init: graph.Glorot})
	if err != nil {
		panic(err)
	}
	t := train.Trainer{Net: net, Optimizer: train.Adam{}, Train: d, Validation: d, Epochs: 3, Batch: 20, Eta: .003}
	for e, err := range t.Run(context.Background()) {
		fmt.Println(e.Epoch, e.Best, e.ValLoss < 25, err)
	}
	// Output:
	// 0 true true <nil>
	// 1 true true <nil>
	// 2 true true <nil>
}
