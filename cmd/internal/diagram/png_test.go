package diagram

import (
	"image"
	imagecolor "image/color"
	"image/png"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
)

// TestPNG: the picture has twice the size of the SVG, and in its boxes and at their edges the colors of their roles. One that would have too
// many pixels has fewer.
func TestPNG(t *testing.T) {
	d := of(t, nets["residual"], graph.FoldedLevel)
	img := decode(t, d)
	l := layOut("a title", "about", d)
	if got := img.Bounds().Size(); got != image.Pt(int(2*l.w+.5), int(2*l.h+.5)) {
		t.Errorf("size %v of %v × %v", got, l.w, l.h)
	}
	pixel := func(x, y float64) imagecolor.Color { return imagecolor.RGBAModel.Convert(img.At(int(2*x), int(2*y))) }
	for _, b := range l.boxes {
		c := looks(b.Role)
		if b.Params > 0 {
			c.fill = learned
		}
		x, y := l.middle-l.picture.w/2+b.x, l.top+b.y
		if inside := pixel(x+8, y+8); inside != hex(c.fill) {
			t.Errorf("%s is filled with %v, want %s", b.Label, inside, c.fill)
		}
		if edge := pixel(x+b.w/2, y+.3); edge != hex(c.line) && !touched(l, b) {
			t.Errorf("%s has the edge %v, want %s", b.Label, edge, c.line)
		}
	}
	for _, size := range [][2]float64{{10_000, 10_000}, {300, 1e6}, {2000, 40_000}} {
		dpi := float64(resolution(size[0], size[1]))
		if pixels := size[0] * size[1] * dpi * dpi / 72 / 72; pixels > maxPixels || pixels < .9*maxPixels {
			t.Errorf("%v: %v dots an inch, %v pixels", size, dpi, pixels)
		}
	}
}

// touched says that a line ends in the middle of the box' upper edge.
func touched(l layout, b rect) bool {
	for _, p := range l.paths {
		for _, end := range []point{p.points[0], p.points[len(p.points)-1]} {
			if x := b.x + b.w/2; end.x > x-5 && end.x < x+5 && end.y > b.y-9 && end.y < b.y+9 {
				return true
			}
		}
	}
	return false
}

func decode(t *testing.T, d graph.Diagram) image.Image {
	t.Helper()
	img, err := png.Decode(strings.NewReader(PNG("a title", "about", d)))
	if err != nil {
		t.Fatal(err)
	}
	return img
}
