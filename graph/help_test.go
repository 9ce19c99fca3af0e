package graph_test

import (
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/graph/graphtest"
)

type (
	shape  = graph.Shape
	tensor = graphtest.Tensor
	nodes  = graph.Nodes
	node   = graph.Node
)

// use sets the kernel for networks made from now on.
func use(t *testing.T, kernel string) {
	t.Helper()
	if err := graph.UseKernel(kernel); err != nil {
		t.Fatal(err)
	}
}

// hot returns the one-hot rows of labels for a network.
func hot(n *graph.Net, labels []byte) []float32 {
	y := make([]float32, len(labels)*n.Outputs)
	for i, l := range labels {
		y[i*n.Outputs+int(l)] = 1
	}
	return y
}

// batch is a Source made of slices.
type batch struct {
	m    int
	x, y []float32
}

func (b batch) Len() int            { return b.m }
func (b batch) Load(x, y []float32) { copy(x, b.x); copy(y, b.y) }

func source(n *graph.Net, x []float32, labels []byte) graph.Source {
	return batch{len(labels), x, hot(n, labels)}
}
