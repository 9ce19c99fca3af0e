package cli_test

import (
	"github.com/stheno-ml/stheno/cmd/cli"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

var mine = models.Model{
	Name: "mine", Doc: "a small convolutional net", Input: graph.Shape{1, 28, 28},
	Net: graph.Seq{
		graph.Conv{Out: 8, Kernel: 5, Stride: 2}, graph.ReLU,
		graph.Dense{Out: 60}, graph.ReLU,
		graph.Dense{Out: 10},
	},
	Loss:   graph.LogLikelihood,
	Recipe: models.Recipe{Epochs: 10, Batch: 10, Eta: 0.05, Init: graph.Default},
}

// The whole program: every command, with a network of one's own beside the book's. It is called with os.Args[1:], and its result goes to
// os.Exit.
func ExampleMain() {
	cli.Main(append(models.All, mine), []string{"summary", "mine"})
	// Output:
	// mine: a small convolutional net
	//
	//    layer                output  parameters  multiply-adds
	//    input               1×28×28
	// 0  conv(8,5,stride=2)  8×12×12         208         28,800
	// 1  relu                8×12×12           0              0
	// 2  dense(60)                60      69,180         69,120
	// 3  relu                     60           0              0
	// 4  dense(10)                10         610            600
	//    total                            69,998         98,520
	//
	// cost    log-likelihood
	// recipe  epochs 10, batch 10, eta 0.05, init default
	// memory  497 kB to train on mini-batches of 10: weights 280 kB, inputs 31.8 kB, activations 185 kB, scratch 832 B
}
