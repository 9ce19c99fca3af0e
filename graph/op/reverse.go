package op

import (
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Gradients returns the gradients of a cost with respect to wrt, given dy, its gradient with respect to y. They are new nodes in y's graph, or nil
// if no path of gradients leads to y. It neither reads nor sets the nodes' Deriv. Call it only where you may call [Op.Apply]: an op without
// a derivative fails the build, with the op's name.
func Gradients(y, dy *Node, wrt ...*Node) Nodes {
	return (&reverse{wrt: wrt, depends: map[*Node]bool{}}).from(y, dy)
}

// defined returns the gradient rules of an op with that many inputs that f defines by smaller ops. It is for gradient ops, whose kernels do
// in one pass what f does in several. f is built only if someone asks for a higher derivative.
func defined(inputs int, f func(x Nodes) *Node) []Grad {
	rules := make([]Grad, inputs)
	for i := range rules {
		rules[i] = func(x Nodes, _, dy *Node) *Node {
			x = apart(x)
			return (&reverse{wrt: x[i : i+1], stop: x, depends: map[*Node]bool{}}).from(f(x), dy)[0]
		}
	}
	return rules
}

// apart returns new nodes for the same inputs, all different, so that each has a partial derivative of its own.
func apart(x Nodes) Nodes {
	x = slices.Clone(x)
	for i := range x {
		if slices.Contains(x[:i], x[i]) {
			x[i] = Again(i).Apply(x[i])
		}
	}
	return x
}

// Again is a new node for x, as input i of an op.
func Again(i int) *Op {
	return &Op{
		Name: fmt.Sprintf("again/%d", i), View: true, F32: copyDo[float32], F64: copyDo[float64],
		Shape: func(x []Shape) (Shape, error) { return x[0].Clone(), nil },
		Grad:  []Grad{func(_ Nodes, _, dy *Node) *Node { return dy }},
	}
}

// reverse is one backward walk from a node to wrt.
type reverse struct {
	wrt     Nodes
	stop    Nodes          // treated as variables, whatever they are computed from
	depends map[*Node]bool // whether a node depends on wrt, for all visited nodes
	order   Nodes          // the nodes that do, inputs before their users
}

func (r *reverse) from(y, dy *Node) Nodes {
	r.visit(y)
	grad := map[*Node]*Node{y: dy}
	for _, n := range slices.Backward(r.order) {
		if grad[n] == nil || n.Op() == nil || slices.Contains(r.stop, n) {
			continue
		}
		x := Inputs(n)
		for i, dx := range r.pull(n, x, grad[n]) {
			if dx == nil {
				continue
			}
			dx = fit(n, dx, x[i].Shape())
			if before := grad[x[i]]; before != nil {
				dx = Add.Apply(before, dx)
			}
			grad[x[i]] = dx
		}
	}
	dx := make(Nodes, len(r.wrt))
	for i, n := range r.wrt {
		dx[i] = grad[n]
	}
	return dx
}

// visit reports whether n depends on wrt, and lists n if it does.
func (r *reverse) visit(n *Node) bool {
	if d, seen := r.depends[n]; seen {
		return d
	}
	d := slices.Contains(r.wrt, n)
	if !slices.Contains(r.stop, n) {
		for _, x := range Inputs(n) {
			d = r.visit(x) || d
		}
	}
	if r.depends[n] = d; d {
		r.order = append(r.order, n)
	}
	return d
}

// pull returns the gradients with respect to those inputs of n that depend on wrt, given that with respect to n. A gradient is nil if n's op
// treats the input as a constant.
func (r *reverse) pull(n *Node, x Nodes, dy *Node) Nodes {
	defer Wrap(func(err error) error { return fmt.Errorf("gradient of %v: %w", n.Op(), err) })
	rules := rulesOf(n, len(x))
	if !slices.ContainsFunc(rules, func(rule Grad) bool { return rule != nil }) && !stepwise(n.Op()) {
		Fail("the op has no gradient rule; use another op")
	}
	dx := make(Nodes, len(x))
	for i, rule := range rules {
		if rule != nil && r.depends[x[i]] {
			dx[i] = rule(x, n, dy)
		}
	}
	return dx
}

// rulesOf returns the gradient rules of n's op, which has that many inputs.
func rulesOf(n *Node, inputs int) []Grad {
	if own := Of(n.Op()); own != nil {
		return own.Grad
	}
	if rules := corrected(n.Op()); rules != nil {
		return rules
	}
	do, ok := n.Op().(gorgonia.SDOp)
	if !ok {
		return nil
	}
	rules := make([]Grad, inputs)
	var dx Nodes
	for i, wrt := range do.DiffWRT(inputs) {
		if wrt {
			rules[i] = func(x Nodes, y, dy *Node) *Node {
				if dx == nil {
					dx = must(do.SymDiff(x, y, dy))
				}
				return dx[i]
			}
		}
	}
	return rules
}

// must returns the result of one of Gorgonia's functions, and fails the build on its error.
func must[T any](x T, err error) T {
	if err != nil {
		Fail("%w", err)
	}
	return x
}

// fit gives dx, a gradient by n's op, the shape of the input that it belongs to: Gorgonia's ops lose axes of length 1.
func fit(n, dx *Node, to Shape) *Node {
	switch from := dx.Shape(); {
	case slices.Equal(from, to):
		return dx
	case from.TotalSize() != to.TotalSize():
		Fail("gradient of %v: it is %v for an input %v; use another op", n.Op(), from, to)
	}
	return Reshape(to).Apply(dx)
}

// One is the constant 1 of n's element type. It has a name of its own, because Gorgonia takes constants with the same name for the same node.
func One(n *Node) *Node {
	var v gorgonia.Value
	switch n.Dtype() {
	case tensor.Float32:
		v = gorgonia.NewF32(1)
	case tensor.Float64:
		v = gorgonia.NewF64(1)
	default:
		Fail("%v is of %v; use float32 or float64", n, n.Dtype())
	}
	return n.Graph().AddNode(gorgonia.NewConstant(v, gorgonia.WithName("one/"+n.Dtype().String())))
}
