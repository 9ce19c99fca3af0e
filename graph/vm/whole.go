package vm

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/stheno-ml/stheno/graph/op"

	"gorgonia.org/gorgonia"
)

// whole compiles the graph of New's machine. Its outputs are the roots, which no other node reads, the gradients of the inputs, and what
// options and statements name.
//
// The first run computes all, as the TapeMachine does in every run, so that whatever fails fails then. After that, the gradients that nobody
// asked for are left out: differentiation makes one of each input of an op, such as that of the mini-batch, which takes as much time as
// the product before it, and which no one has a pointer to.
func (vm *VM) whole() (err error) {
	defer rescue(&err)
	if vm.graph == nil {
		return errors.New("the graph is nil; make one with gorgonia.NewGraph")
	}
	nodes := vm.nodes // what comes later is not part of the machine, as with the TapeMachine
	if nodes == nil {
		nodes = slices.Clone(vm.graph.AllNodes())
	}
	has := map[*op.Node]bool{} // a node of a subgraph says that it is of the graph of which that is a part
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

// check says which node cannot be named in an option.
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

// request is the program to be compiled: its nodes, and what is wanted of them.
func (vm *VM) request(nodes op.Nodes, has map[*op.Node]bool) *program {
	if vm.moving == nil {
		vm.moving = map[uintptr]bool{}
	}
	read := map[*op.Node]bool{} // but by gradients: that of a mean reads the mean, which is a root to its user all the same
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

// strays are the nodes that only gradients which nobody asked for need. Such a gradient is a root that differentiation made, after the cost,
// and that is no node's derivative.
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

// isGradient says that differentiation made n, which only an unexported field tells.
func isGradient(n *op.Node) bool {
	group := reflect.ValueOf(n).Elem().FieldByName("group").String()
	return group == "gradients" || group == "undifferentiated nodes"
}

// hide takes n's value away, which is of another machine, or of a run before, and would not change any more. A graph can take away its
// nodes' values only; it takes their memory too, which somebody may still use, so that n gets a value first that nobody does.
func hide(n *op.Node) {
	v := n.Value()
	if v == nil || op.IsConstant(n) || stock(n.Op(), "randomOp") { // which Gorgonia takes for an input
		return
	}
	if d, _ := n.Grad(); d != nil && (n.Deriv() == nil || d != n.Deriv().Value()) {
		return // the memory of a gradient bound to it would be taken too
	}
	if gorgonia.UnsafeLet(n, zero(v)) == nil {
		n.Graph().Subgraph(n, n).UnbindAllNonInputs()
	}
}

func isStatement(n *op.Node) bool { return stock(n.Op(), "readOp") || stock(n.Op(), "letOp") }

// statement is a node without a value: gorgonia.Read's, which copies a node's value after a run, or gorgonia.Set's, which makes it the
// value of an input.
type statement struct {
	from *op.Node
	into *gorgonia.Value // Read's
	to   *op.Node        // Set's
}

func statementOf(n *op.Node) statement {
	x := op.Inputs(n)
	if stock(n.Op(), "letOp") {
		return statement{from: x[1], to: x[0]}
	}
	// Where Read's value is to go stands in an unexported field only. A pointer may be looked at all the same.
	into := reflect.ValueOf(n.Op()).FieldByName("into").UnsafePointer()
	return statement{from: x[0], into: (*gorgonia.Value)(into)}
}

// label names a node in an error: by its name, or by its ID and the IDs of what it reads, as Gorgonia prints them.
func label(n *op.Node) string {
	if n.Op() == nil || op.IsConstant(n) {
		return n.Name()
	}
	return fmt.Sprintf("%%%x = %s", n.ID(), n.Name())
}

// stock says that o is the op of package gorgonia whose type has this name.
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
