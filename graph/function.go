package graph

import (
	"errors"
	"fmt"
	"math"
	"sync"

	"gonum.org/v1/gonum/mat"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/graph/vm"
)

// A Function is a scalar function of n numbers with its first and second derivatives. It fits gonum's package optimize:
//
//	optimize.Problem{Func: f.Func, Grad: f.Grad, Hess: f.Hess}
//
// It computes in float64. Its methods neither panic nor return errors. If a slice has the wrong length, a derivative does not exist or the
// computation fails, the results are NaN and Err says why. Several goroutines may use a Function; their calls take turns.
type Function struct {
	mu                 sync.Mutex
	x, v               []float64 // the programs' inputs
	value, grad, times result
	err                error
}

// result is a program that computes one node: f, its gradient, or its Hessian times v.
type result struct {
	vm  *vm.VM    // nil: y is constant
	y   []float64 // the node's memory
	err error     // why there is no program
}

// NewFunction makes a Function from f, which gets the node x (n) in float64 and returns a scalar node computed from it, with Gorgonia's
// operations or with the ops of package op. The derivatives are those of [Grad]. They are 0 where f does not depend on x, and second
// derivatives are 0 where f is linear. The error says what is wrong with f; a panic in f becomes an error, too.
func NewFunction(n int, f func(x *Node) *Node) (fn *Function, err error) {
	defer func() {
		if err != nil {
			fn, err = nil, fmt.Errorf("graph: function of %d numbers: %w", n, err)
		}
	}()
	defer op.Catch(&err)
	if n < 1 || f == nil {
		return nil, errors.New("use at least one number, and a function that is not nil")
	}
	fn = &Function{x: make([]float64, n), v: make([]float64, n)}
	g := gorgonia.NewGraph()
	x, v := vector(g, "x", fn.x), vector(g, "v", fn.v)
	y := made(f, x)
	if fn.value = compiled(y); fn.value.err != nil {
		return nil, fn.value.err
	}
	var along *Node
	fn.grad, along = derivative(y, x, v)
	if fn.times.err = fn.grad.err; fn.grad.err == nil {
		fn.times, _ = derivative(along, x, v)
	}
	return fn, nil
}

// vector returns a variable that reads x.
func vector(g *gorgonia.ExprGraph, name string, x []float64) *Node {
	return gorgonia.NewVector(g, tensor.Float64, gorgonia.WithShape(len(x)), gorgonia.WithName(name),
		gorgonia.WithValue(tensor.New(tensor.WithShape(len(x)), tensor.WithBacking(x))))
}

// made returns f(x) after checking it.
func made(f func(x *Node) *Node, x *Node) *Node {
	defer op.Wrap(func(err error) error { return err })
	y := f(x)
	switch {
	case y == nil:
		op.Fail("it returned no node")
	case y.Graph() != x.Graph():
		op.Fail("it returned %v, which belongs to another graph; build it from x", y)
	case !y.IsScalar() || y.Dtype() != tensor.Float64:
		op.Fail("it returned %v of shape %v; return a scalar of float64", y, y.Shape())
	}
	return y
}

// derivative returns the gradient of y with respect to x, and the node of its product with v. A nil y does not depend on x.
func derivative(y, x, v *Node) (r result, along *Node) {
	var g Nodes
	if y != nil {
		if g, r.err = gradients(y, Nodes{x}); r.err != nil {
			return r, nil
		}
	}
	n := x.Shape()[0]
	if g == nil || g[0] == nil {
		return result{y: make([]float64, n)}, nil
	}
	return compiled(g[0]), op.Inner.Apply(g[0], v)
}

// compiled returns the program that computes y.
func compiled(y *Node) (r result) {
	if r.vm, r.err = vm.Compile(Nodes{y}, nil, vm.Config{Threads: 1}); r.err == nil {
		r.y, _ = r.vm.Data(y).([]float64)
	}
	return r
}

// Func returns f(x).
func (fn *Function) Func(x []float64) float64 {
	y := []float64{0}
	fn.lock(func() { fn.run(y, &fn.value, x, fn.v) })
	return y[0]
}

// Grad writes the gradient of f at x to grad. Both have n elements.
func (fn *Function) Grad(grad, x []float64) {
	fn.lock(func() { fn.run(grad, &fn.grad, x, fn.v) })
}

// HessianTimes writes the Hessian of f at x, times v, to y. All have n elements.
func (fn *Function) HessianTimes(y, v, x []float64) {
	fn.lock(func() { fn.run(y, &fn.times, x, v) })
}

// Hess writes the Hessian of f at x (n) to hess, which must have order n or be empty. It takes as long as n calls of HessianTimes.
func (fn *Function) Hess(hess *mat.SymDense, x []float64) {
	n := len(fn.x)
	if hess == nil {
		return
	}
	if hess.IsEmpty() {
		hess.ReuseAsSym(n)
	}
	fn.lock(func() {
		column, e := make([]float64, hess.SymmetricDim()), make([]float64, n)
		for j := range column {
			clear(e)
			if j < n {
				e[j] = 1
			}
			fn.run(column, &fn.times, x, e)
			for i, h := range column[:j+1] {
				hess.SetSym(i, j, h)
			}
		}
	})
}

// Err returns the first error since the function was made, which is why results were NaN, or nil. It is also nil if f itself gave the NaN.
func (fn *Function) Err() error {
	fn.mu.Lock()
	defer fn.mu.Unlock()
	return fn.err
}

func (fn *Function) lock(f func()) {
	fn.mu.Lock()
	defer fn.mu.Unlock()
	f()
}

// run evaluates r at x and v into y. On failure it fills y with NaN and keeps the error.
func (fn *Function) run(y []float64, r *result, x, v []float64) {
	err := r.err
	if want := len(r.y); err == nil && (len(x) != len(fn.x) || len(v) != len(fn.v) || len(y) != want) {
		err = fmt.Errorf("%d numbers with %d for the result, of a function of %d", len(x), len(y), len(fn.x))
	}
	if err == nil {
		copy(fn.x, x)
		copy(fn.v, v)
		err = r.run()
	}
	if err == nil {
		copy(y, r.y)
		return
	}
	for i := range y {
		y[i] = math.NaN()
	}
	if fn.err == nil {
		fn.err = fmt.Errorf("graph: %w", err)
	}
}

// run runs the program. A panic in one of Gorgonia's ops becomes an error.
func (r *result) run() (err error) {
	if r.vm == nil {
		return nil
	}
	defer op.Catch(&err)
	defer op.Wrap(func(err error) error { return err })
	return r.vm.RunAll()
}
