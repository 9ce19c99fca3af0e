package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
)

// benchFlags are the flags of bench.
type benchFlags struct {
	machineFlags
	batch   []int
	seconds float64
	augment ruled[models.Augment]
	json    bool
}

func (a *app) benchCommand() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench [flags] [MODEL|FILE.toml|NETWORK]...",
		Short: "Time the training",
		Long: wrap("Train on MNIST's 50,000 images for some seconds, after warming up, and print the images a second: shuffling, "+
			"collecting, forward, backward and update included, evaluation not. Of three equal parts of the time, the median "+
			"counts. gflops counts the products of weights alone: 2 operations for each multiply-add of the forward pass, and "+
			"twice as many again backward, less the gradient for the input, which nobody needs. compile is from the model to "+
			"the end of the first step.", 100),
		ValidArgsFunction: a.completeModels,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{"mlp", "softmax", "deep"}
			}
			if !(f.seconds > 0 && f.seconds <= 3600) {
				return usagef("--seconds %v; use above 0, to 3600", f.seconds)
			}
			if slices.Min(f.batch) < 1 {
				return usagef("--batch %d; use at least 1 image", slices.Min(f.batch))
			}
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return a.bench(ctx, &f, args)
		},
	}
	set := cmd.Flags()
	set.IntSliceVar(&f.batch, "batch", []int{10, 128}, "`images` in a mini-batch; several with commas")
	set.Float64Var(&f.seconds, "seconds", 3, "`time` of each line")
	f.augment.define(set, a.reader(), "augment", augmentHelp)
	f.machineFlags.define(set)
	set.BoolVar(&f.json, "json", false, "a JSON object for each line")
	return cmd
}

func (a *app) bench(ctx context.Context, f *benchFlags, names []string) error {
	var list []models.Model
	for _, name := range names {
		m, err := a.model(name)
		if err != nil {
			return err
		}
		m.Recipe.Augment, m.Recipe.TrainSize = f.augment.value, 0
		list = append(list, m)
	}
	if err := f.use(); err != nil {
		return err
	}
	data, err := a.openData("", dataset.Options{})
	if err != nil {
		return err
	}
	if !f.json {
		fmt.Fprintf(a.out, "VM %s, kernel %s, %d threads, %s\n\n%-16s  %5s  %11s  %7s  %10s\n",
			f.vm.value, graph.Kernel(), f.processors(), f.dtype.value, "model", "batch", "images/s", "gflops", "compile")
	}
	for _, m := range list {
		if err := fits(data, m); err != nil {
			return err
		}
		part, err := trainingSet(data, m.Recipe)
		if err != nil {
			return err
		}
		warped, err := warp(data, m.Recipe, 1)
		if err != nil {
			return err
		}
		for _, batch := range f.batch {
			if err := a.benchOne(ctx, f, m, part.Data(), warped, batch); err != nil {
				return err
			}
		}
	}
	return nil
}

// benchOne prints a line.
func (a *app) benchOne(parent context.Context, f *benchFlags, m models.Model, data train.Data, warped func(epoch, image int, to *train.Grid), batch int) error {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	w := &stopwatch{part: time.Duration(f.seconds / thirds * float64(time.Second)), begin: time.Now(), stop: cancel}
	net, err := graph.New(m.Net, m.Loss, m.Input, f.config(1, m.Recipe))
	if err != nil {
		return usagef("model %s: %w", m.Name, err)
	}
	t, err := m.Recipe.Trainer(net)
	if err != nil {
		return usagef("model %s: %w", m.Name, err)
	}
	t.Train, t.Epochs, t.Batch, t.Seed, t.DropTail, t.Warp, t.Progress = data, 1<<30, batch, 1, true, warped, w.tick
	t.Schedule, t.Patience = nil, 0
	if err := t.Start(); err != nil {
		return usagef("%w", err)
	}
	for _, err := range t.Run(ctx) {
		if err != nil && !errors.Is(err, context.Canceled) {
			return fmt.Errorf("model %s: %w", m.Name, err)
		}
	}
	if parent.Err() != nil {
		return cutShort(parent, "interrupted")
	}
	slices.Sort(w.rates)
	rate := w.rates[len(w.rates)/2] * float64(batch)
	gflops := rate * float64(operations(net)) / 1e9
	if f.json {
		return printJSON(a.out, object{
			{"model", m.Name}, {"batch", batch}, {"threads", f.processors()}, {"vm", f.vm.value}, {"kernel", graph.Kernel()},
			{"dtype", f.dtype.value}, {"images_per_s", rate}, {"gflops", gflops}, {"compile_ms", 1e3 * w.compile.Seconds()},
		})
	}
	_, err = fmt.Fprintf(a.out, "%-16s  %5s  %11s  %7.1f  %7.0f ms\n", m.Name, strconv.Itoa(batch), count(int(rate)), gflops, 1e3*w.compile.Seconds())
	return err
}

const thirds = 3 // of which the median counts

// stopwatch times mini-batches, between the calls of Trainer.Progress.
type stopwatch struct {
	begin   time.Time
	part    time.Duration // to be timed three times
	stop    func()
	compile time.Duration // to the end of the first mini-batch
	rates   []float64     // mini-batches a second
	warm    bool
	from    time.Time // of the present part
	steps   uint64    // at its beginning
}

// tick is called before each mini-batch.
func (w *stopwatch) tick(s train.State) {
	now := time.Now()
	if s.Steps == 1 {
		w.compile = now.Sub(w.begin)
	}
	if !w.warm {
		// Ten steps, or a part of the time if they take longer, warm caches and the processor's clock.
		w.warm = s.Steps >= 10 && now.Sub(w.begin) > w.part/2 || s.Steps >= 2 && now.Sub(w.begin) > w.part
		w.from, w.steps = now, s.Steps
		return
	}
	if passed := now.Sub(w.from); passed >= w.part {
		w.rates = append(w.rates, float64(s.Steps-w.steps)/passed.Seconds())
		w.from, w.steps = now, s.Steps
		if len(w.rates) == thirds {
			w.stop()
		}
	}
}

// operations are the floating-point operations to train on one image: see the command's description.
func operations(n *graph.Net) int {
	total, first := 0, 0
	for _, r := range n.Summary() {
		if first == 0 {
			first = r.MACs
		}
		total += r.MACs
	}
	return 2 * (3*total - first)
}
