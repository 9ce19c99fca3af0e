package cli

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/cmd/internal/sweep"
	"github.com/stheno-ml/stheno/internal/intake"
)

// The statuses of trials, besides those of runs.
const (
	missing rundir.Status = "missing" // not started
	waiting rundir.Status = "waiting" // for the other trials of its stage
	out     rundir.Status = "out"     // stopped early, because others were better
)

// trial is a trial with its result.
type trial struct {
	sweep.Trial
	sweep.Record
	run    rundir.Entry // without a path if there is no run
	status rundir.Status
	target sweep.Target
	err    string
}

// score is the trial's score, or None while it is being trained and may still improve.
func (t trial) score() sweep.Score {
	if t.status == rundir.Running {
		return sweep.None
	}
	return t.Last()
}

// ended reports whether there is nothing to do for a trial now.
func (t trial) ended() bool {
	return slices.Contains([]rundir.Status{rundir.Done, rundir.Diverged, waiting, out}, t.status)
}

// trials are all trials with the results of their runs. The caller holds the lease of the trial with the ID mine, if any.
func (w *sweeping) trials(mine string) ([]trial, error) {
	entries, err := rundir.List(w.flags.runs)
	if err != nil {
		return nil, err
	}
	runs := map[string]rundir.Entry{}
	for _, e := range slices.Backward(entries) {
		if e.Err == nil && e.Info.Name != "" && runs[e.Info.Name].Info.Status != rundir.Done { // the newest run, but preferably one that is done
			runs[e.Info.Name] = e
		}
	}
	trials := make([]trial, len(w.plan.Trials))
	records := make([]sweep.Record, len(trials))
	for i, t := range w.plan.Trials {
		trials[i] = w.trial(t, runs[w.plan.RunName(t)], t.ID == mine)
		records[i] = trials[i].Record
	}
	for i, target := range w.plan.Targets(records) {
		t := &trials[i]
		t.target = target
		if t.Over || t.status == rundir.Running {
			continue
		}
		switch {
		case target.Waits:
			t.status = waiting
		case target.Out:
			t.status = out
		}
	}
	return trials, nil
}

// trial is a trial with the result of its run, if there is a run.
func (w *sweeping) trial(t sweep.Trial, e rundir.Entry, mine bool) trial {
	x := trial{Trial: t, run: e, status: missing}
	if e.Path != "" {
		if x.status = e.Info.Status; x.status == rundir.Failed || x.status == rundir.Diverged {
			x.err = e.Info.Error
		}
		if err := x.readCurve(); err != nil {
			x.err = err.Error()
		}
	} else if text, err := intake.Read(w.leases.Dir, failureName(t), intake.Record); err == nil {
		x.status, x.err = rundir.Failed, strings.TrimSpace(string(text))
	}
	if _, held := w.leases.Who(t.ID); held && !mine && x.status != rundir.Done {
		x.status = rundir.Running // the run's own lock works on this computer only
	}
	x.Over = x.status == rundir.Done || x.status == rundir.Diverged || x.status == rundir.Failed
	return x
}

// readCurve reads the best score so far after each epoch.
func (t *trial) readCurve() error {
	best := sweep.None
	return readEvents(t.run.Path, func(e event) {
		if e["event"] != "epoch" {
			return
		}
		if e["best"] == true {
			best = sweep.Score{Epoch: int(e.number("epoch")), Acc: e.number("val_acc"), Loss: e.number("val_loss")}
		}
		t.Curve = append(t.Curve, best)
	})
}

// failureName is the name of the file that says why a trial has no run.
func failureName(t sweep.Trial) string { return t.ID + ".failed" }

// failed records why a trial has no run; "" removes that record. Only the holder of the lease may call it.
func (w *sweeping) failed(t sweep.Trial, why string) error {
	path := filepath.Join(w.leases.Dir, failureName(t))
	if why != "" {
		return rundir.Replace(path, []byte(why+"\n"))
	}
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}

// list prints the trials, best first, then those without a score in order.
func (w *sweeping) list() error {
	trials, err := w.trials("")
	if err != nil {
		return err
	}
	slices.SortStableFunc(trials, func(a, b trial) int { return sweep.Compare(a.score(), b.score()) })
	if w.flags.json {
		var list []object
		for _, t := range trials {
			list = append(list, w.object(t))
		}
		return printJSON(w.out, list...)
	}
	w.table(trials)
	return nil
}

func (w *sweeping) table(trials []trial) {
	var t table
	var scores []sweep.Score
	for _, x := range trials {
		scores = append(scores, x.score())
	}
	what, acc := column(scores)
	head := []string{"trial"}
	for _, i := range w.plan.Varied() {
		head = append(head, w.plan.Axes[i].Key)
	}
	t.add(append(head, "seed", "status", "epochs", what, "run")...)
	for _, x := range trials {
		row := []string{strconv.Itoa(x.Index)}
		for _, i := range w.plan.Varied() {
			row = append(row, cmp.Or(x.Values[i], "-"))
		}
		t.add(append(row, x.Seed, string(x.status), fmt.Sprintf("%d of %d", len(x.Curve), x.Epochs), scoreText(x.score(), acc), cmp.Or(x.run.Path, "-"))...)
	}
	t.print(w.out)
}

