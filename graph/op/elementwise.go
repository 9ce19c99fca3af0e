package op

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// The ops in this file are functions of one or two numbers, element by element. They give the same results as Gorgonia's, including where those
// are rounded to 0 or 1, and at kinks.

// pair holds the kernels of a function of two numbers: for two tensors, and for a tensor and a number on either side.
type pair[T kernel.Float] struct {
	both  func(y, a, b []T)
	left  func(y []T, a T, b []T)
	right func(y, a []T, b T)
}

func (p pair[T]) do(y Array[T], x []Array[T]) {
	switch a, b := x[0].Data, x[1].Data; {
	case len(a) == len(b):
		p.both(y.Data, a, b)
	case len(a) == 1:
		p.left(y.Data, a[0], b)
	default:
		p.right(y.Data, a, b[0])
	}
}

func arithmetic(name string, f32 pair[float32], f64 pair[float64]) *Op {
	return &Op{Name: name, Shape: widerShape, Cut: each2, Flat: true, F32: f32.do, F64: f64.do}
}

// widerShape is the shape rule of ops on two tensors of the same shape, or on a tensor and a scalar.
func widerShape(x []Shape) (Shape, error) {
	switch {
	case x[1].IsScalar():
		return x[0].Clone(), nil
	case x[0].IsScalar() || x[0].Eq(x[1]):
		return x[1].Clone(), nil
	}
	return nil, fmt.Errorf("%v and %v; it takes tensors of one shape, or a scalar", x[0], x[1])
}

// WithScalar returns op for a scalar as input k, which all examples share.
func WithScalar(op *Op, k int) *Op {
	scalar := *op
	scalar.Cut.Each = []bool{k != 0, k != 1}
	return &scalar
}

// Arithmetic on two tensors of the same shape, or on a tensor and a scalar.
var (
	Plus  = arithmetic("plus", plus[float32](), plus[float64]())
	Minus = arithmetic("minus", minus[float32](), minus[float64]())
	Times = arithmetic("times", product[float32](), product[float64]())
	Over  = arithmetic("over", over[float32](), over[float64]())
	Power = arithmetic("power", power[float32](), power[float64]())
	// Ratio is Over for two numbers, which Gorgonia divides like Go: division by 0 gives ±Inf or NaN.
	Ratio = arithmetic("ratio", general(func(a, b float32) float32 { return a / b }), general(func(a, b float64) float64 { return a / b }))

	Smaller = arithmetic("smaller", general(func(a, b float32) float32 { return min(a, b) }), general(func(a, b float64) float64 { return min(a, b) }))
	Larger  = arithmetic("larger", general(func(a, b float32) float32 { return max(a, b) }), general(func(a, b float64) float64 { return max(a, b) }))

	// Comparisons are 1 if they hold, else 0.
	Less         = arithmetic("less", compare(func(a, b float32) bool { return a < b }), compare(func(a, b float64) bool { return a < b }))
	Greater      = arithmetic("greater", compare(func(a, b float32) bool { return a > b }), compare(func(a, b float64) bool { return a > b }))
	LessEqual    = arithmetic("lessEqual", compare(func(a, b float32) bool { return a <= b }), compare(func(a, b float64) bool { return a <= b }))
	GreaterEqual = arithmetic("greaterEqual", compare(func(a, b float32) bool { return a >= b }), compare(func(a, b float64) bool { return a >= b }))
	Equal        = arithmetic("equal", compare(func(a, b float32) bool { return a == b }), compare(func(a, b float64) bool { return a == b }))
	NotEqual     = arithmetic("notEqual", compare(func(a, b float32) bool { return a != b }), compare(func(a, b float64) bool { return a != b }))
)

func plus[T kernel.Float]() pair[T] {
	return pair[T]{
		both:  func(y, a, b []T) { kernel.For[T]().Add(y, a, b) },
		left:  func(y []T, a T, b []T) { kernel.For[T]().Normalize(y, b, 0, 1, a) },
		right: func(y, a []T, b T) { kernel.For[T]().Normalize(y, a, 0, 1, b) },
	}
}

func minus[T kernel.Float]() pair[T] {
	return pair[T]{
		both:  func(y, a, b []T) { kernel.For[T]().NormalizeGrad(y, a, b, 0, 1, -1, 0) },
		left:  func(y []T, a T, b []T) { kernel.For[T]().Normalize(y, b, 0, -1, a) },
		right: func(y, a []T, b T) { kernel.For[T]().Normalize(y, a, 0, 1, -b) },
	}
}

