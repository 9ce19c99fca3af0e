package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

// On a terminal of 60 columns no line is wider, and no word is broken: the words are those of a wide one.
func TestNarrow(t *testing.T) {
	runs, dir := t.TempDir(), dataSet(t, 60, 10)
	ok(t, "train", "mlp", "--epochs", "2", "--seed", "1", "--data", dir, "--runs", runs)
	run := onlyRun(t, runs)
	for _, args := range [][]string{
		{"--help"}, {"train", "--help"}, {"eval", "--help"}, {"help", "gradcheck"}, {"summary"}, {"summary", "deep"}, {"eval", run, "--data", dir, "--confusion"}, {"data", "--data", dir},
		{"version"}, {"gradcheck", "softmax", "--samples", "2"}, {"ls", "--runs", runs},
	} {
		outputs := map[int]string{}
		for _, columns := range []int{0, 60} {
			var b bytes.Buffer
			a := &app{models: models.All, args: args, out: &output{w: &b, columns: columns}, err: &output{w: &b}}
			if code := a.main(t.Context()); code != 0 {
				t.Fatalf("%q: exit %d\n%s", args, code, &b)
			}
			outputs[columns] = b.String()
		}
		wide, narrow := strings.Fields(outputs[0]), strings.Fields(outputs[60])
		if !slices.Equal(wide, narrow) {
			t.Errorf("%q: other words:\n%s\nthan\n%s", args, outputs[60], outputs[0])
		}
		for line := range strings.Lines(outputs[60]) {
			if words := strings.Fields(line); utf8.RuneCountInString(strings.TrimRight(line, "\n")) > 60 && len(words) > 1 {
				t.Errorf("%q: too wide: %s", args, line)
			}
		}
	}
	var b bytes.Buffer
	a := &app{models: models.All, args: []string{"train", "mlp", "--epochs", "2", "--eta", "0.00012345", "--data", dir, "--runs", runs}, out: &output{w: &b, columns: 60}, err: &b}
	if code := a.main(t.Context()); code != 0 || !strings.Contains(b.String(), "\nepoch  train_loss  train_acc  val_loss  val_acc        eta\n") {
		t.Errorf("exit %d\n%s", code, &b)
	}
}

// All lines of the table of epochs have their columns in one place, however small eta is.
func TestColumns(t *testing.T) {
	r := ok(t, "train", "mlp", "--epochs", "3", "--schedule", "cosine", "--eta", "0.00123456", "--data", dataSet(t, 60, 10), "--runs", t.TempDir())
	widths := map[int]bool{}
	for line := range strings.Lines(r.out) {
		if i := strings.Index(line, "img/s"); i >= 0 {
			widths[i+len("img/s")] = true
		}
		if f := strings.Fields(line); len(f) >= 8 && strings.HasSuffix(f[2], "%") {
			widths[len(strings.TrimRight(line, " *\n"))] = true
		}
	}
	if len(widths) != 1 {
		t.Errorf("lines of %v letters:\n%s", widths, r.out)
	}
}

// The book's figure stands under the book's recipe only.
func TestFigure(t *testing.T) {
	m := models.Model{
		Name: "tiny", Net: graph.Dense{Out: 10}, Loss: graph.LogLikelihood, Published: models.Figure{Set: "test", Accuracy: .5, Source: "ch. 9"},
		Recipe: models.Recipe{Epochs: 1, Batch: 10, Eta: .1, TrainSize: 100, Init: graph.Default},
	}
	runs := t.TempDir()
	has := func(want bool, args ...string) {
		t.Helper()
		r := callWith([]models.Model{m}, args...)
		if r.code != 0 || strings.Contains(r.out, "\nbook ") != want {
			t.Errorf("%q: exit %d, want the book's figure: %v\n%s%s", args, r.code, want, r.out, r.err)
		}
	}
	has(true, "train", "tiny", "--seed", "1", "--runs", runs)
	run := onlyRun(t, runs)
	has(true, "train", "--resume", run)
	has(true, "summary", filepath.Join(run, "model.toml"))
	has(false, "train", "tiny", "--eta", ".2", "--runs", runs)
	has(false, "train", "--resume", run, "--epochs", "2")
	has(false, "train", "tiny", "--data", dataSet(t, 120, 10), "--runs", runs)
	text := readAll(t, filepath.Join(run, "model.toml"))
	changed := filepath.Join(t.TempDir(), "m.toml")
	write(t, changed, []byte(strings.Replace(text, "eta = 0.1", "eta = 0.2", 1)))
	has(false, "summary", changed)
}

// Every --output says what it has written.
func TestWrote(t *testing.T) {
	t.Chdir(t.TempDir())
	dir := dataSet(t, 240, 50)
	ok(t, "train", "mlp", "--epochs", "1", "--seed", "1", "--data", dir)
	for i, args := range []string{
		"plot latest", "plot latest --filters=4", "graph mlp", "data --show --data " + dir, "compare mlp --against byhand --steps 2 --data " + dir, "book neuron",
	} {
		file := fmt.Sprintf("p%d.svg", i)
		r := call(append(strings.Fields(args), "-o", file)...)
		info, err := os.Stat(file)
		if r.code != 0 || err != nil || !strings.Contains(r.err, file+": "+size(int(info.Size()))+"\n") {
			t.Errorf("%s: exit %d, %v\n%s", args, r.code, err, r.err)
		}
	}
}

// What a person is to type is found by a shell: the name, the path that was typed, or go run.
func TestCommandName(t *testing.T) {
	was := os.Args[0]
	defer func() { os.Args[0] = was }()
	if got := commandName(); got != "stheno" {
		t.Errorf("in PATH: %s", got)
	}
	t.Setenv("PATH", "/none")
	if got := commandName(); got != was {
		t.Errorf("not in PATH: %s, want %s", got, was)
	}
	os.Args[0] = "./my stheno"
	if got := commandName(); got != "'./my stheno'" {
		t.Errorf("a path with a space: %s", got)
	}
	os.Args[0] = "stheno"
	if got := commandName(); got != "stheno" {
		t.Errorf("called by its name: %s", got)
	}
}

// The line of progress fits into a terminal that was made narrower since, and long work shows one.
func TestProgress(t *testing.T) {
	var b bytes.Buffer
	o := &output{w: &b, columns: 20}
	p := newProgress(o)
	p.write(strings.Repeat("x", 30))
	o.columns = 10
	p.write("abc")
	p.clear()
	if want := "\r" + strings.Repeat("x", 19) + "\rabc" + strings.Repeat(" ", 6) + "\r   \r"; b.String() != want {
		t.Errorf("%q, want %q", &b, want)
	}
	for args, want := range map[string]string{
		"gradcheck softmax --samples 1": "\rtensor 1 of 4", "compare mlp --against byhand --steps 2 --data " + dataSet(t, 60, 10): "\rstep 1 of 2",
	} {
		b.Reset()
		a := &app{models: models.All, args: strings.Fields(args), out: &output{w: &bytes.Buffer{}}, err: &output{w: &b, columns: 80}}
		if code := a.main(t.Context()); code != 0 || !strings.Contains(b.String(), want) {
			t.Errorf("%s: exit %d, %q", args, code, &b)
		}
		if r := ok(t, strings.Fields(args)...); r.err != "" {
			t.Errorf("%s, off a terminal: %q", args, r.err)
		}
	}
}
