package graph

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/internal/term"
)

// Add is the sum of branches over the same input. All branches must give the same shape. An empty branch is the input itself. As a [Vertex],
// Add has no branches and sums its inputs.
type Add []Seq

// Concat joins branches over the same input along axis 1: the columns of (m,n), the maps of (m,c,h,w). An empty branch is the input itself.
// As a [Vertex], Concat has no branches and joins its inputs.
type Concat []Seq

// A Joiner is a layer that can take several inputs when it is a [Vertex]. Join gets at least two.
type Joiner interface {
	Layer
	Join(b *Builder, x ...*Node) *Node
}

// Build builds the branches over x and adds their outputs.
func (a Add) Build(b *Builder, x *Node) *Node { return a.Join(b, b.branches(a, x)...) }

// Join adds nodes of the same shape.
func (Add) Join(_ *Builder, x ...*Node) *Node {
	sum := x[0]
	for i, n := range x[1:] {
		if !n.Shape().Eq(sum.Shape()) {
			op.Fail("cannot add %v and, as number %d, %v; make the shapes equal: as many maps or outputs, pad=same, the same stride", sum.Shape(), i+1, n.Shape())
		}
		sum = op.Add.Apply(sum, n)
	}
	return sum
}

// Build builds the branches over x and joins their outputs along axis 1.
func (c Concat) Build(b *Builder, x *Node) *Node { return c.Join(b, b.branches(c, x)...) }

// Join joins nodes along axis 1.
func (Concat) Join(_ *Builder, x ...*Node) *Node {
	if len(x) == 1 {
		return x[0]
	}
	return op.Concat(len(x)).Apply(x...)
}

// branches builds each sequence over the same input.
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

// maxTimes is the most copies that one Repeat makes.
const maxTimes = 1000

// Repeat is a chain of Times copies of a sequence. Each copy has parameters of its own.
type Repeat struct {
	Times  int `term:",required"`
	Layers Seq `term:"layer,required"`
}

// Build builds the copies one after the other.
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

// Graph is a network of layers wired by name, for what [Seq], [Add] and [Concat] cannot express. Its output is the last vertex.
type Graph []Vertex

// A Vertex is one layer of a Graph.
type Vertex struct {
	Layer Layer    `term:",inline"`
	Name  string   // lets later vertices name it in From; it may be empty
	From  []string // the names of its inputs, where "input" is the Graph's; empty: the previous vertex. Only a [Joiner] takes several
}

// graphInput is the name of a Graph's input.
const graphInput = "input"

// wiring keeps the names and outputs of a Graph's vertices.
type wiring struct {
	names []string
	nodes Nodes
	boxes []int // in the outline
	used  []bool
}

func (w *wiring) add(name string, n *Node, box int) {
	w.names, w.nodes, w.boxes, w.used = append(w.names, name), append(w.nodes, n), append(w.boxes, box), append(w.used, false)
}

// Build builds the vertices in order. Each vertex must come after its inputs.
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
			g[i].fail(i, "no vertex uses it; name it in another vertex's from, or leave it out")
		}
	}
	y := w.nodes[len(g)]
	o.source[y.ID()] = w.boxes[len(g)]
	return y
}

// label returns a vertex's name, or its index if it has none.
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
		v.fail(i, "another vertex has this name; give each its own")
	}
	if v.Layer == nil {
		v.fail(i, "its layer is nil; use a layer")
	}
	return b.layer(v.label(i), v.Layer, x...)
}

// named returns the names in use.
func (w *wiring) named() []string {
	return slices.DeleteFunc(slices.Clone(w.names), func(name string) bool { return name == "" })
}

func (v Vertex) fail(i int, format string, args ...any) {
	op.Fail("%w", &LayerError{Where: v.label(i), Err: fmt.Errorf(format, args...)})
}
