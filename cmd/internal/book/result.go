package book

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/internal/intake"
	"github.com/stheno-ml/stheno/mnist"
)

// A Result is an experiment's results so far, as they are kept in a file.
type Result struct {
	Experiment string      `json:"experiment"`
	Figures    []string    `json:"figures"`
	Values     [][]float64 `json:"values"`  // for the seeds 1, 2, …: a number for each figure, accuracies as fractions
	Curves     []Curve     `json:"curves"`  // of seed 1
	Seconds    float64     `json:"seconds"` // of all seeds
	Kernel     string      `json:"kernel"`
	Build      string      `json:"build"`
}

// New is a result without runs.
func (e Experiment) New() *Result {
	r := &Result{Experiment: e.Name}
	for _, f := range e.Published {
		r.Figures = append(r.Figures, f.Name)
	}
	return r
}

// file is a result's file in the folder dir.
func (e Experiment) file(dir string) string { return filepath.Join(dir, "book-"+e.Name+".json") }

// Load reads the result that is kept in the folder dir; without runs if there is none. The error wraps rundir.ErrDamaged if the file
// does not belong to this experiment.
func (e Experiment) Load(dir string) (*Result, error) {
	r := &Result{}
	err := intake.JSON(dir, filepath.Base(e.file(dir)), intake.Text, r, false)
	if errors.Is(err, fs.ErrNotExist) {
		return e.New(), nil
	}
	if err != nil {
		return nil, fmt.Errorf("book: %w; run the experiment with --again", err)
	}
	odd := func(values []float64) bool { return len(values) != len(e.Published) }
	if r.Experiment != e.Name || !slices.Equal(r.Figures, e.New().Figures) || slices.ContainsFunc(r.Values, odd) {
		return nil, fmt.Errorf("book: %s: %w: its figures are not those of %s; run the experiment with --again", e.file(dir), rundir.ErrDamaged, e.Name)
	}
	return r, nil
}

// Save writes the result into the folder dir.
func (e Experiment) Save(dir string, r *Result) error {
	text, err := json.Marshal(r)
	if err == nil {
		err = os.MkdirAll(dir, 0o777)
	}
	if err == nil {
		err = rundir.Replace(e.file(dir), append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("book: %s: %w", e.file(dir), err)
	}
	return nil
}

// Next runs the experiment with the next seed, and adds the result to r.
func (e Experiment) Next(ctx context.Context, data *mnist.Data, r *Result) error {
	begin := time.Now()
	got, err := e.run(ctx, lab{data, uint64(len(r.Values) + 1)})
	if err != nil {
		return err
	}
	if len(r.Values) == 0 {
		r.Curves = got.curves
	}
	r.Values = append(r.Values, got.values[:len(e.Published)]) // the book does not print all of them
	r.Seconds += time.Since(begin).Seconds()
	return nil
}

// Verdict says how a figure compares with the book's.
type Verdict string

// Exact is for figures that are the same in all runs.
const (
	Exact   Verdict = "exact"
	Agrees  Verdict = "agrees"
	Differs Verdict = "differs"
	NotRun  Verdict = "not run"
)

// A Row compares one figure with the book's.
type Row struct {
	Figure
	N         int     // runs
	Mean, SD  float64 // of the runs; SD is NaN for fewer than two
	Tolerance float64
	Verdict   Verdict
}

// Rows compares the figures of r with the book's.
func (e Experiment) Rows(r *Result) []Row {
	var rows []Row
	for i, f := range e.Published {
		row := Row{Figure: f, N: len(r.Values), Mean: math.NaN(), SD: math.NaN(), Tolerance: f.Tolerance(max(1, len(r.Values))), Verdict: NotRun}
		if row.N > 0 {
			row.Mean, row.SD = moments(r.Values, i)
			row.Verdict = row.judge()
		}
		rows = append(rows, row)
	}
	return rows
}

func (r Row) judge() Verdict {
	switch {
	case !(math.Abs(r.Mean-r.Value()) <= r.Tolerance): // so that NaN differs
		return Differs
	case r.Spread == 0:
		return Exact
	}
	return Agrees
}

// moments are the mean and the standard deviation of column i.
func moments(rows [][]float64, i int) (mean, sd float64) {
	n := float64(len(rows))
	for _, r := range rows {
		mean += r[i] / n
	}
	sum := 0.
	for _, r := range rows {
		sum += (r[i] - mean) * (r[i] - mean)
	}
	return mean, math.Sqrt(sum / (n - 1))
}
