package train_test

import (
	"errors"
	"maps"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// gradients returns the gradients of each mini-batch of a training as the optimizer sees them, those of all parameters in one slice.
func gradients(t *testing.T, c graph.Config, clip float64) [][]float64 {
	t.Helper()
	var all [][]float64
	tr := train.Trainer{
		Net:   network(t, graph.Seq{graph.Dense{Out: 150}, graph.Sigmoid, graph.Dense{Out: 4}}, graph.LogLikelihood, c, 1, 6, 6),
		Train: corners(20, 1), Epochs: 1, Batch: 5, Eta: 1, Clip: clip,
	}
	tr.Optimizer = optimizer(func(p *graph.Param, s train.Rates) {
		if p.Name == tr.Net.Params[0].Name {
			all = append(all, nil)
		}
		all[s.Number-1] = append(all[s.Number-1], p.GradFloat64s()...)
	})
	run(t, &tr)
	return all
}

func norm(x []float64) float64 {
	sum := 0.
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum)
}

// TestClip: gradients whose norm is larger than the limit are scaled down to it by a single factor; others stay as they are.
func TestClip(t *testing.T) {
	for _, c := range []graph.Config{{}, {Float64: true}} {
		whole := gradients(t, c, 0)
		norms := []float64{}
		for _, g := range whole {
			norms = append(norms, norm(g))
		}
		limit := (slices.Min(norms) + slices.Max(norms)) / 2
		for i, got := range gradients(t, c, limit) {
			factor := min(1, limit/norms[i])
			for j, g := range got {
				if want := factor * whole[i][j]; math.Abs(g-want) > 1e-6*math.Abs(want) || factor == 1 && g != want {
					t.Fatalf("%+v: gradient %d of mini-batch %d is %v, want %v times %v", c, j, i, g, factor, whole[i][j])
				}
			}
		}
	}
}

// TestClipNonfinite: if the gradients' norm is not finite, the training ends before the weights change, even though the cost is finite.
func TestClipNonfinite(t *testing.T) {
	n := network(t, graph.Seq{graph.Dense{Out: 2}, graph.Dense{Out: 2}}, graph.Quadratic, graph.Config{}, 2)
	for _, p := range n.Params {
		for i, w := 0, p.Data.([]float32); i < len(w); i++ {
			w[i] = 0
		}
	}
	n.Params[1].Data.([]float32)[0] = 1e18 // the cost is about 1e36 times the squares of the next weights
	n.Params[2].Data.([]float32)[0] = 1e-3
	tr := train.Trainer{Net: n, Optimizer: train.SGD{}, Train: train.Images{Pixels: []byte{1, 2}, Labels: []byte{0}}, Epochs: 1, Batch: 1, Eta: 1, Clip: 1}
	before := slices.Clone(n.Params[2].Data.([]float32))
	if err := tr.Start(); err != nil {
		t.Fatal(err)
	}
	for _, err := range tr.Run(t.Context()) {
		var diverged *train.DivergedError
		if !errors.As(err, &diverged) || diverged.Op != "the norm of the gradients" {
			t.Errorf("error %v", err)
		}
	}
	if !slices.Equal(n.Params[2].Data.([]float32), before) || tr.State().Steps != 0 {
		t.Errorf("after %d steps the weights are %v", tr.State().Steps, n.Params[2].Data)
	}
}

