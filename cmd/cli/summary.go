package cli

import (
	"cmp"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

func (a *app) summaryCommand() *cobra.Command {
	var json bool
	cmd := &cobra.Command{
		Use:   "summary [flags] [MODEL|FILE.toml]",
		Short: "List the models, or the layers of one",
		Long: wrap("Print the layers of a model with their output for one image, their parameters and their multiply-adds forward, "+
			"and the recipe that trains it. Without a model, list them all.", 100),
		Args:              arguments(0, 1),
		ValidArgsFunction: a.completeModels,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.listModels(json)
			}
			m, err := a.model(args[0])
			if err != nil {
				return err
			}
			return a.summary(m, json)
		},
	}
	cmd.Flags().BoolVar(&json, "json", false, "a JSON object; a line for each model if they are listed")
	return cmd
}

func (a *app) listModels(json bool) error {
	t := table{}
	t.add("model", "book", "", "what")
	for _, m := range a.models {
		if json {
			if err := printJSON(a.out, append(object{{"model", m.Name}, {"doc", m.Doc}}, published(m)...)); err != nil {
				return err
			}
			continue
		}
		figure := ""
		if m.Published.Accuracy > 0 {
			figure = percent(m.Published.Accuracy)
		}
		t.add(m.Name, figure, m.Published.Set, m.Doc)
	}
	if !json {
		t.print(a.out)
	}
	return nil
}

// published is the book's figure, if there is one.
func published(m models.Model) object {
	p := m.Published
	if p.Accuracy == 0 {
		return object{{"published", nil}}
	}
	return object{{"published", object{{"set", p.Set}, {"accuracy", p.Accuracy}, {"source", p.Source}}}}
}

func (a *app) summary(m models.Model, json bool) error {
	n, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Init: graph.Zero})
	if err != nil {
		return usagef("model %s: %w", m.Name, err)
	}
	macs := 0
	for _, r := range n.Summary() {
		macs += r.MACs
	}
	if json {
		return printJSON(a.out, summaryObject(m, n, macs))
	}
	fmt.Fprintf(a.out, "%s: %s\n\n", m.Name, m.Doc)
	var t table
	t.add("", "layer", "output", "parameters", "multiply-adds")
	t.add("", "input", shape(m.Input), "", "")
	for i, r := range n.Summary() {
		t.add(strconv.Itoa(i), r.Layer, shape(r.Output), count(r.Params), count(r.MACs))
	}
	t.add("", "total", "", count(n.Size()), count(macs))
	t.print(a.out)
	fmt.Fprintf(a.out, "\ncost    %s\nrecipe  %s\n", m.Loss.Name, recipe(m.Recipe))
	if p := m.Published; p.Accuracy > 0 {
		fmt.Fprintf(a.out, "book    %s of the %s images (%s)\n", percent(p.Accuracy), p.Set, p.Source)
	}
	return nil
}

func summaryObject(m models.Model, n *graph.Net, macs int) object {
	var layers []object
	for _, r := range n.Summary() {
		layers = append(layers, object{{"layer", r.Layer}, {"output", r.Output}, {"parameters", r.Params}, {"macs", r.MACs}})
	}
	return append(object{
		{"model", m.Name}, {"doc", m.Doc}, {"input", m.Input}, {"layers", layers}, {"parameters", n.Size()}, {"macs", macs},
		{"loss", m.Loss.Name}, {"recipe", recipeObject(m.Recipe)},
	}, published(m)...)
}

func recipeObject(r models.Recipe) object {
	return object{
		{"epochs", r.Epochs}, {"batch", r.Batch}, {"eta", r.Eta}, {"lambda", r.Lambda}, {"momentum", r.Momentum},
		{"optimizer", cmp.Or(r.Optimizer, "sgd")}, {"schedule", cmp.Or(r.Schedule, "constant")}, {"clip", r.Clip}, {"patience", r.Patience},
		{"init", initName(r)}, {"train_size", r.TrainSize}, {"augment", augment(r)}, {"drop_tail", r.DropTail},
	}
}
