// Package train has the training loop, which serves every network.
//
// A [Trainer] needs a network of package graph, an [Optimizer] and [Data]. Range over [Trainer.Run] to train: it yields an [Epoch] at a time, and
// break stops early. For data use [Arrays] of any numbers, [Classes], [Images], or any other type with the two methods of Data. State, Tensors and
// Restore interrupt a training and resume it with the same bits.
//
// An optimizer, schedule, loss or layer of your own is a value with one or two methods: see the examples. For a loop of your own you do not
// need this package: graph.Net.Step leaves the gradients in the parameters.
package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/kernel"
)

// A Trainer trains Net by mini-batch gradient descent. Set the fields before Run and do not change them afterwards. Net, Optimizer, Train,
// Epochs, Batch and Eta are required. State and Tensors are the part that changes during training, and Restore puts them back.
type Trainer struct {
	Net        *graph.Net
	Optimizer  Optimizer
	Schedule   Schedule // nil means Constant
	Train      Data
	Validation Data // may be nil: then nothing is evaluated, and every epoch counts as the best so far
	Epochs     int
	Batch      int
	Eta        float64 // the learning rate η
	Etas       Etas    // learning rates of single layers; nil: all use Eta
	Lambda     float64 // the L2 parameter λ, as in network2: SGD shrinks weights by the factor 1−ηλ/n; see each Optimizer
	Seed       uint64  // for the order of the examples
	DropTail   bool    // skips a short last mini-batch, as network3 does; otherwise the cost is averaged over its own length
	Patience   int     // stop (or, with Plateau, lower η) after this many epochs without a better score; 0 means never
	Clip       float64 // scale the gradients down if their joint norm is larger (Pascanu et al., 2013); 0 means no limit
	EMA        float64 // the decay of an exponential moving average of the weights, which Net holds between epochs and at the end; 0 means none

	// Warp, if not nil, says how to warp an image of Train in an epoch. Several goroutines call it at the same time.
	Warp func(epoch, image int, to *Grid)

	// Score rates epochs: the best epoch is the one with the highest score, and patience waits for a higher one. Nil means the validation
	// accuracy if the loss has classes, and otherwise −ValLoss.
	Score func(Epoch) float64

	// Peers, if not nil, connects this trainer with others that train the same network, with the same settings and data; see [Peers].
	Peers Peers

	// Progress, if not nil, is called with the current state before each mini-batch, for example to update a status line.
	Progress func(State)

	started  bool
	state    State
	kept     map[*graph.Param][]any // the optimizer's tensors
	parts    [][]piece              // the pieces of an update, in groups for one processor each
	others   map[*graph.Param]any   // the averages or, while Net holds those, the trained tensors
	averaged bool                   // Net holds the averages
	order    []int32                // the examples of the epoch, or this process's part of them
	feed     feed
	shared   shared
}

// State is where a training stands. Together with the parameters and the optimizer's tensors it is all that a training needs to continue as if
// it had never stopped.
type State struct {
	Epoch int     `json:"epoch"` // the epoch of the next mini-batch
	Batch int     `json:"batch"` // its number within the epoch
	Steps uint64  `json:"steps"` // mini-batches trained so far
	Eta   float64 `json:"eta"`   // before the schedule's factor
	Best  Best    `json:"best"`
	Stale int     `json:"stale"` // epochs since the best one, or since η changed
	Cost  float64 `json:"cost"`  // Cost, Right and Seen are sums over the epoch so far
	Right int     `json:"right"`
	Seen  int     `json:"seen"`
	// Answers is the total that Right is out of, if an example has several answers, as a network that answers at each step does.
	Answers int     `json:"answers,omitempty"`
	Timing  float64 `json:"seconds"` // time spent on the epoch so far
}

// Accuracy returns the fraction of right answers in the epoch so far.
func (s State) Accuracy() float64 {
	return float64(s.Right) / float64(max(1, cmp.Or(s.Answers, s.Seen)))
}

