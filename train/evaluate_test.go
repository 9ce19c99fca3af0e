package train_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// TestEvaluate compares whole sets, whose sizes fill chunks or do not, with their images one by one.
func TestEvaluate(t *testing.T) {
	n := network(t, graph.Seq{graph.Dense{Out: 5}, graph.Tanh, graph.Dense{Out: 4}}, graph.LogLikelihood, graph.Config{Seed: 2}, 1, 6, 6)
	for _, size := range []int{1, 2, 99, 100, 101, 250} {
		d := corners(size, uint64(size))
		got, err := train.Evaluate(t.Context(), n, d)
		if err != nil {
			t.Fatal(err)
		}
		y, err := train.Predict(n, d)
		if err != nil {
			t.Fatal(err)
		}
		var want graph.Stats
		for i := range size {
			x := make([]float32, 36)
			for k, b := range d.Pixels[36*i : 36*i+36] {
				x[k] = float32(b) / 256
			}
			s, err := n.Evaluate(x, hot(n, d.Labels[i:i+1]))
			if err != nil {
				t.Fatal(err)
			}
			want.Cost += s.Cost / float64(size)
			want.Correct += s.Correct
			p := make([]float32, 4)
			if err := n.Predict(p, x); err != nil {
				t.Fatal(err)
			}
			for k, v := range p {
				if math.Abs(float64(v-y[4*i+k])) > 1e-6 {
					t.Errorf("%d images: output %d of image %d is %v, alone %v", size, k, i, y[4*i+k], v)
				}
			}
		}
		if math.Abs(got.Cost-want.Cost) > 1e-6 || got.Correct != want.Correct || len(y) != 4*size {
			t.Errorf("%d images: %+v, one by one %+v", size, got, want)
		}
	}
	if got, err := train.Evaluate(t.Context(), n, train.Images{}); err != nil || got != (graph.Stats{}) {
		t.Errorf("no images: %+v, %v", got, err)
	}
	const want = "train: 9 images with 81 bytes in total do not fit a network with 36 inputs"
	if _, err := train.Evaluate(t.Context(), n, pixels(9, 0)); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error %v", err)
	}
	if _, err := train.Predict(n, pixels(9, 0)); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error %v", err)
	}
}

// asked is a context that is canceled once it has been asked a given number of times.
type asked struct {
	context.Context
	times, until int
}

func (a *asked) Err() error {
	if a.times++; a.times > a.until {
		return context.Canceled
	}
	return nil
}

// TestCancelEvaluation: an evaluation stops within a hundred images. A training that was stopped in it has finished its last mini-batch.
func TestCancelEvaluation(t *testing.T) {
	n := network(t, graph.Dense{Out: 4}, graph.LogLikelihood, graph.Config{Seed: 2}, 1, 6, 6)
	d := corners(950, 1)
	for until, want := range map[int]error{0: context.Canceled, 4: context.Canceled, 9: context.Canceled, 10: nil} {
		ctx := &asked{t.Context(), 0, until}
		if _, err := train.Evaluate(ctx, n, d); err != want || ctx.times != min(until+1, 10) {
			t.Errorf("canceled after %d: %v after %d chunks", until, err, ctx.times)
		}
	}
	tr := &train.Trainer{Net: n, Optimizer: train.SGD{}, Train: d, Validation: d, Epochs: 3, Batch: 100, Eta: 1}
	if err := tr.Start(); err != nil {
		t.Fatal(err)
	}
	for e, err := range tr.Run(&asked{t.Context(), 0, 10 + 5}) { // ten mini-batches, and half of the evaluation
		if s := tr.State(); err != context.Canceled || e != (train.Epoch{}) || s.Epoch != 0 || s.Batch != 10 || s.Steps != 10 {
			t.Errorf("%+v, %v: %+v", e, err, s)
		}
	}
}

// TestInterval: Wilson's interval without correction, method 3 of Newcombe (1998), with the figures of his table I.
func TestInterval(t *testing.T) {
	for _, c := range []struct {
		correct, total int
		low, high      float64
	}{
		{81, 263, .2553, .3662}, {15, 148, .0624, .1605}, {0, 20, 0, .1611}, {1, 29, .0061, .1718}, {20, 20, .8389, 1},
		{9542, 10000, .9499, .9581},
	} {
		low, high := train.Interval(c.correct, c.total)
		if math.Abs(low-c.low) > 5.1e-5 || math.Abs(high-c.high) > 5.1e-5 {
			t.Errorf("%d of %d: %v to %v, want %v to %v", c.correct, c.total, low, high, c.low, c.high)
		}
		for _, p := range []float64{low, high} { // each end is where the score test just fails
			d := float64(c.correct)/float64(c.total) - p
			if v := 1.959964 * 1.959964 * p * (1 - p) / float64(c.total); math.Abs(d*d-v) > 1e-12 {
				t.Errorf("%d of %d: %v is no end of a score interval", c.correct, c.total, p)
			}
		}
	}
}
