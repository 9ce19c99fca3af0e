package cli

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/stheno-ml/stheno/cmd/internal/plot"
)

// quantity is what learning curves show: its name, and the end of its columns' names.
type quantity struct{ name, key string }

var (
	accuracies = quantity{"accuracy", "acc"}
	costs      = quantity{"cost", "loss"}
)

// curves are the epochs of a run: numbers by the columns' names. An epoch has more, and there may be many.
type curves struct {
	history
	columns map[string][]float64
}

// readCurves reads the curves of the run in the folder path.
func readCurves(path string) (curves, error) {
	c := curves{columns: map[string][]float64{}}
	var err error
	c.history, err = readHistory(path, func(e event) {
		for _, key := range []string{"epoch", "train_acc", "val_acc", "train_loss", "val_loss"} {
			c.columns[key] = append(c.columns[key], e.number(key))
		}
	})
	if err == nil && len(c.columns) == 0 {
		err = noEpoch(path)
	}
	return c, err
}

// plot draws the learning curves of runs, and leaves out, of several, those without any.
func (a *app) plot(output, runs string, loss bool, names []string) error {
	list, out, err := a.curves(runs, names)
	if err != nil {
		return err
	}
	q := accuracies
	if loss || !slices.ContainsFunc(list, q.of) { // Losses without classes have no accuracy.
		q = costs
	}
	list = slices.DeleteFunc(list, func(h curves) bool {
		if q.of(h) {
			return false
		}
		err := fmt.Errorf("%s: no epoch has a finite %s", h.path, q.name)
		if q == accuracies {
			err = fmt.Errorf("%s: its loss has no classes, and so no accuracy; draw the cost with --loss", h.path)
		}
		if out = err; len(names) > 1 {
			a.note(fmt.Errorf("left out: %w", err))
		}
		return true
	})
	if len(list) == 0 {
		return out
	}
	axes := plot.Axes{X: "epoch", Y: q.name, Title: curvesTitle(list, q)}
	lines, kinds := q.lines(list)
	if len(kinds) == 1 { // The legend says it of two only.
		axes.Y = kinds[0] + " " + axes.Y
	}
	if err := plot.Lines(output, axes, lines...); err != nil {
		return err
	}
	return a.wrote(output)
}

// curves are those of the runs of these names that have epochs. What is left out of several is noted; out is why the last one was.
func (a *app) curves(runs string, names []string) (list []curves, out, err error) {
	for _, name := range names {
		path, err := a.runPath(runs, name)
		var c curves
		if err == nil {
			c, err = readCurves(path)
		}
		switch {
		case err == nil:
			list = append(list, c)
		case a.leaveOut(err, names):
			out = err
		case len(names) > 1 && exitCode(err) == exitData:
			a.note(fmt.Errorf("left out: %w", err))
			out = err
		default:
			return nil, nil, err
		}
	}
	return list, out, nil
}

// of says that an epoch of a run has the quantity.
func (q quantity) of(c curves) bool {
	return slices.ContainsFunc(c.columns["train_"+q.key], finite) || slices.ContainsFunc(c.columns["val_"+q.key], finite)
}

// lines are two for each run, with and without points, and the kinds of those that have some.
func (q quantity) lines(list []curves) (lines []plot.Series, kinds []string) {
	names := runLabels(list)
	for i, c := range list {
		for _, column := range [][2]string{{"validation", "val_"}, {"training", "train_"}} {
			s := plot.Series{Name: names[i], Kind: column[0], X: c.columns["epoch"], Y: c.columns[column[1]+q.key]}
			if slices.ContainsFunc(s.Y, finite) && !slices.Contains(kinds, s.Kind) {
				kinds = append(kinds, s.Kind)
			}
			lines = append(lines, s)
		}
	}
	return lines, kinds
}

// curvesTitle says whose curves these are.
func curvesTitle(list []curves, q quantity) string {
	if len(list) == 1 {
		return filepath.Base(list[0].path) + ": " + q.name
	}
	model := list[0].info.Model
	if slices.ContainsFunc(list, func(c curves) bool { return c.info.Model != model }) {
		return fmt.Sprintf("%d runs: %s", len(list), q.name)
	}
	return fmt.Sprintf("%d runs of %s: %s", len(list), model, q.name)
}

// telling are the keys of a run's first event that tell runs of one model apart, in the order in which a label has them.
var telling = []string{
	"eta", "etas", "lambda", "momentum", "optimizer", "schedule", "batch", "epochs", "patience", "clip", "ema", "init", "augment", "train", "full", "data",
	"dtype", "vm", "parameters",
}

// runLabels are short names for runs that tell them apart: the name that the run was given or the model, with the settings in which its runs differ, and the seed and the
// folder where these are not enough.
func runLabels(list []curves) []string {
	labels := make([]string, len(list))
	for i, h := range list {
		labels[i] = cmp.Or(h.info.Name, h.info.Model)
		for _, key := range telling {
			differs := slices.ContainsFunc(list, func(o curves) bool { return o.info.Model == h.info.Model && o.setting(key) != h.setting(key) })
			if differs {
				labels[i] += h.setting(key)
			}
		}
	}
	labels = apart(labels, func(i int) string { return "seed=" + strconv.FormatUint(list[i].info.Seed, 10) })
	labels = apart(labels, func(i int) string { return filepath.Base(list[i].path) })
	return apart(labels, func(i int) string { return list[i].path })
}

// apart adds what more tells to labels of which there are several alike.
func apart(labels []string, more func(i int) string) []string {
	longer := slices.Clone(labels)
	for i, label := range labels {
		if slices.Contains(labels[:i], label) || slices.Contains(labels[i+1:], label) {
			longer[i] += " " + more(i)
		}
	}
	return longer
}

// setting is a run's setting in a label; "" where it is not known, or is a switch that is off.
func (h history) setting(key string) string {
	switch x := h.start[key].(type) {
	case nil:
		return ""
	case bool:
		if !x {
			return ""
		}
		return " " + key
	case float64:
		return " " + key + "=" + strconv.FormatFloat(x, 'g', -1, 64)
	default:
		return fmt.Sprintf(" %s=%v", key, x)
	}
}
