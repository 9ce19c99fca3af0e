package diagram

import (
	"bytes"
	"fmt"
	imagecolor "image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/stheno-ml/stheno/graph"
)

// A .png has twice the resolution of the SVG, so that it is sharp on any screen, unless that would be too many pixels.
const (
	sharp     = 2
	maxPixels = 60_000_000
)

// bold is WeightBold of golang.org/x/image/font.
const bold = 3

// PNG is the diagram in pixels, on a light background.
func PNG(title, about string, d graph.Diagram) string {
	l := layOut(title, about, d)
	c := vgimg.NewWith(vgimg.UseWH(vg.Length(l.w), vg.Length(l.h)), vgimg.UseDPI(resolution(l.w, l.h)))
	r := &raster{c: c, h: l.h, fonts: font.NewCache(liberation.Collection())}
	r.fill("#ffffff", r.rounded(0, 0, l.w, l.h, 0))
	l.draw(r)
	var b bytes.Buffer
	// writing to a bytes.Buffer cannot fail
	_, _ = vgimg.PngCanvas{Canvas: c}.WriteTo(&b)
	return b.String()
}

// resolution is the number of pixels in an inch, which has 72 units.
func resolution(w, h float64) int {
	return max(1, int(vg.Inch.Points()*min(sharp, math.Sqrt(maxPixels/(w*h)))))
}

// raster draws on a canvas, whose y axis points upwards.
type raster struct {
	c      *vgimg.Canvas
	h      float64
	fonts  *font.Cache
	places []point // the origins, the innermost last
}

func (r *raster) begin(rect)        { r.move(0, 0) }
func (r *raster) move(x, y float64) { r.places = append(r.places, point{x, y}) }
func (r *raster) end()              { r.places = r.places[:len(r.places)-1] }
func (r *raster) next()             {}

// at is a place on the canvas.
func (r *raster) at(p point) vg.Point {
	for _, o := range r.places {
		p.x, p.y = p.x+o.x, p.y+o.y
	}
	return vg.Point{X: vg.Length(p.x), Y: vg.Length(r.h - p.y)}
}

// hex is a color such as #5b8cc4.
func hex(s string) imagecolor.Color {
	c := imagecolor.RGBA{A: 255}
	// the colors are constants, and tests draw with all of them
	_, _ = fmt.Sscanf(s, "#%02x%02x%02x", &c.R, &c.G, &c.B)
	return c
}

func (r *raster) fill(color string, p vg.Path) {
	r.c.SetColor(hex(color))
	r.c.Fill(p)
}

func (r *raster) stroke(color string, width float64, p vg.Path) {
	r.c.SetColor(hex(color))
	r.c.SetLineWidth(vg.Length(width))
	r.c.Stroke(p)
}

// rounded is a rectangle with round corners.
func (r *raster) rounded(x, y, w, h, radius float64) (p vg.Path) {
	const part = .5523 // of the radius, for cubic curves that approximate quarters of a circle
	corners := []point{{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}}
	along := []point{{1, 0}, {0, 1}, {-1, 0}, {0, -1}} // from each corner to the next one
	from := func(i int, distance float64) vg.Point {
		return r.at(point{corners[i].x + along[i].x*distance, corners[i].y + along[i].y*distance})
	}
	before := func(i int, distance float64) vg.Point {
		a := along[(i+3)%4]
		return r.at(point{corners[i].x - a.x*distance, corners[i].y - a.y*distance})
	}
	p.Move(from(0, radius))
	for k := 1; k <= 4; k++ {
		i := k % 4
		p.Line(before(i, radius))
		p.CubeTo(before(i, radius*(1-part)), from(i, radius*(1-part)), from(i, radius))
	}
	p.Close()
	return p
}

// looks is the appearance of a role.
func looks(role graph.Role) color {
	return colors[max(0, slices.IndexFunc(colors, func(c color) bool { return c.role == role }))]
}

func (r *raster) rect(class string, x, y, w, h, radius float64) {
	role, learning := strings.CutSuffix(class, learns)
	c, width := looks(graph.Role(role)), thin
	if learning {
		c.fill = learned
	}
	if c.thick {
		width = thick
	}
	outline := r.rounded(x, y, w, h, radius)
	r.fill(c.fill, outline)
	r.stroke(c.line, width, outline)
}

func (r *raster) text(class string, x, y float64, anchor, text string) {
	face, ink := font.Font{Typeface: "Liberation", Variant: "Mono", Weight: bold}, inkColor
	size := map[string]float64{"title": 18, "label": labelSize, "detail": detailSize}[class]
	if class == "detail" {
		face.Variant, face.Weight, ink = "Sans", 0, grayColor
	}
	f := r.fonts.Lookup(face, vg.Length(size))
	text, nabla := strings.CutPrefix(text, nablaSign)
	w := f.Width(text)
	if nabla {
		w += vg.Length(size)
	}
	at := r.at(point{x, y})
	at.X -= w * map[string]vg.Length{"start": 0, "middle": .5, "end": 1}[anchor]
	if nabla {
		r.nabla(ink, at, vg.Length(size))
		at.X += vg.Length(size)
	}
	r.c.SetColor(hex(ink))
	r.c.FillString(f, at, text)
}

// nabla draws the sign of a gradient, which the font does not have.
func (r *raster) nabla(ink string, at vg.Point, size vg.Length) {
	var p vg.Path
	p.Move(vg.Point{X: at.X + .05*size, Y: at.Y + .68*size})
	p.Line(vg.Point{X: at.X + .7*size, Y: at.Y + .68*size})
	p.Line(vg.Point{X: at.X + .375*size, Y: at.Y})
	p.Close()
	r.stroke(ink, .09*size.Points(), p)
}

func (r *raster) curve(role graph.Role, strokes []stroke) {
	var p vg.Path
	for i, s := range strokes {
		switch {
		case i == 0:
			p.Move(r.at(s.to))
		case s.bent:
			p.CubeTo(r.at(s.c1), r.at(s.c2), r.at(s.to))
		default:
			p.Line(r.at(s.to))
		}
	}
	r.stroke(looks(role).line, thin, p)
}

func (r *raster) head(role graph.Role, a, b, c point) {
	var p vg.Path
	p.Move(r.at(a))
	p.Line(r.at(b))
	p.Line(r.at(c))
	p.Close()
	r.fill(looks(role).line, p)
}
