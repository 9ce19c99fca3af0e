package graph_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/models"
)

// moments returns the mean and the standard deviation of x, and the fraction within one deviation sd of 0.
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

// isNormal checks, within five standard errors, that x may come from N(0, sd²).
func isNormal(t *testing.T, what string, x []float64, sd float64) {
	t.Helper()
	root := math.Sqrt(float64(len(x)))
	mean, deviation, within := moments(x, sd)
	if math.Abs(mean) > 5*sd/root || math.Abs(deviation/sd-1) > 5/(math.Sqrt2*root) || math.Abs(within-.682689) > 5*.4655/root {
		t.Errorf("%s: mean %v, deviation %v, %v within %v; want N(0, %v²)", what, mean, deviation, within, sd, sd)
	}
}

// TestInits checks the deviations of Nielsen's rules for 25 inputs and 4,000 outputs.
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

// TestGlorot: uniform in ±√(6/(in+out)); TestHe: N(0, 2/in); biases 0. A convolution's inputs and outputs are the elements of its filters.
func TestGlorot(t *testing.T) {
	for _, c := range []struct {
		l     graph.Layer
		in    shape
		limit float64
	}{
		{graph.Dense{Out: 400}, shape{50}, math.Sqrt(6. / 450)},
		{graph.Conv{Out: 40, Kernel: 5}, shape{20, 5, 5}, math.Sqrt(6. / (20*25 + 40*25))},
	} {
		p := fresh(t, graph.Seq{c.l, graph.Flatten{}}, graph.Quadratic, c.in, graph.Config{Seed: 3, Init: graph.Glorot}).Params
		w := p[0].Float64s()
		n := float64(len(w))
		mean, deviation, within := moments(w, c.limit/2)
		if math.Abs(mean) > 5*c.limit/math.Sqrt(3*n) || math.Abs(deviation/c.limit*math.Sqrt(3)-1) > 5*math.Sqrt(.2/n) || math.Abs(within-.5) > 2.5/math.Sqrt(n) {
			t.Errorf("%v: mean %v, deviation %v, %v within half of %v", c.l, mean, deviation, within, c.limit)
		}
		if top, least := slices.Max(w), slices.Min(w); top > c.limit || least < -c.limit || top < .999*c.limit || least > -.999*c.limit {
			t.Errorf("%v: from %v to %v, want ±%v", c.l, least, top, c.limit)
		}
		if b := p[1].Float64s(); slices.Min(b) != 0 || slices.Max(b) != 0 {
			t.Errorf("%v: biases are not 0", c.l)
		}
	}
}

func TestHe(t *testing.T) {
	for _, c := range []struct {
		l  graph.Layer
		in shape
		sd float64
	}{
		{graph.Dense{Out: 400}, shape{50}, 1. / 5},
		{graph.Conv{Out: 80, Kernel: 5}, shape{8, 5, 5}, 1. / 10},
	} {
		p := fresh(t, graph.Seq{c.l, graph.Flatten{}}, graph.Quadratic, c.in, graph.Config{Seed: 3, Init: graph.He}).Params
		isNormal(t, fmt.Sprint(c.l), p[0].Float64s(), c.sd)
		if b := p[1].Float64s(); slices.Min(b) != 0 || slices.Max(b) != 0 {
			t.Errorf("%v: biases are not 0", c.l)
		}
	}
}

// TestOrthogonal: the columns of a tall matrix, or the rows of a wide one, are orthonormal. Biases are 0. The first column varies, and no
// direction is preferred.
func TestOrthogonal(t *testing.T) {
	for _, c := range []struct {
		l          graph.Layer
		in         shape
		rows, cols int
	}{
		{graph.Dense{Out: 30}, shape{70}, 70, 30},
		{graph.Dense{Out: 70}, shape{30}, 30, 70},
		{graph.Dense{Out: 64}, shape{64}, 64, 64},
		{graph.Dense{Out: 1}, shape{1}, 1, 1},
		{graph.Conv{Out: 6, Kernel: 3}, shape{4, 3, 3}, 6, 36},
		{graph.Conv{Out: 20, Kernel: 2}, shape{2, 2, 2}, 20, 8},
	} {
		sum, n := 0., 0.
		for seed := range uint64(3) {
			config := graph.Config{Seed: seed, Init: graph.Orthogonal, Float64: true}
			p := fresh(t, graph.Seq{c.l, graph.Flatten{}}, graph.Quadratic, c.in, config).Params
			w := p[0].Float64s()
			for a := range min(c.rows, c.cols) {
				for b := range a + 1 {
					product := 0.
					for k := range max(c.rows, c.cols) {
						if c.rows > c.cols {
							product += w[k*c.cols+a] * w[k*c.cols+b]
						} else {
							product += w[a*c.cols+k] * w[b*c.cols+k]
						}
					}
					if math.Abs(product-is(a == b)) > 1e-12 {
						t.Fatalf("%v: vectors %d and %d have product %v", c.l, a, b, product)
					}
				}
			}
			for _, v := range w {
				sum, n = sum+v, n+1
			}
			if b := p[1].Float64s(); slices.Min(b) != 0 || slices.Max(b) != 0 {
				t.Errorf("%v: biases are not 0", c.l)
			}
		}
		if deviation := math.Sqrt(n / float64(max(c.rows, c.cols))); n > 100 && math.Abs(sum) > 5*deviation {
			t.Errorf("%v: the elements add up to %v, with a deviation of %v", c.l, sum, deviation)
		}
	}
}

// TestChapter6Inits checks network3's deviations, which differ from layer to layer.
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

// TestSeeds: initial weights depend on seed and name, and on nothing else.
func TestSeeds(t *testing.T) {
	asks := func(names ...string) graph.Layer {
		return layerFunc(func(b *graph.Builder, x *node) *node {
			for _, name := range names {
				x = op.Hadamard.Apply(x, b.Param(name, x.Shape(), 1, true))
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
