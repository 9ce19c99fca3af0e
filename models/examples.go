package models

import (
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// Networks from other frameworks' examples, with recipes as close as ours can be. Each has a published number of parameters to check against,
// and a training to compare with.

// PyTorchMNIST is PyTorch's example (github.com/pytorch/examples, mnist/main.py) with 1,199,882 parameters. There the images are standardized; here
// they are byte/256. There weights and biases are initialized uniformly; here weights are initialized by He's normal distribution.
var PyTorchMNIST = Model{
	Name: "pytorch-mnist", Doc: "PyTorch's example for MNIST, by AdaDelta: 1,199,882 parameters",
	Input: image, Loss: graph.LogLikelihood,
	Net: graph.Seq{
		graph.Conv{Out: 32, Kernel: 3}, graph.ReLU,
		graph.Conv{Out: 64, Kernel: 3}, graph.ReLU, graph.MaxPool{Size: 2}, graph.Dropout{P: .25},
		graph.Dense{Out: 128}, graph.ReLU, graph.Dropout{P: .5},
		graph.Dense{Out: 10},
	},
	Recipe: Recipe{Epochs: 14, Batch: 64, Eta: 1, Optimizer: train.AdaDelta{}, Schedule: train.Exponential(.7), Init: graph.He, Full: true},
}

// KerasMNIST is Keras's example (keras.io/examples/vision/mnist_convnet), with 34,826 parameters and 99.22 % of the test images right. It trains
// there on 54,000 of the 60,000 images.
var KerasMNIST = Model{
	Name: "keras-mnist", Doc: "Keras's simple convnet for MNIST: 34,826 parameters, 99.22 % of the test images there",
	Input: image, Loss: graph.LogLikelihood,
	Net: graph.Seq{
		graph.Conv{Out: 32, Kernel: 3}, graph.ReLU, graph.MaxPool{Size: 2},
		graph.Conv{Out: 64, Kernel: 3}, graph.ReLU, graph.MaxPool{Size: 2},
		graph.Dropout{P: .5}, graph.Dense{Out: 10},
	},
	Recipe: Recipe{Epochs: 15, Batch: 128, Eta: .001, Optimizer: train.Adam{Eps: 1e-7}, Init: graph.Glorot},
}

// Autoencoder is the first network of Chollet's Building Autoencoders in Keras (blog.keras.io, 2016), with 50,992 parameters. It describes an image
// by 32 numbers.
var Autoencoder = Model{
	Name: "autoencoder", Doc: "784-32-784 that gives back its input, through 32 numbers (Chollet 2016); its loss is the score",
	Input: image, Loss: graph.Reconstruction,
	Net:    graph.Seq{graph.Dense{Out: 32}, graph.ReLU, graph.Dense{Out: 784}},
	Recipe: Recipe{Epochs: 50, Batch: 256, Eta: .001, Optimizer: train.Adam{Eps: 1e-7}, Init: graph.Glorot},
}

var examples = []Model{PyTorchMNIST, KerasMNIST, Autoencoder}
