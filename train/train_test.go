package train_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models/byhand"
	"github.com/stheno-ml/stheno/train"
)

// scripted is a training whose validation accuracies, in tenths and epoch by epoch, follow a script. The training images have the other class, so
// that their accuracy moves the other way.
func scripted(t *testing.T, script []int) *train.Trainer {
	t.Helper()
	const n = 10
	epoch := 0
	return &train.Trainer{
		Net:   network(t, graph.Dense{Out: 2, Init: graph.Zero}, graph.Quadratic, graph.Config{}, n),
		Train: pixels(n, 1), Validation: pixels(n, 0), Epochs: len(script), Batch: n, Eta: 1,
		Optimizer: weights(func(p *graph.Param) {
			w := make([]float64, 2*n)
			for i := range n {
				if i < script[epoch] {
					w[2*i] = 1 // class 0, which is right
				} else {
					w[2*i+1] = 1
				}
			}
			epoch++
			if err := p.Set(w); err != nil {
				t.Fatal(err)
			}
		}),
	}
}

// TestPatience: the training ends when the book's rule, as in package byhand, first holds for the validation accuracies.
func TestPatience(t *testing.T) {
	for _, script := range [][]int{
		{1, 3, 3, 2, 3, 1, 9}, {5, 4, 3, 2, 1}, {1, 2, 3, 4, 5, 6}, {2, 2, 2, 2, 2}, {1, 2, 1, 3, 1, 1, 4, 4, 4, 4, 4, 4}, {0, 0, 0, 1, 0},
	} {
		for patience := range 5 {
			tr := scripted(t, script)
			tr.Patience = patience
			epochs := run(t, tr)
			want := len(script)
			for i := range script {
				if patience > 0 && byhand.NoImprovementIn(patience, script[:i+1]) {
					want = i + 1
					break
				}
			}
			if len(epochs) != want {
				t.Errorf("%v, patience %d: %d epochs, want %d", script, patience, len(epochs), want)
			}
			best := -1
			for i, e := range epochs {
				if e.Epoch != i || e.ValAcc != float64(script[i])/10 || e.Best != (script[i] > best) || e.Last != (i == want-1) || e.Eta != 1 {
					t.Errorf("%v, patience %d: %+v", script, patience, e)
				}
				best = max(best, script[i])
			}
			if b := tr.State().Best; b.Score != float64(best)/10 || b.Epoch != slices.Index(script, best) {
				t.Errorf("%v, patience %d: best %+v", script, patience, b)
			}
		}
	}
}

// TestHalve: η is halved each time patience ends, and the training ends when η is 1/128 of its first value.
func TestHalve(t *testing.T) {
	tr := scripted(t, slices.Repeat([]int{4}, 40))
	tr.Patience, tr.Schedule, tr.Eta = 2, train.Plateau{}, .5
	want := []float64{.5}
	for eta := .5; eta > .5/128; eta /= 2 {
		want = append(want, eta, eta)
	}
	epochs := run(t, tr)
	var got []float64
	for _, e := range epochs {
		got = append(got, e.Eta)
	}
	if !slices.Equal(got, want) || !epochs[len(epochs)-1].Last {
		t.Errorf("η was %v, want %v", got, want)
	}
	improving := scripted(t, []int{1, 1, 2, 2, 3, 3, 4, 4})
	improving.Patience, improving.Schedule = 2, train.Plateau{}
	for _, e := range run(t, improving) {
		if e.Eta != 1 {
			t.Errorf("%+v: η fell although the accuracy rose every other epoch", e)
		}
	}
	third := scripted(t, slices.Repeat([]int{4}, 40))
	third.Patience, third.Schedule = 1, train.Plateau{Factor: .25, Least: .0625}
	if epochs := run(t, third); len(epochs) != 3 || epochs[2].Eta != .25 || !epochs[2].Last {
		t.Errorf("by a quarter to a sixteenth: %+v", epochs)
	}
}

