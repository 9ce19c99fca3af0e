package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// A task is a training that runs beside others.
type task struct {
	name   string
	kernel string // the kernel that it began with, or will begin with
	do     func(ctx context.Context, threads int) error
}

// several does tasks, atOnce of them at a time, and divides the processors among them. A process has one kernel at a time, so trainings that
// began with another kernel come after the others, one kernel after another.
func (a *app) several(ctx context.Context, tasks []task, atOnce int) error {
	own, byKernel := graph.Kernel(), map[string][]task{}
	for _, t := range tasks {
		byKernel[t.kernel] = append(byKernel[t.kernel], t)
	}
	failed := alike(ctx, byKernel[own], atOnce)
	delete(byKernel, own)
	for _, kernel := range slices.Sorted(maps.Keys(byKernel)) {
		if err := graph.UseKernel(kernel); err != nil {
			return errors.Join(failed, err)
		}
		a.note(fmt.Errorf("now %s that began with kernel %s, and must continue with it", plural(len(byKernel[kernel]), "training", "trainings"), kernel))
		failed = errors.Join(failed, alike(ctx, byKernel[kernel], atOnce))
	}
	failed = errors.Join(failed, graph.UseKernel(own))
	if ctx.Err() != nil {
		return cutShort(ctx, "interrupted and saved; the same command continues")
	}
	return failed
}

// alike does the tasks of one kernel.
func alike(ctx context.Context, tasks []task, atOnce int) error {
	atOnce = max(1, min(atOnce, len(tasks)))
	threads := max(1, runtime.GOMAXPROCS(0)/atOnce)
	free := make(chan struct{}, atOnce)
	failed := make([]error, len(tasks))
	var workers sync.WaitGroup
	for i, t := range tasks {
		free <- struct{}{}
		workers.Go(func() {
			defer func() { <-free }()
			if ctx.Err() != nil {
				return
			}
			if err := t.do(ctx, threads); err != nil {
				failed[i] = fmt.Errorf("%s: %w", t.name, err)
			}
		})
	}
	workers.Wait()
	return errors.Join(failed...)
}

// kernelOf is the kernel that a run was last trained with, if this machine has it; otherwise the one in use.
func kernelOf(info rundir.Info) string {
	if kernel := info.Last().Kernel; slices.Contains(graph.Kernels(), kernel) {
		return kernel
	}
	return graph.Kernel()
}

// briefView prints a line about one of several trainings now and then.
type briefView struct {
	name string
	w    io.Writer
	last time.Time
}

func (v *briefView) start(s *session) {
	v.last = time.Now()
	fmt.Fprintf(v.w, "%s: %d epochs from %d, %s\n", v.name, s.model.Recipe.Epochs, s.trainer.State().Epoch, s.run.Path())
}

func (v *briefView) epoch(_ context.Context, s *session, e train.Epoch) error {
	if time.Since(v.last) < 10*time.Second {
		return nil
	}
	v.last = time.Now()
	acc, loss, examples := e.ValAcc, e.ValLoss, "validation"
	if s.trainer.Validation.Len() == 0 {
		acc, loss, examples = e.TrainAcc, e.TrainLoss, "training"
	}
	right := percent(acc)
	if !s.counts() {
		right = fmt.Sprintf("loss %.4f", loss)
	}
	_, err := fmt.Fprintf(v.w, "%s: epoch %d of %d, %s of the %s %s, %s an epoch\n",
		v.name, e.Epoch, s.model.Recipe.Epochs, right, examples, noun(s.data), duration(e.Seconds))
	return err
}

func (v *briefView) end(*session, outcome) {}
