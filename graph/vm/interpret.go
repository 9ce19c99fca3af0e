package vm

import (
	"fmt"
	"slices"

	"github.com/stheno-ml/stheno/graph/op"

	"gorgonia.org/gorgonia"
)

// Interpret runs g's ops one by one in order, each into new memory, and shows every node's value until visit returns false. It
// is slow and plain: the reference for the VMs, and the way to find what went wrong in one.
func Interpret(g *gorgonia.ExprGraph, visit func(*op.Node, gorgonia.Value) bool) error {
	order, err := gorgonia.Sort(g) // root first
	if err != nil {
		return fmt.Errorf("vm: %w", err)
	}
	values := map[int64]gorgonia.Value{}
	for _, n := range slices.Backward(order) {
		do := n.Op()
		v := n.Value()
		if _, reads := do.(interface{ ReturnsNothing() bool }); reads {
			continue
		}
		if x := op.Inputs(n); do != nil && len(x) > 0 {
			in := make([]gorgonia.Value, len(x))
			for i, c := range x {
				in[i] = values[c.ID()]
			}
			if v, err = do.Do(in...); err != nil {
				return fmt.Errorf("vm: %w", err)
			}
		} else if c, ok := do.(interface{ Value() gorgonia.Value }); ok {
			v = c.Value()
		}
		values[n.ID()] = v
		if v != nil && !visit(n, v) {
			return nil
		}
	}
	return nil
}
