package diagram

import (
	"strconv"
	"strings"

	"github.com/stheno-ml/stheno/graph"
)

// picture is a diagram with everything in place, in pixels of an SVG.
type picture struct {
	boxes []rect
	paths []path
	w, h  float64
}

// rect is a box in its place: its upper left corner and its size.
type rect struct {
	graph.Box
	x, y, w, h float64
	index      int // in the diagram's boxes
}

// path is an arrow, or its part within a frame or outside it.
type path struct {
	points []point // alternately the end of a curve from the row above, and the start of the next one
	head   bool    // it has an arrow's head at the last point, or with back at the first
	back   bool
	role   graph.Role
}

type point struct{ x, y float64 }

// painter makes the picture of a diagram.
type painter struct {
	d      graph.Diagram
	wide   float64       // the smallest width of a box
	inside map[int][]int // the boxes in a frame
	out    picture
}

// frame is the contents of a frame, before the frame's place is known.
type frame struct {
	chart   *chart
	node    *node         // in the chart around it
	nodes   map[int]*node // by box
	frames  map[int]*frame
	in, out *node
	left    float64 // the x of its left edge in the chart
}

func draw(d graph.Diagram) picture {
	p, f := arrange(d)
	p.put(f, -f.left, 0)
	p.out.w, p.out.h = f.node.w, f.node.h
	return p.out
}

// arrange makes the charts of a diagram.
func arrange(d graph.Diagram) (*painter, *frame) {
	p := &painter{d: d, inside: map[int][]int{}}
	for i, b := range d.Boxes {
		p.inside[b.Inside] = append(p.inside[b.Inside], i)
		if w, _ := size(b); b.Role != graph.FrameRole && w <= widest {
			p.wide = max(p.wide, w)
		}
	}
	return p, p.arrange(noBox)
}

const (
	noBox  = -1
	pad    = 20.  // between a frame and its contents
	header = 22.  // the height of a frame's name
	widest = 240. // boxes are as wide as the widest, up to this
)

// arrange makes the chart of a frame and of the frames inside it.
func (p *painter) arrange(box int) *frame {
	f := &frame{chart: &chart{}, nodes: map[int]*node{}, frames: map[int]*frame{}}
	if box != noBox {
		f.in, f.out = &node{first: true, h: header}, &node{last: true}
		f.chart.nodes = append(f.chart.nodes, f.in, f.out)
	}
	for _, i := range p.inside[box] {
		b := p.d.Boxes[i]
		n := &node{class: p.class(i)}
		if b.Role == graph.FrameRole {
			f.frames[i] = p.arrange(i)
			n = f.frames[i].node
		} else {
			n.w, n.h = size(b)
			n.w = max(n.w, p.wide)
		}
		f.nodes[i] = n
		f.chart.nodes = append(f.chart.nodes, n)
	}
	p.links(f, box)
	f.chart.arrange()
	f.measure(p.d, box)
	return f
}

// links adds the arrows between boxes in the frame, and to or from boxes outside.
func (p *painter) links(f *frame, box int) {
	type pair struct{ from, to *node }
	seen := map[pair]bool{}
	for _, a := range p.d.Arrows {
		from, to := p.within(f, a.From, box), p.within(f, a.To, box)
		if from == nil && to == nil || from == to {
			continue
		}
		if from == nil {
			from = f.in
		}
		if to == nil {
			to = f.out
		}
		if seen[pair{from, to}] {
			continue
		}
		seen[pair{from, to}] = true
		l := &link{from: from, to: to}
		if l.back = backward(p.d.Boxes[a.From].Role) && backward(p.d.Boxes[a.To].Role); l.back {
			l.from, l.to = to, from
		}
		l.role, l.light = p.d.Boxes[a.From].Role, from.class != to.class
		f.chart.links = append(f.chart.links, l)
	}
}

// within is the node in the frame for a box, or for an inner frame around it; nil if the box is outside.
func (p *painter) within(f *frame, box, around int) *node {
	for box != noBox && p.d.Boxes[box].Inside != around {
		box = p.d.Boxes[box].Inside
	}
	return f.nodes[box]
}

func backward(r graph.Role) bool { return r == graph.BackwardRole || r == graph.GradientRole }

