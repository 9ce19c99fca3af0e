package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/pflag"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

// dataFlags choose the data to learn from, and how to read it.
type dataFlags struct {
	data   string
	target []string
	size   sides
	scale  choice
	fill   choice
}

func (f *dataFlags) define(set *pflag.FlagSet) {
	set.StringVar(&f.data, "data", "", "`DATA`: FILE.csv, FILE.npz, or a folder of images by class or of IDX files; MNIST if not given")
	set.StringSliceVar(&f.target, "target", nil, "the `COLUMN` of a table to predict, or several separated by commas")
	set.Var(&f.size, "size", "resize the images of a folder to `ROWSxCOLUMNS`, such as 32x32")
	f.scale.define(set, "scale", "standardize numbers to mean 0 and deviation 1, or leave them as they are", standard, "none")
	f.fill.words = []string{"mean"}
	set.Var(&f.fill, "fill", "fill a table's empty cells with the mean of their column; without it, they are an error")
}

// standard is the value of --scale for numbers of mean 0 and deviation 1.
const standard = "standard"

// sides is a flag for the rows and columns of images.
type sides [2]int

func (s *sides) Type() string { return "sides" }

func (s *sides) String() string {
	if *s == (sides{}) {
		return ""
	}
	return fmt.Sprintf("%dx%d", s[0], s[1])
}

func (s *sides) Set(text string) error {
	const most = 1024
	rows, cols, ok := strings.Cut(text, "x")
	r, errRows := strconv.Atoi(rows)
	c, errCols := strconv.Atoi(cols)
	if !ok || errRows != nil || errCols != nil || min(r, c) < 1 || max(r, c) > most {
		return fmt.Errorf("%q; use rows and columns up to %d, such as 32x32", text, most)
	}
	*s = sides{r, c}
	return nil
}

// options are the flags as package dataset takes them. A loss that was given decides whether targets are classes.
func (f *dataFlags) options(loss *graph.Loss) dataset.Options {
	o := dataset.Options{
		Target: f.target, Size: f.size, Unscaled: f.scale.value == "none", FillMean: f.fill.value == "mean",
	}
	switch {
	case loss == nil:
	case loss.Classes:
		o.Goal = dataset.Classes
	default:
		o.Goal = dataset.Numbers
	}
	return o
}

// words are the flags as a person types them.
func (f *dataFlags) words() string {
	text := ""
	if f.data != "" {
		if path, err := filepath.Abs(f.data); err == nil {
			text += " --data " + shellWord(path)
		}
	}
	if len(f.target) > 0 {
		text += " --target " + shellWord(columnList(f.target))
	}
	if f.size != (sides{}) {
		text += " --size " + f.size.String()
	}
	if f.scale.value != standard {
		text += " --scale " + f.scale.value
	}
	if f.fill.value != "" {
		text += " --fill " + f.fill.value
	}
	return text
}

