package graph_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gorgonia.org/gorgonia"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/graph/graphtest"
	"github.com/stheno-ml/stheno/graph/op"
)

// A short notation for functions of a few numbers, over Gorgonia's operations.
func at(x *node, i int) *node       { return gorgonia.Must(gorgonia.Slice(x, gorgonia.S(i))) }
func added(a, b *node) *node        { return gorgonia.Must(gorgonia.Add(a, b)) }
func minus(a, b *node) *node        { return gorgonia.Must(gorgonia.Sub(a, b)) }
func mul(a, b *node) *node          { return gorgonia.Must(gorgonia.Mul(a, b)) }
func square(x *node) *node          { return gorgonia.Must(gorgonia.Square(x)) }
func sine(x *node) *node            { return gorgonia.Must(gorgonia.Sin(x)) }
func cosine(x *node) *node          { return gorgonia.Must(gorgonia.Cos(x)) }
func exp(x *node) *node             { return gorgonia.Must(gorgonia.Exp(x)) }
func sum(x *node) *node             { return gorgonia.Must(gorgonia.Sum(x)) }
func num(c float64) *node           { return gorgonia.NewConstant(c) }
func lots(c float64, x *node) *node { return mul(num(c), x) }
func from(x *node, i, j int) *node  { return gorgonia.Must(gorgonia.Slice(x, gorgonia.S(i, j))) }

// rosenbrock is Σ 100 (x[i+1]−x[i]²)² + (1−x[i])².
func rosenbrock(x *node) *node {
	var total *node
	for i := range x.Shape()[0] - 1 {
		a := square(minus(at(x, i+1), square(at(x, i))))
		term := added(lots(100, a), square(minus(num(1), at(x, i))))
		if total == nil {
			total = term
		} else {
			total = added(total, term)
		}
	}
	return total
}

