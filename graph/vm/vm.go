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

// VM is a machine for one graph, a gorgonia.VM. It is not for use by several goroutines at once.
type VM struct {
	graph   *gorgonia.ExprGraph // to compile at the first run; nil: it is compiled
	options options

	more   bool             // the program has nodes that are needed in the first run only
	lean   bool             // it has none
	nodes  op.Nodes         // of the graph, when it was compiled
	moving map[uintptr]bool // slices that were moved between runs

	program *program
	pace    pace
	threads int                // of the present run
	memory  map[*value]*memory // by root
	slots   map[*value]*slot
	rows    map[*value]*rows // of gradients, by root
	inputs  []input
	steps   []team.Job
	publish []func() error // shows results in their nodes
	after   []func() error // adds up gradients, and does statements
	moved   bool           // an input has other memory, so that the steps have to be made anew
	err     error          // of a step

	activations, scratch int // bytes
	half                 int // columns of the first half of a product's sparse input; 0: it is not split
}

var _ gorgonia.VM = (*VM)(nil)

// New is a machine for any graph of Gorgonia's. It takes the place of gorgonia.NewTapeMachine and gives the same values. It compiles the graph
// at the first RunAll, so that values may be bound after New, and that RunAll returns the error of a graph that does not run. Gorgonia's
// own options, among them WithPrecompiled, are not for it; leave them out.
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

// Config is how a program is to be made.
type Config struct {
	Threads int      // 0: one a processor, or one, whichever turns out faster. The program computes the same sums in the same order for any number
	Descent *Descent // nil: the program leaves the gradients; otherwise it makes the step of gradient descent in their place
	Bound   bool     // the inputs stay bound to the tensors that they have now, so that no run has to look for others
}

// Compile turns a graph into a program for outs and for the gradients of params, as gorgonia.Grad made them (none if it was not
// asked). Everything else in the graph is left out. Unlike New's machine, the program writes the gradients, and adds nothing up.
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

// rescue turns a panic, as Gorgonia's ops raise on values that do not suit them, into an error. It is to be deferred.
func rescue(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("panic: %v", r)
	}
}

// RunAll runs the whole graph once: it reads the values of the inputs, leaves the outputs in their nodes' Value, and adds up the gradients. No
// Reset is needed between runs. An error names the node.
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

// explain says where an error comes from.
func (vm *VM) explain(err *error) {
	if *err != nil && *err != ErrNonfinite {
		*err = fmt.Errorf("vm: %w", *err)
	}
}

// Reset does nothing: there is no state between runs.
func (vm *VM) Reset() {}

// Close does nothing: the VM holds memory only.
func (vm *VM) Close() error { return nil }

// String lists the program, an instruction a line: its result, the op, what it reads. Lines marked | run in one step with the line
// above, example by example. New's machine has a program after the first run only.
func (vm *VM) String() string {
	if vm.program == nil {
		return ""
	}
	return vm.program.String()
}

// Data is the memory, []float32 or []float64, of one of the outputs that the program was compiled for; nil of any other node.
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

// Half is how many columns of the graph's input the first of two processors works on, where the first product is split between them; 0 where
// it is not.
func (vm *VM) Half() int { return vm.half }

// Threads is on how many threads the next run is.
func (vm *VM) Threads() int { return vm.pace.next() }

// Memory is what the program holds, in bytes: intermediate values, and partial sums and lists of what is not zero.
func (vm *VM) Memory() (activations, scratch int) { return vm.activations, vm.scratch }
