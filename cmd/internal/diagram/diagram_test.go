package diagram

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

var levels = []graph.Level{graph.LayerLevel, graph.OpLevel, graph.GradientLevel, graph.FoldedLevel}

func of(t *testing.T, l graph.Layer, level graph.Level) graph.Diagram {
	t.Helper()
	n, err := graph.New(l, graph.LogLikelihood, graph.Shape{1, 28, 28}, graph.Config{Init: graph.Zero})
	if err != nil {
		t.Fatal(err)
	}
	d, err := n.Diagram(level, 10)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func same(n int) graph.Conv { return graph.Conv{Out: n, Kernel: 3, Pad: 1} }

// nets are networks beside those of the catalogue: with frames in frames, layers that do nothing, and branches that do nothing.
var nets = map[string]graph.Layer{
	"residual": graph.Seq{same(4), graph.Residual{same(4), graph.ReLU, same(4)}, graph.Dense{Out: 10}},
	"nested": graph.Seq{
		same(4), graph.Residual{graph.Residual{same(4)}, graph.ReLU, graph.Residual{graph.Dropout{P: .5}}, graph.Dropout{}}, graph.Dense{Out: 10},
	},
	"idle":     graph.Seq{graph.Seq{graph.Flatten{}, graph.Flatten{}}, graph.Residual{graph.Flatten{}, graph.Dense{Out: 784}}, graph.Dense{Out: 10}},
	"nothing":  graph.Seq{graph.Residual{graph.Dropout{}, graph.Dropout{}}, graph.Residual{}, graph.Dense{Out: 10}},
	"outlying": graph.Dense{Out: 10},
	"branches": graph.Seq{
		same(4), graph.Concat{{same(2)}, {same(2), graph.BatchNorm{}, same(3)}, {}}, graph.Repeat{Times: 3, Layers: graph.Seq{graph.Residual{same(9)}}},
		graph.Add{{graph.Dense{Out: 9}}, {graph.Dense{Out: 9}, graph.Add{{}, {graph.Tanh}}}}, graph.LayerNorm{}, graph.Dense{Out: 10},
	},
	"attention": graph.Seq{
		graph.Conv{Out: 6, Kernel: 7, Stride: 7}, graph.Steps{}, graph.Masked{}, graph.Residual{graph.PerStep{graph.LayerNorm{}}, graph.Attention{Heads: 2}},
		graph.GlobalAvgPool{}, graph.Dense{Out: 10},
	},
	"recurrent": graph.Seq{
		graph.Reshape{Shape: graph.Shape{28, 28}}, graph.Masked{}, graph.LSTM{Out: 6, Both: true}, graph.PerStep{graph.Dense{Out: 5}, graph.Tanh}, graph.GRU{Out: 4},
		graph.Concat{{graph.Last{}}, {graph.Reverse{}, graph.RNN{Out: 3}, graph.Last{}}}, graph.Dense{Out: 10},
	},
	"wired": graph.Graph{
		{Layer: same(3), Name: "a"}, {Layer: graph.ReLU, Name: "b"}, {Layer: graph.Concat{}, Name: "c", From: []string{"a", "b", "input"}},
		{Layer: same(3), Name: "d"}, {Layer: graph.Add{}, From: []string{"a", "d"}}, {Layer: graph.Dense{Out: 10}},
	},
	"wide": graph.Seq{long{graph.ReLU}, graph.Residual{long{graph.ReLU}}, graph.Dense{Out: 10}},
}

// long is a layer whose name is much too long, and not made for pictures.
type long struct{ graph.Layer }

const unfit = "<b>&amp;\"quoted\" \\n back\\slash \x00\x1b[31m\n\t`#;% \xff end--> ]]> 層 "

func (long) String() string { return unfit + strings.Repeat("long", 2500) }

// TestLayout: boxes do not meet, frames are around what is inside, lines begin and end at boxes and cross none.
func TestLayout(t *testing.T) {
	for _, level := range levels {
		for name, net := range nets {
			check(t, name+", "+string(level), of(t, net, level))
		}
		for _, m := range models.All {
			if level == graph.FoldedLevel && m.Name != "resnet" {
				continue // It has no blocks, and the same diagram as at the level before.
			}
			n, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Init: graph.Zero})
			if err != nil {
				t.Fatal(err)
			}
			d, err := n.Diagram(level, m.Recipe.Batch)
			if err != nil {
				t.Fatalf("%s, %s: %v", m.Name, level, err)
			}
			check(t, m.Name+", "+string(level), d)
		}
	}
}

