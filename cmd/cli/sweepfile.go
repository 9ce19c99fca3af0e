package cli

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/stheno-ml/stheno/cmd/internal/sweep"
	"github.com/stheno-ml/stheno/internal/intake"
	"github.com/stheno-ml/stheno/internal/term"
	"github.com/stheno-ml/stheno/models"
)

// The keys of a sweep's file. The table train has flags of train.
const (
	modelKey   = "model"
	randomKey  = "random"
	chanceKey  = "random_seed"
	halvingKey = "halving"
	trainKey   = "train"
	seedKey    = "seed" // in train
)

// sweepFile is a sweep's file while it is read.
type sweepFile struct {
	*app
	table *models.Table
	flags *pflag.FlagSet // the flags of train, to check values
	plan  *sweep.Sweep
}

// readSweep reads a sweep's file, and plans the trials.
func (a *app) readSweep(path string) (*sweep.Sweep, []byte, error) {
	text, err := intake.Read("", path, intake.Text)
	if err != nil {
		return nil, nil, usagef("%w; give the TOML file of a sweep", err)
	}
	table, err := models.ReadTable(path, text)
	if err != nil {
		return nil, nil, usagef("%w", err)
	}
	f := &sweepFile{a, table, plainFlags(a.reader()).set, &sweep.Sweep{Seeds: sweep.List{"1"}, Seed: 1, Files: map[string][]byte{}}}
	if err := f.read(path); err != nil {
		return nil, nil, usagef("%w", err)
	}
	return f.plan, text, nil
}

func (f *sweepFile) read(path string) error {
	f.plan.Name = nameOf(strings.TrimSuffix(filepath.Base(path), ".toml"))
	if err := checkName(f.plan.RunName(sweep.Trial{ID: "0123456789ab"})); f.plan.Name == "" || err != nil {
		return fmt.Errorf("%s: the runs get the file's name; begin it with letters or digits", path)
	}
	own := []string{"format", modelKey, randomKey, chanceKey, halvingKey, trainKey}
	for _, key := range slices.Sorted(maps.Keys(f.table.Keys)) {
		if !slices.Contains(own, key) {
			err := term.Unknown("key", key, own)
			if f.flag(key) != nil {
				err = fmt.Errorf("unknown key %q here; it belongs below [train]", key)
			}
			return f.table.At(err, key)
		}
	}
	if v, ok := f.table.Keys["format"]; !ok {
		return f.table.At(errors.New("no format; begin with format = 1"))
	} else if v != int64(1) {
		return f.table.At(fmt.Errorf("format = %v; this program reads format = 1", v), "format")
	}
	err := errors.Join(f.whole(randomKey, 1, &f.plan.Random), f.whole(halvingKey, 2, &f.plan.Halving))
	chance := 1
	if err == nil {
		err = f.whole(chanceKey, 0, &chance)
	}
	if f.plan.Seed = uint64(chance); err == nil {
		err = f.models()
	}
	if err == nil {
		err = f.train()
	}
	if err == nil {
		err = f.plan.Plan()
	}
	if err == nil {
		err = f.epochs()
	}
	if e, ok := errors.AsType[*sweep.KeyError](err); ok {
		return f.at(e.Key, e.Err)
	}
	return err
}

// at is an error at a key of the file, or of its table train.
func (f *sweepFile) at(key string, err error) error {
	if _, ok := f.table.Keys[key]; ok {
		return f.table.At(fmt.Errorf("%s: %w", key, err), key)
	}
	settings, _ := f.table.Keys[trainKey].(map[string]any)
	for spelled := range settings {
		if g := f.flag(spelled); g != nil && g.Name == key {
			return f.table.At(fmt.Errorf("%s: %w", spelled, err), trainKey, spelled)
		}
	}
	return f.table.At(fmt.Errorf("%s: %w", key, err))
}

