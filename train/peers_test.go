package train_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// result is what a training gives: its epochs, and its tensors by name.
type result struct {
	epochs  []train.Epoch
	tensors map[string][]float64
}

// finish runs a trainer to its end.
func finish(tr *train.Trainer) (*result, error) {
	r := &result{tensors: map[string][]float64{}}
	for e, err := range tr.Run(context.Background()) {
		if err != nil {
			return nil, err
		}
		e.Seconds, e.PerSecond = 0, 0 // they depend on the clock
		r.epochs = append(r.epochs, e)
	}
	for _, x := range tr.Tensors() {
		switch d := x.Data.(type) {
		case []float64:
			r.tensors[x.Name] = append([]float64{}, d...)
		case []float32:
			for _, v := range d {
				r.tensors[x.Name] = append(r.tensors[x.Name], float64(v))
			}
		}
	}
	return r, nil
}

// near returns how far two results are apart, relative to numbers above 1, and where.
func (r *result) near(s *result) (most float64, where string) {
	if len(r.epochs) != len(s.epochs) || len(r.tensors) != len(s.tensors) {
		return math.Inf(1), fmt.Sprintf("%d and %d epochs", len(r.epochs), len(s.epochs))
	}
	apart := func(name string, a, b float64) {
		if d := math.Abs(a-b) / max(1, math.Abs(a)); !(d <= most) {
			most, where = d, name
		}
	}
	for i, e := range r.epochs {
		f := s.epochs[i]
		apart("train_loss", e.TrainLoss, f.TrainLoss)
		apart("val_loss", e.ValLoss, f.ValLoss)
		e.TrainLoss, e.ValLoss = f.TrainLoss, f.ValLoss
		if e != f {
			return math.Inf(1), fmt.Sprintf("%+v, want %+v", e, f)
		}
	}
	for name, x := range r.tensors {
		for i, v := range x {
			apart(name, v, s.tensors[name][i])
		}
	}
	return most, where
}

// sameBits reports whether two results have the same bits.
func (r *result) sameBits(s *result) bool { return fmt.Sprint(*r) == fmt.Sprint(*s) }

// peerwise are trainings that must give the same in parts as a whole.
var peerwise = []struct {
	name   string
	layers graph.Seq
	loss   *graph.Loss
	like   train.Trainer
}{
	{"sgd", graph.Seq{graph.Conv{Out: 3, Kernel: 3}, graph.MaxPool{Size: 2}, graph.ReLU, graph.Dropout{P: .25}, graph.Dense{Out: 7}, graph.Sigmoid,
		graph.Dropout{P: .5, Unscaled: true}, graph.Dense{Out: 4}}, graph.LogLikelihood,
		train.Trainer{Optimizer: train.SGD{}, Lambda: 1}},
	{"momentum and step", graph.Seq{graph.Conv{Out: 2, Kernel: 3, Pad: graph.Same}, graph.AvgPool{Size: 2}, graph.Tanh,
		graph.Residual{graph.Conv{Out: 2, Kernel: 3, Pad: graph.Same}}, graph.LayerNorm{}, graph.Dense{Out: 4}}, graph.CrossEntropy,
		train.Trainer{Optimizer: train.SGD{Momentum: .8}, Schedule: train.Staircase{Every: 1, Factor: .5}, Lambda: .5, DropTail: true}},
	{"adam, clip and average", graph.Seq{graph.Flatten{}, graph.Concat{{graph.Dense{Out: 5}, graph.Sigmoid}, {graph.Slice{From: 3, To: 20}}}, graph.Dropout{P: .3},
		graph.Dense{Out: 4}}, graph.ClassWeights(1, 2, .5, 3),
		train.Trainer{Optimizer: train.Adam{}, Clip: .5, EMA: .9, Schedule: train.Cosine{}}},
	{"adamw, one cycle and a warp", graph.Seq{graph.Shared{Name: "a", Layer: graph.Conv{Out: 1, Kernel: 3, Pad: graph.Same}}, graph.LeakyReLU{Slope: .1},
		graph.Shared{Name: "a", Layer: graph.Conv{Out: 1, Kernel: 3, Pad: graph.Same}}, graph.Dense{Out: 4}}, graph.Smoothed(.1),
		train.Trainer{Optimizer: train.AdamW{}, Schedule: train.OneCycle{}, Lambda: 2, Warp: train.Warp{Rotate: 20, Elastic: 1}.Draw(6, 6, 3)}},
	{"nesterov and patience", graph.Seq{graph.Frozen{Layer: graph.Dense{Out: 9}}, graph.Frozen{Layer: graph.BatchNorm{}}, graph.ReLU, graph.Add{{graph.Dense{Out: 4}}, {graph.Dense{Out: 4}, graph.Sigmoid}}}, graph.MSE,
		train.Trainer{Optimizer: train.Nesterov{}, Schedule: train.Plateau{}, Patience: 1}},
	{"maps dropped and slopes learned", graph.Seq{graph.Conv{Out: 3, Kernel: 3, Pad: graph.Same}, graph.PReLU{}, graph.MaxPool{Size: 3, Stride: 2, Pad: 1}, graph.Dropout2D{P: .25},
		graph.Conv{Out: 3, Kernel: 2}, graph.PReLU{Shared: true}, graph.Dropout2D{P: .5, Unscaled: true}, graph.AvgPool{Size: 2, Stride: 1, Pad: 1}, graph.Dense{Out: 4}}, graph.LogLikelihood,
		train.Trainer{Optimizer: train.SGD{}, Lambda: 1}},
	{"rmsprop", graph.Seq{graph.Repeat{Times: 2, Layers: graph.Seq{graph.Conv{Out: 2, Kernel: 3, Stride: 1, Pad: graph.Same}, graph.Dropout{P: .1}}}, graph.GlobalAvgPool{}, graph.Dense{Out: 4}},
		graph.BinaryCrossEntropy, train.Trainer{Optimizer: train.RMSProp{}, Clip: 2, EMA: .5}},
}

