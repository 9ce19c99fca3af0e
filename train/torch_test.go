package train_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/npz"
	"github.com/stheno-ml/stheno/train"
)

// torch are optimizers that PyTorch has, too: ../graph/testdata/torch/NAME.npz holds five of PyTorch's steps.
var torch = map[string]train.Optimizer{
	"sgd":      train.SGD{},
	"momentum": train.SGD{Momentum: .9},
	"nesterov": train.Nesterov{},
	"rmsprop":  train.RMSProp{Alpha: .99},
	"adagrad":  train.AdaGrad{},
	"adadelta": train.AdaDelta{},
	"adam":     train.Adam{},
	"adamw":    train.AdamW{},
}

// TestTorch compares the weights after each step with PyTorch's.
func TestTorch(t *testing.T) {
	for name, o := range torch {
		file, err := npz.ReadFile("../graph/testdata/torch/" + name + ".npz")
		if err != nil {
			t.Fatalf("%v; make.py beside it writes it", err)
		}
		arrays := map[string][]float32{}
		for _, a := range file {
			arrays[strings.TrimSuffix(a.Name, ".npy")] = a.Data.([]float32)
		}
		size := len(arrays["w"])
		p := &graph.Param{Shape: graph.Shape{size}, Data: slices.Clone(arrays["w"]), Decay: true}
		var kept []any
		for range o.Keeps() {
			kept = append(kept, make([]float32, size))
		}
		rates := train.Rates{Eta: float64(arrays["eta"][0]), L2: float64(arrays["decay"][0])}
		for from := 0; from < len(arrays["g"]); from += size {
			p.Grad = slices.Clone(arrays["g"][from : from+size])
			rates.Number++
			o.Update(p, kept, rates)
			for i, w := range p.Float64s() {
				if want := float64(arrays["after"][from+i]); !(math.Abs(w-want) <= 1e-5*max(1, math.Abs(want))) {
					t.Errorf("%s: after step %d weight %d is %v, want %v", name, rates.Number, i, w, want)
				}
			}
		}
	}
}
