package book

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/models"
)

var digits = sync.OnceValues(mnist.Load)

// small is the first images of each part of MNIST.
func small(t *testing.T, train, others int) *mnist.Data {
	t.Helper()
	d, err := digits()
	if err != nil {
		t.Fatal(err)
	}
	s := *d
	s.Train, s.Validation, s.Test = d.Train.Slice(0, train), d.Validation.Slice(0, others), d.Test.Slice(0, others)
	return &s
}

func near(x, y, tolerance float64) bool { return math.Abs(x-y) <= tolerance }

func TestFigure(t *testing.T) {
	for _, c := range []struct {
		figure    Figure
		value     float64
		ours      float64
		text      string
		n         int
		tolerance float64
	}{
		{Figure{"", "0.0940", 0}, .094, .09404, "0.0940", 1, .00005},
		{Figure{"", "22.25%", 0}, .2225, .2225, "22.25%", 1, .00005},
		{Figure{"", "87.1%", .002}, .871, .87249, "87.2%", 1, .0005 + 3*.002*math.Sqrt2},
		{Figure{"", "0.878", .01}, .878, .8, "0.800", 4, .0005 + 3*.01*math.Sqrt(1.25)},
		{Figure{"", "95.42%", .001}, .9542, 1, "100.00%", 1e9, .00005 + .003},
	} {
		f := c.figure
		if f.Value() != c.value && !near(f.Value(), c.value, 1e-15) || f.Text(c.ours) != c.text || !near(f.Tolerance(c.n), c.tolerance, 1e-9) {
			t.Errorf("%+v: value %v, %v is %s, tolerance %v", f, f.Value(), c.ours, f.Text(c.ours), f.Tolerance(c.n))
		}
	}
}

// TestAll: the experiments as they stand.
func TestAll(t *testing.T) {
	names, chapter := map[string]bool{}, 0
	for _, e := range All {
		if names[e.Name] || e.Name == "" || e.Doc == "" || e.Seeds < 1 || e.Chapter < chapter || len(e.Published) == 0 {
			t.Errorf("%+v", e)
		}
		names[e.Name], chapter = true, e.Chapter
		figures := map[string]bool{}
		for _, f := range e.Published {
			if !(f.Value() > 0) || figures[f.Name] || f.Spread > 0 && e.Seconds == 0 && e.Seeds < 10 {
				t.Errorf("%s: %+v", e.Name, f)
			}
			figures[f.Name] = true
		}
		if found, ok := Find(e.Name); !ok || found.Name != e.Name {
			t.Errorf("Find(%s) = %+v", e.Name, found)
		}
	}
	if _, ok := Find("nothing"); ok {
		t.Error("found nothing")
	}
}

// TestCatalogue: where the catalogue has the book's figure too, it is the same.
func TestCatalogue(t *testing.T) {
	for _, c := range []struct {
		experiment string
		figure     int
		model      string
	}{
		{"overfitting", 0, "ch3-overfit"}, {"regularized", 0, "ch3-overfit-l2"},
		{"weight-init-30", 1, "ch3-default-30"}, {"weight-init-30", 3, "ch3-large-30"},
		{"weight-init-100", 1, "ch3-default-100"}, {"weight-init-100", 3, "ch3-large-100"},
	} {
		e, _ := Find(c.experiment)
		m, ok := models.Find(c.model)
		if f := e.Published[c.figure]; !ok || !near(f.Value(), m.Published.Accuracy, 1e-9) {
			t.Errorf("%s: %s is %v, and %v in the catalogue", c.experiment, f.Name, f.Value(), m.Published.Accuracy)
		}
	}
}