// class puts the forward pass on the left, the backward pass on the right, and inputs other than the examples between them.
func (p *painter) class(box int) int {
	switch r := p.d.Boxes[box].Role; {
	case backward(r):
		return 2
	case r == graph.ParamRole || r == graph.InputRole && box > 0:
		return 1
	}
	return 0
}

// measure makes the node for the frame in the chart around it.
func (f *frame) measure(d graph.Diagram, box int) {
	left, right, bottom := 0., 0., 0.
	for i, row := range f.chart.rows {
		first, last := row[0], row[len(row)-1]
		if x := first.x - first.w/2; i == 0 || x < left {
			left = x
		}
		if x := last.x + last.w/2; i == 0 || x > right {
			right = x
		}
		bottom = max(bottom, first.bottom)
	}
	if box == noBox {
		f.left, f.node = left, &node{w: right - left, h: bottom}
		return
	}
	name, params := frameTitle(d.Boxes[box])
	left = min(left-pad, f.in.x-pad-width(name, labelSize))
	right = max(right+pad, f.in.x+pad+width(params, detailSize))
	f.left = left
	middle := (left + right) / 2
	f.node = &node{w: right - left, h: bottom, in: f.in.x - middle, out: f.out.x - middle, fixed: true}
}

// put adds the frame's boxes and paths to the picture, with the chart's origin at x, y.
func (p *painter) put(f *frame, x, y float64) {
	for i, b := range p.d.Boxes {
		n := f.nodes[i]
		if n == nil {
			continue
		}
		left, top := x+n.x-n.w/2, y+n.y
		p.out.boxes = append(p.out.boxes, rect{b, left, top, n.w, n.h, i})
		if inner := f.frames[i]; inner != nil {
			p.put(inner, left-inner.left, top)
		}
	}
	for _, l := range f.chart.links {
		p.out.paths = append(p.out.paths, l.path(x, y))
	}
}

// path is the link's line, moved by x, y.
func (l *link) path(x, y float64) path {
	a, b := x+l.from.x+l.ends[0], x+l.to.x+l.ends[1]
	p := path{back: l.back, role: l.role, head: !l.to.fixed && !l.to.last}
	p.points = []point{{a, y + l.from.y + l.from.h}, {a, y + l.from.bottom}}
	if l.from.first {
		p.points[0].y = y + l.from.y
	}
	for _, n := range l.bends {
		p.points = append(p.points, point{x + n.x, y + n.top}, point{x + n.x, y + n.bottom})
	}
	p.points = append(p.points, point{b, y + l.to.top}, point{b, y + l.to.y})
	return p
}

// The sizes of letters, and their average width in the widest font that may show the SVG.
const (
	labelSize  = 13.
	detailSize = 11.
	letter     = .61
)

// width is the room that a text needs.
func width(s string, size float64) float64 {
	n := 0
	for _, r := range s {
		n++
		if r >= 0x1100 { // East Asian letters and emoji are twice as wide
			n++
		}
	}
	return float64(n) * letter * size
}

// size is the size of a box with its text.
func size(b graph.Box) (w, h float64) {
	label, details := text(b)
	w, h = width(label, labelSize), 31.
	for _, d := range details {
		w, h = max(w, width(d, detailSize)), h+14
	}
	return w + 24, h
}

// nablaSign stands before the thing that a gradient is of.
const nablaSign = "∇ "

// text is the lines of a box.
func text(b graph.Box) (label string, details []string) {
	if b.Of != "" {
		details = append(details, nablaSign+short(b.Of))
	}
	const most = 8 // lines about a box's contents
	holds := wrapped(b.Holds, longest)
	if len(holds) > most {
		holds = append(holds[:most-1], "…")
	}
	details = append(details, holds...)
	detail := shape(b.Shape)
	if b.Params > 0 {
		detail += " · " + parameters(b.Params)
	}
	if detail != "" {
		details = append(details, detail)
	}
	return short(b.Label), details
}

// frameTitle is the texts to the left and to the right of the arrow into a frame.
func frameTitle(b graph.Box) (name, params string) {
	if b.Params > 0 {
		params = parameters(b.Params)
	}
	return short(b.Label), params
}

func parameters(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s + " parameters"
}

// shape writes (1,28,28) as 1×28×28.
func shape(s graph.Shape) string {
	text := make([]string, len(s))
	for i, n := range s {
		text[i] = strconv.Itoa(n)
	}
	return strings.Join(text, "×")
}
