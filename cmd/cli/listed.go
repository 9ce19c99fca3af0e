package cli

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/models"
)

// listed is a run as ls shows it.
type listed struct {
	rundir.Entry
	recipe  object   // as it was trained; nil if its first event is missing
	changed []string // the settings that differ from the model's recipe: eta=0.5
}

// listed finds out what a run's recipe was, from its first event and its commands. Commands are read as plain texts, because there may be
// thousands of runs. What is missing is left out.
func (a *app) listed(e rundir.Entry, flags *pflag.FlagSet) listed {
	r := listed{Entry: e}
	if e.Err != nil {
		return r
	}
	var start event
	if line, err := rundir.Start(e.Path); err == nil {
		_ = json.Unmarshal(line, &start)
	}
	if b := e.Info.Best; b != nil && start["validation"] == 0. {
		r.Info.Best = &rundir.Best{Epoch: b.Epoch} // older runs say an accuracy of 0
	}
	_ = flags.Parse(e.Info.Argv)
	base, known := a.recipeOf(e.Info, flags.Args())
	for _, again := range e.Info.Resumes {
		_ = flags.Parse(again.Argv)
	}
	if n, err := strconv.ParseFloat(flags.Lookup("epochs").Value.String(), 64); err == nil && start != nil {
		start["epochs"] = n // a command that resumed the run may have changed it
	}
	for _, s := range recipeObject(base) {
		value, has := start[s.key]
		if has {
			r.recipe = append(r.recipe, field{s.key, value})
		}
		flag := flags.Lookup(strings.ReplaceAll(s.key, "_", "-"))
		switch given := flag != nil && flag.Changed; {
		case has && (known && fmt.Sprint(value) != fmt.Sprint(s.value) || !known && given):
			r.change(s.key, fmt.Sprint(value))
		case !has && given:
			r.change(s.key, flag.Value.String())
		}
	}
	for _, name := range []string{"seed", "dtype", "data"} { // a result depends on these too
		if flag := flags.Lookup(name); flag.Changed {
			r.change(name, flag.Value.String())
		}
	}
	return r
}

// change adds a setting as a person types it, without the dashes: a single word if it is a switch that is on.
func (r *listed) change(key, value string) {
	s := strings.ReplaceAll(key, "_", "-")
	if value != "true" {
		s += "=" + value
	}
	r.changed = append(r.changed, s)
}

// recipeOf is the recipe that a run had without flags: that of the catalogue's model, or the one that all lines of layers share. The recipe
// of a file is not known, because the file may have changed since.
func (a *app) recipeOf(i rundir.Info, args []string) (recipe models.Recipe, known bool) {
	if m, ok := a.find(i.Model); ok && m.Name == currentModel(i) {
		return m.Recipe, true
	}
	last := ""
	if len(args) > 0 {
		last = args[len(args)-1]
	}
	return models.Plain, last != "" && !isFile(last) && isLine(last)
}

// bestEpoch is the number of the best epoch; "-" before the first has ended.
func (r listed) bestEpoch() string {
	if r.Info.Best == nil {
		return "-"
	}
	return strconv.Itoa(r.Info.Best.Epoch)
}

// valAcc is the accuracy on the validation images in the best epoch; NaN if nothing was validated.
func (r listed) valAcc() float64 {
	if b := r.Info.Best; b != nil && b.ValAcc != nil {
		return *b.ValAcc
	}
	return math.NaN()
}

// valLoss is the loss on the validation part in the best epoch; NaN if nothing was validated, or the accuracy chose that epoch.
func (r listed) valLoss() float64 {
	if b := r.Info.Best; b != nil && b.ValLoss != nil {
		return *b.ValLoss
	}
	return math.NaN()
}

// testAcc is the accuracy on the test images; NaN if nothing was tested, or the loss has no classes.
func (r listed) testAcc() float64 {
	if t := r.Info.Test; t != nil && t.Correct != nil {
		return fraction(*t.Correct, t.Total)
	}
	return math.NaN()
}

// testLoss is the loss on the test part; NaN if nothing was tested, or the loss has classes.
func (r listed) testLoss() float64 {
	if t := r.Info.Test; t != nil && t.Correct == nil {
		return t.Loss
	}
	return math.NaN()
}

// testR2 is R² on the test part; NaN if no numbers were tested.
func (r listed) testR2() float64 {
	if t := r.Info.Test; t != nil && t.R2 != nil {
		return *t.R2
	}
	return math.NaN()
}
