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

// across is the number of images in a row of a sheet.
const across = 10

// drawImages draws training images into the file output, a row for each class: the first ones as they are, or the first one and what
// an augmentation makes of it.
func drawImages(output string, d *dataset.Data, r models.Recipe) error {
	s, ok := d.Train.Set(len(d.Schema.Classes))
	if !ok {
		return usagef("--show draws gray images of bytes, and data %s has %s; leave it out", d.Name, examplesOf(d.Schema.Input))
	}
	var images [][]byte
	for _, first := range firstOfEach(s) {
		row := make([][]byte, across)
		for i := range row {
			row[i] = make([]byte, s.Rows*s.Cols)
		}
		switch w := r.Augment.(type) {
		case models.Shifts:
			copyImages(row, mnist.Expand(first.Slice(0, min(1, first.Len()))))
		case train.Warp:
			if err := warps(row, first, w); err != nil {
				return err
			}
		default:
			copyImages(row, first)
		}
		images = append(images, row...)
	}
	title := fmt.Sprintf("%s, training images", d.Name)
	if name := augmentText(r); name != "none" {
		title += ", " + name
	}
	return plot.Images(output, title, s.Cols, across, images)
}

// firstOfEach are the first images of each class, at most as many as are in a row.
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

func copyImages(row [][]byte, s mnist.Set) {
	for i := range min(len(row), s.Len()) {
		copy(row[i], s.Image(i))
	}
}

// warps fills a row with the first image of s and its warps.
func warps(row [][]byte, s mnist.Set, w train.Warp) error {
	warper, err := train.NewWarper(graph.Shape{1, s.Rows, s.Cols})
	if err != nil {
		return err
	}
	if s.Len() == 0 {
		return nil
	}
	copy(row[0], s.Image(0))
	draw := w.Draw(s.Rows, s.Cols, 1)
	var g train.Grid
	y := make([]float32, s.Rows*s.Cols)
	for epoch, image := range row[1:] {
		draw(epoch, int(s.Labels[0]), &g)
		warper.Warp(y, s.Image(0), &g)
		for k, p := range y {
			image[k] = byte(math.Round(float64(p) * mnist.PixelScale))
		}
	}
	return nil
}
