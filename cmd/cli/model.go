package cli

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/intake"
	"github.com/stheno-ml/stheno/internal/term"
	"github.com/stheno-ml/stheno/models"
)

// model finds a model by name. A model without an input takes MNIST's images.
func (a *app) model(name string) (models.Model, error) { return a.modelBy(a.reader(), name) }

// modelBy finds a model by its name in the catalogue, its TOML file, or its line of layers.
func (a *app) modelBy(r models.Reader, name string) (models.Model, error) {
	if isFile(name) {
		return a.modelFile(r, name)
	}
	m, ok := a.findFor(inputOf(r), name)
	switch {
	case ok && (m.Net == nil || m.Loss == nil):
		return m, usagef("model %s has no Net or no Loss; give it both", name)
	case ok:
		return m, nil
	case isLine(name):
		return a.line(r, name)
	}
	if near := term.Nearest(name, a.names()); near != "" {
		return m, unknown("model", name, []string{near})
	}
	return m, usagef("unknown model %q; %s summary lists the models; or write layers, such as 784-30-10 or 'conv(20,5) relu pool(2) dense(10)'", name, commandName())
}

// isLine reports whether a text is layers rather than the name of a model.
func isLine(text string) bool {
	return strings.ContainsAny(text, "( ") || !strings.ContainsFunc(text, unicode.IsLetter)
}

// inputOf is the input of a model that names none: the data's, or MNIST's.
func inputOf(r models.Reader) graph.Shape {
	if r.Input == nil {
		return graph.Shape{1, 28, 28}
	}
	return r.Input
}

// modelFor finds a model by name, for data. A model that names no input or no cost adapts to the data.
func (a *app) modelFor(d *dataset.Data, name string) (models.Model, error) {
	r := a.reader()
	r.Input, r.Numbers = d.Schema.Input, d.Schema.Classes == nil
	return a.modelBy(r, name)
}

// plausible is an error if a model's name is wrong for any data. It is called before reading data, which may take long.
func (a *app) plausible(name string) error {
	if !strings.ContainsFunc(name, unicode.IsLetter) {
		return nil // 784-30-10 has the number of inputs, so it depends on the data
	}
	r := a.reader()
	r.Fit = false
	_, err := a.modelBy(r, name)
	return err
}

// line is the model of one line of layers.
func (a *app) line(r models.Reader, text string) (models.Model, error) {
	m, err := r.Line(text, inputOf(r))
	if err != nil {
		return m, usagef("network %q: %w", text, err)
	}
	m.Name = nameOf(text)
	return m, nil
}

// networkHelp explains how to write a network in one line, and what recipe and cost it gets.
func (a *app) networkHelp() string {
	return wrap("A NETWORK is one line: 784-30-10, the neurons of sigmoid layers and of the outputs, or 'conv(20,5) relu pool(2) dense(10)'. "+
		"Unless flags say otherwise, its recipe is "+recipe(models.Plain)+", and its cost the log-likelihood, or the quadratic cost if the last "+
		"layer is sigmoid. To predict numbers, the recipe is "+recipe(models.PlainNumbers)+", and the cost the mean squared error. A FILE.toml has everything in it; "+commandName()+" init writes an example.", 100) +
		"\n\n" + wrap("Layers: "+strings.Join(models.Signatures[graph.Layer](a.reader()), ", ")+".", 100)
}

// reader reads networks and recipes, including those of the program's own kinds.
func (a *app) reader() models.Reader { return models.Reader{Models: a.models, Fit: true} }

// written reads what a program has written, so that the layers are known to fit.
func (a *app) written() models.Reader { return models.Reader{Models: a.models} }

// nameOf is a short name for a run's folder, made of a text's letters and digits.
func nameOf(text string) string {
	const most = 40
	name := strings.Join(strings.FieldsFunc(text, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }), "-")
	if len(name) <= most {
		return name
	}
	return name[:max(0, strings.LastIndexByte(name[:most+1], '-'))]
}

func isFile(name string) bool {
	return strings.HasSuffix(name, ".toml") || strings.ContainsRune(name, filepath.Separator)
}

// find looks up a name in the catalogue. A model without an input takes MNIST's.
func (a *app) find(name string) (models.Model, bool) { return a.findFor(inputOf(a.reader()), name) }

// findFor is find for another input than MNIST's. A former name finds the model that had it, unless the program has a model of that name.
func (a *app) findFor(in graph.Shape, name string) (models.Model, bool) {
	called := func(name string) int {
		return slices.IndexFunc(a.models, func(m models.Model) bool { return m.Name == name })
	}
	i := called(name)
	if i < 0 {
		i = called(models.Current(name))
	}
	if i < 0 {
		return models.Model{}, false
	}
	m := a.models[i]
	if len(m.Input) == 0 {
		m.Input = in
	}
	return m, true
}

// currentModel is the name of a run's model, today's where the catalogue has renamed it. A model of someone's own file may be called what one of
// ours used to be: then the command does not say that name.
func currentModel(i rundir.Info) string {
	if slices.Contains(i.Argv, i.Model) {
		return models.Current(i.Model)
	}
	return i.Model
}

func (a *app) names() []string {
	names := make([]string, len(a.models))
	for i, m := range a.models {
		names[i] = m.Name
	}
	return names
}

// modelFile reads a model's file.
func (a *app) modelFile(r models.Reader, path string) (models.Model, error) {
	text, err := intake.Read("", path, intake.Text)
	if err != nil {
		return models.Model{}, usagef("%w; give the TOML file of a model", err)
	}
	m, err := a.decode(r, path, text)
	if err != nil {
		return m, usagef("%w", err)
	}
	if m.Name == "" {
		m.Name = strings.TrimSuffix(filepath.Base(path), ".toml")
	}
	return m, nil
}

// encode is the text of a model's file. If a layer or a cost of the user's own has no text form, the file has no layers, and decode finds them
// by the model's name.
func encode(m models.Model) ([]byte, error) {
	if text, err := models.Encode(m); err == nil {
		return text, nil
	}
	m.Net, m.Loss, m.Recipe.Init = graph.Seq{}, graph.Quadratic, nil
	return models.Encode(m)
}

// decode reads a model's file. The book's figure is not in the file, but comes from the catalogue.
func (a *app) decode(r models.Reader, path string, text []byte) (models.Model, error) {
	m, err := r.Decode(path, text)
	if err != nil {
		return m, err
	}
	known, ok := a.find(m.Name)
	if seq, isSeq := m.Net.(graph.Seq); isSeq && len(seq) == 0 {
		if !ok && m.Name == "" {
			return m, fmt.Errorf("%s:1:1: no layer; write [[layer]] tables, or layer = 'conv(20,5) relu pool(2) dense(10)'", path)
		}
		if !ok {
			return m, fmt.Errorf("%s: model %q has no layers; use the program that has this model", path, m.Name)
		}
		m.Net, m.Loss = known.Net, known.Loss
	}
	m.Published = a.published(m)
	return m, nil
}

// published is the book's figure for a model. There is none if its layers or recipe have been changed.
func (a *app) published(m models.Model) models.Figure {
	if known, _ := a.find(m.Name); recipeText(known) == recipeText(m) {
		return known.Published
	}
	return models.Figure{}
}

// title is a model's name and its description, if it has one.
func title(m models.Model) string {
	if m.Doc == "" {
		return intake.Line(m.Name)
	}
	return intake.Line(m.Name + ": " + m.Doc)
}
