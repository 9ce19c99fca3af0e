package plot

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/stheno-ml/stheno/internal/intake"
)

// A Digit is a misread gray image, row after row, from 0 for background to 255 for ink. As in the book, its label is at the top of its right
// side, and the wrong answer at the bottom.
type Digit struct {
	Pixels        []byte
	Label, Answer string
}

// Digits draws a sheet of images, each with that many columns of pixels, into the file path, an .svg or .png.
func Digits(path, title string, columns int, digits []Digit) error {
	tiles := make([]tile, len(digits))
	for i, d := range digits {
		tiles[i] = tile{gray(d.Pixels, columns), d.Label, d.Answer}
	}
	return write(path, func() (vg.CanvasWriterTo, error) { return sheet(path, title, tiles, square(len(tiles)), nil) })
}

// Images draws a sheet with rows of gray images, like Digits but without words.
func Images(path, title string, columns int, rows [][][]byte) error {
	across := 0
	for _, row := range rows {
		across = max(across, len(row))
	}
	var tiles []tile
	for _, row := range rows {
		for _, pixels := range row {
			tiles = append(tiles, tile{image: gray(pixels, columns)})
		}
		tiles = append(tiles, make([]tile, across-len(row))...)
	}
	return write(path, func() (vg.CanvasWriterTo, error) { return sheet(path, title, tiles, across, nil) })
}

// gray is an image with dark ink.
func gray(pixels []byte, columns int) image.Image {
	return paint(pixels, columns, func(p byte) color.Color { return color.Gray{255 - p} })
}

// square is the number of tiles in a row that makes a sheet of n tiles about square.
func square(n int) int { return int(math.Ceil(math.Sqrt(float64(n)))) }

// Weights draws a sheet of matrices, each with that many columns, into the file path, an .svg or .png. Zero is white, and all have the same
// scale, which is drawn beside them.
func Weights(path, title string, columns int, weights [][]float64) error {
	return write(path, func() (vg.CanvasWriterTo, error) {
		largest := 0.
		for _, matrix := range weights {
			for _, w := range matrix {
				if !drawable(w) {
					return nil, fmt.Errorf("the weight %v has no color; use a run that did not diverge", w)
				}
				largest = max(largest, math.Abs(w))
			}
		}
		if largest == 0 {
			largest = 1
		}
		tiles := make([]tile, len(weights))
		for i, matrix := range weights {
			tiles[i].image = paint(matrix, columns, func(w float64) color.Color { return diverging(w / largest) })
		}
		return sheet(path, title, tiles, square(len(tiles)), &largest)
	})
}

// diverging is the color of a number from −1 to 1: blue below zero, white at zero, red above. Both ends are equally dark, and color-blind people
// can tell them apart.
func diverging(x float64) color.Color {
	end := [3]float64{178, 24, 43}
	if x < 0 {
		end = [3]float64{33, 102, 172}
	}
	mix := func(i int) uint8 { return uint8(math.Round(255 + math.Abs(x)*(end[i]-255))) }
	return color.RGBA{mix(0), mix(1), mix(2), 255}
}

// side is the approximate width or height of an image on a sheet, in dots.
const side = 84

// paint is a matrix in color, enlarged by a whole factor so that its pixels are sharp.
func paint[T any](matrix []T, columns int, color func(T) color.Color) image.Image {
	rows := len(matrix) / columns
	factor := max(1, side/max(rows, columns))
	img := image.NewRGBA(image.Rect(0, 0, factor*columns, factor*rows))
	for y := range factor * rows {
		for x := range factor * columns {
			img.Set(x, y, color(matrix[y/factor*columns+x/factor]))
		}
	}
	return img
}

// tile is an image with words at the top and the bottom of its right side. Without an image it is an empty place.
type tile struct {
	image       image.Image
	top, bottom string
}

// The sizes of a sheet's parts, in dots: the gap between tiles, the margin, the words of a tile, the title, and the scale.
const (
	gap, border, words = 12, 24, 20
	head, beside       = 64, 110
)

