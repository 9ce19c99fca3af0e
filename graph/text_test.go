package graph_test

import (
	"testing"

	"github.com/stheno-ml/stheno/graph"
)

// scaled is a layer of a user's own, with something that no text has.
type scaled struct {
	By int
	op string
}

func (s scaled) Kind() string                                    { return s.op }
func (scaled) Build(_ *graph.Builder, x *graph.Node) *graph.Node { return x }

// TestSeqString: in summaries, a layer is its text without initializations, or its type.
func TestSeqString(t *testing.T) {
	net := graph.Seq{graph.Residual{graph.Dense{Out: 3, Init: graph.Normal(.1)}}, graph.Func(nil), scaled{By: 2, op: "mine"}}
	if got := net.String(); got != "residual(dense(3)) Func mine(by=2)" {
		t.Error(got)
	}
}
