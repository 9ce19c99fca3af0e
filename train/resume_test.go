package train_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// saved is what a checkpoint holds.
type saved struct {
	state   []byte
	tensors map[string][]float32
}

// training returns a network and a trainer like the given one, new or from a checkpoint.
func training(t *testing.T, like train.Trainer, from *saved) *train.Trainer {
	t.Helper()
	layers := graph.Seq{
		graph.Conv{Out: 2, Kernel: 3}, graph.BatchNorm{}, graph.MaxPool{Size: 2}, graph.PReLU{}, graph.Dropout2D{P: .25}, graph.Dense{Out: 5},
		graph.BatchNorm{Momentum: .3}, graph.Sigmoid,
		graph.Dropout{P: .5}, graph.Dense{Out: 4},
	}
	tr := like
	tr.Net = network(t, layers, graph.LogLikelihood, graph.Config{Seed: 6}, 1, 6, 6)
	tr.Train, tr.Validation = corners(47, 1), corners(20, 2)
	tr.Epochs, tr.Batch, tr.Eta, tr.Lambda, tr.Seed = 6, 10, .001, 1, 8
	start(t, &tr, from)
	return &tr
}

// start starts a trainer from the beginning, or from a checkpoint.
func start(t *testing.T, tr *train.Trainer, from *saved) {
	t.Helper()
	if from == nil {
		if err := tr.Start(); err != nil {
			t.Fatal(err)
		}
		return
	}
	for name, x := range memory(tr) {
		copy(x, from.tensors[name])
	}
	var s train.State
	if err := json.Unmarshal(from.state, &s); err != nil {
		t.Fatal(err)
	}
	if err := tr.Restore(s); err != nil {
		t.Fatal(err)
	}
}

// memory returns the tensors of a training by name.
func memory(tr *train.Trainer) map[string][]float32 {
	m := map[string][]float32{}
	for _, x := range tr.Tensors() {
		m[x.Name] = x.Data.([]float32)
	}
	return m
}

// save copies everything that is needed to continue.
func save(t *testing.T, tr *train.Trainer) *saved {
	t.Helper()
	state, err := json.Marshal(tr.State())
	if err != nil {
		t.Fatal(err)
	}
	s := saved{state, map[string][]float32{}}
	for name, x := range memory(tr) {
		s.tensors[name] = slices.Clone(x)
	}
	return &s
}

// until runs a training to its end, or to the given step of the whole training, where it cancels the context.
func until(t *testing.T, tr *train.Trainer, last uint64) (epochs []train.Epoch, stopped bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	tr.Progress = func(s train.State) {
		if s.Steps+1 == last {
			cancel() // the mini-batch that begins now is still trained
		}
	}
	for e, err := range tr.Run(ctx) {
		if errors.Is(err, context.Canceled) {
			return epochs, true
		}
		if err != nil {
			t.Fatal(err)
		}
		e.Seconds, e.PerSecond = 0, 0 // they depend on the clock
		epochs = append(epochs, e)
	}
	return epochs, false
}

var (
	plain    = train.Trainer{Optimizer: train.SGD{}, Schedule: train.Plateau{}, Patience: 2}
	momentum = train.Trainer{Optimizer: train.SGD{Momentum: .9}, Schedule: train.Plateau{}, Patience: 2}

	// trainings have every optimizer, every schedule, and what else is kept from one mini-batch to the next.
	trainings = []train.Trainer{
		plain, momentum,
		{Optimizer: train.Nesterov{}, Schedule: train.Plateau{}, Patience: 2},
		{Optimizer: train.RMSProp{}, Schedule: train.Staircase{Every: 2, Factor: .3}},
		{Optimizer: train.AdaGrad{}, Schedule: train.Warmup{Steps: 3, Then: train.Plateau{}}, Patience: 2},
		{Optimizer: train.AdaDelta{}, Schedule: train.Warmup{Epochs: .5, Then: train.Cosine{}}, EMA: .5, Etas: train.Etas{"dense1": .01}},
		{Optimizer: train.Adam{}, Schedule: train.OneCycle{}, Clip: .5, EMA: .9},
		{Optimizer: train.AdamW{}, Schedule: train.Cosine{Warmup: .1}},
		{Optimizer: train.SGD{}, Schedule: train.OneCycle{Linear: true}, EMA: .6, Patience: 9},
	}
)

