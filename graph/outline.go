package graph

import (
	"fmt"
	"strings"

	"github.com/stheno-ml/stheno/graph/op"
)

// outline collects the summary and the layer diagram during the build. A node does not tell which layer it came from: a layer may return its
// input unchanged, and two layers that do the same to one node share a node. So the outline follows the nodes from layer to layer.
type outline struct {
	Diagram
	frame  int           // the layer that is being built
	source map[int64]int // the box that a node came out of last

	rows   []Row
	layers []Layer       // the layers of rows
	maker  map[int64]int // the row of the layer that made a node
	outs   Nodes         // the outputs of the layers of rows
	row    int           // the row of the layer that is being built; noBox: none
	depth  int
	way    string // the branch, copy or sequence that the current layer is building, as a prefix of its layers' names
	// How many parameters and nodes the layers so far have made.
	params, nodes int
}

func newOutline(x *Node) *outline {
	input := Box{Label: "input", Role: InputRole, Shape: example(x), Inside: noBox}
	return &outline{Diagram: Diagram{Boxes: []Box{input}}, frame: noBox, source: map[int64]int{x.ID(): 0}, maker: map[int64]int{}, row: noBox}
}

// example returns the shape of one example of a mini-batch.
func example(x *Node) Shape {
	if x.IsScalar() {
		return nil
	}
	return x.Shape()[1:].Clone()
}

// output returns the shape of y for one example. Inside PerStep, which turns steps into examples, it includes all steps of the example.
func (b *Builder) output(y *Node) Shape {
	if m := b.input.Shape()[0]; !y.IsScalar() && y.Shape()[0] > m {
		return append(Shape{y.Shape()[0] / m}, y.Shape()[1:]...)
	}
	return example(y)
}

// by appends a step to the way until back is called.
func (o *outline) by(step any) (back func()) {
	way := o.way
	o.way += fmt.Sprint(step, ".")
	return func() { o.way = way }
}

// open starts a layer with the given name or number over x. Everything built until shut is called with its output is inside.
func (b *Builder) open(name any, l Layer, x ...*Node) (shut func(y *Node)) {
	o := b.outline
	from := make([]int, len(x))
	for i := range x {
		from[i] = o.origin(x[i])
	}
	box, row, outer, params := len(o.Boxes), len(o.rows), o.row, len(b.params)
	if _, ok := l.(Seq); ok { // a Seq has no box; only its layers do
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

// tally credits the parameters and nodes made since the last tally to the layer that is being built.
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

// macs returns the number of multiply-adds of a node, if it is a product. Gorgonia's own products are recognized by their shapes.
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

// end adds a box for the cost of the outputs y.
func (o *outline) end(y *Node, loss *Loss) {
	o.arrow(o.origin(y), len(o.Boxes))
	o.Boxes = append(o.Boxes, Box{Label: loss.Name, Role: CostRole, Inside: noBox})
}

// origin returns the box that n comes from. An op that a layer applies beside the layers inside it, such as the sum in a Residual, gets a
// box of its own.
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

// join adds arrows from the boxes that n's inputs come from.
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

// branch starts a sequence of layers over x. When the sequence ends, x belongs to its old box again: a layer that returned x itself
// may have changed that, and another branch over x must start where this one did.
func (o *outline) branch(x *Node) (end func(y *Node)) {
	from := o.origin(x)
	return func(y *Node) {
		to := o.origin(y)
		o.source[x.ID()] = from
		o.source[y.ID()] = to
	}
}
