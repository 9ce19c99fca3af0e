package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/cmd/internal/ladder"
	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/models"
)

// ladderFlags are the flags of ladder.
type ladderFlags struct {
	seeds             int
	only              []string
	runs, results     string
	list, write, json bool
	ablations         bool

	committee []models.Member
	data      string // instead of MNIST, in tests
}

func (a *app) ladderCommand() *cobra.Command {
	f := ladderFlags{committee: models.Committee}
	cmd := &cobra.Command{
		Use:   "ladder [flags]",
		Short: "Train every network that the book has a figure for, and compare",
		Long: wrap("Train the networks of chapters 1, 3, 5 and 6 by the book's recipes, unless their results are there already, "+
			"and print the book's figures beside ours. Each training's result is a file below --results, and the page beside that "+
			"folder is made from these files. A training that was interrupted, here or in stheno train, continues; one that "+
			"another process is working on is left to it. The book's networks are trained in parallel, one for each processor; "+
			"networks named with --only, and those of --ablations, one after the other. --only committee trains the networks that vote together. "+
			"Exit with 3 if a figure falls short.", 100),
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.checkLadder(&f); err != nil {
				return err
			}
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return a.ladder(ctx, &f)
		},
	}
	set := cmd.Flags()
	set.IntVar(&f.seeds, "seeds", 0, "train each `N` times, with the seeds 1 to N; if not given, 3 times, 5 for a vote, once on 250,000 images")
	set.StringSliceVar(&f.only, "only", nil, "train only these `MODELS`, separated by commas")
	set.BoolVar(&f.ablations, "ablations", false, "train recipes with one of their choices undone, instead of the book's networks")
	set.BoolVar(&f.list, "list", false, "train nothing, only print the figures")
	set.BoolVar(&f.write, "write", false, "train nothing, only write the page")
	set.StringVar(&f.runs, "runs", "runs", "`DIR` for the runs' folders")
	set.StringVar(&f.results, "results", filepath.Join("docs", "results"), "`DIR` for the results; the page is DIR.md")
	set.BoolVar(&f.json, "json", false, "print a JSON object for each training that ends, and for each figure")
	// The only error would be a flag that does not exist.
	_ = cmd.RegisterFlagCompletionFunc("only", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return append(a.names(), ladder.Committee), cobra.ShellCompDirectiveNoFileComp
	})
	return cmd
}

// maxSeeds is the most trainings of one network.
const maxSeeds = 1000

func (a *app) checkLadder(f *ladderFlags) error {
	if f.seeds < 0 || f.seeds > maxSeeds {
		return usagef("--seeds %d; use 1 to %d", f.seeds, maxSeeds)
	}
	if f.list && f.write {
		return usagef("--list and --write; use one of them")
	}
	if f.ablations && len(f.only) > 0 {
		return usagef("--only and --ablations; use one of them")
	}
	for _, m := range f.committee {
		if _, ok := a.find(m.Name); !ok && slices.Contains(f.only, ladder.Committee) {
			return usagef("--only %s: its %s is not in this program's catalogue; add models.All to it", ladder.Committee, m.Name)
		}
	}
	for i, name := range f.only {
		m, ok := a.find(name)
		if !ok && name != ladder.Committee {
			return unknown("model", name, append(a.names(), ladder.Committee))
		}
		if ok {
			f.only[i] = m.Name // today's, where this is a former one
		}
	}
	return nil
}

// climb is the work of one call of ladder.
type climb struct {
	*app
	flags *ladderFlags
	data  *dataset.Data
}

func (a *app) ladder(ctx context.Context, f *ladderFlags) error {
	data, err := a.openData(f.data, dataset.Options{})
	if err != nil {
		return err
	}
	shared := *a
	shared.err = &output{w: a.err} // several trainings write to it at the same time
	c := &climb{app: &shared, flags: f, data: data}
	if !f.list && !f.write {
		err = c.train(ctx)
	}
	return errors.Join(err, c.show(err == nil))
}

// ladder is the catalogue with the results so far.
func (c *climb) ladder() (ladder.Ladder, error) {
	kept, err := ladder.Load(c.flags.results)
	if err != nil {
		return ladder.Ladder{}, err
	}
	var catalogue []models.Model
	for _, name := range c.names() {
		m, err := c.model(name)
		if err != nil {
			return ladder.Ladder{}, err
		}
		catalogue = append(catalogue, m)
	}
	return ladder.Climb(catalogue, models.Ablations, c.flags.committee, kept, func(m models.Model, recipe, sha256 string) bool {
		return sha256 == c.data.SHA256() && c.same(m, []byte(recipe))
	}), nil
}

// same says that a model's file is of this model. The way that files are written may have changed since, and the model's name too.
func (a *app) same(m models.Model, text []byte) bool {
	old, err := a.decode(a.written(), m.Name, text)
	old.Name = models.Current(old.Name)
	return err == nil && recipeText(old) == recipeText(m)
}

