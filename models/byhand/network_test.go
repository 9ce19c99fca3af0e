package byhand

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// network returns a Network2 with the cost and large weights.
func network(seed uint64, cost Cost, sizes ...int) *Network2 {
	net := New2(seed, cost, sizes...)
	net.LargeWeightInitializer()
	return net
}

// examples returns n random examples, with some inputs 0 and desired outputs
// between 0 and 1.
func examples(seed uint64, n, inputs, outputs int) Examples {
	rng := rand.New(rand.NewPCG(seed, 0))
	var all Examples
	for range n {
		x, y := make([]float64, inputs), make([]float64, outputs)
		for k := range x {
			x[k] = max(0, rng.NormFloat64())
		}
		for j := range y {
			y[j] = rng.Float64()
		}
		all = append(all, Example{x, y})
	}
	return all
}

// copied returns a copy of the network that shares no memory with it.
func copied(net *Network2) *Network2 {
	c := *net
	c.Weights, c.Biases = nil, nil
	for l := range net.Weights {
		c.Weights = append(c.Weights, slices.Clone(net.Weights[l]))
		c.Biases = append(c.Biases, slices.Clone(net.Biases[l]))
	}
	return &c
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

// TestBackprop compares every component of the gradient with central differences
// of the cost, exact to the fourth order of the step.
func TestBackprop(t *testing.T) {
	const h, rtol = 1e-3, 1e-6
	for _, cost := range []Cost{QuadraticCost{}, CrossEntropyCost{}} {
		for _, sizes := range [][]int{{4, 3}, {5, 4, 3}, {5, 4, 3, 2}} {
			net := network(1, cost, sizes...)
			example := examples(2, 1, sizes[0], sizes[len(sizes)-1])[0]
			nablaB, nablaW := net.Backprop(example.X, example.Y)
			at := func(v *float64, step float64) float64 {
				old := *v
				defer func() { *v = old }()
				*v += step
				return net.Cost.Fn(net.Feedforward(example.X), example.Y)
			}
			check := func(name string, v, nabla []float64) {
				if len(v) != len(nabla) {
					t.Fatalf("%v %v: gradient of %s has %d numbers, want %d", cost, sizes, name, len(nabla), len(v))
				}
				for i := range v {
					p := &v[i]
					want := (8*(at(p, h)-at(p, -h)) - (at(p, 2*h) - at(p, -2*h))) / (12 * h)
					near(t, fmt.Sprintf("%v %v: gradient of %s[%d]", cost, sizes, name, i), nabla[i], want, rtol*math.Abs(want))
				}
			}
			for l := range net.Weights {
				check(fmt.Sprintf("Biases[%d]", l), net.Biases[l], nablaB[l])
				check(fmt.Sprintf("Weights[%d]", l), net.Weights[l], nablaW[l])
			}
		}
	}
}

// TestOneNeuron repeats the first two runs of chapter 3: one neuron that
// learns to turn 1 into 0, with its output before the first step and after
// the last of 300.
func TestOneNeuron(t *testing.T) {
	for _, run := range []struct{ w, b, first, last float64 }{
		{0.6, 0.9, 0.8176, 0.0940},
		{2, 2, 0.9820, 0.2028},
	} {
		net := New(0, 1, 1)
		net.Weights[0][0], net.Biases[0][0] = run.w, run.b
		data := Examples{{X: []float64{1}, Y: []float64{0}}}
		near(t, "first output", net.Feedforward(data[0].X)[0], run.first, 5e-5)
		for range net.SGD(data, 300, 1, 0.15, nil) {
		}
		near(t, "last output", net.Feedforward(data[0].X)[0], run.last, 5e-5)
	}
}

func TestSigmoid(t *testing.T) {
	for _, c := range []struct{ z, a, prime float64 }{
		{0, 0.5, 0.25},
		{1, 0.7310585786300049, 0.19661193324148185},
		{-1, 0.2689414213699951, 0.19661193324148185},
		{1000, 1, 0},
		{-1000, 0, 0},
		{math.Inf(1), 1, 0},
		{math.Inf(-1), 0, 0},
	} {
		near(t, fmt.Sprintf("sigmoid(%v)", c.z), sigmoid(c.z), c.a, 1e-16)
		near(t, fmt.Sprintf("sigmoidPrime(%v)", c.z), sigmoidPrime(c.z), c.prime, 1e-16)
	}
}

// TestUpdateMiniBatch compares the step with the sum of the single gradients,
// most importantly for ten examples of ten outputs, where a bias added along the
// wrong axis goes unnoticed.
func TestUpdateMiniBatch(t *testing.T) {
	for _, m := range []int{1, 3, 10} {
		const eta = 0.5
		net := network(3, QuadraticCost{}, 6, 4, 10)
		want := copied(net)
		batch := examples(4, m, 6, 10)
		for _, example := range batch {
			nablaB, nablaW := net.Backprop(example.X, example.Y)
			for l := range want.Weights {
				for i := range want.Weights[l] {
					want.Weights[l][i] -= eta / float64(m) * nablaW[l][i]
				}
				for i := range want.Biases[l] {
					want.Biases[l][i] -= eta / float64(m) * nablaB[l][i]
				}
			}
		}
		net.Network.UpdateMiniBatch(batch, eta)
		for l := range net.Weights {
			for i := range net.Weights[l] {
				near(t, fmt.Sprintf("m = %d: Weights[%d][%d]", m, l, i), net.Weights[l][i], want.Weights[l][i], 1e-14)
			}
			for i := range net.Biases[l] {
				near(t, fmt.Sprintf("m = %d: Biases[%d][%d]", m, l, i), net.Biases[l][i], want.Biases[l][i], 1e-14)
			}
		}
	}
}

// TestShortBatch trains with three equal examples in mini-batches of two. The
// mean gradient of two is that of one, so both batches make the same step if
// the second, of one example, is neither dropped nor divided by two.
func TestShortBatch(t *testing.T) {
	one := examples(5, 1, 4, 2)
	three := Examples{one[0], one[0], one[0]}
	for name, sgd := range map[string]func(net *Network2){
		"network": func(net *Network2) {
			for range net.Network.SGD(three, 1, 2, 0.5, nil) {
			}
		},
		"network2": func(net *Network2) {
			for range net.SGD(three, 1, 2, 0.5, 0) {
			}
		},
	} {
		net := network(6, CrossEntropyCost{}, 4, 3, 2)
		want := copied(net)
		for range 2 {
			want.Network.UpdateMiniBatch(one, 0.5)
		}
		sgd(net)
		if !reflect.DeepEqual(net, want) {
			t.Errorf("%s: not two steps with the mean gradient", name)
		}
	}
}

func TestSGD(t *testing.T) {
	data := examples(7, 20, 3, 2)
	train := func(seed uint64, stop int) (Network, []Epoch) {
		net := New(8, 3, 4, 2)
		net.Seed = seed
		var epochs []Epoch
		for epoch := range net.SGD(data, 5, 3, 1, data) {
			epochs = append(epochs, epoch)
			if epoch.Correct != net.Evaluate(data) || epoch.Total != 20 || epoch.Index != len(epochs)-1 {
				t.Errorf("epoch %d: %+v, %d are correct", len(epochs)-1, epoch, net.Evaluate(data))
			}
			if len(epochs) == stop {
				break
			}
		}
		net.Seed = 0
		return *net, epochs
	}
	a, epochs := train(1, 5)
	b, _ := train(1, 5)
	c, _ := train(2, 5)
	d, stopped := train(1, 2)
	if len(epochs) != 5 || len(stopped) != 2 {
		t.Errorf("%d epochs and %d up to the break, want 5 and 2", len(epochs), len(stopped))
	}
	if !reflect.DeepEqual(a, b) {
		t.Error("two trainings of one seed differ")
	}
	if reflect.DeepEqual(a, c) {
		t.Error("another seed gives the same order")
	}
	if reflect.DeepEqual(a, d) {
		t.Error("the training did not stop at the break")
	}
}

// TestOrder: the second epoch of a training has another order than the first,
// which two trainings of one epoch repeat.
func TestOrder(t *testing.T) {
	data := examples(7, 20, 3, 2)
	for name, sgd := range map[string]func(net *Network2, epochs int){
		"network": func(net *Network2, epochs int) {
			for range net.Network.SGD(data, epochs, 3, 1, nil) {
			}
		},
		"network2": func(net *Network2, epochs int) {
			for range net.SGD(data, epochs, 3, 1, 0) {
			}
		},
	} {
		once, twice := network(8, QuadraticCost{}, 3, 2), network(8, QuadraticCost{}, 3, 2)
		sgd(once, 2)
		sgd(twice, 1)
		sgd(twice, 1)
		if reflect.DeepEqual(once, twice) {
			t.Errorf("%s: both epochs have one order", name)
		}
	}
}

func TestEpoch(t *testing.T) {
	for epoch, want := range map[Epoch]string{
		{Index: 0, Correct: 9129, Total: 10000}: "Epoch 0: 9129 / 10000",
		{Index: 7}:                              "Epoch 7 complete",
	} {
		if epoch.String() != want {
			t.Errorf("%+v prints %q, want %q", epoch, epoch, want)
		}
	}
}

func TestEvaluate(t *testing.T) {
	net := New(0, 2, 2)
	net.Weights[0], net.Biases[0] = []float64{1, 0, 0, 1}, []float64{0, 0}
	data := Examples{
		{X: []float64{2, 1}, Y: []float64{1, 0}},
		{X: []float64{1, 2}, Y: []float64{1, 0}}, // Wrong.
		{X: []float64{1, 2}, Y: []float64{0, 1}},
		{X: []float64{1, 1}, Y: []float64{1, 0}}, // A draw.
	}
	if got := net.Evaluate(data); got != 3 {
		t.Errorf("%d correct, want 3", got)
	}
}

// TestWrongLength: slices of the wrong length panic, instead of giving a result
// from part of the numbers.
func TestWrongLength(t *testing.T) {
	net := New2(0, QuadraticCost{}, 3, 2)
	two, three := make([]float64, 2), make([]float64, 3)
	for name, f := range map[string]func(){
		"short input":  func() { net.Feedforward(two) },
		"long input":   func() { net.Feedforward(make([]float64, 4)) },
		"short output": func() { net.Backprop(three, two[:1]) },
		"long output":  func() { net.Backprop(three, three) },
		"long in cost": func() { net.TotalCost(Examples{{three, three}}, 0) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}
