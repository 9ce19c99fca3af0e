package vm

import (
	"unsafe"

	"github.com/stheno-ml/stheno/graph/op"

	"gorgonia.org/tensor"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// link gives the program's values memory, and turns its instructions into steps.
func (vm *VM) link() error {
	p := vm.program
	vm.memory, vm.slots, vm.rows = map[*value]*memory{}, map[*value]*slot{}, map[*value]*rows{}
	vm.inputs, vm.publish, vm.after, vm.activations = nil, nil, nil, 0
	if err := vm.leaves(); err != nil {
		return err
	}
	if p.rule == nil {
		vm.gradients()
	}
	place32, place64 := arena[float32](vm), arena[float64](vm)
	for _, v := range p.values {
		switch {
		case v.of != nil || v.inner || vm.memory[v] != nil || v.born < 0: // it has no memory of its own, has it already, or is never written
		case v.dtype == tensor.Float32:
			vm.memory[v] = place32(v)
		case v.dtype == tensor.Float64:
			vm.memory[v] = place64(v)
		}
	}
	vm.wire()
	vm.outputs()
	return nil
}

// arena allocates memory for the intermediate values of one type. It returns a function that gives a value its part of this memory, or memory of
// its own if it is an output.
func arena[T kernel.Float](vm *VM) func(*value) *memory {
	l := linker[T]{vm}
	all := l.make(vm.program.arena[tensor.New(tensor.WithBacking([]T{0})).Dtype()], &vm.activations)
	return func(v *value) *memory {
		if v.keep {
			return memoryOf(l.make(v.elements(), &vm.activations))
		}
		return memoryOf(all[v.at : v.at+v.elements()])
	}
}

// wire makes the steps for the memory that the values have now.
func (vm *VM) wire() {
	vm.steps, vm.scratch, vm.moved = nil, vm.program.lists, false
	for v, s := range vm.slots {
		if v.root().leaf() && s.memory != nil {
			s.value = nil
			vm.slot(v)
		}
	}
	for _, block := range vm.program.blocks {
		switch in := block[0]; {
		case in.own == nil:
			vm.steps = append(vm.steps, vm.foreign(in))
		case in.y.dtype == tensor.Float64:
			vm.steps = append(vm.steps, linker[float64]{vm}.steps(block)...)
		default:
			vm.steps = append(vm.steps, linker[float32]{vm}.steps(block)...)
		}
		if vm.options.watch {
			vm.steps = append(vm.steps, vm.watch(block[0])...)
		}
	}
}

// linker turns instructions on elements of type T into steps.
type linker[T kernel.Float] struct{ vm *VM }

// make allocates memory, and counts it in bytes.
func (l linker[T]) make(elements int, bytes *int) []T {
	*bytes += elements * int(unsafe.Sizeof(T(0)))
	return make([]T, elements)
}

// of returns the memory of v.
func (l linker[T]) of(v *value) []T { return elements[T](l.vm.memory[v.root()]) }

func (l linker[T]) array(v *value) op.Array[T] { return op.Array[T]{Shape: v.shape, Data: l.of(v)} }

func (l linker[T]) arrays(x []*value) []op.Array[T] {
	a := make([]op.Array[T], len(x))
	for i, v := range x {
		a[i] = l.array(v)
	}
	return a
}