// Best is the best score so far and its epoch. Epoch is −1 before the first.
type Best struct {
	Epoch int     `json:"epoch"`
	Score float64 `json:"val_acc"` // the name that it has in run folders, whose score is the validation accuracy
}

// Epoch is the result of one epoch of training. Costs are means per example without regularization, and accuracies are fractions, or 0 if the loss
// has no classes. The training cost and accuracy are collected during the epoch, before each step's update and with dropout.
type Epoch struct {
	Epoch     int
	TrainLoss float64
	TrainAcc  float64
	ValLoss   float64
	ValAcc    float64
	Eta       float64 // the learning rate of its last mini-batch
	Seconds   float64 // training time, without the evaluation
	PerSecond float64 // training examples per second
	Best      bool    // it has the best score so far
	Last      bool    // training ends here, because of patience or the number of epochs
}

// DivergedError says that the training reached NaN or infinity. If this was the cost of a step, the weights are those before the step. If
// it was the evaluation after an epoch, or a tensor, they are those after the last step.
type DivergedError struct {
	Epoch, Batch int
	Op           string // the first op whose result is not finite; "" if Tensor is set
	Tensor       string // the parameter, running statistic or optimizer tensor that is not finite
}

func (e *DivergedError) Error() string {
	if e.Tensor != "" {
		return fmt.Sprintf("train: epoch %d, mini-batch %d: tensor %s has numbers that are NaN or infinite; try a smaller eta", e.Epoch, e.Batch, e.Tensor)
	}
	return fmt.Sprintf("train: epoch %d, mini-batch %d: the cost is not finite, first in %s; try a smaller eta", e.Epoch, e.Batch, e.Op)
}

// Start sets the state to before the first mini-batch, and checks that the settings, the data and the network fit together.
func (t *Trainer) Start() error {
	if err := t.check(); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	for _, p := range t.Net.Tensors() {
		if !memoryOf(t.Net).finite(p.Data) {
			return fmt.Errorf("train: tensor %s has numbers that are NaN or infinite; use another init or other weights", p.Name)
		}
	}
	t.started, t.state, t.order = true, State{Eta: t.Eta, Best: Best{Epoch: -1}}, nil
	t.kept, t.others, t.averaged, t.parts, t.shared = nil, nil, false, nil, shared{}
	return nil
}

func (t *Trainer) check() error {
	_, lowers := AfterWarmup(t.Schedule).(Plateau)
	switch {
	case t.Net == nil:
		return errors.New("no network; set Net")
	case t.Optimizer == nil:
		return errors.New("no optimizer; set one, such as SGD{}")
	case t.Train == nil:
		return errors.New("no training data; set Train")
	}
	for _, d := range []Data{t.Train, t.Validation} {
		if err := fits(d, t.Net); err != nil {
			return err
		}
	}
	if err := cmp.Or(t.CheckSettings(), t.Etas.fit(t.Net)); err != nil {
		return err
	}
	switch {
	case size(t.Validation) == 0 && t.Patience > 0:
		return errors.New("patience needs validation examples; use a larger data set")
	case t.Batch > t.Train.Len():
		return fmt.Errorf("%d training examples do not make a mini-batch of %d; use more examples or a smaller batch", t.Train.Len(), t.Batch)
	case t.Epochs > math.MaxInt/t.batches():
		return fmt.Errorf("%d epochs of %d mini-batches; use fewer than 2⁶³ mini-batches in total", t.Epochs, t.batches())
	case t.smallest() < t.Net.SmallestBatch():
		return fmt.Errorf("%d training examples in mini-batches of %d leave one of %d, and the network's batch norm needs %d; use another batch",
			t.Train.Len(), t.Batch, t.smallest(), t.Net.SmallestBatch())
	case !t.alone() && t.Peers.Size() > t.Batch:
		return fmt.Errorf("%d processes for mini-batches of %d; use fewer processes or larger mini-batches", t.Peers.Size(), t.Batch)
	case t.Net.Synchronized() && t.leastPart() < 1:
		return fmt.Errorf("a mini-batch of %d for %d processes leaves one of them without examples, and synchronized batch norms need one from each; use fewer processes or another batch",
			t.smallest(), t.Peers.Size())
	case t.Net.SmallestBatch() > 1 && t.leastPart() < t.Net.SmallestBatch():
		return fmt.Errorf("a mini-batch of %d for %d processes leaves one of them %d, and the network's batch norm needs %d; use fewer processes or another batch",
			t.smallest(), t.Peers.Size(), t.leastPart(), t.Net.SmallestBatch())
	case t.Patience == 0 && lowers:
		return errors.New("the schedule lowers eta when patience ends; use a patience of at least 1 epoch")
	}
	if t.Warp != nil {
		return t.makeWorkspaces()
	}
	return nil
}