// functions are test functions for optimization, at points where they are curved.
var functions = []struct {
	name string
	x    []float64
	f    func(x *node) *node
}{
	{"sphere", []float64{1, -2, 3}, func(x *node) *node { return sum(square(x)) }},
	{"Rosenbrock", []float64{-1.2, 1}, rosenbrock},
	{"Rosenbrock of five", []float64{-1.2, 1, .3, -.4, 2}, rosenbrock},
	{"Booth", []float64{.5, -1}, func(x *node) *node {
		a, b := at(x, 0), at(x, 1)
		return added(square(minus(added(a, lots(2, b)), num(7))), square(minus(added(lots(2, a), b), num(5))))
	}},
	{"Matyas", []float64{.5, -1}, func(x *node) *node {
		return minus(lots(.26, sum(square(x))), lots(.48, mul(at(x, 0), at(x, 1))))
	}},
	{"Beale", []float64{1, .2}, func(x *node) *node {
		a, b := at(x, 0), at(x, 1)
		term := func(c float64, power *node) *node { return square(added(minus(num(c), a), mul(a, power))) }
		return added(added(term(1.5, b), term(2.25, square(b))), term(2.625, mul(b, square(b))))
	}},
	{"Himmelblau", []float64{-1, .5}, func(x *node) *node {
		a, b := at(x, 0), at(x, 1)
		return added(square(minus(added(square(a), b), num(11))), square(minus(added(a, square(b)), num(7))))
	}},
	{"McCormick", []float64{.5, -.7}, func(x *node) *node {
		a, b := at(x, 0), at(x, 1)
		return added(added(sine(added(a, b)), square(minus(a, b))), added(minus(lots(2.5, b), lots(1.5, a)), num(1)))
	}},
	{"three-hump camel", []float64{.8, -.3}, func(x *node) *node {
		a, b := at(x, 0), at(x, 1)
		s := square(a)
		return added(added(minus(lots(2, s), lots(1.05, square(s))), lots(1./6, mul(s, square(s)))), added(mul(a, b), square(b)))
	}},
	{"Easom", []float64{2.8, 3.5}, func(x *node) *node {
		d := gorgonia.Must(gorgonia.Sub(x, num(math.Pi)))
		return lots(-1, mul(mul(cosine(at(x, 0)), cosine(at(x, 1))), exp(lots(-1, sum(square(d))))))
	}},
	{"Branin", []float64{1, 2}, func(x *node) *node {
		a, b := at(x, 0), at(x, 1)
		y := minus(added(minus(b, lots(.129, square(a))), lots(1.59, a)), num(6))
		return added(added(square(y), lots(9.6, cosine(a))), num(10))
	}},
	{"Powell", []float64{3, -1, .2, 1}, func(x *node) *node {
		s := square(added(at(x, 0), lots(10, at(x, 1))))
		s = added(s, lots(5, square(minus(at(x, 2), at(x, 3)))))
		s = added(s, square(square(minus(at(x, 1), lots(2, at(x, 2))))))
		return added(s, lots(10, square(square(minus(at(x, 0), at(x, 3))))))
	}},
	{"Styblinski–Tang", []float64{-2, .7, 1.5}, func(x *node) *node {
		s := square(x)
		return lots(.5, sum(added(minus(square(s), lots(16, s)), lots(5, x))))
	}},
	{"Rastrigin", []float64{.3, -.2}, func(x *node) *node {
		return sum(minus(square(x), lots(10, cosine(lots(2*math.Pi, x)))))
	}},
	{"Ackley", []float64{.5, -.8}, func(x *node) *node {
		root := gorgonia.Must(gorgonia.Sqrt(lots(.5, sum(square(x)))))
		return minus(lots(-20, exp(lots(-.2, root))), exp(lots(.5, sum(cosine(lots(2*math.Pi, x))))))
	}},
	{"Griewank", []float64{1, 2}, func(x *node) *node {
		return minus(lots(1./4000, sum(square(x))), mul(cosine(at(x, 0)), cosine(lots(1/math.Sqrt2, at(x, 1)))))
	}},
	{"Zakharov", []float64{.3, -.5, .2}, func(x *node) *node {
		s := square(sum(mul(constants(x, .5, 1, 1.5), x)))
		return added(sum(square(x)), added(s, square(s)))
	}},
	{"Dixon–Price", []float64{1, .5, -2}, func(x *node) *node {
		f := square(minus(at(x, 0), num(1)))
		for i := 1; i < 3; i++ {
			f = added(f, lots(float64(i+1), square(minus(lots(2, square(at(x, i))), at(x, i-1)))))
		}
		return f
	}},
	{"Brown", []float64{.5, -.7}, func(x *node) *node {
		power := func(a, b *node) *node { return gorgonia.Must(gorgonia.Pow(square(a), added(square(b), num(1)))) }
		return added(power(at(x, 0), at(x, 1)), power(at(x, 1), at(x, 0)))
	}},
	{"log Σ exp", []float64{1, -1, .5}, func(x *node) *node { return gorgonia.Must(gorgonia.Log(sum(exp(x)))) }},
	{"quotient", []float64{.5, 2, 1}, func(x *node) *node {
		return sum(gorgonia.Must(gorgonia.HadamardDiv(from(x, 0, 2), added(num(1), square(from(x, 1, 3))))))
	}},
	{"norms by our ops", []float64{1, -2, .5}, func(x *node) *node {
		row := op.Reshape(shape{1, 3}).Apply(x)
		return op.NLL.Apply(op.GELU.Apply(row), op.Softmax.Apply(row))
	}},
	{"of one number", []float64{.7}, func(x *node) *node { return sum(exp(sine(x))) }},
}

// constants returns a constant vector in x's graph.
func constants(x *node, c ...float64) *node {
	return variable(x.Graph(), "c", tensor{Shape: shape{len(c)}, Data: c})
}

