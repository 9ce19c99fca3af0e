package cli

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/intake"
	"github.com/stheno-ml/stheno/internal/term"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
)

// model is the model of that name in the catalogue, in that TOML file, or of that line of layers.
func (a *app) model(name string) (models.Model, error) {
	if isFile(name) {
		return a.modelFile(name)
	}
	m, ok := a.find(name)
	switch {
	case ok && (m.Net == nil || m.Loss == nil):
		return m, usagef("model %s has no Net or no Loss; give it both", name)
	case ok:
		return m, nil
	case isLine(name):
		return a.line(name)
	}
	if near := term.Nearest(name, a.names()); near != "" {
		return m, unknown("model", name, []string{near})
	}
	return m, usagef("unknown model %q; %s summary lists the models; layers are written as 784-30-10 or 'conv(20,5) relu pool(2) dense(10)'", name, programName())
}

// isLine says that a text is layers rather than the name of a model.
func isLine(text string) bool {
	return strings.ContainsAny(text, "( ") || !strings.ContainsFunc(text, unicode.IsLetter)
}

// line is the model of one line of layers: with the recipe for what comes without one, and the cost that its last layer is for.
func (a *app) line(text string) (models.Model, error) {
	m := models.Model{Name: nameOf(text), Doc: text, Input: graph.Shape{1, 28, 28}, Loss: graph.LogLikelihood, Recipe: models.Plain}
	net, err := graph.Parse(text, m.Input, a.layers()...)
	if err != nil {
		return m, usagef("network %q: %w", text, err)
	}
	if net[len(net)-1] == graph.Sigmoid {
		m.Loss = graph.Quadratic
	}
	m.Net = net
	if _, err := graph.New(net, m.Loss, m.Input, graph.Config{Init: graph.Zero}); err != nil {
		return m, usagef("network %q: %w", text, graph.Locate(text, err))
	}
	return m, nil
}

// networkHelp says how a network is written in a line, and what is assumed about one that is only that.
func (a *app) networkHelp() string {
	return wrap("A NETWORK is one line: 784-30-10, the neurons of sigmoid layers and of the outputs, or 'conv(20,5) relu pool(2) dense(10)'. "+
		"It has "+recipe(models.Plain)+" unless flags say otherwise, and the log-likelihood as cost, or the quadratic cost if its last "+
		"layer is sigmoid. A FILE.toml says all of it; "+programName()+" init writes an example.", 100) +
		"\n\n" + wrap("Layers: "+strings.Join(term.Only[graph.Layer](a.kinds()).Signatures(), ", ")+".", 100)
}

// kinds are the names of layers, the program's own among them, initialisations and costs.
func (a *app) kinds() term.Kinds {
	return append(slices.Clip(graph.Kinds), graph.Own(a.layers()...)...)
}

// nameOf is a short name for a run's folder: the letters and digits of a text, as far as there is room.
func nameOf(text string) string {
	const most = 40
	name := strings.Join(strings.FieldsFunc(text, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }), "-")
	if len(name) <= most {
		return name
	}
	return name[:max(0, strings.LastIndexByte(name[:most+1], '-'))]
}

// layers are the catalogue's networks, for the layers of the program's own that are in them.
func (a *app) layers() []graph.Layer {
	nets := make([]graph.Layer, len(a.models))
	for i, m := range a.models {
		nets[i] = m.Net
	}
	return nets
}

func isFile(name string) bool {
	return strings.HasSuffix(name, ".toml") || strings.ContainsRune(name, filepath.Separator)
}

// find looks the name up in the catalogue. The input that a model leaves out is MNIST's.
func (a *app) find(name string) (models.Model, bool) {
	i := slices.IndexFunc(a.models, func(m models.Model) bool { return m.Name == name })
	if i < 0 {
		return models.Model{}, false
	}
	m := a.models[i]
	if len(m.Input) == 0 {
		m.Input = graph.Shape{1, 28, 28}
	}
	return m, true
}

func (a *app) names() []string {
	names := make([]string, len(a.models))
	for i, m := range a.models {
		names[i] = m.Name
	}
	return names
}

