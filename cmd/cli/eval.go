package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/internal/intake"
	"github.com/stheno-ml/stheno/train"
)

// evalFlags are the flags of eval.
type evalFlags struct {
	split, vote        choice
	data, runs, output string
	shifts, errors     int
	confusion, json    bool
	asked              bool // for a part, by --split
	least              float64
}

func (a *app) evalCommand() *cobra.Command {
	var f evalFlags
	cmd := &cobra.Command{
		Use:   "eval [flags] RUN|FILE.json...",
		Short: "Measure trained networks, alone or together",
		Long: wrap("Count the images that a run's network labels correctly, with the weights of its best epoch. Several runs get a line each. "+
			"RUN is a run's folder, its name below --runs, or latest. FILE.json is a network saved by network2.py or a similar program.", 100) + "\n\n" +
			wrap("With --vote the networks answer together, and both ways are counted: by majority, as in chapter 6, where the larger mean output "+
				"breaks a tie, and by the largest mean output. --min, --errors and --confusion apply to the majority, or with --vote=mean "+
				"to the mean.", 100) + "\n\n" +
			wrap("With --shifts a network sees each image moved by up to N pixels in every direction, and its outputs are averaged. That takes "+
				"(2N+1)² times as long.", 100),
		Args:              arguments(1, -1),
		ValidArgsFunction: a.completeRuns,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd, args); err != nil {
				return err
			}
			return a.eval(&f, args)
		},
	}
	set := cmd.Flags()
	f.split.define(set, "split", "the part of the data to measure on", "test", "validation", "train")
	set.StringVar(&f.data, "data", "", "other `DATA`, of any kind that train takes; the runs' own if not given")
	f.vote.words = []string{majority, mean}
	set.Var(&f.vote, "vote", "let several networks vote")
	set.Lookup("vote").NoOptDefVal = majority
	set.IntVar(&f.shifts, "shifts", 0, "average the outputs over shifts by up to `N` pixels")
	set.BoolVar(&f.confusion, "confusion", false, "show how often each class was taken for each other: a row is a label, a column an answer")
	set.IntVar(&f.errors, "errors", 0, "show the `N` images misread with the most confidence")
	set.StringVarP(&f.output, "output", "o", "", "draw the misread images into `FILE`, which ends in .svg or .png")
	set.Float64Var(&f.least, "min", 0, "exit with 3 if the accuracy is below this `fraction`")
	set.StringVar(&f.runs, "runs", "runs", "`DIR` with the runs' folders")
	set.BoolVar(&f.json, "json", false, "print a JSON object; without --vote, one for each run")
	return cmd
}

// The limits of two flags: the margin of MNIST's images, and how many images fit on a sheet.
const (
	maxShifts = 4
	maxDrawn  = 400
)

// check reports flags that do not go together, or do not fit the number of runs.
func (f *evalFlags) check(cmd *cobra.Command, names []string) error {
	together := f.vote.value != ""
	f.asked = cmd.Flags().Changed("split")
	switch {
	case !(f.least >= 0 && f.least <= 1):
		return usagef("--min %v; use a fraction, such as 0.98", f.least)
	case f.shifts < 0 || f.shifts > maxShifts:
		return usagef("--shifts %d; use 0 to %d pixels", f.shifts, maxShifts)
	case cmd.Flags().Changed("errors") && f.errors < 1:
		return usagef("--errors %d; use at least 1 image", f.errors)
	case f.output != "" && f.errors == 0:
		return usagef("--output %s without --errors; add --errors N, the number of images to draw", f.output)
	case f.output != "" && f.errors > maxDrawn:
		return usagef("--errors %d; draw at most %d images, or leave out --output for a table", f.errors, maxDrawn)
	case together && slices.Contains(f.vote.words, names[len(names)-1]):
		return usagef("--vote %s; write --vote=%[1]s", names[len(names)-1])
	case together && len(names) < 2:
		return usagef("--vote of %d run; give at least 2", len(names))
	case !together && len(names) > 1 && (f.confusion || f.errors > 0):
		return usagef("--confusion or --errors of %d runs; give one run, or --vote", len(names))
	}
	return checkPicture(f.output)
}

func (a *app) eval(f *evalFlags, names []string) error {
	evaluations, err := a.evaluations(f, names)
	if err != nil {
		return err
	}
	chosen := evaluations
	if f.vote.value == "" {
		err = a.showEvaluations(f, evaluations)
	} else {
		ways := together(evaluations)
		i := slices.Index(f.vote.words, f.vote.value)
		chosen = ways[i : i+1]
		err = a.showVote(f, evaluations, ways, chosen[0])
	}
	if err != nil {
		return err
	}
	var low []error
	for _, r := range chosen {
		if err := r.err(); err != nil {
			return err
		}
		if acc := r.accuracy(); acc < f.least {
			low = append(low, fmt.Errorf("%s: accuracy %v is below %v", r.name, acc, f.least))
		}
	}
	if low != nil {
		return &exitError{exitCheck, errors.Join(low...)}
	}
	return nil
}

