package graph_test

import (
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

var update = flag.Bool("update", false, "write the golden listings anew")

// digits returns made-up images and labels, mostly 0 as digits are.
func digits(m int) (x []float32, labels []byte) {
	x, labels = make([]float32, m*784), make([]byte, m)
	for i := range x {
		if i*7919%97 < 20 {
			x[i] = float32(i*31%256) / 256
		}
	}
	for i := range labels {
		labels[i] = byte(i * 3 % 10)
	}
	return x, labels
}

// few returns the models without those that differ only in the recipe and, under the race detector, without the large ones.
func few(t *testing.T) []models.Model {
	seen := map[string]bool{}
	var list []models.Model
	for _, m := range models.All {
		n, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Init: graph.Zero})
		if err != nil {
			t.Fatal(err)
		}
		key := fmt.Sprint(m.Net, m.Loss.Name)
		if !seen[key] && !(race && n.Size() > 100_000) {
			list = append(list, m)
		}
		seen[key] = true
	}
	return list
}

// TestVMsAgree: every model gives the same cost, outputs and gradients on our VM and on Gorgonia's TapeMachine, for a mini-batch that is cut into
// parts and for one that is not.
func TestVMsAgree(t *testing.T) {
	for _, m := range few(t) {
		t.Run(m.Name, func(t *testing.T) {
			var nets [2]*graph.Net
			for i := range nets {
				var err error
				c := graph.Config{Seed: 1, Init: m.Recipe.Init, Float64: true, Tape: i == 1}
				if nets[i], err = graph.New(m.Net, m.Loss, m.Input, c); err != nil {
					t.Fatal(err)
				}
			}
			for _, batch := range []int{1, 11} {
				if batch > 1 || len(nets[0].Fixed) == 0 { // a batch norm needs more than one example
					agree(t, nets, batch)
				}
			}
		})
	}
}

func agree(t *testing.T, nets [2]*graph.Net, batch int) {
	x, labels := digits(batch)
	var stats [2]graph.Stats
	var y [2][]float32
	for i, n := range nets {
		var err error
		if stats[i], err = n.Step(x, hot(n, labels)); err != nil {
			t.Fatal(err)
		}
		y[i] = make([]float32, batch*n.Outputs)
		if err := n.Predict(y[i], x); err != nil {
			t.Fatal(err)
		}
	}
	if stats[0].Correct != stats[1].Correct || far(stats[0].Cost, stats[1].Cost, 1) {
		t.Errorf("batch %d: ours %+v, TapeMachine %+v", batch, stats[0], stats[1])
	}
	for j := range y[0] {
		if y[0][j] != y[1][j] {
			t.Fatalf("batch %d: output %d: ours %v, TapeMachine %v", batch, j, y[0][j], y[1][j])
		}
	}
	for k, p := range nets[0].Params {
		ours, tape := p.GradFloat64s(), nets[1].Params[k].GradFloat64s()
		scale := 0.0
		for _, v := range tape {
			scale = max(scale, math.Abs(v))
		}
		for j := range ours {
			if far(ours[j], tape[j], scale) {
				t.Fatalf("batch %d: gradient of %s[%d]: ours %v, TapeMachine %v", batch, p.Name, j, ours[j], tape[j])
			}
		}
	}
}

// far reports whether a and b differ by more than 1e-12, relative to the largest number around.
func far(a, b, scale float64) bool {
	return !(math.Abs(a-b) <= 1e-12*max(math.Abs(a), math.Abs(b), scale))
}

