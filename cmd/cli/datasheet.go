package cli

import (
	"math"

	"github.com/stheno-ml/stheno/cmd/internal/plot"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
)

// across is the number of images in a line of a sheet.
const across = 12

// sheet draws training images into the file output, a line for each class: the first ones as they are, or the first one and what the
// augmentation makes of it in the first epochs.
func sheet(output string, s mnist.Set, r models.Recipe) error {
	shifts, w, err := augmentation(r)
	if err != nil {
		return err
	}
	examples := firstOfEach(s)
	lines := make([][][]byte, s.Classes)
	for class, images := range examples {
		switch {
		case len(images) == 0:
		case shifts:
			i := images[0]
			copies := mnist.Expand(s.Slice(i, i+1))
			for k := range copies.Len() {
				lines[class] = append(lines[class], copies.Image(k))
			}
		case w != mnist.Warp{}:
			if lines[class], err = warps(s, images[0], w); err != nil {
				return err
			}
		default:
			for _, i := range images {
				lines[class] = append(lines[class], s.Image(i))
			}
		}
	}
	return plot.Tiles(output, s.Rows, s.Cols, lines)
}

// firstOfEach are the numbers of each class's first images.
func firstOfEach(s mnist.Set) [][]int {
	first := make([][]int, s.Classes)
	for i, label := range s.Labels {
		if len(first[label]) < across {
			first[label] = append(first[label], i)
		}
	}
	return first
}

// warps are image i and its warps.
func warps(s mnist.Set, i int, w mnist.Warp) ([][]byte, error) {
	warper, err := train.NewWarper(graph.Shape{1, s.Rows, s.Cols})
	if err != nil {
		return nil, err
	}
	line := [][]byte{s.Image(i)}
	draw := w.Draw(s.Rows, s.Cols, 1)
	var g train.Grid
	y := make([]float32, s.Rows*s.Cols)
	for epoch := range across - 1 {
		draw(epoch, i, &g)
		warper.Warp(y, s.Image(i), &g)
		image := make([]byte, len(y))
		for k, p := range y {
			image[k] = byte(math.Round(float64(p) * mnist.PixelScale))
		}
		line = append(line, image)
	}
	return line, nil
}
