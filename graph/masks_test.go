package graph_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/stheno-ml/stheno/graph"
)

// TestNetMasks: Masks returns the masks that the gradients show, as a copy.
func TestNetMasks(t *testing.T) {
	const n = 60
	for _, c := range []graph.Config{{Seed: 1}, {Seed: 1, Tape: true}} {
		net := dropping(t, n, .5, c)
		if m := net.Masks(); len(m) != 0 {
			t.Errorf("masks %v before a step", m)
		}
		for range 2 {
			one, two := masks(t, net)
			got := net.Masks()
			if !reflect.DeepEqual(got, [][]float64{one, two}) {
				t.Fatalf("masks %v, the gradients show %v and %v", got, one, two)
			}
			got[0][0]++
			if slices.Equal(net.Masks()[0], got[0]) {
				t.Error("the masks are not a copy")
			}
		}
	}
}

// TestMasksOfSteps: Masks returns the masks of the last step, for every kind and mini-batch size, the same for both element types.
func TestMasksOfSteps(t *testing.T) {
	const n = 50
	layers := graph.Seq{graph.Dropout{P: .25}, graph.Dropout{}, graph.Dense{Out: 2}, graph.Dropout{P: .5}}
	var all []string
	for _, c := range []graph.Config{{}, {Float64: true}} {
		net := fresh(t, layers, graph.Quadratic, shape{n}, c)
		x := slices.Repeat([]float32{1}, 3*n)
		step(t, net, x, []byte{0, 1, 0})
		first := net.Masks()
		if len(first) != 2 || len(first[0]) != 3*n || len(first[1]) != 3*2 {
			t.Fatalf("masks %v for three examples of %d inputs and 2 outputs", first, n)
		}
		step(t, net, x[:n], []byte{0})
		if m := net.Masks(); len(m[0]) != n || slices.Equal(m[0], first[0][:n]) {
			t.Errorf("the masks of the next step, of one example, are %v", m)
		}
		net.Steps = 0
		if _, err := net.DescendFrom(source(net, x, []byte{0, 1, 0}), 1, 0); err != nil {
			t.Fatal(err)
		}
		if m := net.Masks(); !reflect.DeepEqual(m, first) {
			t.Errorf("Descend has the masks %v, Step had %v", m, first)
		}
		if _, err := net.Evaluate(x[:n], hot(net, []byte{0})); err != nil || len(net.Masks()[0]) != 3*n {
			t.Errorf("an evaluation changed the masks (%v)", err)
		}
		all = append(all, fmt.Sprintf("%.4f", first))
	}
	if all[0] != all[1] {
		t.Errorf("float32 has the masks %s, float64 %s", all[0], all[1])
	}
}

// third is every third example of a mini-batch of seven, beginning with the second: the second and the fifth.
type third struct{}

func (third) Len() int                         { return 2 }
func (third) Load(x, y []float32)              { clear(x) }
func (third) Within() (first, step, whole int) { return 1, 3, 7 }

// TestMasksOfPart: the examples of a part have the same masks as in the whole mini-batch, for both element types.
func TestMasksOfPart(t *testing.T) {
	const n = 50
	layers := graph.Seq{graph.Dropout{P: .25}, graph.Dense{Out: 4}, graph.Dropout{P: .5, Unscaled: true}}
	for _, c := range []graph.Config{{Seed: 3}, {Seed: 3, Float64: true}} {
		whole, part := fresh(t, layers, graph.Quadratic, shape{n}, c), fresh(t, layers, graph.Quadratic, shape{n}, c)
		whole.Steps, part.Steps = 5, 5
		if _, err := whole.Step(make([]float32, 7*n), make([]float32, 7*4)); err != nil {
			t.Fatal(err)
		}
		if _, err := part.StepFrom(third{}); err != nil {
			t.Fatal(err)
		}
		for i, all := range whole.Masks() {
			cols := len(all) / 7
			want := slices.Concat(all[cols:2*cols], all[4*cols:5*cols])
			if got := part.Masks()[i]; !slices.Equal(got, want) {
				t.Errorf("%+v, mask %d: %v, want %v", c, i, got, want)
			}
		}
	}
}