func product[T kernel.Float]() pair[T] {
	return pair[T]{
		both:  func(y, a, b []T) { kernel.For[T]().Hadamard(y, a, b) },
		left:  func(y []T, a T, b []T) { kernel.For[T]().Normalize(y, b, 0, a, 0) },
		right: func(y, a []T, b T) { kernel.For[T]().Normalize(y, a, 0, b, 0) },
	}
}

// over gives +Inf if the divisor is an element of a tensor and is 0.
func over[T kernel.Float]() pair[T] {
	return pair[T]{
		both: func(y, a, b []T) { kernel.For[T]().Divide(y, a, b) },
		left: func(y []T, a T, b []T) {
			b = b[:len(y)]
			for i := range y {
				if y[i] = a / b[i]; b[i] == 0 {
					y[i] = T(math.Inf(1))
				}
			}
		},
		right: func(y, a []T, b T) {
			a = a[:len(y)]
			for i := range y {
				y[i] = a[i] / b
			}
		},
	}
}

func power[T kernel.Float]() pair[T] {
	pow := func(a, b T) T {
		if b == .5 && unsafe.Sizeof(b) == 4 { // float32's gives NaN for −Inf
			return T(math.Sqrt(float64(a)))
		}
		return T(math.Pow(float64(a), float64(b)))
	}
	p := general(pow)
	p.right = func(y, a []T, b T) {
		if b == 2 {
			kernel.For[T]().Hadamard(y, a, a)
			return
		}
		for i := range y {
			y[i] = pow(a[i], b)
		}
	}
	return p
}

func compare[T kernel.Float](holds func(a, b T) bool) pair[T] {
	return general(func(a, b T) T {
		if holds(a, b) {
			return 1
		}
		return 0
	})
}

// general is f element by element.
func general[T kernel.Float](f func(a, b T) T) pair[T] {
	return pair[T]{
		both: func(y, a, b []T) {
			for i := range y {
				y[i] = f(a[i], b[i])
			}
		},
		left: func(y []T, a T, b []T) {
			for i := range y {
				y[i] = f(a, b[i])
			}
		},
		right: func(y, a []T, b T) {
			for i := range y {
				y[i] = f(a[i], b)
			}
		},
	}
}

// mapped is f element by element.
func mapped[T kernel.Float](f func(float64) float64) func(y, x []T) {
	return func(y, x []T) {
		for i, v := range x {
			y[i] = T(f(float64(v)))
		}
	}
}

// Functions of one number.
var (
	Abs         = elementwise("abs", mapped[float32](math.Abs), mapped[float64](math.Abs), nil)
	Sign        = elementwise("sign", mapped[float32](sign), mapped[float64](sign), nil)
	SignBit     = elementwise("signBit", mapped[float32](signBit), mapped[float64](signBit), nil)
	Ceil        = elementwise("ceil", mapped[float32](math.Ceil), mapped[float64](math.Ceil), nil)
	Floor       = elementwise("floor", mapped[float32](math.Floor), mapped[float64](math.Floor), nil)
	Sin         = elementwise("sin", mapped[float32](math.Sin), mapped[float64](math.Sin), nil)
	Cos         = elementwise("cos", mapped[float32](math.Cos), mapped[float64](math.Cos), nil)
	Exp         = elementwise("exp", expDo[float32], expDo[float64], nil)
	Ln          = elementwise("ln", lnDo[float32], lnDo[float64], nil)
	Log2        = elementwise("log2", mapped[float32](math.Log2), mapped[float64](math.Log2), nil)
	Neg         = elementwise("neg", negDo[float32], negDo[float64], nil)
	Square      = elementwise("square", squareDo[float32], squareDo[float64], nil)
	Sqrt        = elementwise("sqrt", sqrtDo[float32], sqrtDo[float64], nil)
	Inverse     = elementwise("inverse", inverseDo[float32], inverseDo[float64], nil)
	InverseSqrt = elementwise("inverseSqrt", mapped[float32](func(x float64) float64 { return 1 / math.Sqrt(x) }), mapped[float64](func(x float64) float64 { return 1 / math.Sqrt(x) }), nil)
	Cube        = elementwise("cube", cubeDo[float32], cubeDo[float64], nil)
	Log1p       = elementwise("log1p", mapped[float32](math.Log1p), mapped[float64](math.Log1p), nil)
	Expm1       = elementwise("expm1", mapped[float32](math.Expm1), mapped[float64](math.Expm1), nil)
	Softplus    = elementwise("softplus", softplusDo[float32], softplusDo[float64], nil)
	// Logistic is the sigmoid, but exactly 1 from about 15 (float32) or 19 (float64) up, and 0 from −88 or −709 down.
	Logistic = elementwise("logistic", logisticDo[float32], logisticDo[float64], nil)
	// Rectify is x where x ≥ 0, else −0: the sign tells [DRectify] what x was. It is NaN for −Inf, like x ⊙ (x ≥ 0).
	Rectify = elementwise("rectify", rectifyDo[float32], rectifyDo[float64], nil)
	// DRectify is dx = dy where x ≥ 0, from y = Rectify(x) and dy. At the kink the gradient is dy.
	DRectify = times("dRectify", dRectifyDo[float32], dRectifyDo[float64], nil)
)

