package graph_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
)

// plainMoments returns the means and the variances, Σ(x−mean)² over count−less, of the maps of x (m,c,area).
func plainMoments(x []float64, c, area, less int) (mean, variance []float64) {
	mean, variance = make([]float64, c), make([]float64, c)
	n := float64(len(x) / c)
	for i, v := range x {
		mean[i/area%c] += v / n
	}
	for i, v := range x {
		k := i / area % c
		variance[k] += (v - mean[k]) * (v - mean[k]) / (n - float64(less))
	}
	return mean, variance
}

// TestBatchNorm: a training step normalizes by the mini-batch's moments and updates the running ones, which evaluation and prediction use, for
// every VM, element type and mini-batch size.
func TestBatchNorm(t *testing.T) {
	for _, c := range []struct {
		in   shape
		area int
		net  graph.Config
	}{
		{shape{3}, 1, graph.Config{}}, {shape{3}, 1, graph.Config{Float64: true, Tape: true}}, {shape{2, 3, 2}, 6, graph.Config{Float64: true}},
		{shape{2, 3, 2}, 6, graph.Config{Tape: true}}, {shape{2, 3, 2}, 6, graph.Config{Threads: 2}},
	} {
		const eps = .5
		n := fresh(t, graph.Seq{graph.BatchNorm{Momentum: .25, Eps: eps}, graph.Flatten{}}, graph.Quadratic, c.in, c.net)
		maps := n.Params[0].Len()
		gamma, beta := []float64{2, -1, 3}[:maps], []float64{.5, -.25, 1}[:maps]
		set(t, n, gamma, beta)
		running := [][]float64{{0, 0, 0}, {1, 1, 1}}
		cost := func(x []float64, labels []byte, mean, variance []float64) (cost float64) {
			size := c.in.TotalSize()
			for i, v := range x {
				k := i / c.area % maps
				y := gamma[k]*(v-mean[k])/math.Sqrt(variance[k]+eps) + beta[k]
				if int(labels[i/size]) == i%size {
					y--
				}
				cost += y * y / 2 / float64(len(labels))
			}
			return cost
		}
		for _, m := range []int{4, 11, 2} {
			x, labels := examples(m, c.in, n.Outputs)
			x64 := make([]float64, len(x))
			for i := range x {
				x[i] = 3*x[i] + 1
				x64[i] = float64(x[i])
			}
			mean, biased := plainMoments(x64, maps, c.area, 0)
			if got, want := step(t, n, x, labels).Cost, cost(x64, labels, mean, biased); math.Abs(got-want) > 1e-5*want {
				t.Errorf("%v, %+v: a step's cost is %v, want %v", c.in, c.net, got, want)
			}
			_, variance := plainMoments(x64, maps, c.area, 1)
			for k := range maps {
				running[0][k] = .75*running[0][k] + .25*mean[k]
				running[1][k] = .75*running[1][k] + .25*variance[k]
			}
			for i, p := range n.Fixed {
				if d := apart(running[i][:maps], p.Float64s()); d > 1e-5 {
					t.Errorf("%v, %+v: %s is %v, want %v", c.in, c.net, p.Name, p.Float64s(), running[i])
				}
			}
			got, err := n.Evaluate(x, hot(n, labels))
			if want := cost(x64, labels, running[0], running[1]); err != nil || math.Abs(got.Cost-want) > 1e-5*want {
				t.Errorf("%v, %+v: evaluation's cost is %v, want %v (%v)", c.in, c.net, got.Cost, want, err)
			}
			one, all := predict(t, n, 1, x[:c.in.TotalSize()]), predict(t, n, m, x)
			if d := apart(wide(one), wide(all[:len(one)])); d > 1e-6 {
				t.Errorf("%v, %+v: an example alone gives %v, among others %v", c.in, c.net, one, all)
			}
		}
	}
}