// TestEpoch: what an epoch reports about the training images is what the steps saw.
func TestEpoch(t *testing.T) {
	d := corners(33, 1)
	n := network(t, graph.Dense{Out: 4}, graph.LogLikelihood, graph.Config{Seed: 3}, 1, 6, 6)
	idle := optimizer(func(*graph.Param, train.Rates) {})
	tr := train.Trainer{Net: n, Optimizer: idle, Train: d, Validation: corners(21, 2), Epochs: 1, Batch: 10, Eta: .25}
	e := run(t, &tr)[0]
	want, err := train.Evaluate(t.Context(), n, d)
	if err != nil {
		t.Fatal(err)
	}
	val, err := train.Evaluate(t.Context(), n, tr.Validation)
	if err != nil {
		t.Fatal(err)
	}
	if want.Correct == 0 || val.Correct == 0 {
		t.Fatalf("nothing to see in %+v and %+v", want, val)
	}
	if math.Abs(e.TrainLoss-want.Cost) > 1e-6 || e.TrainAcc != float64(want.Correct)/33 || e.ValLoss != val.Cost || e.ValAcc != float64(val.Correct)/21 {
		t.Errorf("%+v, want %+v and %+v", e, want, val)
	}
	if !(e.Seconds > 0) || math.Abs(e.PerSecond*e.Seconds-33) > 1e-6 || e.Eta != .25 || !e.Last || !e.Best {
		t.Errorf("%+v", e)
	}
}

// TestDiverged: the error names the op, and the weights are those from before the step.
func TestDiverged(t *testing.T) {
	for _, c := range []graph.Config{{}, {Tape: true}} {
		for _, o := range []train.Optimizer{train.SGD{}, train.SGD{Momentum: .1}, train.Nesterov{Momentum: .1}} {
			diverges(t, c, train.Trainer{Optimizer: o, Eta: 5})
			diverges(t, c, train.Trainer{Optimizer: o, Eta: 5, Schedule: train.Cosine{Warmup: .01}, EMA: .9})
		}
		for _, o := range []train.Optimizer{train.RMSProp{}, train.AdaGrad{}, train.AdaDelta{}, train.Adam{}, train.AdamW{}} {
			diverges(t, c, train.Trainer{Optimizer: o, Eta: 1e18}) // they divide by the size of the gradient
		}
	}
}

func diverges(t *testing.T, c graph.Config, tr train.Trainer) {
	tr.Net = network(t, graph.Seq{graph.Dense{Out: 6}, graph.Dense{Out: 4}}, graph.Quadratic, c, 1, 6, 6)
	tr.Train, tr.Validation, tr.Epochs, tr.Batch = corners(40, 1), corners(10, 2), 50, 10
	before := map[string][]float32{}
	tr.Progress = func(train.State) {
		for name, x := range memory(&tr) {
			before[name] = slices.Clone(x)
		}
	}
	if err := tr.Start(); err != nil {
		t.Fatal(err)
	}
	var diverged *train.DivergedError
	for _, err := range tr.Run(context.Background()) {
		if err != nil && !errors.As(err, &diverged) {
			t.Fatal(err)
		}
	}
	if diverged == nil {
		t.Fatal("it did not diverge")
	}
	s := tr.State()
	if diverged.Epoch != s.Epoch || diverged.Batch != s.Batch || !strings.Contains(diverged.Op, "affine of") && !strings.Contains(diverged.Op, "quadratic of") {
		t.Errorf("%+v at %+v", diverged, s)
	}
	if !maps.EqualFunc(memory(&tr), before, slices.Equal) {
		t.Errorf("%+v: the weights, the averages or what the optimizer keeps are not those before the step", tr)
	}
	want := fmt.Sprintf("train: epoch %d, mini-batch %d: the cost is not finite, first in %s; try a smaller eta", s.Epoch, s.Batch, diverged.Op)
	if diverged.Error() != want {
		t.Errorf("%v, want %s", diverged, want)
	}
}

