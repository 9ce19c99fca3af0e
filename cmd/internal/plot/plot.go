// Package plot draws lines, such as learning curves and the differences between two programs over their steps, and sheets of small images, such
// as digits and weights.
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

// Axes has the words around a picture of lines, and says which axes are logarithmic.
type Axes struct {
	Title, X, Y string
	LogX, LogY  bool
}

// Series is a line through the points (X[i], Y[i]). Lines of one Name have one color. Lines of one Kind have one dash: the first kind is solid.
type Series struct {
	Name, Kind string
	X, Y       []float64
}

// Lines draws the series into the file path, an .svg or .png. Points that are not finite are left out, and on a logarithmic axis also those not
// above 0. A picture without points is an error. The legend has the names and the kinds of lines with points, if there are several.
func Lines(path string, a Axes, series ...Series) error {
	return write(path, func() (vg.CanvasWriterTo, error) { return picture(path, a, series) })
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

// dpi is the resolution of a .png, in dots per inch.
const dpi = 150

// formats has the canvases by the file's ending.
var formats = map[string]func(w, h vg.Length) vg.CanvasWriterTo{
	".svg": func(w, h vg.Length) vg.CanvasWriterTo { return sansSerif{vgsvg.New(w, h)} },
	".png": func(w, h vg.Length) vg.CanvasWriterTo {
		return vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(dpi))}
	},
}

// Check is an error unless path has the ending of a picture. Call it before doing any work for the picture.
func Check(path string) error {
	if formats[format(path)] == nil {
		return fmt.Errorf("plot: %s: no format %q for pictures; use .svg or .png", path, filepath.Ext(path))
	}
	return nil
}

func format(path string) string { return strings.ToLower(filepath.Ext(path)) }

// corrections fix the output of vgsvg, whose images are PNGs.
var corrections = strings.NewReplacer(
	"font-family:Liberation Sans;", "font-family:Liberation Sans,Arial,Helvetica,sans-serif;",
	"data:image/jpg;", "data:image/png;")

// sansSerif is an SVG that names more fonts, for computers that lack the first.
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

// The size of the axes with their labels. The legend is to the right of them, and makes the picture wider, and if it is long, higher.
const width, height, margin = 6 * vg.Inch, 4 * vg.Inch, vg.Inch / 8

// picture is the plot of the series.
func picture(path string, a Axes, series []Series) (vg.CanvasWriterTo, error) {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = intake.Line(a.Title), a.X, a.Y
	legend, err := add(p, a, series)
	if err != nil {
		return nil, err
	}
	plain(p)
	scale(&p.X, a.LogX, whole(series))
	scale(&p.Y, a.LogY, false)
	own := max(width, p.Title.TextStyle.Width(p.Title.Text)*slack+4*margin)
	beside, high := legend.size()
	wide, high := own+beside, max(height, high)
	c, all := blank(path, wide, high)
	p.Draw(draw.Crop(all, margin, own-wide-margin, high-height+margin, -margin))
	legend.draw(draw.Crop(all, own+margin, 0, 0, -legendTop))
	return c, nil
}

// blank is white paper in the file's format.
func blank(path string, w, h vg.Length) (vg.CanvasWriterTo, draw.Canvas) {
	c := formats[format(path)](w, h)
	all := draw.New(c)
	all.SetColor(color.White)
	all.Fill(all.Rectangle.Path())
	return c, all
}

// add draws the series, and returns their legend.
func add(p *plot.Plot, a Axes, series []Series) (*legend, error) {
	p.BackgroundColor = nil
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{225}, color.Gray{225}
	p.Add(grid)
	var l legend
	for _, s := range series {
		l.know(s)
	}
	points := 0
	for _, s := range series {
		xys, err := s.points(a)
		if err != nil {
			return nil, err
		}
		if len(xys) == 0 {
			continue
		}
		points += len(xys)
		line := &plotter.Line{XYs: xys, LineStyle: l.style(s)}
		p.Add(line)
		l.add(s)
		if len(xys) <= sparse {
			p.Add(&plotter.Scatter{XYs: xys, GlyphStyle: draw.GlyphStyle{Color: line.Color, Radius: vg.Points(2), Shape: draw.CircleGlyph{}}})
		}
	}
	if points == 0 {
		return nil, errors.New("no finite points to draw")
	}
	return &l, nil
}

// sparse is the most points of a line that are drawn as dots too.
const sparse = 30

// points are the points that can be drawn, as logarithms on a logarithmic axis.
func (s Series) points(a Axes) (plotter.XYs, error) {
	if len(s.X) != len(s.Y) {
		return nil, fmt.Errorf("%s: %d numbers x and %d numbers y; each point needs both", s.Name, len(s.X), len(s.Y))
	}
	var xys plotter.XYs
	for i, x := range s.X {
		y := s.Y[i]
		if a.LogX {
			x = math.Log10(x)
		}
		if a.LogY {
			y = math.Log10(y)
		}
		if drawable(x) && drawable(y) {
			xys = append(xys, plotter.XY{X: x, Y: y})
		}
	}
	return xys, nil
}

// farthest is the largest number on an axis, so that the difference of two numbers is still finite.
const farthest = 1e300

func drawable(v float64) bool { return math.Abs(v) <= farthest } // false for NaN

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
