package graph

import (
	"fmt"
	"slices"

	"github.com/stheno-ml/stheno/graph/op"
)

// foldable is a Residual or Repeat to fold, and the range of its rows in the outline: itself and the layers inside.
type foldable struct {
	layer      Layer
	holds      string
	first, end int
}

// blocks returns the outermost Residuals and Repeats.
func (o *outline) blocks() (list []foldable) {
	for i := 0; i < len(o.rows); i++ {
		k := foldable{layer: o.layers[i], first: i, end: i + 1}
		switch l := k.layer.(type) {
		case Residual:
			k.holds = Seq(l).String()
		case Repeat:
			k.holds = fmt.Sprintf("%d × (%v)", l.Times, l.Layers)
		default:
			continue
		}
		for k.end < len(o.rows) && o.rows[k.end].Depth > o.rows[i].Depth {
			k.end++
		}
		list = append(list, k)
		i = k.end - 1
	}
	return list
}

// The parts into which a block divides a diagram.
const (
	elsewhere = iota
	forwards
	backwards
	allParts
)

// fold turns each block in a diagram of ops into one box for its forward pass and one for its backward pass.
func (b *Builder) fold(d Diagram, nodes Nodes) Diagram {
	behind := d.behind(nodes)
	for _, k := range b.outline.blocks() {
		parts := b.parts(k, d, nodes, behind)
		var ops, gradients [allParts]int
		for i, p := range parts {
			ops[p]++
			if d.Boxes[i].Role == GradientRole {
				gradients[p]++
			}
		}
		if ops[forwards] < 2 {
			continue
		}
		y := Box{Label: label(k.layer), Role: ForwardRole, Shape: b.outline.outs[k.first].Shape(), Inside: noBox, Holds: k.holds}
		for _, row := range b.outline.rows[k.first:k.end] {
			y.Params += row.Params
		}
		dx := Box{Label: "∇ " + y.Label, Role: BackwardRole, Inside: noBox, Holds: fmt.Sprintf("%d ops", ops[backwards])}
		if gradients[backwards] > 0 {
			dx.Role = GradientRole
			dx.Holds += fmt.Sprintf(", %d gradients of parameters", gradients[backwards])
		}
		if folded, left := d.contract(nodes, parts, [allParts]Box{forwards: y, backwards: dx}); folded.acyclic() {
			d, nodes = folded, left
		}
	}
	return d
}

// parts says for each box which part of a block it is in, if any. behind maps the nodes of the backward pass to those of the forward pass
// that they were made for.
func (b *Builder) parts(k foldable, d Diagram, nodes Nodes, behind map[int64]*Node) []int {
	parts := make([]int, len(nodes))
	for i, n := range nodes {
		if n == nil { // folded already
			continue
		}
		part := forwards
		if d.Boxes[i].backward() {
			n, part = behind[n.ID()], backwards
		}
		if n == nil {
			continue
		}
		if row, ok := b.outline.maker[n.ID()]; ok && k.first <= row && row < k.end {
			parts[i] = part
		}
	}
	return parts
}

func (b Box) backward() bool { return b.Role == BackwardRole || b.Role == GradientRole }

// behind maps each node of the backward pass to the node of the forward pass that it was made for. Gorgonia does not keep this. A node df is
// made for f if it reads the gradient of f, reads nothing else of the forward pass but f and its inputs, and gives the gradient of one of those
// inputs. Other nodes, such as the steps within a rule and sums of gradients, follow a node that they read.
func (d Diagram) behind(nodes Nodes) map[int64]*Node {
	of, backward, behind := map[int64]Nodes{}, map[int64]bool{}, map[int64]*Node{}
	for i, n := range nodes {
		if d.Boxes[i].backward() {
			backward[n.ID()] = true
		} else if dn := n.Deriv(); dn != nil {
			of[dn.ID()] = append(of[dn.ID()], n)
		}
	}
	for i, n := range nodes {
		if !d.Boxes[i].backward() {
			continue
		}
		reads := op.Inputs(n)
		for _, df := range reads {
			for _, f := range of[df.ID()] {
				near := append(op.Inputs(f), f)
				far := slices.ContainsFunc(reads, func(r *Node) bool { return r != df && !backward[r.ID()] && !slices.Contains(near, r) })
				gives := of[n.ID()] == nil || slices.ContainsFunc(of[n.ID()], func(x *Node) bool { return slices.Contains(near, x) })
				if behind[n.ID()] == nil && gives && !far {
					behind[n.ID()] = f
				}
			}
		}
		for _, r := range reads {
			if behind[n.ID()] == nil {
				behind[n.ID()] = behind[r.ID()]
			}
		}
	}
	return behind
}

// contract merges the boxes of each part into one. It returns the new diagram and its nodes; a merged box has no node.
func (d Diagram) contract(nodes Nodes, parts []int, of [allParts]Box) (out Diagram, left Nodes) {
	place, at := make([]int, len(parts)), [allParts]int{noBox, noBox, noBox}
	for i, box := range d.Boxes {
		p, n := parts[i], nodes[i]
		if p != elsewhere && at[p] != noBox {
			place[i] = at[p]
			continue
		}
		place[i] = len(out.Boxes)
		if p != elsewhere {
			at[p], box, n = place[i], of[p], nil
		}
		out.Boxes, left = append(out.Boxes, box), append(left, n)
	}
	for _, a := range d.Arrows {
		if from, to := place[a.From], place[a.To]; from != to {
			out.arrow(from, to)
		}
	}
	return out, left
}

// acyclic reports whether no path of arrows leads back to where it began.
func (d Diagram) acyclic() bool {
	above := make([]int, len(d.Boxes))
	for _, a := range d.Arrows {
		above[a.To]++
	}
	var done []int
	for i, n := range above {
		if n == 0 {
			done = append(done, i)
		}
	}
	for i := 0; i < len(done); i++ {
		for _, a := range d.Arrows {
			if a.From == done[i] {
				if above[a.To]--; above[a.To] == 0 {
					done = append(done, a.To)
				}
			}
		}
	}
	return len(done) == len(d.Boxes)
}
