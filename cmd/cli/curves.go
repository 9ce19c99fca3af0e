package cli

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/stheno-ml/stheno/cmd/internal/plot"
)

// quantity is what learning curves show: its name, and how its columns' names end.
type quantity struct{ name, key string }

var (
	accuracies = quantity{"accuracy", "acc"}
	costs      = quantity{"cost", "loss"}
)

// curves are the epochs of a run, as numbers by column. There may be many epochs, so only the columns that can be drawn are kept.
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

// plot draws the learning curves of runs. Of several runs, it leaves out those that have none.
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
			err = fmt.Errorf("%s: its loss has no classes, so there is no accuracy; draw the cost with --loss", h.path)
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
	if len(kinds) == 1 { // the legend names the kinds only if there are two
		axes.Y = kinds[0] + " " + axes.Y
	}
	if err := plot.Lines(output, axes, lines...); err != nil {
		return err
	}
	return a.wrote(output)
}

// curves reads the named runs. Of several runs, those without an epoch are left out with a note; out is the reason for the last of them.
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

// of reports whether some epoch of a run has the quantity.
func (q quantity) of(c curves) bool {
	return slices.ContainsFunc(c.columns["train_"+q.key], finite) || slices.ContainsFunc(c.columns["val_"+q.key], finite)
}

// lines are two series for each run, which may be empty, and the kinds of series that are not.
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

// curvesTitle is the title of a picture of these runs.
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

// telling are the keys of a run's first event that can tell runs of one model apart, in the order of a label.
var telling = []string{
	"eta", "etas", "lambda", "momentum", "optimizer", "schedule", "batch", "epochs", "patience", "clip", "ema", "init", "augment", "train", "full", "data",
	"dtype", "vm", "parameters",
}

// runLabels are short names that tell runs apart: the run's name or its model, then the settings in which runs of a model differ, and where
// that is not enough the seed and the folder. A named run of several models has its model too: a name need not say it.
func runLabels(list []curves) []string {
	labels := make([]string, len(list))
	for i, h := range list {
		labels[i] = cmp.Or(h.info.Name, h.info.Model)
		if h.info.Name != "" && slices.ContainsFunc(list, func(o curves) bool { return o.info.Model != h.info.Model }) {
			labels[i] += " (" + h.info.Model + ")"
		}
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

// apart adds what more says to each label that occurs more than once.
func apart(labels []string, more func(i int) string) []string {
	longer := slices.Clone(labels)
	for i, label := range labels {
		if slices.Contains(labels[:i], label) || slices.Contains(labels[i+1:], label) {
			longer[i] += " " + more(i)
		}
	}
	return longer
}

// setting is a run's setting for a label; "" if it is unknown, or a switch that is off.
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
