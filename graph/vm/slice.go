package vm

import (
	"reflect"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// slicing is one of Gorgonia's slices that the program relies on. gorgonia.UnsafeLet can move it between runs.
type slicing struct {
	op  interface{ IsSlice() tensor.Slice }
	key uintptr // identifies the slice and its gradient
	at  [3]int
}

// bounds returns start, end and step, or zeros for nil, which is a slice of everything.
func bounds(s tensor.Slice) [3]int {
	if s == nil {
		return [3]int{}
	}
	return [3]int{s.Start(), s.End(), s.Step()}
}

// still reports whether the program may rely on o's slice, because it has not been moved before. It remembers the slice, to detect a move.
func (p *program) still(o gorgonia.Op) bool {
	sliced, ok := o.(interface{ IsSlice() tensor.Slice })
	if !ok {
		return false
	}
	r := reflect.ValueOf(o)
	if r.Kind() != reflect.Pointer { // the gradient contains the slice's own op
		r = r.Field(0)
	}
	if p.moving[r.Pointer()] {
		return false
	}
	p.slicings = append(p.slicings, slicing{sliced, r.Pointer(), bounds(sliced.IsSlice())})
	return true
}

// moved reports whether a slice was moved since the program was compiled. Such a slice then runs through Gorgonia.
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
