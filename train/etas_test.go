package train_test

import (
	"math"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// TestEtas compares, parameter by parameter, a training with learning rates of layers to the same training without. In the first step, gradient
// descent moves each parameter by its own rate, which the schedule multiplies, too.
func TestEtas(t *testing.T) {
	const n = 12
	layers := graph.Seq{
		graph.Dense{Out: 3}, graph.Shared{Name: "trunk", Layer: graph.Seq{graph.Dense{Out: 3}, graph.Dense{Out: 3}}}, graph.Dense{Out: 2},
	}
	moved := func(etas train.Etas) map[string]float64 {
		net := network(t, layers, graph.Quadratic, graph.Config{Float64: true, Seed: 2, Init: graph.Glorot}, n)
		before := map[string]float64{}
		for _, p := range net.Params {
			before[p.Name] = p.Float64s()[0]
		}
		run(t, &train.Trainer{
			Net: net, Train: pixels(n, 0), Validation: pixels(n, 0), Epochs: 1, Batch: n, Eta: .5, Etas: etas, Optimizer: train.SGD{},
			Schedule: train.Warmup{Steps: 1},
		})
		for _, p := range net.Params {
			before[p.Name] = p.Float64s()[0] - before[p.Name]
		}
		return before
	}
	all := moved(nil)
	got := moved(train.Etas{"dense1": .1, "trunk": 2, "trunk.dense2": 3, "dense2.b": 4})
	for name, eta := range map[string]float64{
		"dense1.w": .1, "dense1.b": .1, "trunk.dense1.w": 2, "trunk.dense1.b": 2, "trunk.dense2.w": 3, "trunk.dense2.b": 3, "dense2.w": .5, "dense2.b": 4,
	} {
		if want := all[name] * eta / .5; want == 0 || math.Abs(got[name]-want) > 1e-12 {
			t.Errorf("%s moved by %v, want %v", name, got[name], want)
		}
	}
}