// TestProgress: Progress is called before every mini-batch.
func TestProgress(t *testing.T) {
	var got []string
	tr := train.Trainer{
		Net: network(t, graph.Dense{Out: 4}, graph.Quadratic, graph.Config{}, 1, 6, 6), Optimizer: train.SGD{},
		Train: corners(12, 1), Validation: corners(5, 2), Epochs: 2, Batch: 5, Eta: .01,
		Progress: func(s train.State) { got = append(got, fmt.Sprint(s.Epoch, s.Batch, s.Steps, s.Seen)) },
	}
	run(t, &tr)
	if want := []string{"0 0 0 0", "0 1 1 5", "0 2 2 10", "1 0 3 0", "1 1 4 5", "1 2 5 10"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestLearns: with every cost and machine, a dense network and a convolutional one learn the corners perfectly.
func TestLearns(t *testing.T) {
	dense := graph.Seq{graph.Dense{Out: 12}, graph.Sigmoid, graph.Dense{Out: 4}}
	conv := graph.Seq{graph.Conv{Out: 4, Kernel: 3}, graph.MaxPool{Size: 2}, graph.ReLU, graph.Dropout{P: .1}, graph.Dense{Out: 4}}
	for _, c := range []struct {
		net      graph.Seq
		loss     *graph.Loss
		config   graph.Config
		eta, mu  float64
		dropTail bool
	}{
		{append(dense[:3:3], graph.Sigmoid), graph.Quadratic, graph.Config{}, 2, 0, false},
		{dense, graph.CrossEntropy, graph.Config{}, .5, 0, true},
		{dense, graph.CrossEntropy, graph.Config{Float64: true}, .5, 0, false},
		{dense, graph.LogLikelihood, graph.Config{Tape: true}, .5, 0, false},
		{conv, graph.LogLikelihood, graph.Config{}, .1, 0, false},
		{conv, graph.LogLikelihood, graph.Config{Tape: true}, .02, .9, false},
	} {
		tr := train.Trainer{
			Net: network(t, c.net, c.loss, c.config, 1, 6, 6), Optimizer: train.SGD{Momentum: c.mu}, Train: corners(203, 1), Validation: corners(100, 2),
			Epochs: 12, Batch: 10, Eta: c.eta, Lambda: .01, DropTail: c.dropTail,
		}
		epochs := run(t, &tr)
		first, last := epochs[0], epochs[len(epochs)-1]
		if last.ValAcc != 1 || last.TrainAcc < .97 || !(last.ValLoss < first.ValLoss/2) {
			t.Errorf("%v, %s, %+v:\n%+v\n%+v", c.net, c.loss.Name, c.config, first, last)
		}
	}
}

func TestErrors(t *testing.T) {
	good := func() *train.Trainer {
		return &train.Trainer{
			Net: network(t, graph.Dense{Out: 4}, graph.Quadratic, graph.Config{}, 1, 6, 6), Optimizer: train.SGD{},
			Train: corners(12, 1), Validation: corners(5, 2), Epochs: 1, Batch: 5, Eta: 1,
		}
	}
	for _, c := range []struct {
		change func(*train.Trainer)
		want   string
	}{
		{func(tr *train.Trainer) { tr.Batch = 0 }, "train: batch 0; use at least 1 image"},
		{func(tr *train.Trainer) { tr.Epochs = -1 }, "train: epochs -1; use at least 0"},
		{func(tr *train.Trainer) { tr.Eta = 0 }, "train: eta 0; eta must be above 0"},
		{func(tr *train.Trainer) { tr.Eta = math.NaN() }, "train: eta NaN"},
		{func(tr *train.Trainer) { tr.Eta = math.Inf(1) }, "train: eta +Inf"},
		{func(tr *train.Trainer) { tr.Lambda = -1 }, "train: lambda -1"},
		{func(tr *train.Trainer) { tr.Clip = -1 }, "train: clip -1; "},
		{func(tr *train.Trainer) { tr.EMA = 1 }, "train: ema 1; use at least 0 and less than 1"},
		{func(tr *train.Trainer) { tr.EMA = math.NaN() }, "train: ema NaN; "},
		{func(tr *train.Trainer) { tr.Patience = -1 }, "train: patience -1; "},
		{func(tr *train.Trainer) { tr.Optimizer = train.RMSProp{Alpha: 1} }, "train: alpha 1; use at least 0 and less than 1"},
		{func(tr *train.Trainer) { tr.Optimizer = train.RMSProp{Eps: -1} }, "train: eps -1; "},
		{func(tr *train.Trainer) { tr.Optimizer = train.AdaGrad{Eps: -1} }, "train: eps -1; "},
		{func(tr *train.Trainer) { tr.Optimizer = train.AdaDelta{Rho: 1} }, "train: rho 1; "},
		{func(tr *train.Trainer) { tr.Optimizer = train.Adam{Beta1: 1} }, "train: beta1 1; "},
		{func(tr *train.Trainer) { tr.Optimizer = train.AdamW{Beta2: math.NaN()} }, "train: beta2 NaN; "},
		{func(tr *train.Trainer) { tr.Schedule = train.Staircase{Every: -1} }, "train: every -1; use at least 0"},
		{func(tr *train.Trainer) { tr.Schedule = train.Cosine{Warmup: 1} }, "train: warmup 1; use at least 0 and less than 1"},
		{func(tr *train.Trainer) { tr.Schedule = train.Warmup{} }, "train: give either the epochs of the warm-up or its steps"},
		{func(tr *train.Trainer) { tr.Schedule = train.Warmup{Epochs: 1, Steps: 1} }, "train: give either the epochs of the warm-up or its steps"},
		{func(tr *train.Trainer) { tr.Schedule = train.Warmup{Epochs: -1} }, "train: epochs -1; use at least 0"},
		{func(tr *train.Trainer) { tr.Schedule = train.Warmup{Steps: 1, Then: train.Cosine{Warmup: 1}} }, "train: warmup 1; "},
		{func(tr *train.Trainer) { tr.Schedule = train.Warmup{Steps: 1, Then: train.Warmup{Steps: 1}} }, "train: a warm-up follows a warm-up; use one"},
		{func(tr *train.Trainer) { tr.Schedule = train.Warmup{Steps: 1, Then: train.Plateau{}} }, "train: the schedule lowers eta when patience ends"},
		{func(tr *train.Trainer) { tr.Etas = train.Etas{"dense1": 0} }, "train: eta 0 of dense1; it must be above 0"},
		{func(tr *train.Trainer) { tr.Etas = train.Etas{"dens1": 1} }, `train: etas: unknown layer "dens1"; did you mean dense1?`},
		{func(tr *train.Trainer) { tr.Etas = train.Etas{"w": 1} }, `train: etas: unknown layer "w"; use dense1`},
		{func(tr *train.Trainer) { tr.Schedule = train.OneCycle{Div: -2} }, "train: div -2; "},
		{func(tr *train.Trainer) { tr.Schedule, tr.Patience = train.Plateau{Factor: 1}, 1 }, "train: factor 1; "},
		{func(tr *train.Trainer) { tr.Optimizer = train.SGD{Momentum: 1.5} }, "train: momentum 1.5; use at least 0 and less than 1"},
		{func(tr *train.Trainer) { tr.Optimizer = train.SGD{Momentum: -1} }, "train: momentum -1; "},
		{func(tr *train.Trainer) { tr.Optimizer = train.Nesterov{Momentum: math.Inf(1)} }, "train: momentum +Inf; "},
		{func(tr *train.Trainer) { tr.Clip = math.Inf(1) }, "train: clip +Inf; "},
		{func(tr *train.Trainer) { tr.Batch = 13 }, "train: 12 training examples do not make a mini-batch of 13"},
		{func(tr *train.Trainer) { tr.Batch = math.MaxInt }, "train: 12 training examples do not make a mini-batch of 9223372036854775807"},
		{func(tr *train.Trainer) { tr.Epochs = math.MaxInt }, "train: 9223372036854775807 epochs of 3 mini-batches"},
		{func(tr *train.Trainer) { tr.Net.Params[1].Data.([]float32)[2] = float32(math.Inf(-1)) }, "train: tensor dense1.b has numbers that are NaN or infinite"},
		{func(tr *train.Trainer) { tr.Clip = math.NaN() }, "train: clip NaN; "},
		{func(tr *train.Trainer) { tr.Schedule = train.Plateau{} }, "train: the schedule lowers eta when patience ends; use a patience of at least 1"},
		{func(tr *train.Trainer) { tr.Lambda = math.NaN() }, "train: lambda NaN"},
		{func(tr *train.Trainer) { tr.Train = train.Images{} }, "train: 0 training examples do not make a mini-batch of 5"},
		{func(tr *train.Trainer) { tr.Batch, tr.DropTail = 13, true }, "train: 12 training examples do not make a mini-batch of 13"},
		{func(tr *train.Trainer) {
			tr.Net, tr.Batch = network(t, graph.Seq{graph.Dense{Out: 4}, graph.BatchNorm{}}, graph.Quadratic, graph.Config{}, 1, 6, 6), 11
		}, "train: 12 training examples in mini-batches of 11 leave one of 1, and the network's batch norm needs 2; use another batch"},
		{func(tr *train.Trainer) { d := corners(12, 1); d.Pixels = d.Pixels[1:]; tr.Train = d }, "train: 12 images with 431 bytes in total do not fit a network with 36 inputs"},
		{func(tr *train.Trainer) { d := corners(12, 1); d.Labels[3] = 4; tr.Train = d }, "train: label 4 for a network with 4 outputs; give the last layer at least 5"},
		{func(tr *train.Trainer) { tr.Train = nil }, "train: no training data; "},
		{func(tr *train.Trainer) { tr.Optimizer = nil }, "train: no optimizer; "},
		{func(tr *train.Trainer) { tr.Validation = pixels(9, 0) }, "train: 9 images with 81 bytes in total do not fit"},
	} {
		tr := good()
		c.change(tr)
		for _, err := range []error{tr.Start(), tr.Restore(train.State{})} {
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("error %v, want %s…", err, c.want)
			}
		}
	}
	for _, s := range []train.State{{Batch: 4}, {Batch: -1}, {Epoch: -1}} {
		if err := good().Restore(s); err == nil || !strings.Contains(err.Error(), "does not belong to 3 mini-batches an epoch") {
			t.Errorf("%+v: error %v", s, err)
		}
	}
}

// TestDivergedTensor: a tensor that is not finite after a step is named at the epoch's end, or where the training is interrupted, whatever the cost
// was and with or without validation images. No Epoch is yielded.
func TestDivergedTensor(t *testing.T) {
	set := func(name string, x float64) func(*train.Trainer) {
		return func(tr *train.Trainer) { tensor(tr, name)[3] = float32(x) }
	}
	for _, c := range []struct {
		name  string
		spoil func(*train.Trainer) // before a step
	}{
		{"batchnorm1.variance", set("batchnorm1.variance", math.Inf(1))},
		{"dense1.w", set("dense1.w.velocity", math.Inf(-1))},
		{"dense1.b", set("dense1.b", math.NaN())}, // the average
	} {
		for last, interrupt := range map[int]bool{2: false, 1: true} {
			ctx, cancel := context.WithCancel(t.Context())
			net := network(t, graph.Seq{graph.Dense{Out: 4}, graph.BatchNorm{}}, graph.LogLikelihood, graph.Config{}, 1, 6, 6)
			tr := &train.Trainer{Net: net, Optimizer: train.SGD{Momentum: .5}, Train: corners(12, 1), Epochs: 2, Batch: 4, Eta: .1, EMA: .5}
			tr.Progress = func(s train.State) {
				if s.Batch != last {
					return
				}
				c.spoil(tr)
				if interrupt {
					cancel()
				}
			}
			for _, err := range tr.Run(ctx) {
				e, ok := errors.AsType[*train.DivergedError](err)
				if !ok || e.Tensor != c.name || !strings.Contains(err.Error(), "; try a smaller eta") {
					t.Errorf("%s, interrupted %v: %v", c.name, interrupt, err)
				}
				break
			}
			cancel()
		}
	}
	net := network(t, graph.Dense{Out: 4}, graph.LogLikelihood, graph.Config{}, 1, 6, 6)
	tr := &train.Trainer{Net: net, Optimizer: train.SGD{}, Train: corners(12, 1), Epochs: 1, Batch: 12, Eta: 1e39}
	for e, err := range tr.Run(t.Context()) {
		if want := "train: epoch 0, mini-batch 1: tensor dense1.w has numbers that"; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("one step of eta 1e39: %+v, %v", e, err)
		}
	}
}

