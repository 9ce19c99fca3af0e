package cli

import (
	"github.com/spf13/pflag"

	"github.com/stheno-ml/stheno/internal/term"
	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
)

// An augmentation is what is done to training images: none, shifts or a mnist.Warp.
type augmentation interface{ Check() error }

type (
	none   struct{}
	shifts struct{} // mnist.Expand
)

// Check is never an error.
func (none) Check() error { return nil }

// Check is never an error.
func (shifts) Check() error { return nil }

// augmentations are their names.
var augmentations = term.Kinds{{Name: "none", Value: none{}}, {Name: "shifts", Value: shifts{}}, {Name: "warp", Value: mnist.Warp{}}}

func parseAugmentation(text string) (a augmentation, err error) {
	if text == "" {
		return none{}, nil
	}
	if err = augmentations.Parse(text, &a); err == nil {
		err = a.Check()
	}
	return a, err
}

// augmentFlag defines --augment.
func augmentFlag(f *ruled, set *pflag.FlagSet) {
	rule(f, set, "augment", "`kind` of more images: shifts (each also moved by a pixel), or 'warp(rotate=15,zoom=0.1)'", augmentations, parseAugmentation)
}

// trainingSet is what a recipe trains on.
func trainingSet(s mnist.Set, r models.Recipe) (mnist.Set, error) {
	if r.TrainSize < 0 || r.TrainSize > s.Len() {
		return s, usagef("train-size %d; use 1 to %d images, or 0 for all", r.TrainSize, s.Len())
	}
	if r.TrainSize > 0 {
		s = s.Slice(0, r.TrainSize)
	}
	a, err := parseAugmentation(r.Augment)
	if err != nil {
		return s, usagef("augment: %w", err)
	}
	if a == (shifts{}) {
		s = mnist.Expand(s)
	}
	return s, nil
}

// warp is how a recipe warps its training images, which are those of s; nil if it does not.
func warp(s mnist.Set, r models.Recipe, seed uint64) (func(epoch, image int, to *train.Grid), error) {
	a, err := parseAugmentation(r.Augment)
	if w, ok := a.(mnist.Warp); ok && w != (mnist.Warp{}) {
		return w.Draw(s.Rows, s.Cols, seed), nil
	}
	return nil, err
}
