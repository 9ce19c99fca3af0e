package vm_test

import (
	"fmt"
	"maps"
	"math"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/stheno-ml/stheno/graph/vm"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// program is a Gorgonia program as users write them. build is called once for each machine, and must do the same every time.
type program struct {
	name  string
	build func() *session
}

// session is a program with its values.
type session struct {
	graph  *gorgonia.ExprGraph
	params gorgonia.Nodes  // updated by the solver; their gradients are compared and, unless apart is set, bound
	solver gorgonia.Solver // nil: none
	feed   func(step int)  // binds or changes inputs before each step; nil: they stay
	shown  gorgonia.Nodes  // nodes whose values are kept and compared, in addition to the roots
	read   map[string]any  // what gorgonia.Read fills, as *gorgonia.Value, and tensors that must or must not change
	apart  bool            // gradients are not bound: each step has its own
	eval   bool            // the machines are in the mode for prediction
	steps  int             // 0: ten
	loose  float64         // a factor for the tolerance
}

// result is what a program shows after a step: names and numbers.
type result struct {
	names  []string
	values [][]float64
	double []bool
	unseen []bool // a gradient that nobody asked for: our machine computes it only in the first run
}

func (r *result) add(name string, v gorgonia.Value) {
	d, double := numbers(v)
	r.names = append(r.names, name)
	r.values = append(r.values, d)
	r.double = append(r.double, double)
	r.unseen = append(r.unseen, false)
}

// numbers returns v's elements in row-major order, and whether they are not float32.
func numbers(v gorgonia.Value) (d []float64, double bool) {
	if v == nil {
		return nil, true
	}
	if t, ok := v.(*tensor.Dense); ok && !t.IsScalar() && (t.RequiresIterator() || t.DataOrder().IsColMajor()) {
		it := t.Iterator()
		for i, err := it.Next(); err == nil; i, err = it.Next() {
			e, f := number(t.Get(i))
			d, double = append(d, e), f
		}
		return d, double
	}
	switch x := v.Data().(type) {
	case []float64:
		return append(d, x...), true
	case []float32:
		for _, e := range x {
			d = append(d, float64(e))
		}
		return d, false
	case []int32:
		for _, e := range x {
			d = append(d, float64(e))
		}
		return d, true
	case []int:
		for _, e := range x {
			d = append(d, float64(e))
		}
		return d, true
	case []bool:
		for _, e := range x {
			n, _ := number(e)
			d = append(d, n)
		}
		return d, true
	default:
		e, f := number(x)
		return []float64{e}, f
	}
}

func number(x any) (float64, bool) {
	switch x := x.(type) {
	case float64:
		return x, true
	case float32:
		return float64(x), false
	case int:
		return float64(x), true
	case bool:
		if x {
			return 1, true
		}
		return 0, true
	}
	panic(fmt.Sprintf("a value of type %T", x))
}

// tape is the reference: Gorgonia's machine for s. It copies every value as soon as it is computed, because the machine reuses its memory, and marks
// what is computed in place.
func tape(s *session) gorgonia.VM {
	opts := []gorgonia.VMOpt{gorgonia.TraceExec()}
	if !s.apart {
		opts = append(opts, gorgonia.BindDualValues(s.params...))
	}
	if s.eval {
		opts = append(opts, gorgonia.EvalMode())
	}
	return gorgonia.NewTapeMachine(s.graph, opts...)
}

func ours(s *session) gorgonia.VM {
	opts := []vm.Option{vm.Keep(s.shown...)}
	if !s.apart {
		opts = append(opts, vm.BindDualValues(s.params...))
	}
	if s.eval {
		opts = append(opts, vm.EvalMode())
	}
	return vm.New(s.graph, opts...)
}

// run runs s for all its steps on a machine.
func run(s *session, machine func(*session) gorgonia.VM) (steps []result, err error) {
	m := machine(s)
	defer m.Close()
	n := s.steps
	if n == 0 {
		n = 10
	}
	roots, cost := s.roots(), int64(-1)
	for _, n := range s.graph.AllNodes() {
		if n.Deriv() != nil {
			cost = max(cost, n.ID())
		}
	}
	if cost < 0 {
		cost = math.MaxInt64
	}
	for step := range n {
		if s.feed != nil {
			s.feed(step)
		}
		if err := m.RunAll(); err != nil {
			return steps, fmt.Errorf("step %d: %w", step, err)
		}
		var r result
		for _, n := range roots {
			r.add(fmt.Sprintf("node %%%x %s", n.ID(), n.Name()), n.Value())
			r.unseen[len(r.unseen)-1] = step > 0 && len(n.DerivOf()) == 0 && n.ID() > cost && !slices.Contains(s.shown, n)
		}
		for i, w := range s.params {
			g, err := w.Grad()
			if err != nil {
				return steps, err
			}
			r.add(fmt.Sprintf("gradient of parameter %d, %s", i, w.Name()), g)
		}
		if s.solver != nil {
			if err := s.solver.Step(gorgonia.NodesToValueGrads(s.params)); err != nil {
				return steps, err
			}
		}
		for i, w := range s.params {
			r.add(fmt.Sprintf("parameter %d, %s", i, w.Name()), w.Value())
		}
		for _, name := range slices.Sorted(maps.Keys(s.read)) {
			switch v := s.read[name].(type) {
			case *gorgonia.Value:
				r.add(name, *v)
			case gorgonia.Value:
				r.add(name, v)
			}
		}
		steps = append(steps, r)
		m.Reset()
	}
	return steps, nil
}

// roots returns the nodes whose values are compared: those that no other node reads, and those that are kept.
func (s *session) roots() gorgonia.Nodes {
	read := map[*gorgonia.Node]bool{}
	var roots gorgonia.Nodes
	for _, n := range s.graph.AllNodes() {
		if statement(n) {
			continue
		}
		for it := s.graph.Subgraph(n, n).From(n.ID()); it.Next(); {
			read[it.Node().(*gorgonia.Node)] = true
		}
	}
	for _, n := range s.graph.AllNodes() {
		if n.Op() != nil && !read[n] && !statement(n) {
			roots = append(roots, n)
		}
	}
	return append(roots, s.shown...)
}

func statement(n *gorgonia.Node) bool {
	name := fmt.Sprintf("%T", n.Op())
	return name == "gorgonia.readOp" || name == "gorgonia.letOp"
}

// conform runs p on both machines and compares everything that a user sees after each step.
func conform(t *testing.T, p program) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Fatalf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	s := p.build()
	want, err := run(s, tape)
	if err != nil {
		t.Fatalf("TapeMachine: %v", err)
	}
	got, err := run(p.build(), ours)
	if err != nil {
		t.Fatal(err)
	}
	for step := range want {
		if d := want[step].differs(got[step], max(1, s.loose)); d != "" {
			t.Fatalf("step %d: %s", step, d)
		}
	}
}

