package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/cmd/internal/sweep"
	"github.com/stheno-ml/stheno/train"
)

// one trains the trial with index i up to the end of its stage.
func (w *sweeping) one(ctx context.Context, i int) error {
	for {
		trials, err := w.trials("")
		if err != nil {
			return err
		}
		if t := trials[i]; t.ended() {
			return w.tellOne(t)
		}
		x, err := w.leases.Take(w.plan.Trials[i].ID)
		if held, ok := errors.AsType[*sweep.HeldError](err); ok {
			w.note(fmt.Errorf("trial %d: %s has it; waiting to see whether it is alive", i, held.Holder))
			x, err = w.leases.Await(ctx, w.plan.Trials[i].ID)
		}
		switch {
		case ctx.Err() != nil && err != nil:
			return cutShort(ctx, "interrupted")
		case err != nil:
			return fmt.Errorf("trial %d: %w", i, err)
		}
		a := &app{models: w.models, out: w.out, err: w.err, view: tableView{w.out}}
		if w.flags.json {
			a.view = &briefView{name: w.name(i), w: w.err}
		}
		if err := w.do(ctx, a, i, x, 0); err != nil {
			return err
		}
	}
}

// tellOne prints the trial's result.
func (w *sweeping) tellOne(t trial) error {
	switch t.status {
	case waiting:
		w.note(fmt.Errorf("trial %d has trained %d of %d epochs; whether it continues depends on trials that are not as far: call it again later", t.Index, len(t.Curve), t.Epochs))
	case out:
		w.note(fmt.Errorf("trial %d ends after %d of %d epochs: others were better", t.Index, len(t.Curve), t.Epochs))
	case rundir.Diverged:
		w.note(fmt.Errorf("trial %d diverged: %s", t.Index, t.err))
	}
	if w.flags.json {
		return printJSON(w.out, w.object(t))
	}
	w.table([]trial{t})
	return nil
}

// name is the trial's name for a person.
func (w *sweeping) name(i int) string {
	t := w.plan.Trials[i]
	if s := w.plan.Settings(t); s != "" {
		return fmt.Sprintf("trial %d (%s, seed %s)", i, s, t.Seed)
	}
	return fmt.Sprintf("trial %d (seed %s)", i, t.Seed)
}

// do trains a trial to the end of its stage, and releases its lease. A trial that diverges is not an error.
func (w *sweeping) do(ctx context.Context, a *app, i int, x *sweep.Lease, threads int) (err error) {
	defer func() { err = errors.Join(err, x.Release()) }()
	trials, err := w.trials(w.plan.Trials[i].ID) // read again, now that nobody else can train this trial
	if err != nil {
		return err
	}
	t := trials[i]
	if t.ended() {
		return nil
	}
	if err := w.failed(t.Trial, ""); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-x.Lost():
			cancel(sweep.ErrLost)
		case <-ctx.Done():
		}
	}()
	if t.target.Epochs < t.Epochs {
		a.view = pausingView{a.view, t.target.Epochs, func() { cancel(errPaused) }}
	}
	err = w.trainOn(ctx, a, t, threads)
	_, diverged := errors.AsType[*train.DivergedError](err)
	cause := context.Cause(ctx)
	switch {
	case err == nil, diverged, errors.Is(cause, errPaused):
		return nil
	case ctx.Err() != nil:
		return err
	}
	return errors.Join(err, w.failed(t.Trial, err.Error()))
}

// trainOn starts a trial's training, or continues it.
func (w *sweeping) trainOn(ctx context.Context, a *app, t trial, threads int) error {
	f := plainFlags(w.reader())
	if t.run.Path != "" {
		f.runs, f.threads, f.resume = w.flags.runs, threads, t.run.Path
		a.args = []string{"train", "--resume", t.run.Path}
		return a.resume(ctx, f, nil)
	}
	flags := trialFlags(w.plan, t.Trial)
	if err := f.set.Parse(flags); err != nil {
		return err
	}
	f.runs, f.threads = w.flags.runs, threads
	model := t.Values[0]
	a.args = append(append([]string{"train"}, flags...), model)
	return a.train(ctx, f, model)
}

// pausingView ends a training after a number of epochs.
type pausingView struct {
	view
	epochs int
	pause  func()
}

func (v pausingView) epoch(ctx context.Context, s *session, e train.Epoch) error {
	if e.Epoch+1 >= v.epochs {
		v.pause()
	}
	return v.view.epoch(ctx, s, e)
}
