package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stheno-ml/stheno/cmd/internal/sweep"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// crew trains all trials in this process.
type crew struct {
	*sweeping
	progress *progress // nil if not on a terminal
	begin    time.Time

	mu     sync.Mutex
	left   map[int]bool   // trials not to try again in this call: they failed, or another process trains them
	failed int            // trials that failed
	held   []int          // trials of another process, which may be dead
	told   map[int]bool   // trials that were printed as JSON
	epochs map[int]string // how far each training has come
	ended  int
	done   int // trainings in this call
	top    sweep.Score
}

// all trains all trials that are not done yet, stage by stage.
func (w *sweeping) all(ctx context.Context) error {
	c := &crew{sweeping: w, begin: time.Now(), left: map[int]bool{}, told: map[int]bool{}, epochs: map[int]string{}, top: sweep.None}
	if columns(w.err) > 0 {
		c.progress = newProgress(w.err)
	}
	var err error
	for ctx.Err() == nil && err == nil {
		var trials []trial
		if trials, err = c.look(); err != nil {
			break
		}
		var tasks []task
		for i, t := range trials {
			if !t.ended() && !c.left[i] {
				tasks = append(tasks, c.task(t, func() (*sweep.Lease, error) { return w.leases.Take(t.ID) }))
			}
		}
		if tasks == nil {
			break
		}
		if err = w.several(ctx, tasks, w.flags.jobs); err == nil {
			err = c.takeOver(ctx, trials)
		}
	}
	if c.progress != nil {
		c.progress.clear()
	}
	if e := c.finish(); err == nil {
		err = e
	}
	return err
}

// look reads the state of all trials.
func (c *crew) look() ([]trial, error) {
	trials, err := c.trials("")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = 0
	for _, t := range trials {
		if t.ended() && t.status != waiting {
			c.ended++
			err = errors.Join(err, c.tell(t))
		}
		if s := t.score(); sweep.Compare(s, c.top) < 0 {
			c.top = s
		}
	}
	return trials, err
}

// tell prints a trial as JSON, once. The caller holds the lock.
func (c *crew) tell(t trial) error {
	if !c.flags.json || c.told[t.Index] {
		return nil
	}
	c.told[t.Index] = true
	return printJSON(c.out, c.object(t))
}

// task trains a trial after take has its lease.
func (c *crew) task(t trial, take func() (*sweep.Lease, error)) task {
	kernel := graph.Kernel()
	if t.run.Path != "" {
		kernel = kernelOf(t.run.Info)
	}
	return task{c.name(t.Index), kernel, func(ctx context.Context, threads int) error {
		x, err := take()
		if _, held := errors.AsType[*sweep.HeldError](err); held {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.held = append(c.held, t.Index)
			return nil
		}
		if err == nil {
			a := &app{models: c.models, out: &output{w: io.Discard}, err: c, view: c.viewOf(t.Index)}
			err = c.do(ctx, a, t.Index, x, threads)
		}
		if ctx.Err() != nil {
			return nil // the run has been saved
		}
		return c.over(t.Index, err)
	}}
}

// over records that a trial was trained, or failed.
func (c *crew) over(i int, failure error) error {
	trials, err := c.look()
	if err != nil {
		return err
	}
	c.mu.Lock()
	ended := c.ended
	delete(c.epochs, i)
	c.done++
	if failure != nil {
		c.left[i] = true
		c.failed++
	}
	c.mu.Unlock()
	if failure != nil {
		c.note(fmt.Errorf("%s: %w", c.name(i), failure))
	} else {
		c.line("%s: %s (%d of %d)", c.name(i), outcomeOf(trials[i]), ended, len(trials))
	}
	c.say()
	return nil
}

// outcomeOf is a trial's result in words.
func outcomeOf(t trial) string {
	s := t.Last()
	text := fmt.Sprintf("%s after %s", t.status, plural(len(t.Curve), "epoch", "epochs"))
	if acc := scoreText(s, true); acc != "-" {
		return fmt.Sprintf("%s, val_acc %s in epoch %d", text, acc, s.Epoch)
	}
	if loss := scoreText(s, false); loss != "-" {
		return fmt.Sprintf("%s, val_loss %s in epoch %d", text, loss, s.Epoch)
	}
	return text
}

