package graph_test

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/optimize"
	. "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"github.com/stheno-ml/stheno/graph"
)

// The minimum of Rosenbrock's valley, (1−a)² + 100 (b−a²)², by two of gonum's methods. Newton's needs second derivatives.
func ExampleNewFunction() {
	f, err := graph.NewFunction(2, func(x *graph.Node) *graph.Node {
		a, b := Must(Slice(x, S(0))), Must(Slice(x, S(1)))
		off := Must(Sub(NewConstant(1.0), a))
		valley := Must(Sub(b, Must(Square(a))))
		return Must(Add(Must(Square(off)), Must(Mul(NewConstant(100.0), Must(Square(valley))))))
	})
	if err != nil {
		panic(err)
	}
	problem := optimize.Problem{Func: f.Func, Grad: f.Grad, Hess: f.Hess}
	for _, method := range []optimize.Method{&optimize.BFGS{}, &optimize.Newton{}} {
		result, err := optimize.Minimize(problem, []float64{-1.2, 1}, nil, method)
		if err != nil {
			panic(err)
		}
		fmt.Printf("%T: %.4f\n", method, result.X)
	}
	// Output:
	// *optimize.BFGS: [1.0000 1.0000]
	// *optimize.Newton: [1.0000 1.0000]
}

// Curve fitting: a e^−bt + c fitted to measurements at 21 times by least squares.
func ExampleNewFunction_curve() {
	var t, y []float64
	for i := range 21 {
		at := float64(i) / 4
		t = append(t, at)
		y = append(y, 2.5*math.Exp(-1.3*at)+.5+.01*math.Cos(float64(7*i))) // with a disturbance
	}
	f, err := graph.NewFunction(3, func(p *graph.Node) *graph.Node {
		times, measured := fixed(p, "t", t), fixed(p, "y", y)
		a, b, c := Must(Slice(p, S(0))), Must(Slice(p, S(1))), Must(Slice(p, S(2)))
		curve := Must(Add(Must(Mul(a, Must(Exp(Must(Neg(Must(Mul(b, times)))))))), c))
		return Must(Sum(Must(Square(Must(Sub(curve, measured))))))
	})
	if err != nil {
		panic(err)
	}
	result, err := optimize.Minimize(optimize.Problem{Func: f.Func, Grad: f.Grad, Hess: f.Hess}, []float64{1, 1, 0}, nil, &optimize.Newton{})
	if err != nil {
		panic(err)
	}
	fmt.Printf("a, b, c = %.1f\n", result.X)
	// Output:
	// a, b, c = [2.5 1.3 0.5]
}

// fixed returns a vector of constants in p's graph.
func fixed(p *graph.Node, name string, x []float64) *graph.Node {
	return NewVector(p.Graph(), Float64, WithShape(len(x)), WithName(name), WithValue(gt.New(gt.WithBacking(x))))
}

// A network learns the solution of a differential equation, u″ = −u with u(0) = 0 and u′(0) = 1, from the equation alone. The loss is the error
// in the equation at 20 times between 0 and 3, and in the conditions at 0. graph.Grad takes the derivatives with respect to t in the loss,
// and the loss is then differentiated with respect to the network's parameters. The solution is sin t.
func ExampleGrad_equation() {
	const hidden = 8
	var t []float64
	for i := range 20 {
		t = append(t, 3*float64(i)/19)
	}
	// u is the network at times t, with one hidden layer of tanh. p holds its three parameter vectors, one after the other.
	u := func(p, t *graph.Node) *graph.Node {
		part := func(i int) *graph.Node { return Must(Slice(p, S(i*hidden, (i+1)*hidden))) }
		z := Must(BroadcastAdd(Must(OuterProd(t, part(0))), Must(Reshape(part(1), graph.Shape{1, hidden})), nil, []byte{0}))
		return Must(Mul(Must(Tanh(z)), part(2)))
	}
	// derivative is u′. Each element of u depends only on its own time, so the gradient of their sum holds all derivatives.
	derivative := func(u, t *graph.Node) *graph.Node {
		g, err := graph.Grad(Must(Sum(u)), t)
		if err != nil {
			panic(err)
		}
		return g[0]
	}
	f, err := graph.NewFunction(3*hidden, func(p *graph.Node) *graph.Node {
		times, zero := fixed(p, "t", t), fixed(p, "zero", []float64{0, 0})
		y, y0 := u(p, times), u(p, zero)
		left := Must(Add(derivative(derivative(y, times), times), y))
		speed := Must(Sub(derivative(y0, zero), NewConstant(1.0)))
		loss := Must(Mean(Must(Square(left))))
		for _, condition := range []*graph.Node{y0, speed} {
			loss = Must(Add(loss, Must(Mean(Must(Square(condition))))))
		}
		return loss
	})
	if err != nil {
		panic(err)
	}
	start := make([]float64, 3*hidden)
	for i := range start {
		start[i] = math.Sin(float64(3 * i)) // anything that is not the same for all
	}
	settings := &optimize.Settings{MajorIterations: 200}
	result, err := optimize.Minimize(optimize.Problem{Func: f.Func, Grad: f.Grad}, start, settings, &optimize.BFGS{})
	if err != nil {
		panic(err)
	}
	miss, err := graph.NewFunction(3*hidden, func(p *graph.Node) *graph.Node {
		times := fixed(p, "t", t)
		return Must(Max(Must(Abs(Must(Sub(u(p, times), Must(Sin(times))))))))
	})
	if err != nil {
		panic(err)
	}
	fmt.Printf("off by more than 1 before: %v, by less than 0.01 after: %v\n", miss.Func(start) > 1, miss.Func(result.X) < .01)
	// Output:
	// off by more than 1 before: true, by less than 0.01 after: true
}
