package graph_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stheno-ml/stheno/graph"
)

// TestLayerPredictor: every model's layers give the same on both VMs, for a full batch and for a partial one, and the outputs are those of a plain
// predictor.
func TestLayerPredictor(t *testing.T) {
	x, _ := digits(3)
	for _, m := range few(t) {
		var layers [2][]graph.LayerOutput
		for i := range layers {
			n, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Seed: 1, Float64: true, Tape: i == 1})
			if err != nil {
				t.Fatal(err)
			}
			want, got := make([]float32, 3*n.Outputs), make([]float32, 3*n.Outputs)
			p := n.LayerPredictor(2)
			if err := n.Predictor(2).Predict(want, x); err != nil {
				t.Fatal(err)
			}
			if err := p.Predict(got, x); err != nil {
				t.Fatal(err)
			}
			if !slices.EqualFunc(got, want, near) {
				t.Errorf("%s: outputs %v, want %v", m.Name, got, want)
			}
			layers[i] = p.Layers()
		}
		if len(layers[0]) == 0 || len(layers[0]) != len(layers[1]) {
			t.Fatalf("%s: %d layers on our VM, %d on Gorgonia's", m.Name, len(layers[0]), len(layers[1]))
		}
		for i, l := range layers[0] {
			other := layers[1][i]
			if l.Name != other.Name || len(l.Y) != l.Output.TotalSize() || !slices.EqualFunc(l.Y, other.Y, near) {
				t.Errorf("%s: layer %s %s: %v and %v differ", m.Name, l.Name, l.Layer, l.Y[:min(8, len(l.Y))], other.Y[:min(8, len(other.Y))])
			}
		}
	}
}

// TestLayerPredictorByHand: a layer's output follows from its weights, and a layer that returns its input is not listed.
func TestLayerPredictorByHand(t *testing.T) {
	n, err := graph.New(graph.Seq{graph.Dense{Out: 2}, graph.ReLU, graph.Dropout{P: .5}, graph.Dense{Out: 1}}, graph.MSE, graph.Shape{2}, graph.Config{Init: graph.Zero})
	if err != nil {
		t.Fatal(err)
	}
	copy(n.Params[0].Data.([]float32), []float32{1, -1, 2, -2})
	p := n.LayerPredictor(1)
	if p.Layers() != nil && len(p.Layers()[0].Y) != 0 {
		t.Error("outputs before the first prediction")
	}
	if err := p.Predict(make([]float32, 1), []float32{3, 4}); err != nil {
		t.Fatal(err)
	}
	want := map[string][]float32{"0": {11, -11}, "1": {11, 0}, "3": {0}}
	for _, l := range p.Layers() {
		if !slices.Equal(l.Y, want[l.Name]) {
			t.Errorf("layer %s: %v, want %v", l.Name, l.Y, want[l.Name])
		}
		delete(want, l.Name)
	}
	if len(want) > 0 {
		t.Error("missing: ", want)
	}
	if n.Predictor(1).Layers() != nil && len(n.Predictor(1).Layers()) > 0 || n.LayerPredictor(0).Layers() != nil {
		t.Error("layers of a predictor that has none")
	}
}

func near(a, b float32) bool { return math.Abs(float64(a-b)) <= 1e-6*math.Max(1, math.Abs(float64(b))) }

// TestTrace: the values in a traced step are those of a training step, including gradients and cost.
func TestTrace(t *testing.T) {
	x, labels := digits(4)
	for _, m := range few(t) {
		n, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Seed: 1, Float64: true})
		if err != nil {
			t.Fatal(err)
		}
		if n.Size() > 100_000 {
			continue
		}
		y := make([]float32, 4*n.Outputs)
		for i, l := range labels {
			y[i*n.Outputs+int(l)] = 1
		}
		d, values, err := n.Trace(x, y)
		if err != nil {
			t.Fatal(err)
		}
		stats, err := n.Step(x, y)
		if err != nil {
			t.Fatal(err)
		}
		for i, b := range d.Boxes {
			if b.Role == graph.CostRole && math.Abs(values[i][0]-stats.Cost) > 1e-9 {
				t.Errorf("%s: cost %v, want %v", m.Name, values[i][0], stats.Cost)
			}
			for _, p := range n.Params {
				if b.Of == p.Name && !slices.EqualFunc(values[i], p.Grad.([]float64), func(a, b float64) bool { return math.Abs(a-b) <= 1e-9 }) {
					t.Errorf("%s: the gradient of %s differs", m.Name, p.Name)
				}
			}
		}
	}
	n, err := graph.New(graph.Dense{Out: 1}, graph.MSE, graph.Shape{2}, graph.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := n.Trace([]float32{1, 2, 3}, []float32{1}); err == nil {
		t.Error("half an example: no error")
	}
}
