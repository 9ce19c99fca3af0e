package cli

import (
	"fmt"
	"math"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/cmd/internal/plot"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
)

// across is the most images in a row of a sheet.
const across = 10

// drawImages draws training images into the file output, a row for each class that has any: the first few as they are, or the first one and
// what the augmentation makes of it.
func drawImages(output string, d *dataset.Data, r models.Recipe) error {
	s, ok := d.Train.Set(len(d.Schema.Classes))
	if !ok {
		return usagef("--show draws gray images of bytes, and data %s has %s; leave it out", d.Name, examplesOf(d.Schema.Input))
	}
	var rows [][][]byte
	for _, first := range firstOfEach(s) {
		if first.Len() == 0 {
			continue
		}
		row := imagesOf(first)
		switch w := r.Augment.(type) {
		case models.Shifts:
			row = imagesOf(mnist.Expand(first.Slice(0, 1)))
		case train.Warp:
			var err error
			if row, err = warps(first, w); err != nil {
				return err
			}
		}
		rows = append(rows, row)
	}
	title := fmt.Sprintf("%s, training images", d.Name)
	if name := augmentText(r); name != "none" {
		title += ", " + name
	}
	return plot.Images(output, title, s.Cols, rows)
}

// firstOfEach are the first images of each class, at most one row of them.
func firstOfEach(s mnist.Set) []mnist.Set {
	first := make([]mnist.Set, s.Classes)
	for class := range first {
		first[class].Rows, first[class].Cols = s.Rows, s.Cols
	}
	for i, label := range s.Labels {
		if f := &first[label]; f.Len() < across {
			f.Images, f.Labels = append(f.Images, s.Image(i)...), append(f.Labels, label)
		}
	}
	return first
}

func imagesOf(s mnist.Set) [][]byte {
	images := make([][]byte, s.Len())
	for i := range images {
		images[i] = s.Image(i)
	}
	return images
}

// warps is a row with the first image of s and warps of it.
func warps(s mnist.Set, w train.Warp) ([][]byte, error) {
	warper, err := train.NewWarper(graph.Shape{1, s.Rows, s.Cols})
	if err != nil {
		return nil, err
	}
	row := [][]byte{s.Image(0)}
	draw := w.Draw(s.Rows, s.Cols, 1)
	var g train.Grid
	y := make([]float32, s.Rows*s.Cols)
	for epoch := range across - 1 {
		draw(epoch, int(s.Labels[0]), &g)
		warper.Warp(y, s.Image(0), &g)
		image := make([]byte, len(y))
		for k, p := range y {
			image[k] = byte(math.Round(float64(p) * mnist.PixelScale))
		}
		row = append(row, image)
	}
	return row, nil
}
