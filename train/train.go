// Package train is the training loop: one loop for every network.
//
// A [Trainer] takes a network of package graph, an [Optimizer] and [Data], and its Run is a sequence of epochs to range over; early stopping
// is break. Data are [Arrays] of any numbers, [Classes] or [Images], or anything else with two methods. State, Tensors and Restore stop a
// training and resume it with the same bits.
//
// An optimizer, a schedule, a loss or a layer of one's own is a value with one or two methods: see the examples. A loop of one's own needs
// none of this package: graph.Net's Rates leaves the gradients.
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

// A Trainer trains Net by mini-batch gradient descent. Its fields are set once, before Run; what changes while it runs can be
// taken with State and Tensors, and put back with Restore.
type Trainer struct {
	Net        *graph.Net
	Optimizer  Optimizer
	Schedule   Schedule // nil: Constant
	Train      Data
	Validation Data // may be nil: then nothing is evaluated, and every epoch is the best so far
	Epochs     int
	Batch      int
	Eta        float64 // learning rate η
	Etas       Etas    // those of single layers; nil: all have Eta
	Lambda     float64 // L2 as in network2: SGD shrinks weights by the factor 1−ηλ/n; each Optimizer says what it does
	Seed       uint64  // of the order of the images
	DropTail   bool    // leave out the short last mini-batch, as network3 does; otherwise it is divided by its own length
	Patience   int     // epochs without a better validation accuracy before the end, or before Plateau lowers η; 0: never
	Clip       float64 // the largest norm of all gradients together; longer ones are scaled down to it (Pascanu et al., 2013); 0: any
	EMA        float64 // decay of an exponential moving average of the weights, which Net has between epochs and at the end; 0: none

	// Warp, if not nil, says how to warp an image of Train in an epoch. Several goroutines call it at once.
	Warp func(epoch, image int, to *Grid)

	// Score is what the best epoch is chosen by, and patience waits for: the higher, the better. Nil: the validation accuracy of classes,
	// −ValLoss of anything else.
	Score func(Epoch) float64

	// Peers, if not nil, are the trainers that train the same network together with this one, with the same settings and data; see [Peers].
	Peers Peers

	// Progress, if not nil, is called before each mini-batch with the state then: for a line that a person watches.
	Progress func(State)

	started  bool
	state    State
	kept     map[*graph.Param][]any // by the optimizer
	parts    [][]piece              // of the update
	others   map[*graph.Param]any   // the averages, or, while Net has those, what is trained
	averaged bool                   // Net has the averages
	order    []int32                // of the epoch, or of this one's examples in it
	feed     feed
	shared   shared
}

// State is where a training stands: with the parameters and the optimizer's tensors, all that is needed to go on as if it had
// never stopped.
type State struct {
	Epoch int     `json:"epoch"` // the epoch of the next mini-batch
	Batch int     `json:"batch"` // its number in the epoch
	Steps uint64  `json:"steps"` // mini-batches trained so far
	Eta   float64 `json:"eta"`   // which the schedule multiplies
	Best  Best    `json:"best"`
	Stale int     `json:"stale"` // epochs since η changed or the best
	Cost  float64 `json:"cost"`  // sums over the epoch so far
	Right int     `json:"right"`
	Seen  int     `json:"seen"`
	// Answers is what Right is of, where an example has several: a network that answers at each step.
	Answers int     `json:"answers,omitempty"`
	Timing  float64 `json:"seconds"` // of the epoch so far
}

// Accuracy is the fraction of right answers in the epoch so far.
func (s State) Accuracy() float64 {
	return float64(s.Right) / float64(max(1, cmp.Or(s.Answers, s.Seen)))
}

// Best is the best score so far and its epoch; Epoch is −1 before the first.
type Best struct {
	Epoch int     `json:"epoch"`
	Score float64 `json:"val_acc"` // the name that it has in the folders of runs, whose score is the validation accuracy
}

// Epoch is what an epoch of training gave. Costs are means per example without regularization, accuracies are fractions; those of
// the training examples are gathered on the way, before each step's update and with dropout; they are 0 where the loss has no classes.
type Epoch struct {
	Epoch     int
	TrainLoss float64
	TrainAcc  float64
	ValLoss   float64
	ValAcc    float64
	Eta       float64 // in its last mini-batch
	Seconds   float64 // of training, without the evaluation
	PerSecond float64 // training images a second
	Best      bool    // the best score so far
	Last      bool    // patience or the number of epochs ends the training here
}

