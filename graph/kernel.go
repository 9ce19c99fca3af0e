package graph

import (
	"fmt"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// UseKernel chooses the implementation of the float32 kernels by name, one of Kernels(). Call it before any network is made.
func UseKernel(name string) error {
	if err := kernel.Use(name); err != nil {
		return fmt.Errorf("graph: %w", err)
	}
	return nil
}

// Kernel is the name of the implementation in use.
func Kernel() string { return kernel.Name() }

// Kernels are the implementations that this machine can run, fastest first.
func Kernels() []string { return kernel.Names() }
