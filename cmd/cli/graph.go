package cli

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stheno-ml/stheno/cmd/internal/diagram"
	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/graph"
)

func (a *app) graphCommand() *cobra.Command {
	var level choice
	var output string
	var unfold bool
	cmd := &cobra.Command{
		Use:   "graph [flags] MODEL|FILE.toml|NETWORK",
		Short: "Draw a network: its layers, its ops, or its gradients",
		Long: wrap("Draw a network as boxes and arrows: its layers, the ops of a training step's forward pass, or these together with the ops of the "+
			"backward pass, for mini-batches of the recipe's size. With --level gradient, a residual block or a repeated layer is one box forward "+
			"and one backward, unless --unfold. An .svg or .png needs no other program; a .dot "+
			"is for Graphviz, an .mmd for Mermaid, which GitHub displays. Without --output, print the text for Graphviz.", 100),
		Args:              arguments(1, 1),
		ValidArgsFunction: a.completeModels,
		RunE: func(_ *cobra.Command, args []string) error {
			switch chosen := graph.Level(level.value); {
			case unfold && chosen != graph.GradientLevel:
				return usagef("--unfold and --level %s; use --level %s, which folds blocks", chosen, graph.GradientLevel)
			case chosen == graph.GradientLevel && !unfold:
				return a.graph(args[0], graph.FoldedLevel, output)
			default:
				return a.graph(args[0], chosen, output)
			}
		},
	}
	set := cmd.Flags()
	level.define(set, "level", "how much detail to draw", string(graph.LayerLevel), string(graph.OpLevel), string(graph.GradientLevel))
	set.BoolVar(&unfold, "unfold", false, "with --level gradient: draw all ops of residual blocks and repeated layers")
	set.StringVarP(&output, "output", "o", "", "draw into `FILE`, which ends in .svg, .png, .dot or .mmd")
	return cmd
}

// drawings has the forms of a diagram, by the file's ending.
var drawings = map[string]func(title, about string, d graph.Diagram) string{
	".svg": diagram.SVG,
	".png": diagram.PNG,
	".dot": diagram.DOT,
	".mmd": diagram.Mermaid,
}

func (a *app) graph(name string, level graph.Level, output string) error {
	form := diagram.DOT
	if output != "" {
		if form = drawings[strings.ToLower(filepath.Ext(output))]; form == nil {
			return usagef("--output %q; use a file that ends in .svg, .png, .dot or .mmd", output)
		}
		if err := checkFolder(output); err != nil {
			return err
		}
	}
	m, err := a.model(name)
	if err != nil {
		return err
	}
	n, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Init: graph.Zero})
	if err != nil {
		return usagef("model %s: %w", m.Name, err)
	}
	d, err := n.Diagram(level, max(1, m.Recipe.Batch))
	if err != nil {
		return usagef("model %s: %w", m.Name, err)
	}
	text := form(m.Name, m.Doc, d)
	if output == "" {
		fmt.Fprint(a.out, text)
		return nil
	}
	if err := rundir.Replace(output, []byte(text)); err != nil {
		return fmt.Errorf("%s: %w", output, err)
	}
	return a.wrote(output)
}
