package vm

import (
	"fmt"
	"runtime"
	"unsafe"

	"github.com/stheno-ml/stheno/graph/op"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/stheno-ml/stheno/internal/kernel"
	"github.com/stheno-ml/stheno/internal/team"
)

// VM is a compiled graph: a flat list of steps over memory that was placed in advance. It implements gorgonia.VM: RunAll reads the
// values of the graph's inputs, leaves the outputs in their nodes' Value and the gradients in the parameters' Grad. It is not for
// use by several goroutines at once.
type VM struct {
	steps   []team.Job
	threads int
	inputs  []input
	after   []func() // what publishes results that no step writes in place
	data    map[int64]any
	listing string
	err     error // of a step

	activations, scratch int // bytes
	half                 int // columns of the first half of a product's sparse input; 0: it is not split
}

// input is a variable of the graph, and how to read a value that was bound to it since it was compiled.
type input struct {
	node  *op.Node
	value gorgonia.Value
	load  func(gorgonia.Value) error
}

var _ gorgonia.VM = (*VM)(nil)

// RunAll runs the program once. Unlike the TapeMachine it needs no Reset between runs.
func (vm *VM) RunAll() error {
	for i := range vm.inputs {
		in := &vm.inputs[i]
		if v := in.node.Value(); v != in.value {
			if err := in.load(v); err != nil {
				return fmt.Errorf("vm: input %s: %w", in.node.Name(), err)
			}
		}
	}
	vm.err = nil
	for i := range vm.steps {
		team.Do(&vm.steps[i], vm.threads)
		if vm.err != nil {
			break
		}
	}
	for _, f := range vm.after {
		f()
	}
	return vm.err
}

// Reset does nothing: there is no state between runs.
func (vm *VM) Reset() {}

// Close does nothing: the VM holds memory only.
func (vm *VM) Close() error { return nil }

// String lists the program, an instruction a line: its result, the op, what it reads. Lines marked | run in one step with the line
// above, example by example.
func (vm *VM) String() string { return vm.listing }

// Data is the memory, []float32 or []float64, of one of the outputs that the program was compiled for.
func (vm *VM) Data(n *op.Node) any { return vm.data[n.ID()] }

// Half is how many columns of the graph's input the first of two processors works on, where the first product is split between them; 0 where
// it is not.
func (vm *VM) Half() int { return vm.half }

// Memory is what the program holds, in bytes: intermediate values, and partial sums and lists of what is not zero.
func (vm *VM) Memory() (activations, scratch int) { return vm.activations, vm.scratch }

// linker gives a program's values their memory and turns its instructions into steps.
type linker[T kernel.Float] struct {
	vm   *VM
	mem  map[*value][]T // by root
	rule *Descent
}

func link[T kernel.Float](p *program, threads int) (*VM, error) {
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	l := &linker[T]{&VM{threads: threads, data: map[int64]any{}, listing: p.String(), scratch: p.lists}, map[*value][]T{}, p.rule}
	if err := l.leaves(p); err != nil {
		return nil, err
	}
	if p.rule == nil {
		l.gradients(p)
	}
	arena := l.make(p.arena, &l.vm.activations)
	for _, v := range p.values {
		switch {
		case v.of != nil || l.mem[v] != nil || v.born < 0: // none of its own, has it, or is never written
		case v.keep:
			l.mem[v] = l.make(max(1, v.shape.TotalSize()), &l.vm.activations)
		default:
			l.mem[v] = arena[v.at : v.at+max(1, v.shape.TotalSize())]
		}
	}
	for _, n := range p.outs {
		l.publish(n, l.of(p.byID[n.ID()]))
	}
	for _, block := range p.blocks {
		l.vm.steps = append(l.vm.steps, l.steps(block)...)
	}
	return l.vm, nil
}

// make is new memory, on the account given.
func (l *linker[T]) make(elements int, bytes *int) []T {
	*bytes += elements * int(unsafe.Sizeof(T(0)))
	return make([]T, elements)
}

// of is the memory of v.
func (l *linker[T]) of(v *value) []T { return l.mem[v.root()] }

// leaves takes the memory of the graph's variables and constants.
func (l *linker[T]) leaves(p *program) error {
	for _, v := range p.values {
		if !v.leaf() {
			continue
		}
		from := v.node.Value()
		if c, ok := v.node.Op().(interface{ Value() gorgonia.Value }); ok {
			from = c.Value()
		}
		data, err := op.Elements[T](from)
		if err != nil {
			return fmt.Errorf("vm: input %s: %w", v.node.Name(), err)
		}
		l.mem[v] = data
		if !op.IsConstant(v.node) {
			l.vm.inputs = append(l.vm.inputs, input{v.node, from, l.reload(v, data)})
		}
	}
	return nil
}

// reload copies another value into the memory that the program reads.
func (l *linker[T]) reload(v *value, data []T) func(gorgonia.Value) error {
	return func(x gorgonia.Value) error {
		if x == nil || !x.Shape().Eq(v.shape) {
			return fmt.Errorf("value %v does not have shape %v", x, v.shape)
		}
		d, err := op.Elements[T](x)
		copy(data, d)
		return err
	}
}

// gradients lets the program write each gradient where the parameter wants it, in memory bound by gorgonia.WithGrad before, or in
// new memory that it binds.
func (l *linker[T]) gradients(p *program) {
	for _, w := range p.params {
		if w.Deriv() == nil {
			continue
		}
		var grad []T
		if g, err := w.Grad(); err == nil {
			grad, _ = op.Elements[T](g)
		}
		if len(grad) != max(1, w.Shape().TotalSize()) {
			grad = make([]T, max(1, w.Shape().TotalSize()))
			gorgonia.WithGrad(tensor.New(tensor.WithShape(w.Shape()...), tensor.WithBacking(grad)))(w)
		}
		v := p.byID[w.Deriv().ID()].root()
		if l.mem[v] == nil {
			l.mem[v] = grad
			continue
		}
		from := l.mem[v]
		l.vm.after = append(l.vm.after, func() { copy(grad, from) })
	}
}

// publish makes n's Value show memory after each run.
func (l *linker[T]) publish(n *op.Node, memory []T) {
	l.vm.data[n.ID()] = memory
	if n.Op() == nil || op.IsConstant(n) {
		return
	}
	if !n.Shape().IsScalar() {
		gorgonia.UnsafeLet(n, tensor.New(tensor.WithShape(n.Shape()...), tensor.WithBacking(memory)))
		return
	}
	var v gorgonia.Value
	switch m := any(memory).(type) {
	case []float32:
		f := gorgonia.NewF32(0)
		v, l.vm.after = f, append(l.vm.after, func() { *f = gorgonia.F32(m[0]) })
	case []float64:
		f := gorgonia.NewF64(0)
		v, l.vm.after = f, append(l.vm.after, func() { *f = gorgonia.F64(m[0]) })
	}
	gorgonia.UnsafeLet(n, v)
}
