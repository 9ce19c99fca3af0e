// Package models is the catalogue of networks: those of the book, chapter by chapter, and more. Each comes with the recipe that trains it and, for
// the book's, the figure that the book gives. [Find] returns a model by name, [All] lists them, and a [Model] of your own is a literal. To train
// one, set the trainer's data:
//
//	m := models.MLP
//	net, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Seed: 1, Init: m.Recipe.Init})
//	t, err := m.Recipe.Trainer(net)
//
// A [Reader] reads networks from a line of text and models from TOML files. [Encode] writes TOML files.
package models

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// A Model is a network with everything needed to train it.
type Model struct {
	Name      string      `term:",always,free"`
	Doc       string      `term:",free"`
	Input     graph.Shape // the shape of one example: (channels, rows, columns)
	Net       graph.Layer `term:"layer,always"`
	Loss      *graph.Loss `term:",always"`
	Recipe    Recipe      `term:"train"`
	Published Figure      `term:"-"` // what the book, or who else published it, reports for it; the zero Figure for a network of ours
}

// Kind returns "model", the name in texts.
func (Model) Kind() string { return "model" }

// maxInput is the most numbers that an example may have.
const maxInput = 1 << 24

// Check returns an error if no network can take the input, or if Name or Doc contain characters that a terminal might take for commands.
func (m Model) Check() error {
	size := 1
	for _, axis := range m.Input {
		if axis < 1 || axis > maxInput/size {
			return &train.SettingError{Setting: "input", Err: fmt.Errorf("input %v; use axes of at least 1, and at most %d numbers", m.Input, maxInput)}
		}
		size *= axis
	}
	for _, text := range [][2]string{{nameKey, m.Name}, {"doc", m.Doc}} {
		if !utf8.ValidString(text[1]) {
			return &train.SettingError{Setting: text[0], Err: fmt.Errorf("%s %q; write it in UTF-8", text[0], text[1])}
		}
		for _, c := range text[1] {
			if !unicode.IsPrint(c) && !unicode.IsSpace(c) {
				return &train.SettingError{Setting: text[0], Err: fmt.Errorf("%s %q; leave %q out", text[0], text[1], c)}
			}
		}
	}
	return nil
}

// Figure is a published accuracy, or loss. Where no figure for these images was published, there is the source alone.
type Figure struct {
	Set      string  // "test" or "validation"
	Accuracy float64 // a fraction
	Loss     float64 // where there is no accuracy: of an autoencoder
	Source   string  // a chapter of the book, "ch. 6, dropout", or where else it is
	First    float64 // after the first epoch, where the book gives that too
	Last     bool    // Accuracy is that after the last epoch; otherwise of the best one
	Vote     float64 // of five such networks together, where the book lets them vote
}

// Chapter is the chapter of the book that has the figure; 0: it is from elsewhere, or there is none.
func (f Figure) Chapter() int {
	var n int
	fmt.Sscanf(f.Source, "ch. %d", &n)
	return n
}

// All is the catalogue.
var All = concat(main, chapter1, chapter3, chapter5, chapter6, architectures, examples, beyond)

// main lists the book's networks with names of their own.
var main = []Model{MLP, Softmax, Deep}

func concat(lists ...[]Model) []Model {
	var all []Model
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// Find is the model of that name, or of that former name.
func Find(name string) (Model, bool) {
	for _, m := range All {
		if m.Name == Current(name) {
			return m, true
		}
	}
	return Model{}, false
}

// image is the shape of an MNIST image.
var image = graph.Shape{1, 28, 28}

// sigmoids returns the book's fully connected network: hidden layers of sigmoid neurons, and ten outputs as weighted inputs.
func sigmoids(hidden ...int) graph.Seq {
	var net graph.Seq
	for _, n := range hidden {
		net = append(net, graph.Dense{Out: n}, graph.Sigmoid)
	}
	return append(net, graph.Dense{Out: 10})
}
