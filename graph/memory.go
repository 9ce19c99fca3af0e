package graph

import (
	"errors"
	"fmt"

	"github.com/stheno-ml/stheno/graph/vm"
)

// Memory is what a training step holds in memory, in bytes: what is allocated once, before the first step.
type Memory struct {
	Weights     int // the parameters
	Running     int // the running statistics of batch norms
	Gradients   int // of the parameters; 0 where the program updates each parameter as soon as its gradient is there
	Inputs      int // the mini-batch, its labels and the masks of dropout
	Activations int // what is computed on the way forward and backward: values that are not needed at one time share memory
	Scratch     int // partial sums of the parts of a mini-batch, and lists of the pixels that are not zero
}

// Total is the sum.
func (m Memory) Total() int {
	return m.Weights + m.Running + m.Gradients + m.Inputs + m.Activations + m.Scratch
}

// Memory is what our VM holds for mini-batches of the given size: to [Net.Descend], or else to [Net.Step]. What kernels borrow for one
// image, the graph itself and the images of a data set are not in it.
func (n *Net) Memory(batch int, descend bool) (Memory, error) {
	if n.tape {
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
	m, err := n.machine(u)
	if err != nil {
		return Memory{}, err
	}
	leaves := 0
	for _, node := range m.graph.AllNodes() {
		if node.Op() == nil {
			leaves += node.Shape().TotalSize()
		}
	}
	number := int(n.dtype.Size())
	memory := Memory{
		Weights: number * n.Size(), Running: number * length(n.Stats), Inputs: number * (leaves - n.Size()),
	}
	memory.Activations, memory.Scratch = m.vm.(*vm.VM).Memory()
	if !descend {
		memory.Gradients = number * n.Size()
	}
	return memory, nil
}
