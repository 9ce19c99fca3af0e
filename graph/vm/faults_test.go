package vm_test

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/graph/vm"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // Sparsemax prints what it does
	os.Exit(m.Run())
}

// vector is a float64 input with one axis.
func vector(g *G.ExprGraph, name string, x ...float64) *G.Node {
	return G.NewVector(g, tensor.Float64, G.WithShape(len(x)), G.WithName(name), G.WithValue(tensor.New(tensor.WithBacking(x))))
}

// once runs g on our machine.
func once(t *testing.T, g *G.ExprGraph, opts ...vm.Option) {
	t.Helper()
	if err := vm.New(g, opts...).RunAll(); err != nil {
		t.Fatal(err)
	}
}

// TestInputs: a node's inputs are its own, even if removing nodes has made the graph's cache of IDs wrong.
func TestInputs(t *testing.T) {
	g := G.NewGraph()
	a, b := vector(g, "a", 1, 2), vector(g, "b", 3, 4)
	sum := G.Must(G.Add(a, b))
	gone := G.Must(G.Tanh(sum))
	y := G.Must(G.HadamardProd(b, sum))
	for _, n := range g.AllNodes() {
		g.Has(n.ID()) // fills the cache
	}
	g.RemoveNode(gone)
	z := G.Must(G.Sub(y, sum))
	for n, want := range map[*G.Node]G.Nodes{y: {b, sum}, sum: {a, b}, z: {y, sum}, a: nil} {
		if got := op.Inputs(n); !slices.Equal(got, want) {
			t.Errorf("inputs of %v: %v, want %v", n, got, want)
		}
	}
	if g.Node(y.ID()) == y {
		t.Error("a graph finds its nodes by ID again; Inputs can ask it")
	}
	once(t, g)
	if got := z.Value().Data().([]float64); got[0] != 8 || got[1] != 18 {
		t.Errorf("%v, want [8 18]", got)
	}
}

// TestCompileGrad: Compile accepts parameters without a bound gradient, including scalars.
func TestCompileGrad(t *testing.T) {
	g := G.NewGraph()
	w := vector(g, "w", 1, 2)
	x := G.NewScalar(g, tensor.Float64, G.WithName("x"), G.WithValue(3.))
	cost := G.Must(G.Mul(x, G.Must(G.Sum(G.Must(G.Square(w))))))
	if _, err := G.Grad(cost, w, x); err != nil {
		t.Fatal(err)
	}
	m, err := vm.Compile(op.Nodes{cost}, op.Nodes{w, x}, vm.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // nothing adds up
		if err := m.RunAll(); err != nil {
			t.Fatal(err)
		}
		gw, _ := w.Grad()
		gx, _ := x.Grad()
		if fmt.Sprint(gw.Data(), gx.Data()) != "[6 12] 5" {
			t.Errorf("gradients %v and %v, want [6 12] and 5", gw, gx)
		}
	}
}

// TestUnkept: a node that is neither a root, a gradient nor kept shows no value, rather than another node's.
func TestUnkept(t *testing.T) {
	g := G.NewGraph()
	h := G.Must(G.Tanh(vector(g, "x", 1, 2)))
	y := squares(G.Must(G.Sin(h)))
	once(t, g)
	if h.Value() != nil || y.Value() == nil {
		t.Errorf("hidden %v, root %v; want no value, and one", h.Value(), y.Value())
	}
}

// TestCost: a cost shows its value after each run, even if its own gradient reads it, as the gradient of a mean, a root or an exponential does.
func TestCost(t *testing.T) {
	for name, f := range map[string]func(*G.Node) (*G.Node, error){
		"mean": func(y *G.Node) (*G.Node, error) { return G.Mean(y) },
		"root": func(y *G.Node) (*G.Node, error) { return G.Sqrt(G.Must(G.Sum(y))) },
		"exp":  func(y *G.Node) (*G.Node, error) { return G.Exp(G.Must(G.Sum(y))) },
	} {
		t.Run(name, func(t *testing.T) {
			m := newMaker(tensor.Float64)
			cost := G.Must(f(G.Must(G.Square(m.in(3, 4)))))
			s := m.session(cost, G.NewVanillaSolver(G.WithLearnRate(.001)))
			machine, last := vm.New(s.graph, vm.BindDualValues(s.params...)), math.Inf(1)
			for range 3 {
				must(machine.RunAll())
				if cost.Value() == nil || cost.Value().Data().(float64) >= last {
					t.Fatalf("%v after %v", cost.Value(), last)
				}
				last = cost.Value().Data().(float64)
				must(s.solver.Step(G.NodesToValueGrads(s.params)))
			}
		})
	}
}

