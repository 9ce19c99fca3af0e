package graph_test

import (
	"testing"

	"github.com/stheno-ml/stheno/graph"
)

// scaled is a user's own layer, with a field that has no text.
type scaled struct {
	By int
	op string
}

func (s scaled) Kind() string                                    { return s.op }
func (scaled) Build(_ *graph.Builder, x *graph.Node) *graph.Node { return x }

// TestSeqString: in summaries, a layer appears as its text without initializations, or as its type.
func TestSeqString(t *testing.T) {
	net := graph.Seq{graph.Residual{graph.Dense{Out: 3, Init: graph.Normal(.1)}}, graph.Func(nil), scaled{By: 2, op: "mine"}}
	if got := net.String(); got != "residual(dense(3)) Func mine(by=2)" {
		t.Error(got)
	}
}
