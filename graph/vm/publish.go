package vm

import (
	"fmt"

	"github.com/stheno-ml/stheno/graph/op"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/stheno-ml/stheno/internal/kernel"
	"github.com/stheno-ml/stheno/internal/team"
)

// outputs makes each run leave its results where users of the graph look for them.
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
		if p.of[w.Deriv()] != nil {
			vm.after = append(vm.after, vm.newGradient(w).add)
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
	gorgonia.WithValue(v)(n) // the op may have returned another shape than its node's
	return nil
}

// gradient is a node to whose Grad a gradient is added after each run.
type gradient struct {
	vm   *VM
	of   *op.Node
	from *slot
	rows *rows    // the rows of from that may differ from 0; nil: all
	cols int      // columns of from, if rows is set
	sum  memory   // the memory of Grad
	job  team.Job // adds the elements to sum, in parts
}

const chunk = 1 << 15 // elements of a gradient that are added up in one part

// newGradient returns the gradient of w. All of it is added after the run, because an op may write to its input, as Iop allows.
func (vm *VM) newGradient(w *op.Node) *gradient {
	g := &gradient{vm: vm, of: w, from: vm.slot(vm.program.of[w.Deriv()])}
	if root := vm.program.of[w.Deriv()].root(); vm.rows[root] != nil {
		g.rows, g.cols = vm.rows[root], root.shape[1]
	}
	g.job.Run = func(i int) {
		from := i * chunk
		if g.rows != nil {
			g.addRows(from, min(len(g.sum.f32), from+chunk))
		} else if g.sum.f32 != nil {
			addTo(g.sum.f32, g.from.memory.f32, from)
		} else {
			addTo(g.sum.f64, g.from.memory.f64, from)
		}
	}
	return g
}

// addTo is y += x for a chunk of y. An x with one element is added to all elements of y.
func addTo[T kernel.Float](y, x []T, from int) {
	y = y[from:min(len(y), from+chunk)]
	if len(x) > 1 {
		kernel.For[T]().Add(y, y, x[from:from+len(y)])
		return
	}
	for i := range y {
		y[i] += x[0]
	}
}

// addRows adds the elements [from, to), row by row.
func (g *gradient) addRows(from, to int) {
	for row := from / g.cols; row*g.cols < to; row++ {
		if g.rows.are[row] {
			a, b := max(from, row*g.cols), min(to, (row+1)*g.cols)
			y := g.sum.f32[a:b]
			kernel.For[float32]().Add(y, y, g.from.memory.f32[a:b])
		}
	}
}

func (g *gradient) add() error {
	d, _ := g.of.Grad() // without a gradient of its own, the node shows its derivative's value, which is nil before the first run
	if d == nil || d == g.of.Deriv().Value() {
		d = zero(g.of.Value())
		gorgonia.WithGrad(d)(g.of)
	}
	x := g.from.memory
	if x == nil || g.from.loose {
		return g.misfit(d)
	}
	switch d := d.(type) {
	case *gorgonia.F32:
		if len(x.f32) == 1 {
			*d += gorgonia.F32(x.f32[0])
			return nil
		}
	case *gorgonia.F64:
		if len(x.f64) == 1 {
			*d += gorgonia.F64(x.f64[0])
			return nil
		}
	case *tensor.Dense:
		g.sum = memory{backing[float32](d), backing[float64](d)}
		n, of := len(g.sum.f32)+len(g.sum.f64), len(x.f32)+len(x.f64)
		if plain(d) && (g.sum.f32 != nil) == (x.f32 != nil) && (n == of || of == 1) {
			g.job.Parts = parts(n, chunk)
			team.Do(&g.job, g.vm.threads)
			return nil
		}
	}
	return g.misfit(d)
}

func (g *gradient) misfit(d gorgonia.Value) error {
	v := g.from.get()
	return fmt.Errorf("gradient of %s: a value of shape %v and type %v cannot be added to one of shape %v and type %v", label(g.of), v.Shape(), v.Dtype(), d.Shape(), d.Dtype())
}

// zero returns a zero value in the form of v.
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

// run returns the function that executes the statement after a run.
func (s statement) run(from *slot) func() error {
	if s.into != nil {
		return func() error { return from.copyTo(s.into) }
	}
	// The TapeMachine sets the value only if the op that makes it overwrites the input to be set. Otherwise it does nothing, or overwrites
	// another node's value.
	return func() error {
		to := s.to.Value()
		if err := from.copyTo(&to); err != nil {
			return fmt.Errorf("setting %s: %w", label(s.to), err)
		}
		return publish(s.to, to)
	}
}

// copyTo copies the slot's value into *to, or sets *to to a copy.
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

// gradients makes a program of Compile write each gradient where the parameter wants it: to memory that gorgonia.WithGrad bound before, or to new
// memory that it binds.
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

// adopt makes t's memory that of v.
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
