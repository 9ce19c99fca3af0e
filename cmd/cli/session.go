package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/cmd/internal/sweep"
	"github.com/stheno-ml/stheno/train"
)

// keep prepares the run, trains it until it ends in one way or another, and records that in its folder.
func (s *session) keep(ctx context.Context, prepare func() error) error {
	defer s.run.Close()
	err := prepare()
	if err == nil {
		err = s.epochs(ctx)
	}
	end, where := outcome{status: rundir.Done}, fmt.Sprintf("epoch %d", s.trainer.State().Epoch)
	if err == nil {
		where = "the test"
		end.test, err = s.test(ctx)
	}
	if err != nil && lost(ctx) {
		return fmt.Errorf("%s: %w", s.run.Path(), context.Cause(ctx))
	}
	if err != nil {
		end.status, err = s.stopped(ctx, where, err)
		end.err = err
	}
	end.best, end.seconds = s.trainer.State().Best, time.Since(s.begin).Seconds()
	// If the training failed, that is the error to report. Writing the end is likely to fail as well then.
	if failed := s.end(end); err == nil {
		err = failed
	}
	return err
}

// epochs trains until the last epoch, or an error. An interrupted training is saved where it stopped.
func (s *session) epochs(ctx context.Context) error {
	for e, err := range s.trainer.Run(ctx) {
		s.progress.clear()
		if err != nil {
			s.app.peers.ended(ctx, err)
		}
		if interrupted(ctx, err) && !lost(ctx) {
			return cmp.Or(s.save(false), err)
		}
		if err != nil {
			return err
		}
		if s.near, err = measureNumbers(s.net, &s.data.Schema, s.data.Validation); err != nil {
			return err
		}
		if err := s.run.Event(s.epochEvent(e)); err != nil {
			return err
		}
		if err := s.save(e.Best); err != nil {
			return err
		}
		if err := s.view.epoch(ctx, s, e); err != nil {
			return err
		}
	}
	s.app.peers.ended(ctx, nil)
	return nil
}

// save writes a checkpoint, and if it is the best so far, also run.json.
func (s *session) save(best bool) error {
	f, err := checkpoint(s.trainer)
	if err != nil {
		return err
	}
	state := s.trainer.State()
	if err := s.run.Checkpoint(f, int(state.Steps), best); err != nil || !best {
		return err
	}
	return s.run.Update(func(i *rundir.Info) { i.Best = s.bestOf(state.Best) })
}

// finely is the validation accuracy, minus a little that grows with the loss. With few validation examples, many epochs have the same
// accuracy, and the first of them is seldom the best.
func (s *session) finely(e train.Epoch) float64 {
	const little = 1e-6 // less than one example counts, even in the largest data set
	return e.ValAcc - little*e.ValLoss/(1+e.ValLoss)
}

// bestAcc is the accuracy behind a score, which finely may have lowered a little.
func (s *session) bestAcc(b train.Best) float64 {
	if n := float64(s.data.Validation.Len()); s.trainer.Score != nil && n > 0 {
		return math.Round(b.Score*n) / n
	}
	return b.Score
}

func (s *session) bestOf(b train.Best) *rundir.Best {
	if b.Epoch < 0 {
		return nil
	}
	best := &rundir.Best{Epoch: b.Epoch}
	switch {
	case !s.validates():
	case s.counts():
		best.ValAcc = new(s.bestAcc(b))
	default:
		best.ValLoss = pointer(-b.Score)
	}
	return best
}

// test measures the best epoch's weights on the test images. After that the trainer's network has those weights, so nothing may be saved.
func (s *session) test(ctx context.Context) (*rundir.Test, error) {
	snapshot, err := s.run.Best(largest(s.net))
	if err == nil {
		err = restoreWeights(s.net, snapshot)
	}
	if err != nil && !errors.Is(err, rundir.ErrNoCheckpoint) { // without an epoch, the first weights are tested
		return nil, err
	}
	got, err := train.Evaluate(ctx, s.net, s.data.Test.Data())
	if err != nil {
		return nil, err
	}
	test := &rundir.Test{Total: s.data.Test.Len()}
	if s.counts() {
		test.Correct = &got.Correct
		return test, nil
	}
	test.Loss = got.Cost
	near, err := measureNumbers(s.net, &s.data.Schema, s.data.Test)
	test.MAE, test.R2 = pointer(near.mae), pointer(near.r2)
	return test, err
}

// interrupted reports whether err means that ctx has ended, here or in another process.
func interrupted(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, ctx.Err()) || errors.Is(err, train.ErrStopped)
}

// lost reports whether another process has taken the run over, so that this one must not write to it.
func lost(ctx context.Context) bool { return errors.Is(context.Cause(ctx), sweep.ErrLost) }

