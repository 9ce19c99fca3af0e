package vm_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stheno-ml/stheno/graph/vm"

	. "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// special are numbers at which functions have kinks, are cut off or are undefined.
var special = []float64{
	0, math.Copysign(0, -1), 1, -1, .5, -.5, 2, -2, 1.5, -1.5, 14.2, 15.5, 16.5, 19.5, -15, -90, -104, -700, -720, 90, 700, 720,
	math.Inf(1), math.Inf(-1), math.NaN(), 1e-20, -1e-20, 1e20,
}

// TestSpecialNumbers: element-wise ops on tensors and on numbers give Gorgonia's results for special numbers, too.
func TestSpecialNumbers(t *testing.T) {
	for name, f := range map[string]func(*Node) (*Node, error){
		"abs": Abs, "sign": Sign, "ceil": Ceil, "floor": Floor, "sin": Sin, "cos": Cos, "exp": Exp, "log": Log, "log2": Log2, "neg": Neg,
		"square": Square, "sqrt": Sqrt, "inverse": Inverse, "inverseSqrt": InverseSqrt, "cube": Cube, "tanh": Tanh, "sigmoid": Sigmoid,
		"log1p": Log1p, "expm1": Expm1, "softplus": Softplus, "rectify": Rectify,
	} {
		for _, x := range special {
			if x == 1e20 && (name == "exp" || name == "sin" || name == "cos") {
				continue // the TapeMachine is wrong for float32
			}
			compareSpecial(t, name, func(x ...*Node) (*Node, error) { return f(x[0]) }, x)
		}
	}
	for name, f := range map[string]func(a, b *Node) (*Node, error){
		"add": Add, "sub": Sub, "mul": HadamardProd, "div": HadamardDiv, "pow": Pow, "gte": func(a, b *Node) (*Node, error) { return Gte(a, b, true) },
		"eq": func(a, b *Node) (*Node, error) { return Eq(a, b, true) },
	} {
		for _, x := range special {
			for _, y := range []float64{0, math.Copysign(0, -1), -1, .5, 3, math.Inf(1), math.Inf(-1), math.NaN()} {
				compareSpecial(t, name, func(x ...*Node) (*Node, error) { return f(x[0], x[1]) }, x, y)
			}
		}
	}
}

// compareSpecial compares f on both machines: for tensors, for numbers and, if it takes two inputs, for a tensor and a number.
func compareSpecial(t *testing.T, name string, f func(x ...*Node) (*Node, error), x ...float64) {
	t.Helper()
	for _, dt := range []tensor.Dtype{tensor.Float64, tensor.Float32} {
		for numbers := range 1 << len(x) { // which of x are numbers
			want, err := specialValue(t, dt, f, numbers, x, func(g *ExprGraph) VM { return NewTapeMachine(g) })
			if err != nil {
				continue
			}
			got, err := specialValue(t, dt, f, numbers, x, func(g *ExprGraph) VM { return vm.New(g) })
			if err != nil {
				t.Fatal(err)
			}
			tol := 1e-12
			if dt == tensor.Float32 {
				tol = 1e-5
			}
			if !(got == want || math.IsNaN(got) && math.IsNaN(want) || !math.IsInf(want, 0) && math.Abs(got-want) <= tol*math.Abs(want) || math.Abs(got-want) < 1e-37) {
				t.Errorf("%s%v, %v, numbers %b: %v, want %v", name, x, dt, numbers, got, want)
			}
		}
	}
}

func specialValue(t *testing.T, dt tensor.Dtype, f func(x ...*Node) (*Node, error), numbers int, x []float64, machine func(*ExprGraph) VM) (y float64, err error) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	g := NewGraph()
	var in []*Node
	for i, v := range x {
		name := WithName(fmt.Sprint("x", i))
		switch {
		case numbers>>i&1 == 1 && dt == tensor.Float64:
			in = append(in, NewScalar(g, dt, name, WithValue(v)))
		case numbers>>i&1 == 1:
			in = append(in, NewScalar(g, dt, name, WithValue(float32(v))))
		case dt == tensor.Float64:
			in = append(in, NewVector(g, dt, name, WithValue(tensor.New(tensor.WithBacking([]float64{v, v})))))
		default:
			in = append(in, NewVector(g, dt, name, WithValue(tensor.New(tensor.WithBacking([]float32{float32(v), float32(v)})))))
		}
	}
	out, err := f(in...)
	if err != nil {
		return 0, err
	}
	var v Value
	Read(out, &v)
	m := machine(g)
	defer m.Close()
	if err := m.RunAll(); err != nil {
		return 0, err
	}
	return numbersOf(t, v)[0], nil
}
