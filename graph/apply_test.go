package graph_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/graph/graphtest"
	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/graph/vm"
)

// TestApply mixes layers with Gorgonia's operations. Derivatives of two orders, including those with respect to the input, agree with
// differences, and Gorgonia's gradients on the TapeMachine agree with ours.
func TestApply(t *testing.T) {
	var names []string
	mixed := func(x nodes) (*node, nodes, error) {
		y, first, err := graph.Apply(graph.Config{Seed: 1}, graph.Seq{graph.Dense{Out: 3}, graph.Tanh}, x[0])
		if err != nil {
			return nil, nil, err
		}
		y = gorgonia.Must(gorgonia.Mul(gorgonia.Must(gorgonia.Square(y)), x[1]))
		y, second, err := graph.Apply(graph.Config{Seed: 1}, graph.Dense{Out: 1}, y)
		if err != nil {
			return nil, nil, err
		}
		names = nil
		for _, p := range append(first, second...) {
			names = append(names, p.Name())
		}
		return gorgonia.Must(gorgonia.Mean(gorgonia.Must(gorgonia.Square(y)))), append(first, second...), nil
	}
	x := []tensor{graphtest.Random(shape{4, 2}, 1), graphtest.Random(shape{3, 3}, 2)}
	if err := derivatives(2, x, func(x nodes) (*node, error) {
		cost, _, err := mixed(x)
		return cost, err
	}); err != nil {
		t.Error(err)
	}
	if got, want := fmt.Sprint(names), "[dense1.w dense1.b dense2.w dense2.b]"; got != want {
		t.Errorf("parameters %s, want %s", got, want)
	}

	g := gorgonia.NewGraph()
	cost, params, err := mixed(nodes{variable(g, "x", x[0]), variable(g, "w", x[1])})
	if err != nil {
		t.Fatal(err)
	}
	ours, err := graph.Grad(cost, params...)
	if err != nil {
		t.Fatal(err)
	}
	program, err := vm.Compile(ours, nil, vm.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := program.RunAll(); err != nil {
		t.Fatal(err)
	}
	if _, err := gorgonia.Grad(cost, params...); err != nil {
		t.Fatal(err)
	}
	theirs := make([]gorgonia.Value, len(params))
	for i, p := range params {
		gorgonia.Read(p.Deriv(), &theirs[i])
	}
	tape := gorgonia.NewTapeMachine(cost.Graph())
	defer tape.Close()
	if err := tape.RunAll(); err != nil {
		t.Fatal(err)
	}
	for i, v := range theirs {
		got := program.Data(ours[i]).([]float64)
		for j, want := range v.Data().([]float64) {
			if math.Abs(got[j]-want) > 1e-12 {
				t.Errorf("gradient %d of parameter %s is %v, Gorgonia's %v", j, params[i].Name(), got[j], want)
			}
		}
	}
}

func TestApplyJoins(t *testing.T) {
	g := gorgonia.NewGraph()
	y, params, err := graph.Apply(graph.Config{}, graph.Concat{}, variable(g, "a", matrixOf(2, 3)), variable(g, "b", matrixOf(2, 4)))
	if err != nil || len(params) != 0 || !y.Shape().Eq(shape{2, 7}) {
		t.Errorf("%v %v %v, want (2,7) without parameters", y, params, err)
	}
}

func matrixOf(rows, cols int) tensor { return graphtest.Random(shape{rows, cols}, 1) }

func TestApplyErrors(t *testing.T) {
	g := gorgonia.NewGraph()
	x, other := variable(g, "x", matrixOf(2, 3)), variable(gorgonia.NewGraph(), "y", matrixOf(2, 3))
	own := layerFunc(func(b *graph.Builder, x *node) *node {
		return op.Linear.Apply(x, b.Param("own", shape{3, 3}, 1, false))
	})
	if _, _, err := graph.Apply(graph.Config{}, own, x); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		l    graph.Layer
		x    nodes
		want string
	}{
		{nil, nodes{x}, "graph: no layer, or no node"},
		{graph.Tanh, nil, "graph: no layer, or no node"},
		{graph.Tanh, nodes{nil}, "graph: node 0 is nil"},
		{graph.Add{}, nodes{x, other}, "graph: node 1 is nil or belongs to another graph"},
		{graph.Tanh, nodes{variable(g, "s", tensor{Data: []float64{1}})}, "graph: node s :: float64; use tensors"},
		{graph.Tanh, nodes{gorgonia.NewVector(g, gt.Int, gorgonia.WithShape(2), gorgonia.WithName("i"))}, "graph: node i :: Vector int; use tensors of float32"},
		{graph.Seq{graph.Tanh, graph.Conv{Out: 1, Kernel: 1}}, nodes{x}, "graph: layer 1 conv("},
		{graph.Dense{}, nodes{x}, "graph: layer 0 dense(0): input (2, 3): 0 outputs"},
		{graph.Seq{graph.Dropout{P: .5}}, nodes{x}, "graph: dropout and batch norm have a state"},
		{graph.BatchNorm{}, nodes{x}, "graph: dropout and batch norm have a state"},
		{own, nodes{x}, "graph: the graph already has a node own"},
	} {
		if _, _, err := graph.Apply(graph.Config{}, c.l, c.x...); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("error %v, want %s…", err, c.want)
		}
	}
}
