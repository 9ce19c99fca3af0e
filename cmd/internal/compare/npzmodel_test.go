package compare

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/npz"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/models/byhand"
)

// small is a model with every kind of layer that the programs by hand have.
var small = models.Model{
	Name: "small", Input: graph.Shape{1, 8, 8}, Loss: graph.LogLikelihood,
	Net: graph.Seq{
		graph.Seq{graph.Conv{Out: 3, Kernel: 3}, graph.MaxPool{Size: 2}, graph.ReLU}, graph.Dropout{P: .5},
		graph.Dense{Out: 6}, graph.Tanh, graph.Dropout{P: .25}, graph.Dense{Out: 4},
	},
}

// deepFile is what a program with the small model, by hand, writes with the names of its parameters.
func deepFile(t *testing.T, m int) (arrays []npz.Array, gradients [][]float64) {
	t.Helper()
	hand, err := newDeep(plain(small.Net), small)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := ofModel(small)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(5, 5))
	draw := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = r.NormFloat64() / 3
		}
		return x
	}
	var weights [][]float64
	for _, q := range spec.params {
		weights = append(weights, draw(q.shape.TotalSize()))
	}
	hand.set(weights)
	var batch []byhand.Example
	var labels []int64
	masks := make([][][]float64, m)
	layers := make([][]float64, 2)
	for i := range m {
		y := make([]float64, 4)
		y[i%4] = 1
		labels = append(labels, int64(i%4))
		batch = append(batch, byhand.Example{X: draw(64), Y: y})
		for k, n := range []int{27, 6} {
			mask := make([]float64, n)
			for j := range mask {
				mask[j] = float64(r.IntN(2)) * []float64{2, 4. / 3}[k]
			}
			masks[i], layers[k] = append(masks[i], mask), append(layers[k], mask...)
		}
	}
	gradients = hand.step(batch, masks, descent{}).nabla
	var x []float64
	for _, e := range batch {
		x = append(x, e.X...)
	}
	arrays = []npz.Array{
		{Name: "x", Shape: []int{m, 8, 8}, Data: x}, {Name: "y", Shape: []int{m}, Data: labels},
		{Name: "mask1", Shape: []int{m, 3, 3, 3}, Data: layers[0]}, {Name: "dropout2.mask", Shape: []int{m, 6}, Data: layers[1]},
	}
	for i, q := range spec.params {
		arrays = append(arrays, npz.Array{Name: q.name, Shape: q.shape, Data: weights[i]}, npz.Array{Name: q.name + ".grad", Shape: q.shape, Data: gradients[i]})
	}
	return arrays, gradients
}

// TestFileModel: a model of any layers, with its parameters' names, and the mistakes that can be told without knowing its inside.
func TestFileModel(t *testing.T) {
	for _, c := range []struct {
		name, diagnosis string
		change          func(arrays []npz.Array)
	}{
		{"right", "", func([]npz.Array) {}},
		{"sum", "sum", func(arrays []npz.Array) {
			for i, a := range arrays {
				if strings.HasSuffix(a.Name, ".grad") {
					arrays[i].Data = scaled(a.Data.([]float64), 5)
				}
			}
		}},
		{"conv's bias zero", "no-bias-gradient", func(arrays []npz.Array) { edited(arrays, "conv1.b.grad", func(x []float64) { clear(x) }) }},
		{"labels shifted", "labels-shifted", func(arrays []npz.Array) {
			labels := slices.Clone(arrays[1].Data.([]int64))
			for i := range labels {
				labels[i] = (labels[i] + 3) % 4
			}
			arrays[1].Data = labels
		}},
		{"labels in another order", "labels-permuted", func(arrays []npz.Array) {
			labels := arrays[1].Data.([]int64)
			arrays[1].Data = append(slices.Clone(labels[1:]), labels[0])
		}},
		{"dense1 turned", "transposed", func(arrays []npz.Array) {
			for i, a := range arrays {
				if a.Name == "dense1.w.grad" {
					arrays[i].Shape, arrays[i].Data = []int{6, 27}, turned(a.Data.([]float64), 27)
				}
			}
		}},
		{"filters flipped", "?", func(arrays []npz.Array) { edited(arrays, "conv1.w.grad", slices.Reverse[[]float64]) }},
	} {
		arrays, _ := deepFile(t, 5)
		c.change(arrays)
		f, err := file(t, arrays).Check(t.Context(), &small, 0)
		if err != nil {
			t.Fatal(err)
		}
		name := ""
		if f.Diagnosis != nil {
			name = f.Diagnosis.Name
		} else if f.First != nil {
			name = "?"
		}
		if name != c.diagnosis || c.diagnosis == "" && f.Gradients > 1e-12 {
			t.Errorf("%s: %+v, %+v", c.name, f.First, f.Diagnosis)
		}
	}
}

// TestFileModelErrors: files that are not of the model.
func TestFileModelErrors(t *testing.T) {
	for _, c := range []struct {
		change func(arrays []npz.Array) []npz.Array
		want   string
	}{
		{func(a []npz.Array) []npz.Array {
			return append(a, npz.Array{Name: "conv2.w", Shape: []int{}, Data: []float64{1}})
		}, "conv2.w belongs to no layer; the layers are [conv1 dense1 dense2]"},
		{reshaped("conv1.w", 3, 3, 3), "conv1.w has the shape [3 3 3], which does not fit conv1.w (3, 1, 3, 3) of small"},
		{reshaped("x", 5, 63), "x has the shape [5 63], but the network has 64 inputs"},
		{reshaped("mask1", 5, 26), "mask 0 has 26 numbers an example, and (3, 3, 3) are needed"},
		{without("dense2.w"), "no w3, the weights of layer 3, dense2.w"},
	} {
		arrays, _ := deepFile(t, 5)
		_, err := file(t, c.change(arrays)).Check(t.Context(), &small, 0)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

// TestFileCatalogue: each fully connected model of the catalogue by the derivation whose parts can be wrong is what it is as a graph.
func TestFileCatalogue(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range models.All {
		s, err := ofModel(m)
		if err != nil {
			t.Fatal(err)
		}
		if s.sizes == nil || seen[fmt.Sprint(s.sizes, s.act, s.loss.Name)] {
			continue
		}
		seen[fmt.Sprint(s.sizes, s.act, s.loss.Name)] = true
		p := program{sizes: s.sizes, m: 3, hidden: "sigmoid", loss: s.loss.Name}
		f, err := file(t, p.begin().run().arrays(styles[1])).Check(t.Context(), &m, 0)
		if err != nil {
			t.Fatal(err)
		}
		if f.First != nil || f.Gradients > 1e-12 || f.Network != m.Name {
			t.Errorf("%s: %+v", m.Name, f)
		}
		problems, err := file(t, p.arrays(styles[1])).steps[0].problems(s)
		if err != nil {
			t.Fatal(err)
		}
		_, g, err := problems[0].onGraph()
		if err != nil {
			t.Fatal(err)
		}
		for i, ours := range problems[0].ours() {
			if d := difference(ours, g[i]); d.Rel > 1e-12 {
				t.Errorf("%s: %s by hand differs by %v", m.Name, s.params[i].name, d.Rel)
			}
		}
	}
	if len(seen) < 6 {
		t.Errorf("only %v", seen)
	}
}
