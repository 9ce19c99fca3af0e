package models

import (
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// Networks that are not in the book, as starting points for your own.

// LeNet is LeNet-5 (LeCun, Bottou, Bengio and Haffner 1998) with ReLU, max-pooling and a softmax.
var LeNet = Model{
	Name: "lenet", Doc: "LeNet-5 (LeCun et al. 1998) with ReLU and max-pooling",
	Input: image, Loss: graph.LogLikelihood,
	Net: graph.Seq{
		graph.Conv{Out: 6, Kernel: 5, Pad: 2}, graph.ReLU, graph.MaxPool{Size: 2},
		graph.Conv{Out: 16, Kernel: 5}, graph.ReLU, graph.MaxPool{Size: 2},
		graph.Dense{Out: 120}, graph.ReLU,
		graph.Dense{Out: 84}, graph.ReLU,
		graph.Dense{Out: 10},
	},
	Recipe: Recipe{Epochs: 10, Batch: 64, Eta: .02, Momentum: .9, Init: graph.He},
}

// ResNet is a small residual network (He, Zhang, Ren and Sun 2016) with two blocks of 32 maps and two of 64.
var ResNet = Model{
	Name: "resnet", Doc: "four residual blocks with batch norm (He et al. 2016), 205,000 parameters",
	Input: image, Loss: graph.LogLikelihood,
	Net: graph.Seq{
		graph.Conv{Out: 32, Kernel: 5, NoBias: true}, graph.MaxPool{Size: 2}, graph.BatchNorm{}, graph.ReLU,
		graph.Repeat{Times: 2, Layers: block(32)},
		graph.Conv{Out: 64, Kernel: 3, Stride: 2, Pad: graph.Same, NoBias: true}, graph.BatchNorm{}, graph.ReLU,
		graph.Repeat{Times: 2, Layers: block(64)},
		graph.GlobalAvgPool{}, graph.Dense{Out: 10},
	},
	Recipe: Recipe{Epochs: 10, Batch: 128, Eta: .01, Optimizer: train.Adam{}, Schedule: train.OneCycle{}, Init: graph.He, DropTail: true},
}

// block is the inside of a residual block: two convolutions that keep the shape.
func block(maps int) graph.Seq {
	conv := graph.Conv{Out: maps, Kernel: 3, Pad: graph.Same, NoBias: true}
	return graph.Seq{graph.Residual{conv, graph.BatchNorm{}, graph.ReLU, conv, graph.BatchNorm{}}, graph.ReLU}
}

// Branches applies small and large filters side by side, like the networks of Szegedy and others (2015).
var Branches = Model{
	Name: "branches", Doc: "filters of 3×3 and 7×7 side by side, joined by concat",
	Input: image, Loss: graph.LogLikelihood,
	Net: graph.Seq{
		graph.Concat{
			{graph.Conv{Out: 10, Kernel: 3, Pad: graph.Same}, graph.ReLU},
			{graph.Conv{Out: 10, Kernel: 7, Pad: graph.Same}, graph.ReLU},
		},
		graph.MaxPool{Size: 2},
		graph.Conv{Out: 30, Kernel: 5}, graph.ReLU, graph.MaxPool{Size: 2},
		graph.Dense{Out: 100}, graph.ReLU, graph.Dropout{P: .5},
		graph.Dense{Out: 10},
	},
	Recipe: Recipe{Epochs: 10, Batch: 64, Eta: .02, Momentum: .9, Init: graph.He},
}

// Patches is a small vision transformer (Dosovitskiy et al. 2021): patches of 7×7 pixels as steps, learned positions, and blocks that normalize
// first. The mean of the steps stands in the place of that paper's class token, as in its appendix D.3. Its networks are far larger, and have no
// figure for these images; the recipe is our own.
var Patches = Model{
	Name: "patches", Doc: "a transformer over 16 patches of 7×7 pixels (Dosovitskiy et al. 2021), three blocks of width 64",
	Input: image, Loss: graph.Smoothed(.1),
	Net: graph.Seq{
		graph.Conv{Out: 64, Kernel: 7, Stride: 7}, graph.Steps{}, graph.Positions{},
		graph.Repeat{Times: 3, Layers: graph.Seq{
			graph.Residual{graph.PerStep{graph.LayerNorm{}}, graph.Attention{Heads: 4}},
			graph.Residual{graph.PerStep{graph.LayerNorm{}, graph.Dense{Out: 128}, graph.GELU, graph.Dense{Out: 64}}},
		}},
		graph.PerStep{graph.LayerNorm{}}, graph.GlobalAvgPool{}, graph.Dense{Out: 10},
	},
	Recipe: Recipe{
		Epochs: 16, Batch: 64, Eta: .002, Optimizer: train.Adam{}, Schedule: train.Cosine{Warmup: .1}, Init: graph.Glorot, EMA: .99,
		Augment: longer,
	},
	Published: Figure{Source: "Dosovitskiy et al. 2021"},
}

// LSTMRows reads an image from its first row to its last, and answers behind it. The layer is that of Hochreiter and Schmidhuber (1997); they had no
// such images, and the recipe is our own.
var LSTMRows = Model{
	Name: "lstm-rows", Doc: "an LSTM of 128 (Hochreiter and Schmidhuber 1997) that reads an image row by row",
	Input: image, Loss: graph.LogLikelihood,
	Net:       graph.Seq{graph.Reshape{Shape: graph.Shape{28, 28}}, graph.LSTM{Out: 128}, graph.Last{}, graph.Dense{Out: 10}},
	Recipe:    Recipe{Epochs: 10, Batch: 64, Eta: .004, Optimizer: train.Adam{}, Schedule: train.OneCycle{}, Init: graph.Glorot},
	Published: Figure{Source: "Hochreiter and Schmidhuber 1997"},
}

// DSCNN is the network of Zhang, Suda, Lai and Chandra (2017) for microcontrollers, in the size that the benchmark MLPerf Tiny has (Banbury and
// others 2021). There it tells 12 spoken words apart, for which NXP's github.com/NXP/eiq-model-zoo gives 23,756 parameters: so many it has with 12
// outputs and the 576 biases before batch norms. Figures are published for words alone, and the recipe is our own.
var DSCNN = Model{
	Name: "ds-cnn", Doc: "four depthwise separable convolutions (Zhang et al. 2017, as in MLPerf Tiny), 23,000 parameters",
	Input: image, Loss: graph.LogLikelihood,
	Net: graph.Seq{
		graph.Conv{Out: 64, Kernel: 10, Cols: 4, Stride: 2, NoBias: true}, graph.BatchNorm{}, graph.ReLU, graph.Dropout{P: .2},
		graph.Repeat{Times: 4, Layers: graph.Seq{
			graph.Conv{Out: 64, Kernel: 3, Pad: graph.Same, NoBias: true, Groups: 64}, graph.BatchNorm{}, graph.ReLU,
			graph.Conv{Out: 64, Kernel: 1, NoBias: true}, graph.BatchNorm{}, graph.ReLU,
		}},
		graph.Dropout{P: .4}, graph.GlobalAvgPool{}, graph.Dense{Out: 10},
	},
	Recipe:    Recipe{Epochs: 10, Batch: 128, Eta: .01, Optimizer: train.Adam{}, Schedule: train.OneCycle{}, Init: graph.He, DropTail: true},
	Published: Figure{Source: "Zhang et al. 2017"},
}

var architectures = []Model{LeNet, ResNet, Branches, DSCNN, Patches, LSTMRows}
