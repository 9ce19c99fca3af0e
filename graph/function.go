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

// A Function is a scalar function of n numbers, with its first and second derivatives: what gonum's package optimize takes, as in
//
//	optimize.Problem{Func: f.Func, Grad: f.Grad, Hess: f.Hess}
//
// It computes in float64. No method panics or has an error to return: where one is given slices of another length, or there is no such
// derivative, or the computation fails, the results are NaN, and Err tells why. Several goroutines may use it; their calls take turns.
type Function struct {
	mu                 sync.Mutex
	x, v               []float64 // what the programs read
	value, grad, times result
	err                error
}

// result is a program for one node: f, its gradient, or its Hessian times v.
type result struct {
	vm  *vm.VM    // nil: y never changes
	y   []float64 // the node's memory
	err error     // there is none
}

// NewFunction makes a function of n numbers of a graph: f gets the node x (n) of float64 and returns a scalar node that it has made of it,
// by Gorgonia's operations or by ops of package op. The derivatives are those of [Grad]; where f is linear in x, or does not depend on it,
// they are 0. The error says what is wrong with f; a panic inside f is such an error.
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

// vector is a variable over x.
func vector(g *gorgonia.ExprGraph, name string, x []float64) *Node {
	return gorgonia.NewVector(g, tensor.Float64, gorgonia.WithShape(len(x)), gorgonia.WithName(name),
		gorgonia.WithValue(tensor.New(tensor.WithShape(len(x)), tensor.WithBacking(x))))
}

// made is f(x), checked.
func made(f func(x *Node) *Node, x *Node) *Node {
	defer op.Wrap(func(err error) error { return err })
	y := f(x)
	switch {
	case y == nil:
		op.Fail("it returned no node")
	case y.Graph() != x.Graph():
		op.Fail("it returned %v, which is of another graph; make it of x", y)
	case !y.IsScalar() || y.Dtype() != tensor.Float64:
		op.Fail("it returned %v of shape %v; return a scalar of float64", y, y.Shape())
	}
	return y
}

// derivative is the gradient of y by x, and its product with v. No y stands for one that does not depend on x.
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

// compiled is the program for y.
func compiled(y *Node) (r result) {
	if r.vm, r.err = vm.Compile(Nodes{y}, nil, vm.Config{Threads: 1}); r.err == nil {
		r.y, _ = r.vm.Data(y).([]float64)
	}
	return r
}

// Func is f(x).
func (fn *Function) Func(x []float64) float64 {
	y := []float64{0}
	fn.lock(func() { fn.run(y, &fn.value, x, fn.v) })
	return y[0]
}

// Grad writes the gradient of f at x to grad. Both have n elements.
func (fn *Function) Grad(grad, x []float64) {
	fn.lock(func() { fn.run(grad, &fn.grad, x, fn.v) })
}

// HessianTimes writes the product of f's Hessian at x with v to y. All have n elements.
func (fn *Function) HessianTimes(y, v, x []float64) {
	fn.lock(func() { fn.run(y, &fn.times, x, v) })
}

// Hess writes the Hessian of f at x, which has n elements, to hess, of order n or empty. It takes the time of n products with a vector.
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

// Err is why results have been NaN: the first error since the function was made, and nil if there was none. A NaN that f itself gives is no
// error.
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

// run writes r at x, with v, to y, or NaN and the error to err.
func (fn *Function) run(y []float64, r *result, x, v []float64) {
	err := r.err
	if want := len(r.y); err == nil && (len(x) != len(fn.x) || len(v) != len(fn.v) || len(y) != want) {
		err = fmt.Errorf("%d numbers for %d, of a function of %d", len(x), len(y), len(fn.x))
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

// run runs the program; a panic of an op of Gorgonia's is an error.
func (r *result) run() (err error) {
	if r.vm == nil {
		return nil
	}
	defer op.Catch(&err)
	defer op.Wrap(func(err error) error { return err })
	return r.vm.RunAll()
}
