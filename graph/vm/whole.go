package vm

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/stheno-ml/stheno/graph/op"

	"gorgonia.org/gorgonia"
)

// whole compiles the graph for New's machine. The outputs are the roots, which no other node reads, the gradients of the inputs, and what options
// and statements name.
//
// The first run computes everything, as the TapeMachine does in every run, so that any failure shows in the first run. Later runs leave out
// gradients that nobody asked for. Differentiation makes one for each input of an op, such as the mini-batch; it takes as much time as the
// product before it, and no user has a pointer to it.
func (vm *VM) whole() (err error) {
	defer rescue(&err)
	if vm.graph == nil {
		return errors.New("the graph is nil; make one with gorgonia.NewGraph")
	}
	nodes := vm.nodes // the machine does not see later nodes, as with the TapeMachine
	if nodes == nil {
		nodes = slices.Clone(vm.graph.AllNodes())
	}
	has := map[*op.Node]bool{} // a node of a subgraph claims to belong to the larger graph
	for _, n := range nodes {
		has[n] = true
	}
	if err := vm.options.check(has); err != nil {
		return err
	}
	p := vm.request(nodes, has)
	stray := strays(p.nodes, p.outs)
	if vm.lean {
		p.nodes = slices.DeleteFunc(p.nodes, func(n *op.Node) bool { return stray[n] })
	}
	if err := vm.compile(p); err != nil {
		return err
	}
	vm.nodes, vm.more = nodes, !vm.lean && len(stray) > 0
	for _, n := range nodes {
		if n.Op() != nil && !isStatement(n) && (p.of[n] == nil || !p.of[n].keep) {
			hide(n)
		}
	}
	return nil
}

// check returns an error for a node that an option must not name.
func (o *options) check(has map[*op.Node]bool) error {
	for _, n := range slices.Concat(o.params, o.keep, o.watched) {
		switch {
		case n == nil:
			return errors.New("a nil among the nodes of an option; leave it out")
		case !has[n]:
			return fmt.Errorf("node %s is not of the machine's graph; name a node of the graph that New was given", label(n))
		case isStatement(n):
			return fmt.Errorf("node %s is a statement, which has no value; name the node that it reads", label(n))
		}
	}
	return nil
}

// request returns the program to compile: its nodes, and what is wanted of them.
func (vm *VM) request(nodes op.Nodes, has map[*op.Node]bool) *program {
	if vm.moving == nil {
		vm.moving = map[uintptr]bool{}
	}
	read := map[*op.Node]bool{} // except by gradients: a mean's gradient reads the mean, which is still a root to the user
	for _, n := range nodes {
		if !isStatement(n) && !isGradient(n) {
			for _, x := range op.Inputs(n) {
				read[x] = true
			}
		}
	}
	o := vm.options
	p := &program{moving: vm.moving, alone: o.watch, dual: slices.Clone(o.params), outs: slices.Concat(o.keep, o.params)}
	for _, n := range nodes {
		if isStatement(n) {
			s := statementOf(n)
			p.statements = append(p.statements, s)
			p.outs = append(p.outs, s.from)
			continue
		}
		if n.Op() != nil {
			p.nodes = append(p.nodes, n)
		}
		if n.Op() != nil && !read[n] && !isGradient(n) {
			p.outs = append(p.outs, n)
		}
		if has[n.Deriv()] && (n.Op() == nil || slices.Contains(o.params, n)) {
			p.outs = append(p.outs, n.Deriv())
			if o.all {
				p.dual = append(p.dual, n)
			}
		}
	}
	return p
}

// strays returns the nodes that only unrequested gradients need. Such a gradient is a root that differentiation made, after the cost, and that is
// not the derivative of any node.
func strays(nodes, wanted op.Nodes) map[*op.Node]bool {
	readers, cost := map[*op.Node]int{}, int64(-1)
	for _, n := range nodes {
		if n.Deriv() != nil {
			cost = max(cost, n.ID())
		}
		for _, x := range op.Inputs(n) {
			readers[x]++
		}
	}
	for _, n := range wanted {
		readers[n]++
	}
	stray := map[*op.Node]bool{}
	var drop func(n *op.Node)
	drop = func(n *op.Node) {
		stray[n] = true
		for _, x := range op.Inputs(n) {
			if readers[x]--; readers[x] == 0 && x.Op() != nil {
				drop(x)
			}
		}
	}
	for _, n := range nodes {
		if readers[n] == 0 && n.ID() > cost && !stray[n] && len(n.DerivOf()) == 0 && isGradient(n) {
			drop(n)
		}
	}
	return stray
}

// isGradient reports whether differentiation made n. Only an unexported field tells.
func isGradient(n *op.Node) bool {
	group := reflect.ValueOf(n).Elem().FieldByName("group").String()
	return group == "gradients" || group == "undifferentiated nodes"
}

// hide removes n's value, which belongs to another machine or an earlier run and would no longer change. Only a graph can remove its nodes'
// values, and it reclaims their memory, which somebody may still use. So hide first gives n a value that nobody uses.
func hide(n *op.Node) {
	v := n.Value()
	if v == nil || op.IsConstant(n) || stock(n.Op(), "randomOp") { // Gorgonia treats this as an input
		return
	}
	if d, _ := n.Grad(); d != nil && (n.Deriv() == nil || d != n.Deriv().Value()) {
		return // the memory of a gradient bound to it would be reclaimed, too
	}
	if gorgonia.UnsafeLet(n, zero(v)) == nil {
		n.Graph().Subgraph(n, n).UnbindAllNonInputs()
	}
}

func isStatement(n *op.Node) bool { return stock(n.Op(), "readOp") || stock(n.Op(), "letOp") }

// statement is a node without a value: gorgonia.Read's, which copies a node's value after a run, or gorgonia.Set's, which sets an input to
// a node's value.
type statement struct {
	from *op.Node
	into *gorgonia.Value // for Read
	to   *op.Node        // for Set
}

func statementOf(n *op.Node) statement {
	x := op.Inputs(n)
	if stock(n.Op(), "letOp") {
		return statement{from: x[1], to: x[0]}
	}
	// Only an unexported field says where Read's value goes. Reflection may still read a pointer.
	into := reflect.ValueOf(n.Op()).FieldByName("into").UnsafePointer()
	return statement{from: x[0], into: (*gorgonia.Value)(into)}
}

// label names a node in an error: by its name, or by its ID and the IDs of its inputs, as Gorgonia prints them.
func label(n *op.Node) string {
	if n.Op() == nil || op.IsConstant(n) {
		return n.Name()
	}
	return fmt.Sprintf("%%%x = %s", n.ID(), n.Name())
}

// stock reports whether o is the op of package gorgonia whose type has this name.
func stock(o gorgonia.Op, name string) bool {
	t := reflect.TypeOf(o)
	if t == nil {
		return false
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name() == name && t.PkgPath() == reflect.TypeFor[gorgonia.Node]().PkgPath()
}
