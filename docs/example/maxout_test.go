package main

import (
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/graph/graphtest"
)

func TestMaxout(t *testing.T) {
	x := graphtest.Spread(graph.Shape{3, 8}, 1)
	dy := graphtest.Random(graph.Shape{3, 2}, 2)
	if err := graphtest.Op(maxout(4), x); err != nil {
		t.Error(err)
	}
	if err := graphtest.Op(dMaxout(4), x, dy); err != nil {
		t.Error(err)
	}
}
