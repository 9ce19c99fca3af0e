package vm_test

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// The data of the example programs.

// glorot replaces gorgonia.GlorotU(1), which is seeded by the clock. It draws the same numbers in every run.
func glorot(seed uint64) G.InitWFn {
	return func(t tensor.Dtype, shape ...int) any {
		n := tensor.Shape(shape).TotalSize()
		r, limit := rand.New(rand.NewPCG(seed, 0)), math.Sqrt(6/float64(shape[0]+n/shape[0]))
		draw := func() float64 { return limit * (2*r.Float64() - 1) }
		if t == tensor.Float64 {
			return filled(n, draw)
		}
		return filled(n, func() float32 { return float32(draw()) })
	}
}

func filled[T any](n int, draw func() T) []T {
	d := make([]T, n)
	for i := range d {
		d[i] = draw()
	}
	return d
}

// digits returns n pictures of 28×28 pixels between 0 and 1, and one-hot rows of their labels. A picture of a k has a bright bar k places from the
// top, in noise.
func digits(n int) (pictures, labels *tensor.Dense) {
	r := rand.New(rand.NewPCG(1, 0))
	x, y := make([]float32, n*784), make([]float32, n*10)
	for i := range n {
		k := i * 7 % 10
		y[i*10+k] = 1
		for at := range 784 {
			if row := at / 28; row >= 2*k+4 && row < 2*k+6 || r.IntN(10) == 0 {
				x[i*784+at] = r.Float32()
			}
		}
	}
	return tensor.New(tensor.WithShape(n, 784), tensor.WithBacking(x)), tensor.New(tensor.WithShape(n, 10), tensor.WithBacking(y))
}

// lengths returns √Σw² for each parameter.
func lengths(parameters G.Nodes) []float64 {
	var l []float64
	for _, p := range parameters {
		d, _ := numbers(p.Value())
		l = append(l, floats.Norm(d, 2))
	}
	return l
}