// column chooses what a table of scores shows: accuracies, unless there are only losses.
func column(scores []sweep.Score) (name string, acc bool) {
	if slices.ContainsFunc(scores, func(s sweep.Score) bool { return !math.IsNaN(s.Loss) }) &&
		!slices.ContainsFunc(scores, func(s sweep.Score) bool { return !math.IsNaN(s.Acc) }) {
		return "val_loss", false
	}
	return "val_acc", true
}

// scoreText is a score in a table; - if there is none.
func scoreText(s sweep.Score, acc bool) string {
	if acc {
		return orDash(s.Acc, percent)
	}
	return orDash(s.Loss, fourDigits)
}

// object is a trial in JSON.
func (w *sweeping) object(t trial) object {
	s := t.score()
	o := object{
		{"index", t.Index}, {"settings", w.settings(t.Trial)}, {"seed", number(t.Seed)}, {"status", t.status}, {"epochs", len(t.Curve)},
		{"best_epoch", nil}, {"val_acc", optional(s.Acc)}, {"val_loss", optional(s.Loss)}, {"run", orNull(t.run.Path)},
	}
	if s.Epoch >= 0 {
		o[5].value = s.Epoch
	}
	if t.err != "" {
		o = append(o, field{"error", t.err})
	}
	return o
}

// settings are everything that the file says about a trial, except its seed.
func (w *sweeping) settings(t sweep.Trial) (o object) {
	for i, a := range w.plan.Axes {
		o = append(o, field{strings.ReplaceAll(a.Key, "-", "_"), number(t.Values[i])})
	}
	return o
}

// number is a text for JSON, as a number, true or false if it is one.
func number(text string) any {
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return n
	}
	if x, err := strconv.ParseFloat(text, 64); err == nil && finite(x) {
		return x
	}
	if b, err := strconv.ParseBool(text); err == nil {
		return b
	}
	return text
}

// best prints the settings, best first, and the command that trains the first of them again.
func (w *sweeping) best() error {
	trials, err := w.trials("")
	if err != nil {
		return err
	}
	scores := make([]sweep.Score, len(trials))
	for i, t := range trials {
		if scores[i] = sweep.None; t.ended() || t.status == rundir.Failed {
			scores[i] = t.score()
		}
	}
	results := w.plan.Results(scores)
	if w.flags.json {
		var list []object
		for _, r := range results {
			list = append(list, w.resultObject(r, trials))
		}
		return printJSON(w.out, list...)
	}
	if len(results) == 0 {
		fmt.Fprintf(w.err, "no trial of %s has a validation result yet; %s sweep trains them\n", w.plan.Name, commandName())
		return nil
	}
	w.bestTable(results, trials)
	t := w.plan.Trials[results[0].Trials[0]]
	fmt.Fprintf(w.err, "to train the best with another seed: %s train %s %s\n", commandName(), strings.Join(quotedWords(trialFlags(w.plan, t)[4:]), " "), shellWord(t.Values[0]))
	return nil
}

func (w *sweeping) bestTable(results []sweep.Result, trials []trial) {
	var means []sweep.Score
	for _, r := range results {
		means = append(means, r.Mean)
	}
	what, acc := column(means)
	var t table
	var head []string
	for _, i := range w.plan.Varied() {
		head = append(head, w.plan.Axes[i].Key)
	}
	t.add(append(head, what, "sd", "seeds", "best run")...)
	for _, r := range results {
		first := w.plan.Trials[r.Trials[0]]
		var row []string
		for _, i := range w.plan.Varied() {
			row = append(row, cmp.Or(first.Values[i], "-"))
		}
		t.add(append(row, scoreText(r.Mean, acc), scoreText(r.SD, acc), fmt.Sprintf("%d of %d", len(r.Trials), len(w.plan.Seeds)), w.bestOf(r, trials).run.Path)...)
	}
	t.print(w.out)
}

// bestOf is the best trial of a setting.
func (w *sweeping) bestOf(r sweep.Result, trials []trial) trial {
	i := slices.MinFunc(r.Trials, func(a, b int) int { return sweep.Compare(trials[a].score(), trials[b].score()) })
	return trials[i]
}

func (w *sweeping) resultObject(r sweep.Result, trials []trial) object {
	var runs []string
	for _, i := range r.Trials {
		runs = append(runs, trials[i].run.Path)
	}
	return object{
		{"settings", w.settings(w.plan.Trials[r.Trials[0]])}, {"seeds", len(r.Trials)}, {"wanted", len(w.plan.Seeds)},
		{"val_acc", optional(r.Mean.Acc)}, {"val_acc_sd", optional(r.SD.Acc)}, {"val_loss", optional(r.Mean.Loss)}, {"val_loss_sd", optional(r.SD.Loss)},
		{"runs", runs},
	}
}

// quotedWords quotes words for a shell.
func quotedWords(words []string) []string {
	for i, word := range words {
		words[i] = shellWord(word)
	}
	return words
}
