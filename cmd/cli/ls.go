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
		Short: "List the runs, the newest first",
		Long: wrap("List the runs, the newest first, with the settings in which each differs from its model's recipe. A run that is killed, by "+
			"the system or a power cut, goes on with train --resume RUN, as an interrupted one does. A folder that is not a whole run is "+
			"broken.", 100),
		Args: arguments(0, 0),
		RunE: func(*cobra.Command, []string) error { return a.list(&f) },
	}
	set := cmd.Flags()
	f.sort.define(set, "sort", "the column to sort by: the best accuracy first, what has none last", "started", "val_acc", "test_acc", "model", "name", "status")
	set.StringVar(&f.model, "model", "", "only the runs of the model `NAME`, which may be a line of layers")
	set.StringVar(&f.runs, "runs", "runs", "`DIR` of the runs' folders")
	set.BoolVar(&f.json, "json", false, "a JSON object for each run, with its recipe")
	// The only error is that of a flag that is not there.
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
			fmt.Fprintf(a.err, "%s\n", intake.Line(fmt.Sprintf("%s was killed; go on with: %s train --resume %s", r.Path, commandName(), shellWord(r.Path))))
		}
	}
	return nil
}

// ofModel are the runs of the model of --model, or all without it. A name that no run and no model has is an error.
func (a *app) ofModel(f *listFlags, entries []rundir.Entry) ([]rundir.Entry, error) {
	if f.model == "" {
		return entries, nil
	}
	name := f.model
	if isLine(name) {
		name = nameOf(name)
	} else if known := append(modelsOf(entries), a.names()...); !slices.Contains(known, name) {
		return nil, unknown("model", name, known)
	}
	return slices.DeleteFunc(entries, func(e rundir.Entry) bool { return e.Err != nil || e.Info.Model != name }), nil
}

// modelsOf are the models of runs, each once.
func modelsOf(entries []rundir.Entry) []string {
	var names []string
	for _, e := range entries {
		if e.Err == nil && !slices.Contains(names, e.Info.Model) {
			names = append(names, e.Info.Model)
		}
	}
	return names
}

// prefixed is a text with what comes before and a space behind it; nothing of an empty one.
func prefixed(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text + " "
}

// orders are the columns to sort by. Runs that are equal in one stay as they are, the newest first.
var orders = map[string]func(r, s listed) int{
	"started":  func(r, s listed) int { return 0 },
	"val_acc":  func(r, s listed) int { return falling(r.valAcc(), s.valAcc()) },
	"test_acc": func(r, s listed) int { return falling(r.testAcc(), s.testAcc()) },
	"model":    func(r, s listed) int { return rising(r.Info.Model, s.Info.Model) },
	"name":     func(r, s listed) int { return rising(r.Info.Name, s.Info.Name) },
	"status":   func(r, s listed) int { return rising(string(r.Info.Status), string(s.Info.Status)) },
}

// falling puts the larger number first, and NaN last.
func falling(x, y float64) int { return cmp.Compare(y, x) }

// rising goes by the alphabet, with empty texts last.
func rising(s, t string) int {
	return cmp.Or(cmp.Compare(min(len(t), 1), min(len(s), 1)), cmp.Compare(s, t))
}

const broken = "broken"

func (a *app) listTable(runs []listed) {
	named := slices.ContainsFunc(runs, func(r listed) bool { return r.Info.Name != "" })
	var t table
	add := func(run, name string, cells ...string) {
		if named {
			cells = append([]string{name}, cells...)
		}
		t.add(append([]string{run}, cells...)...)
	}
	add("run", "name", "status", "model", "val_acc", "epoch", "test_acc", "started", "changed")
	for _, r := range runs {
		if r.Err != nil {
			add(r.Path, "", broken, "", "", "", "", "", "")
			continue
		}
		epoch := "-"
		if b := r.Info.Best; b != nil {
			epoch = fmt.Sprint(b.Epoch)
		}
		add(r.Path, r.Info.Name, string(r.Info.Status), r.Info.Model, percentOrDash(r.valAcc()), epoch, percentOrDash(r.testAcc()),
			r.Info.Started.Local().Format("2006-01-02 15:04"), strings.Join(r.changed, " "))
	}
	t.print(a.out)
}

// percentOrDash is a fraction as a percentage, or - for NaN.
func percentOrDash(x float64) string {
	if math.IsNaN(x) {
		return "-"
	}
	return percent(x)
}

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
