package graph_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

// moments are the mean and standard deviation of x, and the share within one deviation sd of 0.
func moments(x []float64, sd float64) (mean, deviation, within float64) {
	n := float64(len(x))
	for _, v := range x {
		mean += v / n
		within += is(math.Abs(v) < sd) / n
	}
	for _, v := range x {
		deviation += (v - mean) * (v - mean) / n
	}
	return mean, math.Sqrt(deviation), within
}

// isNormal checks that x may be of N(0, sd²), to five standard errors.
func isNormal(t *testing.T, what string, x []float64, sd float64) {
	t.Helper()
	root := math.Sqrt(float64(len(x)))
	mean, deviation, within := moments(x, sd)
	if math.Abs(mean) > 5*sd/root || math.Abs(deviation/sd-1) > 5/(math.Sqrt2*root) || math.Abs(within-.682689) > 5*.4655/root {
		t.Errorf("%s: mean %v, deviation %v, %v within %v; want N(0, %v²)", what, mean, deviation, within, sd, sd)
	}
}

// TestInits: the deviations of Nielsen's rules, for 25 inputs and 4,000 outputs.
func TestInits(t *testing.T) {
	for _, c := range []struct {
		init         *graph.Init
		weight, bias float64
	}{
		{graph.Large, 1, 1},
		{graph.Default, 1. / 5, 1},
		{graph.Output, 1 / math.Sqrt(4000), 1},
		{graph.Normal(.25), .25, 1},
		{nil, 1. / 5, 1},
	} {
		own := fresh(t, graph.Dense{Out: 4000, Init: c.init}, graph.Quadratic, shape{25}, graph.Config{Seed: 5, Init: graph.Zero})
		if c.init == nil {
			own = fresh(t, graph.Dense{Out: 4000}, graph.Quadratic, shape{25}, graph.Config{Seed: 5})
		}
		isNormal(t, own.Params[0].Name, own.Params[0].Float64s(), c.weight)
		isNormal(t, own.Params[1].Name, own.Params[1].Float64s(), c.bias)
		nets := fresh(t, graph.Dense{Out: 4000}, graph.Quadratic, shape{25}, graph.Config{Seed: 5, Init: c.init})
		for i, p := range nets.Params {
			if !slices.Equal(p.Float64s(), own.Params[i].Float64s()) {
				t.Errorf("%s: the network's rule gives other numbers than the layer's", p.Name)
			}
		}
	}
	zero := fresh(t, graph.Dense{Out: 40}, graph.Quadratic, shape{25}, graph.Config{Init: graph.Zero})
	for _, p := range zero.Params {
		if w := p.Float64s(); slices.Min(w) != 0 || slices.Max(w) != 0 {
			t.Errorf("%s is not 0", p.Name)
		}
	}
}

// TestChapter6Inits: network3's deviations, which differ from layer to layer.
func TestChapter6Inits(t *testing.T) {
	n := fresh(t, models.Deep.Net, models.Deep.Loss, models.Deep.Input, graph.Config{Seed: 2, Init: models.Deep.Recipe.Init})
	for i, sd := range []float64{.0894, 1, .0632, 1, .0316, 1, .0316, 1, 0, 0} {
		p := n.Params[i]
		if w := p.Float64s(); sd > 0 {
			isNormal(t, p.Name, w, sd)
		} else if slices.Min(w) != 0 || slices.Max(w) != 0 {
			t.Errorf("%s is not 0", p.Name)
		}
	}
	layers := models.Deep.Net.(graph.Seq)
	for i, want := range map[int]float64{0: .0894427191, 3: .0632455532} { // 1/√125 and 1/√250
		if got := layers[i].(graph.Conv).Init.Weight(0, 0); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v: deviation %v, want %v", layers[i], got, want)
		}
	}
}

// TestSeeds: first weights are a function of seed and name, nothing else.
func TestSeeds(t *testing.T) {
	asks := func(names ...string) graph.Layer {
		return layerFunc(func(b *graph.Builder, x *node) *node {
			for _, name := range names {
				x = graph.Hadamard.Apply(x, b.Param(name, x.Shape(), 1, true))
			}
			return x
		})
	}
	weights := func(l graph.Layer, c graph.Config) map[string][]float64 {
		w := map[string][]float64{}
		for _, p := range fresh(t, l, graph.Quadratic, shape{1000}, c).Params {
			w[p.Name] = p.Float64s()
		}
		return w
	}
	one := weights(asks("p", "q"), graph.Config{Seed: 1})
	for _, c := range []struct {
		l    graph.Layer
		c    graph.Config
		same bool
	}{
		{asks("p", "q"), graph.Config{Seed: 1}, true},
		{asks("q", "p"), graph.Config{Seed: 1}, true},
		{asks("a", "p", "b", "q"), graph.Config{Seed: 1}, true},
		{asks("p", "q"), graph.Config{Seed: 1, Tape: true, Threads: 1}, true},
		{asks("p", "q"), graph.Config{Seed: 2}, false},
		{asks("p", "q"), graph.Config{}, false},
	} {
		other := weights(c.l, c.c)
		for name := range one {
			if slices.Equal(one[name], other[name]) != c.same {
				t.Errorf("%+v: %s is the same: %v", c.c, name, !c.same)
			}
		}
	}
	if slices.Equal(one["p"], one["q"]) {
		t.Error("parameters of two names have the same numbers")
	}
	for name, w := range weights(asks("p", "q"), graph.Config{Seed: 1, Float64: true}) {
		if d := apart(w, one[name]); d > 1e-7 || d == 0 {
			t.Errorf("%s: float32 and float64 differ by %v", name, d)
		}
	}
}
