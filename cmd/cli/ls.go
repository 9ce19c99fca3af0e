package cli

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/internal/intake"
	"github.com/stheno-ml/stheno/models"
)

// listFlags are the flags of ls.
type listFlags struct {
	runs, model string
	sort        choice
	json        bool
}

func (a *app) listCommand() *cobra.Command {
	var f listFlags
	cmd := &cobra.Command{
		Use:   "ls [flags]",
		Short: "List the runs, newest first",
		Long: wrap("List the runs, newest first, with the settings in which each differs from its model's recipe. Like an interrupted run, a run "+
			"that was killed, by the system or a power cut, continues with train --resume RUN. A folder with an incomplete run is listed "+
			"as broken.", 100),
		Args: arguments(0, 0),
		RunE: func(*cobra.Command, []string) error { return a.list(&f) },
	}
	set := cmd.Flags()
	f.sort.define(set, "sort", "the column to sort by, best first; runs without a value come last", "started", "val_acc", "val_loss", "test_acc", "model", "name", "status")
	set.StringVar(&f.model, "model", "", "only runs of the model `NAME`, or of a network in one line")
	set.StringVar(&f.runs, "runs", "runs", "`DIR` with the runs' folders")
	set.BoolVar(&f.json, "json", false, "print a JSON object for each run, with its recipe")
	// The only error would be a flag that does not exist.
	_ = cmd.RegisterFlagCompletionFunc("model", completeRunModels)
	return cmd
}

func (a *app) list(f *listFlags) error {
	entries, err := rundir.List(f.runs)
	if err != nil {
		return err
	}
	if entries, err = a.ofModel(f, entries); err != nil {
		return err
	}
	runs, flags := make([]listed, len(entries)), plainFlags(a.reader())
	for i, e := range entries {
		runs[i] = a.listed(e, flags.texts())
	}
	slices.SortStableFunc(runs, orders[f.sort.value])
	if f.json {
		return a.listJSON(runs)
	}
	if len(runs) == 0 {
		fmt.Fprintf(a.err, "no runs %sin %s yet; %s train %s makes one\n", prefixed("of ", f.model), f.runs, commandName(), shellWord(cmp.Or(f.model, "mlp")))
		return nil
	}
	a.listTable(runs)
	for _, r := range runs {
		if r.Info.Status == rundir.Killed {
			fmt.Fprintf(a.err, "%s\n", intake.Line(fmt.Sprintf("%s was killed; to continue: %s train --resume %s", r.Path, commandName(), shellWord(r.Path))))
		}
	}
	return nil
}

// ofModel keeps the runs of the model that --model names, or all without it. A name that no run and no model has is an error.
func (a *app) ofModel(f *listFlags, entries []rundir.Entry) ([]rundir.Entry, error) {
	if f.model == "" {
		return entries, nil
	}
	name := f.model
	if isLine(name) {
		name = nameOf(name)
	} else if known := append(modelsOf(entries), a.names()...); !slices.Contains(known, name) && !slices.Contains(known, models.Current(name)) {
		return nil, unknown("model", name, known)
	}
	return slices.DeleteFunc(entries, func(e rundir.Entry) bool {
		return e.Err != nil || e.Info.Model != name && currentModel(e.Info) != models.Current(name)
	}), nil
}

// modelsOf lists the models of runs, each once.
func modelsOf(entries []rundir.Entry) []string {
	var names []string
	for _, e := range entries {
		if e.Err == nil && !slices.Contains(names, e.Info.Model) {
			names = append(names, e.Info.Model)
		}
	}
	return names
}

// prefixed is a text with before in front and a space after it; an empty text stays empty.
func prefixed(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text + " "
}

// orders are the columns to sort by. The sort is stable, so equal runs stay newest first.
var orders = map[string]func(r, s listed) int{
	"started":  func(r, s listed) int { return 0 },
	"val_acc":  func(r, s listed) int { return falling(r.valAcc(), s.valAcc()) },
	"val_loss": func(r, s listed) int { return falling(-r.valLoss(), -s.valLoss()) },
	"test_acc": func(r, s listed) int { return falling(r.testAcc(), s.testAcc()) },
	"model":    func(r, s listed) int { return rising(r.Info.Model, s.Info.Model) },
	"name":     func(r, s listed) int { return rising(r.Info.Name, s.Info.Name) },
	"status":   func(r, s listed) int { return rising(string(r.Info.Status), string(s.Info.Status)) },
}

