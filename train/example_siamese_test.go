package train_test

import (
	"context"
	"fmt"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/train"
)

// Siamese applies the same layers to two images of n pixels, which stand side by side in one example. It returns the squared differences of the
// two results.
type Siamese struct{ Side graph.Layer }

// Build shares the parameters between the two sides.
func (s Siamese) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	n, side := x.Shape()[1]/2, graph.Shared{Name: "side", Layer: s.Side}
	left, right := side.Build(b, graph.Slice{To: n}.Build(b, x)), side.Build(b, graph.Slice{From: n, To: 2 * n}.Build(b, x))
	return op.Square.Apply(op.Add.Apply(left, op.Scaled(-1).Apply(right)))
}

// A siamese network says whether two digits are the same.
func Example_siamese() {
	digits, err := mnist.Load()
	if err != nil {
		panic(err)
	}
	s, d := train.Images{Pixels: digits.Train.Images, Labels: digits.Train.Labels}, train.Arrays{}
	for i := range int32(1500) {
		for j := i + 1; j < i+13; j++ {
			if same := s.Labels[i] == s.Labels[j]; same || j == i+1 {
				d.N, d.X, d.Y = d.N+1, append(d.X, make([]float32, 2*784)...), append(d.Y, map[bool]float32{true: 1}[same])
				s.Batch(d.X[len(d.X)-2*784:], nil, []int32{i, j})
			}
		}
	}
	layers := graph.Seq{Siamese{graph.Seq{graph.Dense{Out: 60}, graph.Tanh, graph.Dense{Out: 20}}}, graph.Dense{Out: 1}}
	net, err := graph.New(layers, graph.BinaryCrossEntropy, graph.Shape{2 * 784}, graph.Config{Seed: 1})
	if err != nil {
		panic(err)
	}
	t := train.Trainer{Net: net, Optimizer: train.Adam{}, Train: d, Epochs: 3, Batch: 20, Eta: .003}
	for e, err := range t.Run(context.Background()) {
		fmt.Println(e.Epoch, e.TrainLoss < .7, err)
	}
	// Output:
	// 0 true <nil>
	// 1 true <nil>
	// 2 true <nil>
}
