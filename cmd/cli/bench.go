package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/kernel"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
)

// benchFlags are the flags of bench.
type benchFlags struct {
	machineFlags
	set     *pflag.FlagSet
	batch   []int
	seconds float64
	augment ruled[models.Augment]
	whole   bool
	epochs  int
	json    bool
}

func (a *app) benchCommand() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench [flags] [MODEL|FILE.toml|NETWORK]...",
		Short: "Measure the speed of training",
		Long: wrap("Train on MNIST's 50,000 images for a few seconds after a warm-up, and print the images per second. That includes shuffling, "+
			"collecting images, forward, backward and update, but not evaluation. The time has three equal parts, and the median "+
			"counts. gflops counts only products with weights: 2 operations for each multiply-add of the forward pass, and "+
			"twice as many for the backward pass, without the gradient of the input, which is not needed. compile is the time from "+
			"the model to the end of the first step.", 100) +
			"\n\n" + wrap("peak is the speed of multiply-adds in registers alone, on as many threads: the best of fifty tries just before. \"of peak\" is "+
			"gflops divided by it. It may exceed 100%: products with images, and the gradients of convolutions before a pool, skip zeros, but count as a whole.", 100) +
			"\n\n" + wrap("With --whole, train by the recipe, or for --epochs, from the first weights to the last epoch. Print the time of the whole training, "+
			"including the evaluation after each epoch, and of the first and the last epoch, without it. No run is saved.", 100),
		ValidArgsFunction: a.completeModels,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(args); err != nil {
				return err
			}
			if len(args) == 0 {
				args = []string{"mlp", "softmax", "deep"}
			}
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return a.bench(ctx, &f, args)
		},
	}
	set := cmd.Flags()
	f.set = set
	set.IntSliceVar(&f.batch, "batch", []int{10, 128}, "`images` in a mini-batch, or several numbers separated by commas; with --whole, the recipe's if not given")
	set.Float64Var(&f.seconds, "seconds", 3, "`time` for each line")
	set.BoolVar(&f.whole, "whole", false, "time whole trainings by the recipe")
	set.IntVar(&f.epochs, "epochs", 0, "train for `N` epochs with --whole; the recipe's if not given")
	f.augment.define(set, a.reader(), "augment", augmentHelp)
	f.machineFlags.define(set)
	set.BoolVar(&f.json, "json", false, "print a JSON object for each line")
	return cmd
}

// check reports numbers out of range, and flags that do not go together.
func (f *benchFlags) check(models []string) error {
	switch {
	case f.whole && len(models) == 0:
		return usagef("bench --whole: no model; name one or more, such as mlp")
	case !(f.seconds > 0 && f.seconds <= 3600):
		return usagef("--seconds %v; use above 0, to 3600", f.seconds)
	case slices.Min(f.batch) < 1:
		return usagef("--batch %d; use at least 1 image", slices.Min(f.batch))
	case f.whole && f.set.Changed("seconds"):
		return usagef("--whole and --seconds; leave --seconds out, a whole training takes as long as it takes")
	case !f.whole && f.set.Changed("epochs"):
		return usagef("--epochs without --whole; use both, or --seconds")
	case f.set.Changed("epochs") && f.epochs < 1:
		return usagef("--epochs %d; use at least 1", f.epochs)
	}
	return nil
}

func (a *app) bench(ctx context.Context, f *benchFlags, names []string) error {
	var list []models.Model
	for _, name := range names {
		m, err := a.model(name)
		if err != nil {
			return err
		}
		list = append(list, m)
	}
	if err := f.use(); err != nil {
		return err
	}
	data, err := a.openData("", dataset.Options{})
	if err != nil {
		return err
	}
	if f.whole {
		return a.benchWhole(ctx, f, list, data)
	}
	p := f.peak()
	if !f.json {
		fmt.Fprintf(a.out, "%s\npeak %.0f GFLOP/s, on one thread %.0f\n\n%-16s  %5s  %11s  %7s  %7s  %10s\n",
			f.machine(), p.all, p.one, "model", "batch", "images/s", "gflops", "of peak", "compile")
	}
	for _, m := range list {
		m.Recipe.Augment, m.Recipe.TrainSize = f.augment.value, 0
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
			if err := a.benchOne(ctx, f, m, part.Data(), warped, batch, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// machine describes what computes, for the first line.
func (f *benchFlags) machine() string {
	return fmt.Sprintf("VM %s, kernel %s, %d threads, %s", f.vm.value, graph.Kernel(), f.processors(), f.dtype.value)
}

// peaks are the machine's GFLOP/s on all threads and on one.
type peaks struct{ all, one float64 }

func (f *benchFlags) peak() peaks {
	peak := kernel.Peak[float32]
	if f.dtype.value == "float64" {
		peak = kernel.Peak[float64]
	}
	p := peaks{one: peak(1)}
	p.all = p.one
	if n := f.processors(); n > 1 {
		p.all = peak(n)
	}
	return p
}

// benchOne measures and prints one line.
func (a *app) benchOne(parent context.Context, f *benchFlags, m models.Model, data train.Data, warped func(epoch, image int, to *train.Grid), batch int, p peaks) error {
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
			{"dtype", f.dtype.value}, {"images_per_s", rate}, {"gflops", gflops},
			{"peak_gflops", p.all}, {"peak_gflops_one_thread", p.one}, {"of_peak", gflops / p.all}, {"compile_ms", 1e3 * w.compile.Seconds()},
		})
	}
	_, err = fmt.Fprintf(a.out, "%-16s  %5d  %11s  %7.1f  %6.0f%%  %7.0f ms\n", m.Name, batch, count(int(rate)), gflops, 100*gflops/p.all, 1e3*w.compile.Seconds())
	return err
}

const thirds = 3 // parts of the time, whose median counts

// stopwatch times mini-batches from one call of Trainer.Progress to the next.
type stopwatch struct {
	begin   time.Time
	part    time.Duration // how long one of the three parts takes
	stop    func()
	compile time.Duration // up to the end of the first mini-batch
	rates   []float64     // mini-batches per second, of each part
	warm    bool
	from    time.Time // when the current part began
	steps   uint64    // the steps done by then
}

// tick is called before each mini-batch.
func (w *stopwatch) tick(s train.State) {
	now := time.Now()
	if s.Steps == 1 {
		w.compile = now.Sub(w.begin)
	}
	if !w.warm {
		// Ten steps, or a part of the time if they take longer, warm caches and the processor's clock. Long steps are timed on all threads and
		// on one meanwhile, four of them.
		w.warm = s.Steps >= 10 && now.Sub(w.begin) > w.part/2 || s.Steps >= 5 && now.Sub(w.begin) > w.part
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

// operations counts the floating-point operations for training on one image, as the command's help describes.
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