// TestRows: mean, deviation and verdict of made-up runs.
func TestRows(t *testing.T) {
	e := Experiment{Published: []Figure{{"exact", "0.50", 0}, {"random", "10.0%", .01}}}
	nan := math.NaN()
	for _, c := range []struct {
		values   [][]float64
		mean, sd float64 // of the second figure
		verdicts []Verdict
	}{
		{nil, nan, nan, []Verdict{NotRun, NotRun}},
		{[][]float64{{.504, .14}}, .14, nan, []Verdict{Exact, Agrees}},
		{[][]float64{{.506, .15}}, .15, nan, []Verdict{Differs, Differs}},
		{[][]float64{{.5, .1}, {.5, .14}}, .12, .04 / math.Sqrt2, []Verdict{Exact, Agrees}},
		{[][]float64{{.5, .12}, {.5, .16}}, .14, .04 / math.Sqrt2, []Verdict{Exact, Differs}}, // tolerance .0372, no longer .0429
		{[][]float64{{nan, nan}}, nan, nan, []Verdict{Differs, Differs}},
	} {
		rows := e.Rows(&Result{Values: c.values})
		got := rows[1]
		same := func(x, y float64) bool { return near(x, y, 1e-12) || math.IsNaN(x) && math.IsNaN(y) }
		if !same(got.Mean, c.mean) || !same(got.SD, c.sd) || got.N != len(c.values) {
			t.Errorf("%v: %+v", c.values, got)
		}
		if verdicts := []Verdict{rows[0].Verdict, got.Verdict}; !slices.Equal(verdicts, c.verdicts) {
			t.Errorf("%v: %v, want %v", c.values, verdicts, c.verdicts)
		}
	}
}

// counting is an experiment that gives its seed, with a value that the book does not print.
var counting = Experiment{Name: "counting", Published: []Figure{{"seed", "2", 1}}, Seconds: 1, run: func(ctx context.Context, l lab) (run, error) {
	seed := float64(l.seed)
	return run{[]float64{seed, -1}, []Curve{{"c", []float64{0}, []float64{seed}}}}, ctx.Err()
}}

// TestKept: runs are added seed by seed, and come back from the file as they were.
func TestKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "runs")
	r, err := counting.Load(dir)
	if err != nil || len(r.Values) != 0 {
		t.Fatalf("%+v, %v; want nothing", r, err)
	}
	for range 2 {
		if err := counting.Next(context.Background(), nil, r); err != nil {
			t.Fatal(err)
		}
	}
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	if err := counting.Next(stopped, nil, r); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v of a stopped run", err)
	}
	if want := [][]float64{{1}, {2}}; !reflect.DeepEqual(r.Values, want) || r.Curves[0].Y[0] != 1 || len(r.Curves) != 1 {
		t.Errorf("%+v, want %v and the curve of seed 1", r, want)
	}
	if err := counting.Save(dir, r); err != nil {
		t.Fatal(err)
	}
	if again, err := counting.Load(dir); err != nil || !reflect.DeepEqual(again, r) {
		t.Errorf("%+v, %v; saved %+v", again, err, r)
	}
}

func TestDamaged(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"": "byte offset 0: damaged: EOF",
		`{"experiment":"counting","figures":["seed"]} {}`: "text after the JSON value",
		"[1]": "cannot unmarshal",
		`{"experiment":"other","figures":["seed"]}`:                       "its figures are not those of",
		`{"experiment":"counting","figures":["seeds"]}`:                   "its figures are not those of",
		`{"experiment":"counting","figures":["seed"],"values":[[1],[]]}`:  "its figures are not those of",
		`{"experiment":"counting","figures":["seed"],"values":[[1,"2"]]}`: "cannot unmarshal",
	} {
		file := filepath.Join(dir, "book-counting.json")
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := counting.Load(dir)
		if !errors.Is(err, rundir.ErrDamaged) || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	file := filepath.Join(dir, "book-counting.json")
	if err := errors.Join(os.Remove(file), os.Symlink("/dev/zero", file)); err != nil {
		t.Skip(err)
	}
	if _, err := counting.Load(dir); !errors.Is(err, rundir.ErrDamaged) || !strings.Contains(err.Error(), file+": a link out of its folder") {
		t.Errorf("a device: %v", err)
	}
	if err := counting.Save(filepath.Join(dir, "book-counting.json"), counting.New()); !errors.As(err, new(*fs.PathError)) {
		t.Errorf("saved in a file: %v", err)
	}
}