// differs reports where two results differ by more than rounding explains, relative to the largest number of the step: a small sum of large
// numbers has an error of their size.
func (r result) differs(o result, loose float64) string {
	if len(r.values) != len(o.values) {
		return fmt.Sprintf("%d values, want %d", len(o.values), len(r.values))
	}
	scale := 0.
	for _, want := range r.values {
		for _, v := range want {
			if !math.IsInf(v, 0) && !math.IsNaN(v) {
				scale = max(scale, math.Abs(v))
			}
		}
	}
	for k, want := range r.values {
		got, tolerance := o.values[k], 1e-12*loose
		if len(got) == 0 && r.unseen[k] {
			continue
		}
		if !r.double[k] {
			tolerance = 1e-5 * loose
		}
		if len(got) != len(want) || r.double[k] != o.double[k] {
			return fmt.Sprintf("%s: %v, want %v", r.names[k], got, want)
		}
		for i, w := range want {
			if g := got[i]; !(g == w || math.IsNaN(g) && math.IsNaN(w) || math.Abs(g-w) <= tolerance*scale) {
				return fmt.Sprintf("%s: element %d is %v, want %v", r.names[k], i, g, w)
			}
		}
	}
	return ""
}

// TestConform: every program gives the same on our machine as on Gorgonia's.
func TestConform(t *testing.T) {
	for _, p := range programs {
		t.Run(p.name, func(t *testing.T) { conform(t, p) })
	}
}
