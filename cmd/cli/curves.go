package cli

import (
	"errors"
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

// plot draws the learning curves of runs, and leaves out, of several, those without any.
func (a *app) plot(output, runs string, loss bool, names []string) error {
	list, out, err := a.histories(runs, names)
	if err != nil {
		return err
	}
	q := accuracies
	if loss || !slices.ContainsFunc(list, q.of) { // Losses without classes have no accuracy.
		q = costs
	}
	list = slices.DeleteFunc(list, func(h history) bool {
		if q.of(h) {
			return false
		}
		err := fmt.Errorf("%s: no epoch has a finite %s", h.path, q.name)
		if q == accuracies {
			err = fmt.Errorf("%s: its loss has no classes, and so no accuracy; draw the cost with --loss", h.path)
		}
		if out = errors.Join(out, err); len(names) > 1 {
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

// histories are those of the runs of these names that have epochs. What is left out of several is noted; out is why the last one was.
func (a *app) histories(runs string, names []string) (list []history, out, err error) {
	for _, name := range names {
		path, err := a.runPath(runs, name)
		var h history
		if err == nil {
			h, err = readHistory(path)
		}
		if err == nil && len(h.epochs) == 0 {
			err = noEpoch(path)
		}
		switch {
		case err == nil:
			list = append(list, h)
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
func (q quantity) of(h history) bool {
	return slices.ContainsFunc(h.epochs, func(e event) bool { return finite(e.number("train_"+q.key)) || finite(e.number("val_"+q.key)) })
}

// lines are two for each run, with and without points, and the kinds of those that have some.
func (q quantity) lines(list []history) (lines []plot.Series, kinds []string) {
	names := runLabels(list)
	for i, h := range list {
		for _, column := range [][2]string{{"validation", "val_"}, {"training", "train_"}} {
			s := plot.Series{Name: names[i], Kind: column[0]}
			for _, e := range h.epochs {
				s.X, s.Y = append(s.X, e.number("epoch")), append(s.Y, e.number(column[1]+q.key))
			}
			if slices.ContainsFunc(s.Y, finite) && !slices.Contains(kinds, s.Kind) {
				kinds = append(kinds, s.Kind)
			}
			lines = append(lines, s)
		}
	}
	return lines, kinds
}

// curvesTitle says whose curves these are.
func curvesTitle(list []history, q quantity) string {
	if len(list) == 1 {
		return filepath.Base(list[0].path) + ": " + q.name
	}
	model := list[0].info.Model
	if slices.ContainsFunc(list, func(h history) bool { return h.info.Model != model }) {
		return fmt.Sprintf("%d runs: %s", len(list), q.name)
	}
	return fmt.Sprintf("%d runs of %s: %s", len(list), model, q.name)
}

// telling are the keys of a run's first event that tell runs of one model apart, in the order in which a label has them.
var telling = []string{
	"eta", "lambda", "momentum", "optimizer", "schedule", "batch", "epochs", "patience", "clip", "ema", "init", "augment", "train", "full", "data",
	"dtype", "vm", "parameters",
}

// runLabels are short names for runs that tell them apart: the model, with the settings in which its runs differ, and the seed and the
// folder where these are not enough.
func runLabels(list []history) []string {
	labels := make([]string, len(list))
	for i, h := range list {
		labels[i] = h.info.Model
		for _, key := range telling {
			differs := slices.ContainsFunc(list, func(o history) bool { return o.info.Model == h.info.Model && o.setting(key) != h.setting(key) })
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
