package models

import "github.com/stheno-ml/stheno/graph"

// MLP is chapter 1's network: 784-30-10, sigmoid everywhere, quadratic cost.
var MLP = quadratic("mlp", "784-30-10, sigmoid, quadratic cost (chapter 1)", 30, 3,
	Figure{Set: "test", Accuracy: .9542, Source: "ch. 1: 9542 at epoch 28", First: .9129})

var chapter1 = []Model{
	quadratic("ch1-100", "784-100-10 (chapter 1)", 100, 3, Figure{Set: "test", Accuracy: .9659, Source: "ch. 1"}),
	quadratic("ch1-100-slow", "784-100-10 at η = 0.001: learns too slowly (chapter 1)", 100, .001,
		Figure{Set: "test", Accuracy: .2142, Source: "ch. 1: 1139 to 2142", First: .1139, Last: true}),
	quadratic("ch1-30-wild", "784-30-10 at η = 100: does not learn (chapter 1)", 30, 100,
		Figure{Set: "test", Accuracy: .0982, Source: "ch. 1: 1009 to 982", First: .1009, Last: true}),
}

// quadratic is network.py's network with one hidden layer.
func quadratic(name, doc string, hidden int, eta float64, published Figure) Model {
	return Model{
		Name: name, Doc: doc, Input: image, Net: append(sigmoids(hidden), graph.Sigmoid), Loss: graph.Quadratic,
		Recipe:    Recipe{Epochs: 30, Batch: 10, Eta: eta, Init: graph.Large},
		Published: published,
	}
}
