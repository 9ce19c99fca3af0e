package graph

import "strings"

// outline is the diagram of the layers, drawn while they are built. A node does not tell the layer that it came out of: a layer may
// return its input itself, and two that do the same to one node make one node. So the outline follows the nodes from layer to layer.
type outline struct {
	Diagram
	frame  int           // the layer whose Build is running
	source map[int64]int // the box out of which a node came last
}

func newOutline(x *Node) *outline {
	input := Box{Label: "input", Role: InputRole, Shape: example(x), Inside: noBox}
	return &outline{Diagram{Boxes: []Box{input}}, noBox, map[int64]int{x.ID(): 0}}
}

// example is the shape of one example of a mini-batch.
func example(x *Node) Shape {
	if x.IsScalar() {
		return nil
	}
	return x.Shape()[1:].Clone()
}

// open begins a layer over x: what is built until it is shut is inside. The layer made y, and parameters of so many elements.
func (o *outline) open(l Layer, x *Node) (shut func(y *Node, params int)) {
	from, box := o.origin(x), len(o.Boxes)
	if _, ok := l.(Seq); ok { // no more than the layers inside
		return func(*Node, int) {}
	}
	o.Boxes = append(o.Boxes, Box{Label: describe(l), Role: ForwardRole, Inside: o.frame})
	o.frame = box
	return func(y *Node, params int) {
		b := &o.Boxes[box]
		b.Shape, b.Params = example(y), params
		if len(o.Boxes) == box+1 {
			o.arrow(from, box)
			o.source[y.ID()] = box
		} else {
			b.Role = FrameRole
			b.Label, _, _ = strings.Cut(b.Label, "(")
			o.origin(y)
		}
		o.frame = o.Boxes[box].Inside
	}
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
	o.Boxes = append(o.Boxes, Box{Label: opLabel(n.Op()), Role: ForwardRole, Shape: example(n), Inside: o.frame})
	o.join(box, n, map[int64]bool{})
	o.source[n.ID()] = box
	return box
}

// join adds the arrows to box from where n's inputs come from.
func (o *outline) join(box int, n *Node, seen map[int64]bool) {
	for _, c := range children(n) {
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