// DivergedError says that the training came to NaN or infinity. Where it was the cost of a step, the weights are those before it; where it
// was the evaluation after an epoch's last step, or a tensor, those after it.
type DivergedError struct {
	Epoch, Batch int
	Op           string // the first op whose result is not finite; "" if it is a tensor
	Tensor       string // the parameter, running statistic or tensor of the optimizer that is not finite
}

func (e *DivergedError) Error() string {
	if e.Tensor != "" {
		return fmt.Sprintf("train: epoch %d, mini-batch %d: tensor %s has numbers that are NaN or infinite; try a smaller eta", e.Epoch, e.Batch, e.Tensor)
	}
	return fmt.Sprintf("train: epoch %d, mini-batch %d: the cost is not finite, first in %s; try a smaller eta", e.Epoch, e.Batch, e.Op)
}

// Start sets the state to before the first mini-batch, and checks that data and network fit.
func (t *Trainer) Start() error {
	if err := t.check(); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	for _, p := range t.Net.Tensors() {
		if !memoryOf(t.Net).finite(p.Data) {
			return fmt.Errorf("train: tensor %s has numbers that are NaN or infinite; use another init, or other weights", p.Name)
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
		return fmt.Errorf("epochs %d of %d mini-batches; use fewer than 2⁶³ mini-batches in all", t.Epochs, t.batches())
	case t.smallest() < t.Net.SmallestBatch():
		return fmt.Errorf("%d training examples in mini-batches of %d leave one of %d, and the network's batch norm needs %d; use another batch",
			t.Train.Len(), t.Batch, t.smallest(), t.Net.SmallestBatch())
	case !t.alone() && t.Peers.Size() > t.Batch:
		return fmt.Errorf("%d processes for mini-batches of %d; use fewer processes or larger mini-batches", t.Peers.Size(), t.Batch)
	case t.Net.Synchronized() && t.leastPart() < 1:
		return fmt.Errorf("a mini-batch of %d for %d processes leaves one of them none, and batch norms take all together; use fewer processes or another batch",
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

// State is where the training stands.
func (t *Trainer) State() State {
	t.state.Steps = t.Net.Steps
	return t.state
}

// Restore goes back to a state; the caller restores the Tensors that belong to it.
func (t *Trainer) Restore(s State) error {
	if err := t.check(); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if s.Epoch < 0 || s.Batch < 0 || s.Batch > t.batches() {
		return fmt.Errorf("train: state at epoch %d, mini-batch %d does not belong to %d mini-batches an epoch", s.Epoch, s.Batch, t.batches())
	}
	if name := t.nonfinite(); name != "" {
		return fmt.Errorf("train: tensor %s has numbers that are NaN or infinite; restore one from before that", name)
	}
	t.started, t.state, t.Net.Steps, t.order = true, s, s.Steps, nil
	return nil
}

// smallest is the number of images of the smallest mini-batch.
func (t *Trainer) smallest() int {
	if tail := t.Train.Len() % t.Batch; tail > 0 && !t.DropTail {
		return tail
	}
	return t.Batch
}

// batches is the number of mini-batches in an epoch.
func (t *Trainer) batches() int {
	n := t.Train.Len()
	if t.DropTail {
		return n / t.Batch
	}
	return (n + t.Batch - 1) / t.Batch
}

// Run trains from the present state, or the start, to the end, and yields after each epoch; early stopping is break. The last pair has an error
// if there was one: ctx's if it was canceled (the state is then that after the last whole mini-batch, also where the evaluation was cut short), or a *DivergedError,
// as soon as a cost is not finite, and at the latest before an epoch with a tensor that is not would be yielded.
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

// epoch trains the rest of the present epoch and evaluates.
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

// diverged is a [*DivergedError] if a tensor is not finite. Costs do not tell: those of a step are from before its update, and an
// evaluation does without the optimizer's tensors.
func (t *Trainer) diverged() error {
	if name := t.nonfinite(); name != "" {
		return &DivergedError{Epoch: t.state.Epoch, Batch: t.state.Batch, Tensor: name}
	}
	return nil
}

// nonfinite is the name of the first tensor with a number that is NaN or infinite; "" if there is none.
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
		t.Net.Steps-- // the step was not made
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

// finish sums the epoch up and moves the state to the next one.
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

// score is what the best epoch is chosen by.
func (t *Trainer) score(e Epoch) float64 {
	switch {
	case t.Score != nil:
		return t.Score(e)
	case t.Net.Loss.Classes:
		return e.ValAcc
	}
	return -e.ValLoss
}

// over says that early stopping ends the training.
func (t *Trainer) over() bool {
	if p, ok := AfterWarmup(t.Schedule).(Plateau); ok {
		return t.state.Eta <= t.Eta*p.least()
	}
	return t.Patience > 0 && t.state.Stale >= t.Patience
}
