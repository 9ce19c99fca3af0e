package diagram

import (
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/stheno-ml/stheno/graph"
)

// color is the color of a role, on light and on dark backgrounds.
type color struct {
	role               graph.Role
	fill, line         string
	darkFill, darkLine string
	thick              bool
	legend             string
}

var colors = []color{
	{graph.InputRole, "#f6f8fa", "#8c959f", "#161b22", "#6e7681", false, "input"},
	{graph.ParamRole, "#e3f5e8", "#4f9a66", "#12261a", "#4f9a66", false, "parameter"},
	{graph.ForwardRole, "#edf4fc", "#5b8cc4", "#11233a", "#5b8cc4", false, "forward"},
	{graph.CostRole, "#f1e6fa", "#8a5fb0", "#271b33", "#a67cc9", false, "cost"},
	{graph.BackwardRole, "#fdeee0", "#d48a4c", "#2e2013", "#d48a4c", false, "backward"},
	{graph.GradientRole, "#fbd9c2", "#bf4a12", "#4a2410", "#ea7a3c", true, "gradient of a parameter"},
	{graph.FrameRole, "#f6f8fa", "#afb8c1", "#151b23", "#3d444d", false, ""},
}

// The colors of labels, of other words, and of layers with parameters, on a light background; and the widths of lines.
const (
	inkColor, grayColor, learned = "#1f2328", "#4c5661", "#c5ddf6"
	thin, thick                  = 1.3, 2.4
)

// The fonts. Labels use a monospaced one.
const (
	mono = `ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace`
	sans = `system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif`
)

// SVG is the diagram as a picture for any browser, on a light or dark background as the reader prefers.
func SVG(title, about string, d graph.Diagram) string { return write(title, about, d, svg{}) }

// Numbered is SVG with each box's index as data-box, so that a page's script can find it.
func Numbered(title, about string, d graph.Diagram) string {
	return write(title, about, d, svg{numbered: true})
}

func write(title, about string, d graph.Diagram, s svg) string {
	l := layOut(title, about, d)
	s.open(l.w, l.h, title)
	l.draw(&s)
	s.WriteString("</svg>\n")
	return s.String()
}

// svg is the text of a picture while it is written.
type svg struct {
	strings.Builder
	numbered bool
}

func (s *svg) open(w, h float64, title string) {
	fmt.Fprintf(s, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %s %s\" width=\"%[1]s\" height=\"%[2]s\" role=\"img\">\n", number(w), number(h))
	fmt.Fprintf(s, "<title>%s</title>\n<style>\n", escape(title))
	fmt.Fprintf(s, ".title,.label{font-family:%s}\n.detail{font-family:%s}\n", mono, sans)
	s.WriteString(".title{font-size:18px;font-weight:600}\n.label{font-size:13px;font-weight:600}\n.detail{font-size:11px}\n")
	s.style("", "#ffffff", inkColor, grayColor, learned, func(c color) (string, string) { return c.fill, c.line })
	s.WriteString("@media (prefers-color-scheme:dark){\n")
	s.style("  ", "#0d1117", "#e6edf3", "#adb6c0", "#1b3a5f", func(c color) (string, string) { return c.darkFill, c.darkLine })
	fmt.Fprintf(s, "}\n</style>\n<rect class=\"ground\" width=\"%s\" height=\"%s\"/>\n", number(w), number(h))
}

func (s *svg) style(indent, ground, ink, gray, learns string, of func(color) (fill, line string)) {
	rule := func(format string, args ...any) { fmt.Fprintf(s, indent+format+"\n", args...) }
	rule(".ground{fill:%s}", ground)
	rule(".title,.label{fill:%s}", ink)
	rule(".detail{fill:%s}", gray)
	rule(".link{fill:none;stroke-width:1.3}")
	for _, c := range colors {
		fill, line := of(c)
		stroke := thin
		if c.thick {
			stroke = thick
		}
		rule(".%s{fill:%s;stroke:%s;stroke-width:%v}", c.role, fill, line, stroke)
		rule(".link.from-%s{stroke:%s}", c.role, line)
		rule(".head.from-%s{fill:%s}", c.role, line)
	}
	rule(".learns{fill:%s}", learns)
}

func (s *svg) move(x, y float64) {
	fmt.Fprintf(s, "<g transform=\"translate(%s %s)\">\n", number(x), number(y))
}

func (s *svg) end()  { s.WriteString("</g>\n") }
func (s *svg) next() { s.WriteByte('\n') }

func (s *svg) begin(b rect) {
	s.WriteString("<g")
	if s.numbered {
		fmt.Fprintf(s, " data-box=\"%d\"", b.index)
	}
	fmt.Fprintf(s, "><title>%s</title>", escape(clean(b.Label)))
}

func (s *svg) rect(class string, x, y, w, h, radius float64) {
	fmt.Fprintf(s, "<rect class=%q x=%q y=%q width=%q height=%q rx=%q/>", class, number(x), number(y), number(w), number(h), number(radius))
}

func (s *svg) text(class string, x, y float64, anchor, text string) {
	if text != "" {
		fmt.Fprintf(s, "<text class=%q x=%q y=%q text-anchor=%q>%s</text>", class, number(x), number(y), anchor, escape(text))
	}
}

func (s *svg) curve(role graph.Role, c []stroke) {
	fmt.Fprintf(s, "<path class=\"link from-%s\" d=\"", role)
	for i, k := range c {
		switch {
		case i == 0:
			s.WriteString("M" + at(k.to))
		case k.bent:
			fmt.Fprintf(s, "C%s %s %s", at(k.c1), at(k.c2), at(k.to))
		default:
			s.WriteString("L" + at(k.to))
		}
	}
	s.WriteString("\"/>\n")
}

func (s *svg) head(role graph.Role, a, b, c point) {
	fmt.Fprintf(s, "<path class=\"head from-%s\" d=\"M%sL%sL%sZ\"/>\n", role, at(a), at(b), at(c))
}

func at(p point) string { return number(p.x) + " " + number(p.y) }

// number is x rounded to a tenth.
func number(x float64) string {
	return strconv.FormatFloat(math.Round(x*10)/10+0, 'f', -1, 64)
}

func escape(s string) string {
	var b strings.Builder
	// writing to a strings.Builder cannot fail
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}
