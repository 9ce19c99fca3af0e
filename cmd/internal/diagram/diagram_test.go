package diagram

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

var levels = []graph.Level{graph.LayerLevel, graph.OpLevel, graph.GradientLevel}

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
	"wide":     graph.Seq{long{graph.ReLU}, graph.Residual{long{graph.ReLU}}, graph.Dense{Out: 10}},
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
				if from := r.IntN(i + 1); from < i {
					d.Arrows = append(d.Arrows, graph.Arrow{From: from, To: i})
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
	for _, q := range p.paths {
		checkPath(t, name, p, q)
	}
}

func meet(a, b rect) bool {
	return a.x < b.x+b.w && b.x < a.x+a.w && a.y < b.y+b.h && b.y < a.y+a.h
}

func contains(a, b rect) bool {
	return a.x < b.x && b.x+b.w < a.x+a.w && a.y < b.y && b.y+b.h < a.y+a.h
}

func checkPath(t *testing.T, name string, p picture, q path) {
	t.Helper()
	ends := 0
	for _, end := range []point{q.points[0], q.points[len(q.points)-1]} {
		for _, b := range p.boxes {
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