// TestFunctions compares gradients with central differences of values, and Hessians with central differences of gradients.
func TestFunctions(t *testing.T) {
	for _, c := range functions {
		n := len(c.x)
		f, err := graph.NewFunction(n, c.f)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		grad, hess, near := make([]float64, n), mat.NewSymDense(n, nil), make([]float64, n)
		f.Grad(grad, c.x)
		f.Hess(hess, c.x)
		for j := range n {
			want, _ := slope(func() (float64, error) { return f.Func(c.x), nil }, &c.x[j])
			if !close6(grad[j], want) {
				t.Errorf("%s: derivative %d is %v, differences say %v", c.name, j, grad[j], want)
			}
			for i := range n {
				want, _ := slope(func() (float64, error) { f.Grad(near, c.x); return near[i], nil }, &c.x[j])
				if got := hess.At(i, j); !close6(got, want) {
					t.Errorf("%s: H(%d,%d) is %v, differences say %v", c.name, i, j, got, want)
				}
			}
		}
		v, hv := graphtest.Random(shape{n}, 1).Data, make([]float64, n)
		f.HessianTimes(hv, v, c.x)
		var want mat.VecDense
		want.MulVec(hess, mat.NewVecDense(n, v))
		for i := range n {
			if !close6(hv[i], want.AtVec(i)) {
				t.Errorf("%s: element %d of the Hessian times v is %v, want %v", c.name, i, hv[i], want.AtVec(i))
			}
		}
		if f.Err() != nil {
			t.Errorf("%s: %v", c.name, f.Err())
		}
	}
}

func close6(got, want float64) bool { return math.Abs(got-want) <= 1e-6*max(1, math.Abs(want)) }

// TestRosenbrock computes the Hessian at the usual starting point into an empty matrix, and compares it with the result by hand.
func TestRosenbrock(t *testing.T) {
	f, err := graph.NewFunction(2, rosenbrock)
	if err != nil {
		t.Fatal(err)
	}
	var hess mat.SymDense
	f.Hess(&hess, []float64{-1.2, 1})
	for i, want := range []float64{1330, 480, 480, 200} {
		if got := hess.At(i/2, i%2); math.Abs(got-want) > 1e-10 {
			t.Errorf("H(%d,%d) is %v, want %v", i/2, i%2, got, want)
		}
	}
}

// TestFunctionLinear: derivatives with respect to what a function does not depend on are 0.
func TestFunctionLinear(t *testing.T) {
	for name, f := range map[string]func(x *node) *node{
		"3x₀": func(x *node) *node { return lots(3, at(x, 0)) },
		"7":   func(x *node) *node { return added(variable(x.Graph(), "c", tensor{Data: []float64{3}}), num(4)) },
	} {
		f, err := graph.NewFunction(2, f)
		if err != nil {
			t.Fatal(err)
		}
		grad, y := []float64{1, 1}, []float64{1, 1}
		hess := mat.NewSymDense(2, []float64{1, 2, 2, 1})
		f.Grad(grad, []float64{1, 2})
		f.Hess(hess, []float64{1, 2})
		f.HessianTimes(y, []float64{1, 1}, []float64{1, 2})
		want := map[string]string{"3x₀": "3 [3 0] [0 0] 0 0 0", "7": "7 [0 0] [0 0] 0 0 0"}[name]
		if got := fmt.Sprint(f.Func([]float64{1, 2}), grad, y, hess.At(0, 0), hess.At(0, 1), hess.At(1, 1)); got != want || f.Err() != nil {
			t.Errorf("%s gives %s (%v), want %s", name, got, f.Err(), want)
		}
	}
}

func TestNewFunctionErrors(t *testing.T) {
	other := gorgonia.NewScalar(gorgonia.NewGraph(), gorgonia.Float64, gorgonia.WithName("other"))
	for _, c := range []struct {
		n    int
		f    func(x *node) *node
		want string
	}{
		{0, rosenbrock, "graph: function of 0 numbers: use at least one number"},
		{-1, rosenbrock, "graph: function of -1 numbers: use at least one number"},
		{2, nil, "graph: function of 2 numbers: use at least one number, and a function that is not nil"},
		{2, func(*node) *node { return nil }, "graph: function of 2 numbers: it returned no node"},
		{2, func(x *node) *node { return x }, "graph: function of 2 numbers: it returned x :: Vector float64 of shape (2); return a scalar"},
		{2, func(*node) *node { return other }, "graph: function of 2 numbers: it returned other :: float64, which belongs to another graph"},
		{2, func(*node) *node { panic("help") }, "graph: function of 2 numbers: panic: help"},
		{2, func(x *node) *node { return at(x, 7) }, "graph: function of 2 numbers: panic: "},
		{2, func(x *node) *node { return op.MapMeans.Apply(x) }, "graph: function of 2 numbers: mapMeans: (2); it takes (m,c,h,w)"},
		{2, func(x *node) *node { return gorgonia.NewScalar(x.Graph(), gorgonia.Float64, gorgonia.WithName("y")) },
			"graph: function of 2 numbers: vm: input y has no value"},
	} {
		if _, err := graph.NewFunction(c.n, c.f); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("error %v, want %s…", err, c.want)
		}
	}
}

