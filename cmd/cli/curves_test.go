package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// chart is what stands in the SVG of learning curves.
type chart struct {
	title, x, y   string
	marks, legend []string       // on the x axis, and the lines of the legend
	lines         map[string]int // curves and the legend's samples by their color, with - - where they are dashed
}

var (
	svgText = regexp.MustCompile(`(?s)<text [^>]*>([^<]*)</text>`)
	svgLine = regexp.MustCompile(`<path d="[^"]*" style="fill:none;stroke:#([0-9A-F]{6});stroke-width:1.5(;stroke-dasharray[^"]*)?"`)
)

func readChart(t *testing.T, path string) chart {
	t.Helper()
	svg := readAll(t, path)
	c := chart{lines: map[string]int{}}
	for _, m := range svgText.FindAllStringSubmatch(svg, -1) {
		_, err := strconv.ParseFloat(m[1], 64)
		switch number := err == nil; {
		case c.title == "":
			c.title = m[1]
		case c.x == "":
			c.x = m[1]
		case number && c.y == "":
			c.marks = append(c.marks, m[1])
		case number: // on the y axis
		case c.y == "":
			c.y = m[1]
		default:
			c.legend = append(c.legend, m[1])
		}
	}
	for _, m := range svgLine.FindAllStringSubmatch(svg, -1) {
		line := m[1]
		if m[2] != "" {
			line += " - -"
		}
		c.lines[line]++
	}
	return c
}

// trainedRuns trains models on a few images, each with the arguments given, with ; for a comma, and returns their runs in that order.
func trainedRuns(t *testing.T, trainings ...string) (runs []string) {
	t.Helper()
	dir := dataSet(t, 60, 10)
	for _, args := range trainings {
		root := t.TempDir()
		ok(t, append([]string{"train", "--data", dir, "--runs", root}, strings.Fields(strings.ReplaceAll(args, ";", ","))...)...)
		runs = append(runs, onlyRun(t, root))
	}
	return runs
}

// A run's validation is solid and its training dashed, in one color; the legend says what differs between the runs, and has no entry without
// a curve; epochs are whole.
func TestPlotCurves(t *testing.T) {
	regression := filepath.Join(t.TempDir(), "regression.toml")
	write(t, regression, []byte("format = 1\n[[layer]]\nop = 'dense'\nout = 10\n[loss]\nop = 'mse'\n[train]\nepochs = 2\nbatch = 10\neta = 0.01\n"))
	const blue, red, green, gray, dashed = "0072B2", "D55E00", "009E73", "5A5A5A", " - -"
	for _, c := range []struct {
		trainings string // with commas between
		args      string
		want      chart
	}{
		{"mlp --epochs 3 --seed 1", "", chart{
			"RUN: accuracy", "epoch", "accuracy", []string{"0", "1", "2"}, []string{"validation", "training"}, map[string]int{blue: 2, blue + dashed: 2},
		}},
		{"mlp --epochs 2 --seed 1,mlp --epochs 2 --eta 0.5 --seed 2 --name slow", "", chart{
			"2 runs of mlp: accuracy", "epoch", "accuracy", []string{"0", "1"}, []string{"mlp eta=3", "slow eta=0.5", "validation", "training"},
			map[string]int{blue: 2, blue + dashed: 1, red: 2, red + dashed: 1, gray: 1, gray + dashed: 1},
		}},
		{"mlp --epochs 1 --seed 1,mlp --epochs 1 --seed 2,softmax --epochs 1 --seed 1 --full --name whole", "--loss", chart{
			"3 runs: cost", "epoch", "cost", []string{"0"}, []string{"mlp seed=1", "mlp seed=2", "whole (softmax)", "validation", "training"},
			map[string]int{blue: 1, red: 1, green + dashed: 1, gray: 1, gray + dashed: 1}, // of one epoch there are dots
		}},
		{"mlp --epochs 2 --seed 1 --full", "", chart{"RUN: accuracy", "epoch", "training accuracy", []string{"0", "1"}, nil, map[string]int{blue + dashed: 1}}},
		{regression + " --seed 1", "", chart{
			"RUN: cost", "epoch", "cost", []string{"0", "1"}, []string{"validation", "training"}, map[string]int{blue: 2, blue + dashed: 2},
		}},
		{"mlp --epochs 2 --seed 1,mlp --epochs 2 --seed 1 --schedule onecycle(warmup=0.2;div=10;linear=true) --optimizer adam(beta1=0.7;beta2=0.9;eps=1e-07)", "", chart{
			"2 runs of mlp: accuracy", "epoch", "accuracy", []string{"0", "1"}, []string{
				"mlp optimizer=sgd schedule=constant", "mlp", "optimizer=adam(beta1=0.7,beta2=0.9,eps=1e-07)", "schedule=onecycle(warmup=0.2,div=10,linear=true)",
				"validation", "training",
			}, map[string]int{blue: 2, blue + dashed: 1, red: 2, red + dashed: 1, gray: 1, gray + dashed: 1},
		}},
		{"mlp --epochs 1 --seed 1," + regression + " --seed 1", "", chart{
			"RUN: accuracy", "epoch", "accuracy", []string{"0"}, []string{"validation", "training"}, map[string]int{blue: 1, blue + dashed: 1},
		}},
	} {
		runs := trainedRuns(t, strings.Split(c.trainings, ",")...)
		file := filepath.Join(t.TempDir(), "x.svg")
		ok(t, slices.Concat([]string{"plot", "-o", file}, runs, strings.Fields(c.args))...)
		got := readChart(t, file)
		c.want.title = strings.Replace(c.want.title, "RUN", filepath.Base(runs[0]), 1)
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s %s:\n%+v, want\n%+v", c.trainings, c.args, got, c.want)
		}
	}
}

