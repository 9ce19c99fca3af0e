package train_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// corners are images of 6×6 with noise, in class c the corner number c bright: easy to learn.
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

// pixels are n images of n pixels; of image i pixel i alone is not 0, so that the gradient of the first weights tells which images
// a mini-batch had. Every label is the same.
func pixels(n int, label byte) train.Images {
	d := train.Images{Pixels: make([]byte, n*n), Labels: make([]byte, n)}
	for i := range n {
		d.Pixels[i*n+i], d.Labels[i] = 128, label
	}
	return d
}

// network is a new network.
func network(t *testing.T, l graph.Layer, loss *graph.Loss, c graph.Config, in ...int) *graph.Net {
	t.Helper()
	n, err := graph.New(l, loss, in, c)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// optimizer is a function as an optimizer.
type optimizer func(p *graph.Param, s train.Step)

func (f optimizer) Update(p *graph.Param, _ []any, s train.Step) { f(p, s) }
func (f optimizer) Keeps() []string                              { return nil }

// weights is a function as an optimizer of weights that leaves biases alone.
func weights(f func(w *graph.Param)) optimizer {
	return func(p *graph.Param, _ train.Step) {
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

// goOn runs a trainer to the end from where it stands.
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
