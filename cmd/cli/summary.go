package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

func (a *app) summaryCommand() *cobra.Command {
	var json bool
	var batch int
	cmd := &cobra.Command{
		Use:   "summary [flags] [MODEL|FILE.toml|NETWORK]",
		Short: "List the models, or the layers of one",
		Long: wrap("Print a model's layers, each with its output for one image, its parameters, and the multiply-adds of its forward products "+
			"with weights; then the recipe. Without a model, list all models.", 100) + "\n\n" +
			wrap("The memory is what the compiled program of a training step holds in float32: weights, with the running statistics of batch "+
				"norm; gradients, unless a weight is updated as soon as its gradient is known; the optimizer's state; the mini-batch "+
				"with its dropout masks; activations, forward and backward, which share memory where possible; and scratch, for the partial sums "+
				"of a mini-batch's parts and for lists of nonzero pixels. It does not include the images of the data set.", 100) +
			"\n\n" + a.networkHelp(),
		Args:              arguments(0, 1),
		ValidArgsFunction: a.completeModels,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				if cmd.Flags().Changed("batch") {
					return usagef("summary: --batch without a model; add one")
				}
				return a.listModels(json)
			}
			m, err := a.model(args[0])
			if err != nil {
				return err
			}
			if !cmd.Flags().Changed("batch") {
				batch = max(1, m.Recipe.Batch)
			}
			return a.summary(m, batch, json)
		},
	}
	cmd.Flags().IntVar(&batch, "batch", 0, "compute the memory for `N` images in a mini-batch; the recipe's if not given")
	cmd.Flags().BoolVar(&json, "json", false, "print a JSON object; one for each model if all are listed")
	return cmd
}

func (a *app) listModels(json bool) error {
	var list []object
	var t table
	t.add("model", "book", "", "what")
	for _, m := range a.models {
		list = append(list, append(object{{"model", m.Name}, {"doc", m.Doc}}, published(m)...))
		figure, set := "", ""
		if p := m.Published; p.Chapter() > 0 {
			figure, set = percent(p.Accuracy), p.Set
		}
		t.add(m.Name, figure, set, m.Doc)
	}
	if json {
		return printJSON(a.out, list...)
	}
	t.print(a.out)
	return nil
}

// reported is a line with the figure of the book or of another source; none if there is no figure.
func reported(p models.Figure) (rows [][2]string) {
	name, figure := "source", percent(p.Accuracy)
	switch {
	case p.Accuracy == 0 && p.Loss == 0:
		return nil
	case p.Loss > 0:
		figure = fmt.Sprintf("loss %g", p.Loss)
	case p.Chapter() > 0:
		name = "book"
	}
	return [][2]string{{name, fmt.Sprintf("%s of the %s images (%s)", figure, p.Set, p.Source)}}
}

// published is the figure of the book or of another source, if there is one.
func published(m models.Model) object {
	p := m.Published
	if p.Accuracy == 0 {
		return object{{"published", nil}}
	}
	return object{{"published", object{{"set", p.Set}, {"accuracy", p.Accuracy}, {"source", p.Source}}}}
}

func (a *app) summary(m models.Model, batch int, json bool) error {
	n, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Init: graph.Zero})
	if err != nil {
		return usagef("model %s: %w", m.Name, err)
	}
	t, err := m.Recipe.Trainer(n)
	if err != nil {
		return usagef("model %s: %w", m.Name, err)
	}
	t.Batch = batch
	step, optimizer, err := t.Footprint()
	if err != nil {
		return usagef("model %s: %w", m.Name, err)
	}
	macs := 0
	for _, r := range n.Summary() {
		macs += r.MACs
	}
	held := memory{step, optimizer, batch}
	if json {
		return printJSON(a.out, summaryObject(m, n, macs, held))
	}
	printRow(a.out, title(m))
	fmt.Fprintln(a.out)
	layerTable(m, n, macs).print(a.out)
	fmt.Fprintln(a.out)
	printRow(a.out, "cost  ", m.Loss.Name)
	printRow(a.out, "recipe", recipe(m.Recipe))
	printRow(a.out, "memory", held.String())
	for _, r := range reported(m.Published) {
		printRow(a.out, fmt.Sprintf("%-6s", r[0]), r[1])
	}
	return nil
}

// layerTable has a line for each layer, with the number or name that errors use.
func layerTable(m models.Model, n *graph.Net, macs int) *table {
	var t table
	t.add("", "layer", "output", "parameters", "multiply-adds")
	t.add("", "input", shape(m.Input), "", "")
	rows := n.Summary()
	for i, r := range rows {
		name, layer := r.Name, r.Layer
		if r.Depth > 0 {
			name, layer = "", strings.Repeat("   ", r.Depth-1)+r.Name+"  "+layer
		}
		if i+1 < len(rows) && rows[i+1].Depth > r.Depth && r.Params == 0 && r.MACs == 0 {
			t.add(name, layer, shape(r.Output), "", "") // its contents have lines of their own
			continue
		}
		t.add(name, layer, shape(r.Output), count(r.Params), count(r.MACs))
	}
	t.add("", "total", "", count(n.Size()), count(macs))
	return &t
}

// memory is the memory of a training step.
type memory struct {
	graph.Memory
	optimizer, batch int
}

func (m memory) String() string {
	var parts []string
	for _, p := range []struct {
		name  string
		bytes int
	}{
		{"weights", m.Weights + m.Fixed}, {"gradients", m.Gradients}, {"optimizer", m.optimizer}, {"inputs", m.Inputs},
		{"activations", m.Activations}, {"scratch", m.Scratch},
	} {
		if p.bytes > 0 {
			parts = append(parts, p.name+" "+size(p.bytes))
		}
	}
	return fmt.Sprintf("%s to train on mini-batches of %d: %s", size(m.Total()+m.optimizer), m.batch, strings.Join(parts, ", "))
}

func (m memory) object() object {
	return object{
		{"batch", m.batch}, {"weights", m.Weights + m.Fixed}, {"gradients", m.Gradients}, {"optimizer", m.optimizer},
		{"inputs", m.Inputs}, {"activations", m.Activations}, {"scratch", m.Scratch}, {"total", m.Total() + m.optimizer},
	}
}

func summaryObject(m models.Model, n *graph.Net, macs int, held memory) object {
	var layers []object
	for _, r := range n.Summary() {
		layers = append(layers, object{
			{"layer", r.Layer}, {"output", r.Output}, {"parameters", r.Params}, {"macs", r.MACs}, {"name", r.Name}, {"depth", r.Depth},
		})
	}
	return append(object{
		{"model", m.Name}, {"doc", m.Doc}, {"input", m.Input}, {"layers", layers}, {"parameters", n.Size()}, {"macs", macs},
		{"loss", m.Loss.Name}, {"recipe", recipeObject(m.Recipe)}, {"memory", held.object()},
	}, published(m)...)
}
