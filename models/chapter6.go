package models

import (
	"math"

	"github.com/stheno-ml/stheno/graph"
)

// Deep is chapter 6's best network: two convolution-pooling layers and two fully connected layers of 1,000 with ReLU, trained on 250,000
// images, with dropout of one half before each fully connected layer and before the softmax. The dropout is network3's, which does not scale up
// what it keeps in training. So the same η moves these layers a quarter as far as with the usual form of dropout.
var Deep = Model{
	Name: "deep", Doc: "C20P-C40P-FC1000-FC1000-softmax, ReLU, dropout ½ three times, 250,000 images (chapter 6)",
	Input: image, Loss: graph.LogLikelihood,
	Net: append(convPools(graph.ReLU, 20, 40),
		dropHalf, graph.Dense{Out: 1000}, graph.ReLU,
		dropHalf, graph.Dense{Out: 1000}, graph.ReLU,
		dropHalf, softmaxLayer),
	Recipe:    network3(Recipe{Epochs: 40, Eta: .03, Augment: Shifts{}}),
	Published: Figure{Set: "test", Accuracy: .9960, Source: "ch. 6, dropout; five of them vote for 99.67", Vote: .9967},
}

// network3's λ is m = 10 times as strong as network2's. Recipe follows network2: 1 here is 0.1 there.
var (
	sigmoidRecipe = Recipe{Epochs: 60, Eta: .1}
	reluRecipe    = Recipe{Epochs: 60, Eta: .03, Lambda: 1}
	shiftsRecipe  = Recipe{Epochs: 60, Eta: .03, Lambda: 1, Augment: Shifts{}}
)

var chapter6 = []Model{
	convNet("ch6-fc100", "FC100-softmax, sigmoid", graph.Sigmoid, nil, []int{100}, sigmoidRecipe, .9780),
	convNet("ch6-conv1", "C20P-FC100-softmax, sigmoid", graph.Sigmoid, []int{20}, []int{100}, sigmoidRecipe, .9878),
	convNet("ch6-conv2", "C20P-C40P-FC100-softmax, sigmoid", graph.Sigmoid, []int{20, 40}, []int{100}, sigmoidRecipe, .9906),
	convNet("ch6-conv2-relu", "C20P-C40P-FC100-softmax, ReLU, L2", graph.ReLU, []int{20, 40}, []int{100}, reluRecipe, .9923),
	convNet("ch6-conv2-relu-250k", "C20P-C40P-FC100-softmax, ReLU, L2, 250,000 images", graph.ReLU, []int{20, 40}, []int{100}, shiftsRecipe, .9937),
	convNet("ch6-fc300", "C20P-C40P-FC300-softmax, ReLU, L2, 250,000 images", graph.ReLU, []int{20, 40}, []int{300}, shiftsRecipe, .9946),
	convNet("ch6-fc1000", "C20P-C40P-FC1000-softmax, ReLU, L2, 250,000 images", graph.ReLU, []int{20, 40}, []int{1000}, shiftsRecipe, .9943),
	convNet("ch6-2fc100", "C20P-C40P-2×FC100-softmax, ReLU, L2, 250,000 images", graph.ReLU, []int{20, 40}, []int{100, 100}, shiftsRecipe, .9943),
	convNet("ch6-2fc300", "C20P-C40P-2×FC300-softmax, ReLU, L2, 250,000 images", graph.ReLU, []int{20, 40}, []int{300, 300}, shiftsRecipe, .9948),
	convNet("ch6-2fc1000", "C20P-C40P-2×FC1000-softmax, ReLU, L2, 250,000 images", graph.ReLU, []int{20, 40}, []int{1000, 1000}, shiftsRecipe, .9947),
}

// dropHalf is network3's dropout, which scales in evaluation instead of in training.
var dropHalf = graph.Dropout{P: .5, Unscaled: true}

// softmaxLayer is network3's softmax layer, whose weights and biases start at 0.
var softmaxLayer = graph.Dense{Out: 10, Init: graph.Zero}

// convNet is network3.py's network: convolution-pooling layers, fully connected layers and a softmax.
func convNet(name, doc string, act graph.Layer, maps, dense []int, r Recipe, accuracy float64) Model {
	net := convPools(act, maps...)
	for _, n := range dense {
		net = append(net, graph.Dense{Out: n}, act)
	}
	return Model{
		Name: name, Doc: doc + " (chapter 6)", Input: image, Net: append(net, softmaxLayer), Loss: graph.LogLikelihood,
		Recipe: network3(r), Published: Figure{Set: "test", Accuracy: accuracy, Source: "ch. 6"},
	}
}

// network3 adds to r what network3's programs have in common.
func network3(r Recipe) Recipe {
	r.Batch, r.Init, r.DropTail = 10, graph.Output, true
	return r
}

// convPools are network3's convolution-pooling layers: 5×5 filters, 2×2 pools, then the activation. The weights' standard deviation is
// 1/√n_out, with n_out = maps·5·5/4: network3 divides by the area of the pool.
func convPools(act graph.Layer, maps ...int) graph.Seq {
	var net graph.Seq
	for _, n := range maps {
		init := graph.Normal(1 / math.Sqrt(float64(n*5*5)/4))
		net = append(net, graph.Conv{Out: n, Kernel: 5, Init: init}, graph.MaxPool{Size: 2}, act)
	}
	return net
}
