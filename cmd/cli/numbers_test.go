package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNumbers: a network whose loss has no classes is trained and shown by its loss; there are no accuracies.
func TestNumbers(t *testing.T) {
	dir, runs := dataSet(t, 60, 10), t.TempDir()
	file := filepath.Join(t.TempDir(), "numbers.toml")
	const text = "format = 1\nname = 'numbers'\nlayer = 'dense(10)'\n[loss]\nop = 'mse'\n[train]\nepochs = 2\neta = 0.001\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	r := call("train", file, "--data", dir, "--runs", runs, "--seed", "1")
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
	for _, args := range [][]string{{"ls", "--runs", runs}, {"eval", run, "--data", dir}, {"plot", run, "-o", filepath.Join(t.TempDir(), "x.svg")}, {"train", "--resume", run, "--epochs", "3"}} {
		if r := call(args...); r.code != 0 {
			t.Errorf("%v: exit %d: %s", args, r.code, r.err)
		}
	}
}
