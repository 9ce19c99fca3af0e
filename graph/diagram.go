package graph

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/graph/vm"
	"gorgonia.org/gorgonia"
)

// Level says how much of a network a diagram shows.
type Level string

// The levels of detail.
const (
	LayerLevel    Level = "layer"    // the layers; a layer that contains layers is a frame around them
	OpLevel       Level = "op"       // the ops of the forward pass of a training step, and what they read
	GradientLevel Level = "gradient" // those and the ops that differentiation added
	FoldedLevel   Level = "folded"   // the same with each outermost Residual and Repeat as one box forward and one box backward
)

// Diagram is a network as boxes and arrows, for programs that draw it.
type Diagram struct {
	Boxes  []Box   // a frame comes before the boxes inside it
	Arrows []Arrow // between boxes that are not frames
}

// Box is one box of a diagram.
type Box struct {
	Label  string // a layer's text form, a variable's name, an op's name
	Role   Role
	Shape  Shape  // the output's shape: for one example at LayerLevel, for the mini-batch at the other levels
	Params int    // parameter elements that the layer, or the layers in a frame, created
	Of     string // for a gradient, the parameter that it belongs to
	Holds  string // what a folded box contains
	Inside int    // the index of the frame around it; −1: none
}

// Role says what kind of thing a box is.
type Role string

// The roles of boxes.
const (
	InputRole    Role = "input" // the examples, their labels, the masks of dropout, constants
	ParamRole    Role = "parameter"
	ForwardRole  Role = "forward"  // a layer, an op of the forward pass
	BackwardRole Role = "backward" // an op of the backward pass
	GradientRole Role = "gradient" // an op of the backward pass whose result is a parameter's gradient
	CostRole     Role = "cost"
	FrameRole    Role = "frame"
)

const noBox = -1

// Arrow leads from the box with index From to the box with index To.
type Arrow struct{ From, To int }

// Diagram returns the network's diagram for training on mini-batches of the given size. It leaves out ops that neither the cost nor a gradient
// needs, as the compiler does.
func (n *Net) Diagram(level Level, batch int) (d Diagram, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("graph: %w", err)
		}
	}()
	defer op.Catch(&err)
	if batch < 1 {
		op.Fail("mini-batches of %d; use at least 1 example", batch)
	}
	b, cost := n.training(batch, n.buffer(batch*n.Input.TotalSize()), n.buffer(batch*n.Outputs))
	forward := len(b.graph.AllNodes())
	switch level {
	case LayerLevel:
		return b.outline.Diagram, nil
	case OpLevel:
		d, _ = b.ops(cost, forward)
		return d, nil
	case GradientLevel, FoldedLevel:
		err := differentiate(cost, b)
		d, nodes := b.ops(cost, forward)
		if level == FoldedLevel && err == nil {
			d = b.fold(d, nodes)
		}
		return d, err
	}
	return d, fmt.Errorf("no level %q; use %s, %s, %s or %s", level, LayerLevel, OpLevel, GradientLevel, FoldedLevel)
}

// ops returns the diagram of the graph's nodes, and the node of each box. The first nodes are the forward pass.
func (b *Builder) ops(cost *Node, forward int) (d Diagram, nodes Nodes) {
	needed := map[int64]bool{}
	need(needed, cost)
	for _, p := range b.nodes {
		need(needed, p.Deriv())
	}
	index := map[int64]int{}
	for i, n := range b.graph.AllNodes() {
		if !needed[n.ID()] {
			continue
		}
		index[n.ID()] = len(d.Boxes)
		nodes = append(nodes, n)
		d.Boxes = append(d.Boxes, b.box(n, n == cost, i < forward))
	}
	for _, n := range b.graph.AllNodes() {
		if to, ok := index[n.ID()]; ok {
			for _, c := range op.Inputs(n) {
				d.arrow(index[c.ID()], to)
			}
		}
	}
	return d, nodes
}