// sheet draws tiles in rows, with the scale beside them if there is one.
func sheet(path, title string, tiles []tile, columns int, scale *float64) (vg.CanvasWriterTo, error) {
	title = intake.Line(title)
	if len(tiles) == 0 {
		return nil, errors.New("no images to draw")
	}
	cell := tiles[0].image.Bounds().Size().Add(image.Pt(gap, gap))
	if tiles[0].top != "" {
		cell.X += words
	}
	rows := (len(tiles) + columns - 1) / columns
	body := image.Rect(0, 0, columns*cell.X-gap, rows*cell.Y-gap).Add(image.Pt(border, head))
	width, height := body.Max.X+border, body.Max.Y+border
	if scale != nil {
		width += beside
	}
	caption := letters(12, color.Black, draw.YTop)
	width = max(width, 2*border+int(caption.Width(title)/dot))
	c, all := blank(path, vg.Length(width)*dot, vg.Length(height)*dot)
	p := paper{all, height}
	p.FillText(caption, p.at(border, border), title)
	for i, t := range tiles {
		p.tile(t, body.Min.Add(image.Pt(i%columns*cell.X, i/columns*cell.Y)))
	}
	if scale != nil {
		p.scale(*scale, image.Rect(body.Max.X+border, body.Min.Y, body.Max.X+border+side/4, min(body.Max.Y, body.Min.Y+4*side)))
	}
	return c, nil
}

// dot is a pixel of a .png.
const dot = vg.Inch / dpi

func letters(size float64, c color.Color, align draw.YAlignment) draw.TextStyle {
	return draw.TextStyle{Color: c, Font: sans(size), YAlign: align, Handler: plot.DefaultTextHandler}
}

// paper is a canvas with places in dots from the upper left corner, as in images.
type paper struct {
	draw.Canvas
	height int
}

func (p paper) at(x, y int) vg.Point {
	return vg.Point{X: vg.Length(x) * dot, Y: vg.Length(p.height-y) * dot}
}

// image draws an image with a frame.
func (p paper) image(img image.Image, at image.Point) image.Rectangle {
	r := img.Bounds().Add(at)
	p.DrawImage(vg.Rectangle{Min: p.at(r.Min.X, r.Max.Y), Max: p.at(r.Max.X, r.Min.Y)}, img)
	corners := []vg.Point{p.at(r.Min.X, r.Min.Y), p.at(r.Max.X, r.Min.Y), p.at(r.Max.X, r.Max.Y), p.at(r.Min.X, r.Max.Y), p.at(r.Min.X, r.Min.Y)}
	p.StrokeLines(draw.LineStyle{Color: color.Gray{190}, Width: dot}, corners)
	return r
}

func (p paper) tile(t tile, at image.Point) {
	if t.image == nil {
		return
	}
	r := p.image(t.image, at)
	if t.top == "" {
		return
	}
	p.FillText(letters(11, colors[0], draw.YTop), p.at(r.Max.X+words/4, r.Min.Y), t.top)
	p.FillText(letters(11, colors[1], draw.YBottom), p.at(r.Max.X+words/4, r.Max.Y), t.bottom)
}

// scale draws the colors from the largest number to its negative.
func (p paper) scale(largest float64, r image.Rectangle) {
	half := r.Dy() / 2
	img := image.NewRGBA(image.Rect(0, 0, r.Dx(), 2*half+1))
	for y := range 2*half + 1 {
		for x := range r.Dx() {
			img.Set(x, y, diverging(float64(half-y)/float64(half)))
		}
	}
	r = p.image(img, r.Min)
	for i, w := range []float64{largest, 0, -largest} {
		p.FillText(letters(10, color.Black, draw.YCenter), p.at(r.Max.X+words/2, r.Min.Y+i*half), fmt.Sprintf("%.2g", w))
	}
}
