package cli

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/cmd/internal/book"
	"github.com/stheno-ml/stheno/mnist"
)

// kept puts made-up runs of an experiment in the folder: the book's own numbers, plus a multiple of the spread.
func kept(t *testing.T, runs, name string, offs ...float64) {
	t.Helper()
	e, found := book.Find(name)
	if !found {
		t.Fatal(name)
	}
	r := e.New()
	for _, off := range offs {
		var values []float64
		for _, f := range e.Published {
			values = append(values, f.Value()+off*f.Spread)
		}
		r.Values = append(r.Values, values)
	}
	r.Curves = []book.Curve{{Name: "a curve", X: []float64{0, 1}, Y: []float64{.1, .2}}}
	if err := e.Save(runs, r); err != nil {
		t.Fatal(err)
	}
}

func TestBookTable(t *testing.T) {
	runs := t.TempDir()
	kept(t, runs, "regularized", 0)
	kept(t, runs, "weight-init-30", 1, 2)
	r := ok(t, "book", "--runs", runs)
	for _, want := range []string{
		"\ndarkness               1  test accuracy                              22.25%  22.25%            1  ±0.005%    exact\n",
		"\nneuron                 3  w = 0.6, b = 0.9: first output             0.8176  0.8176            1  ±0.00005   exact\n",
		"not run; about 4 s with: stheno book overfitting\n",
		"\nregularized            3  test accuracy, last                         87.1%   87.1%            1  ",
		"2  ", "agrees", "2 hidden layers: first", "s √(1+1/runs)",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in\n%s", want, r.out)
		}
	}
	if r.err != "" || strings.Contains(r.out, "differs") {
		t.Errorf("%s%s", r.err, r.out)
	}
	if files, err := os.ReadDir(runs); err != nil || len(files) != 2 {
		t.Errorf("quick experiments left %v behind, %v", files, err)
	}
}

func TestBookJSON(t *testing.T) {
	runs := t.TempDir()
	kept(t, runs, "regularized", -1, 1)
	kept(t, runs, "weight-init-30", 5)
	list := events(t, ok(t, "book", "regularized", "darkness", "--runs", runs, "--json", "--seeds", "2").out)
	if len(list) != 2 || list[0]["experiment"] != "darkness" {
		t.Fatalf("%v", list)
	}
	d, reg := list[0], list[1]
	if d["figure"] != "test accuracy" || d["book"] != .2225 || d["ours"] != .2225 || d["runs"] != 1. || d["verdict"] != "exact" || d["chapter"] != 1. {
		t.Errorf("%v", d)
	}
	if sd, found := d["sd"]; sd != nil || !found || d["nonfinite"] != nil {
		t.Errorf("%v", d)
	}
	e, _ := book.Find("regularized")
	f := e.Published[0]
	if !near(reg["book"], .871) || !near(reg["ours"], .871) || !near(reg["sd"], math.Sqrt2*f.Spread) || reg["runs"] != 2. ||
		!near(reg["tolerance"], f.Tolerance(2)) || reg["verdict"] != "agrees" {
		t.Errorf("%v", reg)
	}
	r := call("book", "weight-init-30", "--runs", runs, "--json")
	if r.code != exitCheck || !strings.Contains(r.err, "differs from the book: weight-init-30: default, epoch 0; ") {
		t.Errorf("exit %d, %s", r.code, r.err)
	}
	if got := events(t, r.out); len(got) != 4 || got[0]["verdict"] != "differs" {
		t.Errorf("%v", got)
	}
}

func near(got any, want float64) bool {
	x, ok := got.(float64)
	return ok && math.Abs(x-want) <= 1e-9
}

// TestRepeat: a long experiment runs when it is asked for, once for each seed, and is kept.
func TestRepeat(t *testing.T) {
	d, err := digits()
	if err != nil {
		t.Fatal(err)
	}
	few := mnist.Data{Train: d.Train.Slice(0, 1000), Test: d.Test.Slice(0, 50), Validation: d.Validation.Slice(0, 50)}
	e, _ := book.Find("weight-init-30")
	runs, f := t.TempDir(), &bookFlags{}
	f.runs = runs
	for _, c := range []struct {
		what         string
		seeds        int
		again, asked bool
		runs, ran    int
	}{
		{"not asked for", 0, false, false, 0, 0},
		{"once", 0, false, true, 1, 1},
		{"not again", 0, false, true, 1, 0},
		{"shown", 0, false, false, 1, 0},
		{"two seeds more", 3, false, true, 3, 2},
		{"fewer seeds", 1, false, true, 3, 0},
		{"again", 1, true, true, 1, 1},
	} {
		var log bytes.Buffer
		a := &app{err: &log}
		f.seeds, f.again = c.seeds, c.again
		r, err := a.repeat(context.Background(), f, &few, e, c.asked)
		if err != nil || len(r.Values) != c.runs || strings.Count(log.String(), "\n") != c.ran {
			t.Errorf("%s: %v, %v\n%s", c.what, r, err, &log)
		}
		if c.ran > 0 && !strings.Contains(log.String(), fmt.Sprintf("weight-init-30: seed %d of %d, about ", c.runs, max(1, c.seeds))) {
			t.Errorf("%s: %s", c.what, &log)
		}
	}
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	f.seeds, f.again = 2, false
	_, err = (&app{err: new(bytes.Buffer)}).repeat(stopped, f, &few, e, true)
	if err == nil || exitCode(err) != exitSignal+2 || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("stopped: %v", err)
	}
}