// sign is −1 or 1, or x if x is 0, −0 or NaN, like Gorgonia's for tensors.
func sign(x float64) float64 {
	if x != 0 && x == x {
		return math.Copysign(1, x)
	}
	return x
}

// signBit is −1 if the sign bit of x is set, else 1, like Gorgonia's for numbers.
func signBit(x float64) float64 { return math.Copysign(1, x) }

func expDo[T kernel.Float](y, x []T) { kernel.For[T]().Exp(y, x) }

func lnDo[T kernel.Float](y, x []T) {
	for i, v := range x {
		y[i] = T(math.Log(float64(v)))
	}
}

func negDo[T kernel.Float](y, x []T)    { kernel.For[T]().Normalize(y, x, 0, -1, 0) }
func squareDo[T kernel.Float](y, x []T) { kernel.For[T]().Hadamard(y, x, x) }

func sqrtDo[T kernel.Float](y, x []T) {
	for i, v := range x {
		y[i] = T(math.Sqrt(float64(v)))
	}
}

func inverseDo[T kernel.Float](y, x []T) {
	for i, v := range x {
		y[i] = 1 / v
	}
}

func cubeDo[T kernel.Float](y, x []T) {
	for i, v := range x {
		y[i] = v * v * v
	}
}

func softplusDo[T kernel.Float](y, x []T) { kernel.For[T]().Softplus(y, x) }
func logisticDo[T kernel.Float](y, x []T) { kernel.For[T]().Logistic(y, x) }
func rectifyDo[T kernel.Float](y, x []T)  { kernel.For[T]().Rectify(y, x) }

func dRectifyDo[T kernel.Float](dx, y, dy []T) { kernel.For[T]().RectifyGrad(dx, y, dy) }

// DLogSoftmax is dz = dy − e^y Σ dy for each row, from y = LogSoftmax(z) and dy.
var DLogSoftmax = &Op{Name: "dLogSoftmax", Shape: pairShape, Cut: each2, F32: dLogSoftmaxDo[float32], F64: dLogSoftmaxDo[float64]}

func dLogSoftmaxDo[T kernel.Float](dz Array[T], x []Array[T]) {
	s, n := kernel.For[T](), dz.Shape[1]
	for at := 0; at < len(dz.Data); at += n {
		dy := x[1].Data[at : at+n]
		sum := s.Sum(dy)
		for j, y := range x[0].Data[at : at+n] {
			dz.Data[at+j] = dy[j] - T(math.Exp(float64(y)))*sum
		}
	}
}

// AddRow is y[i,j] = x[i,j] + b[j] for x (m,n), b (n).
var AddRow = &Op{
	Name: "addRow", F32: addRowDo[float32], F64: addRowDo[float64], Cut: Cut{Each: []bool{true, false}},
	Shape: func(x []Shape) (Shape, error) {
		if len(x[0]) != 2 || !x[1].Eq(x[0][1:]) {
			return nil, fmt.Errorf("%v and %v; it takes (m,n) and (n)", x[0], x[1])
		}
		return x[0].Clone(), nil
	},
	Grad: []Grad{
		func(_ Nodes, _, dy *Node) *Node { return dy },
		func(_ Nodes, _, dy *Node) *Node { return SumRows.Apply(dy) },
	},
}

func addRowDo[T kernel.Float](y Array[T], x []Array[T]) {
	kernel.For[T]().AddRow(y.Data, x[0].Data, x[1].Data)
}

// DropoutGrad is Gorgonia's gradient of dropout, from its result and dy: dy/p where the result is not 0, for p ≠ 0.
func DropoutGrad(p float64) *Op {
	return times(fmt.Sprintf("dropoutGrad/%v", p), dropoutGradDo[float32](p), dropoutGradDo[float64](p), nil)
}

func dropoutGradDo[T kernel.Float](p float64) func(dx, y, dy []T) {
	return func(dx, y, dy []T) {
		for i, v := range y {
			if v != 0 && p != 0 {
				dx[i] = dy[i] / T(p)
			} else {
				dx[i] = 0
			}
		}
	}
}
