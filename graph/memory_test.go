package graph_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

// heap returns how much memory is alive. Pools release theirs only at the second collection.
func heap() int {
	var s runtime.MemStats
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&s)
	return int(s.HeapAlloc)
}

// TestMemory compares Memory with the growth of Go's heap, which includes the graph and the program.
func TestMemory(t *testing.T) {
	for _, c := range []struct {
		model   models.Model
		batch   int
		descend bool
		weights int
	}{
		{models.MLP, 500, true, 4 * 23860},
		{models.Deep, 100, true, 4 * 1672570},
		{models.Deep, 100, false, 4 * 1672570},
	} {
		before := heap()
		n, err := graph.New(c.model.Net, c.model.Loss, c.model.Input, graph.Config{Init: graph.Zero})
		if err != nil {
			t.Fatal(err)
		}
		m, err := n.Memory(c.batch, c.descend)
		if err != nil {
			t.Fatal(err)
		}
		grown := heap() - before - 4*c.batch // its masks and labels are of the mini-batch
		runtime.KeepAlive(n)
		if c.descend {
			grown -= c.weights // gradients, which are never written and take no memory
		}
		if m.Weights != c.weights || m.Gradients != 0 && m.Gradients != c.weights || (m.Gradients == 0) != c.descend {
			t.Errorf("%s: %+v; want weights %d", c.model.Name, m, c.weights)
		}
		if most := m.Total() + m.Total()/20 + 600_000; grown < m.Total() || grown > most {
			t.Errorf("%s, %d: %d bytes of %+v, but the heap grows by %d", c.model.Name, c.batch, m.Total(), m, grown)
		}
	}
}

// TestMemoryNumbers counts by hand for a small network in float64.
func TestMemoryNumbers(t *testing.T) {
	n, err := graph.New(graph.Seq{graph.Dense{Out: 3}, graph.BatchNorm{}, graph.Dropout{P: .5}, graph.Dense{Out: 2}},
		graph.Quadratic, graph.Shape{5}, graph.Config{Float64: true})
	if err != nil {
		t.Fatal(err)
	}
	m, err := n.Memory(4, false)
	if err != nil {
		t.Fatal(err)
	}
	// Parameters (5+1)·3 + 2·3 + (3+1)·2, running moments 2·3, and 5 + 2 + 3 numbers for each example.
	if m.Weights != 8*32 || m.Fixed != 8*6 || m.Gradients != 8*32 || m.Inputs != 8*4*10 || m.Scratch != 0 {
		t.Errorf("%+v", m)
	}
	single, err := graph.New(graph.Seq{graph.Dense{Out: 3}, graph.BatchNorm{}, graph.Dropout{P: .5}, graph.Dense{Out: 2}},
		graph.Quadratic, graph.Shape{5}, graph.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if half, err := single.Memory(4, false); err != nil || 2*half.Activations != m.Activations {
		t.Errorf("%+v in float32, %v", half, err)
	}
	// Ten images are two parts, and the second has a sum of its own for the gradients of each of the 27 parameters.
	if n, err = graph.New(graph.Seq{graph.Conv{Out: 3, Kernel: 2}, graph.Dense{Out: 2}}, graph.Quadratic, graph.Shape{2, 3, 3}, graph.Config{}); err != nil {
		t.Fatal(err)
	}
	if m, err = n.Memory(10, false); err != nil || m.Scratch != 4*27 {
		t.Errorf("%+v, %v", m, err)
	}
	for _, c := range []struct {
		tape  bool
		batch int
		want  string
	}{{false, 0, "mini-batches of 0; use 1 to"}, {false, 1 << 40, "use 1 to"}, {true, 4, "TapeMachine"}} {
		n, err := graph.New(graph.Dense{Out: 3}, graph.Quadratic, graph.Shape{5}, graph.Config{Tape: c.tape})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.Memory(c.batch, true); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d: %v", c.batch, err)
		}
	}
}
