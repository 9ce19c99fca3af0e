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

// Axes are the words around a picture of lines, and which of its axes are logarithmic.
type Axes struct {
	Title, X, Y string
	LogX, LogY  bool
}

// Series is a line through the points (X[i], Y[i]). Lines of one Name have one color. Lines of one Kind have one dash: the first kind is solid.
type Series struct {
	Name, Kind string
	X, Y       []float64
}

// Lines writes a picture of the series to path, as its ending says: .svg or .png. Points that are not finite are left out, and so are those
// not above 0 on a logarithmic axis; a picture of no points is an error. The legend has the names, if there are several, and the kinds, of
// the lines that have points.
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

// The axes with their labels; the legend comes to the right of them, and makes the picture wider, and a long one higher.
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

// blank is white paper, for the file's format.
func blank(path string, w, h vg.Length) (vg.CanvasWriterTo, draw.Canvas) {
	c := formats[format(path)](w, h)
	all := draw.New(c)
	all.SetColor(color.White)
	all.Fill(all.Rectangle.Path())
	return c, all
}

// add draws the series, and returns the legend to stand beside them.
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

// sparse is the number of points up to which each gets a dot.
const sparse = 30

// points are those that can be drawn; on a logarithmic axis they have the logarithm.
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

// farthest is the end of every axis: the difference of two such numbers is still finite.
const farthest = 1e300

func drawable(v float64) bool { return math.Abs(v) <= farthest } // not so for NaN

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
