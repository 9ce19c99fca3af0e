package graph

import (
	"errors"
	"fmt"
)

// Memory is the memory that a training step uses, in bytes. All of it is allocated before the first step.
type Memory struct {
	Weights     int // the parameters
	Fixed       int // running statistics of batch norms, and frozen parameters
	Gradients   int // gradients of the parameters; 0 if the program updates each parameter as soon as its gradient is known
	Inputs      int // the mini-batch, its labels and the dropout masks
	Activations int // intermediate results, forward and backward; those that are not needed at the same time share memory
	Scratch     int // partial sums over parts of a mini-batch, and lists of nonzero pixels
}

// Total returns the sum of all parts in bytes.
func (m Memory) Total() int {
	return m.Weights + m.Fixed + m.Gradients + m.Inputs + m.Activations + m.Scratch
}

// Memory returns the memory that our VM uses for mini-batches of the given size, in [Net.DescendFrom] if descend is set and in [Net.Step] if
// not. It does not count the graph itself, the data set, or what kernels use for single images.
func (n *Net) Memory(batch int, descend bool) (Memory, error) {
	if n.config.Tape {
		return Memory{}, errors.New("graph: the memory of Gorgonia's TapeMachine is not known; use our VM")
	}
	outputs := n.Input.TotalSize()
	for _, r := range n.rows {
		outputs += r.Output.TotalSize()
	}
	if batch < 1 || float64(batch)*float64(outputs) > maxParams {
		return Memory{}, fmt.Errorf("graph: mini-batches of %d; use 1 to %d", batch, max(1, maxParams/outputs))
	}
	u := use{batch, training}
	if descend {
		u.purpose = descending
	}
	m, err := n.machine(n, u)
	if err != nil {
		return Memory{}, err
	}
	number := int(n.dtype().Size())
	memory := Memory{
		Weights: number * n.Size(), Fixed: number * length(n.Fixed), Inputs: number * m.inputs(),
	}
	memory.Activations, memory.Scratch = m.memory()
	if !descend {
		memory.Gradients = number * n.Size()
	}
	return memory, nil
}