// TestAnyGraph lays out graphs that no network has.
func TestAnyGraph(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		var d graph.Diagram
		roles := []graph.Role{graph.ForwardRole, graph.ParamRole, graph.BackwardRole, graph.GradientRole, graph.InputRole}
		for i := range 2 + r.IntN(40) {
			d.Boxes = append(d.Boxes, graph.Box{Label: strings.Repeat("x", r.IntN(60)), Role: roles[i*len(roles)/50], Inside: noBox})
			for range r.IntN(4) {
				if a := (graph.Arrow{From: r.IntN(i + 1), To: i}); a.From < i && !slices.Contains(d.Arrows, a) {
					d.Arrows = append(d.Arrows, a)
				}
			}
		}
		check(t, fmt.Sprint("seed ", seed), d)
	}
}

func check(t *testing.T, name string, d graph.Diagram) {
	t.Helper()
	p := draw(d)
	if len(p.boxes) != len(d.Boxes) {
		t.Fatalf("%s: %d boxes drawn of %d", name, len(p.boxes), len(d.Boxes))
	}
	for i, a := range p.boxes {
		if a.x < -.01 || a.y < -.01 || a.x+a.w > p.w+.01 || a.y+a.h > p.h+.01 {
			t.Errorf("%s: %s is not on the picture", name, a.Label)
		}
		for _, b := range p.boxes[i+1:] {
			// A frame is drawn before what is inside.
			if meet(a, b) && !(a.Role == graph.FrameRole && contains(a, b)) {
				t.Errorf("%s: %s and %s overlap", name, a.Label, b.Label)
			}
		}
	}
	heads, seen := 0, map[string]bool{}
	for _, q := range p.paths {
		checkPath(t, name, p, q)
		if q.head {
			heads++
		}
		if line := fmt.Sprint(q.points); seen[line] {
			t.Errorf("%s: two lines are one: %s", name, line)
		} else {
			seen[line] = true
		}
	}
	if heads != len(d.Arrows) {
		t.Errorf("%s: %d heads of %d arrows", name, heads, len(d.Arrows))
	}
	checkDirections(t, name, d, p)
}

// checkDirections: the forward pass goes down, with what it reads just above; the backward pass goes up, to the right.
func checkDirections(t *testing.T, name string, d graph.Diagram, p picture) {
	t.Helper()
	place := map[int]rect{}
	for i, b := range order(d, noBox) {
		place[b] = p.boxes[i]
	}
	for _, a := range d.Arrows {
		from, to := place[a.From], place[a.To]
		if up := backward(from.Role) && backward(to.Role); up != (from.y > to.y) {
			t.Errorf("%s: the arrow from %s to %s goes the wrong way", name, from.Label, to.Label)
		}
		for _, b := range p.boxes {
			if backward(from.Role) && !backward(b.Role) && b.y < from.y+from.h && from.y < b.y+b.h && b.x > from.x {
				t.Errorf("%s: %s is to the right of %s", name, b.Label, from.Label)
			}
		}
	}
}

// order is that in which boxes are drawn.
func order(d graph.Diagram, inside int) (boxes []int) {
	for i, b := range d.Boxes {
		if b.Inside == inside {
			boxes = append(append(boxes, i), order(d, i)...)
		}
	}
	return boxes
}

// TestRows: a chain stands straight, and parameters stand in the row above the op that reads them.
func TestRows(t *testing.T) {
	p := draw(of(t, models.Deep.Net, graph.LayerLevel))
	for i, b := range p.boxes {
		if b.x != 0 || b.w != p.w || i > 0 && b.y < p.boxes[i-1].y+p.boxes[i-1].h+gapY {
			t.Errorf("%s is at %.0f, %.0f", b.Label, b.x, b.y)
		}
	}
	for _, q := range draw(of(t, models.Deep.Net, graph.OpLevel)).paths {
		if len(q.points) > 4 {
			t.Errorf("an arrow of a %s passes a row", q.role)
		}
	}
}