// TestThreads: the bits of ten training steps do not depend on the number of threads.
func TestThreads(t *testing.T) {
	m, _ := models.Find("ch6-conv2-relu")
	x, labels := digits(11)
	var first []*graph.Param
	for _, threads := range []int{1, 2, 3} {
		n, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Seed: 1, Init: m.Recipe.Init, Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := n.Step(x, hot(n, labels)); err != nil {
				t.Fatal(err)
			}
			for _, p := range n.Params {
				w, g := p.Data.([]float32), p.Grad.([]float32)
				for j := range w {
					w[j] -= .1 * g[j]
				}
			}
		}
		if first == nil {
			first = n.Params
		}
		for k, p := range n.Params {
			for j, v := range p.Data.([]float32) {
				if v != first[k].Data.([]float32)[j] {
					t.Fatalf("%d threads: %s[%d] = %v, with 1 thread %v", threads, p.Name, j, v, first[k].Data.([]float32)[j])
				}
			}
		}
	}
}

// TestDescend: a step of gradient descent in one program gives the same weights as a step followed by an update, and keeps the weights if the cost
// is not finite.
func TestDescend(t *testing.T) {
	for _, m := range few(t) {
		var nets [3]*graph.Net
		for i := range nets {
			var err error
			c := graph.Config{Seed: 1, Init: m.Recipe.Init, Float64: true, Tape: i == 2}
			if nets[i], err = graph.New(m.Net, m.Loss, m.Input, c); err != nil {
				t.Fatal(err)
			}
		}
		const eta, l2 = .1, .01
		x, labels := digits(11)
		before := nets[0].Params
		for range 2 {
			for _, n := range []*graph.Net{nets[0], nets[2]} {
				if _, err := n.DescendFrom(source(n, x, labels), eta, l2); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := nets[1].Step(x, hot(nets[1], labels)); err != nil {
				t.Fatal(err)
			}
			for _, p := range nets[1].Params {
				w, g, decay := p.Data.([]float64), p.Grad.([]float64), 0.
				if p.Decay {
					decay = l2
				}
				for j := range w {
					w[j] -= eta * (g[j] + decay*w[j])
				}
			}
		}
		for k, p := range nets[1].Params {
			for j, want := range p.Float64s() {
				for _, n := range []*graph.Net{nets[0], nets[2]} {
					if got := n.Params[k].Data.([]float64)[j]; far(got, want, 1) {
						t.Fatalf("%s: %s[%d] = %v, want %v", m.Name, p.Name, j, got, want)
					}
				}
			}
		}
		first := before[0].Data.([]float64)
		first[0] = math.NaN()
		weights := before[len(before)-2].Float64s()
		if s, err := nets[0].DescendFrom(source(nets[0], x, labels), eta, l2); err != nil || !math.IsNaN(s.Cost) {
			t.Fatalf("%s: a NaN weight gave cost %v, error %v", m.Name, s.Cost, err)
		}
		for j, w := range before[len(before)-2].Float64s() {
			if w != weights[j] {
				t.Fatalf("%s: weights changed although the cost is not finite", m.Name)
			}
		}
	}
}

// TestListings compares the programs of all models with their golden listings.
func TestListings(t *testing.T) {
	for _, m := range models.All {
		n, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Init: m.Recipe.Init})
		if err != nil {
			t.Fatal(err)
		}
		got, err := n.Listing(m.Recipe.Batch)
		if err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", m.Name+".txt")
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s: the program changed; look at it, then run go test ./graph -update\n%s", m.Name, got)
		}
	}
}

// allocations counts what one run of f allocates. What the runtime allocates beside it is counted too, so that the smallest of several counts is f's.
func allocations(runs int, f func()) float64 {
	least := testing.AllocsPerRun(runs, f)
	for tries := 0; least > 0 && tries < 5; tries++ {
		least = min(least, testing.AllocsPerRun(runs, f))
	}
	return least
}

// TestNoAllocation: a training step allocates nothing after the first.
func TestNoAllocation(t *testing.T) {
	if race {
		t.Skip("the race detector makes sync.Pool forget")
	}
	nets := map[string]graph.Layer{"mlp": models.MLP.Net, "softmax": models.Softmax.Net, "deep": models.Deep.Net}
	maps.Copy(nets, joined)
	maps.Copy(nets, norms)
	maps.Copy(nets, layered)
	for name, l := range nets {
		n := fresh(t, l, graph.LogLikelihood, shape{1, 28, 28}, graph.Config{})
		x, labels := digits(10)
		src := source(n, x, labels)
		if a := allocations(5, func() {
			if _, err := n.DescendFrom(src, .01, .01); err != nil {
				t.Fatal(err)
			}
		}); a != 0 {
			t.Errorf("%s: %v allocations a step", name, a)
		}
	}
}

