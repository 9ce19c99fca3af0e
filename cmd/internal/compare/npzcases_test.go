package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/internal/npz"
)

// TestFileOneNumber: the gradient of a bias that is one number, in whatever shape, is named, also in the last layer under a softmax,
// where the sum is 0 but for rounding.
func TestFileOneNumber(t *testing.T) {
	for _, shape := range [][]int{{}, {1}, {1, 1}, {4}} {
		for _, of := range []string{"db1 db2 db3", "db3", "db1 db2", "db2"} {
			p := (program{loss: "log-likelihood", hidden: "relu"}).begun(4)
			f := p.run().check(t, func(arrays []npz.Array) []npz.Array {
				for i, a := range arrays {
					if !slices.Contains(strings.Fields(of), a.Name) {
						continue
					}
					sum := []float64{total(a.Data.([]float64))}
					if arrays[i].Data = sum; len(shape) == 0 || shape[0] == 1 {
						arrays[i].Shape = shape
					} else {
						arrays[i].Data = slices.Repeat(sum, a.Shape[0])
					}
				}
				return arrays
			})
			if f.First == nil || f.Diagnosis == nil || f.Diagnosis.Name != "bias-one-number" {
				if of == "db1 db2" && len(shape) == 1 && shape[0] == 4 {
					continue // Nothing but the shape tells that just these are wrong alike.
				}
				t.Errorf("%v of %s: %+v, %+v", shape, of, f.First, f.Diagnosis)
			}
		}
	}
}

// TestFileZeroSum: sums that are 0 in theory are the same, whatever rounding leaves of them.
func TestFileZeroSum(t *testing.T) {
	p := (program{loss: "log-likelihood", norm: "batch"}).begun(1) // A bias before batch norm has no effect.
	arrays := p.batch().inModel(false)
	for _, rest := range []float64{0, 1e-17, -3e-17} {
		changed := edited(arrays, "db1", func(x []float64) { copy(x, same(x, rest)) })
		f, err := file(t, changed).Check(t.Context(), p.model(), 0)
		if err != nil || f.First != nil || f.Gradients > 1e-12 {
			t.Errorf("%v: %v, %+v", rest, err, f)
		}
	}
	changed := edited(arrays, "db1", func(x []float64) { x[0] = 1e-3 })
	if f, err := file(t, changed).Check(t.Context(), p.model(), 0); err != nil || f.First == nil || f.First.Tensor != "db1" {
		t.Errorf("%v, %+v", err, f)
	}
}

// TestFileEpsilon: a small number in the logarithm is said, and is no difference where it is small; a smaller one fares no worse.
func TestFileEpsilon(t *testing.T) {
	for _, loss := range []string{"log-likelihood", "cross-entropy"} {
		for power := 3; power <= 16; power++ {
			p := (program{bug: "log-epsilon", loss: loss, epsilon: math.Pow10(-power)}).begun(power)
			f := p.batch().check(t, unchanged)
			if (f.First == nil) != (power >= 6) || power <= 9 && (f.Diagnosis == nil || f.Diagnosis.Name != "log-epsilon") {
				t.Errorf("%s, %v: %v, %+v, %+v", loss, p.epsilon, f.Gradients, f.First, f.Diagnosis)
			}
		}
	}
}

// TestFileSentences: a factor is told of the network that there is.
func TestFileSentences(t *testing.T) {
	for _, bug := range []string{"half", "twice"} {
		for _, loss := range []string{"quadratic", "log-likelihood"} {
			p := (program{bug: bug, loss: loss}).begun(0)
			f := p.run().check(t, unchanged)
			if d := f.Diagnosis; d == nil || d.Name != bug || strings.Contains(d.Text, "quadratic") != (loss == "quadratic") {
				t.Errorf("%s: %+v", loss, d)
			}
		}
	}
}