// Layers are whole too.
func TestPlotLayers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.svg")
	ok(t, "book", "gradients", "-o", file)
	if c := readChart(t, file); c.x != "hidden layer" || fmt.Sprint(c.marks) != "[1 2 3 4]" || len(c.legend) != 3 {
		t.Errorf("%+v", c)
	}
}

// What has nothing to draw is left out of several with a note, unless nothing is left, or a name is mistyped.
func TestPlotLeftOut(t *testing.T) {
	runs := t.TempDir()
	good, none, damaged := trainedRuns(t, "mlp --epochs 1 --seed 1")[0], trainedRuns(t, "mlp --epochs 0 --seed 1")[0], trainedRuns(t, "mlp --epochs 1 --seed 1")[0]
	write(t, filepath.Join(damaged, "metrics.jsonl"), []byte("{\n"))
	text, empty := filepath.Join(runs, "notes.txt"), filepath.Join(runs, "empty")
	write(t, text, []byte("x"))
	if err := os.Mkdir(empty, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		names []string
		code  int
		notes int
		want  string
	}{
		{[]string{none, good, damaged, text, empty}, 0, 4, "notes.txt: a file, not a run"},
		{[]string{none, good}, 0, 1, "no epoch has ended yet"},
		{[]string{good, damaged}, 0, 1, "damaged"},
		{[]string{none, text}, exitData, 2, "a file, not a run"},
		{[]string{text, none}, exitFailure, 2, "no epoch has ended yet"},
		{[]string{text}, exitData, 0, "a file, not a run"},
		{[]string{good, "mpl"}, exitUsage, 0, `unknown run "mpl"`},
	} {
		file := filepath.Join(t.TempDir(), "x.svg")
		r := call(append([]string{"plot", "-o", file, "--runs", runs}, c.names...)...)
		_, err := os.Stat(file)
		if r.code != c.code || strings.Count(r.err, "left out: ") != c.notes || !strings.Contains(r.err, c.want) || r.out != "" || (err == nil) != (c.code == 0) {
			t.Errorf("%q: exit %d, %v\n%s", c.names, r.code, err, r.err)
		}
	}
}

// The picture of what a run confuses has the counts that eval has.
func TestPlotConfusion(t *testing.T) {
	run := trainedRuns(t, "softmax --epochs 1 --seed 1")[0]
	file := filepath.Join(t.TempDir(), "x.svg")
	ok(t, "plot", run, "--confusion", "-o", file)
	var counts []string
	o := events(t, ok(t, "eval", run, "--confusion", "--json").out)[0]
	for _, row := range o["confusion"].([]any) {
		for _, n := range row.([]any) {
			if n != 0. {
				counts = append(counts, fmt.Sprint(n))
			}
		}
	}
	var texts []string
	for _, m := range svgText.FindAllStringSubmatch(readAll(t, file), -1) {
		texts = append(texts, m[1])
	}
	title := fmt.Sprintf("%s: %s of the 10 test images read right", filepath.Base(run), percent(o["accuracy"].(float64)))
	if texts[0] != title || !slices.Contains(texts, "precision") || !slices.Contains(texts, "recall") {
		t.Errorf("texts %q, want %q", texts, title)
	}
	for _, n := range counts {
		i := slices.Index(texts, n)
		if i < 0 {
			t.Fatalf("no count %s of %q", n, counts)
		}
		texts = slices.Delete(texts, i, i+1)
	}
}
