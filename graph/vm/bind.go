package vm

import (
	"fmt"

	"github.com/stheno-ml/stheno/graph/op"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// input is a variable of the graph. load is called before each run, because the user may bind another value or change the value in place.
type input interface{ load() error }

// leaf is an input whose elements are in memory. The program reads the bound tensor's own memory if it is row-major and stays the same, as for
// weights. Otherwise it reads a copy, made before each run, as for mini-batches. It never writes to the bound tensor.
type leaf[T kernel.Float] struct {
	vm     *VM
	node   *op.Node
	memory *memory
	at     *T  // the first element that the program reads in the bound tensor's memory
	copy   []T // nil: the program reads the bound tensor's memory
}

// bind gives v, a variable or constant, its memory.
func bind[T kernel.Float](vm *VM, v *value) error {
	l := &leaf[T]{vm: vm, node: v.node, memory: new(memory)}
	vm.memory[v] = l.memory
	if t, ok := v.node.Value().(*tensor.Dense); ok && plain(t) && len(backing[T](t)) == v.elements() {
		d := backing[T](t)
		l.at = &d[0]
		l.memory.set(d)
	} else {
		l.own(v.elements())
	}
	if !op.IsConstant(v.node) {
		vm.inputs = append(vm.inputs, l)
	}
	return l.load()
}

// own switches the input to memory of the program's own.
func (l *leaf[T]) own(n int) {
	l.copy = make([]T, n)
	l.memory.set(l.copy)
	l.vm.moved = true
}

// direct reports whether the program reads the bound tensor's own memory.
func (l *leaf[T]) direct() bool { return l.copy == nil }

func (l *leaf[T]) load() error {
	v := l.node.Value()
	if l.copy == nil {
		if t, ok := v.(*tensor.Dense); ok && plain(t) {
			if d := backing[T](t); len(d) == len(elements[T](l.memory)) && &d[0] == l.at {
				return nil
			}
		}
		l.own(len(elements[T](l.memory)))
	}
	if v == nil {
		return unbound(l.node)
	}
	if !put(l.copy, v) {
		return fmt.Errorf("input %s: a %T of shape %v and type %v does not fit a node of shape %v and type %v", label(l.node), v, v.Shape(), v.Dtype(), l.node.Shape(), l.node.Dtype())
	}
	return nil
}

func unbound(n *op.Node) error {
	return fmt.Errorf("input %s has no value; bind one with gorgonia.Let before the run", label(n))
}

// other is an input of another element type, such as int or bool. Only Gorgonia's ops read it, in the form in which it is bound.
type other struct {
	node *op.Node
	slot *slot
}

func (o other) load() error {
	if o.slot.value = o.node.Value(); o.slot.value == nil {
		return unbound(o.node)
	}
	return nil
}

// leaves binds the graph's variables and constants.
func (vm *VM) leaves() error {
	for _, v := range vm.program.values {
		if !v.leaf() {
			continue
		}
		var err error
		switch v.dtype {
		case tensor.Float32:
			err = bind[float32](vm, v)
		case tensor.Float64:
			err = bind[float64](vm, v)
		default:
			o := other{v.node, vm.slot(v)}
			vm.inputs = append(vm.inputs, o)
			err = o.load()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// slot returns v as Gorgonia's ops and nodes see it.
func (vm *VM) slot(v *value) *slot {
	s := vm.slots[v]
	if s == nil {
		s = &slot{memory: vm.memory[v.root()]}
		vm.slots[v] = s
	}
	if s.memory != nil && s.value == nil {
		shape, number := v.shape, v.shape.IsScalar()
		if bound := v.node.Value(); v.leaf() && bound != nil { // its form may differ from the node's, as (n,1) differs from (n)
			_, scalar := bound.(gorgonia.Scalar)
			shape, number = bound.Shape().Clone(), scalar
		}
		s.show(shape, number)
	}
	return s
}
