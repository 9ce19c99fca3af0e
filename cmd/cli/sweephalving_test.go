package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/cmd/internal/sweep"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
)

const halvedSweep = `format = 1
model = "784-8-10"
halving = 2
[train]
data = "DIR"
epochs = 8
schedule = "cosine"
eta = [0.01, 0.1, 0.5, 3]
`

// The best half goes on after each stage, by checkpoints, so that the last has the bits of a training that nobody stopped; and processes that
// each know one trial come to the same end.
func TestSweepHalving(t *testing.T) {
	sweepIn(t, halvedSweep)
	write(t, "whole.toml", []byte(strings.Replace(readAll(t, "s.toml"), "halving = 2\n", "", 1)))
	whole := byIndex(t, ok(t, "sweep", "whole.toml", "--json").out)
	trials := swept(t)
	epochs := map[float64]int{}
	for i, e := range trials {
		n := e["epochs"].(float64)
		epochs[n]++
		if want := map[bool]string{true: "done", false: "out"}[n == 8]; e["status"] != want {
			t.Errorf("trial %d: %v", i, e)
		}
		if n == 8 {
			mine, uncut := e["run"].(string), whole[i]["run"].(string)
			if latestTensors(t, mine) != latestTensors(t, uncut) || e["val_acc"] != whole[i]["val_acc"] {
				t.Errorf("the last has other bits than without a halving: %v, %v", e, whole[i])
			}
		}
	}
	if fmt.Sprint(epochs) != "map[2:2 4:1 8:1]" {
		t.Errorf("epochs of trials: %v", epochs)
	}
	if r := ok(t, "sweep", "s.toml"); r.err != "" || strings.Count(r.out, " out ") != 3 {
		t.Errorf("again:\n%s%s", r.out, r.err)
	}
	said := ""
	for range 3 { // stages
		for i := range 4 {
			said += ok(t, "sweep", "s.toml", "--runs", "tasks", "--index", fmt.Sprint(3-i)).err
		}
	}
	alikeTrials(t, swept(t, "--list", "--runs", "tasks"), trials)
	for _, want := range []string{
		"trial 3 has trained 2 of 8 epochs; whether it continues depends on trials that are not as far: call it again",
		"trial 0 ends after 2 of 8 epochs: others were better",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in\n%s", want, said)
		}
	}
}

// Who gets a lease when the trial has come as far as it is to go trains nothing.
func TestSweepLate(t *testing.T) {
	sweepIn(t, halvedSweep)
	ok(t, "sweep", "s.toml", "--index", "1")
	before := swept(t, "--list")
	if before[1]["status"] != "waiting" {
		t.Fatal(before[1])
	}
	run := onlyRun(t, "runs")
	weights := latestTensors(t, run)
	a := &app{models: models.All, err: &output{w: brokenWriter{}}}
	plan, _, err := a.readSweep("s.toml")
	if err != nil {
		t.Fatal(err)
	}
	w := &sweeping{app: a, flags: &sweepFlags{runs: "runs"}, plan: plan}
	if w.leases, err = sweep.Open(filepath.Join("runs", ".sweep", "s"), lease, here); err != nil {
		t.Fatal(err)
	}
	x, err := w.leases.Take(plan.Trials[1].ID)
	if err != nil {
		t.Fatal(err)
	}
	if got := swept(t, "--list")[1]["status"]; got != "running" {
		t.Errorf("listed as %v", got)
	}
	if err := w.do(t.Context(), a, 1, x, 1); err != nil {
		t.Error(err)
	}
	alikeTrials(t, swept(t, "--list"), before)
	if latestTensors(t, run) != weights {
		t.Error("it was trained")
	}
}

// losing loses the right to train after an epoch.
type losing struct {
	view
	lose func()
}

func (v losing) start(*session) {}

func (v losing) epoch(context.Context, *session, train.Epoch) error {
	v.lose()
	return nil
}

// Who has lost the right to train a trial leaves its run as it is: another process may write it.
func TestSweepLost(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx, cancel := context.WithCancelCause(t.Context())
	a := &app{models: models.All, err: &output{w: brokenWriter{}}, view: losing{lose: func() { cancel(sweep.ErrLost) }}}
	f := plainFlags(a.reader())
	if err := f.set.Parse([]string{"--data", dataSet(t, 300, 50), "--epochs", "3", "--runs", "runs"}); err != nil {
		t.Fatal(err)
	}
	if err := a.train(ctx, f, "784-8-10"); !errors.Is(err, sweep.ErrLost) {
		t.Errorf("%v", err)
	}
	run := onlyRun(t, "runs")
	if info := readInfo(t, run); info.Status != rundir.Running || info.Error != "" {
		t.Errorf("%+v", info)
	}
	if log := readAll(t, filepath.Join(run, "metrics.jsonl")); strings.Contains(log, `"end"`) || strings.Count(log, `"epoch"`) == 0 {
		t.Errorf("%s", log)
	}
}
