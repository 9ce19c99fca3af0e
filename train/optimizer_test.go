package train_test

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// element is what the formulas in this test keep for an element: its weight, and what its optimizer keeps.
type element struct{ w, v, m float64 }

// rules are the optimizers in float64 by their papers' formulas: step t, counted from 1, for an element with gradient g.
var rules = []struct {
	name string
	o    train.Optimizer
	step func(e *element, g, eta, l2 float64, t int)
}{
	{"sgd", train.SGD{}, func(e *element, g, eta, l2 float64, _ int) {
		e.w = (1-eta*l2)*e.w - eta*g
	}},
	{"sgd(0.9)", train.SGD{Momentum: .9}, func(e *element, g, eta, l2 float64, _ int) {
		e.v = .9*e.v - eta*(g+l2*e.w)
		e.w += e.v
	}},
	{"nesterov", train.Nesterov{}, nesterov(.9)},
	{"nesterov(0.6)", train.Nesterov{Momentum: .6}, nesterov(.6)},
	{"rmsprop", train.RMSProp{}, rmsProp(.9, 1e-8)},
	{"rmsprop(0.5,0.1)", train.RMSProp{Alpha: .5, Eps: .1}, rmsProp(.5, .1)},
	{"adagrad", train.AdaGrad{}, adaGrad(1e-10)},
	{"adagrad(0.1)", train.AdaGrad{Eps: .1}, adaGrad(.1)},
	{"adadelta", train.AdaDelta{}, adaDelta(.9, 1e-6)},
	{"adadelta(0.5,0.1)", train.AdaDelta{Rho: .5, Eps: .1}, adaDelta(.5, .1)},
	{"adam", train.Adam{}, adam(.9, .999, 1e-8, true)},
	{"adam(0.7,0.9,0.1)", train.Adam{Beta1: .7, Beta2: .9, Eps: .1}, adam(.7, .9, .1, true)},
	{"adamw", train.AdamW{}, adam(.9, .999, 1e-8, false)},
	{"adamw(0.7,0.9,0.1)", train.AdamW{Beta1: .7, Beta2: .9, Eps: .1}, adam(.7, .9, .1, false)},
}

// nesterov is Sutskever et al. (2013), equations 3 and 4, in their own variables: e.w = θ + μv, the point ahead of θ where the gradient is taken.
// Their velocity v = −η e.v contains η, so the two agree as long as η is the same in all steps.
func nesterov(mu float64) func(e *element, g, eta, l2 float64, t int) {
	return func(e *element, g, eta, l2 float64, _ int) {
		theta := e.w + mu*eta*e.v
		e.v = mu*e.v + g + l2*e.w
		e.w = theta - eta*e.v - mu*eta*e.v
	}
}

func rmsProp(alpha, eps float64) func(e *element, g, eta, l2 float64, t int) {
	return func(e *element, g, eta, l2 float64, _ int) {
		g += l2 * e.w
		e.v = alpha*e.v + (1-alpha)*g*g
		e.w -= eta * g / (math.Sqrt(e.v) + eps)
	}
}

func adaGrad(eps float64) func(e *element, g, eta, l2 float64, t int) {
	return func(e *element, g, eta, l2 float64, _ int) {
		g += l2 * e.w
		e.v += g * g
		e.w -= eta * g / (math.Sqrt(e.v) + eps)
	}
}

// adaDelta is algorithm 1 of Zeiler (2012), line by line, with a learning rate: e.m is his E[Δx²].
func adaDelta(rho, eps float64) func(e *element, g, eta, l2 float64, t int) {
	rms := func(mean float64) float64 { return math.Sqrt(mean + eps) }
	return func(e *element, g, eta, l2 float64, _ int) {
		g += l2 * e.w
		e.v = rho*e.v + (1-rho)*g*g
		dx := -rms(e.m) / rms(e.v) * g
		e.m = rho*e.m + (1-rho)*dx*dx
		e.w += eta * dx
	}
}

// adam is algorithm 1 of Kingma and Ba (2015), or algorithm 2 of Loshchilov and Hutter (2019), line by line.
func adam(beta1, beta2, eps float64, coupled bool) func(e *element, g, eta, l2 float64, t int) {
	return func(e *element, g, eta, l2 float64, t int) {
		w := e.w
		if coupled {
			g += l2 * w
			l2 = 0
		}
		e.m = beta1*e.m + (1-beta1)*g
		e.v = beta2*e.v + (1-beta2)*g*g
		mHat := e.m / (1 - math.Pow(beta1, float64(t)))
		vHat := e.v / (1 - math.Pow(beta2, float64(t)))
		e.w = w - eta*(mHat/(math.Sqrt(vHat)+eps)) - eta*l2*w
	}
}

// TestOptimizers compares six steps with the formulas, with and without λ: weights decay, biases never.
func TestOptimizers(t *testing.T) {
	for _, r := range rules {
		for _, l2 := range []float64{0, .3} {
			for _, c := range []graph.Config{{Seed: 3}, {Seed: 3, Float64: true}} {
				follow(t, r.name, r.o, c, l2, r.step)
			}
		}
	}
}