// State returns where the training stands.
func (t *Trainer) State() State {
	t.state.Steps = t.Net.Steps
	return t.state
}

// Restore goes back to a state. The caller must restore the Tensors that belong to it.
func (t *Trainer) Restore(s State) error {
	if err := t.check(); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if s.Epoch < 0 || s.Batch < 0 || s.Batch > t.batches() {
		return fmt.Errorf("train: state at epoch %d, mini-batch %d does not belong to %d mini-batches an epoch; restore one of a training with the same data and batch", s.Epoch, s.Batch, t.batches())
	}
	if name := t.nonfinite(); name != "" {
		return fmt.Errorf("train: tensor %s has numbers that are NaN or infinite; restore one from before that", name)
	}
	t.started, t.state, t.Net.Steps, t.order = true, s, s.Steps, nil
	return nil
}

// smallest returns the number of examples in the smallest mini-batch.
func (t *Trainer) smallest() int {
	if tail := t.Train.Len() % t.Batch; tail > 0 && !t.DropTail {
		return tail
	}
	return t.Batch
}

// batches returns the number of mini-batches in an epoch.
func (t *Trainer) batches() int {
	n := t.Train.Len()
	if t.DropTail {
		return n / t.Batch
	}
	return (n + t.Batch - 1) / t.Batch
}

