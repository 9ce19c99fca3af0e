package models

import (
	"cmp"
	"fmt"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// Recipe says how a model is trained. Its names are the book's.
type Recipe struct {
	Epochs    int             `term:",always"`
	Batch     int             `term:",always"`
	Eta       float64         `term:",always"` // the learning rate η
	Lambda    float64         `term:",always"` // the L2 parameter λ, as in network2: sgd shrinks weights by 1−ηλ/n in each step, for n training images
	Momentum  float64         `term:",always"` // μ for an Optimizer SGD or Nesterov that sets none itself
	Optimizer train.Optimizer // nil means train.SGD, gradient descent
	Schedule  train.Schedule  // nil means train.Constant
	Patience  int             // stop (or, with train.Plateau, lower η) after this many epochs without a better score; 0 means never
	Clip      float64         // scale the gradients down if their joint norm is larger; 0 means no limit
	EMA       float64         // the decay of an average of the weights that is evaluated instead of them; 0 means none
	Init      *graph.Init     // for layers without their own
	TrainSize int             `term:"train_size"` // use only the first TrainSize images for training; 0 means all
	Full      bool            // also train on the validation images and keep the last weights: for final figures, when nothing is left to choose
	Augment   Augment         // nil leaves the images as they are
	DropTail  bool            `term:"drop_tail"` // skip a short last mini-batch of an epoch, as network3 does
	Etas      train.Etas      // learning rates of single layers, by name, instead of Eta
}

// Kind returns "train", the table's name in files.
func (Recipe) Kind() string { return "train" }

// An Augment makes more training images: [Shifts] or a [train.Warp].
type Augment interface {
	Kind() string // returns its name in texts
	Check() error // returns an error if a number is out of range
}

// Shifts adds four copies of each image, moved by a pixel in the four directions: expand_mnist's 250,000 images.
type Shifts struct{}

// Kind returns "shifts", the name in texts.
func (Shifts) Kind() string { return "shifts" }

// Check returns nil: there is nothing to check.
func (Shifts) Check() error { return nil }

// Plain is the recipe for a network that comes without one.
var Plain = Recipe{Epochs: 10, Batch: 10, Eta: .1, Init: graph.He}

// PlainNumbers is Plain for regression. The mean squared error of many inputs is steeper than a cost of classes and needs a smaller η.
var PlainNumbers = Recipe{Epochs: 10, Batch: 10, Eta: .01, Init: graph.He}

// Trainer returns a trainer for n that follows the recipe. Set its data and its seed.
func (r Recipe) Trainer(n *graph.Net) (*train.Trainer, error) {
	o, err := r.optimizer()
	return &train.Trainer{
		Net: n, Optimizer: o, Schedule: cmp.Or[train.Schedule](r.Schedule, train.Constant{}), Epochs: r.Epochs, Batch: r.Batch, Eta: r.Eta, Etas: r.Etas,
		Lambda: r.Lambda, DropTail: r.DropTail, Patience: r.Patience, Clip: r.Clip, EMA: r.EMA,
	}, err
}

// optimizer returns the recipe's optimizer with the recipe's momentum.
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
		"momentum %v and optimizer %s; use momentum 0, or sgd or nesterov without a momentum of its own", r.Momentum, Text(r.Optimizer))}
}

// Check returns a [*train.SettingError] for the first setting that is invalid for any data.
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
