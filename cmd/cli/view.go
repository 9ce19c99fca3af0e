package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/internal/intake"
	"github.com/stheno-ml/stheno/train"
)

// view shows a training.
type view interface {
	start(*session)
	epoch(context.Context, *session, train.Epoch) error
	end(*session, outcome)
}

func newView(s *session) view {
	switch {
	case s.app.view != nil:
		return s.app.view
	case s.flags.json:
		return jsonView{s.app.out}
	case s.flags.style.value == "book":
		return bookView{tableView{s.app.err}, s.app.out}
	}
	return tableView{s.app.out}
}

// jsonView prints the events of metrics.jsonl.
type jsonView struct{ w io.Writer }

func (v jsonView) start(s *session) { _ = printJSON(v.w, s.start()) } // output keeps the error
func (v jsonView) epoch(_ context.Context, s *session, e train.Epoch) error {
	return printJSON(v.w, s.epochEvent(e))
}
func (v jsonView) end(s *session, o outcome) { _ = printJSON(v.w, s.endEvent(o)) }

// bookView prints the lines of network.py, which evaluates the test images after every epoch.
type bookView struct {
	tableView           // what surrounds the lines
	w         io.Writer // the lines
}

func (v bookView) start(s *session) { v.header(s) }

func (v bookView) epoch(ctx context.Context, s *session, _ train.Epoch) error {
	got, err := train.Evaluate(ctx, s.net, labeled(s.data.Test))
	if err == nil {
		fmt.Fprintf(v.w, "Epoch %d: %d / %d\n", s.trainer.State().Epoch-1, got.Correct, s.data.Test.Len())
	}
	return err
}

// tableView prints a header, a line an epoch, and the result.
type tableView struct{ w io.Writer }

func (v tableView) start(s *session) {
	v.header(s)
	fmt.Fprintln(v.w)
	v.row(s, "", "epoch", "train_loss", "train_acc", "val_loss", "val_acc", "eta", "time", "img/s")
}

// row prints a line of the table of epochs, with a mark behind it: as many columns as a terminal has room for, and without the accuracies
// where the loss has no classes.
func (v tableView) row(s *session, mark string, cells ...string) {
	line, most := "", columns(v.w)
	for i, width := range []int{5, 10, 9, 8, 7, 9, 7, 9} {
		if (i == 2 || i == 4) && !s.counts() {
			continue
		}
		if i > 0 {
			width += 2
		}
		if most > 0 && utf8.RuneCountInString(line)+width+len(" *") > most {
			break
		}
		line += fmt.Sprintf("%*s", width, cells[i])
	}
	fmt.Fprintln(v.w, line+mark)
}

func (v tableView) header(s *session) {
	f, d := s.flags, s.data
	rows := [][2]string{
		{"model", title(s.model)},
		{"", fmt.Sprintf("%s parameters, %s", count(s.net.Size()), f.dtype.value)},
		{"recipe", recipe(s.model.Recipe)},
		{"data", fmt.Sprintf("%s: %s training, %s validation, %s test images", d.Name,
			count(s.trainer.Train.Len()), count(d.Validation.Len()), count(d.Test.Len()))},
		{"seed", fmt.Sprint(s.seed)},
		{"machine", fmt.Sprintf("VM %s, kernel %s, %d threads", f.vm.value, s.net.Kernel(), f.processors())},
		{"run", s.run.Path()},
	}
	if name := s.run.Info().Name; name != "" {
		rows = append(rows, [2]string{"name", name})
	}
	if at := s.trainer.State(); at.Steps > 0 {
		rows = append(rows, [2]string{"resumed", fmt.Sprintf("at epoch %d, mini-batch %d", at.Epoch, at.Batch)})
	}
	v.lines(rows)
}

func (v tableView) lines(rows [][2]string) {
	for _, r := range rows {
		printRow(v.w, fmt.Sprintf("%-9s", r[0]), intake.Line(r[1]))
	}
}

