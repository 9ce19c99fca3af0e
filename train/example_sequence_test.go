package train_test

import (
	"context"
	"fmt"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// Recurrent goes through a sequence (m, Steps·n) and gives an output of each step, (m, Steps·Out).
type Recurrent struct{ Steps, Hidden, Out int }

// Build applies one cell, whose weights are the same in each step, to the step's numbers and what the cell before gave.
func (r Recurrent) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	n := x.Shape()[1] / r.Steps // numbers of a step
	state, outs := b.Zeros(x.Shape()[0], r.Hidden), []*graph.Node{}
	for t := range r.Steps {
		in := graph.Concat{}.Join(b, graph.Slice{From: t * n, To: (t + 1) * n}.Build(b, x), state)
		state = graph.Shared{Name: "cell", Layer: graph.Seq{graph.Dense{Out: r.Hidden}, graph.Tanh}}.Build(b, in)
		outs = append(outs, graph.Shared{Name: "out", Layer: graph.Dense{Out: r.Out}}.Build(b, state))
	}
	return graph.Concat{}.Join(b, outs...)
}

// A recurrent network learns to say at each step whether the ones so far are odd in number.
func Example_sequence() {
	d, steps := train.Arrays{N: 64}, 6
	for i := range d.N {
		for t, odd := 0, 0; t < steps; t++ {
			odd ^= i >> t & 1
			d.X, d.Y = append(d.X, float32(i>>t&1)), append(d.Y, float32(1-odd), float32(odd))
		}
	}
	net, err := graph.New(Recurrent{steps, 16, 2}, graph.EachStep(steps, graph.LogLikelihood), graph.Shape{steps}, graph.Config{Seed: 1})
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
