// Package plot draws lines: learning curves, and the differences of two programs over their steps; and sheets of small images: digits,
// and weights.
package plot

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"io"
	"math"
	"path/filepath"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/stheno-ml/stheno/internal/intake"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
)

// Series is a line through the points (X[i], Y[i]), with its name for the legend.
type Series struct {
	Name string
	X, Y []float64
}

// Lines writes a picture of the series to path, as its ending says: .svg or .png. With logY the y axis is logarithmic. Points that
// are not finite are left out, and so are those not above 0 on a logarithmic axis; a picture of no points is an error.
func Lines(path, title, xLabel, yLabel string, logY bool, series ...Series) error {
	return write(path, func() (vg.CanvasWriterTo, error) { return picture(path, title, xLabel, yLabel, logY, series) })
}

// write makes the file of a picture.
func write(path string, draw func() (vg.CanvasWriterTo, error)) error {
	if err := Check(path); err != nil {
		return err
	}
	c, err := draw()
	var b bytes.Buffer
	if err == nil {
		_, err = c.WriteTo(&b)
	}
	if err == nil {
		err = rundir.Replace(path, b.Bytes())
	}
	if err != nil {
		return fmt.Errorf("plot: %s: %w", path, err)
	}
	return nil
}

// dpi is the resolution of a .png, in dots an inch.
const dpi = 150

// formats are the canvases by the ending of the file.
var formats = map[string]func(w, h vg.Length) vg.CanvasWriterTo{
	".svg": func(w, h vg.Length) vg.CanvasWriterTo { return sansSerif{vgsvg.New(w, h)} },
	".png": func(w, h vg.Length) vg.CanvasWriterTo {
		return vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(dpi))}
	},
}

// Check is an error unless path ends as a picture does, before any work is done for it.
func Check(path string) error {
	if formats[format(path)] == nil {
		return fmt.Errorf("plot: %s: no format %q for pictures; use .svg or .png", path, filepath.Ext(path))
	}
	return nil
}

func format(path string) string { return strings.ToLower(filepath.Ext(path)) }

// corrections are those of what vgsvg writes: its images are PNGs.
var corrections = strings.NewReplacer(
	"font-family:Liberation Sans;", "font-family:Liberation Sans,Arial,Helvetica,sans-serif;",
	"data:image/jpg;", "data:image/png;")

// sansSerif is an SVG that names other fonts for computers that lack the first.
type sansSerif struct{ *vgsvg.Canvas }

// WriteTo writes the picture.
func (c sansSerif) WriteTo(w io.Writer) (int64, error) {
	var b bytes.Buffer
	if _, err := c.Canvas.WriteTo(&b); err != nil {
		return 0, err
	}
	n, err := corrections.WriteString(w, b.String())
	return int64(n), err
}

// The axes with their labels; the legend comes to the right of them, and makes the picture wider.
const width, height, margin = 6 * vg.Inch, 4 * vg.Inch, vg.Inch / 8

// picture is the plot of the series.
func picture(path, title, xLabel, yLabel string, logY bool, series []Series) (vg.CanvasWriterTo, error) {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = intake.Line(title), xLabel, yLabel
	legend, err := add(p, series, logY)
	if err != nil {
		return nil, err
	}
	plain(p)
	scale(&p.X, false)
	scale(&p.Y, logY)
	wide := width
	if len(series) > 1 {
		wide += legend.Rectangle(draw.Canvas{}).Size().X + 2*margin
	}
	c, all := blank(path, wide, height)
	p.Draw(draw.Crop(all, margin, width-wide-margin, margin, -margin))
	if len(series) > 1 {
		legend.Draw(draw.Crop(all, width+margin, -margin, 0, -3*margin))
	}
	return c, nil
}

// blank is white paper, for the file's format.
func blank(path string, w, h vg.Length) (vg.CanvasWriterTo, draw.Canvas) {
	c := formats[format(path)](w, h)
	all := draw.New(c)
	all.SetColor(color.White)
	all.Fill(all.Rectangle.Path())
	return c, all
}

// add draws the series, and returns the legend to stand beside them.
func add(p *plot.Plot, series []Series, logY bool) (*plot.Legend, error) {
	p.BackgroundColor = nil
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{225}, color.Gray{225}
	p.Add(grid)
	legend := plot.NewLegend()
	legend.Top, legend.Left, legend.Padding = true, true, vg.Points(3)
	legend.TextStyle.Font = sans(10)
	points := 0
	for i, s := range series {
		xys, err := s.points(logY)
		if err != nil {
			return nil, err
		}
		points += len(xys)
		line := &plotter.Line{XYs: xys, LineStyle: style(i)}
		p.Add(line)
		legend.Add(intake.Line(s.Name), line)
		if len(xys) <= sparse {
			p.Add(&plotter.Scatter{XYs: xys, GlyphStyle: draw.GlyphStyle{Color: line.Color, Radius: vg.Points(2), Shape: draw.CircleGlyph{}}})
		}
	}
	if points == 0 {
		return nil, errors.New("no finite points to draw")
	}
	return &legend, nil
}

// sparse is the number of points up to which each gets a dot.
const sparse = 30

// points are those that can be drawn; with logY they have the logarithm of y.
func (s Series) points(logY bool) (plotter.XYs, error) {
	if len(s.X) != len(s.Y) {
		return nil, fmt.Errorf("%s: %d numbers x and %d numbers y; each point needs both", s.Name, len(s.X), len(s.Y))
	}
	var xys plotter.XYs
	for i, x := range s.X {
		y := s.Y[i]
		if logY {
			y = math.Log10(y)
		}
		if drawable(x) && drawable(y) {
			xys = append(xys, plotter.XY{X: x, Y: y})
		}
	}
	return xys, nil
}

// farthest is the end of every axis: the difference of two such numbers is still finite.
const farthest = 1e300

func drawable(v float64) bool { return math.Abs(v) <= farthest } // not so for NaN

// colors can be told apart by the color-blind too: those of Okabe and Ito, without the yellow, which is faint on white.
var colors = []color.Color{
	color.RGBA{0, 114, 178, 255}, color.RGBA{213, 94, 0, 255}, color.RGBA{0, 158, 115, 255}, color.RGBA{204, 121, 167, 255},
	color.RGBA{0, 0, 0, 255}, color.RGBA{86, 180, 233, 255}, color.RGBA{230, 159, 0, 255},
}

// dashes tell lines of one color apart.
var dashes = [][]vg.Length{nil, {6, 3}, {2, 2}, {8, 3, 2, 3}}

func style(i int) draw.LineStyle {
	n := len(colors)
	return draw.LineStyle{Color: colors[i%n], Width: vg.Points(1.5), Dashes: dashes[i/n%len(dashes)]}
}

func sans(size float64) font.Font {
	return font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, vg.Points(size))
}

// plain sets fonts and distances.
func plain(p *plot.Plot) {
	p.Title.TextStyle.Font, p.Title.Padding = sans(13), vg.Points(8)
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font, a.Label.Padding = sans(11), vg.Points(4)
		a.Tick.Label.Font, a.Tick.Length = sans(10), vg.Points(4)
	}
}
