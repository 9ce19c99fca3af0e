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

// savedFile is the ending of network2.py's files.
const savedFile = ".json"

// isSaved reports whether path is named like a file of network2.py.
func isSaved(path string) bool { return hasEnding(path, savedFile) }

// hasEnding reports whether a path has one of these endings, and is not a folder.
func hasEnding(path string, endings ...string) bool {
	info, err := os.Stat(path)
	return slices.Contains(endings, strings.ToLower(filepath.Ext(path))) && (err != nil || !info.IsDir())
}

// measurable opens what eval and predict can use: a run, or a file that network2.py has saved.
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

// savedNetwork reads a file of network2.py.
func savedNetwork(path string) (*trained, error) {
	f, _, err := intake.Open("", path, intake.Saved)
	if err != nil {
		return nil, dataf("%w", err)
	}
	f.Close()
	saved, notes, err := byhand.Read(path)
	if err != nil {
		return nil, dataf("%w", err)
	}
	m := savedModel(path, saved)
	net, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Init: graph.Zero, Float64: true})
	if err != nil {
		return nil, dataf("%s: %w", path, err)
	}
	for l := range saved.Weights {
		for i, x := range [][]float64{turned(saved.Weights[l], saved.Sizes[l+1]), saved.Biases[l]} {
			if err := net.Params[2*l+i].Set(x); err != nil {
				return nil, dataf("%s: %w", path, err)
			}
		}
	}
	return &trained{path: path, epoch: -1, model: m, net: net, schema: digitSchema(net), imported: true, notes: notes, costless: saved.Cost == nil}, nil
}

// importSaved is savedNetwork for a network that will be trained further.
func importSaved(path string) (*trained, error) {
	t, err := savedNetwork(path)
	if err == nil && t.costless {
		t.notes = append(t.notes, `cost: the file names none, so training would use the quadratic cost; for the other, add "cost": "CrossEntropyCost" to the file`)
	}
	return t, err
}

// savedModel is the model of a saved network. The file has no recipe; this one is from chapter 3.
func savedModel(path string, saved *byhand.Network2) models.Model {
	cost, layers := graph.Quadratic, graph.Seq{}
	for _, n := range saved.Sizes[1:] {
		layers = append(layers, graph.Dense{Out: n}, graph.Sigmoid)
	}
	if saved.Cost == (byhand.CrossEntropyCost{}) { // this cost includes the last sigmoids
		cost, layers = graph.CrossEntropy, layers[:len(layers)-1]
	}
	return models.Model{
		Name: strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)),
		Doc:  fmt.Sprintf("%s, sigmoid, %s cost, imported from %s", strings.Join(cells(saved.Sizes), "-"), cost.Name, filepath.Base(path)),
		Net:  layers, Loss: cost, Input: imageOf(saved.Sizes[0]),
		Recipe: models.Recipe{Epochs: 30, Batch: 10, Eta: .5, Init: graph.Default},
	}
}

// imageOf is the shape of an image with that many pixels: a square if possible.
func imageOf(pixels int) graph.Shape {
	if side := int(math.Round(math.Sqrt(float64(pixels)))); side*side == pixels {
		return graph.Shape{1, side, side}
	}
	return graph.Shape{1, 1, pixels}
}

// turned is the transpose of a matrix with that many rows.
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