// TestReadBound: what Read fills can be bound as an input for the next run, as a recurrent network does with its state. The TapeMachine writes it
// during the run, before the gradients read the input.
func TestReadBound(t *testing.T) {
	gradient := func(bound func(G.Value) G.Value) string {
		m := newMaker(tensor.Float64)
		state := m.fixed(m.data(-1, 1, 3))
		w := m.in(3, 3)
		next := G.Must(G.Tanh(G.Must(G.Mul(w, state))))
		var v G.Value
		G.Read(next, &v)
		m.session(squares(next), nil)
		machine := vm.New(m.g, vm.BindDualValues(w))
		for range 3 {
			must(machine.RunAll())
			must(G.Let(state, bound(v)))
		}
		d, _ := w.Grad()
		return fmt.Sprint(d.Data())
	}
	itself := gradient(func(v G.Value) G.Value { return v })
	if copied := gradient(func(v G.Value) G.Value { return v.(*tensor.Dense).Clone().(*tensor.Dense) }); itself != copied {
		t.Errorf("gradients %s, of a copy %s", itself, copied)
	}
}

// TestUnasked: what only an unrequested gradient needs, such as that of the mini-batch, is computed in the first run and then left out.
func TestUnasked(t *testing.T) {
	m := newMaker(tensor.Float64)
	x, w := m.fixed(m.data(-1, 1, 3, 4)), m.in(4, 2)
	cost := squares(G.Must(G.Mul(G.Must(G.Tanh(x)), w)))
	s := m.session(cost, nil)
	var unasked *G.Node // the gradient with respect to tanh(x)
	for _, n := range m.g.AllNodes() {
		if n.Op() != nil && n.Op().String() == "A × Bᵀ" {
			unasked = n
		}
	}
	machine, keeping := vm.New(s.graph, vm.BindDualValues(w)), vm.New(s.graph, vm.Keep(unasked))
	for run := range 3 {
		if err := machine.RunAll(); err != nil {
			t.Fatal(err)
		}
		if shown := unasked.Value() != nil; shown != (run == 0) || strings.Contains(machine.String(), "mulT(") != (run == 0) {
			t.Errorf("run %d: value %v, listing\n%s", run, unasked.Value(), machine)
		}
	}
	for range 2 {
		if err := keeping.RunAll(); err != nil || unasked.Value() == nil {
			t.Errorf("a kept gradient: %v, %v", unasked.Value(), err)
		}
	}
}

// TestAsked: a root of the user's own is not left out, even if differentiation made the same node for itself.
func TestAsked(t *testing.T) {
	m := newMaker(tensor.Float64)
	w, x := m.in(), m.in()
	own := G.Must(G.HadamardProd(w, G.NewConstant(1.)))
	cost := G.Must(G.HadamardProd(w, x))
	nodes := len(m.g.AllNodes())
	if _, err := G.Grad(cost, w); err != nil {
		t.Fatal(err)
	}
	if n := len(m.g.AllNodes()); n != nodes+1 {
		t.Fatalf("differentiation made %d nodes, want the derivative only", n-nodes)
	}
	machine := vm.New(m.g, vm.BindDualValues(w))
	for range 2 {
		if err := machine.RunAll(); err != nil || own.Value() == nil {
			t.Errorf("value %v, %v", own.Value(), err)
		}
	}
}