func (v tableView) epoch(_ context.Context, s *session, e train.Epoch) error {
	loss, acc, mark := fmt.Sprintf("%.4f", e.ValLoss), percent(e.ValAcc), ""
	switch {
	case !s.validates():
		loss, acc = "-", "-"
	case e.Best:
		mark = " *"
	}
	v.row(s, mark, fmt.Sprint(e.Epoch), fmt.Sprintf("%.4f", e.TrainLoss), percent(e.TrainAcc), loss, acc, fmt.Sprintf("%.4g", e.Eta),
		duration(e.Seconds), count(int(e.PerSecond)))
	return nil
}

func (v tableView) end(s *session, o outcome) {
	if o.status != rundir.Done {
		return // The error says it all.
	}
	var rows [][2]string
	if o.best.Epoch >= 0 && s.validates() {
		what := fmt.Sprintf("%s of the validation images", percent(o.best.Score))
		if !s.counts() {
			what = fmt.Sprintf("loss %.4f on the validation images", -o.best.Score)
		}
		rows = append(rows, [2]string{"best", fmt.Sprintf("epoch %d, %s", o.best.Epoch, what)})
	}
	test := fmt.Sprintf("loss %.4f on %s images", o.test.Loss, count(o.test.Total))
	if n := o.test.Correct; n != nil {
		test = score(*n, o.test.Total)
	}
	rows = append(rows, [2]string{"test", test})
	if p := s.model.Published; p.Accuracy > 0 && s.flags.data == "" {
		rows = append(rows, [2]string{"book", fmt.Sprintf("%s of the %s images (%s)", percent(p.Accuracy), p.Set, p.Source)})
	}
	path := shellWord(s.run.Path())
	rows = append(rows,
		[2]string{"run", s.run.Path()},
		[2]string{"next", commandName() + " serve " + path + " --open"},
		[2]string{"", commandName() + " eval " + path + " --confusion"},
		[2]string{"", commandName() + " predict " + path + " digit.png --show"})
	fmt.Fprintln(v.w)
	v.lines(rows)
}

// briefView prints a line for an epoch now and then, of one training beside others.
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
	right, images := e.ValAcc, "validation"
	if s.trainer.Validation.Len() == 0 {
		right, images = e.TrainAcc, "training"
	}
	_, err := fmt.Fprintf(v.w, "%s: epoch %d of %d, %s of the %s images, %s an epoch\n",
		v.name, e.Epoch, s.model.Recipe.Epochs, percent(right), images, duration(e.Seconds))
	return err
}

func (v *briefView) end(*session, outcome) {}

// score is an accuracy with its interval.
func score(correct, total int) string {
	low, high := train.Interval(correct, total)
	return fmt.Sprintf("%s of %s = %s, 95%% interval %s to %s", count(correct), count(total), percent(fraction(correct, total)),
		percent(low), percent(high))
}

// duration is milliseconds, seconds, minutes and seconds, or hours and minutes.
func duration(seconds float64) string {
	n := int(seconds + .5)
	switch {
	case seconds < .95:
		return fmt.Sprintf("%.0fms", 1e3*seconds)
	case seconds < 9.95:
		return fmt.Sprintf("%.1fs", seconds)
	case n < 60:
		return fmt.Sprintf("%ds", n)
	case n < 3600:
		return fmt.Sprintf("%dm%02ds", n/60, n%60)
	}
	return fmt.Sprintf("%dh%02dm", n/3600, n/60%60)
}

// shellWord quotes what a shell would not take as one word. What does not print, such as the end of a line, is written by its bytes.
func shellWord(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:") == "" {
		return s
	}
	if utf8.ValidString(s) && !strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		c, n := utf8.DecodeRuneInString(s[i:])
		if c == '\'' || c == '\\' || !unicode.IsPrint(c) || c == utf8.RuneError {
			for _, x := range []byte(s[i : i+n]) {
				fmt.Fprintf(&b, `\%03o`, x)
			}
		} else {
			b.WriteRune(c)
		}
		i += n
	}
	return "$'" + b.String() + "'"
}