// part is the part of the data to measure a run on, and its name. Of the training part, it is the examples that the run was trained on. Other
// data that has no test part of its own is measured as a whole, unless --split asks for a part.
func (f *evalFlags) part(t *trained, d *dataset.Data) (dataset.Part, string, error) {
	if err := fits(d, t.model); err != nil {
		return dataset.Part{}, "", err
	}
	if (d.Schema.Classes == nil || t.rebuilds()) && (f.confusion || f.errors > 0 || f.least > 0 || f.vote.value != "" || f.shifts > 0) {
		return dataset.Part{}, "", usagef("%s predicts numbers, which are not right or wrong; leave out --confusion, --errors, --min, --vote and --shifts", t.path)
	}
	if err := d.CheckLabels(t.net.Outputs); err != nil {
		return dataset.Part{}, "", err
	}
	own := f.data == ""
	switch name := f.split.value; {
	case d.Drawn && t.sha256 != d.SHA256() && !f.asked:
		return d.All(), "all", nil
	case name == "train":
		if t.model.Recipe.Full && own {
			d = d.Full()
		}
		if n := t.model.Recipe.TrainSize; n > 0 && n < d.Train.Len() && own {
			return d.Train.Slice(0, n), name, nil
		}
		return d.Train, name, nil
	case name == "validation":
		if d.Validation.Len() == 0 {
			return dataset.Part{}, "", usagef("data %s is too small to have validation %s; use --split test", d.Name, noun(d))
		}
		if t.model.Recipe.Full && own {
			return dataset.Part{}, "", usagef("%s was trained on the validation %s too; use --split test", t.path, noun(d))
		}
		return d.Validation, name, nil
	}
	return d.Test, "test", nil
}

// showEvaluations prints one run in two lines, or several as a table.
func (a *app) showEvaluations(f *evalFlags, evaluations []evaluation) error {
	if len(evaluations) > 1 {
		return a.showTable(f, evaluations)
	}
	r := evaluations[0]
	if !f.json {
		printRow(a.out, fmt.Sprintf("%s, %s%s", intake.Line(r.name), r.weights(), f.averaged()))
		printRow(a.out, fmt.Sprintf("%s: %s", r.split, r.score()))
		a.showTargets(r)
	}
	return a.showDetails(f, r, f.object(r))
}

func (a *app) showTable(f *evalFlags, evaluations []evaluation) error {
	if f.json {
		var list []object
		for _, r := range evaluations {
			list = append(list, f.object(r))
		}
		return printJSON(a.out, list...)
	}
	first := evaluations[0]
	fmt.Fprintf(a.out, "%s: %s %s%s\n\n", first.split, count(first.part.Len()), noun(first.data), f.averaged())
	if slices.ContainsFunc(evaluations, evaluation.numbers) {
		return a.showNumbers(evaluations)
	}
	var t table
	t.add("run", "epoch", "correct", "accuracy", "95% interval")
	for _, r := range evaluations {
		epoch := ""
		if r.epoch >= 0 {
			epoch = strconv.Itoa(r.epoch)
		}
		low, high := train.Interval(r.correct, r.part.Len())
		cells := []string{r.name, epoch, count(r.correct), percent(r.accuracy()), percent(low) + " to " + percent(high)}
		if r.diverged > 0 {
			cells = append(cells[:2], "NaN", "NaN", "")
		}
		t.add(cells...)
	}
	t.print(a.out)
	return nil
}

// showVote prints the members of a vote and the results of both ways of counting.
func (a *app) showVote(f *evalFlags, members, ways []evaluation, chosen evaluation) error {
	if !f.json {
		if err := a.showTable(f, append(members, ways...)); err != nil {
			return err
		}
	}
	o := append(object{{"vote", f.vote.value}, {"split", f.split.value}, {"shifts", f.shifts}}, chosen.object()...)
	for i, r := range ways {
		o = append(o, field{f.vote.words[i], r.object()})
	}
	var list []object
	for _, r := range members {
		list = append(list, append(object{{"run", r.name}, {"epoch", r.epoch}}, r.object()...))
	}
	return a.showDetails(f, chosen, append(o, field{"members", list}))
}

// showDetails prints what was asked for besides the accuracy; as JSON, everything, beginning with o.
func (a *app) showDetails(f *evalFlags, r evaluation, o object) error {
	if r.numbers() {
		if f.json {
			return printJSON(a.out, o)
		}
		return nil
	}
	matrix, mistakes := confusion(r.part.Labels, r.answers, r.classes), r.mistakes()
	worst := mistakes[:min(f.errors, len(mistakes))]
	if f.confusion && f.json {
		o = append(o, field{"confusion", matrix})
	} else if f.confusion {
		a.showConfusion(matrix, r.names())
	}
	if named := !numbered(r.names()); named && f.json && (f.confusion || f.errors > 0) {
		o = append(o, field{"classes", r.names()})
	}
	if f.errors > 0 && f.json {
		o = append(o, field{"errors", mistakeObjects(worst)})
	} else if f.errors > 0 {
		a.showMistakes(r, worst, len(mistakes), f.output)
	}
	if f.output != "" {
		if err := a.drawMistakes(f, r, worst, len(mistakes)); err != nil {
			return err
		}
	}
	if f.json {
		return printJSON(a.out, o)
	}
	return nil
}

// object is the JSON of a run's line.
func (f *evalFlags) object(r evaluation) object {
	return append(object{{"run", r.name}, {"epoch", r.epoch}, {"split", r.split}, {"shifts", f.shifts}}, r.object()...)
}

// averaged says over how many shifts the outputs are averaged; "" if they are not.
func (f *evalFlags) averaged() string {
	if f.shifts == 0 {
		return ""
	}
	side := 2*f.shifts + 1
	return fmt.Sprintf(", outputs averaged over %d shifts", side*side)
}