func TestBookPicture(t *testing.T) {
	runs, file := t.TempDir(), filepath.Join(t.TempDir(), "x.svg")
	kept(t, runs, "more-data", 0)
	ok(t, "book", "more-data", "--runs", runs, "-o", file)
	text, lines := drawn(t, file)
	for _, want := range []string{">more-data<", ">training images<", ">validation accuracy<"} {
		if !strings.Contains(text, want) || lines != 1 {
			t.Errorf("%d lines, no %q", lines, want)
		}
	}
}

func TestBookMisuse(t *testing.T) {
	runs := t.TempDir()
	for args, want := range map[string]string{
		"book overfiting":                "did you mean overfitting?",
		"book nothing-like-it":           `unknown experiment "nothing-like-it"; use darkness, neuron,`,
		"book --seeds -1":                "--seeds -1",
		"book --json --markdown":         "--json and --markdown",
		"book neuron --all":              "--all and neuron",
		"book --again":                   "--again without an experiment",
		"book -o x.svg":                  "--output with 0 experiments",
		"book neuron gradients -o x.svg": "--output with 2 experiments",
		"book darkness -o x.svg":         "darkness has no curves",
		"book more-data -o x.gif":        `no format ".gif"`,
	} {
		if r := call(append(strings.Fields(args), "--runs", runs)...); r.code != exitUsage || !strings.Contains(r.err, want) || r.out != "" {
			t.Errorf("%s: exit %d, %s%s", args, r.code, r.out, r.err)
		}
	}
	write(t, filepath.Join(runs, "book-more-data.json"), []byte("{"))
	if r := call("book", "--runs", runs); r.code != exitData || !strings.Contains(r.err, "run the experiment with --again") {
		t.Errorf("damaged: exit %d, %s", r.code, r.err)
	}
}

// TestBookPage: docs/book-experiments.md has the experiments and figures that the program has, judged as it judges, and none is
// lacking. (What each run gives, the page says; to run them all takes minutes.)
func TestBookPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/book-experiments.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for line := range strings.Lines(string(page)) {
		if cells := strings.Split(strings.TrimSpace(line), " | "); len(cells) == len(bookHead) {
			cells[0], cells[8] = strings.TrimSpace(strings.TrimPrefix(cells[0], "|")), strings.TrimSuffix(cells[8], " |")
			rows = append(rows, cells)
		}
	}
	if len(rows) == 0 || strings.Join(rows[0], " ") != strings.Join(bookHead, " ") {
		t.Fatalf("no table, but %v", rows)
	}
	rows = rows[1:]
	for _, e := range book.All {
		if line := "- **" + e.Name + "**: " + e.Doc + ".\n"; !strings.Contains(string(page), line) {
			t.Errorf("the page lacks %s", line)
		}
		for i, f := range e.Published {
			if len(rows) == 0 {
				t.Fatalf("the page ends before %s: %s", e.Name, f.Name)
			}
			checkRow(t, e, i, rows[0])
			rows = rows[1:]
		}
	}
	if len(rows) > 0 {
		t.Errorf("the page has more: %v", rows)
	}
}

// checkRow compares a row of the page with what the program makes of the numbers in it.
func checkRow(t *testing.T, e book.Experiment, i int, cells []string) {
	t.Helper()
	f := e.Published[i]
	ours := book.Figure{Book: cells[4]}.Value()
	n, err := strconv.Atoi(cells[6])
	if err != nil || n < 1 {
		t.Errorf("%s, %s: %s runs", e.Name, f.Name, cells[6])
		return
	}
	values := make([][]float64, n)
	for k := range values {
		values[k] = make([]float64, len(e.Published))
		values[k][i] = ours
	}
	row := e.Rows(&book.Result{Values: values})[i]
	name, chapter := "", ""
	if i == 0 {
		name, chapter = e.Name, strconv.Itoa(e.Chapter)
	}
	want := []string{name, chapter, f.Name, f.Book, cells[4], cells[5], cells[6], tolerance(row), string(row.Verdict)}
	if strings.Join(cells, "|") != strings.Join(want, "|") {
		t.Errorf("the page has %q, the program %q", cells, want)
	}
}