// TestRunAgain: neither Reset nor its absence, nor Close, changes what the next run gives.
func TestRunAgain(t *testing.T) {
	g := G.NewGraph()
	x := vector(g, "x", 1, 2)
	y := G.Must(G.Sum(x))
	m := vm.New(g)
	for i := range 4 {
		if err := G.Let(x, tensor.New(tensor.WithBacking([]float64{float64(i), 2}))); err != nil {
			t.Fatal(err)
		}
		if err := m.RunAll(); err != nil {
			t.Fatal(err)
		}
		if got := y.Value().Data(); got != float64(i)+2 {
			t.Errorf("run %d: %v", i, got)
		}
		if i%2 == 0 {
			m.Reset()
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// wrong are graphs that cannot run, with the error's text.
var wrong = map[string]struct {
	build func() (*G.ExprGraph, []vm.Option)
	says  []string
}{
	"no graph": {func() (*G.ExprGraph, []vm.Option) { return nil, nil }, []string{"nil"}},
	"no value": {func() (*G.ExprGraph, []vm.Option) {
		g := G.NewGraph()
		G.Must(G.Tanh(G.NewVector(g, tensor.Float64, G.WithShape(3), G.WithName("lonely"))))
		return g, nil
	}, []string{"lonely", "Let"}},
	"no int value": {func() (*G.ExprGraph, []vm.Option) {
		g := G.NewGraph()
		x := G.NewVector(g, tensor.Int, G.WithShape(3), G.WithName("lonely"))
		G.Must(G.Add(x, x))
		return g, nil
	}, []string{"lonely", "Let"}},
	"another type": {func() (*G.ExprGraph, []vm.Option) {
		g := G.NewGraph()
		x := G.NewScalar(g, tensor.Float64, G.WithName("narrow"))
		G.Must(G.Tanh(x))
		must(G.Let(x, float32(1)))
		return g, nil
	}, []string{"narrow", "float32", "float64"}},
	"no elements": {func() (*G.ExprGraph, []vm.Option) {
		g := G.NewGraph()
		empty := tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(0, 3))
		G.Must(G.Tanh(G.NewMatrix(g, tensor.Float64, G.WithShape(0, 3), G.WithName("hollow"), G.WithValue(empty))))
		return g, nil
	}, []string{"hollow", "(0, 3)"}},
	"a sparse matrix": {func() (*G.ExprGraph, []vm.Option) {
		g := G.NewGraph()
		m := tensor.CSRFromCoord(tensor.Shape{2, 2}, []int{0, 1}, []int{0, 1}, []float64{1, 2})
		G.Must(G.Tanh(G.NewMatrix(g, tensor.Float64, G.WithShape(2, 2), G.WithName("thin"), G.WithValue(m))))
		return g, nil
	}, []string{"thin", "CS"}},
	"a nil to keep": {func() (*G.ExprGraph, []vm.Option) {
		return G.NewGraph(), []vm.Option{vm.Keep(nil)}
	}, []string{"nil"}},
	"a nil parameter": {func() (*G.ExprGraph, []vm.Option) {
		return G.NewGraph(), []vm.Option{vm.BindDualValues(nil)}
	}, []string{"nil"}},
	"another graph's node": {func() (*G.ExprGraph, []vm.Option) {
		return G.NewGraph(), []vm.Option{vm.Keep(vector(G.NewGraph(), "foreign", 1, 2))}
	}, []string{"foreign", "graph"}},
	"a statement to keep": {func() (*G.ExprGraph, []vm.Option) {
		g := G.NewGraph()
		var v G.Value
		return g, []vm.Option{vm.Keep(G.Read(vector(g, "x", 1, 2), &v))}
	}, []string{"statement"}},
	"an op that panics": {func() (*G.ExprGraph, []vm.Option) {
		m := newMaker(tensor.Float64)
		G.Must(G.ApplyOp(broken{}, m.in(2, 2), m.in(2, 2)))
		return m.g, nil
	}, []string{"broken", "out of order", "%2", "(2, 2)"}},
	"an op that fails": {func() (*G.ExprGraph, []vm.Option) {
		m := newMaker(tensor.Float64)
		G.Must(G.ApplyOp(broken{fails: true}, m.in(2, 2), m.in(2, 2)))
		return m.g, nil
	}, []string{"broken", "out of order", "%2"}},
	"a NaN": {func() (*G.ExprGraph, []vm.Option) {
		g := G.NewGraph()
		squares(G.Must(G.Log(G.Must(G.Neg(vector(g, "x", 1, 2))))))
		return g, []vm.Option{vm.WithWatchlist()}
	}, []string{"ln", "NaN", "element 0"}},
	"an Inf": {func() (*G.ExprGraph, []vm.Option) {
		g := G.NewGraph()
		y := G.Must(G.Inverse(vector(g, "x", 1, 0)))
		squares(y)
		return g, []vm.Option{vm.WithWatchlist(y)}
	}, []string{"Inf", "element 1"}},
	"an op that returns another shape": {func() (*G.ExprGraph, []vm.Option) {
		m := newMaker(tensor.Float64)
		y := G.Must(G.ApplyOp(shrinking{}, m.in(2, 2), m.in(2, 2)))
		G.Must(G.Add(y, m.in(2, 2)))
		return m.g, nil
	}, []string{"shrinking"}},
}

// TestWrong: for a graph that is wrong, RunAll returns an error that names the node, every time.
func TestWrong(t *testing.T) {
	for name, w := range wrong {
		t.Run(name, func(t *testing.T) {
			g, opts := w.build()
			m := vm.New(g, opts...)
			for range 2 {
				err := m.RunAll()
				if err == nil {
					t.Fatal("no error")
				}
				for _, s := range w.says {
					if !strings.Contains(err.Error(), s) {
						t.Errorf("%v does not say %s", err, s)
					}
				}
			}
		})
	}
}

// TestBoundLater: values, gradients and nodes may be bound after New, and values also after a failed run.
func TestBoundLater(t *testing.T) {
	g := G.NewGraph()
	m := vm.New(g)
	x := G.NewVector(g, tensor.Float64, G.WithShape(2), G.WithName("x"))
	cost := squares(x)
	if err := m.RunAll(); err == nil {
		t.Fatal("no error without a value")
	}
	if _, err := G.Grad(cost, x); err != nil {
		t.Fatal(err)
	}
	if err := G.Let(x, tensor.New(tensor.WithBacking([]float64{1, 2}))); err != nil {
		t.Fatal(err)
	}
	if err := m.RunAll(); err != nil {
		t.Fatal(err)
	}
	if d, err := x.Grad(); err != nil || fmt.Sprint(d.Data()) != "[2 4]" {
		t.Errorf("gradient %v, %v", d, err)
	}
}

// TestAddedLater: nodes added after the first run are not part of the machine, as with the TapeMachine.
func TestAddedLater(t *testing.T) {
	m := newMaker(tensor.Float64)
	w, x := m.in(4, 2), m.fixed(m.data(-1, 1, 3, 4))
	s := m.session(squares(G.Must(G.Mul(G.Must(G.Tanh(x)), w))), nil)
	machine := vm.New(s.graph, vm.BindDualValues(w))
	for range 3 {
		if err := machine.RunAll(); err != nil {
			t.Fatal(err)
		}
		G.Must(G.Tanh(G.NewVector(m.g, tensor.Float64, G.WithShape(3), G.WithName("unbound"))))
	}
}

// TestMisuse: wrong arguments give errors, or nothing, and never a panic.
func TestMisuse(t *testing.T) {
	g := G.NewGraph()
	w := vector(g, "w", 1, 2)
	y := squares(w)
	if vm.New(g, nil).Data(y) != nil || vm.New(nil).String() != "" {
		t.Error("a machine that has not run has data, or a listing")
	}
	for name, c := range map[string]struct {
		outs, params op.Nodes
		vm.Config
	}{
		"no outputs":            {nil, nil, vm.Config{}},
		"a nil output":          {op.Nodes{nil}, nil, vm.Config{}},
		"a nil parameter":       {op.Nodes{y}, op.Nodes{nil}, vm.Config{}},
		"too few decays":        {op.Nodes{y}, op.Nodes{w}, vm.Config{Descent: &vm.Descent{}}},
		"no gradient":           {op.Nodes{y}, op.Nodes{w}, vm.Config{Descent: &vm.Descent{Decay: []bool{true}}}},
		"a statement as output": {op.Nodes{G.Read(y, new(G.Value))}, nil, vm.Config{}},
	} {
		if m, err := vm.Compile(c.outs, c.params, c.Config); err == nil || m != nil || strings.Contains(err.Error(), "panic") {
			t.Errorf("%s: %v, %v", name, m, err)
		}
	}
}

// TestShared: machines of several graphs run at the same time with the same weights, which none of them writes.
func TestShared(t *testing.T) {
	m := newMaker(tensor.Float64)
	weights := []*tensor.Dense{m.data(-1, 1, 6, 5), m.data(-1, 1, 5, 3)}
	var group sync.WaitGroup
	results := make([]string, 4)
	for i := range results {
		group.Add(1)
		go func() {
			defer group.Done()
			m := newMaker(tensor.Float64)
			x := m.fixed(m.data(-1, 1, 4, 6))
			for _, w := range weights {
				m.params = append(m.params, m.fixed(w))
			}
			h := G.Must(G.Tanh(G.Must(G.Mul(x, m.params[0]))))
			s := m.session(squares(G.Must(G.Mul(h, m.params[1]))), nil)
			machine := vm.New(s.graph, vm.BindDualValues(s.params...))
			for range 20 {
				if err := machine.RunAll(); err != nil {
					t.Error(err)
				}
			}
			d, _ := m.params[0].Grad()
			results[i] = fmt.Sprint(d.Data())
		}()
	}
	group.Wait()
	for _, r := range results[1:] {
		if r != results[0] {
			t.Errorf("gradients %v and %v", r, results[0])
		}
	}
}

// TestRandom: random nodes and dropout draw new numbers in each run, with the right distribution.
func TestRandom(t *testing.T) {
	g := G.NewGraph()
	normal := G.GaussianRandomNode(g, tensor.Float64, 2, 3, 2000)
	uniform := G.UniformRandomNode(g, tensor.Float64, 1, 5, 2001) // Gorgonia considers random nodes of the same shape equal
	dropped := G.Must(G.Dropout(G.NewVector(g, tensor.Float64, G.WithShape(2000), G.WithName("x"), G.WithValue(tensor.Ones(tensor.Float64, 2000))), .5))
	y := G.Must(G.Tanh(normal))
	machine := vm.New(g, vm.Keep(normal, uniform, y))
	last := 0.
	for range 3 {
		if err := machine.RunAll(); err != nil {
			t.Fatal(err)
		}
		mean, sd := moments(normal.Value())
		if math.Abs(mean-2) > .4 || math.Abs(sd-3) > .4 || mean == last {
			t.Errorf("normal: mean %v, deviation %v; before %v", mean, sd, last)
		}
		last = mean
		if mean, sd = moments(uniform.Value()); math.Abs(mean-3) > .2 || math.Abs(sd-4/math.Sqrt(12)) > .1 {
			t.Errorf("uniform: mean %v, deviation %v", mean, sd)
		}
		if mean, _ = moments(dropped.Value()); math.Abs(mean-1) > .15 {
			t.Errorf("dropout: mean %v", mean)
		}
		for i, v := range y.Value().Data().([]float64) {
			if v != math.Tanh(normal.Value().Data().([]float64)[i]) {
				t.Fatalf("what reads a random node does not have the numbers shown")
			}
		}
	}
}

func moments(v G.Value) (mean, sd float64) {
	d := v.Data().([]float64)
	for _, x := range d {
		mean += x / float64(len(d))
	}
	for _, x := range d {
		sd += (x - mean) * (x - mean) / float64(len(d))
	}
	return mean, math.Sqrt(sd)
}

// TestCompileTime: ten thousand nodes are compiled in time that is not quadratic: within a second on an idle machine; the limit is for a busy one.
func TestCompileTime(t *testing.T) {
	m := newMaker(tensor.Float64)
	x := m.in(4)
	h := x
	for range 1300 {
		h = G.Must(G.Tanh(G.Must(G.HadamardProd(h, x))))
	}
	for range 200 { // x and h have many readers
		h = G.Must(G.Add(h, G.Must(G.HadamardProd(x, h))))
	}
	m.session(squares(h), nil)
	nodes := len(m.g.AllNodes())
	begin := time.Now()
	once(t, m.g)
	took := time.Since(begin)
	t.Logf("%d nodes in %v", nodes, took)
	if nodes < 10_000 || took > time.Minute {
		t.Errorf("%d nodes took %v", nodes, took)
	}
}

// TestListing: a listing shows which ops are not ours.
func TestListing(t *testing.T) {
	m := newMaker(tensor.Float64)
	G.Must(G.ApplyOp(twice{}, m.in(2, 2), m.in(2, 2)))
	machine := vm.New(m.g)
	if err := machine.RunAll(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains([]byte(machine.String()), []byte("+ twice (Gorgonia's own)(w0, w1)")) {
		t.Errorf("listing:\n%s", machine)
	}
}

// TestStale: values that another machine left in nodes which ours does not show are removed, but whoever holds such a value keeps it.
func TestStale(t *testing.T) {
	m := newMaker(tensor.Float64)
	h := G.Must(G.Tanh(m.in(2, 3)))
	y := squares(G.Must(G.Sin(h)))
	if err := G.NewTapeMachine(m.g, G.TraceExec()).RunAll(); err != nil {
		t.Fatal(err)
	}
	had := h.Value()
	before := fmt.Sprint(had)
	once(t, m.g)
	if h.Value() != nil || y.Value() == nil || fmt.Sprint(had) != before {
		t.Errorf("hidden %v, root %v; the value that was there is %v, was %v", h.Value(), y.Value(), had, before)
	}
}
