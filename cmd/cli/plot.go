package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stheno-ml/stheno/cmd/internal/plot"
	"github.com/stheno-ml/stheno/cmd/internal/rundir"
)

func (a *app) plotCommand() *cobra.Command {
	var loss bool
	var filters int
	var output, runs string
	cmd := &cobra.Command{
		Use:   "plot [flags] RUN...",
		Short: "Draw the learning curves of runs, or what the first layer of one looks for",
		Long: wrap("Draw the accuracy of runs on the training and the validation images, epoch by epoch, or their cost where the loss has no classes, or with --loss. RUN is a run's "+
			"folder, its name below --runs, or latest; a run may still be going on.", 100) + "\n\n" +
			wrap("With --filters, draw the weights of a run's first layer as images: the filters of a convolution, or what each neuron "+
				"of a dense layer multiplies the pixels by. Red is positive, blue negative, white zero.", 100),
		Args:              arguments(1, -1),
		ValidArgsFunction: a.completeRuns,
		RunE: func(cmd *cobra.Command, args []string) error {
			if output == "" {
				return usagef("plot: no --output; name a file that ends in .svg or .png")
			}
			if err := checkPicture(output); err != nil {
				return err
			}
			if !cmd.Flags().Changed("filters") {
				return a.plot(output, runs, loss, args)
			}
			if n := args[len(args)-1]; len(args) == 2 && strings.Trim(n, "0123456789") == "" {
				return usagef("--filters %s; write --filters=%[1]s", n)
			}
			if filters < 1 || filters > maxDrawn {
				return usagef("--filters=%d; use 1 to %d", filters, maxDrawn)
			}
			if loss || len(args) > 1 {
				return usagef("--filters draws one run, and no --loss; leave out what is too much")
			}
			return a.plotFilters(output, runs, args[0], filters)
		},
	}
	set := cmd.Flags()
	set.StringVarP(&output, "output", "o", "", "the picture, a `FILE` that ends in .svg or .png")
	set.BoolVar(&loss, "loss", false, "the cost in place of the accuracy")
	set.IntVar(&filters, "filters", 0, "the weights of the first layer, at most the first `N` (64 if not given)")
	set.Lookup("filters").NoOptDefVal = "64"
	set.StringVar(&runs, "runs", "runs", "`DIR` of the runs' folders")
	return cmd
}

func (a *app) plot(output, runs string, loss bool, names []string) error {
	quantity, key := "accuracy", "acc"
	if loss {
		quantity, key = "cost", "loss"
	}
	var lines []plot.Series
	var out error
	for _, name := range names {
		path, err := a.runPath(runs, name)
		if a.leaveOut(err, names) {
			out = err
			continue
		}
		if err == nil {
			_, err = rundir.Open(path)
		}
		if err != nil {
			return err
		}
		training, validation := plot.Series{Name: filepath.Base(path) + ", training"}, plot.Series{Name: filepath.Base(path) + ", validation"}
		err = readEpochs(path, func(e event) {
			training.X, training.Y = append(training.X, e.number("epoch")), append(training.Y, e.number("train_"+key))
			validation.Y = append(validation.Y, e.number("val_"+key))
		})
		if a.leaveOut(err, names) {
			out = err
			continue
		}
		if err != nil {
			return err
		}
		validation.X = training.X
		lines = append(lines, training)
		if slices.ContainsFunc(validation.Y, finite) { // A run without validation images has no such line.
			lines = append(lines, validation)
		}
	}
	if lines == nil {
		return out
	}
	if !loss && !slices.ContainsFunc(lines, func(s plot.Series) bool {
		return slices.ContainsFunc(s.Y, func(y float64) bool { return !math.IsNaN(y) })
	}) {
		return a.plot(output, runs, true, names) // runs whose losses have no classes
	}
	if err := plot.Lines(output, "", "epoch", quantity, false, lines...); err != nil {
		return err
	}
	return a.wrote(output)
}

// event is a line of metrics.jsonl.
type event map[string]any

// number is the number of that key, or NaN, which is null in the file.
func (e event) number(key string) float64 {
	if x, ok := e[key].(float64); ok {
		return x
	}
	return math.NaN()
}

// readEpochs calls f for each epoch of a run.
func readEpochs(path string, f func(event)) error {
	n := 0
	err := readEvents(path, func(e event) {
		if e["event"] == "epoch" {
			n++
			f(e)
		}
	})
	if err == nil && n == 0 {
		err = fmt.Errorf("%s: %w; wait for the first", filepath.Join(path, "metrics.jsonl"), errNoEpoch)
	}
	return err
}

// readEvents calls f for each event of a run.
func readEvents(path string, f func(event)) error {
	text, err := rundir.Metrics(path)
	if err != nil {
		return dataf("%w", err)
	}
	number := 0
	for line := range bytes.Lines(text) {
		number++
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			return dataf("%s:%d: %w: %w; train anew, or resume the run", filepath.Join(path, "metrics.jsonl"), number, rundir.ErrDamaged, err)
		}
		f(e)
	}
	return nil
}
