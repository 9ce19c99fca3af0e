package vm

import (
	"fmt"

	"github.com/stheno-ml/stheno/graph/op"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// outputs makes each run leave its results where the graph's user looks for them.
func (vm *VM) outputs() {
	p := vm.program
	seen := map[*op.Node]bool{}
	for _, n := range p.outs {
		if v := p.of[n]; !v.leaf() && !seen[n] {
			seen[n] = true
			s := vm.slot(v)
			vm.publish = append(vm.publish, func() error { return publish(n, s.get()) })
		}
	}
	for _, w := range p.dual {
		if d := w.Deriv(); d != nil {
			g := &gradient{of: w, from: vm.slot(p.of[d])}
			vm.after = append(vm.after, g.add)
		}
	}
	for _, s := range p.statements {
		vm.after = append(vm.after, s.run(vm.slot(p.of[s.from])))
	}
}

// publish makes v the value of n.
func publish(n *op.Node, v gorgonia.Value) error {
	if n.Value() == v {
		return nil
	}
	if gorgonia.UnsafeLet(n, v) == nil {
		return nil
	}
	gorgonia.WithValue(v)(n) // for an op that returned another shape than its node has
	return nil
}

// gradient is a node to whose Grad a gradient is added after each run.
type gradient struct {
	of   *op.Node
	from *slot
}

func (g *gradient) add() error {
	d, _ := g.of.Grad() // without a gradient of its own the node shows its derivative's value, which is none before the first run
	if d == nil || d == g.of.Deriv().Value() {
		d = zero(g.of.Value())
		gorgonia.WithGrad(d)(g.of)
	}
	if g.from.memory == nil || g.from.loose || !accumulate(d, g.from.memory) {
		return fmt.Errorf("gradient of %s: %v cannot be added to %v", label(g.of), g.from.get().Shape(), d.Shape())
	}
	return nil
}

// zero is a value of v's form.
func zero(v gorgonia.Value) gorgonia.Value {
	switch v := v.(type) {
	case *gorgonia.F32:
		return gorgonia.NewF32(0)
	case *gorgonia.F64:
		return gorgonia.NewF64(0)
	default:
		return tensor.New(tensor.Of(v.Dtype()), tensor.WithShape(v.Shape().Clone()...))
	}
}

// accumulate adds the elements of m to y; false if they do not fit.
func accumulate(y gorgonia.Value, m *memory) bool {
	switch y := y.(type) {
	case *gorgonia.F32:
		if len(m.f32) == 1 {
			*y += gorgonia.F32(m.f32[0])
		}
		return len(m.f32) == 1
	case *gorgonia.F64:
		if len(m.f64) == 1 {
			*y += gorgonia.F64(m.f64[0])
		}
		return len(m.f64) == 1
	case *tensor.Dense:
		if m.f32 != nil {
			return add(y, m.f32)
		}
		return add(y, m.f64)
	}
	return false
}

func add[T kernel.Float](y *tensor.Dense, x []T) bool {
	d := backing[T](y)
	if !plain(y) || len(d) != len(x) && len(x) != 1 {
		return false
	}
	if len(d) == len(x) {
		kernel.For[T]().Add(d, d, x)
		return true
	}
	for i := range d { // a gradient that is the same for all elements
		d[i] += x[0]
	}
	return true
}

// run is what the statement does after a run.
func (s statement) run(from *slot) func() error {
	if s.into != nil {
		return func() error { return from.copyTo(s.into) }
	}
	// The TapeMachine does this only where the op that makes the value overwrites the input to be set; elsewhere it does nothing, or
	// overwrites another node's value.
	return func() error {
		to := s.to.Value()
		if err := from.copyTo(&to); err != nil {
			return fmt.Errorf("setting %s: %w", label(s.to), err)
		}
		return publish(s.to, to)
	}
}

// copyTo copies the slot's value into *to, or makes it a copy.
func (s *slot) copyTo(to *gorgonia.Value) (err error) {
	v := s.get()
	if *to == nil {
		*to, err = gorgonia.CloneValue(v)
		return err
	}
	if t, ok := (*to).(*tensor.Dense); ok && s.memory != nil && !s.loose && plain(t) {
		if d := backing[float32](t); len(d) > 0 && len(d) == len(s.memory.f32) {
			copy(d, s.memory.f32)
			return nil
		}
		if d := backing[float64](t); len(d) > 0 && len(d) == len(s.memory.f64) {
			copy(d, s.memory.f64)
			return nil
		}
	}
	*to, err = gorgonia.Copy(*to, v)
	return err
}

// gradients lets a program of Compile write each gradient where the parameter wants it, in memory bound by gorgonia.WithGrad before, or in
// new memory that it binds.
func (vm *VM) gradients() {
	for _, w := range vm.program.params {
		if w.Deriv() == nil {
			continue
		}
		grad, _ := w.Grad()
		if grad == nil || grad == w.Deriv().Value() {
			grad = zero(w.Value())
			gorgonia.WithGrad(grad)(w)
		}
		v := vm.program.of[w.Deriv()]
		if t, ok := grad.(*tensor.Dense); ok && plain(t) && vm.memory[v.root()] == nil && vm.adopt(v.root(), t) {
			continue
		}
		vm.after = append(vm.after, func() error { return vm.slot(v).copyTo(&grad) })
	}
}

// adopt makes t's memory v's.
func (vm *VM) adopt(v *value, t *tensor.Dense) bool {
	m := &memory{}
	switch v.dtype {
	case tensor.Float32:
		m.f32 = backing[float32](t)
	case tensor.Float64:
		m.f64 = backing[float64](t)
	}
	if len(m.f32)+len(m.f64) != v.elements() {
		return false
	}
	vm.memory[v] = m
	return true
}