// TestFunctionNaN: a result that cannot be computed is NaN, with an error that says why.
func TestFunctionNaN(t *testing.T) {
	steps := &op.Op{Name: "steps", Shape: op.ReLU.Shape, F32: op.ReLU.F32, F64: op.ReLU.F64}
	elsewhere := op.Sigmoid.Apply(variable(gorgonia.NewGraph(), "x", graphtest.Random(shape{2}, 1)))
	make2 := func(f func(x *node) *node) *graph.Function {
		fn, err := graph.NewFunction(2, f)
		if err != nil {
			t.Fatal(err)
		}
		return fn
	}
	x, y := []float64{1, 2}, make([]float64, 2)
	for _, c := range []struct {
		name string
		f    func(x *node) *node
		call func(f *graph.Function) []float64
		want string
	}{
		{"Func of 3", rosenbrock, func(f *graph.Function) []float64 { return []float64{f.Func(make([]float64, 3))} }, "graph: 3 numbers with 1 for the result, of a function of 2"},
		{"Grad of nil", rosenbrock, func(f *graph.Function) []float64 { f.Grad(y, nil); return y }, "graph: 0 numbers with 2 for the result, of a function of 2"},
		{"Grad into 1", rosenbrock, func(f *graph.Function) []float64 { f.Grad(y[:1], x); return y[:1] }, "graph: 2 numbers with 1 for the result, of a function of 2"},
		{"HessianTimes of 3", rosenbrock, func(f *graph.Function) []float64 { f.HessianTimes(y, make([]float64, 3), x); return y }, "graph: "},
		{"Hess of order 3", rosenbrock, func(f *graph.Function) []float64 {
			h := mat.NewSymDense(3, nil)
			f.Hess(h, x)
			return h.RawSymmetric().Data[:3]
		}, "graph: 2 numbers with 3 for the result, of a function of 2"},
		{"no gradient", func(x *node) *node { return sum(steps.Apply(x)) },
			func(f *graph.Function) []float64 { f.Grad(y, x); return y }, "graph: gradient of steps: the op has no gradient rule"},
		{"no Hessian", func(x *node) *node { return sum(steps.Apply(x)) },
			func(f *graph.Function) []float64 { f.HessianTimes(y, x, x); return y }, "graph: gradient of steps: "},
		{"an op that fails", func(x *node) *node { return sum(gorgonia.Must(gorgonia.ApplyOp(broken{elsewhere.Op()}, x))) },
			func(f *graph.Function) []float64 { return []float64{f.Func(x)} }, "graph: "},
	} {
		f := make2(c.f)
		for i, v := range c.call(f) {
			if !math.IsNaN(v) {
				t.Errorf("%s: number %d is %v, not NaN", c.name, i, v)
			}
		}
		if err := f.Err(); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s…", c.name, err, c.want)
		}
	}
	f := make2(rosenbrock)
	f.Hess(nil, x)
	if got := f.Func([]float64{math.NaN(), 1}); !math.IsNaN(got) || f.Err() != nil {
		t.Errorf("f(NaN) is %v, %v", got, f.Err())
	}
}

// broken is an op that fails when it runs.
type broken struct{ gorgonia.Op }

func (broken) Do(...gorgonia.Value) (gorgonia.Value, error) { return nil, errors.New("broken") }

