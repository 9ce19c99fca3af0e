package graph_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

// examples returns m inputs of the given shape, with numbers from 0 to 1, and labels.
func examples(m int, in shape, classes int) (x []float32, labels []byte) {
	r := rand.New(rand.NewPCG(uint64(m), uint64(classes)))
	x, labels = make([]float32, m*in.TotalSize()), make([]byte, m)
	for i := range x {
		x[i] = r.Float32()
	}
	for i := range labels {
		labels[i] = byte(r.IntN(classes))
	}
	return x, labels
}

// TestCatalogue checks every network of the catalogue; those that differ only in their recipes count as one.
func TestCatalogue(t *testing.T) {
	const samples = 2
	seen := map[string]bool{}
	for _, m := range models.All {
		key := fmt.Sprint(m.Net, m.Loss.Name)
		if seen[key] {
			continue
		}
		seen[key] = true
		n := fresh(t, m.Net, m.Loss, m.Input, graph.Config{Seed: 1})
		if race && n.Size() > 100_000 {
			continue
		}
		x, labels := examples(2, m.Input, n.Outputs)
		results, err := graph.GradCheck(n, x, hot(n, labels), samples)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range results {
			if p := n.Params[i]; r.Name != p.Name || r.Of != p.Len() || r.Checked+r.Kinks != samples {
				t.Errorf("%s: %+v", m.Name, r)
			}
			if !r.OK() || r.Largest == 0 {
				t.Errorf("%s: %+v", m.Name, r)
			}
		}
	}
}

// TestKinksTold checks a single neuron before a ReLU, whose weighted input is at, near or far from the kink.
func TestKinksTold(t *testing.T) {
	for _, c := range []struct {
		bias  float64
		kinks []int // for dense1's weights and bias, dense2's weight and bias
	}{
		{1, []int{2, 1, 0, 0}},
		{1 + 5e-4, []int{0, 0, 0, 0}},
		{1 - 5e-4, []int{0, 0, 0, 0}},
		{1 + 3e-7, []int{2, 1, 0, 0}},
		{2, []int{0, 0, 0, 0}},
	} {
		n := fresh(t, graph.Seq{graph.Dense{Out: 1}, graph.ReLU, graph.Dense{Out: 1}}, graph.Quadratic, shape{2}, graph.Config{})
		set(t, n, []float64{1, -2}, []float64{c.bias}, []float64{1}, []float64{2})
		results, err := graph.GradCheck(n, []float32{1, 1}, hot(n, []byte{0}), 10)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range results {
			if r.Kinks != c.kinks[i] || r.Checked != r.Of-r.Kinks || r.Error > graph.GradTolerance {
				t.Errorf("bias %v: want %d kinks: %+v", c.bias, c.kinks[i], r)
			}
		}
	}
}

// TestGradCheckIsPure: the network stays as it was, and a second check gives the same.
func TestGradCheckIsPure(t *testing.T) {
	n := fresh(t, graph.Seq{graph.Dropout{P: .5}, graph.Dense{Out: 6}, graph.Sigmoid, graph.Dense{Out: 4, Init: graph.Zero}}, graph.CrossEntropy, shape{5}, graph.Config{})
	n.Steps = 7
	x, labels := examples(3, n.Input, n.Outputs)
	one, err := graph.GradCheck(n, x, hot(n, labels), 8)
	if err != nil {
		t.Fatal(err)
	}
	two, err := graph.GradCheck(n, x, hot(n, labels), 8)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(one, two) {
		t.Errorf("%+v\nthen\n%+v", one, two)
	}
	if w := n.Params[2].Float64s(); n.Steps != 7 || slices.Max(w) != 0 || slices.Max(n.Params[2].GradFloat64s()) != 0 {
		t.Errorf("the network changed: %d steps, weights %v", n.Steps, w)
	}
	for _, r := range one {
		if !r.OK() || r.Largest == 0 { // weights of 0 do no harm
			t.Errorf("%+v", r)
		}
	}
}

func TestGradCheckErrors(t *testing.T) {
	n := fresh(t, graph.Dense{Out: 4}, graph.CrossEntropy, shape{5}, graph.Config{})
	x, labels := examples(3, n.Input, n.Outputs)
	y := hot(n, labels)
	for _, c := range []struct {
		x, y    []float32
		samples int
		want    string
	}{
		{x, y, 0, "graph: 0 samples a parameter"},
		{x[1:], y, 1, "graph: 14 numbers and 12 targets; an example has 5 numbers"},
		{nil, nil, 1, "graph: 0 numbers and 0 targets"},
	} {
		if _, err := graph.GradCheck(n, c.x, c.y, c.samples); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("error %v, want %s…", err, c.want)
		}
	}
}
