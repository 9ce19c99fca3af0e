package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/models"
)

// sweepIn makes the file s.toml in a folder of its own, which becomes the working directory, with the data set's folder in place of DIR.
func sweepIn(t *testing.T, text string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, name := range indexVariables { // The tests may themselves be a task.
		t.Setenv(name, "")
	}
	write(t, "s.toml", []byte(strings.ReplaceAll(text, "DIR", dataSet(t, 300, 50))))
}

const smallSweep = `format = 1
model = "784-8-10"
[train]
data = "DIR"
epochs = 2
eta = [0.1, 0.5]
seed = [1, 2]
`

// swept calls sweep with --json, and is the trials that it prints by their numbers.
func swept(t *testing.T, args ...string) map[int]map[string]any {
	t.Helper()
	return byIndex(t, ok(t, append([]string{"sweep", "--json", "s.toml"}, args...)...).out)
}

func byIndex(t *testing.T, out string) map[int]map[string]any {
	t.Helper()
	trials := map[int]map[string]any{}
	for _, e := range events(t, out) {
		i := int(e["index"].(float64))
		if trials[i] != nil {
			t.Errorf("trial %d twice in\n%s", i, out)
		}
		trials[i] = e
	}
	return trials
}

// alikeTrials compares trials but for the paths of their runs.
func alikeTrials(t *testing.T, got, want map[int]map[string]any) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		a, b := mapsWithout(got[i], "run"), mapsWithout(want[i], "run")
		x, _ := json.Marshal(a)
		y, _ := json.Marshal(b)
		if !bytes.Equal(x, y) {
			t.Errorf("trial %d:\n%s\n%s", i, x, y)
		}
	}
}

func mapsWithout(m map[string]any, key string) map[string]any {
	less := map[string]any{}
	for k, v := range m {
		if k != key {
			less[k] = v
		}
	}
	return less
}

func TestSweep(t *testing.T) {
	sweepIn(t, smallSweep)
	for i, e := range swept(t, "--list") {
		if e["status"] != "missing" || e["run"] != nil || e["val_acc"] != nil || e["seed"] != float64(i%2+1) {
			t.Errorf("before: %v", e)
		}
	}
	if r := ok(t, "sweep", "s.toml", "--best"); r.out != "" || !strings.Contains(r.err, "no trial of s has a validation result yet") {
		t.Errorf("%s%s", r.out, r.err)
	}
	r := ok(t, "sweep", "s.toml")
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	if len(lines) != 5 || strings.Join(strings.Fields(lines[0]), " ") != "trial eta seed status epochs val_acc run" || strings.Count(r.err, " done after 2 epochs, val_acc ") != 4 {
		t.Errorf("%s%s", r.out, r.err)
	}
	var accs []string
	for _, line := range lines[1:] {
		accs = append(accs, strings.Fields(line)[7])
	}
	if !slices.IsSortedFunc(accs, func(a, b string) int { return strings.Compare(fmt.Sprintf("%8s", b), fmt.Sprintf("%8s", a)) }) {
		t.Errorf("not the best first:\n%s", r.out)
	}
	// A second call trains nothing, also one of more trials, of which some are there.
	again := ok(t, "sweep", "s.toml")
	if again.out != r.out || again.err != "" {
		t.Errorf("%s%s", again.out, again.err)
	}
	trials := swept(t, "--list")
	for i, e := range trials {
		settings := e["settings"].(map[string]any)
		if e["status"] != "done" || settings["eta"] != []float64{.1, .5}[i/2] || settings["epochs"] != 2. || settings["model"] != "784-8-10" || e["val_loss"] == nil {
			t.Errorf("%v", e)
		}
	}
	text := strings.Replace(readAll(t, "s.toml"), "0.1,", "0.3, 0.1,", 1)
	write(t, "s.toml", []byte(text))
	if r := ok(t, "sweep", "s.toml"); strings.Count(r.err, " done after ") != 2 || strings.Count(r.out, "\n") != 7 {
		t.Errorf("%s%s", r.out, r.err)
	}
	checkSweepBest(t, swept(t, "--list"))
	// Trials are runs, with names.
	path, _ := trials[0]["run"].(string)
	var info struct{ Name string }
	if err := json.Unmarshal([]byte(readAll(t, filepath.Join(path, "run.json"))), &info); err != nil || !strings.HasPrefix(info.Name, "s-") {
		t.Fatalf("%v, %v", info, err)
	}
	ok(t, "eval", info.Name)
	if r := ok(t, "ls"); strings.Count(r.out, "\n") != 7 || !strings.Contains(r.out, info.Name) || strings.Contains(r.out, broken) {
		t.Errorf("%s", r.out)
	}
}

