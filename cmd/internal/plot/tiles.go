package plot

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"path/filepath"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
)

// The side of an image's pixel in a sheet, and the distance between images, in the sheet's pixels.
const (
	tilePixel = 3
	tileGap   = 6
)

// Tiles writes a sheet of light images on dark ground to path, a .png: lines of images of rows×cols bytes.
func Tiles(path string, rows, cols int, lines [][][]byte) error {
	if err := CheckTiles(path); err != nil {
		return err
	}
	across := 0
	for _, line := range lines {
		across = max(across, len(line))
	}
	wide, high := cols*tilePixel+tileGap, rows*tilePixel+tileGap
	sheet := image.NewGray(image.Rect(0, 0, across*wide+tileGap, len(lines)*high+tileGap))
	for i := range sheet.Pix {
		sheet.Pix[i] = 255
	}
	for j, line := range lines {
		for i, tile := range line {
			for y := range rows * tilePixel {
				for x := range cols * tilePixel {
					p := tile[y/tilePixel*cols+x/tilePixel]
					sheet.SetGray(tileGap+i*wide+x, tileGap+j*high+y, color.Gray{Y: p})
				}
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, sheet); err != nil {
		return fmt.Errorf("plot: %s: %w", path, err)
	}
	if err := rundir.Replace(path, b.Bytes()); err != nil {
		return fmt.Errorf("plot: %s: %w", path, err)
	}
	return nil
}

// CheckTiles is an error unless path ends as a sheet does, before any work is done for it.
func CheckTiles(path string) error {
	if format(path) != ".png" {
		return fmt.Errorf("plot: %s: no format %q for images; use .png", path, filepath.Ext(path))
	}
	return nil
}
