package train_test

import (
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
)

// TestFootprint: what is kept beside the weights, and whether gradients are.
func TestFootprint(t *testing.T) {
	const weights = 4 * (3*2 + 2)
	for _, c := range []struct {
		recipe    models.Recipe
		gradients int
		copies    int
	}{
		{models.Recipe{}, 0, 0},
		{models.Recipe{Clip: 1}, weights, 0},
		{models.Recipe{Momentum: .5}, weights, 1},
		{models.Recipe{Optimizer: "adam"}, weights, 2},
		{models.Recipe{Optimizer: "adam", EMA: .9}, weights, 3},
		{models.Recipe{EMA: .9}, 0, 1},
	} {
		n, err := graph.New(graph.Dense{Out: 2}, graph.Quadratic, graph.Shape{3}, graph.Config{})
		if err != nil {
			t.Fatal(err)
		}
		c.recipe.Batch = 5
		trainer, err := train.New(n, c.recipe)
		if err != nil {
			t.Fatal(err)
		}
		step, kept, err := trainer.Footprint()
		if err != nil || step.Weights != weights || step.Gradients != c.gradients || kept != c.copies*weights || step.Inputs != 4*5*(3+2) {
			t.Errorf("%+v: %+v, %d, %v; want gradients %d, %d copies of %d", c.recipe, step, kept, err, c.gradients, c.copies, weights)
		}
	}
}