// stopped is the status and the error of a training that ended early.
func (s *session) stopped(ctx context.Context, where string, err error) (rundir.Status, error) {
	if _, ok := errors.AsType[*train.DivergedError](err); ok {
		return rundir.Diverged, fmt.Errorf("%s: %w", s.run.Path(), err)
	}
	if !interrupted(ctx, err) {
		return rundir.Failed, err
	}
	path := s.run.Path()
	return rundir.Interrupted, cutShort(ctx, "%s: interrupted in %s and saved; to continue: %s train --resume %s", path, where, commandName(), shellWord(path))
}

// outcome is how a training ended.
type outcome struct {
	status  rundir.Status
	best    train.Best
	test    *rundir.Test // nil unless the training is done
	seconds float64      // since the command began
	err     error
}

// end writes and shows the outcome.
func (s *session) end(o outcome) error {
	if err := s.run.Event(s.endEvent(o)); err != nil {
		return err
	}
	err := s.run.Update(func(i *rundir.Info) {
		i.Status, i.Ended, i.Test, i.Best = o.status, time.Now(), o.test, s.bestOf(o.best)
		if o.err != nil {
			i.Error = o.err.Error()
		}
	})
	if err != nil {
		return err
	}
	s.view.end(s, o)
	return s.run.Close()
}

// start is the first event of a run: everything it depends on, including the recipe.
func (s *session) start() object {
	d := s.data
	e := append(object{
		{"event", "start"}, {"model", s.model.Name}, {"parameters", s.net.Size()}, {"seed", s.seed},
		{"vm", s.flags.vm.value}, {"kernel", s.net.Kernel()}, {"dtype", s.flags.dtype.value}, {"threads", s.flags.processors()},
		{"data", d.Name}, {"data_sha256", d.SHA256()},
		{"train", s.trainer.Train.Len()}, {"validation", d.Validation.Len()}, {"test", d.Test.Len()},
		{"first_epoch", s.trainer.State().Epoch}, {"run", s.run.Path()},
	}, recipeObject(s.model.Recipe)...)
	if n := s.processes(); n > 1 {
		e = append(e, field{"processes", n})
	}
	return e
}

// processes is the number of processes that train together.
func (s *session) processes() int {
	if p := s.app.peers; p != nil {
		return p.Size()
	}
	return 1
}

// epochEvent has the columns of the table of epochs.
func (s *session) epochEvent(e train.Epoch) object {
	var loss, acc, trained any // null without validation images, or if the loss has no classes
	if s.validates() {
		loss = e.ValLoss
	}
	if s.counts() {
		trained = e.TrainAcc
		if s.validates() {
			acc = e.ValAcc
		}
	}
	return object{
		{"event", "epoch"}, {"epoch", e.Epoch}, {"train_loss", e.TrainLoss}, {"train_acc", trained},
		{"val_loss", loss}, {"val_acc", acc}, {"val_mae", pointer(s.near.mae)}, {"val_r2", pointer(s.near.r2)},
		{"eta", e.Eta}, {"time", e.Seconds}, {"img/s", e.PerSecond}, {"best", e.Best},
	}
}

// predictsNumbers reports whether the targets are numbers rather than classes.
func (s *session) predictsNumbers() bool { return s.data.Schema.Classes == nil }

// validates reports whether there are validation images. Without them the last epoch's weights count as the best.
func (s *session) validates() bool { return s.trainer.Validation.Len() > 0 }

// counts reports whether the loss has classes, so that there are accuracies.
func (s *session) counts() bool { return s.net.Loss.Classes }

// endEvent has the recipe as it was trained, and the test's result and the error if there are any.
func (s *session) endEvent(o outcome) object {
	e := object{{"event", "end"}, {"status", o.status}}
	switch {
	case o.test == nil:
	case o.test.Correct == nil:
		e = append(e, field{"test_total", o.test.Total}, field{"test_loss", o.test.Loss}, field{"test_mae", o.test.MAE}, field{"test_r2", o.test.R2})
	default:
		e = append(e, field{"test_correct", o.test.Correct}, field{"test_total", o.test.Total},
			field{"test_acc", fraction(*o.test.Correct, o.test.Total)})
	}
	if o.best.Epoch >= 0 {
		var acc any // null without validation images, or if the loss has no classes
		if s.validates() && s.counts() {
			acc = s.bestAcc(o.best)
		}
		e = append(e, field{"best_epoch", o.best.Epoch}, field{"best_val_acc", acc})
		if best := s.bestOf(o.best); best.ValLoss != nil {
			e = append(e, field{"best_val_loss", *best.ValLoss})
		}
	}
	e = append(e, field{"recipe", recipeObject(s.model.Recipe)}, field{"seconds", o.seconds}, field{"run", s.run.Path()})
	if o.err != nil {
		e = append(e, field{"error", o.err.Error()})
	}
	return e
}
