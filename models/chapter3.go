package models

import (
	"fmt"

	"github.com/stheno-ml/stheno/graph"
)

// Softmax is chapter 3's regularized network with a softmax output: 784-100-10, log-likelihood. The book gives no figure for it, but it gives one
// for the same network with cross-entropy and sigmoid outputs, ch3-best.
var Softmax = Model{
	Name: "softmax", Doc: "784-100-10, sigmoid hidden layer, softmax, log-likelihood, L2 (chapter 3)",
	Input: image, Net: sigmoids(100), Loss: graph.LogLikelihood,
	Recipe: Recipe{Epochs: 60, Batch: 10, Eta: .1, Lambda: 5, Init: graph.Default},
}

var chapter3 = []Model{
	crossEntropy("ch3-ce-30", "no regularization", 30, Recipe{Eta: .5, Init: graph.Large}, Figure{Set: "test", Accuracy: .9549, Source: "ch. 3, cross-entropy"}),
	crossEntropy("ch3-ce-100", "no regularization", 100, Recipe{Eta: .5, Init: graph.Large}, Figure{Set: "test", Accuracy: .9682, Source: "ch. 3, cross-entropy"}),
	crossEntropy("ch3-overfit", "1,000 images: overfits", 30, Recipe{Epochs: 400, Eta: .5, TrainSize: 1000, Init: graph.Large},
		Figure{Set: "test", Accuracy: .8227, Source: "ch. 3, overfitting", Last: true}),
	crossEntropy("ch3-overfit-l2", "1,000 images, L2", 30, Recipe{Epochs: 400, Eta: .5, Lambda: .1, TrainSize: 1000, Init: graph.Large},
		Figure{Set: "test", Accuracy: .871, Source: "ch. 3, regularization", Last: true}),
	crossEntropy("ch3-l2-30", "L2", 30, Recipe{Eta: .5, Lambda: 5, Init: graph.Large}, Figure{Set: "test", Accuracy: .9649, Source: "ch. 3, regularization"}),
	crossEntropy("ch3-l2-100", "L2", 100, Recipe{Eta: .5, Lambda: 5, Init: graph.Large}, Figure{Set: "validation", Accuracy: .9792, Source: "ch. 3, regularization"}),
	crossEntropy("ch3-best", "L2, 60 epochs", 100, Recipe{Epochs: 60, Eta: .1, Lambda: 5, Init: graph.Default},
		Figure{Set: "validation", Accuracy: .9804, Source: "ch. 3, regularization"}),
	crossEntropy("ch3-default-30", "default initialization", 30, Recipe{Eta: .1, Lambda: 5, Init: graph.Default},
		Figure{Set: "validation", Accuracy: .9650, Source: "ch. 3, weight initialization", First: .927, Last: true}),
	crossEntropy("ch3-large-30", "large initialization", 30, Recipe{Eta: .1, Lambda: 5, Init: graph.Large},
		Figure{Set: "validation", Accuracy: .9637, Source: "ch. 3, weight initialization", First: .8643, Last: true}),
	crossEntropy("ch3-default-100", "default initialization", 100, Recipe{Eta: .1, Lambda: 5, Init: graph.Default},
		Figure{Set: "validation", Accuracy: .9781, Source: "ch. 3, weight initialization", First: .9295, Last: true}),
	crossEntropy("ch3-large-100", "large initialization", 100, Recipe{Eta: .1, Lambda: 5, Init: graph.Large},
		Figure{Set: "validation", Accuracy: .9742, Source: "ch. 3, weight initialization", First: .8994, Last: true}),
}

// crossEntropy is network2.py's network with one hidden layer. It trains for 30 epochs with mini-batches of 10 unless r says otherwise.
func crossEntropy(name, what string, hidden int, r Recipe, published Figure) Model {
	return network2(name, fmt.Sprintf("784-%d-10, cross-entropy cost: %s (chapter 3)", hidden, what), sigmoids(hidden), r, published)
}

func network2(name, doc string, net graph.Layer, r Recipe, published Figure) Model {
	r.Batch = 10
	if r.Epochs == 0 {
		r.Epochs = 30
	}
	return Model{Name: name, Doc: doc, Input: image, Net: net, Loss: graph.CrossEntropy, Recipe: r, Published: published}
}