// whole reads a key that is a whole number of at least low.
func (f *sweepFile) whole(key string, low int64, to *int) error {
	v, ok := f.table.Keys[key]
	if !ok {
		return nil
	}
	n, ok := v.(int64)
	if !ok || n < low || int64(int(n)) != n {
		return &sweep.KeyError{Key: key, Err: fmt.Errorf("%v; use a whole number from %d", v, low)}
	}
	*to = int(n)
	return nil
}

// models reads the networks, which must exist.
func (f *sweepFile) models() error {
	v, ok := f.table.Keys[modelKey]
	if !ok {
		return f.table.At(errors.New(`no model; write one, such as model = "mlp", or several: model = ["mlp", "784-100-10"]`))
	}
	names, err := settingTexts(v)
	if err != nil {
		return &sweep.KeyError{Key: modelKey, Err: err}
	}
	for _, name := range names {
		if _, err := f.recipe(name); err != nil {
			return f.table.At(err, modelKey)
		}
		if isFile(name) {
			text, err := intake.Read("", name, intake.Text)
			if err != nil {
				return f.table.At(err, modelKey)
			}
			f.plan.Files[name] = text
		}
	}
	f.plan.Axes = append(f.plan.Axes, sweep.Axis{Key: modelKey, Choice: sweep.List(unique(names))})
	return nil
}

// recipe is the recipe of a network. The shape of data other than MNIST is not known yet; then the network is read, but not built.
func (f *sweepFile) recipe(name string) (models.Recipe, error) {
	settings, _ := f.table.Keys[trainKey].(map[string]any)
	if settings["data"] == nil {
		m, err := f.model(name)
		return m.Recipe, err
	}
	if err := f.plausible(name); err != nil {
		return models.Recipe{}, err
	}
	if isLine(name) && !isFile(name) {
		return models.Plain, nil // only the epochs are used, and PlainNumbers has the same number
	}
	r := f.reader()
	r.Fit = false
	m, err := f.modelBy(r, name)
	return m.Recipe, err
}

// notSettings are flags of train that a sweep does not take: it has its own, or they do not change results.
var notSettings = []string{"threads", "kernel", "runs", "resume", "name", "style", "json", "find-eta", "output", "mpi", "sync-norm"}

// flag is the flag for a key, which may have hyphens or underscores; nil if there is none.
func (f *sweepFile) flag(key string) *pflag.Flag {
	g := f.flags.Lookup(strings.ReplaceAll(key, "_", "-"))
	if g == nil || slices.Contains(notSettings, g.Name) {
		return nil
	}
	return g
}

// settingNames are the keys that the table train may have.
func (f *sweepFile) settingNames() (names []string) {
	f.flags.VisitAll(func(g *pflag.Flag) {
		if f.flag(g.Name) != nil {
			names = append(names, strings.ReplaceAll(g.Name, "-", "_"))
		}
	})
	return names
}

// train reads the settings.
func (f *sweepFile) train() error {
	v, ok := f.table.Keys[trainKey]
	if !ok {
		return nil
	}
	settings, ok := v.(map[string]any)
	if !ok {
		return f.table.At(errors.New("train is not a table; write [train], and its settings in the lines below"), trainKey)
	}
	given := map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		g := f.flag(key)
		if g == nil {
			return f.table.At(term.Unknown("key", key, f.settingNames()), trainKey, key)
		}
		if given[g.Name] {
			return f.table.At(fmt.Errorf("%s is given twice; give it once", g.Name), trainKey, key)
		}
		given[g.Name] = true
		c, err := f.choice(g, settings[key])
		if err != nil {
			return f.table.At(fmt.Errorf("%s: %w", key, err), trainKey, key)
		}
		if g.Name != seedKey {
			f.plan.Axes = append(f.plan.Axes, sweep.Axis{Key: g.Name, Choice: c})
			continue
		}
		f.plan.Seeds = nil
		for i := range c.Len() {
			f.plan.Seeds = append(f.plan.Seeds, c.Value(i))
		}
	}
	return nil
}