// joined are networks in which gradients meet.
var joined = map[string]graph.Layer{
	"residual": graph.Seq{graph.Dense{Out: 20}, graph.Residual{graph.Dense{Out: 20}, graph.ReLU, graph.Residual{graph.Tanh}}, graph.Dense{Out: 10}},
	"residual images": graph.Seq{
		graph.Conv{Out: 4, Kernel: 5}, graph.Residual{graph.Conv{Out: 4, Kernel: 3, Pad: 1}, graph.ReLU}, graph.MaxPool{Size: 2}, graph.Dense{Out: 10},
	},
	"branches": graph.Seq{
		graph.Conv{Out: 4, Kernel: 5}, graph.Concat{{graph.ReLU}, {graph.Conv{Out: 2, Kernel: 1}}, {graph.Conv{Out: 3, Kernel: 3, Pad: 1}}},
		graph.MaxPool{Size: 2}, graph.Dense{Out: 10},
	},
	"tied": graph.Seq{graph.Dense{Out: 10}, affine("a", 10), affine("a", 10)},
}

// norms are networks that normalize.
var norms = map[string]graph.Layer{
	"batch norm": graph.Seq{
		graph.Conv{Out: 4, Kernel: 5, NoBias: true}, graph.BatchNorm{}, graph.ReLU, graph.Conv{Out: 3, Kernel: 3, Pad: 1, NoBias: true}, graph.BatchNorm{},
		graph.ReLU, graph.MaxPool{Size: 2}, graph.Dense{Out: 30, NoBias: true}, graph.BatchNorm{}, graph.ReLU, graph.Dense{Out: 10},
	},
	"features":   graph.Seq{graph.Dense{Out: 300, NoBias: true}, graph.BatchNorm{}, graph.ReLU, graph.Dense{Out: 10}},
	"layer norm": graph.Seq{graph.Conv{Out: 4, Kernel: 5}, graph.LayerNorm{}, graph.ReLU, graph.Dense{Out: 30}, graph.LayerNorm{}, graph.ReLU, graph.Dense{Out: 10}},
}

// TestNorms: both VMs agree in training and, with the running statistics that it leaves, in prediction.
func TestNorms(t *testing.T) {
	for name, l := range norms {
		var nets [2]*graph.Net
		for i := range nets {
			nets[i] = fresh(t, l, graph.LogLikelihood, shape{1, 28, 28}, graph.Config{Seed: 1, Float64: true, Tape: i == 1})
		}
		for _, batch := range []int{2, 11, 60} {
			agree(t, nets, batch)
		}
		for i, p := range nets[0].Fixed {
			if d := apart(p.Float64s(), nets[1].Fixed[i].Float64s()); d > 1e-12 {
				t.Errorf("%s: %s differs by %v", name, p.Name, d)
			}
		}
	}
}

// theirs matches one of Gorgonia's ops in a listing: its name is not a plain word.
var theirs = regexp.MustCompile(`= [^\pL]`)

// TestNoForeign: where gradients meet, the program itself adds them up, and none of Gorgonia's ops is left.
func TestNoForeign(t *testing.T) {
	all := maps.Clone(joined)
	maps.Copy(all, norms)
	for name, l := range all {
		n := fresh(t, l, graph.LogLikelihood, shape{1, 28, 28}, graph.Config{})
		listing, err := n.Listing(10)
		if err != nil {
			t.Fatal(err)
		}
		if theirs.MatchString(listing) || joined[name] != nil && !strings.Contains(listing, "= add(") {
			t.Errorf("%s:\n%s", name, listing)
		}
	}
}
