package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
)

// benchWhole measures whole trainings, and prints a line for each.
func (a *app) benchWhole(ctx context.Context, f *benchFlags, list []models.Model, data *dataset.Data) error {
	if !f.json {
		fmt.Fprintf(a.out, "%s\n\n%-16s  %5s  %6s  %9s  %11s  %10s  %10s\n",
			f.machine(), "model", "batch", "epochs", "seconds", "first epoch", "last epoch", "last/first")
	}
	for _, m := range list {
		f.override(&m.Recipe)
		batches := []int{m.Recipe.Batch}
		if f.set.Changed("batch") {
			batches = f.batch
		}
		for _, m.Recipe.Batch = range batches {
			t, err := a.timeWhole(ctx, f, m, data)
			if err != nil {
				return err
			}
			if err := a.sayWhole(f, m, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// override replaces the recipe's values by the flags that were given.
func (f *benchFlags) override(r *models.Recipe) {
	if f.set.Changed("epochs") {
		r.Epochs = f.epochs
	}
	if f.set.Changed("augment") {
		r.Augment = f.augment.value
	}
}

// wholeTime is how long a training took.
type wholeTime struct {
	seconds     float64 // from the model to the end of the last epoch
	epochs      int
	first, last train.Epoch
}

// timeWhole trains m as train does, but saves nothing.
func (a *app) timeWhole(ctx context.Context, f *benchFlags, m models.Model, data *dataset.Data) (w wholeTime, err error) {
	data, part, err := trainedOn(data, m)
	if err != nil {
		return w, err
	}
	begin, line := time.Now(), newProgress(a.err)
	net, err := graph.New(m.Net, m.Loss, m.Input, f.config(1, m.Recipe))
	if err != nil {
		return w, usagef("model %s: %w", m.Name, err)
	}
	t, err := m.Recipe.Trainer(net)
	if err != nil {
		return w, usagef("model %s: %w", m.Name, err)
	}
	t.Train, t.Validation, t.Seed = part.Data(), data.Validation.Data(), 1
	if t.Warp, err = warp(data, m.Recipe, 1); err != nil {
		return w, err
	}
	t.Progress = line.training(t.Epochs, t.Train.Len(), net.Loss.Classes, unit(data))
	if err := t.Start(); err != nil {
		return w, usagef("%w", err)
	}
	for e, err := range t.Run(ctx) {
		line.clear()
		if interrupted(ctx, err) {
			return w, cutShort(ctx, "interrupted in epoch %d of %s", t.State().Epoch, m.Name)
		}
		if err != nil {
			return w, fmt.Errorf("model %s: %w", m.Name, err)
		}
		if w.epochs++; w.epochs == 1 {
			w.first = e
		}
		w.last = e
	}
	w.seconds = time.Since(begin).Seconds()
	return w, nil
}

// sayWhole prints one line.
func (a *app) sayWhole(f *benchFlags, m models.Model, w wholeTime) error {
	if f.json {
		return printJSON(a.out, object{
			{"model", m.Name}, {"batch", m.Recipe.Batch}, {"threads", f.processors()}, {"vm", f.vm.value}, {"kernel", graph.Kernel()},
			{"dtype", f.dtype.value}, {"epochs", w.epochs}, {"seconds", w.seconds},
			{"first_epoch_seconds", w.first.Seconds}, {"last_epoch_seconds", w.last.Seconds},
			{"first_images_per_s", w.first.PerSecond}, {"last_images_per_s", w.last.PerSecond},
		})
	}
	_, err := fmt.Fprintf(a.out, "%-16s  %5d  %6d  %7.2f s  %9.3f s  %8.3f s  %9.0f%%\n",
		m.Name, m.Recipe.Batch, w.epochs, w.seconds, w.first.Seconds, w.last.Seconds, 100*w.last.PerSecond/w.first.PerSecond)
	return err
}
