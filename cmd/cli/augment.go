package cli

import (
	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
)

// augmentHelp says what --augment takes.
const augmentHelp = "`kind` of more images: shifts (each also moved by a pixel), or 'warp(rotate=15,zoom=0.1)'"

// trainingSet is what a recipe trains on.
func trainingSet(s mnist.Set, r models.Recipe) (mnist.Set, error) {
	if r.TrainSize < 0 || r.TrainSize > s.Len() {
		return s, usagef("train-size %d; use 1 to %d images, or 0 for all", r.TrainSize, s.Len())
	}
	if r.TrainSize > 0 {
		s = s.Slice(0, r.TrainSize)
	}
	if r.Augment == (models.Shifts{}) {
		s = mnist.Expand(s)
	}
	return s, nil
}

// warp is how a recipe warps its training images, which are those of s; nil if it does not.
func warp(s mnist.Set, r models.Recipe, seed uint64) func(epoch, image int, to *train.Grid) {
	if w, ok := r.Augment.(train.Warp); ok && w != (train.Warp{}) {
		return w.Draw(s.Rows, s.Cols, seed)
	}
	return nil
}
