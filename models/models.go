// Package models is the catalogue: the networks of the book, chapter by chapter, each with the recipe that trains it and the
// figure that the book gives for it.
package models

import (
	"github.com/stheno-ml/stheno/graph"
)

// A Model is a network with all that is needed to train it.
type Model struct {
	Name, Doc string
	Input     graph.Shape // of one example: (channels, rows, columns)
	Net       graph.Layer
	Loss      *graph.Loss
	Recipe    Recipe
	Published Figure // what the book reports for it; the zero Figure where it reports none
}

// Recipe is how a model is trained. Its names are the book's.
type Recipe struct {
	Epochs, Batch int
	Eta           float64     // learning rate η
	Lambda        float64     // L2 as in network2: sgd shrinks weights by 1−ηλ/n in a step, n the number of training images
	Momentum      float64     // μ; 0 is plain gradient descent
	Optimizer     string      // as train.ParseOptimizer reads it: "adam(beta1=0.7)"; empty: sgd, gradient descent
	Schedule      string      // as train.ParseSchedule reads it: "onecycle"; empty: constant
	Patience      int         // epochs without a better validation accuracy before the end, or before the schedule plateau lowers η; 0: never
	Clip          float64     // the largest norm of the gradients; 0: any
	EMA           float64     // decay of the average of the weights that is evaluated in their place; 0: none
	Init          *graph.Init // for layers without one of their own
	TrainSize     int         `term:"train_size"` // use only the first images for training; 0: all
	Full          bool        // train on the validation images too, and end with the last weights: for figures, when nothing is left to choose
	Augment       string      // "none", "shifts" for expand_mnist's 250,000 images, or a mnist.Warp: "warp(rotate=15,zoom=0.1)"
	DropTail      bool        `term:"drop_tail"` // leave out the short last mini-batch of an epoch, as network3 does
}

// Figure is a published accuracy.
type Figure struct {
	Set      string  // "test" or "validation"
	Accuracy float64 // a fraction
	Source   string  // where in the book
	First    float64 // after the first epoch, where the book gives that too
	Last     bool    // Accuracy is that after the last epoch; otherwise of the best one
	Vote     float64 // of five such networks together, where the book lets them vote
}

// All is the catalogue.
var All = concat(main, chapter1, chapter3, chapter5, chapter6, architectures, beyond)

// main are the networks that have a name of their own.
var main = []Model{MLP, Softmax, Deep}

func concat(lists ...[]Model) []Model {
	var all []Model
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// Find is the model of that name.
func Find(name string) (Model, bool) {
	for _, m := range All {
		if m.Name == name {
			return m, true
		}
	}
	return Model{}, false
}

// image is the shape of an MNIST image.
var image = graph.Shape{1, 28, 28}

// sigmoids is the book's fully connected net: hidden layers of sigmoid neurons, then ten outputs as weighted inputs.
func sigmoids(hidden ...int) graph.Seq {
	var net graph.Seq
	for _, n := range hidden {
		net = append(net, graph.Dense{Out: n}, graph.Sigmoid)
	}
	return append(net, graph.Dense{Out: 10})
}
