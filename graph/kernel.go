package graph

import (
	"fmt"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// ErrKernelInUse is wrapped by UseKernel's error while a training with another kernel runs.
var ErrKernelInUse = kernel.ErrHeld

// UseKernel chooses the implementation of the float32 kernels by name, one of Kernels(), for all networks made from then on. A network is tied
// to the kernel that it was made with, because another would round differently: with another kernel in use, its methods return errors.
// The kernel cannot be changed while a train.Trainer runs.
func UseKernel(name string) error {
	if err := kernel.Use(name); err != nil {
		return fmt.Errorf("graph: %w", err)
	}
	return nil
}

// Kernel returns the name of the implementation in use.
func Kernel() string { return kernel.Name() }

// Kernel returns the name of the implementation that the network was made with.
func (n *Net) Kernel() string { return n.kernel }

// ready returns an error if the kernel in use is not the network's. In float64 all kernels are the same.
func (n *Net) ready() error {
	if now := kernel.Name(); now != n.kernel && !n.config.Float64 {
		return fmt.Errorf("graph: the network was made with kernel %s, and %s is in use now; choose the kernel before you make networks", n.kernel, now)
	}
	return nil
}

// Kernels returns the names of the implementations that this machine can run, fastest first.
func Kernels() []string { return kernel.Names() }
