package train_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/train"
)

// Transfer: the first layers of one network, frozen, under a new last layer that tells even from odd digits.
func Example_transfer() {
	digits, err := mnist.Load()
	if err != nil {
		panic(err)
	}
	body := graph.Seq{graph.Dense{Out: 60}, graph.ReLU}
	fit := func(l graph.Layer, d train.Images, from *bytes.Buffer) *graph.Net {
		net, err := graph.New(l, graph.LogLikelihood, graph.Shape{784}, graph.Config{Seed: 1, Init: graph.He})
		if err == nil && from != nil {
			err = net.LoadSome(from, func(name string) bool { return strings.HasPrefix(name, "dense1") })
		}
		t := train.Trainer{Net: net, Optimizer: train.SGD{}, Train: d, Epochs: 2, Batch: 10, Eta: .05}
		for e, err2 := range t.Run(context.Background()) {
			fmt.Println(e.Epoch, e.TrainAcc > .8, err, err2)
		}
		return net
	}
	d := train.Images{Pixels: digits.Train.Images[:5000*784], Labels: digits.Train.Labels[:5000]}
	var saved bytes.Buffer
	first := fit(graph.Seq{body, graph.Dense{Out: 10}}, d, nil)
	fmt.Println(first.Save(&saved))
	parity := make([]byte, len(d.Labels))
	for i, l := range d.Labels {
		parity[i] = l % 2
	}
	second := fit(graph.Seq{graph.Frozen{Layer: body}, graph.Dense{Out: 2}}, train.Images{Pixels: d.Pixels, Labels: parity}, &saved)
	fmt.Println(len(second.Params), len(second.Fixed))
	// Output:
	// 0 true <nil> <nil>
	// 1 true <nil> <nil>
	// <nil>
	// 0 true <nil> <nil>
	// 1 true <nil> <nil>
	// 2 2
}
