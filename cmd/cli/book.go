package cli

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stheno-ml/stheno/cmd/internal/book"
	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/cmd/internal/plot"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/term"
	"github.com/stheno-ml/stheno/mnist"
)

// bookFlags are the flags of book.
type bookFlags struct {
	all, again, json, markdown bool
	seeds                      int
	runs, output               string
}

func (a *app) bookCommand() *cobra.Command {
	var f bookFlags
	cmd := &cobra.Command{
		Use:   "book [flags] [EXPERIMENT]...",
		Short: "Repeat the book's small experiments",
		Long: wrap("Print the figures of the book's small experiments beside ours, with a tolerance and a verdict. Quick experiments run at "+
			"once. The others run when they are named, or with --all, and their results are kept below --runs. "+
			"Exit with 3 if a figure differs.", 100) + "\n\n" + wrap("Experiments: "+strings.Join(experiments(), ", ")+".", 100),
		ValidArgs: experiments(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(args); err != nil {
				return err
			}
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return a.book(ctx, &f, args)
		},
	}
	set := cmd.Flags()
	set.BoolVar(&f.all, "all", false, "run all experiments")
	set.IntVar(&f.seeds, "seeds", 0, "run an experiment `N` times, with the seeds 1 to N; its own number if not given")
	set.BoolVar(&f.again, "again", false, "discard the runs that are kept, and run again")
	set.StringVarP(&f.output, "output", "o", "", "draw the curves of one experiment into `FILE`, .svg or .png")
	set.StringVar(&f.runs, "runs", "runs", "`DIR` to keep results in")
	set.BoolVar(&f.markdown, "markdown", false, "print a page in Markdown")
	set.BoolVar(&f.json, "json", false, "print a JSON object for each figure")
	return cmd
}

func experiments() []string {
	var names []string
	for _, e := range book.All {
		names = append(names, e.Name)
	}
	return names
}

// check reports flags and names that do not go together.
func (f *bookFlags) check(names []string) error {
	for _, name := range names {
		if !slices.Contains(experiments(), name) {
			return unknown("experiment", name, experiments())
		}
	}
	switch {
	case f.seeds < 0 || f.seeds > maxSeeds:
		return usagef("--seeds %d; use 1 to %d", f.seeds, maxSeeds)
	case f.json && f.markdown:
		return usagef("--json and --markdown; use one of them")
	case f.all && len(names) > 0:
		return usagef("--all and %s; use one of them", names[0])
	case f.again && !f.all && len(names) == 0:
		return usagef("--again without an experiment; name one, or use --all")
	case f.output == "":
		return nil
	case len(names) != 1:
		return usagef("--output with %d experiments; name one", len(names))
	}
	if e, _ := book.Find(names[0]); e.Axes == (book.Axes{}) {
		return usagef("experiment %s has no curves to draw; leave --output out", names[0])
	}
	return checkPicture(f.output)
}

// experiment is an experiment with its results.
type experiment struct {
	book.Experiment
	result *book.Result
	rows   []book.Row
}

func (a *app) book(ctx context.Context, f *bookFlags, names []string) error {
	data, err := dataset.MNIST()
	if err != nil {
		return err
	}
	var shown []experiment
	for _, e := range book.All {
		if len(names) > 0 && !slices.Contains(names, e.Name) {
			continue
		}
		r, err := a.repeat(ctx, f, data, e, f.all || len(names) > 0)
		if err != nil {
			return err
		}
		shown = append(shown, experiment{e, r, e.Rows(r)})
	}
	if f.output != "" {
		if err := shown[0].draw(f.output); err != nil {
			return err
		}
		if err := a.wrote(f.output); err != nil {
			return err
		}
	}
	if err := a.showBook(f, shown); err != nil {
		return err
	}
	return judge(shown)
}

