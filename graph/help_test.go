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

// use makes a kernel the one of the networks that are made next.
func use(t *testing.T, kernel string) {
	t.Helper()
	if err := graph.UseKernel(kernel); err != nil {
		t.Fatal(err)
	}
}
