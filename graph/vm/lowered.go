package vm

import (
	"fmt"
	"slices"

	"github.com/stheno-ml/stheno/graph/op"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Value is a tensor of a lowered graph.
type Value struct {
	Node  *op.Node // the node that it is, or that it is a part of
	From  *op.Node // the node whose op is defined by smaller ops, of which this is one; otherwise Node
	Leaf  bool     // it is a variable or a constant, with its elements in Data
	Op    *op.Op   // the op that makes it, unless it is a leaf; nil: the node's own Gorgonia op, which has no equivalent
	X     []int    // the op's inputs, as indices
	Shape op.Shape
	Data  any // []float32 or []float64, row-major
}

// Lowered returns how n is computed, in our ops as far as possible, for programs that export a graph to another form. Each value comes after its
// inputs, and n comes last. An op that is defined by smaller ops is replaced by these.
func Lowered(n *op.Node) (values []Value, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("vm: %w", err)
		}
	}()
	defer rescue(&err)
	defer op.Catch(&err)
	p := &program{outs: op.Nodes{n}, of: map[*op.Node]*value{}}
	l := lister{index: map[*value]int{}, from: map[*op.Node]*op.Node{}}
	l.unfold(p, n, nil)
	order(p)
	lower(p)
	l.add(p.of[n])
	return l.values, nil
}

// lister lists the values of a program.
type lister struct {
	values []Value
	index  map[*value]int
	from   map[*op.Node]*op.Node
}

// unfold replaces ops by the smaller ops that define them, in n and everything that n is computed from. New nodes are recorded as coming from top,
// or from themselves if top is nil.
func (l *lister) unfold(p *program, n, top *op.Node) {
	if l.from[n] != nil {
		return
	}
	if l.from[n] = top; top == nil {
		l.from[n] = n
	}
	x := op.Inputs(n)
	for _, c := range x {
		l.unfold(p, c, top)
	}
	o := op.Of(n.Op())
	if o == nil || o.Made == nil {
		return
	}
	made := o.Made(x)
	if made == nil || !slices.Equal(made.Shape(), n.Shape()) {
		op.Fail("%s: what it is made of is not of its shape %v", o.Name, n.Shape())
	}
	l.unfold(p, made, l.from[n])
	p.of[n] = p.visit(made)
}

// add lists v after its inputs, and returns its index.
func (l *lister) add(v *value) int {
	if i, ok := l.index[v]; ok {
		return i
	}
	y := Value{Node: v.node, From: l.from[v.node], Shape: v.shape}
	if y.From == nil {
		y.From = v.node
	}
	switch {
	case v.of != nil:
		y.Op, y.X = op.Reshape(v.shape), []int{l.add(v.of)}
	case v.by == nil:
		y.Leaf, y.Data = true, data(v.node)
	default:
		y.Op = v.by.own
		for _, x := range v.by.x {
			y.X = append(y.X, l.add(x))
		}
	}
	l.index[v] = len(l.values)
	l.values = append(l.values, y)
	return l.index[v]
}

// data returns the elements of a leaf.
func data(n *op.Node) any {
	v := n.Value()
	if c, ok := n.Op().(interface{ Value() gorgonia.Value }); ok {
		v = c.Value()
	}
	if v.Dtype() == tensor.Float32 {
		return numbersOf[float32](v)
	}
	return numbersOf[float64](v)
}

func numbersOf[T float32 | float64](v gorgonia.Value) []T {
	x, err := op.Elements[T](v)
	if err != nil {
		op.Fail("%w", err)
	}
	return x
}
