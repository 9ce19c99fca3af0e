package diagram

import (
	"math"

	"github.com/stheno-ml/stheno/graph"
)

// pen draws the parts of a picture, in an SVG or in pixels. Classes are title, label and detail, and the roles of boxes, followed by learns if a
// layer has parameters.
type pen interface {
	move(x, y float64) // take this point as the origin until end
	begin(b rect)      // a box, until end
	end()
	next() // entry of the legend
	rect(class string, x, y, w, h, radius float64)
	text(class string, x, y float64, anchor, text string) // anchor is start, middle or end
	curve(role graph.Role, strokes []stroke)
	head(role graph.Role, a, b, c point)
}

// layout is a picture with its title, description and legend, all in place.
type layout struct {
	picture
	title   string
	lines   []string
	legend  []color
	legendW float64
	w, h    float64 // of the whole picture
	middle  float64
	top     float64 // of the diagram
}

const margin = 24.

func layOut(title, about string, d graph.Diagram) layout {
	l := layout{picture: draw(d), title: short(title)}
	l.legend, l.legendW = legend(d)
	w := max(l.picture.w, l.legendW, width(l.title, 18), 300)
	l.lines = wrapped(about, int(w/(letter*detailSize)))
	l.top = margin + 22 + 16*float64(len(l.lines)) + 16
	l.w, l.h, l.middle = w+2*margin, l.top+l.picture.h+margin, margin+w/2
	if l.legendW > 0 {
		l.h += 34
	}
	return l
}

func (l layout) draw(p pen) {
	p.text("title", l.middle, margin+14, "middle", l.title)
	for i, line := range l.lines {
		p.text("detail", l.middle, margin+34+16*float64(i), "middle", line)
	}
	p.move(l.middle-l.picture.w/2, l.top)
	l.drawBoxes(p, true)
	for _, q := range l.paths {
		q.draw(p)
	}
	l.drawBoxes(p, false)
	p.end()
	l.drawLegend(p, l.middle-l.legendW/2, l.h-margin-12)
}

// drawBoxes draws either the frames or the other boxes.
func (l layout) drawBoxes(p pen, frames bool) {
	for _, b := range l.boxes {
		if (b.Role == graph.FrameRole) != frames {
			continue
		}
		radius := 6.
		if b.Role == graph.InputRole || b.Role == graph.ParamRole || b.Role == graph.CostRole {
			radius = min(20, b.h/2)
		}
		class := string(b.Role)
		if b.Params > 0 && !frames {
			class += learns
		}
		p.begin(b)
		p.rect(class, b.x, b.y, b.w, b.h, radius)
		if frames {
			name, params := frameTitle(b.Box)
			p.text("label", b.x+12, b.y+20, "start", name)
			p.text("detail", b.x+b.w-12, b.y+20, "end", params)
		} else {
			b.words(p)
		}
		p.end()
	}
}

// learns follows the class of a layer with parameters.
const learns = " learns"

// words writes a box's lines in its middle.
func (b rect) words(p pen) {
	label, details := text(b.Box)
	x, y := b.x+b.w/2, b.y+20
	p.text("label", x, y, "middle", label)
	for i, d := range details {
		p.text("detail", x, y+14.5+14*float64(i), "middle", d)
	}
}

// head is the length of an arrow's head.
const head = 7.

// stroke is a part of a line to a point: straight, or a curve with two control points.
type stroke struct {
	to, c1, c2 point
	bent       bool
}

// draw draws a line, upright through rows and curved between them.
func (q path) draw(p pen) {
	points := append([]point(nil), q.points...)
	last := len(points) - 1
	tip, up := points[last], 1.
	if q.head && q.back {
		tip, up = points[0], -1
		points[0].y += head - 1
		points[1].y = max(points[1].y, points[0].y)
	} else if q.head {
		points[last].y -= head - 1
		points[last-1].y = min(points[last-1].y, points[last].y)
	}
	strokes := []stroke{{to: points[0]}}
	for i := 1; i < len(points); i += 2 {
		a := points[i]
		if a != points[i-1] {
			strokes = append(strokes, stroke{to: a})
		}
		if i+1 == len(points) {
			break
		}
		b, middle := points[i+1], (a.y+points[i+1].y)/2
		strokes = append(strokes, stroke{b, point{a.x, middle}, point{b.x, middle}, math.Abs(a.x-b.x) >= .05})
	}
	p.curve(q.role, strokes)
	if q.head {
		y := tip.y - up*head
		p.head(q.role, tip, point{tip.x - 4, y}, point{tip.x + 4, y})
	}
}

// legend is the roles of the diagram, unless it has only layers, and the width of their line.
func legend(d graph.Diagram) (roles []color, w float64) {
	there := map[graph.Role]bool{}
	for _, b := range d.Boxes {
		there[b.Role] = true
	}
	if !there[graph.ParamRole] && !there[graph.GradientRole] {
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

func (l layout) drawLegend(p pen, x, y float64) {
	for _, c := range l.legend {
		p.rect(string(c.role), x, y, 16, 12, 3)
		p.text("detail", x+22, y+10, "start", c.legend)
		p.next()
		x += 24 + width(c.legend, detailSize) + 12
	}
}
