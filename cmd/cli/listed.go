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
	recipe  object   // as it was trained; nil where its first event is not there
	changed []string // settings that are not those of the model's recipe: eta=0.5
}

// listed finds out what a run's recipe was, from the event at its beginning and from its commands, which are read as texts: there may be
// thousands of runs. Where something is missing, the run is listed without it.
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
		r.Info.Best = &rundir.Best{Epoch: b.Epoch} // older runs say 0
	}
	_ = flags.Parse(e.Info.Argv)
	base, known := a.recipeOf(e.Info.Model, flags.Args())
	for _, again := range e.Info.Resumes {
		_ = flags.Parse(again.Argv)
	}
	if n, err := strconv.ParseFloat(flags.Lookup("epochs").Value.String(), 64); err == nil && start != nil {
		start["epochs"] = n // of those who went on with the run, too
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
	for _, name := range []string{"seed", "dtype", "data"} { // what else a result depends on
		if flag := flags.Lookup(name); flag.Changed {
			r.change(name, flag.Value.String())
		}
	}
	return r
}

// change adds a setting as it is typed, but for the dashes: a word where it is simply true.
func (r *listed) change(key, value string) {
	s := strings.ReplaceAll(key, "_", "-")
	if value != "true" {
		s += "=" + value
	}
	r.changed = append(r.changed, s)
}

// recipeOf is the recipe that a run had without flags: that of the catalogue's model, or the one of all lines of layers. That of a file is
// not known: it may be another by now.
func (a *app) recipeOf(model string, args []string) (recipe models.Recipe, known bool) {
	if m, ok := a.find(model); ok {
		return m.Recipe, true
	}
	last := ""
	if len(args) > 0 {
		last = args[len(args)-1]
	}
	return models.Plain, last != "" && !isFile(last) && isLine(last)
}

// valAcc is the accuracy on the validation images in the best epoch; NaN where nothing was validated.
func (r listed) valAcc() float64 {
	if b := r.Info.Best; b != nil && b.ValAcc != nil {
		return *b.ValAcc
	}
	return math.NaN()
}

// testAcc is the accuracy on the test images; NaN where nothing was tested, or the loss has no classes.
func (r listed) testAcc() float64 {
	if t := r.Info.Test; t != nil && t.Correct != nil {
		return fraction(*t.Correct, t.Total)
	}
	return math.NaN()
}
