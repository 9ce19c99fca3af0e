package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/models"
)

// TestNumbers: a network whose loss has no classes is trained and shown by its loss; there are no accuracies.
func TestNumbers(t *testing.T) {
	dir, runs := dataSet(t, 60, 10), t.TempDir()
	file := filepath.Join(t.TempDir(), "numbers.toml")
	const text = "format = 1\nname = 'numbers'\nlayer = 'dense(10)'\n[loss]\nop = 'mse'\n[train]\nepochs = 2\neta = 0.001\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	var out, watched bytes.Buffer
	args := []string{"train", file, "--data", dir, "--runs", runs, "--seed", "1", "--name", "n"}
	a := &app{models: models.All, args: args, out: &output{w: &out}, err: &output{w: &watched, columns: 100}}
	r := result{a.main(t.Context()), out.String(), watched.String()}
	if !strings.Contains(r.err, "%  loss ") || strings.Contains(r.err, "acc") {
		t.Errorf("progress: %q", r.err)
	}
	if r.code != 0 || strings.Contains(r.out, "acc") || strings.Contains(r.out, "%") {
		t.Errorf("exit %d: %s%s", r.code, r.out, r.err)
	}
	for _, want := range []string{"epoch  train_loss  val_loss", "on the validation images", "loss "} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in %s", want, r.out)
		}
	}
	run := onlyRun(t, runs)
	events, err := os.ReadFile(filepath.Join(run, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"train_acc":null`, `"val_acc":null`, `"best_val_acc":null`, `"test_loss":`} {
		if !strings.Contains(string(events), want) {
			t.Errorf("no %s in %s", want, events)
		}
	}
	if r := ok(t, "ls", "--runs", runs); strings.Contains(r.out, "%") || strings.Contains(r.out, "acc") || !strings.Contains(r.out, "  val_loss  epoch  test_loss  started ") {
		t.Errorf("ls: %s", r.out)
	}
	if r := ok(t, "ls", "--runs", runs, "--json"); !strings.Contains(r.out, `"best":{"epoch":1,"val_acc":null,"val_loss":0.`) || !strings.Contains(r.out, `},"test":{"correct":null,"total":10,"loss":`) {
		t.Errorf("ls --json: %s", r.out)
	}
	entries, err := rundir.List(runs)
	if err != nil {
		t.Fatal(err)
	}
	line, err := json.Marshal(runObject(entries[0]))
	if want := `"name":"n"`; err != nil || !strings.Contains(string(line), want) || !strings.Contains(string(line), `},"test":{"correct":null,`) {
		t.Errorf("the page's JSON: %v, %s", err, line)
	}
	// Older programs wrote 0 for what is not counted.
	info := filepath.Join(run, "run.json")
	if err := os.WriteFile(info, []byte(strings.Replace(readAll(t, info), `"correct": null`, `"correct": 0`, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if r := ok(t, "ls", "--runs", runs); strings.Contains(r.out, "%") {
		t.Errorf("ls: %s", r.out)
	}
	if r := call("train", file, "--style", "book", "--data", dir, "--runs", runs); r.code != exitUsage || !strings.Contains(r.err, "--style book counts right answers, and the loss mse has no classes") {
		t.Errorf("%+v", r)
	}
	for _, args := range [][]string{{"ls", "--runs", runs}, {"eval", run, "--data", dir}, {"plot", run, "-o", filepath.Join(t.TempDir(), "x.svg")}, {"train", "--resume", run, "--epochs", "3"}} {
		if r := call(args...); r.code != 0 {
			t.Errorf("%v: exit %d: %s", args, r.code, r.err)
		}
	}
}