// training builds the graph of a training step that reads its examples and labels from x and label.
func (n *Net) training(batch int, x, label any) (b *Builder, cost *Node) {
	b, in := n.builder(use{batch, training}, x)
	y := n.layer.Build(b, in)
	b.outline.end(y, n.Loss)
	return b, n.cost(b, y, b.variable("label", Shape{batch, n.Outputs}, label))
}

// Trace is the network's diagram for a training step on the examples x (m, Input) with the targets y (m, Outputs), at GradientLevel, and the
// value that each of its boxes has in that step. A loss that looks at no targets needs none. The ops are run one by one, without the program, and
// nothing is updated.
func (n *Net) Trace(x, y []float32) (d Diagram, values [][]float64, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("graph: %w", err)
		}
	}()
	defer op.Catch(&err)
	in := n.Input.TotalSize()
	batch := len(x) / in
	if n.Targets == 0 && len(y) == 0 {
		y = make([]float32, batch*n.Outputs) // the loss looks at none
	}
	if batch < 1 || len(x) != batch*in || len(y) != batch*n.Outputs {
		op.Fail("x of %d numbers, y of %d; use (m, %d) and (m, %d)", len(x), len(y), in, n.Outputs)
	}
	inputs, targets := n.buffer(len(x)), n.buffer(len(y))
	convert(inputs, x)
	convert(targets, y)
	switch t := targets.(type) {
	case []float32:
		smooth(t, n.Outputs, float32(n.Loss.Smoothing))
	case []float64:
		smooth(t, n.Outputs, n.Loss.Smoothing)
	}
	b, cost := n.training(batch, inputs, targets)
	n.drop(b.masks)
	forward := len(b.graph.AllNodes())
	if err := differentiate(cost, b); err != nil {
		return d, nil, err
	}
	d, nodes := b.ops(cost, forward)
	values = make([][]float64, len(nodes))
	err = vm.Interpret(b.graph, func(node *Node, v gorgonia.Value) bool {
		if i := slices.Index(nodes, node); i >= 0 {
			values[i] = make([]float64, max(1, v.Shape().TotalSize()))
			convert(values[i], v.Data())
		}
		return true
	})
	return d, values, err
}

// drop draws the dropout masks of the next step.
func (n *Net) drop(masks []mask) {
	for i := range masks {
		if n.config.Float64 {
			fillMask[float64](&masks[i], n.config.Seed, n.Steps)
		} else {
			fillMask[float32](&masks[i], n.config.Seed, n.Steps)
		}
	}
}

// need marks a node and everything that it is computed from.
func need(needed map[int64]bool, n *Node) {
	if n == nil || needed[n.ID()] {
		return
	}
	needed[n.ID()] = true
	for _, c := range op.Inputs(n) {
		need(needed, c)
	}
}

// box returns a node as a box.
func (b *Builder) box(n *Node, cost, forward bool) Box {
	box := Box{Label: n.Name(), Role: InputRole, Shape: n.Shape(), Inside: noBox}
	switch {
	case slices.Contains(b.leaves, n):
		box.Role = ParamRole
	case op.IsConstant(n):
	case n.Op() != nil:
		box.Label = opLabel(n.Op())
		box.Role = BackwardRole
		if forward {
			box.Role = ForwardRole
		}
		if cost {
			box.Role = CostRole
		}
	}
	var of []string
	for i, p := range b.nodes {
		if p.Deriv() == n {
			of = append(of, b.params[i].Name)
			box.Role = GradientRole
		}
	}
	box.Of = strings.Join(of, ", ")
	return box
}

// opLabel returns an op's name without the shape that some of ours end in and the word that some of Gorgonia's end in.
func opLabel(op gorgonia.Op) string {
	label, _, _ := strings.Cut(fmt.Sprint(op), "/(")
	return strings.TrimSuffix(label, " false")
}

// arrow adds an arrow unless it is there already.
func (d *Diagram) arrow(from, to int) {
	if a := (Arrow{from, to}); from != noBox && !slices.Contains(d.Arrows, a) {
		d.Arrows = append(d.Arrows, a)
	}
}