// choice is the values of a flag: one, a list, or for numbers log and range.
func (f *sweepFile) choice(g *pflag.Flag, v any) (sweep.Choice, error) {
	kind := g.Value.Type()
	number := slices.Contains([]string{"int", "uint64", "float64"}, kind)
	if s, ok := v.(string); ok && number && strings.Contains(s, "(") {
		c, err := sweep.Parse(s, kind != "float64")
		if err != nil {
			return nil, err
		}
		if n := c.Len(); n > sweep.MostTrials {
			return nil, fmt.Errorf("%d values; use at most %d", n, sweep.MostTrials)
		} else if n == 0 && g.Name == seedKey {
			return nil, errors.New("no list of seeds; write range(1, 5)")
		}
		for _, end := range []float64{0, 1} {
			if err := f.flags.Set(g.Name, between(c, end)); err != nil {
				return nil, valueError(err)
			}
		}
		return c, nil
	}
	texts, err := settingTexts(v)
	if err != nil {
		return nil, err
	}
	for i, text := range texts {
		if err := f.flags.Set(g.Name, text); err != nil {
			return nil, valueError(err)
		}
		if number {
			texts[i] = g.Value.String() // 0.50 becomes 0.5
		}
	}
	return sweep.List(unique(texts)), nil
}

// unique is a list of texts, each once.
func unique(texts []string) (list []string) {
	for _, s := range texts {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// between is a choice's first number if end is 0, and its last if end is 1.
func between(c sweep.Choice, end float64) string {
	if n := c.Len(); n > 0 {
		return c.Value(int(end) * (n - 1))
	}
	return c.Between(end)
}

// valueError is the error for a flag's value, without the flag's name.
func valueError(err error) error {
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return badValue(e)
	}
	return err
}

// settingTexts are the texts of a value or a list.
func settingTexts(v any) ([]string, error) {
	switch v := v.(type) {
	case string:
		return []string{v}, nil
	case int64, bool:
		return []string{fmt.Sprint(v)}, nil
	case float64:
		return []string{strconv.FormatFloat(v, 'g', -1, 64)}, nil
	case []any:
		var texts []string
		for _, item := range v {
			text, err := settingTexts(item)
			if _, nested := item.([]any); err != nil || nested {
				return nil, fmt.Errorf("%v in a list; use numbers, texts in quotes, true or false", item)
			}
			texts = append(texts, text...)
		}
		if texts == nil {
			return nil, errors.New("an empty list; write at least one value")
		}
		return texts, nil
	}
	return nil, fmt.Errorf("%v; use a number, a text in quotes, true or false, or a list of them", v)
}

// epochs finds out how long each trial is. A recipe that nothing can be trained by is left to its trial.
func (f *sweepFile) epochs() error {
	recipes := map[string]models.Recipe{}
	for i := range f.plan.Trials {
		t := &f.plan.Trials[i]
		name := t.Values[0]
		r, ok := recipes[name]
		if !ok {
			var err error
			if r, err = f.recipe(name); err != nil {
				return err
			}
			recipes[name] = r
		}
		flags := plainFlags(f.reader())
		if err := flags.set.Parse(trialFlags(f.plan, *t)); err != nil {
			return err
		}
		if flags.override(&r); r.Full && f.plan.Halving > 0 {
			return &sweep.KeyError{Key: halvingKey, Err: errors.New("it goes by validation, and full trains on those examples too; leave one of them out")}
		}
		t.Epochs = r.Epochs
	}
	return nil
}

// trialFlags are the flags of train for a trial, the name and the seed first.
func trialFlags(s *sweep.Sweep, t sweep.Trial) []string {
	args := []string{"--name", s.RunName(t), "--" + seedKey, t.Seed}
	for i, a := range s.Axes {
		switch {
		case a.Key == modelKey:
		case t.Values[i] == "true" || t.Values[i] == "false": // a separate word would be an argument
			args = append(args, "--"+a.Key+"="+t.Values[i])
		default:
			args = append(args, "--"+a.Key, t.Values[i])
		}
	}
	return args
}