// TestParts: parameters that are updated in parts change as whole ones do, for any number of threads.
func TestParts(t *testing.T) {
	layers := graph.Seq{graph.Dense{Out: 2000}, graph.BatchNorm{}, graph.Tanh, graph.Dense{Out: 4}}
	final := func(o train.Optimizer, threads int) map[string][]float32 {
		tr := train.Trainer{
			Net:   network(t, layers, graph.LogLikelihood, graph.Config{Threads: threads}, 1, 6, 6),
			Train: corners(20, 1), Epochs: 1, Batch: 5, Eta: .01, EMA: .5, Lambda: 2, Optimizer: o,
		}
		run(t, &tr)
		return memory(&tr)
	}
	for _, o := range []train.Optimizer{train.SGD{}, train.SGD{Momentum: .5}, train.AdamW{}} {
		want := final(o, 1)
		for _, threads := range []int{2, 3} {
			if !maps.EqualFunc(final(o, threads), want, slices.Equal) {
				t.Errorf("%#v: %d threads give other bits", o, threads)
			}
		}
		if o == (train.SGD{}) {
			continue // its update is part of the gradients' program, and rounds differently
		}
		n := network(t, layers, graph.LogLikelihood, graph.Config{}, 1, 6, 6)
		d, kept := corners(20, 1), map[string][]any{}
		for i := range 4 {
			x, labels := make([]float32, 5*36), make([]byte, 5)
			for j, image := range train.Order(20, d.Labels, 5, 0, 0)[5*i : 5*i+5] {
				for k, pixel := range d.Pixels[36*image : 36*image+36] {
					x[36*j+k] = float32(pixel) / 256
				}
				labels[j] = d.Labels[image]
			}
			if _, err := n.Step(x, hot(n, labels)); err != nil {
				t.Fatal(err)
			}
			for _, p := range n.Params {
				for len(kept[p.Name]) < len(o.Keeps()) {
					kept[p.Name] = append(kept[p.Name], make([]float32, p.Len()))
				}
				o.Update(p, kept[p.Name], train.Rates{Number: i + 1, Eta: .01, L2: .1})
			}
		}
		for _, p := range n.Tensors() {
			if got := want[p.Name+".trained"]; !slices.Equal(got, p.Data.([]float32)) {
				t.Errorf("%#v: %s has other bits when it is not cut", o, p.Name)
			}
		}
	}
}

// TestEMA: the averages follow the formula, over all tensors of a network. The network holds them after an epoch, and during its evaluation,
// and trains on without them.
func TestEMA(t *testing.T) {
	for _, c := range []graph.Config{{Seed: 4}, {Seed: 4, Float64: true}} {
		layers := graph.Seq{graph.Dense{Out: 5}, graph.BatchNorm{}, graph.Tanh, graph.Dense{Out: 4}}
		var history [][]float64 // of the weights after each step, in the training without averages
		tensors := func(n *graph.Net) (all []float64) {
			for _, p := range n.Tensors() {
				all = append(all, p.Float64s()...)
			}
			return all
		}
		like := train.Trainer{Optimizer: train.SGD{}, Train: corners(30, 1), Validation: corners(50, 2), Epochs: 3, Batch: 10, Eta: .5}
		tr := like
		tr.Net = network(t, layers, graph.LogLikelihood, c, 1, 6, 6)
		tr.Progress = func(train.State) { history = append(history, tensors(tr.Net)) }
		run(t, &tr)
		history = append(history[1:], tensors(tr.Net))

		const decay = .7
		ema := like
		ema.Net, ema.EMA = network(t, layers, graph.LogLikelihood, c, 1, 6, 6), decay
		check := func(when, now string) {
			for _, x := range ema.Tensors() {
				if at := reflect.ValueOf(ema.Net.Params[0].Data).Pointer(); (reflect.ValueOf(x.Data).Pointer() == at) != (x.Name == now) {
					t.Errorf("%+v, %s: the network has not %s, or %s", c, when, now, x.Name)
				}
			}
			if n := len(ema.Tensors()); n != 2*8 {
				t.Errorf("%+v, %s: %d tensors", c, when, n)
			}
		}
		ema.Progress = func(s train.State) {
			if s.Steps > 0 && !slices.Equal(tensors(ema.Net), history[s.Steps-1]) {
				t.Errorf("%+v: step %d begins from other weights than those of the step before", c, s.Steps)
			}
			check("in an epoch", "dense1.w.trained")
		}
		if err := ema.Start(); err != nil {
			t.Fatal(err)
		}
		for e, err := range ema.Run(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			steps, total := 3*(e.Epoch+1), 0.
			want := make([]float64, len(history[0]))
			for i := range steps {
				weight := math.Pow(decay, float64(steps-1-i))
				total += weight
				for j, w := range history[i] {
					want[j] += weight * w
				}
			}
			for j, got := range tensors(ema.Net) {
				if w := want[j] / total; math.Abs(got-w) > 1e-6 || c.Float64 && math.Abs(got-w) > 1e-14 {
					t.Fatalf("%+v, epoch %d: average %d is %v, want %v", c, e.Epoch, j, got, w)
				}
			}
			check("after an epoch", "dense1.w")
			got, err := train.Evaluate(t.Context(), ema.Net, ema.Validation)
			if err != nil || got.Cost != e.ValLoss {
				t.Errorf("%+v, epoch %d: the averages' cost is %v, not %v; %v", c, e.Epoch, got.Cost, e.ValLoss, err)
			}
		}
	}
}
