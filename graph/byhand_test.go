package graph_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models/byhand"
	"github.com/stheno-ml/stheno/train"
)

// twins are the same network as a graph and as loops, with the same weights.
type twins struct {
	graph *graph.Net
	hand  *byhand.Network2
}

func newTwins(t *testing.T, cost byhand.Cost, sizes []int, c graph.Config) twins {
	t.Helper()
	var layers graph.Seq
	for _, n := range sizes[1:] {
		layers = append(layers, graph.Dense{Out: n}, graph.Sigmoid)
	}
	loss := graph.Quadratic
	if cost == (byhand.CrossEntropyCost{}) {
		layers, loss = layers[:len(layers)-1], graph.CrossEntropy
	}
	tw := twins{fresh(t, layers, loss, shape{sizes[0]}, c), byhand.New2(7, cost, sizes...)}
	for l, w := range tw.hand.Weights {
		if err := tw.graph.Params[2*l].Set(turned(w, sizes[l+1])); err != nil {
			t.Fatal(err)
		}
		if err := tw.graph.Params[2*l+1].Set(tw.hand.Biases[l]); err != nil {
			t.Fatal(err)
		}
	}
	return tw
}

// turned returns the transpose of w, which has that many rows: by hand W is (out, in), in the graph (in, out).
func turned(w []float64, rows int) []float64 {
	y := make([]float64, len(w))
	for i, v := range w {
		cols := len(w) / rows
		y[i%cols*rows+i/cols] = v
	}
	return y
}

// compare compares values of the graph's parameters with weights and biases by hand.
func (tw twins) compare(t *testing.T, what string, of func(*graph.Param) []float64, w, b [][]float64, tolerance float64) {
	t.Helper()
	for l := range w {
		for i, want := range [][]float64{turned(w[l], tw.hand.Sizes[l+1]), b[l]} {
			p := tw.graph.Params[2*l+i]
			if d := apart(want, of(p)); !(d <= tolerance) {
				t.Errorf("%v %v: %s of %s differs by %v", tw.hand.Cost, tw.hand.Sizes, what, p.Name, d)
			}
		}
	}
}

// images returns m inputs, partly 0 as in MNIST, with labels, in the form for each of the two.
func images(m, inputs, classes int, seed uint64) (x []float32, labels []byte, batch []byhand.Example) {
	r := rand.New(rand.NewPCG(seed, 1))
	for range m {
		e := byhand.Example{X: make([]float64, inputs), Y: make([]float64, classes)}
		for i := range e.X {
			if r.IntN(3) > 0 {
				e.X[i] = float64(r.IntN(256)) / 256
			}
			x = append(x, float32(e.X[i]))
		}
		label := r.IntN(classes)
		e.Y[label] = 1
		labels, batch = append(labels, byte(label)), append(batch, e)
	}
	return x, labels, batch
}

var referees = []struct {
	cost  byhand.Cost
	sizes []int
	batch int
}{
	{byhand.QuadraticCost{}, []int{784, 30, 10}, 10},
	{byhand.CrossEntropyCost{}, []int{784, 30, 10}, 10},
	{byhand.QuadraticCost{}, []int{5, 4, 4, 3, 2}, 7},
	{byhand.CrossEntropyCost{}, []int{5, 4, 4, 3, 2}, 7},
	{byhand.QuadraticCost{}, []int{10, 10, 10}, 10}, // a bias added along the wrong axis would pass unnoticed in other shapes
	{byhand.CrossEntropyCost{}, []int{3, 1}, 1},
}

// TestByHand: cost and gradients of one mini-batch are those of backpropagation written by hand, to 1e-12.
func TestByHand(t *testing.T) {
	for _, r := range referees {
		for _, c := range []graph.Config{{Float64: true}, {Float64: true, Tape: true}} {
			tw := newTwins(t, r.cost, r.sizes, c)
			x, labels, batch := images(r.batch, r.sizes[0], r.sizes[len(r.sizes)-1], 1)
			s := step(t, tw.graph, x, labels)
			if want := tw.hand.TotalCost(byhand.Examples(batch), 0); math.Abs(s.Cost/want-1) > 1e-12 {
				t.Errorf("%v %v: cost %v, by hand %v", r.cost, r.sizes, s.Cost, want)
			}
			if want := tw.hand.Accuracy(byhand.Examples(batch)); s.Correct != want {
				t.Errorf("%v %v: %d right, by hand %d", r.cost, r.sizes, s.Correct, want)
			}
			w, b := gradient(&tw.hand.Network, batch)
			tw.compare(t, "gradient", (*graph.Param).GradFloat64s, w, b, 1e-12)
		}
	}
}

// gradient returns the mean gradient over a mini-batch by hand.
func gradient(net *byhand.Network, batch []byhand.Example) (w, b [][]float64) {
	for i, e := range batch {
		nb, nw := net.Backprop(e.X, e.Y)
		if i == 0 {
			w, b = make([][]float64, len(nw)), make([][]float64, len(nb))
		}
		for l := range nw {
			w[l], b[l] = plus(w[l], nw[l], len(batch)), plus(b[l], nb[l], len(batch))
		}
	}
	return w, b
}

func plus(sum, x []float64, m int) []float64 {
	if sum == nil {
		sum = make([]float64, len(x))
	}
	for i, v := range x {
		sum[i] += v / float64(m)
	}
	return sum
}

// TestLockstep trains both with L2 regularization, mini-batch by mini-batch. The last mini-batch is short.
func TestLockstep(t *testing.T) {
	const eta, lambda, total = .5, 5., 200
	for _, r := range referees {
		tw := newTwins(t, r.cost, r.sizes, graph.Config{Float64: true})
		for i := range 12 {
			m := r.batch
			if i == 11 {
				m = (m + 1) / 2
			}
			x, labels, batch := images(m, r.sizes[0], r.sizes[len(r.sizes)-1], uint64(i))
			step(t, tw.graph, x, labels)
			for _, p := range tw.graph.Params {
				train.SGD{}.Update(p, nil, train.Rates{Number: i + 1, Eta: eta, L2: lambda / total})
			}
			tw.hand.UpdateMiniBatch(batch, eta, lambda, total)
		}
		tw.compare(t, "value", (*graph.Param).Float64s, tw.hand.Weights, tw.hand.Biases, 1e-10)
	}
}
