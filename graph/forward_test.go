package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/graph/op"
)

// listed returns one line for each value.
func listed(values []graph.Value) string {
	var b strings.Builder
	for _, v := range values {
		fmt.Fprintln(&b, v.Op, v.Args, v.X, v.Shape, v.Name, v.Layer)
	}
	return b.String()
}

// TestForward lists the ops of networks in prediction, for mini-batches of any size.
func TestForward(t *testing.T) {
	n := fresh(t, graph.Seq{
		graph.Conv{Out: 2, Kernel: 3}, graph.MaxPool{Size: 2}, graph.Dropout{P: .5}, graph.Dense{Out: 4},
		graph.Residual{graph.Func(gorgonia.Tanh)}, layerFunc(zeros), graph.Dense{Out: 3, NoBias: true},
	}, graph.LogLikelihood, shape{1, 6, 6}, graph.Config{})
	values, err := n.Forward()
	if err != nil {
		t.Fatal(err)
	}
	const conv, dense, own = "layer 0 conv(2,3)", "layer 3 dense(4)", "layer 5 graph_test.layerFunc"
	want := fmt.Sprint(
		" [] [] (-1, 1, 6, 6) x loss log-likelihood\n",
		" [] [] (2, 1, 3, 3) conv1.w ", conv, "\n",
		" [] [] (2) conv1.b ", conv, "\n",
		"conv [1 0] [0 1 2] (-1, 2, 4, 4)  ", conv, "\n",
		"maxPool [2] [3] (-1, 2, 2, 2)  layer 1 pool(2)\n",
		"reshape [] [4] (-1, 8)  ", dense, "\n",
		" [] [] (8, 4) dense1.w ", dense, "\n",
		" [] [] (4) dense1.b ", dense, "\n",
		"affine [] [5 6 7] (-1, 4)  ", dense, "\n",
		"tanh [] [8] (-1, 4)  layer 4 residual: layer 0 Func\n",
		"add [] [8 9] (-1, 4)  layer 4 residual\n",
		" [] [] (-1, 4)  ", own, "\n",
		"concat [2] [10 11] (-1, 8)  ", own, "\n",
		" [] [] (8, 3) dense2.w layer 6 dense(3,bias=false)\n",
		"affine [] [12 13] (-1, 3)  layer 6 dense(3,bias=false)\n",
		"softmax [] [14] (-1, 3)  loss log-likelihood\n",
	)
	if got := listed(values); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	for _, v := range values {
		if i := slices.IndexFunc(n.Params, func(p *graph.Param) bool { return p.Name == v.Name }); i >= 0 && &v.Data.([]float32)[0] != &n.Params[i].Data.([]float32)[0] {
			t.Errorf("%s is not the parameter's memory", v.Name)
		}
	}
	if zeros := values[11].Data.([]float32); len(zeros) != 1 || zeros[0] != 0 {
		t.Errorf("%v for zeros of any size", zeros)
	}
	if values[5].Args != nil || values[8].Args == nil {
		t.Errorf("%#v, %#v: nil where they depend on the size", values[5].Args, values[8].Args)
	}
}

func zeros(b *graph.Builder, x *node) *node {
	return op.Concat(2).Apply(x, b.Zeros(x.Shape()[0], 4))
}

// TestForwardErrors: networks that depend on the mini-batch size, or contain an op without an equivalent of ours, give errors.
func TestForwardErrors(t *testing.T) {
	counted := func(b *graph.Builder, x *node) *node {
		s := x.Shape()
		return op.Add.Apply(x, op.Reshape(s).Apply(gorgonia.Must(gorgonia.Mul(b.Zeros(s[0], s[0]), x))))
	}
	ranked := func(b *graph.Builder, x *node) *node {
		numbers := make([]float32, x.Shape().TotalSize())
		for i := range numbers {
			numbers[i] = float32(i)
		}
		return op.Add.Apply(x, gorgonia.NewConstant(gt.New(gt.WithShape(x.Shape()...), gt.WithBacking(numbers))))
	}
	for _, c := range []struct {
		layer graph.Layer
		want  string
	}{
		{layerFunc(counted), ""}, // both axes are the mini-batch
		{layerFunc(ranked), "graph: layer 0 frozen: layer 0 graph_test.layerFunc: what it computes depends on the mini-batch size; make it the same for every size"},
	} {
		n := fresh(t, graph.Seq{graph.Frozen{Layer: c.layer}, graph.Dense{Out: 3}}, graph.LogLikelihood, shape{5}, graph.Config{})
		if _, err := n.Forward(); fmt.Sprint(err) != c.want && (err != nil || c.want != "") {
			t.Errorf("%v; want %s", err, c.want)
		}
	}
}
