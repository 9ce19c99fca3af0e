package plot

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"path/filepath"
	"strings"
	"testing"
)

// decoded is a .png.
func decoded(t *testing.T, file string) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(read(t, file)))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// at compares the color in the middle of a pixel of an enlarged matrix.
func at(t *testing.T, img image.Image, corner image.Point, x, y, factor int, want color.Color) {
	t.Helper()
	r, g, b, _ := img.At(corner.X+x*factor+factor/2, corner.Y+y*factor+factor/2).RGBA()
	wr, wg, wb, _ := want.RGBA()
	if r != wr || g != wg || b != wb {
		t.Errorf("pixel (%d, %d) at %v: %x %x %x, want %x %x %x", x, y, corner, r, g, b, wr, wg, wb)
	}
}

// TestDigits: three images of two rows and three columns, in a square of two by two: ink is dark, every pixel where it should be, the
// label and the answer in their colors to the right.
func TestDigits(t *testing.T) {
	dir := t.TempDir()
	digits := []Digit{{[]byte{0, 255, 0, 100, 0, 200}, "4", "9"}, {make([]byte, 6), "5", "3"}, {[]byte{255, 0, 0, 0, 0, 0}, "17", "8"}}
	file := filepath.Join(dir, "x.png")
	if err := Digits(file, "three misread", 3, digits); err != nil {
		t.Fatal(err)
	}
	img := decoded(t, file)
	const factor = side / 3
	cell := image.Pt(side+gap+words, 2*factor+gap)
	if got := img.Bounds().Size(); got != image.Pt(2*border+2*cell.X-gap, head+2*cell.Y-gap+border) {
		t.Errorf("size %v", got)
	}
	for i, d := range digits {
		corner := image.Pt(border+i%2*cell.X, head+i/2*cell.Y)
		for k, p := range d.Pixels {
			at(t, img, corner, k%3, k/3, factor, color.Gray{255 - p})
		}
		for half, color := range map[int]color.Color{0: colors[0], 1: colors[1]} {
			found := false
			for y := half * factor; y < (half+1)*factor; y++ {
				for x := side + 1; x < side+words+gap; x++ {
					found = found || img.At(corner.X+x, corner.Y+y) == color
				}
			}
			if !found {
				t.Errorf("image %d: half %d has no word in its color", i, half)
			}
		}
	}
	file = filepath.Join(dir, "x.svg")
	if err := Digits(file, "three misread", 3, digits); err != nil {
		t.Fatal(err)
	}
	svg := read(t, file)
	if got := texts(svg); got != "|three misread|4|9|5|3|17|8|" || bytes.Count(svg, []byte("data:image/png;base64,")) != 3 {
		t.Errorf("texts %s, %d images", got, bytes.Count(svg, []byte("data:image/png;")))
	}
}

// TestWeights: the largest weight of all, by its size, is the end of the scale; zero is white; a title that is wider than the images fits.
func TestWeights(t *testing.T) {
	red, blue, half := color.RGBA{178, 24, 43, 255}, color.RGBA{33, 102, 172, 255}, color.RGBA{217, 140, 149, 255}
	dir := t.TempDir()
	file := filepath.Join(dir, "x.png")
	title := strings.Repeat("a long title ", 5)
	if err := Weights(file, title, 2, [][]float64{{0, -.5, .25, .5}, {-.125, 0, 0, 0}}); err != nil {
		t.Fatal(err)
	}
	img := decoded(t, file)
	const factor = side / 2
	first, second := image.Pt(border, head), image.Pt(border+side+gap, head)
	for k, want := range []color.Color{color.White, blue, half, red} {
		at(t, img, first, k%2, k/2, factor, want)
	}
	at(t, img, second, 0, 0, factor, color.RGBA{200, 217, 234, 255})
	at(t, img, second, 1, 1, factor, color.White)
	if w := img.Bounds().Dx(); w < 600 {
		t.Errorf("width %d for a long title", w)
	}
	for _, c := range []struct {
		weights []float64
		want    string
	}{{[]float64{.5, -.03, 0, 0}, "|t|0.5|0|-0.5|"}, {make([]float64, 4), "|t|1|0|-1|"}, {[]float64{-1234, 0, 0, 0}, "|t|1.2e+03|0|-1.2e+03|"}} {
		file := filepath.Join(dir, "x.svg")
		if err := Weights(file, "t", 2, [][]float64{c.weights}); err != nil {
			t.Fatal(err)
		}
		if got := texts(read(t, file)); got != c.want {
			t.Errorf("%v: texts %s, want %s", c.weights, got, c.want)
		}
	}
}

func TestSheetErrors(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		path, want string
		weights    [][]float64
	}{
		{"x.png", "no images to draw", nil},
		{"x.png", "the weight NaN has no color", [][]float64{{0}, {math.NaN()}}},
		{"x.png", "the weight -Inf has no color", [][]float64{{math.Inf(-1)}}},
		{"x.gif", `no format ".gif"`, [][]float64{{0}}},
		{"none/x.svg", "none; make it first", [][]float64{{0}}},
	} {
		err := Weights(filepath.Join(dir, c.path), "", 1, c.weights)
		if err == nil || !strings.HasPrefix(err.Error(), "plot: "+dir) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.path, err, c.want)
		}
	}
	if err := Digits(filepath.Join(dir, "x.png"), "", 1, nil); err == nil {
		t.Error("a sheet of no digits")
	}
}