// modelFile reads a model that somebody wrote.
func (a *app) modelFile(path string) (models.Model, error) {
	text, err := intake.Read("", path, intake.Text)
	if err != nil {
		return models.Model{}, usagef("%w; give the TOML file of a model", err)
	}
	m, err := a.decode(path, text, true)
	if err != nil {
		return m, usagef("%w", err)
	}
	if m.Name == "" {
		m.Name = strings.TrimSuffix(filepath.Base(path), ".toml")
	}
	return m, nil
}

// encode is a model's file. If a layer or a cost of the program's own has no text form, the file has no layers, and decode finds them by
// the model's name.
func encode(m models.Model) ([]byte, error) {
	if text, err := models.Encode(m); err == nil {
		return text, nil
	}
	m.Net, m.Loss, m.Recipe.Init = graph.Seq{}, graph.Quadratic, nil
	return models.Encode(m)
}

// decode reads a model's file; fit says that it may be new, and its layers may not fit. The book's figure is not in it, and comes from the
// catalogue's model of that name.
func (a *app) decode(path string, text []byte, fit bool) (models.Model, error) {
	m, err := models.Reader{Own: a.layers(), Check: checkRecipe, Fit: fit}.Decode(path, text)
	if err != nil {
		return m, err
	}
	known, ok := a.find(m.Name)
	m.Published = known.Published
	if seq, isSeq := m.Net.(graph.Seq); isSeq && len(seq) == 0 {
		if !ok && m.Name == "" {
			return m, fmt.Errorf("%s:1:1: no layer; write [[layer]] tables, or layer = 'conv(20,5) relu pool(2) dense(10)'", path)
		}
		if !ok {
			return m, fmt.Errorf("%s: model %q has no layers; use the program that has this model", path, m.Name)
		}
		m.Net, m.Loss = known.Net, known.Loss
	}
	return m, nil
}

// checkRecipe checks a text or a number in a recipe.
func checkRecipe(key, text string) (err error) {
	if x, fault := strconv.ParseFloat(text, 64); fault == nil {
		return train.CheckNumber(key, x)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", key, err)
		}
	}()
	switch key {
	case "optimizer":
		_, err = train.ParseOptimizer(text)
	case "schedule":
		_, err = train.ParseSchedule(text)
	case "augment":
		_, err = parseAugmentation(text)
	}
	return err
}

// title is a model's name and what it is, which a file need not say.
func title(m models.Model) string {
	if m.Doc == "" {
		return oneLine(m.Name)
	}
	return oneLine(m.Name + ": " + m.Doc)
}

// recipe is a recipe in a line.
func recipe(r models.Recipe) string {
	s := fmt.Sprintf("epochs %d, batch %d, eta %g", r.Epochs, r.Batch, r.Eta)
	for _, part := range []struct {
		ok   bool
		text string
	}{
		{r.Lambda != 0, fmt.Sprintf("lambda %g", r.Lambda)},
		{r.Momentum != 0, fmt.Sprintf("momentum %g", r.Momentum)},
		{r.Init != nil, "init " + initName(r)},
		{r.TrainSize != 0, "train-size " + strconv.Itoa(r.TrainSize)},
		{r.Full, "full"},
		{augment(r) != "none", "augment " + r.Augment},
		{r.Optimizer != "", "optimizer " + r.Optimizer},
		{r.Schedule != "", "schedule " + r.Schedule},
		{r.Clip != 0, fmt.Sprintf("clip %g", r.Clip)},
		{r.EMA != 0, fmt.Sprintf("ema %g", r.EMA)},
		{r.Patience != 0, fmt.Sprintf("patience %d", r.Patience)},
	} {
		if part.ok {
			s += ", " + part.text
		}
	}
	return s
}

func initName(r models.Recipe) string {
	if r.Init == nil {
		return graph.Default.Name
	}
	return r.Init.Name
}

func augment(r models.Recipe) string {
	if r.Augment == "" {
		return "none"
	}
	return r.Augment
}

// completeModels offers the models' names, files, and, within a line of layers, the layers' names.
func (a *app) completeModels(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	if isFile(typed) {
		return nil, cobra.ShellCompDirectiveDefault
	}
	names := a.names()
	if i := strings.LastIndexAny(typed, " (,="); i >= 0 {
		names = term.Names[graph.Layer](a.kinds())
		for k := range names {
			names[k] = typed[:i+1] + names[k]
		}
	}
	return names, cobra.ShellCompDirectiveDefault
}
