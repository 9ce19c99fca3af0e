package graph

import (
	"fmt"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// ErrKernelInUse is wrapped by the error of UseKernel while something is trained with another kernel.
var ErrKernelInUse = kernel.ErrHeld

// UseKernel chooses the implementation of the float32 kernels by name, one of Kernels(), for all networks that are made from then on. A
// network is tied to the kernel that it was made with: with another it would round differently, and so it computes nothing but an error.
// While a train.Trainer runs, the kernel cannot be changed.
func UseKernel(name string) error {
	if err := kernel.Use(name); err != nil {
		return fmt.Errorf("graph: %w", err)
	}
	return nil
}

// Kernel is the name of the implementation in use.
func Kernel() string { return kernel.Name() }

// Kernel is the name of the implementation that the network was made with, and computes with.
func (n *Net) Kernel() string { return n.kernel }

// ready is an error if another kernel is in use than the network's. In float64 all of them are the same.
func (n *Net) ready() error {
	if now := kernel.Name(); now != n.kernel && !n.config.Float64 {
		return fmt.Errorf("graph: the network was made with kernel %s, and %s is in use now; choose a kernel before networks are made", n.kernel, now)
	}
	return nil
}

// Kernels are the implementations that this machine can run, fastest first.
func Kernels() []string { return kernel.Names() }
