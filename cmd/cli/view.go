package cli

import (
	"context"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
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

func (v jsonView) start(s *session) { _ = printJSON(v.w, s.start()) } // output remembers an error
func (v jsonView) epoch(_ context.Context, s *session, e train.Epoch) error {
	return printJSON(v.w, s.epochEvent(e))
}
func (v jsonView) end(s *session, o outcome) { _ = printJSON(v.w, s.endEvent(o)) }

// bookView prints the lines of the book's network.py, which evaluates the test images after every epoch.
type bookView struct {
	tableView           // for everything around the lines
	w         io.Writer // the lines
}

func (v bookView) start(s *session) { v.header(s) }

func (v bookView) epoch(ctx context.Context, s *session, _ train.Epoch) error {
	got, err := train.Evaluate(ctx, s.net, s.data.Test.Data())
	if err == nil {
		fmt.Fprintf(v.w, "Epoch %d: %d / %d\n", s.trainer.State().Epoch-1, got.Correct, s.data.Test.Len())
	}
	return err
}

// tableView prints a header, a line for each epoch, and the result.
type tableView struct{ w io.Writer }

func (v tableView) start(s *session) {
	v.header(s)
	fmt.Fprintln(v.w)
	head := cellsOf(s)
	for i := range head {
		head[i].text = head[i].name
	}
	v.row("", head)
}

// cell is a cell of the table of epochs.
type cell struct {
	name, text string
	width      int
}

// cellsOf are the columns of the table of epochs: accuracies if the loss has classes, and for numbers, the mean absolute error and R².
func cellsOf(s *session) []cell {
	all := []cell{{name: "epoch", width: 5}, {name: "train_loss", width: 10}}
	if s.counts() {
		all = append(all, cell{name: "train_acc", width: 9})
	}
	all = append(all, cell{name: "val_loss", width: 8})
	if s.counts() {
		all = append(all, cell{name: "val_acc", width: 7})
	}
	if s.predictsNumbers() {
		all = append(all, cell{name: "val_mae", width: 8}, cell{name: "val_r2", width: 7})
	}
	return append(all, cell{name: "eta", width: 9}, cell{name: "time", width: 7}, cell{name: unit(s.data), width: 9})
}

// row prints a line of the table of epochs with a mark at its end. It has as many columns as fit on the terminal.
func (v tableView) row(mark string, cells []cell) {
	line, most := "", columns(v.w)
	for i, c := range cells {
		if i > 0 {
			c.width += 2
		}
		if most > 0 && utf8.RuneCountInString(line)+c.width+len(" *") > most {
			break
		}
		line += fmt.Sprintf("%*s", c.width, c.text)
	}
	fmt.Fprintln(v.w, line+mark)
}

func (v tableView) header(s *session) {
	f, d := s.flags, s.data
	rows := [][2]string{
		{"model", title(s.model)},
		{"", fmt.Sprintf("%s parameters, %s", count(s.net.Size()), f.dtype.value)},
		{"recipe", recipe(s.model.Recipe)},
		{"data", fmt.Sprintf("%s: %s training, %s validation, %s test %s", d.Name,
			count(s.trainer.Train.Len()), count(d.Validation.Len()), count(d.Test.Len()), noun(d))},
	}
	if d.Schema.Kind != dataset.Digits {
		rows = append(rows, [2]string{"", about(&d.Schema)})
	}
	rows = append(rows, [][2]string{
		{"seed", fmt.Sprint(s.seed)},
		{"machine", fmt.Sprintf("VM %s, kernel %s, %s", f.vm.value, s.net.Kernel(), threads(s))},
		{"run", s.run.Path()},
	}...)
	if name := s.run.Info().Name; name != "" {
		rows = append(rows, [2]string{"name", name})
	}
	if at := s.trainer.State(); at.Steps > 0 {
		rows = append(rows, [2]string{"resumed", fmt.Sprintf("at epoch %d, mini-batch %d", at.Epoch, at.Batch)})
	}
	v.lines(rows)
}

// threads says how many threads train, and in how many processes if there are several.
func threads(s *session) string {
	text := fmt.Sprintf("%d threads", s.flags.processors())
	if n := s.processes(); n > 1 {
		text += fmt.Sprintf(" in each of %d processes", n)
	}
	return text
}

func (v tableView) lines(rows [][2]string) {
	for _, r := range rows {
		printRow(v.w, fmt.Sprintf("%-9s", r[0]), intake.Line(r[1]))
	}
}

func (v tableView) epoch(_ context.Context, s *session, e train.Epoch) error {
	mark, dash := "", func(text string) string { return text }
	switch {
	case !s.validates():
		dash = func(string) string { return "-" }
	case e.Best:
		mark = " *"
	}
	texts := map[string]string{
		"epoch": fmt.Sprint(e.Epoch), "train_loss": fmt.Sprintf("%.4f", e.TrainLoss), "train_acc": percent(e.TrainAcc),
		"val_loss": dash(fmt.Sprintf("%.4f", e.ValLoss)), "val_acc": dash(percent(e.ValAcc)),
		"val_mae": dash(figure(s.near.mae)), "val_r2": dash(fmt.Sprintf("%.4f", s.near.r2)),
		"eta": fmt.Sprintf("%.4g", e.Eta), "time": duration(e.Seconds), unit(s.data): count(int(e.PerSecond)),
	}
	cells := cellsOf(s)
	for i, c := range cells {
		cells[i].text = texts[c.name]
	}
	v.row(mark, cells)
	return nil
}

func (v tableView) end(s *session, o outcome) {
	if o.status != rundir.Done {
		return // the error is printed instead
	}
	var rows [][2]string
	if o.best.Epoch >= 0 && s.validates() {
		what := fmt.Sprintf("%s of the validation %s", percent(s.bestAcc(o.best)), noun(s.data))
		if !s.counts() {
			what = fmt.Sprintf("loss %.4f on the validation %s", -o.best.Score, noun(s.data))
		}
		rows = append(rows, [2]string{"best", fmt.Sprintf("epoch %d, %s", o.best.Epoch, what)})
	}
	rows = append(rows, [2]string{"test", s.tested(o.test)})
	if s.flags.data == "" {
		rows = append(rows, reported(s.model.Published)...)
	}
	rows = append(rows, [2]string{"run", s.run.Path()})
	for i, next := range s.next() {
		rows = append(rows, [2]string{[]string{"next", ""}[min(i, 1)], commandName() + " " + next})
	}
	fmt.Fprintln(v.w)
	v.lines(rows)
}

// tested is the result of the test in words.
func (s *session) tested(t *rundir.Test) string {
	if t.Correct != nil {
		return score(*t.Correct, t.Total)
	}
	text := fmt.Sprintf("loss %.4f on %s %s", t.Loss, count(t.Total), noun(s.data))
	if t.MAE != nil {
		n := closeness{mae: *t.MAE, r2: math.NaN()}
		if t.R2 != nil {
			n.r2 = *t.R2
		}
		text += ": " + n.words()
	}
	return text
}

// next are commands to try with the run.
func (s *session) next() []string {
	path := shellWord(s.run.Path())
	switch {
	case s.net.Targets == 0:
		return []string{"plot " + path + " --reconstructions -o sheet.png", "eval " + path}
	case s.data.Schema.Kind == dataset.Digits:
		return []string{"serve " + path + " --open", "eval " + path + " --confusion", "predict " + path + " digit.png --show"}
	case s.data.Schema.Classes == nil:
		return []string{"eval " + path, "predict " + path + " " + shellWord(s.more()), "plot " + path + " -o curves.svg"}
	}
	return []string{"eval " + path + " --confusion", "predict " + path + " " + shellWord(s.more())}
}

// more is an example of a file to predict from, of the kind that the network was trained on.
func (s *session) more() string {
	switch s.data.Schema.Kind {
	case dataset.Table:
		return "more.csv"
	case dataset.Pictures:
		return "picture.png"
	}
	return "more.npz"
}

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

// shellWord quotes a text so that a shell takes it as one word. Characters that do not print, such as newlines, are written as bytes.
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
