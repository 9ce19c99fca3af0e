package vm

import (
	"fmt"
	"math"
	"slices"

	"github.com/stheno-ml/stheno/internal/kernel"
	"github.com/stheno-ml/stheno/internal/team"
)

// watch returns the step that stops the run if in's result is not finite.
func (vm *VM) watch(in *instr) []team.Job {
	o := &vm.options
	m := vm.memory[in.y.root()]
	if o.watchesSome && !slices.Contains(o.watched, in.y.node) || m == nil {
		return nil
	}
	return whole(func() {
		at, v := nonfinite(m.f32)
		if m.f64 != nil {
			at, v = nonfinite(m.f64)
		}
		if at >= 0 && vm.err == nil {
			vm.err = fmt.Errorf("node %s, shape %v: element %d is %v", label(in.y.node), in.y.shape, at, v)
		}
	})
}

// nonfinite returns the index and value of the first element of d that is NaN or infinite; the index is -1 if there is none.
func nonfinite[T kernel.Float](d []T) (int, float64) {
	for i, v := range d {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return i, f
		}
	}
	return -1, 0
}
