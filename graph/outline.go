package graph

import (
	"fmt"
	"strings"

	"github.com/stheno-ml/stheno/graph/op"
)

// outline is the summary and the diagram of the layers, made while they are built. A node does not tell the layer that it came out of:
// a layer may return its input itself, and two that do the same to one node make one node. So the outline follows the nodes from
// layer to layer.
type outline struct {
	Diagram
	frame  int           // the layer whose Build is running
	source map[int64]int // the box out of which a node came last

	rows   []Row
	layers []Layer       // of rows
	maker  map[int64]int // the row of the layer that made a node
	outs   Nodes         // what the layers of rows gave
	row    int           // of the layer whose Build is running; noBox: none
	depth  int
	way    string // to what the running layer builds, in front of its layers' names: the branch, the copy, the sequence
	// What the layers before have made, parameters and nodes.
	params, nodes int
}

func newOutline(x *Node) *outline {
	input := Box{Label: "input", Role: InputRole, Shape: example(x), Inside: noBox}
	return &outline{Diagram: Diagram{Boxes: []Box{input}}, frame: noBox, source: map[int64]int{x.ID(): 0}, maker: map[int64]int{}, row: noBox}
}

// example is the shape of one example of a mini-batch.
func example(x *Node) Shape {
	if x.IsScalar() {
		return nil
	}
	return x.Shape()[1:].Clone()
}

// output is the shape of what y is for one example: within PerStep, whose layers take the steps for examples, that of all its steps.
func (b *Builder) output(y *Node) Shape {
	if m := b.input.Shape()[0]; !y.IsScalar() && y.Shape()[0] > m {
		return append(Shape{y.Shape()[0] / m}, y.Shape()[1:]...)
	}
	return example(y)
}

// by adds a step to the way until back is called.
func (o *outline) by(step any) (back func()) {
	way := o.way
	o.way += fmt.Sprint(step, ".")
	return func() { o.way = way }
}

// open begins a layer of a name or number over x: what is built until it is shut with its output is inside.
func (b *Builder) open(name any, l Layer, x ...*Node) (shut func(y *Node)) {
	o := b.outline
	from := make([]int, len(x))
	for i := range x {
		from[i] = o.origin(x[i])
	}
	box, row, outer, params := len(o.Boxes), len(o.rows), o.row, len(b.params)
	if _, ok := l.(Seq); ok { // no more than the layers inside
		back := o.by(name)
		return func(*Node) { back() }
	}
	b.tally()
	way := o.way
	o.Boxes = append(o.Boxes, Box{Label: label(l), Role: ForwardRole, Inside: o.frame})
	o.outs = append(o.outs, nil)
	o.layers = append(o.layers, l)
	o.rows = append(o.rows, Row{Name: fmt.Sprint(way, name), Layer: label(l), Depth: o.depth})
	o.frame, o.row, o.depth, o.way = box, row, o.depth+1, ""
	return func(y *Node) {
		b.tally()
		o.outs[row] = y
		o.Boxes[box].Params, o.Boxes[box].Shape, o.rows[row].Output = length(b.params[params:]), b.output(y), b.output(y)
		if len(o.Boxes) == box+1 {
			for _, from := range from {
				o.arrow(from, box)
			}
			o.source[y.ID()] = box
		} else {
			o.Boxes[box].Role = FrameRole
			o.origin(y)
		}
		o.frame, o.row, o.depth, o.way = o.Boxes[box].Inside, outer, o.depth-1, way
	}
}

// tally gives the layer whose Build is running the parameters and the nodes made since the last tally.
func (b *Builder) tally() {
	o, nodes := b.outline, b.graph.AllNodes()
	if o.row != noBox {
		r := &o.rows[o.row]
		r.Params += length(b.params[o.params:])
		for _, n := range nodes[o.nodes:] {
			r.MACs += macs(n) / b.input.Shape()[0]
			o.maker[n.ID()] = o.row
		}
	}
	o.params, o.nodes = len(b.params), len(nodes)
}

// macs is the number of multiply-adds of a node, if it is a product. One of Gorgonia's own is known by the shapes.
func macs(n *Node) int {
	if n.Op() == nil {
		return 0
	}
	x, y := op.Inputs(n), n.Shape().TotalSize()
	if o := op.Of(n.Op()); o != nil {
		if o.Terms == nil && o.Gives == nil {
			return 0
		}
		shapes := make([]Shape, len(x))
		for i := range x {
			shapes[i] = x[i].Shape()
		}
		if o.Gives != nil {
			return example(x[0]).TotalSize() * o.Gives(shapes)
		}
		return y * o.Terms(shapes)
	}
	if len(x) == 2 && x[0].Dims() == 2 && x[1].Dims() == 2 && x[0].Shape()[1] == x[1].Shape()[0] && n.Dims() == 2 {
		return y * x[1].Shape()[0]
	}
	return 0
}

// end adds the cost of the outputs y.
func (o *outline) end(y *Node, loss *Loss) {
	o.arrow(o.origin(y), len(o.Boxes))
	o.Boxes = append(o.Boxes, Box{Label: loss.Name, Role: CostRole, Inside: noBox})
}

// origin is the box out of which n comes. An op that a layer applies beside the layers inside of it becomes a box of its own: such
// as the sum in a Residual.
func (o *outline) origin(n *Node) int {
	if box, ok := o.source[n.ID()]; ok {
		return box
	}
	if n.Op() == nil {
		return noBox
	}
	box := len(o.Boxes)
	name, _, _ := strings.Cut(opLabel(n.Op()), "/")
	o.Boxes = append(o.Boxes, Box{Label: name, Role: ForwardRole, Shape: example(n), Inside: o.frame})
	o.join(box, n, map[int64]bool{})
	o.source[n.ID()] = box
	return box
}

// join adds the arrows to box from where n's inputs come from.
func (o *outline) join(box int, n *Node, seen map[int64]bool) {
	for _, c := range op.Inputs(n) {
		from, ok := o.source[c.ID()]
		switch {
		case ok:
			o.arrow(from, box)
		case !seen[c.ID()]:
			seen[c.ID()] = true
			o.join(box, c, seen)
		}
	}
}

// branch is where a sequence of layers begins; its end forgets what layers that return their input itself did to x, so that another
// branch over x begins where this one did.
func (o *outline) branch(x *Node) (end func(y *Node)) {
	from := o.origin(x)
	return func(y *Node) {
		to := o.origin(y)
		o.source[x.ID()] = from
		o.source[y.ID()] = to
	}
}
