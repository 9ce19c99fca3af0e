package cli

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/intake"
	"github.com/stheno-ml/stheno/internal/safetensors"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/models/byhand"
	"github.com/stheno-ml/stheno/train"
)

func (a *app) importCommand() *cobra.Command {
	var runs string
	var json bool
	cmd := &cobra.Command{
		Use:   "import [flags] FILE.json",
		Short: "Make a run of a network saved by the book's program",
		Long: wrap("Read a network that network2.py has saved, of any sizes, and make the folder of a run of it, for eval, predict and "+
			"train --resume. Its numbers stay float64, as in the file.", 100),
		Args: arguments(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.importFile(runs, args[0], json)
		},
	}
	set := cmd.Flags()
	set.StringVar(&runs, "runs", "runs", "`DIR` for the run's folder")
	set.BoolVar(&json, "json", false, "a JSON object")
	return cmd
}

func (a *app) importFile(runs, path string, json bool) error {
	if !isSaved(path) {
		return usagef("import %s: only what network2.py saves can be imported, a file that ends in .json", path)
	}
	if err := a.recordable(); err != nil {
		return err
	}
	t, err := savedNetwork(path)
	if err != nil {
		return err
	}
	run, err := t.keep(runs, append([]string{"stheno"}, a.args...))
	if err != nil {
		return err
	}
	if json {
		return printJSON(a.out, object{{"run", run}, {"model", t.model.Name}, {"parameters", t.net.Size()}, {"loss", t.model.Loss.Name}})
	}
	tableView{a.out}.lines([][2]string{
		{"network", t.model.Doc},
		{"", fmt.Sprintf("%s parameters, float64", count(t.net.Size()))},
		{"run", run},
		{"next", commandName() + " eval " + shellWord(run)},
	})
	return nil
}

// isSaved says that path is a file such as network2.py saves, by its name.
func isSaved(path string) bool {
	info, err := os.Stat(path)
	return strings.EqualFold(filepath.Ext(path), ".json") && (err != nil || !info.IsDir())
}

// measurable is what eval can measure: a run, or a file that network2.py has saved.
func (a *app) measurable(runs, name string) (*trained, error) {
	if isSaved(name) && !strings.HasPrefix(filepath.Base(name), "book-") {
		return savedNetwork(name)
	}
	path, err := a.runPath(runs, name)
	if err != nil {
		return nil, err
	}
	return a.trained(path)
}

// savedNetwork reads a file of network2.py's.
func savedNetwork(path string) (*trained, error) {
	f, _, err := intake.Open("", path, intake.Saved)
	if err != nil {
		return nil, dataf("%w", err)
	}
	f.Close()
	hand, err := byhand.Load(path)
	if err != nil {
		return nil, dataf("%w", err)
	}
	m := savedModel(path, hand)
	net, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Init: graph.Zero, Float64: true})
	if err != nil {
		return nil, dataf("%s: %w", path, err)
	}
	for l := range hand.Weights {
		for i, x := range [][]float64{turned(hand.Weights[l], hand.Sizes[l+1]), hand.Biases[l]} {
			if err := net.Params[2*l+i].Set(x); err != nil {
				return nil, dataf("%s: %w", path, err)
			}
		}
	}
	return &trained{path: path, epoch: -1, model: m, net: net, schema: digitSchema(net), imported: true}, nil
}

// savedModel is the model of a saved network. Its recipe, which is not in the file, is that of chapter 3.
func savedModel(path string, hand *byhand.Network2) models.Model {
	cost, layers := graph.Quadratic, graph.Seq{}
	for _, n := range hand.Sizes[1:] {
		layers = append(layers, graph.Dense{Out: n}, graph.Sigmoid)
	}
	if hand.Cost == (byhand.CrossEntropyCost{}) { // It has the last sigmoids in it.
		cost, layers = graph.CrossEntropy, layers[:len(layers)-1]
	}
	return models.Model{
		Name: strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)),
		Doc:  fmt.Sprintf("%s, sigmoid, %s cost, imported from %s", strings.Join(cells(hand.Sizes), "-"), cost.Name, filepath.Base(path)),
		Net:  layers, Loss: cost, Input: imageOf(hand.Sizes[0]),
		Recipe: models.Recipe{Epochs: 30, Batch: 10, Eta: .5, Init: graph.Default},
	}
}

// imageOf is the shape of an image of so many pixels: a square, if that can be.
func imageOf(pixels int) graph.Shape {
	if side := int(math.Round(math.Sqrt(float64(pixels)))); side*side == pixels {
		return graph.Shape{1, side, side}
	}
	return graph.Shape{1, 1, pixels}
}

// turned is the transpose of a matrix of so many rows.
func turned[T float32 | float64](x []T, rows int) []T {
	cols := len(x) / rows
	y := make([]T, len(x))
	for i := range rows {
		for j := range cols {
			y[j*rows+i] = x[i*cols+j]
		}
	}
	return y
}

// imports is the command in the argv of a run that was imported.
const imports = "import"

// keep makes a run of an imported network by the command argv, done before its first epoch.
func (t *trained) keep(runs string, argv []string) (path string, err error) {
	text, err := models.Encode(t.model)
	if err != nil {
		return "", err
	}
	data, err := dataset.Open("", dataset.Options{})
	if err != nil {
		return "", err
	}
	host, _ := os.Hostname() // As in session.info.
	run, err := rundir.Create(runs, t.model.Name, time.Now(), rundir.Info{
		Argv: argv, DataSHA256: data.SHA256(),
		Build: build(), Kernel: graph.Kernel(), VM: "stheno", Host: host,
	}, rundir.Texts{ModelTOML: text})
	if err != nil {
		return "", err
	}
	defer run.Close()
	state, err := json.Marshal(train.State{Eta: t.model.Recipe.Eta, Best: train.Best{Epoch: -1}})
	if err != nil {
		return "", err
	}
	f := &safetensors.File{Metadata: map[string]string{stateKey: string(state)}}
	for _, p := range t.net.Tensors() {
		f.Tensors = append(f.Tensors, safetensors.Tensor{Name: p.Name, Shape: p.Shape, Data: p.Data})
	}
	if err := run.Checkpoint(f, 0, true); err != nil {
		return "", err
	}
	if err := run.Update(func(i *rundir.Info) { i.Status, i.Ended = rundir.Done, time.Now() }); err != nil {
		return "", err
	}
	return run.Path(), run.Close()
}

// wasImported says that a run was not trained here.
func wasImported(argv []string) bool { return slices.Contains(argv[:min(2, len(argv))], imports) }