func follow(t *testing.T, name string, o train.Optimizer, c graph.Config, l2 float64, formula func(e *element, g, eta, l2 float64, t int)) {
	t.Helper()
	const eta = .05
	n := network(t, graph.Dense{Out: 7}, graph.Quadratic, c, 5)
	tolerance := 3e-6
	if c.Float64 {
		tolerance = 1e-14
	}
	tr := train.Trainer{Net: n, Optimizer: o} // for its memory
	memory := map[string]any{}
	for _, x := range tr.Tensors() {
		memory[x.Name] = x.Data
	}
	var want [][]element
	for _, p := range n.Params {
		var all []element
		for _, w := range p.Float64s() {
			all = append(all, element{w: w})
		}
		want = append(want, all)
	}
	for i := range 6 {
		rate := eta * float64(6-i) // as a schedule changes it
		if _, err := n.Step([]float32{1, -2, 3, .5, float32(i)}, hot(n, []byte{4})); err != nil {
			t.Fatal(err)
		}
		for k, p := range n.Params {
			decay := l2 * float64(1-k) // the weights come first
			for j, g := range p.GradFloat64s() {
				formula(&want[k][j], g, rate, decay, i+1)
			}
			var kept []any
			for _, name := range o.Keeps() {
				kept = append(kept, memory[p.Name+"."+name])
			}
			o.Update(p, kept, train.Rates{Number: i + 1, Eta: rate, L2: l2})
		}
	}
	for k, p := range n.Params {
		for j, w := range p.Float64s() {
			if e := want[k][j]; math.Abs(w-e.w) > tolerance*max(1, math.Abs(e.w)) {
				t.Errorf("%s, λ/n = %v, %+v: %s[%d] is %v, want %v", name, l2, c, p.Name, j, w, e.w)
			}
		}
	}
}

// TestTensors: tensors are the trainer's own memory, with the parameters' shapes and type, and steps continue from what is written into
// them.
func TestTensors(t *testing.T) {
	for _, c := range []graph.Config{{}, {Float64: true}} {
		for _, k := range []struct {
			o       train.Optimizer
			tensors int
		}{{train.SGD{}, 0}, {train.SGD{Momentum: .5}, 4}, {train.Nesterov{}, 4}, {train.RMSProp{}, 4}, {train.AdaGrad{}, 4}, {train.AdaDelta{}, 8}, {train.Adam{}, 8}, {train.AdamW{}, 8}} {
			tr := train.Trainer{Net: network(t, graph.Seq{graph.Dense{Out: 2}, graph.Dense{Out: 2}}, graph.Quadratic, c, 3), Optimizer: k.o}
			all := tr.Tensors()
			if len(all) != 4+k.tensors {
				t.Errorf("%#v keeps %v", k.o, all)
			}
			for _, x := range all {
				if n := reflect.ValueOf(x.Data).Len(); n != x.Shape.TotalSize() || reflect.TypeOf(x.Data) != reflect.TypeOf(all[0].Data) {
					t.Errorf("%#v: %s of shape %v is %T of %d", k.o, x.Name, x.Shape, x.Data, n)
				}
			}
		}
		tr := train.Trainer{
			Net: network(t, graph.Dense{Out: 2}, graph.Quadratic, c, 3), Optimizer: train.SGD{Momentum: .5}, Epochs: 1, Batch: 1, Eta: 1e-30,
			Train: train.Images{Pixels: make([]byte, 3), Labels: make([]byte, 1)},
		}
		if err := tr.Start(); err != nil {
			t.Fatal(err)
		}
		last := tr.Tensors()[3]
		switch v := last.Data.(type) {
		case []float32:
			v[0] = 8
		case []float64:
			v[0] = 8
		}
		if last.Name != "dense1.b.velocity" {
			t.Errorf("the last tensor is %s", last.Name)
		}
		before := tr.Net.Params[1].Float64s()
		goOn(t, &tr)
		after := tr.Net.Params[1].Float64s()
		if math.Abs(after[0]-before[0]-4) > 1e-6 || after[1] != before[1] {
			t.Errorf("%+v: %v became %v", c, before, after)
		}
	}
}

// TestL2PerStep: in an epoch of many mini-batches each step decays once by 1−ηλ/n, for n training images, whatever the batch.
func TestL2PerStep(t *testing.T) {
	const n = 12
	net := network(t, graph.Dense{Out: 2}, graph.Quadratic, graph.Config{Float64: true}, n)
	w, b := net.Params[0].Float64s(), net.Params[1].Float64s()
	tr := train.Trainer{
		Net: net, Train: pixels(n, 0), Validation: pixels(n, 0), Epochs: 2, Batch: 5, Eta: .5, Lambda: 3,
		Optimizer: optimizer(func(p *graph.Param, s train.Rates) {
			clear(p.Grad.([]float64))
			train.SGD{}.Update(p, nil, s)
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
