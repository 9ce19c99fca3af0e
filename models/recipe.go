package models

import (
	"cmp"
	"fmt"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// Recipe is how a model is trained. Its names are the book's.
type Recipe struct {
	Epochs    int             `term:",always"`
	Batch     int             `term:",always"`
	Eta       float64         `term:",always"` // learning rate η
	Lambda    float64         `term:",always"` // L2 as in network2: sgd shrinks weights by 1−ηλ/n in a step, n the number of training images
	Momentum  float64         `term:",always"` // μ of an Optimizer SGD or Nesterov that has none of its own
	Optimizer train.Optimizer // nil: train.SGD, gradient descent
	Schedule  train.Schedule  // nil: train.Constant
	Patience  int             // epochs without a better validation accuracy before the end, or before train.Plateau lowers η; 0: never
	Clip      float64         // the largest norm of the gradients; 0: any
	EMA       float64         // decay of the average of the weights that is evaluated in their place; 0: none
	Init      *graph.Init     // for layers without one of their own
	TrainSize int             `term:"train_size"` // use only the first images for training; 0: all
	Full      bool            // train on the validation images too, and end with the last weights: for figures, when nothing is left to choose
	Augment   Augment         // nil: the images as they are
	DropTail  bool            `term:"drop_tail"` // leave out the short last mini-batch of an epoch, as network3 does
	Etas      train.Etas      // learning rates of single layers, by name, in place of Eta
}

// Kind is train, the table's name in files.
func (Recipe) Kind() string { return "train" }

// An Augment makes more training images: [Shifts] or a [train.Warp].
type Augment interface {
	Kind() string // its name in texts
	Check() error // says what is wrong with its numbers
}

// Shifts is each image also moved by a pixel in four directions: expand_mnist's 250,000 images.
type Shifts struct{}

// Kind is shifts.
func (Shifts) Kind() string { return "shifts" }

// Check is never an error.
func (Shifts) Check() error { return nil }

// Plain is the recipe of a network that comes without one.
var Plain = Recipe{Epochs: 10, Batch: 10, Eta: .1, Init: graph.He}

// PlainNumbers is that of one for numbers. The mean squared error of many inputs is steeper than a cost of classes, and bears a smaller η.
var PlainNumbers = Recipe{Epochs: 10, Batch: 10, Eta: .01, Init: graph.He}

// Trainer is a trainer of n by the recipe, without data or seed.
func (r Recipe) Trainer(n *graph.Net) (*train.Trainer, error) {
	o, err := r.optimizer()
	return &train.Trainer{
		Net: n, Optimizer: o, Schedule: cmp.Or[train.Schedule](r.Schedule, train.Constant{}), Epochs: r.Epochs, Batch: r.Batch, Eta: r.Eta, Etas: r.Etas,
		Lambda: r.Lambda, DropTail: r.DropTail, Patience: r.Patience, Clip: r.Clip, EMA: r.EMA,
	}, err
}

// optimizer is the recipe's optimizer with the recipe's momentum.
func (r Recipe) optimizer() (train.Optimizer, error) {
	switch {
	case !(r.Momentum >= 0 && r.Momentum < 1):
		return nil, &train.SettingError{Setting: "momentum", Err: fmt.Errorf("momentum %v; use at least 0 and less than 1", r.Momentum)}
	case r.Momentum == 0, r.Optimizer == (train.SGD{Momentum: r.Momentum}), r.Optimizer == (train.Nesterov{Momentum: r.Momentum}):
		return cmp.Or[train.Optimizer](r.Optimizer, train.SGD{}), nil
	case r.Optimizer == nil, r.Optimizer == (train.SGD{}):
		return train.SGD{Momentum: r.Momentum}, nil
	case r.Optimizer == (train.Nesterov{}):
		return train.Nesterov{Momentum: r.Momentum}, nil
	}
	return nil, &train.SettingError{Setting: "momentum", Err: fmt.Errorf(
		"momentum %v and optimizer %s; use a momentum of 0, or sgd or nesterov without one of their own", r.Momentum, Text(r.Optimizer))}
}

// Check reports the first part of the recipe that nothing can be trained by, as a [*train.SettingError].
func (r Recipe) Check() error {
	t, err := r.Trainer(nil)
	switch {
	case err != nil:
		return err
	case r.TrainSize < 0:
		return &train.SettingError{Setting: "train_size", Err: fmt.Errorf("train_size %d; use at least 1 image, or 0 for all", r.TrainSize)}
	case r.Augment != nil && r.Augment.Check() != nil:
		return &train.SettingError{Setting: "augment", Err: fmt.Errorf("augment: %w", r.Augment.Check())}
	}
	return t.CheckSettings()
}
