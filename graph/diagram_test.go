package graph

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph/op"
)

// drawn returns a diagram in one line: boxes with their inputs, and frames in brackets.
func drawn(d Diagram) string {
	var out []string
	for i, b := range d.Boxes {
		depth := ""
		for in := b.Inside; in >= 0; in = d.Boxes[in].Inside {
			depth += ">"
		}
		s := fmt.Sprintf("%s%d %s", depth, i, b.Label)
		if b.Of != "" {
			s += "=∇" + b.Of
		}
		var from []string
		for _, a := range d.Arrows {
			if a.To == i {
				from = append(from, fmt.Sprint(a.From))
			}
		}
		if len(from) > 0 {
			s += "(" + strings.Join(from, " ") + ")"
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

// block is a user's layer with layers inside it and ops of its own around them.
type block struct{}

func (block) Build(b *Builder, x *Node) *Node {
	y := op.Tanh.Apply(x)
	return op.Hadamard.Apply(Seq{Dense{Out: 10}, Sigmoid}.Build(b, y), op.ReLU.Apply(Seq{Dense{Out: 10}}.Build(b, x)))
}

// titled is a layer with its own name.
type titled struct{ Layer }

func (titled) String() string { return "a name of its own" }

func TestDiagram(t *testing.T) {
	for _, c := range []struct {
		net   Layer
		level Level
		want  string
	}{
		{Seq{Dense{Out: 10}, Sigmoid}, LayerLevel, "0 input, 1 dense(10)(0), 2 sigmoid(1), 3 quadratic(2)"},
		{Seq{Residual{Dense{Out: 4}, ReLU}, Dense{Out: 10}}, LayerLevel,
			"0 input, 1 residual, >2 dense(4)(0), >3 relu(2), >4 add(0 3), 5 dense(10)(4), 6 quadratic(5)"},
		{Seq{Residual{Residual{Dense{Out: 4}}}, Dense{Out: 10}}, LayerLevel,
			"0 input, 1 residual, >2 residual, >>3 dense(4)(0), >>4 add(0 3), >5 add(0 4), 6 dense(10)(5), 7 quadratic(6)"},
		// Layers that return their input belong to the branch that they are written in.
		{Seq{Residual{Flatten{}, Dropout{}, Tanh}, Flatten{}, Dense{Out: 10}}, LayerLevel,
			"0 input, 1 residual, >2 flatten(0), >3 dropout(0)(2), >4 tanh(3), >5 add(0 4), 6 flatten(5), 7 dense(10)(6), 8 quadratic(7)"},
		// Two layers that share a node are two boxes.
		{Seq{Residual{Tanh}, Residual{Seq{Tanh}}, Dense{Out: 10}}, LayerLevel,
			"0 input, 1 residual, >2 tanh(0), >3 add(0 2), 4 residual, >5 tanh(3), >6 add(3 5), 7 dense(10)(6), 8 quadratic(7)"},
		{Seq{Seq{Dense{Out: 10}, Seq{}}, Residual{}}, LayerLevel, "0 input, 1 dense(10)(0), 2 residual(1), 3 quadratic(2)"},
		{Seq{Seq{Flatten{}, Flatten{}}, Dense{Out: 10}}, LayerLevel, "0 input, 1 flatten(0), 2 flatten(1), 3 dense(10)(2), 4 quadratic(3)"},
		{Seq{Add{{}, {Tanh}, {Dense{Out: 4}, ReLU}}, Dense{Out: 10}}, LayerLevel,
			"0 input, 1 add, >2 tanh(0), >3 dense(4)(0), >4 relu(3), >5 add(0 2 4), 6 dense(10)(5), 7 quadratic(6)"},
		{Seq{Concat{{Tanh}, {ReLU}, {}}, Dense{Out: 10}}, LayerLevel,
			"0 input, 1 concat, >2 tanh(0), >3 relu(0), >4 concat(2 3 0), 5 dense(10)(4), 6 quadratic(5)"},
		{Seq{Repeat{2, Seq{Dense{Out: 4}, Tanh}}, Dense{Out: 10}}, LayerLevel,
			"0 input, 1 repeat(2), >2 dense(4)(0), >3 tanh(2), >4 dense(4)(3), >5 tanh(4), 6 dense(10)(5), 7 quadratic(6)"},
		{Graph{
			{Layer: Dense{Out: 4}, Name: "trunk"}, {Layer: Tanh, Name: "left"}, {Layer: Flatten{}, Name: "right", From: []string{"trunk"}},
			{Layer: Add{}, From: []string{"left", "right", "input"}}, {Layer: Dropout{}},
		}, LayerLevel,
			"0 input, 1 graph, >2 dense(4)(0), >3 tanh(2), >4 flatten(2), >5 add(3 4 0), >6 dropout(0)(5), 7 quadratic(6)"},
		{Graph{
			{Layer: Dense{Out: 4}, Name: "a"}, {Layer: Flatten{}, Name: "b"}, {Layer: Tanh, Name: "c", From: []string{"a"}},
			{Layer: Add{}, From: []string{"b", "c"}},
		}, LayerLevel, "0 input, 1 graph, >2 dense(4)(0), >3 flatten(2), >4 tanh(2), >5 add(3 4), 6 quadratic(5)"},
		{Seq{titled{Tanh}, Residual{titled{Seq{Tanh, Tanh}}}, Repeat{1, Seq{titled{Tanh}}}, Dense{Out: 10}}, LayerLevel,
			"0 input, 1 a name of its own(0), 2 residual, >3 a name of its own, >>4 tanh(1), >>5 tanh(4), >6 add(1 5), 7 repeat(1), " +
				">8 a name of its own(6), 9 dense(10)(8), 10 quadratic(9)"},
		{block{}, LayerLevel, "0 input, 1 block, >2 tanh(0), >3 dense(10)(2), >4 sigmoid(3), >5 dense(10)(0), >6 hadamard(4 5), 7 quadratic(6)"},
		{Seq{Dense{Out: 10}, Residual{}}, OpLevel, "0 x, 1 dense1.w, 2 dense1.b, 3 affine(0 1 2), 4 add(3), 5 label, 6 quadratic(4 5)"},
		{Seq{Dense{Out: 10}, Sigmoid}, OpLevel,
			"0 x, 1 dense1.w, 2 dense1.b, 3 affine(0 1 2), 4 sigmoid(3), 5 label, 6 quadratic(4 5)"},
		{Seq{Dense{Out: 4}, Residual{Tanh}}, GradientLevel,
			"0 x, 1 dense1.w, 2 dense1.b, 3 affine(0 1 2), 4 tanh(3), 5 add(3 4), 6 label, 7 quadratic(5 6), 8 1, 9 dQuadratic(5 6 8), " +
				"10 dTanh(4 9), 11 +(9 10), 12 tMul=∇dense1.w(0 11), 13 sumRows=∇dense1.b(11)"},
		{Seq{Dense{Out: 3, Init: Zero}, Dropout{P: .5}, Dense{Out: 10}}, GradientLevel,
			"0 x, 1 dense1.w, 2 dense1.b, 3 affine(0 1 2), 4 dropout1.mask, 5 hadamard(3 4), 6 dense2.w, 7 dense2.b, 8 affine(5 6 7), 9 label, " +
				"10 quadratic(8 9), 11 1, 12 dQuadratic(8 9 11), 13 mulT(12 6), 14 tMul=∇dense2.w(5 12), 15 sumRows=∇dense2.b(12), " +
				"16 dHadamard(13 4), 17 tMul=∇dense1.w(0 16), 18 sumRows=∇dense1.b(16)"},
	} {
		n, err := New(c.net, Quadratic, Shape{4}, Config{})
		if err != nil {
			t.Fatal(err)
		}
		d, err := n.Diagram(c.level, 7)
		if err != nil {
			t.Fatal(err)
		}
		if got := drawn(d); got != c.want {
			t.Errorf("%v, %s:\n%s, want\n%s", c.net, c.level, got, c.want)
		}
	}
}

// TestDiagramNumbers: shapes, parameters and roles; a frame has the parameters of the layers inside.
func TestDiagramNumbers(t *testing.T) {
	n, err := New(Seq{Residual{Dense{Out: 4}, Dense{Out: 4}}, Dense{Out: 10}}, Quadratic, Shape{4}, Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		level Level
		want  string
	}{
		{LayerLevel, "input (4) 0, frame (4) 40, forward (4) 20, forward (4) 20, forward (4) 0, forward (10) 50, cost () 0"},
		{OpLevel, "input (7, 4) 0, parameter (4, 4) 0, parameter (4) 0, forward (7, 4) 0, parameter (4, 4) 0, parameter (4) 0, forward (7, 4) 0, " +
			"forward (7, 4) 0, parameter (4, 10) 0, parameter (10) 0, forward (7, 10) 0, input (7, 10) 0, cost () 0"},
		{GradientLevel, "input (7, 4) 0, parameter (4, 4) 0, parameter (4) 0, forward (7, 4) 0, parameter (4, 4) 0, parameter (4) 0, forward (7, 4) 0, " +
			"forward (7, 4) 0, parameter (4, 10) 0, parameter (10) 0, forward (7, 10) 0, input (7, 10) 0, cost () 0, input () 0, " +
			"backward (7, 10) 0, backward (7, 4) 0, gradient (4, 10) 0, gradient (10) 0, backward (7, 4) 0, gradient (4, 4) 0, gradient (4) 0, " +
			"gradient (4, 4) 0, gradient (4) 0"},
	} {
		d, err := n.Diagram(c.level, 7)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, b := range d.Boxes {
			got = append(got, fmt.Sprintf("%s %v %d", b.Role, b.Shape, b.Params))
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: %s, want %s", c.level, s, c.want)
		}
	}
	for _, c := range []struct {
		level Level
		batch int
		want  string
	}{{"laier", 7, `graph: no level "laier"; use layer, op, gradient or folded`}, {LayerLevel, 0, "graph: mini-batches of 0; use at least 1 example"}} {
		if _, err := n.Diagram(c.level, c.batch); err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}
