package cli

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/train"
)

// evalFlags are the flags of eval.
type evalFlags struct {
	split           choice
	data, runs      string
	confusion, json bool
	least           float64
}

func (a *app) evalCommand() *cobra.Command {
	var f evalFlags
	cmd := &cobra.Command{
		Use:   "eval [flags] RUN|FILE.json",
		Short: "Measure a trained network",
		Long: wrap("Count the images that a run's network labels correctly, with the weights of its best epoch. RUN is a run's "+
			"folder, its name below --runs, or latest; FILE.json is a network that network2.py has saved.", 100),
		Args:              arguments(1, 1),
		ValidArgsFunction: a.completeRuns,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.least < 0 || f.least > 1 {
				return usagef("--min %v; use a fraction, as 0.98", f.least)
			}
			return a.eval(&f, args[0])
		},
	}
	set := cmd.Flags()
	set.SortFlags = false
	f.split.define(set, "split", "which images", "test", "validation", "train")
	set.StringVar(&f.data, "data", "", "`DIR` with another data set; the run's own if not given")
	set.BoolVar(&f.confusion, "confusion", false, "how often each digit was taken for each")
	set.Float64Var(&f.least, "min", 0, "exit with 3 if the accuracy, a `fraction`, is below this")
	set.StringVar(&f.runs, "runs", "runs", "`DIR` of the runs' folders")
	set.BoolVar(&f.json, "json", false, "a JSON object")
	return cmd
}

func (a *app) eval(f *evalFlags, name string) error {
	t, err := a.measurable(f.runs, name)
	if err != nil {
		return err
	}
	images, err := f.images(t)
	if err != nil {
		return err
	}
	answers, err := labelAll(t.net, labelled(images))
	if err != nil {
		return err
	}
	table := confusion(images.Labels, answers, t.net.Classes)
	correct := 0
	for i := range table {
		correct += table[i][i]
	}
	if err := a.showEval(f, t, table, correct, images.Len()); err != nil {
		return err
	}
	if acc := fraction(correct, images.Len()); acc < f.least {
		return &exitError{exitCheck, fmt.Errorf("%s: accuracy %v is below %v", t.path, acc, f.least)}
	}
	return nil
}

// images are those to measure: of the training images, those that the run was trained on.
func (f *evalFlags) images(t *trained) (mnist.Set, error) {
	dir := f.data
	if dir == "" {
		dir = t.data
	}
	data, err := loadData(dir)
	if err != nil {
		return mnist.Set{}, err
	}
	if err := fits(data, t.model); err != nil {
		return mnist.Set{}, err
	}
	if err := data.CheckLabels(t.net.Classes); err != nil {
		return mnist.Set{}, err
	}
	switch f.split.value {
	case "train":
		if n := t.model.Recipe.TrainSize; n > 0 && n < data.Train.Len() && f.data == "" {
			return data.Train.Slice(0, n), nil
		}
		return data.Train, nil
	case "validation":
		return data.Validation, nil
	}
	return data.Test, nil
}

// confusion counts how often a digit, the row, got an answer, the column. An answer that is none is left out.
func confusion(labels []byte, answers []int, classes int) [][]int {
	table := make([][]int, classes)
	for i := range table {
		table[i] = make([]int, classes)
	}
	for i, l := range labels {
		if answers[i] >= 0 {
			table[l][answers[i]]++
		}
	}
	return table
}

func (a *app) showEval(f *evalFlags, t *trained, matrix [][]int, correct, total int) error {
	if f.json {
		low, high := train.Interval(correct, total)
		o := object{
			{"run", t.path}, {"epoch", t.epoch}, {"split", f.split.value}, {"correct", correct}, {"total", total},
			{"accuracy", fraction(correct, total)}, {"low", low}, {"high", high},
		}
		if f.confusion {
			o = append(o, field{"confusion", matrix})
		}
		return printJSON(a.out, o)
	}
	weights := fmt.Sprintf("weights of epoch %d", t.epoch)
	if t.imported && t.epoch < 0 {
		weights = "weights as they were saved"
	} else if t.epoch < 0 {
		weights = "weights before the end of the first epoch"
	}
	fmt.Fprintf(a.out, "%s, %s\n%s: %s\n", t.path, weights, f.split.value, score(correct, total))
	if f.confusion {
		a.showConfusion(matrix)
	}
	return nil
}

func (a *app) showConfusion(matrix [][]int) {
	head, rows := []string{"digit"}, table{}
	for j := range matrix {
		head = append(head, "as "+strconv.Itoa(j))
	}
	rows.add(head...)
	for i, row := range matrix {
		rows.add(append([]string{strconv.Itoa(i)}, cells(row)...)...)
	}
	fmt.Fprintln(a.out)
	rows.print(a.out)
}
