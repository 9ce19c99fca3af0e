package vm

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/stheno-ml/stheno/graph/op"

	"gorgonia.org/gorgonia"
)

// whole compiles the graph of New's machine: all its nodes. Its outputs are the roots, which no other node reads, the gradients of the
// inputs, and what options and statements name.
func (vm *VM) whole() (err error) {
	defer rescue(&err)
	if vm.graph == nil {
		return errors.New("the graph is nil; make one with gorgonia.NewGraph")
	}
	o := vm.options
	has := map[*op.Node]bool{} // a node of a subgraph says that it is of the graph of which that is a part
	for _, n := range vm.graph.AllNodes() {
		has[n] = true
	}
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
	p := &program{alone: o.watch, dual: o.params, outs: slices.Concat(o.keep, o.params)}
	for _, n := range vm.graph.AllNodes() {
		if isStatement(n) {
			s := statementOf(n)
			p.statements = append(p.statements, s)
			p.outs = append(p.outs, s.from)
			continue
		}
		if n.Op() != nil {
			p.nodes = append(p.nodes, n)
		}
		if n.Deriv() != nil && (n.Op() == nil || slices.Contains(o.params, n)) {
			p.outs = append(p.outs, n.Deriv())
			if o.all {
				p.dual = append(p.dual, n)
			}
		}
	}
	return vm.compile(p)
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
