package vm

import (
	"errors"
	"fmt"

	"gorgonia.org/gorgonia"

	"github.com/stheno-ml/stheno/internal/team"
)

// foreign is an instruction whose op is not ours. It runs through Gorgonia's interfaces. What the op returns is copied into the program's
// memory, because it may be a view of an input.
type foreign struct {
	in   *instr
	x    []*slot
	args []gorgonia.Value
	y    *slot
	// into is the op if it takes memory for the result and asks for it. As with the TapeMachine, it asks by calling external code. In other ops,
	// UsePreallocDo can differ from Do, or even fail.
	into gorgonia.UsePreallocDoer
}

// foreign returns the step of an instruction whose op is not ours.
func (vm *VM) foreign(in *instr) team.Job {
	f := &foreign{in: in, y: vm.slot(in.y), args: make([]gorgonia.Value, len(in.x))}
	for _, x := range in.x {
		f.x = append(f.x, vm.slot(x))
	}
	if d, ok := in.op.(gorgonia.UsePreallocDoer); ok && in.op.CallsExtern() && in.op.ReturnsPtr() && in.y.numeric() {
		f.into = d
	}
	strict := vm.program.relied[in.y.root()]
	return team.Job{Parts: 1, Run: func(int) {
		err := f.run()
		if err == nil && f.y.loose && f.y.memory != nil && strict {
			err = fmt.Errorf("the op returned a value of shape %v and type %v", f.y.value.Shape(), f.y.value.Dtype())
		}
		if err != nil && vm.err == nil {
			vm.err = fmt.Errorf("node %s, shape %v: %w", label(in.y.node), in.y.shape, err)
		}
	}}
}

func (f *foreign) run() (err error) {
	defer rescue(&err)
	for i, x := range f.x {
		f.args[i] = x.get()
	}
	var r gorgonia.Value
	if f.into != nil {
		f.y.show(f.in.y.shape, f.in.y.shape.IsScalar())
		clear(f.y.memory.f32)
		clear(f.y.memory.f64)
		r, err = f.into.UsePreallocDo(f.y.value, f.args...)
	} else {
		r, err = f.in.op.Do(f.args...)
	}
	if err == nil {
		err = f.y.put(r)
	}
	return err
}

// put makes r the slot's value.
func (s *slot) put(r gorgonia.Value) error {
	if r == nil {
		return errors.New("the op returned nothing")
	}
	_, number := r.(gorgonia.Scalar)
	if s.memory != nil && r == s.value && !number { // written in place
		return nil
	}
	if s.memory != nil && s.memory.put(r) {
		s.show(r.Shape(), number)
		return nil
	}
	c, err := gorgonia.CloneValue(r) // r may be an input
	s.value, s.loose = c, true
	return err
}