// columnList joins columns so that --target can read them.
func columnList(names []string) string {
	list := slices.Clone(names)
	for i, name := range list {
		if strings.ContainsAny(name, "\",\n") {
			list[i] = `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
		}
	}
	return strings.Join(list, ",")
}

// openData reads a data set, and shows its progress if the files are large.
func (a *app) openData(path string, o dataset.Options) (*dataset.Data, error) {
	p := newProgress(a.err)
	defer p.clear()
	o.Progress = p.reading(path)
	if path == "" && (len(o.Target) > 0 || o.Size != [2]int{}) {
		return nil, usagef("--target and --size need --data; add it, or leave them out")
	}
	d, err := dataset.Open(path, o)
	if err == nil && o.Schema == nil {
		err = unheeded(d, o)
	}
	if _, ok := errors.AsType[*dataset.OptionError](err); ok {
		return nil, usagef("%w", err)
	}
	if _, ok := errors.AsType[*exitError](err); err != nil && path != "" && !ok {
		return nil, dataf("%w", err)
	}
	return d, err
}

// unheeded is an error if an option would have no effect.
func unheeded(d *dataset.Data, o dataset.Options) error {
	switch s := d.Schema; {
	case o.FillMean && s.Kind != dataset.Table:
		return usagef("--fill mean is for tables; leave it out")
	case o.Unscaled && s.Bytes && s.Classes != nil:
		return usagef("--scale none: data %s has bytes, and a network always sees byte/256; leave it out", d.Name)
	}
	return nil
}

// dataSets keeps the data set that was read last. One is enough, and takes 50 MB.
type dataSets struct {
	app  *app
	mu   sync.Mutex
	key  string
	data *dataset.Data
}

// load reads the data at a path for a run's network, or the run's own data if the path is empty.
func (s *dataSets) load(t *trained, path string) (*dataset.Data, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := t.options()
	own := path == ""
	if own {
		path = t.flags.data
	}
	if path == "" {
		o.Seed = 0 // MNIST comes in parts, so that no seed draws them
	}
	text, err := json.Marshal([]any{path, o.Target, o.Size, o.Unscaled, o.FillMean, o.Schema, o.Seed})
	if err != nil {
		return nil, err
	}
	key := string(text)
	if s.data != nil && s.key == key {
		return s.data, nil
	}
	s.data = nil // frees its memory first
	d, err := s.app.openData(path, o)
	if own {
		err = withData(err, path)
	}
	if err != nil {
		return nil, err
	}
	s.key, s.data = key, d
	return d, nil
}

// prepare selects the kernel, and divides the data as m's recipe says.
func (f *trainFlags) prepare(d *dataset.Data, m models.Model) (*dataset.Data, dataset.Part, error) {
	if err := f.use(); err != nil {
		return nil, dataset.Part{}, err
	}
	return trainedOn(d, m)
}

// trainedOn is the data as a model's recipe divides it, and the part that the model is trained on.
func trainedOn(d *dataset.Data, m models.Model) (*dataset.Data, dataset.Part, error) {
	if err := fits(d, m); err != nil {
		return nil, dataset.Part{}, err
	}
	if m.Recipe.Full {
		d = d.Full()
	}
	part, err := trainingSet(d, m.Recipe)
	return d, part, err
}

// fits is an error if the model cannot take these examples or targets.
func fits(d *dataset.Data, m models.Model) error {
	in := graph.Shape(d.Schema.Input)
	if !m.Input.Eq(in) {
		takes := examplesOf(m.Input)
		if len(in) == 3 && len(m.Input) == 3 {
			takes = shape(m.Input)
		}
		return usagef("data %s has %s, model %s takes %s; use other data, or %s", d.Name, examplesOf(in), m.Name, takes, otherwise(d, m))
	}
	if d.Schema.Classes == nil && m.Loss.Classes {
		return usagef("data %s has numbers to predict, and the loss %s is for classes; use --loss mse, or --loss %[2]s to make each number a class",
			d.Name, m.Loss.Name)
	}
	return nil
}

// examplesOf describes examples of a shape.
func examplesOf(in graph.Shape) string {
	if len(in) == 3 {
		return "images of " + shape(in)
	}
	return "examples of " + plural(in.TotalSize(), "number", "numbers")
}

// otherwise suggests a model that would take the data: one with the same layers, if they fit and can be written in a line.
func otherwise(d *dataset.Data, m models.Model) string {
	in := graph.Shape(d.Schema.Input)
	n, err := graph.New(m.Net, m.Loss, in, graph.Config{Init: graph.Zero})
	if text := models.Text(m.Net); err == nil && checkOutputs(m.Name, n, d) == nil && isLine(text) && d.Path != "" {
		return "the same layers in one line, which adapt to the data: " + shellWord(text)
	}
	if d.Path == "" {
		return fmt.Sprintf("a model with input = [%s]", strings.Join(cells(in), ", "))
	}
	outputs := max(len(d.Schema.Classes), len(d.Schema.Targets))
	return fmt.Sprintf("a network in one line, which adapts to the data, such as 'dense(30) relu dense(%d)'", outputs)
}
