package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/npz"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/models/byhand"
)

func (a *app) exportCommand() *cobra.Command {
	var output, runs string
	cmd := &cobra.Command{
		Use:   "export [flags] RUN -o FILE",
		Short: "Write a run's weights for other programs",
		Long: wrap("Write the weights of a run's best epoch: as the .json that network2.py reads, if the network has only dense layers of "+
			"sigmoids with the quadratic or the cross-entropy cost, or as an .npz of NumPy's with an array for each parameter and running statistic, under its "+
			"name and of its shape here.", 100),
		Args:              arguments(1, 1),
		ValidArgsFunction: a.completeRuns,
		RunE: func(_ *cobra.Command, args []string) error {
			return a.export(runs, args[0], output)
		},
	}
	set := cmd.Flags()
	set.StringVarP(&output, "output", "o", "", "the `FILE`, which ends in .json or .npz")
	set.StringVar(&runs, "runs", "runs", "`DIR` of the runs' folders")
	return cmd
}

// exports are the ways to write a network, by the file's ending.
var exports = map[string]func(path string, t *trained) error{
	".json": exportSaved,
	".npz":  exportArrays,
}

func (a *app) export(runs, name, output string) error {
	write, ok := exports[strings.ToLower(filepath.Ext(output))]
	if !ok {
		return usagef("--output %q; use a file that ends in .json or .npz", output)
	}
	t, err := a.measurable(runs, name)
	if err != nil {
		return err
	}
	part := output + ".tmp" // A full disk must not take the file that was there.
	if err := write(part, t); err != nil {
		os.Remove(part)
		return err
	}
	if err := os.Rename(part, output); err != nil {
		os.Remove(part)
		return err
	}
	fmt.Fprintf(a.err, "%s: %s parameters of %s\n", output, count(t.net.Size()), t.path)
	return nil
}

// exportSaved writes the file of network2.py.
func exportSaved(path string, t *trained) error {
	hand, err := network2(t.model, t.net)
	if err != nil {
		return usagef("%s: %w; export it as .npz", t.path, err)
	}
	return hand.Save(path)
}

// network2 is a network by hand, if there is one: dense layers of sigmoids.
func network2(m models.Model, net *graph.Net) (*byhand.Network2, error) {
	layers, ok := m.Net.(graph.Seq)
	hand := &byhand.Network2{Network: byhand.Network{Sizes: []int{m.Input.TotalSize()}, Cost: byhand.QuadraticCost{}}}
	if m.Loss.Name == graph.CrossEntropy.Name {
		hand.Cost = byhand.CrossEntropyCost{}
		layers = append(layers[:len(layers):len(layers)], graph.Sigmoid) // The cost has the last sigmoids in it.
	}
	ok = ok && len(layers)%2 == 0 && (m.Loss.Name == graph.Quadratic.Name || m.Loss.Name == graph.CrossEntropy.Name)
	for i := 0; ok && i < len(layers); i += 2 {
		dense, isDense := layers[i].(graph.Dense)
		if ok = isDense && !dense.NoBias && layers[i+1] == graph.Sigmoid; ok {
			hand.Weights = append(hand.Weights, turned(net.Params[i].Float64s(), hand.Sizes[i/2]))
			hand.Biases = append(hand.Biases, net.Params[i+1].Float64s())
			hand.Sizes = append(hand.Sizes, dense.Out)
		}
	}
	if !ok {
		return nil, fmt.Errorf("network2.py has only dense layers of sigmoids, with the quadratic or the cross-entropy cost; this is %v, %s", m.Net, m.Loss.Name)
	}
	return hand, nil
}

// exportArrays writes an array for each parameter and running statistic.
func exportArrays(path string, t *trained) error {
	var arrays []npz.Array
	for _, p := range t.net.Tensors() {
		arrays = append(arrays, npz.Array{Name: p.Name, Shape: p.Shape, Data: p.Data})
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := npz.Write(f, arrays); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return f.Close()
}