// TestFileChain: weights that do not follow each other are told what would.
func TestFileChain(t *testing.T) {
	zeros := func(name string, shape ...int) npz.Array {
		return npz.Array{Name: name, Shape: shape, Data: make([]float64, shape[0]*shape[1])}
	}
	_, err := checked(t, []npz.Array{zeros("x", 2, 784), zeros("y", 2, 10), zeros("w1", 30, 784), zeros("w2", 10, 20), zeros("dw1", 30, 784)})
	const want = "w2 has the shape [10 20], which does not follow w1 with [30 784]; after that comes (…, 30) where weights are (out, in), and (784, …) where they are (in, out)"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Error(err)
	}
}

// TestFileAfterName: weights after the step have the names that the file gives them.
func TestFileAfterName(t *testing.T) {
	p := (program{loss: "cross-entropy", eta: .5}).begun(0)
	f := p.run().check(t, func(arrays []npz.Array) []npz.Array { return p.step(arrays, "") })
	var names []string
	for _, c := range f.Tensors[6:] {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, " "); got != "b3_new w3_after b2_new w2_after b1_new w1_after" {
		t.Error(got)
	}
}

// TestFileMomentum: over several steps an optimizer's velocity follows from the steps before.
func TestFileMomentum(t *testing.T) {
	for _, wrong := range []bool{false, true} {
		var all []npz.Array
		p := (program{loss: "cross-entropy", eta: .5}).begun(0)
		var velocity [][]float64
		for k := range 4 {
			p.run()
			for _, a := range p.arrays(styles[1]) {
				if data, ok := a.Data.([]float64); ok && a.Name != "eta" {
					all = append(all, npz.Array{Name: fmt.Sprintf("%d/%s", k, a.Name), Shape: a.Shape, Data: slices.Clone(data)})
				}
			}
			for i, w := range slices.Concat(p.w, p.b) {
				if k == 0 {
					velocity = append(velocity, make([]float64, len(w)))
				}
				velocity[i] = plus(scaled(velocity[i], .9), -p.eta, slices.Concat(p.dw, p.db)[i])
				if wrong && k == 2 {
					velocity[i] = scaled(velocity[i], .5)
				}
				axpy(w, 1, velocity[i])
			}
		}
		all = append(all, npz.Array{Name: "eta", Shape: []int{}, Data: []float64{p.eta}})
		f, err := file(t, p.told(all)).Check(t.Context(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		noted := strings.Contains(strings.Join(f.Notes, "\n"), "come from momentum 0.9 ")
		if wrong != (f.First != nil) || wrong && f.First.Step != 2 || !wrong && !noted {
			t.Errorf("%v: %+v, %q", wrong, f.First, f.Notes)
		}
	}
}

// TestFileStatistics: running statistics that move otherwise are seen.
func TestFileStatistics(t *testing.T) {
	p := (program{loss: "log-likelihood", norm: "batch"}).begun(1)
	arrays := edited(p.batch().inModel(false), "batchnorm2.mean.after", func(x []float64) { x[0] += .1 })
	f, err := file(t, arrays).Check(t.Context(), p.model(), 0)
	if err != nil || f.First == nil || f.First.Tensor != "batchnorm2.mean.after" {
		t.Errorf("%v, %+v", err, f)
	}
}

// TestFileNormal: what belongs to a layer that normalizes needs a model, and one of that layer.
func TestFileNormal(t *testing.T) {
	p := (program{loss: "log-likelihood", norm: "layer"}).begun(1)
	arrays := p.batch().inModel(false)
	for _, c := range []struct {
		name, want string
		model      bool
	}{
		{"", "without a model all layers are dense; name the model before --against", false},
		{"mean1", "mean1 belongs to no layer; the layers are", true},
		{"gamma7", "gamma7 belongs to layer 7, but there are normalizations of 2 layers", true},
		{"batchnorm1.gamma", "batchnorm1.gamma belongs to no layer; the layers are [dense1 layernorm1 dense2 layernorm2 dense3]", true},
	} {
		some := arrays
		if c.name != "" {
			some = append(slices.Clone(arrays), npz.Array{Name: c.name, Shape: []int{1}, Data: []float64{1}})
		}
		model := p.model()
		if !c.model {
			model = nil
		}
		if _, err := file(t, some).Check(t.Context(), model, 0); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