// falling puts the larger number first, and NaN last.
func falling(x, y float64) int { return cmp.Compare(y, x) }

// rising sorts by the alphabet, with empty texts last.
func rising(s, t string) int {
	return cmp.Or(cmp.Compare(min(len(t), 1), min(len(s), 1)), cmp.Compare(s, t))
}

const broken = "broken"

// listColumn is a column of the table of runs.
type listColumn struct {
	name string
	cell func(listed) string // "-" or empty where a run has nothing
}

var listColumns = []listColumn{
	{"run", func(r listed) string { return r.Path }},
	{"name", func(r listed) string { return r.Info.Name }},
	{"status", func(r listed) string { return string(r.Info.Status) }},
	{"model", func(r listed) string { return r.Info.Model }},
	{"val_acc", func(r listed) string { return orDash(r.valAcc(), percent) }},
	{"val_loss", func(r listed) string { return orDash(r.valLoss(), fourDigits) }},
	{"epoch", func(r listed) string { return r.bestEpoch() }},
	{"test_acc", func(r listed) string { return orDash(r.testAcc(), percent) }},
	{"test_loss", func(r listed) string { return orDash(r.testLoss(), fourDigits) }},
	{"test_r2", func(r listed) string { return orDash(r.testR2(), fourDigits) }},
	{"started", func(r listed) string { return r.Info.Started.Local().Format("2006-01-02 15:04") }},
	{"changed", func(r listed) string { return strings.Join(r.changed, " ") }},
}

// columnsFor leaves out what no run has: names, the numbers of losses without classes, and accuracies if all losses are such.
func columnsFor(runs []listed) []listColumn {
	has := func(c listColumn) bool {
		return slices.ContainsFunc(runs, func(r listed) bool { return r.Err == nil && strings.Trim(c.cell(r), "-") != "" })
	}
	losses := slices.ContainsFunc(listColumns, func(c listColumn) bool { return strings.HasSuffix(c.name, "_loss") && has(c) })
	return slices.DeleteFunc(slices.Clone(listColumns), func(c listColumn) bool {
		switch c.name {
		case "name", "val_loss", "test_loss", "test_r2":
			return !has(c)
		case "val_acc", "test_acc":
			return losses && !has(c)
		}
		return false
	})
}

func (a *app) listTable(runs []listed) {
	columns := columnsFor(runs)
	var t table
	head := make([]string, len(columns))
	for i, c := range columns {
		head[i] = c.name
	}
	t.add(head...)
	for _, r := range runs {
		row := make([]string, len(columns))
		for i, c := range columns {
			switch {
			case r.Err == nil:
				row[i] = c.cell(r)
			case c.name == "run":
				row[i] = r.Path
			case c.name == "status":
				row[i] = broken
			}
		}
		t.add(row...)
	}
	t.print(a.out)
}

// orDash is a number as text, or - for NaN.
func orDash(x float64, text func(float64) string) string {
	if math.IsNaN(x) {
		return "-"
	}
	return text(x)
}

func fourDigits(x float64) string { return fmt.Sprintf("%.4f", x) }

func (a *app) listJSON(runs []listed) error {
	var list []object
	for _, r := range runs {
		if r.Err != nil {
			list = append(list, object{{"run", r.Path}, {"status", broken}, {"error", r.Err.Error()}})
			continue
		}
		i, recipe := r.Info, any(r.recipe)
		if r.recipe == nil {
			recipe = nil
		}
		list = append(list, object{
			{"run", r.Path}, {"name", orNull(i.Name)}, {"status", i.Status}, {"model", i.Model}, {"seed", i.Seed}, {"best", i.Best}, {"test", i.Test},
			{"started", i.Started}, {"recipe", recipe},
		})
	}
	return printJSON(a.out, list...)
}
