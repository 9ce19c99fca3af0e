package train_test

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// corners are noisy images of 6×6 in which corner number c is bright for class c, which is easy to learn.
func corners(n int, seed uint64) train.Images {
	r := rand.New(rand.NewPCG(seed, 0))
	d := train.Images{Pixels: make([]byte, 36*n), Labels: make([]byte, n)}
	for i := range n {
		c := r.IntN(4)
		d.Labels[i] = byte(c)
		for p := range 36 {
			d.Pixels[36*i+p] = byte(r.IntN(100))
			if p/6/3 == c/2 && p%6/3 == c%2 {
				d.Pixels[36*i+p] += 120
			}
		}
	}
	return d
}

// pixels are n images of n pixels. In image i only pixel i is not 0, so that the gradient of the first weights shows which images a
// mini-batch had. All labels are equal.
func pixels(n int, label byte) train.Images {
	d := train.Images{Pixels: make([]byte, n*n), Labels: make([]byte, n)}
	for i := range n {
		d.Pixels[i*n+i], d.Labels[i] = 128, label
	}
	return d
}

// network returns a new network.
func network(t *testing.T, l graph.Layer, loss *graph.Loss, c graph.Config, in ...int) *graph.Net {
	t.Helper()
	n, err := graph.New(l, loss, in, c)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// optimizer turns a function into an optimizer.
type optimizer func(p *graph.Param, s train.Rates)

func (f optimizer) Update(p *graph.Param, _ []any, s train.Rates) { f(p, s) }
func (f optimizer) Keeps() []string                               { return nil }

// weights turns a function into an optimizer that changes weights and leaves biases alone.
func weights(f func(w *graph.Param)) optimizer {
	return func(p *graph.Param, _ train.Rates) {
		if p.Decay {
			f(p)
		}
	}
}

// run starts a trainer and runs it to the end.
func run(t *testing.T, tr *train.Trainer) (epochs []train.Epoch) {
	t.Helper()
	if err := tr.Start(); err != nil {
		t.Fatal(err)
	}
	return goOn(t, tr)
}

// goOn runs a trainer to the end from its current state.
func goOn(t *testing.T, tr *train.Trainer) (epochs []train.Epoch) {
	t.Helper()
	for e, err := range tr.Run(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		epochs = append(epochs, e)
	}
	return epochs
}

// TestClasses learns a thousand classes, more than a byte can number.
func TestClasses(t *testing.T) {
	const n = 1000
	d := train.Classes{Of: n}
	for i := range n {
		for bit := range 10 {
			d.X = append(d.X, float32(i>>bit&1))
		}
		d.Labels = append(d.Labels, i)
	}
	net := network(t, graph.Dense{Out: n}, graph.LogLikelihood, graph.Config{Seed: 1}, 10)
	tr := train.Trainer{Net: net, Optimizer: train.Adam{}, Train: d, Validation: d, Epochs: 40, Batch: 20, Eta: .05}
	epochs := run(t, &tr)
	if last := epochs[len(epochs)-1]; last.ValAcc < .99 || last.TrainAcc < .99 {
		t.Errorf("%+v", last)
	}
}

// TestUnfitData: data that do not fit the network give an error before the first step, which says what would fit.
func TestUnfitData(t *testing.T) {
	numbers := network(t, graph.Dense{Out: 2}, graph.MSE, graph.Config{}, 3)
	classes := network(t, graph.Dense{Out: 2}, graph.LogLikelihood, graph.Config{}, 3)
	for _, c := range []struct {
		n    *graph.Net
		d    train.Data
		want string
	}{
		{numbers, train.Arrays{X: make([]float32, 6), Y: make([]float32, 3), N: 2}, "train: 2 examples with 6 numbers and 3 targets in total do not fit a network with 3 inputs and 2 targets"},
		{numbers, train.Arrays{X: make([]float32, 5), Y: make([]float32, 4), N: 2}, "train: 2 examples with 5 numbers and 4 targets"},
		{classes, train.Classes{X: make([]float32, 6), Labels: []int{0, 2}}, "train: label 2 for a network with 2 outputs; give the last layer at least 3"},
		{classes, train.Classes{X: make([]float32, 6), Labels: []int{0, -1}}, "train: label -1; number the classes from 0"},
		{classes, train.Classes{X: make([]float32, 6), Labels: []int{0, 1}, Of: 3}, "train: 2 outputs for 3 classes; end the network with dense(3)"},
		{classes, train.Classes{X: make([]float32, 7), Labels: []int{0, 1}}, "train: 2 examples with 7 numbers in total"},
		{classes, train.Images{Pixels: make([]byte, 6), Labels: []byte{0, 1}, Classes: 3}, "train: 2 outputs for 3 classes"},
	} {
		tr := train.Trainer{Net: c.n, Optimizer: train.SGD{}, Train: c.d, Epochs: 1, Batch: 1, Eta: .1}
		if err := tr.Start(); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
}

// TestScore: without classes, the best epoch is the one with the lowest loss; with a Score of one's own, the one with the highest score.
func TestScore(t *testing.T) {
	d := train.Arrays{X: []float32{1, 2, 3, 4}, Y: []float32{2, 4, 6, 8}, N: 4}
	for _, own := range []func(train.Epoch) float64{nil, func(e train.Epoch) float64 { return float64(e.Epoch % 3) }} {
		n := network(t, graph.Dense{Out: 1}, graph.MSE, graph.Config{Seed: 1}, 1)
		tr := train.Trainer{Net: n, Optimizer: train.SGD{}, Train: d, Validation: d, Epochs: 5, Batch: 2, Eta: .01, Score: own}
		low := math.Inf(1)
		for _, e := range run(t, &tr) {
			if want := e.ValLoss < low; own == nil && (e.Best != want || e.ValAcc != 0) {
				t.Errorf("%+v after a lowest loss of %v", e, low)
			}
			low = min(low, e.ValLoss)
		}
		if b := tr.State().Best; own != nil && b != (train.Best{Epoch: 2, Score: 2}) {
			t.Errorf("best %+v", b)
		}
	}
}
