package diagram

import (
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/stheno-ml/stheno/graph"
)

// color is how a role looks, by day and by night.
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

// The fonts. Labels are in one whose letters are equally wide.
const (
	mono = `ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace`
	sans = `system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif`
)

const margin = 24.

// SVG is the diagram as a picture that needs no program but a browser, on light ground or dark as the reader has it.
func SVG(title, about string, d graph.Diagram) string { return write(title, about, d, svg{}) }

// Numbered is SVG for a page whose program finds the boxes: each has its index as data-box.
func Numbered(title, about string, d graph.Diagram) string {
	return write(title, about, d, svg{numbered: true})
}

func write(title, about string, d graph.Diagram, s svg) string {
	p := draw(d)
	legend, legendW := legend(d)
	w := max(p.w, legendW, width(short(title), 18), 300)
	lines := wrapped(about, int(w/(letter*detailSize)))
	top := margin + 22 + 16*float64(len(lines)) + 16
	h := top + p.h + margin
	if legendW > 0 {
		h += 34
	}
	s.open(w+2*margin, h, title)
	middle := margin + w/2
	s.text("title", middle, margin+14, "middle", short(title))
	for i, l := range lines {
		s.text("detail", middle, margin+34+16*float64(i), "middle", l)
	}
	dx := middle - p.w/2
	fmt.Fprintf(&s, "<g transform=\"translate(%s %s)\">\n", number(dx), number(top))
	s.boxes(p, true)
	for _, q := range p.paths {
		s.path(q)
	}
	s.boxes(p, false)
	s.WriteString("</g>\n")
	s.legend(legend, middle-legendW/2, h-margin-12)
	s.WriteString("</svg>\n")
	return s.String()
}

// svg is the text of a picture as it grows.
type svg struct {
	strings.Builder
	numbered bool
}

func (s *svg) open(w, h float64, title string) {
	fmt.Fprintf(s, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %s %s\" width=\"%[1]s\" height=\"%[2]s\" role=\"img\">\n", number(w), number(h))
	fmt.Fprintf(s, "<title>%s</title>\n<style>\n", escape(title))
	fmt.Fprintf(s, ".title,.label{font-family:%s}\n.detail{font-family:%s}\n", mono, sans)
	s.WriteString(".title{font-size:18px;font-weight:600}\n.label{font-size:13px;font-weight:600}\n.detail{font-size:11px}\n")
	s.style("", "#ffffff", "#1f2328", "#4c5661", "#c5ddf6", func(c color) (string, string) { return c.fill, c.line })
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
		stroke := 1.3
		if c.thick {
			stroke = 2.4
		}
		rule(".%s{fill:%s;stroke:%s;stroke-width:%v}", c.role, fill, line, stroke)
		rule(".link.from-%s{stroke:%s}", c.role, line)
		rule(".head.from-%s{fill:%s}", c.role, line)
	}
	rule(".learns{fill:%s}", learns)
}

// boxes draws frames, or what is not a frame.
func (s *svg) boxes(p picture, frames bool) {
	for _, b := range p.boxes {
		if (b.Role == graph.FrameRole) != frames {
			continue
		}
		radius := 6.
		if b.Role == graph.InputRole || b.Role == graph.ParamRole || b.Role == graph.CostRole {
			radius = min(20, b.h/2)
		}
		class := string(b.Role)
		if b.Params > 0 && !frames {
			class += " learns"
		}
		if s.numbered {
			fmt.Fprintf(s, "<g data-box=\"%d\">", b.index)
		} else {
			s.WriteString("<g>")
		}
		fmt.Fprintf(s, "<title>%s</title><rect class=%q x=%q y=%q width=%q height=%q rx=%q/>", escape(clean(b.Label)), class,
			number(b.x), number(b.y), number(b.w), number(b.h), number(radius))
		if frames {
			name, params := frameTitle(b.Box)
			s.text("label", b.x+12, b.y+20, "start", name)
			s.text("detail", b.x+b.w-12, b.y+20, "end", params)
		} else {
			s.words(b)
		}
		s.WriteString("</g>\n")
	}
}

// words writes a box' lines in its middle.
func (s *svg) words(b rect) {
	label, details := text(b.Box)
	x, y := b.x+b.w/2, b.y+20
	s.text("label", x, y, "middle", label)
	for i, d := range details {
		s.text("detail", x, y+14.5+14*float64(i), "middle", d)
	}
}

func (s *svg) text(class string, x, y float64, anchor, text string) {
	if text != "" {
		fmt.Fprintf(s, "<text class=%q x=%q y=%q text-anchor=%q>%s</text>", class, number(x), number(y), anchor, escape(text))
	}
}

// head is the length of an arrow's head.
const head = 7.

// path draws a line: upright through the rows, and bent between them.
func (s *svg) path(p path) {
	points := append([]point(nil), p.points...)
	last := len(points) - 1
	tip, up := points[last], 1.
	if p.head && p.back {
		tip, up = points[0], -1
		points[0].y += head - 1
		points[1].y = max(points[1].y, points[0].y)
	} else if p.head {
		points[last].y -= head - 1
		points[last-1].y = min(points[last-1].y, points[last].y)
	}
	fmt.Fprintf(s, "<path class=\"link from-%s\" d=\"M%s", p.role, at(points[0]))
	for i := 1; i < len(points); i += 2 {
		a := points[i]
		if a != points[i-1] {
			fmt.Fprintf(s, "L%s", at(a))
		}
		if i+1 == len(points) {
			break
		}
		b := points[i+1]
		if math.Abs(a.x-b.x) < .05 {
			fmt.Fprintf(s, "L%s", at(b))
		} else {
			middle := (a.y + b.y) / 2
			fmt.Fprintf(s, "C%s %s %s", at(point{a.x, middle}), at(point{b.x, middle}), at(b))
		}
	}
	s.WriteString("\"/>\n")
	if p.head {
		y := tip.y - up*head
		fmt.Fprintf(s, "<path class=\"head from-%s\" d=\"M%sL%sL%sZ\"/>\n", p.role, at(tip), at(point{tip.x - 4, y}), at(point{tip.x + 4, y}))
	}
}

// legend has the roles of the diagram, if there are more than layers have, and the width of their line.
func legend(d graph.Diagram) (roles []color, w float64) {
	there := map[graph.Role]bool{}
	for _, b := range d.Boxes {
		there[b.Role] = true
	}
	if !there[graph.ParamRole] {
		return nil, 0
	}
	for _, c := range colors {
		if there[c.role] && c.legend != "" {
			roles = append(roles, c)
			w += 24 + width(c.legend, detailSize) + 12
		}
	}
	return roles, w - 12
}

func (s *svg) legend(roles []color, x, y float64) {
	for _, c := range roles {
		fmt.Fprintf(s, "<rect class=%q x=%q y=%q width=\"16\" height=\"12\" rx=\"3\"/>", string(c.role), number(x), number(y))
		s.text("detail", x+22, y+10, "start", c.legend)
		s.WriteByte('\n')
		x += 24 + width(c.legend, detailSize) + 12
	}
}

func at(p point) string { return number(p.x) + " " + number(p.y) }

// number is x to a tenth.
func number(x float64) string {
	return strconv.FormatFloat(math.Round(x*10)/10+0, 'f', -1, 64)
}

func escape(s string) string {
	var b strings.Builder
	// A strings.Builder makes no error.
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}
