package graph

import (
	"errors"
	"fmt"
)

// Memory is what a training step holds in memory, in bytes: what is allocated once, before the first step.
type Memory struct {
	Weights     int // the parameters
	Fixed       int // running statistics of batch norms and frozen parameters
	Gradients   int // of the parameters; 0 where the program updates each parameter as soon as its gradient is there
	Inputs      int // the mini-batch, its labels and the masks of dropout
	Activations int // what is computed on the way forward and backward: values that are not needed at one time share memory
	Scratch     int // partial sums of the parts of a mini-batch, and lists of the pixels that are not zero
}

// Total is the sum.
func (m Memory) Total() int {
	return m.Weights + m.Fixed + m.Gradients + m.Inputs + m.Activations + m.Scratch
}

// Memory is what our VM holds for mini-batches of the given size: to [Net.Descend], or else to [Net.Step]. What kernels borrow for one
// image, the graph itself and the images of a data set are not in it.
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
