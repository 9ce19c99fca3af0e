package cli

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/intake"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/models/byhand"
)

// savedFile is the ending of what network2.py saves.
const savedFile = ".json"

// isSaved says that path is a file such as network2.py saves, by its name.
func isSaved(path string) bool { return hasEnding(path, savedFile) }

// hasEnding says that a path is a file, or might be one, that ends in one of these.
func hasEnding(path string, endings ...string) bool {
	info, err := os.Stat(path)
	return slices.Contains(endings, strings.ToLower(filepath.Ext(path))) && (err != nil || !info.IsDir())
}

// measurable is what eval can measure and predict can read with: a run, or a file that network2.py has saved.
func (a *app) measurable(runs, name string) (*trained, error) {
	if isSaved(name) && !strings.HasPrefix(filepath.Base(name), "book-") {
		t, err := savedNetwork(name)
		if err == nil {
			for _, note := range t.notes {
				a.note(fmt.Errorf("%s: %s", name, note))
			}
		}
		return t, err
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
	hand, notes, err := byhand.Read(path)
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
	return &trained{path: path, epoch: -1, model: m, net: net, schema: digitSchema(net), imported: true, notes: notes, costless: hand.Cost == nil}, nil
}

// importSaved is savedNetwork for a training to go on.
func importSaved(path string) (*trained, error) {
	t, err := savedNetwork(path)
	if err == nil && t.costless {
		t.notes = append(t.notes, `cost: the file has none, and the quadratic one is taken, for training only; for the other, add "cost": "CrossEntropyCost" to the file`)
	}
	return t, err
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