// trainer returns one of a training's peers, or the only trainer, for 42 images in mini-batches of 10. The last mini-batch has 2, fewer than four
// peers.
func trainer(t *testing.T, layers graph.Layer, loss *graph.Loss, like train.Trainer, c graph.Config, p train.Peers) *train.Trainer {
	c.Seed = 6
	like.Net = network(t, layers, loss, c, 1, 6, 6)
	like.Train, like.Validation, like.Peers = corners(42, 1), corners(23, 2), p
	like.Epochs, like.Batch, like.Eta, like.Seed = 3, 10, .01, 8
	return &like
}

// joined returns the results of n peers.
func joined(t *testing.T, n int, maker func(p train.Peers) *train.Trainer) []*result {
	t.Helper()
	got := make([]*result, n)
	errs := together(n, func(p train.Peers) (err error) {
		got[p.Rank()], err = finish(maker(p))
		return err
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatalf("%d peers: %v", n, err)
	}
	for rank := range got {
		if !got[rank].sameBits(got[0]) {
			t.Errorf("peer %d of %d has other bits than peer 0", rank, n)
		}
	}
	return got
}

// TestPeers: 2, 3 and 4 trainers together reach the same result as one, and all have the same bits.
func TestPeers(t *testing.T) {
	for _, r := range peerwise {
		t.Run(r.name, func(t *testing.T) {
			for _, tape := range []bool{false, true} {
				maker := func(p train.Peers) *train.Trainer {
					return trainer(t, r.layers, r.loss, r.like, graph.Config{Float64: true, Tape: tape}, p)
				}
				want, err := finish(maker(nil))
				if err != nil {
					t.Fatal(err)
				}
				for n := 1; n <= 4; n++ {
					got := joined(t, n, maker)[0]
					if off, where := got.near(want); off > 1e-9 {
						t.Errorf("%d peers: %s is off by %.1e", n, where, off)
					}
					if n == 1 && !got.sameBits(want) {
						t.Error("a single peer has other bits than a trainer without")
					}
				}
				if r.like.Warp != nil || r.like.Patience > 0 { // one is enough on the TapeMachine
					break
				}
			}
		})
	}
}

// normed is a network with both kinds of batch norm.
var normed = graph.Seq{graph.Conv{Out: 2, Kernel: 3}, graph.BatchNorm{}, graph.ReLU, graph.Dense{Out: 5}, graph.BatchNorm{Momentum: .3}, graph.Dense{Out: 4}}

// TestPeersBatchNorm: each part is normalized by its own moments, the running statistics are the means over the parts, and all peers have the same
// ones, also in float32.
func TestPeersBatchNorm(t *testing.T) {
	maker := func(p train.Peers) *train.Trainer {
		return trainer(t, normed, graph.LogLikelihood, train.Trainer{Optimizer: train.Adam{}, DropTail: true}, graph.Config{}, p)
	}
	joined(t, 3, maker)

	var parts [2]map[string][]float64 // after one step on a half each
	for rank := range parts {
		tr := maker(nil)
		order := train.Order(42, tr.Train.(train.Images).Labels, 10, tr.Seed, 0)
		half := train.Images{}
		for i := rank; i < 10; i += 2 {
			d := tr.Train.(train.Images)
			half.Pixels = append(half.Pixels, d.Pixels[36*order[i]:36*order[i]+36]...)
			half.Labels = append(half.Labels, d.Labels[order[i]])
		}
		x, y := make([]float32, 5*36), make([]float32, 5*4)
		half.Batch(x, y, []int32{0, 1, 2, 3, 4})
		if _, err := tr.Net.Step(x, y); err != nil {
			t.Fatal(err)
		}
		parts[rank] = map[string][]float64{}
		for _, p := range tr.Net.Running() {
			parts[rank][p.Name] = p.Float64s()
		}
	}
	errs := together(2, func(p train.Peers) error {
		tr := maker(p)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		for _, err := range tr.Run(ctx) { // one mini-batch
			if !errors.Is(err, context.Canceled) {
				return err
			}
		}
		for _, p := range tr.Net.Running() {
			for i, v := range p.Float64s() {
				if want := (parts[0][p.Name][i] + parts[1][p.Name][i]) / 2; math.Abs(v-want) > 1e-6 {
					return fmt.Errorf("%s: %v, want %v", p.Name, v, want)
				}
			}
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
}

// TestPeersSyncNorm: synchronized batch norms over the parts of 2, 3 and 4 peers equal those of one trainer, also inside a branch.
func TestPeersSyncNorm(t *testing.T) {
	layers := graph.Seq{graph.Conv{Out: 2, Kernel: 3, Pad: graph.Same}, graph.BatchNorm{},
		graph.Residual{graph.ReLU, graph.Conv{Out: 2, Kernel: 3, Pad: graph.Same}, graph.BatchNorm{Momentum: .4}}, graph.Dense{Out: 5},
		graph.BatchNorm{}, graph.Dropout{P: .2}, graph.Dense{Out: 4}}
	for n := 2; n <= 4; n++ {
		maker := func(p train.Peers) *train.Trainer {
			like := train.Trainer{Optimizer: train.SGD{Momentum: .5}, EMA: .8, DropTail: n > 2} // the last mini-batch has two examples
			return trainer(t, layers, graph.LogLikelihood, like, graph.Config{Float64: true, SyncNorm: p}, p)
		}
		want, err := finish(maker(nil))
		if err != nil {
			t.Fatal(err)
		}
		if off, where := joined(t, n, maker)[0].near(want); off > 1e-9 {
			t.Errorf("%d peers: %s is off by %.1e", n, where, off)
		}
	}
	p := member{&circle{given: make([]any, 3)}, 0}
	tr := trainer(t, layers, graph.LogLikelihood, train.Trainer{Optimizer: train.SGD{}}, graph.Config{SyncNorm: p}, p)
	if err := tr.Start(); err == nil || !strings.Contains(err.Error(), "a mini-batch of 2 for 3 processes leaves one of them without examples") {
		t.Error(err)
	}
}

// TestPeersStop: if one of three is interrupted, all stop before the same mini-batch, and two can continue from there to the result of one.
func TestPeersStop(t *testing.T) {
	maker := func(p train.Peers) *train.Trainer {
		return trainer(t, peerwise[2].layers, peerwise[2].loss, peerwise[2].like, graph.Config{Float64: true}, p)
	}
	want, err := finish(maker(nil))
	if err != nil {
		t.Fatal(err)
	}
	type checkpoint struct {
		state   train.State
		tensors map[string][]float64
		epochs  []train.Epoch
	}
	saved := make([]checkpoint, 3)
	errs := together(3, func(p train.Peers) error {
		tr := maker(p)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		tr.Progress = func(s train.State) {
			if p.Rank() == 1 && s.Steps == 7 {
				cancel()
			}
		}
		c := &saved[p.Rank()]
		for e, err := range tr.Run(ctx) {
			if err != nil {
				if p.Rank() != 1 != errors.Is(err, train.ErrStopped) {
					return fmt.Errorf("peer %d: %w", p.Rank(), err)
				}
				break
			}
			e.Seconds, e.PerSecond = 0, 0
			c.epochs = append(c.epochs, e)
		}
		c.state, c.tensors = tr.State(), map[string][]float64{}
		c.state.Timing = 0
		for _, x := range tr.Tensors() {
			c.tensors[x.Name] = append([]float64{}, x.Data.([]float64)...)
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for rank := range saved {
		if fmt.Sprint(saved[rank]) != fmt.Sprint(saved[0]) || saved[rank].state.Steps != 8 {
			t.Errorf("peer %d stopped at %+v, peer 0 at %+v", rank, saved[rank].state, saved[0].state)
		}
	}
	got := joined(t, 2, func(p train.Peers) *train.Trainer {
		tr := maker(p)
		for _, x := range tr.Tensors() {
			copy(x.Data.([]float64), saved[0].tensors[x.Name])
		}
		if err := tr.Restore(saved[0].state); err != nil {
			t.Error(err)
		}
		return tr
	})[0]
	got.epochs = append(saved[0].epochs, got.epochs...)
	if off, where := got.near(want); off > 1e-9 {
		t.Errorf("%s is off by %.1e", where, off)
	}
}

// TestPeersDiffer: peers that differ all get an error as soon as it shows: before the first mini-batch, or after the epoch.
func TestPeersDiffer(t *testing.T) {
	like := train.Trainer{Optimizer: train.SGD{}}
	for _, r := range []struct {
		want   string
		change func(tr *train.Trainer)
	}{
		{"process 2 has other settings or kernel than process 0", func(tr *train.Trainer) { tr.Seed++ }},
		{"process 2 has other weights than process 0", func(tr *train.Trainer) { tr.Net.Params[0].Data.([]float32)[3]++ }},
		{"process 2 has other weights than process 0", func(tr *train.Trainer) {
			tr.Optimizer = weights(func(p *graph.Param) { p.Data.([]float32)[0] = 2 })
		}},
	} {
		errs := together(3, func(p train.Peers) error {
			tr := trainer(t, normed, graph.LogLikelihood, like, graph.Config{}, p)
			tr.Optimizer = weights(func(p *graph.Param) { p.Data.([]float32)[0] = 1 })
			tr.DropTail = true
			if p.Rank() == 2 {
				r.change(tr)
			}
			_, err := finish(tr)
			return err
		})
		for rank, err := range errs {
			if err == nil || !strings.Contains(err.Error(), r.want) && !errors.Is(err, errGone) {
				t.Errorf("peer %d: %v, want %s", rank, err, r.want)
			}
		}
	}
}

// TestPeersDiverge: if the cost of one part is not finite, all peers diverge in that mini-batch, and keep the running statistics from before it.
func TestPeersDiverge(t *testing.T) {
	errs := together(3, func(p train.Peers) error {
		tr := trainer(t, normed, graph.LogLikelihood, train.Trainer{Optimizer: train.SGD{}, DropTail: true}, graph.Config{}, p)
		d := tr.Train.(train.Images)
		x := make([]float32, len(d.Pixels))
		all := make([]int32, len(d.Labels))
		labels := make([]int, len(d.Labels))
		for i := range all {
			all[i], labels[i] = int32(i), int(d.Labels[i])
		}
		d.Batch(x, nil, all)
		order := train.Order(len(all), nil, 10, tr.Seed, 0)
		x[36*order[1]] = float32(math.Inf(1)) // in the part of peer 1
		tr.Train = train.Classes{X: x, Labels: labels}
		_, err := finish(tr)
		diverged, ok := errors.AsType[*train.DivergedError](err)
		if !ok || diverged.Batch != 0 || diverged.Op == "" {
			return fmt.Errorf("peer %d: %v", p.Rank(), err)
		}
		if at := tr.State(); at.Steps != 0 {
			return fmt.Errorf("peer %d: %d steps", p.Rank(), at.Steps)
		}
		for _, s := range tr.Net.Running() {
			for _, v := range s.Float64s() {
				if v != 0 && v != 1 {
					return fmt.Errorf("peer %d: %s has moved to %v", p.Rank(), s.Name, v)
				}
			}
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
}

// TestPeersTooMany: if there are too many peers for the mini-batches, the training does not start.
func TestPeersTooMany(t *testing.T) {
	for _, r := range []struct {
		n    int
		want string
	}{
		{11, "11 processes for mini-batches of 10; use fewer processes or larger mini-batches"},
		{2, "a mini-batch of 2 for 2 processes leaves one of them 1, and the network's batch norm needs 2; use fewer processes or another batch"},
	} {
		p := member{&circle{given: make([]any, r.n)}, 0}
		err := trainer(t, normed, graph.LogLikelihood, train.Trainer{Optimizer: train.SGD{}}, graph.Config{}, p).Start()
		if err == nil || !strings.Contains(err.Error(), r.want) {
			t.Errorf("%d peers: %v", r.n, err)
		}
	}
}
