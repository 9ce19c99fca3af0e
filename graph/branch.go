package graph

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/internal/term"
)

// Add is the sum of branches over the same input, which must give one shape. An empty branch is the input itself. As a [Vertex], it has
// no branches, and adds up its inputs.
type Add []Seq

// Concat is branches over the same input one after the other along axis 1: the columns of (m,n), the maps of (m,c,h,w). An empty branch
// is the input itself. As a [Vertex], it has no branches, and joins its inputs.
type Concat []Seq

// A Joiner is a layer that can have several inputs, as a [Vertex] does; Join gets at least two.
type Joiner interface {
	Layer
	Join(b *Builder, x ...*Node) *Node
}

// Build builds the branches and adds them up.
func (a Add) Build(b *Builder, x *Node) *Node { return a.Join(b, b.branches(a, x)...) }

// Join adds up.
func (Add) Join(_ *Builder, x ...*Node) *Node {
	sum := x[0]
	for i, n := range x[1:] {
		if !n.Shape().Eq(sum.Shape()) {
			op.Fail("what it adds has the shapes %v and, number %d, %v; they must be one: as many maps or outputs, pad=same, the same stride", sum.Shape(), i+1, n.Shape())
		}
		sum = op.Add.Apply(sum, n)
	}
	return sum
}

// Build builds the branches and joins them.
func (c Concat) Build(b *Builder, x *Node) *Node { return c.Join(b, b.branches(c, x)...) }

// Join joins along axis 1.
func (Concat) Join(_ *Builder, x ...*Node) *Node {
	if len(x) == 1 {
		return x[0]
	}
	return op.Concat(len(x)).Apply(x...)
}

// branches builds sequences over the same input.
func (b *Builder) branches(list []Seq, x *Node) Nodes {
	if len(list) == 0 {
		op.Fail("it has one input and no branches; give it branches, or several inputs as a vertex of a graph")
	}
	y := make(Nodes, len(list))
	for i, s := range list {
		y[i] = b.branch(i, s, x)
	}
	return y
}

func (b *Builder) branch(i int, s Seq, x *Node) *Node {
	defer op.Wrap(func(err error) error { return fmt.Errorf("branch %d: %w", i, err) })
	defer b.outline.by(i)()
	return s.Build(b, x)
}

// maxTimes is the most that one Repeat repeats.
const maxTimes = 1000

// Repeat is so many copies of a sequence one after the other, each with parameters of its own.
type Repeat struct {
	Times  int `term:",required"`
	Layers Seq `term:"layer,required"`
}

// Build builds the copies.
func (r Repeat) Build(b *Builder, x *Node) *Node {
	if r.Times < 1 || r.Times > maxTimes {
		op.Fail("%d times; use 1 to %d", r.Times, maxTimes)
	}
	for i := range r.Times {
		back := b.outline.by(i)
		x = r.Layers.Build(b, x)
		back()
	}
	return x
}

// Graph is layers wired by names, for what [Seq], [Add] and [Concat] cannot say. Its output is the last vertex.
type Graph []Vertex

// A Vertex is a layer of a Graph.
type Vertex struct {
	Layer Layer    `term:",inline"`
	Name  string   // for From of those behind it; it may be empty
	From  []string // the names of its inputs, or input for the Graph's; empty: the vertex before. A layer of several is a [Joiner]
}

// graphInput is the name of a Graph's input.
const graphInput = "input"

// wiring is what a Graph's vertices are called and give.
type wiring struct {
	names []string
	nodes Nodes
	boxes []int // of the outline
	used  []bool
}

func (w *wiring) add(name string, n *Node, box int) {
	w.names, w.nodes, w.boxes, w.used = append(w.names, name), append(w.nodes, n), append(w.boxes, box), append(w.used, false)
}

// Build builds the vertices in their order, in which each has its inputs before it.
func (g Graph) Build(b *Builder, x *Node) *Node {
	if len(g) == 0 {
		op.Fail("it has no vertices; give it at least one")
	}
	o, w := b.outline, &wiring{}
	w.add(graphInput, x, o.origin(x))
	for i, v := range g {
		y := b.vertex(i, v, w)
		w.add(v.Name, y, o.origin(y))
	}
	for i, used := range w.used[1:len(g)] {
		if !used {
			g[i].fail(i, "nothing comes from it; name it in from of another, or leave it out")
		}
	}
	y := w.nodes[len(g)]
	o.source[y.ID()] = w.boxes[len(g)]
	return y
}

// label is a vertex's name, or its number where it has none.
func (v Vertex) label(i int) string { return cmp.Or(v.Name, strconv.Itoa(i)) }

// vertex builds the i-th vertex.
func (b *Builder) vertex(i int, v Vertex, w *wiring) *Node {
	x := make(Nodes, max(1, len(v.From)))
	for k := range x {
		from := len(w.nodes) - 1
		if len(v.From) > 0 {
			if from = slices.Index(w.names, v.From[k]); from < 0 {
				v.fail(i, "from: %w", term.Unknown("name", v.From[k], w.named()))
			}
		}
		x[k], w.used[from] = w.nodes[from], true
		b.outline.source[x[k].ID()] = w.boxes[from]
	}
	if v.Name != "" && slices.Contains(w.names, v.Name) {
		v.fail(i, "its name is that of another; give each its own")
	}
	if v.Layer == nil {
		v.fail(i, "there is none; give it one")
	}
	return b.layer(v.label(i), v.Layer, x...)
}

// named are the names in use.
func (w *wiring) named() []string {
	return slices.DeleteFunc(slices.Clone(w.names), func(name string) bool { return name == "" })
}

func (v Vertex) fail(i int, format string, args ...any) {
	op.Fail("%w", &LayerError{Where: v.label(i), Err: fmt.Errorf(format, args...)})
}
