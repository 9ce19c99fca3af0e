package graph

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/graph/vm"
)

// Value is a tensor in a network's forward pass: see [Net.Forward].
type Value struct {
	Op    string   // the op that computes it, up to the first slash of its name; "" for a leaf: the examples, a parameter or a constant
	Args  []string // what follows between slashes, such as 2 in maxPool/2; nil if it depends on the mini-batch size
	X     []int    // the op's inputs, as indices into the list
	Shape Shape    // a length −k means k times the mini-batch size
	Name  string   // the name of a leaf; "" for a constant
	Data  any      // for a leaf, []float32 or []float64, row-major; one number for all elements if the shape depends on the mini-batch; nil for the examples
	Layer string   // the layer whose Build created it, with its number, as in errors
}

// Forward returns the network as it predicts, op by op, for programs that export it. Each value comes after its inputs, and the outputs
// (m, Outputs) come last. The Data of parameters is the network's own memory. Gorgonia's ops appear as the equivalent ops of package op. A
// Gorgonia op without an equivalent has its Go type as its name.
func (n *Net) Forward() (values []Value, err error) {
	defer func() {
		if err != nil {
			values, err = nil, fmt.Errorf("graph: %w", err)
		}
	}()
	// Whatever differs between graphs for two mini-batch sizes depends on the size.
	values, err = n.predicting(2)
	if err != nil {
		return nil, err
	}
	other, err := n.predicting(3)
	if err != nil {
		return nil, err
	}
	if len(other) != len(values) {
		return nil, errors.New("the network's ops depend on the mini-batch size; build the same ones for every size")
	}
	for i := range values {
		if err := values[i].free(other[i]); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// predicting returns the network as it predicts on mini-batches of m examples.
func (n *Net) predicting(m int) (list []Value, err error) {
	defer op.Catch(&err)
	b, x := n.builder(use{m, predicting}, n.buffer(m*n.Input.TotalSize()))
	y := n.Loss.output(b, n.layer.Build(b, x))
	values, err := vm.Lowered(y)
	if err != nil {
		return nil, err
	}
	for _, v := range values {
		list = append(list, b.value(v))
	}
	return list, nil
}

// value returns v under the names that the network uses.
func (b *Builder) value(v vm.Value) Value {
	y := Value{X: v.X, Shape: v.Shape.Clone(), Layer: b.where(v.From)}
	switch {
	case v.Leaf && v.Node == b.input:
		y.Name = v.Node.Name()
	case v.Leaf:
		y.Data = v.Data
		if !op.IsConstant(v.Node) {
			y.Name = v.Node.Name()
		}
	case v.Op != nil:
		parts := strings.Split(v.Op.Name, "/")
		y.Op, y.Args = parts[0], parts[1:]
	default:
		y.Op, y.Args = fmt.Sprintf("%T", v.Node.Op()), []string{v.Node.Op().String()}
	}
	return y
}

// where names the layer whose Build created a node, with the layers around it, as in errors; or the loss.
func (b *Builder) where(n *Node) string {
	rows := b.outline.rows
	row, ok := b.outline.maker[n.ID()]
	if !ok {
		return "loss " + b.net.Loss.Name
	}
	path, depth := "", rows[row].Depth+1
	for _, r := range slices.Backward(rows[:row+1]) {
		if r.Depth < depth {
			path, depth = fmt.Sprintf(": layer %s %s%s", r.Name, r.Layer, path), r.Depth
		}
	}
	return path[2:]
}

// free makes v, built for mini-batches of 2, valid for any size, by comparing it with the same value for mini-batches of 3.
func (v *Value) free(o Value) error {
	differs := fmt.Errorf("%s: what it computes depends on the mini-batch size; make it the same for every size", v.Layer)
	if v.Op != o.Op || !slices.Equal(v.X, o.X) || len(v.Shape) != len(o.Shape) {
		return differs
	}
	depends := false
	for i, d := range v.Shape {
		if d == o.Shape[i] {
			continue
		}
		if 3*d != 2*o.Shape[i] {
			return differs
		}
		v.Shape[i], depends = -d/2, true
	}
	if !slices.Equal(v.Args, o.Args) {
		v.Args = nil
	}
	if v.Data == nil {
		return nil
	}
	if depends {
		v.Name = ""
		return v.fill(differs)
	}
	if !sameNumbers(v.Data, o.Data) {
		return differs
	}
	return nil
}

// fill keeps one number if all elements are the same.
func (v *Value) fill(differs error) error {
	switch x := v.Data.(type) {
	case []float32:
		v.Data = x[:1]
		if slices.ContainsFunc(x, func(a float32) bool { return a != x[0] }) {
			return differs
		}
	case []float64:
		v.Data = x[:1]
		if slices.ContainsFunc(x, func(a float64) bool { return a != x[0] }) {
			return differs
		}
	}
	return nil
}

// sameNumbers reports whether a and b have the same elements or share their memory.
func sameNumbers(a, b any) bool {
	if x, ok := a.([]float32); ok {
		y, ok := b.([]float32)
		return ok && (&x[0] == &y[0] || slices.Equal(x, y))
	}
	x, y := a.([]float64), b.([]float64)
	return &x[0] == &y[0] || slices.Equal(x, y)
}
