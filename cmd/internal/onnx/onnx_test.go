package onnx

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/graph/graphtest"
	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/models"
)

type (
	node  = graph.Node
	shape = graph.Shape
)

// TestCatalogue: ONNX Runtime gives the outputs of every architecture of the catalogue for 1,000 test images.
func TestCatalogue(t *testing.T) {
	r := newRuntime(t)
	digits, err := mnist.Load()
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float32, 1000*784)
	for i, p := range digits.Test.Images[:len(x)] {
		x[i] = float32(p) / 256
	}
	seen := map[string]bool{}
	for _, m := range models.All {
		what := fmt.Sprint(m.Net, m.Loss.Output)
		if seen[what] {
			continue
		}
		seen[what] = true
		n, err := graph.New(m.Net, m.Loss, shape{1, 28, 28}, graph.Config{Seed: 1, Init: m.Recipe.Init})
		if err != nil {
			t.Fatal(err)
		}
		shake(n)
		r.add(t, m.Name, n, x)
	}
	r.check(t)
}

// layer is a function as a layer.
type layer func(b *graph.Builder, x *node) *node

func (l layer) Build(b *graph.Builder, x *node) *node { return l(b, x) }

// TestTable: every row is right.
func TestTable(t *testing.T) {
	missing := map[string]bool{}
	for name := range rows {
		missing[name] = true
	}
	nets := map[string]*graph.Net{}
	for name, c := range networks {
		n, err := graph.New(c.layer, c.loss, c.input, graph.Config{Seed: 1, Float64: c.float64})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		values, err := n.Forward()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, v := range values {
			delete(missing, v.Op)
		}
		shake(n)
		nets[name] = n
	}
	if len(missing) > 0 {
		t.Errorf("no network has %v", missing)
	}
	r := newRuntime(t)
	random := rand.New(rand.NewPCG(3, 4))
	for name, n := range nets {
		x := make([]float32, 7*n.Input.TotalSize())
		for i := range x {
			x[i] = float32(random.NormFloat64())
		}
		r.add(t, name, n, x)
	}
	r.check(t)
}

func TestErrors(t *testing.T) {
	mine := &op.Op{Name: "mine/3", Shape: op.ReLU.Shape, F32: op.ReLU.F32, F64: op.ReLU.F64}
	inside := &op.Op{Name: "inside", Shape: op.ReLU.Shape, F32: op.ReLU.F32, F64: op.ReLU.F64}
	made := &op.Op{Name: "made", Shape: op.ReLU.Shape, F32: op.ReLU.F32, F64: op.ReLU.F64, Made: func(x graph.Nodes) *node { return inside.Apply(x...) }}
	sized := func(b *graph.Builder, x *node) *node { return op.Scaled(float64(x.Shape()[0])).Apply(x) }
	other := func(b *graph.Builder, x *node) *node {
		if x.Shape()[0] == 2 {
			return op.Tanh.Apply(x)
		}
		return op.ReLU.Apply(op.Tanh.Apply(x))
	}
	for _, c := range []struct {
		layer graph.Layer
		want  string
	}{
		{one(mine), "onnx: layer 0 onnx.layer: op mine has no form in ONNX; leave the layer out, or give its op a Made of ops that have one"},
		{graph.Seq{graph.Tanh, one(made)}, "onnx: layer 0.1 onnx.layer: op inside has no form in ONNX"},
		{graph.Func(graphtest.Dropout), "onnx: layer 0 Func: op dropout has no form in ONNX"},
		{layer(sized), "onnx: layer 0 onnx.layer: op scaled has other numbers for mini-batches of another size; build the same for all"},
		{layer(other), "onnx: graph: the network's ops depend on the mini-batch size; build the same ones for every size"},
	} {
		n, err := graph.New(graph.Seq{c.layer, graph.Dense{Out: 3}}, graph.LogLikelihood, shape{4}, graph.Config{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Encode(n, Info{}); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%v; want %s", err, c.want)
		}
	}
}

// TestScaled: a file takes examples and gives outputs in the unit of the data, by input and by channel, and fills in what is missing.
func TestScaled(t *testing.T) {
	r := newRuntime(t)
	outputs := &Scaling{Mean: []float64{150, 150}, Deviation: []float64{50, 50}}
	unit := func(y float32) float32 { return 50*y + 150 }
	scale := func(x, mean, deviation float32) float32 { return (x - mean) / deviation }
	nan := float32(math.NaN())
	for _, c := range []struct {
		in  shape
		net graph.Layer
		x   []float32
		of  *Scaling
	}{
		{shape{3}, graph.Dense{Out: 2}, []float32{20, 1, 7, 60, nan, 8}, &Scaling{Mean: []float64{40, .5, 7}, Deviation: []float64{20, .1, 2}, Fill: []float64{41, .7, 3}}},
		{shape{2, 1, 2}, graph.Seq{graph.Flatten{}, graph.Dense{Out: 2}}, []float32{10, 20, 1, 2, 30, 40, 3, 4}, &Scaling{Mean: []float64{20, 2}, Deviation: []float64{10, 1}}},
	} {
		n, err := graph.New(c.net, graph.MSE, c.in, graph.Config{Seed: 1, Init: graph.He})
		if err != nil {
			t.Fatal(err)
		}
		shake(n)
		seen, size := make([]float32, len(c.x)), c.in.TotalSize()
		for i, x := range c.x {
			k := i % size * c.in[0] / size // the place of the first axis
			if x != x {
				x = float32(c.of.Fill[k])
			}
			seen[i] = scale(x, float32(c.of.Mean[k]), float32(c.of.Deviation[k]))
		}
		r.addWith(t, n, c.x, seen, Info{Name: fmt.Sprint(c.in), Inputs: c.of, Outputs: outputs}, unit)
	}
	r.check(t)
}
