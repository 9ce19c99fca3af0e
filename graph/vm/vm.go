package vm

import (
	"errors"
	"fmt"
	"slices"

	"github.com/stheno-ml/stheno/graph/op"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/stheno-ml/stheno/internal/team"
)

// VM is a machine for one graph; it implements gorgonia.VM. Only one goroutine may use it at a time.
type VM struct {
	graph   *gorgonia.ExprGraph // to be compiled at the first run; nil: it is compiled
	options options

	more   bool             // the program has nodes that only the first run needs
	lean   bool             // the program has no such nodes
	nodes  op.Nodes         // the graph's nodes when it was compiled
	moving map[uintptr]bool // slices that were moved between runs

	program *program
	pace    pace
	threads int                // for the current run
	memory  map[*value]*memory // by root
	slots   map[*value]*slot
	rows    map[*value]*rows // for gradients, by root
	inputs  []input
	steps   []team.Job
	publish []func() error // show results in their nodes
	after   []func() error // add up gradients and execute statements
	moved   bool           // an input has new memory, so that the steps must be made again
	err     error          // an error of a step

	activations, scratch int // bytes
	half                 int // columns in the first half of a product's sparse input; 0: it is not split
}

var _ gorgonia.VM = (*VM)(nil)

// New returns a machine for any Gorgonia graph. It replaces gorgonia.NewTapeMachine and gives the same values. It compiles the graph at the first
// RunAll, so values may be bound after New, and RunAll returns the error for a graph that cannot run. Options are those of this package; leave out
// Gorgonia's own, such as WithPrecompiled.
func New(g *gorgonia.ExprGraph, opts ...Option) *VM {
	vm := &VM{graph: g}
	for _, o := range opts {
		if o != nil {
			o(&vm.options)
		}
	}
	if g == nil {
		return vm
	}
	for _, n := range g.AllNodes() {
		if o, ok := n.Op().(gorgonia.TrainModeOp); ok {
			o.SetTraining(!vm.options.eval)
		}
	}
	return vm
}

// Config says how to compile a program.
type Config struct {
	Threads int      // 0: one per processor, or one, whichever is faster. The program computes the same sums in the same order for any number
	Descent *Descent // nil: the program leaves the gradients; otherwise it makes a step of gradient descent instead
	Bound   bool     // inputs stay bound to their current tensors, so that runs need not look for new ones
}

// Compile turns a graph into a program that computes outs, and the gradients of params if gorgonia.Grad made them. It leaves out everything else in
// the graph. Unlike New's machine, the program overwrites gradients instead of adding them up.
func Compile(outs, params op.Nodes, c Config) (vm *VM, err error) {
	if len(outs) == 0 {
		return nil, errors.New("vm: nothing to compile; name at least one output")
	}
	if slices.Contains(outs, nil) || slices.Contains(params, nil) {
		return nil, errors.New("vm: a nil among the outputs or parameters; leave it out")
	}
	if c.Descent != nil {
		if len(c.Descent.Decay) != len(params) {
			return nil, fmt.Errorf("vm: Decay of %d parameters, but there are %d; give one for each", len(c.Descent.Decay), len(params))
		}
		for _, w := range params {
			if w.Deriv() == nil {
				return nil, fmt.Errorf("vm: parameter %s has no gradient; call gorgonia.Grad before", label(w))
			}
		}
	}
	vm = &VM{options: options{threads: c.Threads}}
	p := &program{outs: slices.Clone(outs), params: params, rule: c.Descent}
	if err := vm.compile(p); err != nil {
		return nil, fmt.Errorf("vm: %w", err)
	}
	if c.Bound {
		vm.inputs = slices.DeleteFunc(vm.inputs, func(in input) bool {
			l, ok := in.(interface{ direct() bool })
			return ok && l.direct()
		})
	}
	return vm, nil
}

// compile makes the steps of p.
func (vm *VM) compile(p *program) (err error) {
	defer func() {
		if err != nil {
			vm.program = nil
		}
	}()
	defer rescue(&err)
	defer op.Catch(&err)
	p.of, p.arena, p.relied = map[*op.Node]*value{}, map[tensor.Dtype]int{}, map[*value]bool{}
	for _, pass := range passes {
		pass(p)
	}
	vm.program = p
	if err := vm.link(); err != nil {
		return err
	}
	vm.pace = newPace(vm.options.threads, vm.steps)
	return nil
}

// rescue turns a panic, such as Gorgonia's ops raise on unsuitable values, into an error. Defer it.
func rescue(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("panic: %v", r)
	}
}

// RunAll runs the whole graph once. It reads the values of the inputs, leaves the outputs in their nodes' Value, and adds up the gradients. No Reset
// is needed between runs. Errors name the node.
func (vm *VM) RunAll() (err error) {
	if vm.program == nil || vm.more || vm.graph != nil && vm.program.moved() {
		vm.lean = vm.lean || vm.more
		if err := vm.whole(); err != nil {
			return fmt.Errorf("vm: %w", err)
		}
	}
	defer vm.explain(&err)
	defer rescue(&err)
	for _, in := range vm.inputs {
		if err := in.load(); err != nil {
			return err
		}
	}
	if vm.moved {
		vm.wire()
	}
	vm.err, vm.threads = nil, vm.pace.next()
	vm.pace.begin()
	for i := range vm.steps {
		team.Do(&vm.steps[i], vm.threads)
		if vm.err != nil {
			break
		}
	}
	vm.pace.end()
	for _, f := range vm.publish {
		if err := f(); err != nil {
			return err
		}
	}
	if vm.err != nil {
		return vm.err
	}
	for _, f := range vm.after {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

// explain adds to an error where it comes from.
func (vm *VM) explain(err *error) {
	if *err != nil && *err != ErrNonfinite {
		*err = fmt.Errorf("vm: %w", *err)
	}
}

// Reset does nothing: there is no state between runs.
func (vm *VM) Reset() {}

// Close does nothing: the VM holds memory only.
func (vm *VM) Close() error { return nil }

// String lists the program, one instruction per line: its result, the op, and what it reads. Lines marked | run in one step with the line above,
// example by example. New's machine has a program only after the first run.
func (vm *VM) String() string {
	if vm.program == nil {
		return ""
	}
	return vm.program.String()
}

// Data returns the memory of one of the outputs that the program was compiled for, a []float32 or []float64. It returns nil for any other node.
func (vm *VM) Data(n *op.Node) any {
	if vm.program == nil || vm.program.of[n] == nil || !vm.program.of[n].keep {
		return nil
	}
	m := vm.memory[vm.program.of[n].root()]
	if m == nil {
		return nil
	}
	if m.f64 != nil {
		return m.f64
	}
	return m.f32
}

// Half returns how many columns of the graph's input the first of two processors works on, if the first product is split between them, and
// otherwise 0.
func (vm *VM) Half() int { return vm.half }

// Threads returns on how many threads the next run will be.
func (vm *VM) Threads() int { return vm.pace.next() }

// Memory returns the program's memory in bytes: intermediate values, and scratch for partial sums and lists of nonzero elements.
func (vm *VM) Memory() (activations, scratch int) { return vm.activations, vm.scratch }