// tensor is one of a trainer's float32 tensors.
func tensor(tr *train.Trainer, name string) []float32 {
	for _, x := range tr.Tensors() {
		if x.Name == name {
			return x.Data.([]float32)
		}
	}
	return nil
}

// TestDivergedEvaluation: an update that overflows at the end of an epoch is reported then, not an epoch later, and no Epoch is yielded.
func TestDivergedEvaluation(t *testing.T) {
	net, err := graph.New(graph.Seq{graph.Dense{Out: 4}, graph.Dense{Out: 2}}, graph.Quadratic, graph.Shape{4}, graph.Config{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	d := train.Images{Pixels: []byte{255, 0, 0, 9, 0, 255, 7, 0}, Labels: []byte{0, 1}}
	trainer := train.Trainer{Net: net, Optimizer: train.SGD{}, Train: d, Validation: d, Epochs: 50, Batch: 2, Eta: 50}
	if err := trainer.Start(); err != nil {
		t.Fatal(err)
	}
	var diverged *train.DivergedError
	for e, err := range trainer.Run(t.Context()) {
		if err == nil && !(e.ValLoss < math.Inf(1)) {
			t.Fatalf("epoch %d was yielded with a validation cost of %v", e.Epoch, e.ValLoss)
		}
		errors.As(err, &diverged)
	}
	if diverged == nil {
		t.Fatal("eta 50 did not diverge")
	}
}

// TestDivergedSteps: a step that diverged does not count, so that a training that continues from there has the right masks.
func TestDivergedSteps(t *testing.T) {
	for _, o := range []train.Optimizer{train.SGD{}, train.SGD{Momentum: .5}} {
		n := network(t, graph.Seq{graph.Dense{Out: 5}, graph.Dropout{P: .5}, graph.Dense{Out: 4}}, graph.Quadratic, graph.Config{Seed: 1}, 1, 6, 6)
		trainer := train.Trainer{Net: n, Optimizer: o, Train: corners(40, 1), Epochs: 50, Batch: 4, Eta: 1e4}
		var diverged *train.DivergedError
		for _, err := range trainer.Run(t.Context()) {
			errors.As(err, &diverged)
		}
		if diverged == nil {
			t.Fatalf("%+v: eta 10,000 did not diverge", o)
		}
		if made := uint64(10*diverged.Epoch + diverged.Batch); n.Steps != made || trainer.State().Steps != made {
			t.Errorf("%+v: %d steps, state %+v, want %d", o, n.Steps, trainer.State(), made)
		}
	}
}

// TestRunStarts: without Start, Run starts the training and reports what Start would report.
func TestRunStarts(t *testing.T) {
	var epochs [2][]train.Epoch
	for i := range epochs {
		n := network(t, graph.Dense{Out: 4}, graph.Quadratic, graph.Config{Seed: 1}, 1, 6, 6)
		trainer := train.Trainer{Net: n, Optimizer: train.SGD{}, Train: corners(40, 1), Epochs: 2, Batch: 4, Eta: .1}
		if i == 0 {
			if err := trainer.Start(); err != nil {
				t.Fatal(err)
			}
		}
		for e, err := range trainer.Run(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			e.Seconds, e.PerSecond = 0, 0
			epochs[i] = append(epochs[i], e)
		}
	}
	if len(epochs[0]) != 2 || !slices.Equal(epochs[0], epochs[1]) {
		t.Errorf("%+v, without Start %+v", epochs[0], epochs[1])
	}
	var got []error
	for _, err := range (&train.Trainer{}).Run(t.Context()) {
		got = append(got, err)
	}
	if len(got) != 1 || got[0] == nil || got[0].Error() != "train: no network; set Net" {
		t.Errorf("errors %v", got)
	}
}

// TestNoValidation: without validation images every epoch counts as the best so far, and patience is refused.
func TestNoValidation(t *testing.T) {
	net, err := graph.New(graph.Dense{Out: 2}, graph.Quadratic, graph.Shape{4}, graph.Config{})
	if err != nil {
		t.Fatal(err)
	}
	trainer := train.Trainer{
		Net: net, Optimizer: train.SGD{}, Train: train.Images{Pixels: make([]byte, 8), Labels: make([]byte, 2)}, Epochs: 2, Batch: 2, Eta: .1,
	}
	if err := trainer.Start(); err != nil {
		t.Fatal(err)
	}
	for e, err := range trainer.Run(t.Context()) {
		if err != nil || !e.Best || e.ValAcc != 0 || e.ValLoss != 0 {
			t.Errorf("%+v, %v", e, err)
		}
	}
	trainer.Patience = 1
	if err := trainer.Start(); err == nil || !strings.Contains(err.Error(), "patience needs validation examples") {
		t.Errorf("error %v", err)
	}
}

// TestKernelHeld: the kernel cannot be changed during a training.
func TestKernelHeld(t *testing.T) {
	first, last := graph.Kernel(), graph.Kernels()[len(graph.Kernels())-1]
	if first == last {
		t.Skip("this machine has one kernel")
	}
	net := network(t, graph.Dense{Out: 4}, graph.LogLikelihood, graph.Config{}, 1, 6, 6)
	tr := &train.Trainer{Net: net, Optimizer: train.SGD{}, Train: corners(12, 1), Epochs: 3, Batch: 4, Eta: .1}
	for e, err := range tr.Run(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if err := graph.UseKernel(first); err != nil {
			t.Error(err)
		}
		if err := graph.UseKernel(last); !errors.Is(err, graph.ErrKernelInUse) || graph.Kernel() != first {
			t.Errorf("kernel %s, %v", graph.Kernel(), err)
		}
		if e.Epoch == 1 {
			break
		}
	}
	if err := graph.UseKernel(last); err != nil {
		t.Error(err)
	}
	if err := graph.UseKernel(first); err != nil {
		t.Error(err)
	}
}
