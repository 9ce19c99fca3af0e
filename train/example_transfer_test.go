package train_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/train"
)

// Transfer learning: new layers on top of another network's first layer, which is frozen.
func Example_transfer() {
	digits, err := mnist.Load()
	body, in, c := graph.Dense{Out: 60}, graph.Shape{784}, graph.Config{Seed: 1, Init: graph.He}
	first, err2 := graph.New(graph.Seq{body, graph.ReLU, graph.Dense{Out: 10}}, graph.LogLikelihood, in, c)
	second, err3 := graph.New(graph.Seq{graph.Frozen{Layer: body}, graph.Tanh, graph.Dense{Out: 10}}, graph.LogLikelihood, in, c)
	if err := errors.Join(err, err2, err3); err != nil {
		panic(err)
	}
	fit := func(net *graph.Net) {
		d := train.Images{Pixels: digits.Train.Images[:5000*784], Labels: digits.Train.Labels[:5000]}
		t := train.Trainer{Net: net, Optimizer: train.SGD{}, Train: d, Epochs: 2, Batch: 10, Eta: .05}
		for e, err := range t.Run(context.Background()) {
			fmt.Println(e.Epoch, e.TrainAcc > .8, err)
		}
	}
	fit(first)
	var saved bytes.Buffer
	fmt.Println(first.Save(&saved), second.LoadSome(&saved, func(name string) bool { return strings.HasPrefix(name, "dense1") }))
	fit(second)
	// Output:
	// 0 true <nil>
	// 1 true <nil>
	// <nil> <nil>
	// 0 true <nil>
	// 1 true <nil>
}