// repeat is the result of an experiment. Missing runs are made first if the experiment was asked for, or is quick.
func (a *app) repeat(ctx context.Context, f *bookFlags, data *mnist.Data, e book.Experiment, asked bool) (*book.Result, error) {
	r, err := e.New(), error(nil)
	if !e.Quick() && !(asked && f.again) {
		if r, err = e.Load(f.runs); err != nil {
			return nil, err
		}
	}
	seeds := e.Seeds
	if f.seeds > 0 && e.Random() {
		seeds = f.seeds
	}
	for len(r.Values) < seeds && (asked || e.Quick()) {
		if !e.Quick() {
			fmt.Fprintf(a.err, "%s: seed %d of %d, about %g s\n", e.Name, len(r.Values)+1, seeds, e.Seconds)
		}
		if err := f.next(ctx, data, e, r); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// next makes a run, and keeps it unless it is quick.
func (f *bookFlags) next(ctx context.Context, data *mnist.Data, e book.Experiment, r *book.Result) error {
	err := e.Next(ctx, data, r)
	if err != nil && ctx.Err() != nil {
		return cutShort(ctx, "interrupted; the finished runs are kept")
	}
	r.Kernel, r.Build = graph.Kernel(), build()
	if err != nil || e.Quick() {
		return err
	}
	return e.Save(f.runs, r)
}

// judge is an error if a figure differs.
func judge(shown []experiment) error {
	var wrong []string
	for _, e := range shown {
		for _, row := range e.rows {
			if row.Verdict == book.Differs {
				wrong = append(wrong, e.Name+": "+row.Name)
			}
		}
	}
	if wrong == nil {
		return nil
	}
	return &exitError{exitCheck, fmt.Errorf("differs from the book: %s", strings.Join(wrong, "; "))}
}

// draw makes the experiment's picture.
func (e experiment) draw(path string) error {
	var lines []plot.Series
	for _, c := range e.result.Curves {
		lines = append(lines, plot.Series{Name: c.Name, X: c.X, Y: c.Y})
	}
	return plot.Lines(path, plot.Axes{Title: e.Name, X: e.Axes.X, Y: e.Axes.Y, LogY: e.Axes.LogY}, lines...)
}

func (a *app) showBook(f *bookFlags, shown []experiment) error {
	switch {
	case f.json:
		return a.bookJSON(shown)
	case f.markdown:
		a.bookPage(shown)
		return nil
	}
	var t table
	t.add(bookHead...)
	for _, e := range shown {
		for _, cells := range e.table() {
			t.add(cells...)
		}
	}
	t.print(a.out)
	fmt.Fprintf(a.out, "\n%s\n", wrap(bookNote, 100))
	return nil
}

// bookHead and bookNote go above and below the figures.
var (
	bookHead = []string{"experiment", "chapter", "figure", "book", "ours", "sd", "runs", "tolerance", "verdict"}
	bookNote = "ours is the mean of the runs, and sd is their standard deviation. A figure agrees if its difference from the book's is within the " +
		"tolerance. The tolerance is half a unit of the last digit that the book prints. If the seed matters, 3 s √(1+1/runs) is added, because " +
		"the book's figure is a single run: s is the standard deviation of our runs with seeds 1 to 10, and s √(1+1/runs) is that of the " +
		"difference between one run and the mean."
)

// table is a row of cells for each figure.
func (e experiment) table() (rows [][]string) {
	for i, r := range e.rows {
		cells := []string{"", "", r.Name, r.Book, "", "", "", tolerance(r), string(r.Verdict)}
		if i == 0 {
			cells[0], cells[1] = e.Name, strconv.Itoa(e.Chapter)
		}
		if r.N > 0 {
			cells[4], cells[6] = r.Text(r.Mean), strconv.Itoa(r.N)
		} else if i == 0 {
			cells[8] += fmt.Sprintf("; about %g s with: %s book %s", e.Seconds, commandName(), e.Name)
		}
		if r.N > 1 {
			cells[5] = r.Text(r.SD)
		}
		rows = append(rows, cells)
	}
	return rows
}

// tolerance is a tolerance in the figure's unit, to two digits.
func tolerance(r book.Row) string {
	x, unit := r.Tolerance, ""
	if r.Percent() {
		x, unit = 100*x, "%"
	}
	x, _ = strconv.ParseFloat(fmt.Sprintf("%.1e", x), 64) // Sprintf always makes a number here
	return "±" + strconv.FormatFloat(x, 'f', -1, 64) + unit
}

func (a *app) bookJSON(shown []experiment) error {
	var list []object
	for _, e := range shown {
		for _, r := range e.rows {
			list = append(list, object{
				{"experiment", e.Name}, {"chapter", e.Chapter}, {"figure", r.Name}, {"book", r.Value()}, {"ours", optional(r.Mean)},
				{"sd", optional(r.SD)}, {"runs", r.N}, {"tolerance", r.Tolerance}, {"verdict", r.Verdict}, {"seconds", e.Seconds},
			})
		}
	}
	return printJSON(a.out, list...)
}

// optional is nil for a number that is missing.
func optional(x float64) any {
	if math.IsNaN(x) {
		return nil
	}
	return x
}

// bookPage prints docs/book-experiments.md.
func (a *app) bookPage(shown []experiment) {
	fmt.Fprintf(a.out, "# The book's experiments\n\n`stheno %s` printed this page on %s. The runs of an experiment have the seeds from 1 to their number. "+
		"The last run of each used the kernel %s.\n\n", strings.Join(a.args, " "), time.Now().Format(time.DateOnly), kernels(shown))
	fmt.Fprintf(a.out, "| %s |\n|%s\n", strings.Join(bookHead, " | "), strings.Repeat("---|", len(bookHead)))
	for _, e := range shown {
		for _, cells := range e.table() {
			fmt.Fprintf(a.out, "| %s |\n", strings.Join(cells, " | "))
		}
	}
	fmt.Fprintf(a.out, "\n%s\n\n", strings.ToUpper(bookNote[:1])+bookNote[1:])
	for _, e := range shown {
		fmt.Fprintf(a.out, "- **%s**: %s.\n", e.Name, e.Doc)
	}
}

// kernels are the kernels that made the experiments' last runs.
func kernels(shown []experiment) string {
	var names []string
	for _, e := range shown {
		if k := e.result.Kernel; k != "" && !slices.Contains(names, k) {
			names = append(names, k)
		}
	}
	return term.OneOf(names)
}
