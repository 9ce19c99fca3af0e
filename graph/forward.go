package graph

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/graph/vm"
)

// Value is a tensor of a network that predicts: see [Net.Forward].
type Value struct {
	Op    string   // what makes it: the name of an op up to its first slash; "" of a leaf: the examples, a parameter, a constant
	Args  []string // what is between the slashes after it, as 2 in maxPool/2; nil where it depends on the mini-batch size
	X     []int    // the op's inputs, by their place in the list
	Shape Shape    // a negative length −k stands for k times the size of the mini-batch
	Name  string   // of a leaf; "" of a constant
	Data  any      // of a leaf: []float32 or []float64, row-major; where the shape depends on the mini-batch, one number for all. Nil: the examples
	Layer string   // the layer in whose Build it was made, with its number, as errors have it
}

// Forward is the network as it predicts, op by op, for a program that writes it in a form that others read. Each value comes behind those that
// it is made of; the outputs (m, Outputs) are the last. The parameters' Data is the network's own memory. Gorgonia's ops are there as ours that
// do the same; one for which there is none has its Go type as name.
func (n *Net) Forward() (values []Value, err error) {
	defer func() {
		if err != nil {
			values, err = nil, fmt.Errorf("graph: %w", err)
		}
	}()
	// What differs between mini-batches of two sizes depends on the size.
	values, err = n.predicting(2)
	if err != nil {
		return nil, err
	}
	other, err := n.predicting(3)
	if err != nil {
		return nil, err
	}
	if len(other) != len(values) {
		return nil, errors.New("the network has other ops for mini-batches of another size; build the same ones for all")
	}
	for i := range values {
		if err := values[i].free(other[i]); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// predicting is the network as it predicts on mini-batches of m.
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

// value is v with names.
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

// where is the layer in whose Build a node was made, with the layers around it, as in errors; or the loss.
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

// free makes v, for mini-batches of 2, one of any size, by the same value for mini-batches of 3.
func (v *Value) free(o Value) error {
	differs := fmt.Errorf("%s: what it computes depends on the mini-batch size; build the same for all", v.Layer)
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

// fill keeps one number of those that are all the same.
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

// sameNumbers says that a and b have the same elements, or share their memory.
func sameNumbers(a, b any) bool {
	if x, ok := a.([]float32); ok {
		y, ok := b.([]float32)
		return ok && (&x[0] == &y[0] || slices.Equal(x, y))
	}
	x, y := a.([]float64), b.([]float64)
	return &x[0] == &y[0] || slices.Equal(x, y)
}