// TestWidth: no picture is much wider than its widest row has to be, and a chain with batch norm in it stands straight.
func TestWidth(t *testing.T) {
	for _, m := range models.All {
		_, f := arrange(of(t, m.Net, graph.GradientLevel))
		widest := 0.
		for _, row := range f.chart.rows {
			w := (row[0].w + row[len(row)-1].w) / 2
			for i, n := range row[1:] {
				w += apart(row[i], n)
			}
			widest = max(widest, w)
		}
		if f.node.w > 1.6*widest {
			t.Errorf("%s: %.0f wide, its widest row %.0f", m.Name, f.node.w, widest)
		}
	}
	left, right := math.Inf(1), math.Inf(-1)
	for _, b := range draw(of(t, models.Sprint99.Net, graph.GradientLevel)).boxes {
		if b.Role == graph.ForwardRole {
			left, right = min(left, b.x), max(right, b.x)
		}
	}
	if right-left > 20 {
		t.Errorf("the forward pass goes from %.0f to %.0f", left, right)
	}
}

// TestCrossings: few arrows cross, and none where that can be.
func TestCrossings(t *testing.T) {
	for _, c := range []struct {
		net   graph.Layer
		level graph.Level
		most  int
	}{
		{models.Deep.Net, graph.OpLevel, 0}, {nets["branches"], graph.LayerLevel, 0}, {nets["branches"], graph.OpLevel, 4},
		{models.Deep.Net, graph.GradientLevel, 20}, {nets["branches"], graph.GradientLevel, 52},
	} {
		if _, f := arrange(of(t, c.net, c.level)); f.chart.crossings() > c.most {
			t.Errorf("%v, %s: %d crossings, want %d at most", c.net, c.level, f.chart.crossings(), c.most)
		}
	}
}

// TestFrame: a frame out of which two arrows lead, which only a diagram by hand has.
func TestFrame(t *testing.T) {
	box := func(inside int, role graph.Role) graph.Box {
		return graph.Box{Label: "box", Role: role, Inside: inside}
	}
	check(t, "fork", graph.Diagram{
		Boxes: []graph.Box{
			box(noBox, graph.InputRole), box(noBox, graph.FrameRole), box(1, graph.ForwardRole), box(noBox, graph.ForwardRole),
			box(noBox, graph.ForwardRole), box(noBox, graph.FrameRole), box(noBox, graph.CostRole),
		},
		Arrows: []graph.Arrow{{From: 0, To: 2}, {From: 2, To: 3}, {From: 2, To: 4}, {From: 3, To: 6}, {From: 4, To: 6}, {From: 0, To: 6}},
	})
}

func meet(a, b rect) bool {
	return a.x < b.x+b.w && b.x < a.x+a.w && a.y < b.y+b.h && b.y < a.y+a.h
}

func contains(a, b rect) bool {
	return a.x < b.x && b.x+b.w < a.x+a.w && a.y < b.y && b.y+b.h < a.y+a.h
}

// goesOn says that a line begins where another ends.
func (p picture) goesOn(at point) bool {
	begin, end := false, false
	for _, q := range p.paths {
		begin = begin || math.Hypot(q.points[0].x-at.x, q.points[0].y-at.y) < .01
		last := q.points[len(q.points)-1]
		end = end || math.Hypot(last.x-at.x, last.y-at.y) < .01
	}
	return begin && end
}

func checkPath(t *testing.T, name string, p picture, q path) {
	t.Helper()
	ends := 0
	for _, end := range []point{q.points[0], q.points[len(q.points)-1]} {
		for _, b := range p.boxes {
			if b.Role == graph.FrameRole && !p.goesOn(end) {
				continue
			}
			if b.x <= end.x && end.x <= b.x+b.w && (math.Abs(end.y-b.y) < .01 || math.Abs(end.y-b.y-b.h) < .01) {
				ends++
				break
			}
		}
	}
	if ends != 2 {
		t.Errorf("%s: a line from %v to %v does not end at boxes", name, q.points[0], q.points[len(q.points)-1])
	}
	for i := 1; i < len(q.points); i++ {
		a, b := q.points[i-1], q.points[i]
		for k := range 21 {
			s := float64(k) / 20
			// Between rows the line is the curve that svg.path draws; in a row it is upright.
			x := a.x + (b.x-a.x)*(3*s*s-2*s*s*s)
			y := a.y + (b.y-a.y)*(1.5*s*(1-s)+s*s*s)
			if i%2 == 1 && a.x != b.x {
				t.Fatalf("%s: a line is not upright in a row: %v, %v", name, a, b)
			}
			for _, r := range p.boxes {
				if r.Role != graph.FrameRole && r.x+.1 < x && x < r.x+r.w-.1 && r.y+.1 < y && y < r.y+r.h-.1 {
					t.Fatalf("%s: a line crosses %s at %.0f, %.0f", name, r.Label, x, y)
				}
			}
		}
	}
}