// takeOver trains the trials of dead processes, once it is certain that they are dead.
func (c *crew) takeOver(ctx context.Context, trials []trial) error {
	held := c.held
	c.held = nil
	if held == nil {
		return nil
	}
	c.line("%s: another process has %s; waiting to see whether it is alive", programName(), plural(len(held), "trial", "trials"))
	taken := make([]*sweep.Lease, len(held))
	failed := make([]error, len(held))
	var waits sync.WaitGroup
	for k, i := range held {
		waits.Go(func() { taken[k], failed[k] = c.leases.Await(ctx, c.plan.Trials[i].ID) })
	}
	waits.Wait()
	var tasks []task
	for k, i := range held {
		other, alive := errors.AsType[*sweep.HeldError](failed[k])
		switch {
		case failed[k] == nil:
			tasks = append(tasks, c.task(trials[i], func() (*sweep.Lease, error) { return taken[k], nil }))
		case alive:
			c.left[i] = true
			c.line("%s: %s is training it", c.name(i), other.Holder)
		case ctx.Err() == nil:
			return failed[k]
		}
	}
	return c.several(ctx, tasks, c.flags.jobs)
}

// finish prints the table, and is an error if trials failed.
func (c *crew) finish() error {
	var err error
	if !c.flags.json {
		err = c.list()
	} else if trials, e := c.trials(""); e != nil {
		err = e
	} else {
		for _, t := range trials {
			err = errors.Join(err, c.tell(t))
		}
	}
	if err == nil && c.failed > 0 {
		err = fmt.Errorf("%s failed; run the same command to try again", plural(c.failed, "trial", "trials"))
	}
	return err
}

// Write prints lines above the line of progress.
func (c *crew) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.progress != nil {
		c.progress.clear()
	}
	return c.err.Write(p)
}

func (c *crew) note(err error) { (&app{err: c}).note(err) }

func (c *crew) line(format string, args ...any) {
	if !c.flags.json {
		fmt.Fprintf(c, format+"\n", args...)
	}
}

// say shows the progress of all trainings in one line.
func (c *crew) say() {
	if c.progress == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	line := fmt.Sprintf("%d of %d ended", c.ended, len(c.plan.Trials))
	if acc, loss := scoreText(c.top, true), scoreText(c.top, false); acc != "-" {
		line += ", best " + acc
	} else if loss != "-" {
		line += ", best loss " + loss
	}
	if left := len(c.plan.Trials) - c.ended; c.done > 0 && c.plan.Halving == 0 {
		line += fmt.Sprintf(", %s left", duration(time.Since(c.begin).Seconds()/float64(c.done)*float64(left)))
	}
	var now []string
	for i, at := range c.epochs {
		now = append(now, fmt.Sprintf("trial %d: %s", i, at))
	}
	slices.Sort(now)
	c.progress.say("%s", strings.Join(append([]string{line}, now...), "; "))
}

// viewOf shows a trial in the line of progress, or without a terminal, by a line now and then.
func (c *crew) viewOf(i int) view {
	if c.progress != nil {
		return crewView{c, i}
	}
	return &briefView{name: c.name(i), w: c}
}

// crewView records how far a training has come.
type crewView struct {
	*crew
	trial int
}

func (v crewView) at(s *session, epoch int) {
	v.mu.Lock()
	v.epochs[v.trial] = fmt.Sprintf("%d/%d epochs", epoch, s.model.Recipe.Epochs)
	v.mu.Unlock()
	v.say()
}

func (v crewView) start(s *session) { v.at(s, s.trainer.State().Epoch) }

func (v crewView) epoch(_ context.Context, s *session, e train.Epoch) error {
	v.at(s, e.Epoch+1)
	return nil
}

func (v crewView) end(*session, outcome) {}