// checkSweepBest compares --best with the trials.
func checkSweepBest(t *testing.T, trials map[int]map[string]any) {
	t.Helper()
	r := ok(t, "sweep", "s.toml", "--best", "--json")
	before := 2.
	for _, e := range events(t, r.out) {
		sum, n := 0., 0
		for _, x := range trials {
			if x["settings"].(map[string]any)["eta"] == e["settings"].(map[string]any)["eta"] {
				sum += x["val_acc"].(float64)
				n++
			}
		}
		mean, _ := e["val_acc"].(float64)
		if !near(mean, sum/2) || n != 2 || mean > before || e["val_acc_sd"] == nil || e["seeds"] != 2. || len(e["runs"].([]any)) != 2 {
			t.Errorf("%v; the mean is %v", e, sum/2)
		}
		before = mean
	}
	if r = ok(t, "sweep", "s.toml", "--best"); strings.Count(r.out, "\n") != 4 || !strings.Contains(r.out, "2 of 2") ||
		!strings.Contains(r.err, "to train the best with another seed: stheno train --data ") || strings.Contains(r.out, "test") {
		t.Errorf("%s%s", r.out, r.err)
	}
}

// A trial that diverged, or cannot be trained, is a row; the others are trained.
func TestSweepFailures(t *testing.T) {
	sweepIn(t, `format = 1
model = "784-8-10"
[train]
data = "DIR"
epochs = 2
eta = [0.1, 1e38]
optimizer = ["sgd", "adam"]
momentum = [0, 0.5]
`)
	r := call("sweep", "s.toml", "--json")
	trials := byIndex(t, r.out)
	var got []string
	for i := range len(trials) {
		got = append(got, trials[i]["status"].(string))
	}
	// The last axis is the optimizer, the one before momentum, and then eta.
	if want := "done done done failed diverged diverged diverged failed"; strings.Join(got, " ") != want {
		t.Errorf("%v", got)
	}
	if r.code != exitFailure || !strings.Contains(r.err, "2 trials failed; run the same command to try again") || !strings.Contains(r.err, "momentum 0.5 and optimizer adam") {
		t.Errorf("exit %d\n%s%v", r.code, r.err, got)
	}
	failed := slices.Index(got, "failed")
	if text, _ := trials[failed]["error"].(string); !strings.Contains(text, "momentum 0.5 and optimizer adam") {
		t.Errorf("%v", trials[failed])
	}
	alikeTrials(t, swept(t, "--list"), trials)
	if r := call("sweep", "s.toml", "--index", fmt.Sprint(failed)); r.code != exitUsage || !strings.Contains(r.err, "momentum 0.5 and optimizer adam") {
		t.Errorf("exit %d\n%s", r.code, r.err)
	}
	diverged := slices.Index(got, "diverged")
	if r := ok(t, "sweep", "s.toml", "--index", fmt.Sprint(diverged)); !strings.Contains(r.err, "diverged: ") || !strings.Contains(r.out, "diverged") {
		t.Errorf("%s%s", r.out, r.err)
	}
}

// An interrupted sweep is saved, and goes on.
func TestSweepInterrupted(t *testing.T) {
	sweepIn(t, strings.Replace(smallSweep, "epochs = 2", "epochs = 10", 1))
	want := swept(t, "--runs", "whole")
	ctx, cancel := context.WithCancel(context.Background())
	var out bytes.Buffer
	a := &app{models: models.All, args: []string{"sweep", "s.toml", "--jobs", "2"}, out: &output{w: &out}, err: stopper{"10 epochs from 0", cancel}}
	if code := a.main(ctx); code != exitSignal+2 {
		t.Errorf("exit %d\n%s", code, &out)
	}
	before := swept(t, "--list")
	alikeTrials(t, swept(t), want)
	interrupted := 0
	for _, e := range before {
		if e["status"] == "interrupted" {
			interrupted++
		}
	}
	if interrupted == 0 || interrupted > 2 {
		t.Errorf("%d interrupted of %v", interrupted, before)
	}
}

// A sweep over a table: its columns are flags of train as others, and numbers to predict have a loss in place of an accuracy.
func TestSweepTable(t *testing.T) {
	sweepIn(t, `format = 1
model = ["dense(4) relu dense(1)", "dense(1)"]
[train]
data = "d.csv"
target = "y"
epochs = 3
eta = [0.001, 0.1]
`)
	rows := "x,y\n"
	for i := range 80 {
		rows += fmt.Sprintf("%d,%d\n", i, 3*i+i%2)
	}
	write(t, "d.csv", []byte(rows))
	r := ok(t, "sweep", "s.toml")
	if !strings.Contains(r.err, " val_loss ") || strings.Fields(r.out)[6] != "val_loss" || strings.Count(r.out, " done ") != 4 {
		t.Errorf("%s%s", r.out, r.err)
	}
	before := 0.
	for _, e := range events(t, ok(t, "sweep", "s.toml", "--list", "--json").out) {
		if loss := e["val_loss"].(float64); loss < before || e["val_acc"] != nil {
			t.Errorf("%v", e)
		} else {
			before = loss
		}
	}
	write(t, "s.toml", []byte(strings.Replace(readAll(t, "s.toml"), "dense(4)", "dens(4)", 1)))
	if r := call("sweep", "s.toml"); r.code != exitUsage || !strings.Contains(r.err, "s.toml:2:1: network \"dens(4) relu dense(1)\": ") {
		t.Errorf("exit %d\n%s", r.code, r.err)
	}
}
