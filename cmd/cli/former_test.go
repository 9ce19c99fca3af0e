package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/cmd/internal/ladder"
	"github.com/stheno-ml/stheno/models"
)

// TestFormerModelNames: commands take a renamed model by its old name, and a run that was made under that name is still one of the model's.
func TestFormerModelNames(t *testing.T) {
	dir, runs := dataSet(t, 200, 10), t.TempDir()
	ok(t, "train", "first", "--epochs", "0", "--seed", "1", "--data", dir, "--runs", runs)
	run := onlyRun(t, runs)
	if !strings.HasPrefix(filepath.Base(run), "cnn-steady-") {
		t.Fatalf("run %s", run)
	}
	rewrite(t, filepath.Join(run, "run.json"), `"model": "cnn-steady"`, `"model": "first"`)
	rewrite(t, filepath.Join(run, "model.toml"), `name = "cnn-steady"`, `name = "first"`)
	for _, name := range []string{"first", "cnn-steady"} {
		if r := ok(t, "ls", "--runs", runs, "--model", name); !strings.Contains(r.out, run) {
			t.Errorf("ls --model %s: %s%s", name, r.out, r.err)
		}
	}
	if r := ok(t, "eval", run); !strings.Contains(r.out, " of 10 = ") {
		t.Errorf("eval: %s", r.out)
	}
	if r := ok(t, "train", "--resume", run, "--epochs", "0"); !strings.Contains(r.out, "first: the network of cnn-cycle") {
		t.Errorf("resume: %s", r.out)
	}
	c := &climb{app: &app{models: models.All}, flags: &ladderFlags{runs: runs, data: dir}}
	m, _ := models.Find("cnn-steady")
	m.Recipe.Epochs = 0
	var err error
	if c.data, err = c.openData(dir, dataset.Options{}); err != nil {
		t.Fatal(err)
	}
	if path, done, err := c.begun(ladder.Training{Model: m, Seed: 1}); path != run || !done || err != nil {
		t.Errorf("the ladder finds %q, done %v, %v", path, done, err)
	}

	// A model of one's own file may have such a name: it is another model.
	file := filepath.Join(t.TempDir(), "first.toml")
	write(t, file, []byte("format = 1\nlayer = 'dense(10)'\n[train]\nepochs = 0\n"))
	runs = t.TempDir()
	ok(t, "train", file, "--data", dir, "--runs", runs)
	if r := ok(t, "ls", "--runs", runs, "--model", "first"); !strings.Contains(r.out, onlyRun(t, runs)) {
		t.Errorf("ls --model first: %s%s", r.out, r.err)
	}
	if r := ok(t, "ls", "--runs", runs, "--model", "cnn-steady"); strings.Contains(r.out, onlyRun(t, runs)) {
		t.Errorf("ls --model cnn-steady: %s", r.out)
	}
	if got := changedOf(t, runs, onlyRun(t, runs)); !strings.HasPrefix(got, "data=") {
		t.Errorf("changed: %s", got)
	}
}

// rewrite changes a text in a file.
func rewrite(t *testing.T, path, from, to string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(text, []byte(from)) {
		t.Fatalf("%s: %v, no %s in\n%s", path, err, from, text)
	}
	write(t, path, bytes.ReplaceAll(text, []byte(from), []byte(to)))
}