// recipeText is everything in a model that a training depends on.
func recipeText(m models.Model) string {
	m.Doc = ""
	text, err := encode(m)
	if err != nil {
		return ""
	}
	return string(text)
}

// chosen reports whether the entry is to be trained and shown.
func (f *ladderFlags) chosen(g ladder.Entry) bool {
	if len(f.only) > 0 {
		return slices.Contains(f.only, g.Name)
	}
	if f.ablations {
		return g.Ablation()
	}
	return g.Published()
}

// train makes the missing trainings.
func (c *climb) train(ctx context.Context) error {
	l, err := c.ladder()
	if err != nil {
		return err
	}
	var beside, alone []ladder.Training // a training whose time is reported runs alone
	planned := map[string]bool{}
	for _, g := range l.Entries {
		if !c.flags.chosen(g) {
			continue
		}
		for _, j := range g.Missing(c.flags.seeds) {
			key := fmt.Sprint(j.Model.Name, " ", j.Seed)
			switch {
			case planned[key]:
			case g.Published():
				beside = append(beside, j)
			default:
				alone = append(alone, j)
			}
			planned[key] = true
		}
	}
	processors := runtime.GOMAXPROCS(0)
	return errors.Join(c.all(ctx, beside, processors), c.all(ctx, alone, 1), c.votes())
}

// all runs jobs, atOnce of them at a time.
func (c *climb) all(ctx context.Context, jobs []ladder.Training, atOnce int) error {
	var tasks []task
	for _, j := range jobs {
		kernel, err := c.kernelOf(j)
		if err != nil {
			return err
		}
		tasks = append(tasks, task{fmt.Sprintf("%s, seed %d", j.Model.Name, j.Seed), kernel, func(ctx context.Context, threads int) error { return c.do(ctx, j, threads) }})
	}
	return c.several(ctx, tasks, atOnce)
}

// show prints the figures and, without --list, writes the page. With judge, figures that fall short are an error.
func (c *climb) show(judge bool) error {
	l, err := c.ladder()
	if err == nil && !c.flags.list {
		page := filepath.Clean(c.flags.results) + ".md"
		if err = rundir.Replace(page, []byte(l.Page())); err != nil {
			err = fmt.Errorf("%s: %w", page, err)
		}
	}
	if err != nil {
		return err
	}
	var rows []ladder.Row
	for _, g := range l.Entries {
		if c.flags.chosen(g) {
			rows = append(rows, g.Rows()...)
		}
	}
	if c.flags.json {
		err = c.rowsJSON(rows)
	} else {
		c.rowsTable(rows)
	}
	if err != nil || !judge {
		return err
	}
	return short(rows)
}

// short is an error if a figure falls short of the book's.
func short(rows []ladder.Row) error {
	var names []string
	for _, r := range rows {
		if r.Verdict == ladder.Short {
			names = append(names, r.Model+", "+r.What)
		}
	}
	if names == nil {
		return nil
	}
	return &exitError{exitCheck, fmt.Errorf("short of the book: %s", strings.Join(names, "; "))}
}

func (c *climb) rowsTable(rows []ladder.Row) {
	if len(rows) == 0 {
		return
	}
	var t table
	t.add("model", "figure", "set", "book", "best", "mean", "sd", "runs", "verdict")
	for _, r := range rows {
		cells := []string{r.Model, r.What, r.Set, ladder.Percent(r.Book), "", "", "", strconv.Itoa(r.N), r.Judgment()}
		if r.N > 0 {
			cells[4], cells[5] = ladder.Percent(r.Best), ladder.Percent(r.Mean)
		}
		if r.N > 1 {
			cells[6] = ladder.Percent(r.SD)
		}
		t.add(cells...)
	}
	t.print(c.out)
}

func (c *climb) rowsJSON(rows []ladder.Row) error {
	var list []object
	for _, r := range rows {
		list = append(list, object{
			{"event", "figure"}, {"rung", r.Model}, {"figure", r.What}, {"set", r.Set}, {"book", r.Book}, {"tolerance", r.Tolerance},
			{"best", optional(r.Best)}, {"mean", optional(r.Mean)}, {"sd", optional(r.SD)}, {"runs", r.N}, {"wanted", r.Wanted},
			{"verdict", r.Verdict},
		})
	}
	return printJSON(c.out, list...)
}

// tell prints the result of a training.
func (c *climb) tell(r ladder.Result) error {
	if !c.flags.json {
		got := percent(fraction(r.Best.Test, r.TestTotal))
		if r.Loss > 0 {
			got = fmt.Sprintf("loss %.4f", r.Loss)
		}
		fmt.Fprintf(c.out, "%s, seed %d: test %s, in %s of training\n", r.Model, r.Seed, got, duration(r.Seconds))
		return nil
	}
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return printJSON(c.out, object{{"event", "training"}, {"result", json.RawMessage(text)}})
}