// TestResume stops a training after each of its steps, or several of them, rebuilds it from what was saved, and expects the epochs and the bits
// of a training that was never stopped.
func TestResume(t *testing.T) {
	for _, like := range trainings {
		whole := training(t, like, nil)
		want, _ := until(t, whole, 0)
		if last := want[len(want)-1]; last.Epoch != 5 || last.Eta > .0005 {
			t.Fatalf("patience never ended: %+v", want)
		}
		for _, stops := range [][]uint64{{1}, {4}, {5}, {6}, {10}, {15}, {19}, {25}, {29}, {3, 7, 8}, {5, 10, 15, 20, 25}} {
			tr := training(t, like, nil)
			var got []train.Epoch
			for _, at := range stops {
				epochs, stopped := until(t, tr, at)
				if s := tr.State(); !stopped || s.Steps != at || s.Epoch*5+s.Batch != int(at) {
					t.Fatalf("stopped at step %d: %v, %+v", at, stopped, s)
				}
				got = append(got, epochs...)
				tr = training(t, like, save(t, tr))
			}
			rest, _ := until(t, tr, 0)
			if got = append(got, rest...); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%+v, stopped at %v:\n%+v\nwant\n%+v", like, stops, got, want)
			}
			if !maps.EqualFunc(memory(tr), memory(whole), slices.Equal) {
				t.Errorf("%+v, stopped at %v: other weights", like, stops)
			}
		}
	}
}

// TestSameBits: the same seed gives the same bits, whatever the number of threads; another seed does not.
func TestSameBits(t *testing.T) {
	final := func(like train.Trainer, c graph.Config, order uint64) map[string][]float32 {
		tr := training(t, like, nil)
		c.Seed = cmp.Or(c.Seed, 6)
		tr.Net = network(t, graph.Seq{graph.Conv{Out: 3, Kernel: 3}, graph.BatchNorm{}, graph.ReLU, graph.Dropout{P: .5}, graph.Dense{Out: 4}}, graph.LogLikelihood, c, 1, 6, 6)
		tr.Seed, tr.Epochs, tr.Batch = order, 2, 16
		run(t, tr)
		return memory(tr)
	}
	for _, like := range trainings {
		want := final(like, graph.Config{}, 8)
		for _, c := range []struct {
			config graph.Config
			order  uint64
			same   bool
		}{
			{graph.Config{}, 8, true}, {graph.Config{Threads: 1}, 8, true}, {graph.Config{Threads: 2}, 8, true}, {graph.Config{Threads: 3}, 8, true},
			{graph.Config{Seed: 7}, 8, false}, {graph.Config{}, 9, false},
		} {
			if got := maps.EqualFunc(final(like, c.config, c.order), want, slices.Equal); got != c.same {
				t.Errorf("%+v, %+v, order %d: the same bits is %v", like, c.config, c.order, got)
			}
		}
	}
}

// TestCanceledBefore: nothing happens if the context is already canceled.
func TestCanceledBefore(t *testing.T) {
	tr := training(t, plain, nil)
	before := save(t, tr)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	n := 0
	for e, err := range tr.Run(ctx) {
		if n++; !errors.Is(err, context.Canceled) || e != (train.Epoch{}) {
			t.Errorf("%+v, %v", e, err)
		}
	}
	if n != 1 || tr.State().Steps != 0 || !maps.EqualFunc(memory(tr), before.tensors, slices.Equal) {
		t.Errorf("%d results, %+v", n, tr.State())
	}
}

// TestBreak: leaving the loop stops the training after an epoch, and another loop continues it.
func TestBreak(t *testing.T) {
	whole, tr := training(t, momentum, nil), training(t, momentum, nil)
	until(t, whole, 0)
	for i := range 6 {
		for e, err := range tr.Run(context.Background()) {
			if err != nil || e.Epoch != i || e.Last != (i == 5) {
				t.Errorf("%+v, %v", e, err)
			}
			break
		}
	}
	for range tr.Run(context.Background()) {
		t.Error("an epoch after the last")
	}
	if !maps.EqualFunc(memory(tr), memory(whole), slices.Equal) {
		t.Error("other weights")
	}
}
