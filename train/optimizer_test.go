package train_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// TestSGD compares three steps with the formulas, over plain loops: weights decay once a step, biases never.
func TestSGD(t *testing.T) {
	const eta, l2 = .3, .02
	for _, mu := range []float64{0, .9} {
		for _, c := range []graph.Config{{Seed: 3}, {Seed: 3, Float64: true}} {
			n := network(t, graph.Dense{Out: 7}, graph.Quadratic, c, 5)
			tolerance := 1e-6
			if c.Float64 {
				tolerance = 1e-15
			}
			var want, v [][]float64
			for _, p := range n.Params {
				want, v = append(want, p.Float64s()), append(v, make([]float64, p.Len()))
			}
			o := &train.SGD{Momentum: mu}
			for i := range 3 {
				if _, err := n.Step([]float32{1, -2, 3, .5, float32(i)}, []byte{4}); err != nil {
					t.Fatal(err)
				}
				for k, p := range n.Params {
					decay := l2 * float64(1-k) // the weights come first
					for j, g := range p.GradFloat64s() {
						v[k][j] = mu*v[k][j] - eta*(g+decay*want[k][j])
						want[k][j] += v[k][j]
					}
				}
				o.Step(n.Params, eta, l2)
			}
			for k, p := range n.Params {
				for j, w := range p.Float64s() {
					if math.Abs(w-want[k][j]) > tolerance*max(1, math.Abs(want[k][j])) {
						t.Errorf("μ = %v, %+v: %s[%d] is %v, want %v", mu, c, p.Name, j, w, want[k][j])
					}
				}
			}
		}
	}
}

// TestVelocity: the state is the optimiser's own memory, one tensor a parameter, and nothing without momentum.
func TestVelocity(t *testing.T) {
	for _, c := range []graph.Config{{}, {Float64: true}} {
		n := network(t, graph.Dense{Out: 2}, graph.Quadratic, c, 3)
		if s := (&train.SGD{}).State(n.Params); len(s) != 0 {
			t.Errorf("without momentum: %v", s)
		}
		o := &train.SGD{Momentum: .5}
		before := n.Params[1].Float64s()
		switch v := o.State(n.Params)["dense1.b.velocity"].(type) {
		case []float32:
			v[0] = 8
		case []float64:
			v[0] = 8
		}
		o.Step(n.Params, 1, 0) // with gradients of 0
		after := n.Params[1].Float64s()
		if math.Abs(after[0]-before[0]-4) > 1e-6 || after[1] != before[1] || len(o.State(n.Params)) != 2 {
			t.Errorf("%+v: %v became %v", c, before, after)
		}
	}
}

// TestL2PerStep: over an epoch of many mini-batches every step decays once by 1−ηλ/n, n the training images, whatever the batch.
func TestL2PerStep(t *testing.T) {
	const n = 12
	net := network(t, graph.Dense{Out: 2}, graph.Quadratic, graph.Config{Float64: true}, n)
	w, b := net.Params[0].Float64s(), net.Params[1].Float64s()
	sgd := &train.SGD{}
	tr := train.Trainer{
		Net: net, Train: pixels(n, 0), Validation: pixels(n, 0), Epochs: 2, Batch: 5, Eta: .5, Lambda: 3,
		Optimizer: optimizer(func(params []*graph.Param, eta, l2 float64) {
			for _, p := range params {
				clear(p.Grad.([]float64))
			}
			sgd.Step(params, eta, l2)
		}),
	}
	run(t, &tr)
	for i := range w {
		w[i] *= math.Pow(1-.5*3./n, 6) // 2 epochs of 3
	}
	for i, v := range net.Params[0].Float64s() {
		if math.Abs(v-w[i]) > 1e-14 {
			t.Errorf("weight %d is %v, want %v", i, v, w[i])
		}
	}
	if !slices.Equal(net.Params[1].Float64s(), b) {
		t.Error("the biases decayed")
	}
}
