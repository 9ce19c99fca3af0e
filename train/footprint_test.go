package train_test

import (
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// TestFootprint: what is kept in addition to the weights, and whether gradients are.
func TestFootprint(t *testing.T) {
	const weights = 4 * (3*2 + 2)
	for _, c := range []struct {
		trainer   train.Trainer
		gradients int
		copies    int
	}{
		{train.Trainer{}, 0, 0},
		{train.Trainer{Clip: 1}, weights, 0},
		{train.Trainer{Optimizer: train.SGD{Momentum: .5}}, weights, 1},
		{train.Trainer{Optimizer: train.Adam{}}, weights, 2},
		{train.Trainer{Optimizer: train.Adam{}, EMA: .9}, weights, 3},
		{train.Trainer{EMA: .9}, 0, 1},
	} {
		n, err := graph.New(graph.Dense{Out: 2}, graph.Quadratic, graph.Shape{3}, graph.Config{})
		if err != nil {
			t.Fatal(err)
		}
		trainer := &c.trainer
		trainer.Net, trainer.Batch = n, 5
		if trainer.Optimizer == nil {
			trainer.Optimizer = train.SGD{}
		}
		step, kept, err := trainer.Footprint()
		if err != nil || step.Weights != weights || step.Gradients != c.gradients || kept != c.copies*weights || step.Inputs != 4*5*(3+2) {
			t.Errorf("%+v: %+v, %d, %v; want gradients %d, %d copies of %d", trainer, step, kept, err, c.gradients, c.copies, weights)
		}
	}
}
