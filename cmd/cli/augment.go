package cli

import (
	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
)

// augmentHelp says what --augment takes.
const augmentHelp = "`kind`: shifts (each image also moved by a pixel), or 'warp(rotate=15,zoom=0.1)'"

// trainingSet is the part of the data that a recipe trains on.
func trainingSet(d *dataset.Data, r models.Recipe) (dataset.Part, error) {
	p := d.Train
	if r.TrainSize < 0 || r.TrainSize > p.Len() {
		return p, usagef("train-size %d; use 1 to %d %s, or 0 for all", r.TrainSize, p.Len(), noun(d))
	}
	if r.TrainSize > 0 {
		p = p.Slice(0, r.TrainSize)
	}
	if r.Augment == (models.Shifts{}) {
		set, err := images(d, p)
		if err != nil {
			return p, err
		}
		p = dataset.PartOf(mnist.Expand(set))
	}
	return p, nil
}

// images are a part of the data as gray images of bytes, the only kind that can be shifted and warped.
func images(d *dataset.Data, p dataset.Part) (mnist.Set, error) {
	set, ok := p.Set(len(d.Schema.Classes))
	if !ok {
		return set, usagef("augment and shifts are for gray images, and data %s has %s; leave them out", d.Name, examplesOf(d.Schema.Input))
	}
	return set, nil
}

// warp is how a recipe warps its training images; nil if it does not.
func warp(d *dataset.Data, r models.Recipe, seed uint64) (func(epoch, image int, to *train.Grid), error) {
	w, ok := r.Augment.(train.Warp)
	if !ok || w == (train.Warp{}) {
		return nil, nil
	}
	set, err := images(d, d.Train)
	return w.Draw(set.Rows, set.Cols, seed), err
}
