package cli

import (
	"fmt"
	"math"
	"path/filepath"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/cmd/internal/plot"
	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/train"
)

// reconstructed is the number of test images of each class on a sheet.
const reconstructed = 5

// rebuilds reports whether the network is an autoencoder, whose loss compares the output with the input.
func (t *trained) rebuilds() bool {
	return t.net.Targets == 0 && t.net.Outputs == t.net.Input.TotalSize()
}

// plotReconstructions draws rows of test images, one of each class, each row above the autoencoder's reconstructions.
func (a *app) plotReconstructions(output, runs, name string) error {
	t, err := a.measurable(runs, name)
	if err != nil {
		return err
	}
	if !t.rebuilds() {
		return usagef("%s: its loss, %s, does not compare the outputs with the input; use a run of the model autoencoder, or of another model with its loss",
			t.path, t.net.Loss.Name)
	}
	sets := dataSets{app: a}
	d, err := sets.load(t, "")
	if err != nil {
		return err
	}
	set, ok := d.Test.Set(len(d.Schema.Classes))
	if !ok {
		return usagef("--reconstructions draws gray images of bytes, and data %s has %s; leave it out", d.Name, examplesOf(d.Schema.Input))
	}
	var rows [][][]byte
	for _, row := range nextOfEach(set, reconstructed) {
		again, err := t.rebuilt(row)
		if err != nil {
			return err
		}
		rows = append(rows, imagesOf(row), imagesOf(again))
	}
	title := fmt.Sprintf("%s: test images, each above its reconstruction", filepath.Base(t.path))
	if err := plot.Images(output, title, set.Cols, rows); err != nil {
		return err
	}
	return a.wrote(output)
}

// nextOfEach is rows of images: the first of each class, then the second, and so on.
func nextOfEach(s mnist.Set, rows int) []mnist.Set {
	first, list := firstOfEach(s), []mnist.Set{}
	for k := range rows {
		row := mnist.Set{Rows: s.Rows, Cols: s.Cols, Classes: s.Classes}
		for _, f := range first {
			if k < f.Len() {
				row.Images, row.Labels = append(row.Images, f.Image(k)...), append(row.Labels, f.Labels[k])
			}
		}
		if row.Len() > 0 {
			list = append(list, row)
		}
	}
	return list
}

// rebuilt is the network's reconstructions of images: outputs from 0 to 1 as bytes.
func (t *trained) rebuilt(s mnist.Set) (mnist.Set, error) {
	y, err := train.Predict(t.net, dataset.PartOf(s).Data())
	if err != nil {
		return s, err
	}
	s.Images = make([]byte, len(y))
	for i, v := range y {
		if !finite(float64(v)) {
			return s, &exitError{exitDiverged, fmt.Errorf("%s: outputs are NaN or infinite; use weights from before that", t.path)}
		}
		s.Images[i] = byte(min(255, math.Round(float64(v)*mnist.PixelScale)))
	}
	return s, nil
}