// TestFunctionGoroutines: calls from several goroutines take turns.
func TestFunctionGoroutines(t *testing.T) {
	f, err := graph.NewFunction(2, rosenbrock)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan float64)
	for i := range 8 {
		go func() {
			grad := make([]float64, 2)
			f.Grad(grad, []float64{float64(i), 0})
			done <- grad[1] + 200*float64(i*i) // −200 x₀²
		}()
	}
	for range 8 {
		if off := <-done; off != 0 {
			t.Errorf("a gradient is off by %v", off)
		}
	}
}

// TestHessianTimesMLP compares the Hessian of mlp's cost, times a vector, with differences of the gradient, for all 23,860 elements.
func TestHessianTimesMLP(t *testing.T) {
	const m, in, hidden, out = 10, 784, 30, 10
	const n = in*hidden + hidden + hidden*out + out
	images, labels := graphtest.Random(shape{m, in}, 1), tensor{Shape: shape{m, out}, Data: make([]float64, m*out)}
	for i := range m {
		labels.Data[i*out+i*3%out] = 1
	}
	f, err := graph.NewFunction(n, func(x *node) *node {
		all, at := op.Reshape(shape{1, n}).Apply(x), 0
		take := func(s ...int) *node {
			from := at
			at += shape(s).TotalSize()
			return op.Reshape(s).Apply(op.Part(from, at).Apply(all))
		}
		a := op.Sigmoid.Apply(op.Affine.Apply(variable(x.Graph(), "images", images), take(in, hidden), take(hidden)))
		a = op.Sigmoid.Apply(op.Affine.Apply(a, take(hidden, out), take(out)))
		return op.Quadratic.Apply(a, variable(x.Graph(), "labels", labels))
	})
	if err != nil {
		t.Fatal(err)
	}
	x, v, got := graphtest.Random(shape{n}, 2).Data, graphtest.Random(shape{n}, 3).Data, make([]float64, n)
	for i := range x {
		x[i] /= math.Sqrt(in)
	}
	f.HessianTimes(got, v, x)
	want, near, moved := make([]float64, n), make([]float64, n), make([]float64, n)
	const h = 1e-4
	for _, s := range []struct{ step, weight float64 }{{h, 8}, {-h, -8}, {2 * h, -1}, {-2 * h, 1}} {
		for i := range x {
			moved[i] = x[i] + s.step*v[i]
		}
		f.Grad(near, moved)
		for i, g := range near {
			want[i] += s.weight * g / (12 * h)
		}
	}
	largest := 0.0
	for i := range want {
		largest = max(largest, math.Abs(want[i]))
		if math.Abs(got[i]-want[i]) > 1e-6*max(math.Abs(want[i]), 1e-2) {
			t.Fatalf("element %d is %v, differences say %v", i, got[i], want[i])
		}
	}
	if largest < .1 {
		t.Errorf("the largest element is %v: nothing was seen", largest)
	}
}

// TestSecondOnTape: Gorgonia's TapeMachine runs what Grad makes, too.
func TestSecondOnTape(t *testing.T) {
	for _, c := range functions {
		f, err := graph.NewFunction(len(c.x), c.f)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]float64, len(c.x))
		f.HessianTimes(want, c.x, c.x)
		g := gorgonia.NewGraph()
		x, v := variable(g, "x", vectorOf(c.x)), variable(g, "v", vectorOf(c.x))
		cost := c.f(x)
		for range 2 {
			d, err := graph.Grad(cost, x)
			if err != nil {
				t.Fatal(err)
			}
			cost = op.Inner.Apply(d[0], v)
		}
		product, err := graph.Grad(cost, v) // of v·Hv: 2Hv
		if err != nil {
			t.Fatal(err)
		}
		var got gorgonia.Value
		gorgonia.Read(product[0], &got)
		tape := gorgonia.NewTapeMachine(g)
		if err := tape.RunAll(); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for i, w := range want {
			if d := got.Data().([]float64)[i]; !close6(d, 2*w) {
				t.Errorf("%s: element %d is %v on the TapeMachine, want %v", c.name, i, d, 2*w)
			}
		}
		tape.Close()
	}
}

func vectorOf(x []float64) tensor { return tensor{Shape: shape{len(x)}, Data: slices.Clone(x)} }
