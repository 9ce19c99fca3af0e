// Digits is an example of your own program. It adds a model and a layer, and every command knows them beside the book's networks.
package main

import (
	"os"

	"github.com/stheno-ml/stheno/cmd/cli"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
)

var mine = models.Model{
	Name: "maxout", Doc: "FC240-maxout-FC10, dropout, Adam",
	Net:    graph.Seq{graph.Dense{Out: 240}, Maxout{Of: 4}, graph.Dropout{P: .2}, graph.Dense{Out: 10}},
	Loss:   graph.LogLikelihood,
	Recipe: models.Recipe{Epochs: 10, Batch: 50, Eta: .005, Optimizer: train.Adam{}, Schedule: train.OneCycle{}, Init: graph.He},
}

func main() { os.Exit(cli.Main(append(models.All, mine), os.Args[1:])) }
