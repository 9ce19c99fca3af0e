package models

import (
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// Networks of other frameworks' examples, with their recipes, as far as ours can say them: a published number of parameters to check, and
// a training to compare. The images are byte/256 here, and in none of the sources; weights begin with a normal distribution here, there with
// a uniform one.

// PyTorchMNIST is the example of PyTorch (github.com/pytorch/examples, mnist/main.py): 1,199,882 parameters. Pull request 658, which brought this
// network in, shows test accuracies about 99.2 %. There the images are standardized, and biases do not begin with 0. Both train on all 60,000
// images.
var PyTorchMNIST = Model{
	Name: "pytorch-mnist", Doc: "PyTorch's example for MNIST, by AdaDelta: 1,199,882 parameters, about 99.2 % there",
	Input: image, Loss: graph.LogLikelihood,
	Net: graph.Seq{
		graph.Conv{Out: 32, Kernel: 3}, graph.ReLU,
		graph.Conv{Out: 64, Kernel: 3}, graph.ReLU, graph.MaxPool{Size: 2}, graph.Dropout{P: .25},
		graph.Dense{Out: 128}, graph.ReLU, graph.Dropout{P: .5},
		graph.Dense{Out: 10},
	},
	Recipe:    Recipe{Epochs: 14, Batch: 64, Eta: 1, Optimizer: train.AdaDelta{}, Schedule: train.Exponential(.7), Init: graph.He, Full: true},
	Published: Figure{Set: "test", Accuracy: .992, Source: "github.com/pytorch/examples, pull request 658"},
}

// KerasMNIST is the example of Keras (keras.io/examples/vision/mnist_convnet): 34,826 parameters, and 99.22 % of the test images. There it trains
// on 54,000 images, byte/255, and is tested with the weights of the last epoch; here on 50,000, with those of the best validation accuracy.
var KerasMNIST = Model{
	Name: "keras-mnist", Doc: "Keras's simple convnet for MNIST: 34,826 parameters, 99.22 % of the test images there",
	Input: image, Loss: graph.LogLikelihood,
	Net: graph.Seq{
		graph.Conv{Out: 32, Kernel: 3}, graph.ReLU, graph.MaxPool{Size: 2},
		graph.Conv{Out: 64, Kernel: 3}, graph.ReLU, graph.MaxPool{Size: 2},
		graph.Dropout{P: .5}, graph.Dense{Out: 10},
	},
	Recipe:    Recipe{Epochs: 15, Batch: 128, Eta: .001, Optimizer: train.Adam{Eps: 1e-7}, Init: graph.Glorot},
	Published: Figure{Set: "test", Accuracy: .9922, Source: "keras.io/examples/vision/mnist_convnet"},
}

// Autoencoder is the first of Chollet's Building Autoencoders in Keras (blog.keras.io, 2016): 50,992 parameters; 32 numbers say what an image is. He
// gives 0.09 for the binary cross-entropy of the test images, rounded. There it trains on 60,000 images, byte/255, here on 50,000.
var Autoencoder = Model{
	Name: "autoencoder", Doc: "784-32-784, which gives back its input through 32 numbers (Chollet 2016): a loss of 0.09 there",
	Input: image, Loss: graph.Reconstruction,
	Net:       graph.Seq{graph.Dense{Out: 32}, graph.ReLU, graph.Dense{Out: 784}},
	Recipe:    Recipe{Epochs: 50, Batch: 256, Eta: .001, Optimizer: train.Adam{Eps: 1e-7}, Init: graph.Glorot},
	Published: Figure{Set: "test", Loss: .09, Source: "blog.keras.io/building-autoencoders-in-keras"},
}

var examples = []Model{PyTorchMNIST, KerasMNIST, Autoencoder}
