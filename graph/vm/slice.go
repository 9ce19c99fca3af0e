package vm

import (
	"reflect"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// slicing is one of Gorgonia's slices that the program relies on. gorgonia.UnsafeLet can move it between runs.
type slicing struct {
	op  interface{ IsSlice() tensor.Slice }
	key uintptr // of the slice and of its gradient
	at  [3]int
}

// bounds are start, end and step; of a slice of everything, which is nil, zeros.
func bounds(s tensor.Slice) [3]int {
	if s == nil {
		return [3]int{}
	}
	return [3]int{s.Start(), s.End(), s.Step()}
}

// still says that the program may rely on o's slice: it has not been moved before. It remembers the slice, so that a move is seen.
func (p *program) still(o gorgonia.Op) bool {
	sliced, ok := o.(interface{ IsSlice() tensor.Slice })
	if !ok {
		return false
	}
	r := reflect.ValueOf(o)
	if r.Kind() != reflect.Pointer { // the gradient has the slice's own op
		r = r.Field(0)
	}
	if p.moving[r.Pointer()] {
		return false
	}
	p.slicings = append(p.slicings, slicing{sliced, r.Pointer(), bounds(sliced.IsSlice())})
	return true
}

// moved says that a slice was moved since the program was compiled; from then on it runs as Gorgonia has it.
func (p *program) moved() bool {
	moved := false
	for _, c := range p.slicings {
		if bounds(c.op.IsSlice()) != c.at {
			p.moving[c.key] = true
			moved = true
		}
	}
	return moved
}
