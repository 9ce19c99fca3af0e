package graph_test

import (
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
)

// A network computes only with the kernel that it was made with. Another one would silently round differently.
func TestKernelOfNetwork(t *testing.T) {
	first, last := graph.Kernel(), graph.Kernels()[len(graph.Kernels())-1]
	if first == last {
		t.Skip("this machine has one kernel")
	}
	defer use(t, first)
	for _, c := range []graph.Config{{}, {Float64: true}, {Tape: true}} {
		use(t, first)
		n, err := graph.New(graph.Dense{Out: 2}, graph.Quadratic, graph.Shape{3}, c)
		if err != nil {
			t.Fatal(err)
		}
		p, x, y := n.Predictor(1), []float32{1, 2, 3}, []float32{0, 1}
		use(t, last)
		_, step := n.Step(x, y)
		_, evaluate := n.Evaluate(x, y)
		for _, err := range []error{step, evaluate, n.Predict(y, x), p.Predict(y, x)} {
			want := "graph: the network was made with kernel " + first + ", and " + last + " is in use now"
			if c.Float64 != (err == nil) || err != nil && !strings.HasPrefix(err.Error(), want) {
				t.Errorf("%+v: %v", c, err)
			}
		}
		use(t, first)
		if _, err := n.Step(x, y); err != nil || n.Kernel() != first {
			t.Errorf("%+v: %s, %v", c, n.Kernel(), err)
		}
	}
}
