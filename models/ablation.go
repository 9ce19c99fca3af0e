package models

import (
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// An Ablation is one of our recipes with one of its choices undone. It trains on 50,000 images, so that the validation images can show
// what the choice is worth.
type Ablation struct {
	Model
	Of   string // the recipe's name
	What string // what is undone
}

// Ablations lists, for each recipe, the recipe itself with nothing undone, then its ablations.
var Ablations = []Ablation{
	whole(Sprint995),
	undone(Sprint995, "no-warps", "warps: the images as they are", func(m *Model) { m.Recipe.Augment = nil }),
	undone(Sprint995, "wild-warps", "mildness: warps twice as strong", func(m *Model) {
		m.Recipe.Augment = train.Warp{Rotate: 14, Zoom: .14, Shift: 2, Shear: 8, Elastic: 1}
	}),
	undone(Sprint995, "no-smoothing", "smooth labels", func(m *Model) { m.Loss = graph.LogLikelihood }),
	undone(Sprint995, "no-average", "the average of the weights", func(m *Model) { m.Recipe.EMA = 0 }),
	undone(Sprint995, "no-norm", "batch norm: biases instead, and a third of η", func(m *Model) {
		m.Net, m.Recipe.Eta = biased(12, 24, 128), m.Recipe.Eta/3
	}),
	undone(Sprint995, "no-cycle", "one cycle: η is a fifth of its peak throughout", func(m *Model) {
		m.Recipe.Schedule, m.Recipe.Eta = nil, m.Recipe.Eta/5
	}),
	undone(Sprint995, "no-adam", "Adam: Nesterov's momentum, 0.9, and five times η", func(m *Model) {
		m.Recipe.Optimizer, m.Recipe.Eta = train.Nesterov{Momentum: .9}, 5*m.Recipe.Eta
	}),
	undone(Sprint995, "half", "width: half as many maps and neurons", func(m *Model) { m.Net = strided(6, 12, 64) }),
	whole(CNN5x5),
	cycled(CNN5x5),
	whole(MLPElastic),
	cycled(MLPElastic),
}

// undone makes an ablation: undo changes a copy of the recipe.
func undone(of Model, name, what string, undo func(*Model)) Ablation {
	m := of
	m.Name, m.Doc, m.Recipe.Full = of.Name+"-"+name, of.Name+" on 50,000 images without "+what, false
	undo(&m)
	return Ablation{m, of.Name, what}
}

// whole is the recipe with nothing undone, as the base of comparison.
func whole(of Model) Ablation { return undone(of, "whole", "nothing", func(*Model) {}) }

// cycled replaces the choices of steady by one cycle and a shorter average.
func cycled(of Model) Ablation {
	return undone(of, "cycle", "the constant η and the long average: one cycle to twice η, an average of 500 steps", func(m *Model) {
		m.Recipe.Schedule, m.Recipe.Eta, m.Recipe.EMA = train.OneCycle{}, 2*m.Recipe.Eta, .998
	})
}

// biased is strided with biases instead of batch norm.
func biased(first, second, hidden int) graph.Seq {
	return graph.Seq{
		graph.Conv{Out: first, Kernel: 7, Stride: 2}, graph.ReLU,
		graph.Conv{Out: second, Kernel: 4}, graph.MaxPool{Size: 2}, graph.ReLU,
		graph.Dense{Out: hidden}, graph.ReLU,
		graph.Dense{Out: 10},
	}
}