// Run trains from the current state, or from the start, to the end. It yields after each epoch; break stops early. If there is an error, it comes
// with the last pair. If ctx is canceled, the error is ctx's and the state is that after the last complete mini-batch, even if the evaluation was
// cut short. A cost or tensor that is not finite gives a *DivergedError: a cost at once, a tensor before its epoch would be yielded.
func (t *Trainer) Run(ctx context.Context) iter.Seq2[Epoch, error] {
	return func(yield func(Epoch, error) bool) {
		defer kernel.Hold()()
		if !t.started {
			if err := t.Start(); err != nil {
				yield(Epoch{}, err)
				return
			}
		}
		if err := t.agree(); err != nil {
			yield(Epoch{}, err)
			return
		}
		for t.state.Epoch < t.Epochs && !t.over() {
			e, err := t.epoch(ctx)
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// epoch trains the rest of the current epoch and evaluates.
func (t *Trainer) epoch(ctx context.Context) (Epoch, error) {
	s := &t.state
	if t.order == nil {
		t.order = t.own(Order(t.Train.Len(), labels(t.Train), t.Batch, t.Seed, s.Epoch))
	}
	t.show(false)
	defer t.feed.stop()
	begin, before := time.Now(), s.Timing
	for ; s.Batch < t.batches(); s.Batch++ {
		s.Timing = before + time.Since(begin).Seconds()
		if err := t.stopped(ctx); err != nil {
			return Epoch{}, cmp.Or(t.diverged(), err)
		}
		if t.Progress != nil {
			t.Progress(t.State())
		}
		if err := t.step(ctx); err != nil {
			return Epoch{}, err
		}
	}
	s.Timing = before + time.Since(begin).Seconds()
	if err := t.diverged(); err != nil {
		return Epoch{}, err
	}
	t.show(true)
	var val graph.Stats
	if size(t.Validation) > 0 {
		var err error
		if val, err = t.evaluate(ctx); err != nil {
			return Epoch{}, err
		}
	}
	if !finite(val.Cost) {
		return Epoch{}, &DivergedError{Epoch: s.Epoch, Batch: s.Batch, Op: "the evaluation after it"}
	}
	if err := t.agree(); err != nil {
		return Epoch{}, err
	}
	return t.finish(val), nil
}

// diverged returns a [*DivergedError] if a tensor is not finite. Costs cannot tell: a step's cost is computed before its update, and an
// evaluation does not use the optimizer's tensors.
func (t *Trainer) diverged() error {
	if name := t.nonfinite(); name != "" {
		return &DivergedError{Epoch: t.state.Epoch, Batch: t.state.Batch, Tensor: name}
	}
	return nil
}

// nonfinite returns the name of the first tensor with a NaN or an infinity, or "".
func (t *Trainer) nonfinite() string {
	for _, x := range t.Tensors() {
		if !memoryOf(t.Net).finite(x.Data) {
			return x.Name
		}
	}
	return ""
}

// step trains one mini-batch.
func (t *Trainer) step(ctx context.Context) error {
	s := &t.state
	src := t.gather(s.Batch)
	got, err := t.update(ctx, src)
	if err != nil {
		return err
	}
	if !finite(got.Cost) {
		op, err := t.Net.Nonfinite()
		if err != nil {
			return err
		}
		t.Net.Steps-- // the step did not happen
		return &DivergedError{Epoch: s.Epoch, Batch: s.Batch, Op: cmp.Or(op, "the part of another process")}
	}
	s.Cost += got.Cost * float64(t.examples(s.Batch))
	s.Right += got.Correct
	s.Seen += t.examples(s.Batch)
	if t.Net.Sequence > 0 {
		s.Answers += got.Answers
	}
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// finish returns the epoch's results and moves the state to the next epoch.
func (t *Trainer) finish(val graph.Stats) Epoch {
	s := &t.state
	e := Epoch{
		Epoch: s.Epoch, Eta: t.eta(t.done() - 1), Seconds: s.Timing, PerSecond: float64(s.Seen) / s.Timing,
		TrainLoss: s.Cost / float64(s.Seen), TrainAcc: s.Accuracy(),
		ValLoss: val.Cost, ValAcc: float64(val.Correct) / float64(max(1, val.Answers)),
	}
	score := t.score(e)
	e.Best = s.Best.Epoch < 0 || score > s.Best.Score || size(t.Validation) == 0
	s.Stale++
	if e.Best {
		s.Best, s.Stale = Best{s.Epoch, score}, 0
	}
	if p, ok := AfterWarmup(t.Schedule).(Plateau); ok && s.Stale >= t.Patience {
		s.Eta, s.Stale = s.Eta*p.factor(), 0
	}
	s.Epoch, s.Batch, s.Cost, s.Right, s.Seen, s.Answers, s.Timing = s.Epoch+1, 0, 0, 0, 0, 0, 0
	t.order = nil
	e.Last = s.Epoch >= t.Epochs || t.over()
	return e
}

// score returns the number that the best epoch is chosen by.
func (t *Trainer) score(e Epoch) float64 {
	switch {
	case t.Score != nil:
		return t.Score(e)
	case t.Net.Loss.Classes:
		return e.ValAcc
	}
	return -e.ValLoss
}

// over reports whether early stopping ends the training.
func (t *Trainer) over() bool {
	if p, ok := AfterWarmup(t.Schedule).(Plateau); ok {
		return t.state.Eta <= t.Eta*p.least()
	}
	return t.Patience > 0 && t.state.Stale >= t.Patience
}