func wide(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// TestLayerNorm: y = γ (x−μ)/√(σ²+ε) + β, μ and σ² over an example's numbers, ε = 1e-5.
func TestLayerNorm(t *testing.T) {
	n := fresh(t, graph.LayerNorm{}, graph.Quadratic, shape{6}, graph.Config{})
	gamma, beta := []float32{1, 2, -1, .5, 3, 0}, []float32{0, 1, 2, -3, .25, 7}
	copy(n.Params[0].Data.([]float32), gamma)
	copy(n.Params[1].Data.([]float32), beta)
	x := []float32{1, 2, 3, 4, 5, 6, -7, .5, 0, 100, 3, 2}
	y := predict(t, n, 2, x)
	for i := range 2 {
		row, mean, variance := x[6*i:6*i+6], 0., 0.
		for _, v := range row {
			mean += float64(v) / 6
		}
		for _, v := range row {
			variance += (float64(v) - mean) * (float64(v) - mean) / 6
		}
		for j, v := range row {
			want := float64(gamma[j])*(float64(v)-mean)/math.Sqrt(variance+1e-5) + float64(beta[j])
			if got := float64(y[6*i+j]); math.Abs(got-want) > 1e-5 {
				t.Errorf("number %d of example %d is %v, want %v", j, i, got, want)
			}
		}
	}
}

// TestStats: which tensors are saved, by name and shape, and which are trained. A step whose cost is not finite leaves the statistics.
func TestStats(t *testing.T) {
	for _, c := range []graph.Config{{}, {Tape: true}} {
		n := fresh(t, graph.Seq{graph.Conv{Out: 2, Kernel: 2}, graph.BatchNorm{}, graph.ReLU, graph.Dense{Out: 3}, graph.BatchNorm{}}, graph.LogLikelihood, shape{1, 4, 4}, c)
		var names []string
		for _, p := range n.Tensors() {
			if p.Grad == nil {
				names = append(names, "kept")
			} else if p.Decay {
				names = append(names, "decays")
			}
			names = append(names, fmt.Sprint(p.Name, p.Shape))
		}
		const want = "decays conv1.w(2, 1, 2, 2) conv1.b(2) batchnorm1.gamma(2) batchnorm1.beta(2) decays dense1.w(18, 3) dense1.b(3) " +
			"batchnorm2.gamma(3) batchnorm2.beta(3) kept batchnorm1.mean(2) kept batchnorm1.variance(2) kept batchnorm2.mean(3) kept batchnorm2.variance(3)"
		if got := strings.Join(names, " "); got != want || n.Size() != 8+2+2+2+54+3+3+3 || len(n.Fixed) != 4 {
			t.Errorf("%d parameters: %s\nwant %s", n.Size(), got, want)
		}
		x, labels := examples(5, n.Input, 3)
		step(t, n, x, labels)
		before := n.Fixed[0].Float64s()
		if slices.Max(before) == 0 {
			t.Error("a step left the running mean at 0")
		}
		x[7] = float32(math.NaN())
		step(t, n, x, labels)
		if _, err := n.DescendFrom(source(n, x, labels), .1, 0); err != nil {
			t.Fatal(err)
		}
		if after := n.Fixed[0].Float64s(); !slices.Equal(before, after) {
			t.Errorf("a step without a cost moved the running mean from %v to %v", before, after)
		}
		x[7] = 0
		if _, err := n.DescendFrom(source(n, x, labels), .1, 0); err != nil || slices.Equal(before, n.Fixed[0].Float64s()) {
			t.Errorf("a Descend did not move the running mean (%v)", err)
		}
	}
}

// TestOneExample: a single example has no spread over the mini-batch, but it has one over the places of a map.
func TestOneExample(t *testing.T) {
	for _, c := range []struct {
		l     graph.Layer
		least int
	}{
		{graph.Seq{graph.Dense{Out: 4}, graph.BatchNorm{}, graph.Dense{Out: 3}}, 2},
		{graph.Seq{graph.Conv{Out: 2, Kernel: 5}, graph.BatchNorm{}, graph.Dense{Out: 3}}, 2},
		{graph.Seq{graph.Conv{Out: 2, Kernel: 3}, graph.BatchNorm{}, graph.Dense{Out: 3}}, 1},
		{graph.Dense{Out: 3}, 1},
	} {
		n := fresh(t, c.l, graph.LogLikelihood, shape{1, 5, 5}, graph.Config{})
		x, labels := examples(2, n.Input, 3)
		_, err := n.Step(x[:25], hot(n, labels[:1]))
		if refused := err != nil && strings.HasPrefix(err.Error(), "graph: a batch norm cannot train on one example"); refused != (c.least == 2) || n.SmallestBatch() != c.least {
			t.Errorf("%v: %v, at least %d", c.l, err, n.SmallestBatch())
		}
		if _, err := n.Evaluate(x[:25], hot(n, labels[:1])); err != nil {
			t.Error(err)
		}
		step(t, n, x, labels)
	}
}
