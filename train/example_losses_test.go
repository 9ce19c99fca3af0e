package train_test

import (
	"context"
	"fmt"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/train"
)

// Two losses in one network: for each point, two outputs say on which side of the diagonal it lies, and two repeat its coordinates.
func Example_twoLosses() {
	both := &graph.Loss{Name: "side and place", Cost: func(b *graph.Builder, y, target *graph.Node) *graph.Node {
		part := func(l *graph.Loss, from, to int) *graph.Node {
			s := graph.Slice{From: from, To: to}
			return l.Cost(b, s.Build(b, y), s.Build(b, target))
		}
		return op.Add.Apply(part(graph.LogLikelihood, 0, 2), op.Scaled(10).Apply(part(graph.MSE, 2, 4)))
	}}
	d := train.Arrays{N: 400}
	for i := range d.N {
		x, y := float32(i%20)/20, float32(i/20)/20
		side := map[bool]float32{true: 1}[x > y]
		d.X, d.Y = append(d.X, x, y), append(d.Y, side, 1-side, x, y)
	}
	layers := graph.Seq{graph.Dense{Out: 20}, graph.Tanh, graph.Dense{Out: 4}}
	net, err := graph.New(layers, both, graph.Shape{2}, graph.Config{Seed: 1})
	if err != nil {
		panic(err)
	}
	t := train.Trainer{Net: net, Optimizer: train.Adam{}, Train: d, Validation: d, Epochs: 100, Batch: 20, Eta: .01}
	for e, err := range t.Run(context.Background()) {
		if err != nil || e.Last {
			fmt.Println(e.ValLoss < .2, err)
		}
	}
	// Output: true <nil>
}
