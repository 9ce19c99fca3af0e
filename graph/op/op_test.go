package op_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph/graphtest"
	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/internal/kernel"
)

type (
	shape  = op.Shape
	tensor = graphtest.Tensor
)

// row is an op with the inputs to check it on.
type row struct {
	o *op.Op
	x [][]tensor
}

// random returns cases with inputs from N(0,1), given a list of shapes for each case.
func random(cases ...[]shape) (x [][]tensor) { return inputs(graphtest.Random, cases) }

// spread returns cases with inputs away from the kinks of ReLU and max-pooling.
func spread(cases ...[]shape) (x [][]tensor) { return inputs(graphtest.Spread, cases) }

func inputs(fill func(shape, uint64) tensor, cases [][]shape) (x [][]tensor) {
	for _, shapes := range cases {
		var in []tensor
		for i, s := range shapes {
			in = append(in, fill(s, uint64(i)))
		}
		x = append(x, in)
	}
	return x
}

// costs returns cases with outputs and one-hot labels, and with dC if d is set.
func costs(d bool) (x [][]tensor) {
	for _, s := range []shape{{1, 1}, {1, 10}, {3, 10}, {7, 2}, {10, 10}, {5, 17}} {
		label := tensor{Shape: s, Data: make([]float64, s.TotalSize())}
		for i := range s[0] {
			label.Data[i*s[1]+(i*i+1)%s[1]] = 1
		}
		in := []tensor{graphtest.Random(s, uint64(s[0])), label}
		if d {
			in = append(in, tensor{Shape: shape{}, Data: []float64{1.75}})
		}
		x = append(x, in)
	}
	return x
}

// smoothed replaces the labels of the cases by smoothed ones.
func smoothed(cases [][]tensor) [][]tensor {
	for _, x := range cases {
		for i := range x[1].Data {
			x[1].Data[i] = .7*x[1].Data[i] + .3/float64(x[1].Shape[1])
		}
	}
	return cases
}

// one, two and pair are shapes for ops of any shape.
var (
	one  = [][]shape{{{1}}, {{17}}, {{1, 1}}, {{3, 33}}, {{2, 3, 5, 7}}}
	two  = [][]shape{{{1}, {1}}, {{17}, {17}}, {{3, 33}, {3, 33}}, {{2, 3, 5, 7}, {2, 3, 5, 7}}}
	pool = [][]shape{{{1, 1, 2, 2}}, {{2, 3, 4, 6}}, {{2, 2, 5, 7}}, {{1, 3, 3, 9}}}
)

// odd are windows whose sides differ.
var odd = op.Windows{Rows: 2, Cols: 3, StrideRows: 2, StrideCols: 1, PadRows: 1, PadCols: 0, DilateRows: 2, DilateCols: 1}

// stem are the windows of a ResNet's first pool, and large are wide windows at every place.
var (
	stem  = op.Windows{Rows: 3, Cols: 3, StrideRows: 2, StrideCols: 2, PadRows: 1, PadCols: 1}
	large = op.Windows{Rows: 5, Cols: 5, StrideRows: 1, StrideCols: 1, PadRows: 1, PadCols: 1}
)

// far moves each number of the cases away from 0 by ½, where difference quotients are accurate enough.
func far(cases [][]tensor) [][]tensor {
	for _, x := range cases {
		for _, a := range x {
			for i, v := range a.Data {
				a.Data[i] = v + math.Copysign(.5, v)
			}
		}
	}
	return cases
}

// positive returns cases with inputs that are not negative.
func positive(cases ...[]shape) [][]tensor {
	x := spread(cases...)
	for _, in := range x {
		for _, a := range in {
			for i, v := range a.Data {
				a.Data[i] = max(v, -v)
			}
		}
	}
	return x
}

// slopes returns cases of x and PReLU's slopes, and of dy if there are two tensors.
func slopes(tensors int) [][]tensor {
	var cases [][]shape
	for _, s := range []shape{{1, 1}, {5, 33}, {3, 4, 2, 5}, {2, 4, 2, 2}, {2, 3, 1, 1}} {
		for _, a := range []int{s[1], 1} {
			cases = append(cases, append([]shape{s, {a}}, slices.Repeat([]shape{s}, tensors-1)...))
		}
	}
	return spread(cases...)
}

// some returns cases of sequences in which some steps are padding, of the number 9.
func some(cases ...[]shape) [][]tensor {
	x := random(cases...)
	for _, in := range x {
		mask := in[0].Data
		for i := range mask {
			if n := len(mask) / in[0].Shape[:2].TotalSize(); i/n%3 == 1 {
				mask[i] = 9
			}
		}
	}
	return x
}

// ragged returns cases of sequences whose last input is a mask.
func ragged(cases ...[]shape) [][]tensor {
	x := random(cases...)
	for _, in := range x {
		mask := in[len(in)-1].Data
		for i := range mask {
			mask[i] = float64((i*i + i/3 + 1) % 3 % 2)
		}
	}
	return x
}

// empty adds a first example that is nothing but padding.
func empty(cases [][]tensor) [][]tensor {
	for _, in := range cases {
		mask := in[len(in)-1]
		clear(mask.Data[:mask.Shape[1]])
	}
	return cases
}

// tokens returns cases whose first input is tokens from 0 to 4, or 0 if the second has one row.
func tokens(cases ...[]shape) [][]tensor {
	x := random(cases...)
	for k, in := range x {
		for i := range in[0].Data {
			in[0].Data[i] = float64((i*i + k) % 5 * min(k, 1))
		}
	}
	return x
}

// withNumber returns cases of a tensor and a number, which is input k.
func withNumber(k int) [][]tensor {
	var x [][]tensor
	for _, s := range []shape{{17}, {3, 33}} {
		in := []tensor{graphtest.Random(s, 1), graphtest.Random(s, 2)}
		in[k] = tensor{Shape: shape{}, Data: []float64{-1.75}}
		x = append(x, in)
	}
	return x
}

// table has every op of the package, as TestTable checks.
var table = append(recurrentRows(), []row{
	{op.Sigmoid, random(one...)},
	{op.DSigmoid, random(two...)},
	{op.Tanh, random(one...)},
	{op.DTanh, random(two...)},
	{op.ReLU, spread(one...)},
	{op.DReLU, spread(two...)},
	{op.LeakyReLU(.01), spread(one...)},
	{op.LeakyReLU(.3), spread(one...)},
	{op.DLeakyReLU(.01), spread(two...)},
	{op.DLeakyReLU(.3), spread(two...)},
	{op.ELU(1), spread(one...)},
	{op.ELU(.3), spread(one...)},
	{op.DELU(1, 1), spread(two...)},
	{op.DELU(1.5, .3), spread(two...)},
	{op.SELU, spread(one...)},
	{op.PReLU, slopes(1)},
	{op.DPReLU, slopes(2)},
	{op.DSlopes(shape{3}), spread([]shape{{5, 3}, {5, 3}}, []shape{{2, 3, 4, 5}, {2, 3, 4, 5}})},
	{op.DSlopes(shape{1}), spread([]shape{{5, 3}, {5, 3}}, []shape{{2, 3, 4, 5}, {2, 3, 4, 5}}, []shape{{4, 1}, {4, 1}})},
	{op.GELU, random(one...)},
	{op.DGELU, random(two...)},
	{op.SiLU, random(one...)},
	{op.DSiLU, random(two...)},
	{op.Hadamard, random(two...)},
	{op.DHadamard, random(two...)},
	{op.Add, random(two...)},
	{op.Scaled(.5), random(one...)},
	{op.Scaled(-3), random(one...)},
	{op.ScaledBy, random([]shape{{1}, {}}, []shape{{3, 33}, {}}, []shape{{2, 3, 5, 7}, {}})},
	{op.Inner, random(append(two, []shape{{}, {}})...)},
	{op.InverseRoot(.1), positive(one...)},
	{op.Density, random(one...)},
	{op.Again(1), random(one...)},

	{op.Sign, spread(one...)},
	{op.SignBit, spread(one...)},
	{op.Ceil, spread(one...)},
	{op.Floor, spread(one...)},
	{op.Sin, spread(one...)},
	{op.Cos, spread(one...)},
	{op.Exp, spread(one...)},
	{op.Neg, spread(one...)},
	{op.Square, spread(one...)},
	{op.Inverse, far(spread(one...))},
	{op.Cube, spread(one...)},
	{op.Expm1, spread(one...)},
	{op.Softplus, spread(one...)},
	{op.Logistic, spread(one...)},
	{op.Rectify, spread(one...)},
	{op.Abs, spread(one...)},
	{op.Ln, positive(one...)},
	{op.Log2, positive(one...)},
	{op.Sqrt, positive(one...)},
	{op.InverseSqrt, far(positive(one...))},
	{op.Log1p, positive(one...)},
	{op.Plus, spread(two...)},
	{op.Minus, spread(two...)},
	{op.Times, spread(two...)},
	{op.Over, far(spread(two...))},
	{op.Less, spread(two...)},
	{op.Greater, spread(two...)},
	{op.LessEqual, spread(two...)},
	{op.GreaterEqual, spread(two...)},
	{op.Equal, spread(two...)},
	{op.NotEqual, spread(two...)},
	{op.DRectify, spread(two...)},
	{op.Power, positive(two...)},
	{op.Ratio, spread(two...)},
	{op.WithScalar(op.Plus, 1), withNumber(1)},
	{op.WithScalar(op.Minus, 0), withNumber(0)},
	{op.WithScalar(op.Minus, 1), withNumber(1)},
	{op.WithScalar(op.Times, 0), withNumber(0)},
	{op.WithScalar(op.Over, 0), far(withNumber(0))},
	{op.WithScalar(op.Over, 1), far(withNumber(1))},
	{op.DropoutGrad(.25), spread(two...)},

	{op.Sum(), random([]shape{{3, 4}})},
	{op.Sum(0), random([]shape{{5}}, []shape{{3, 4}}, []shape{{2, 3, 4}})},
	{op.Sum(1), random([]shape{{3, 17}}, []shape{{2, 3, 4}}, []shape{{2, 3, 4, 5}})},
	{op.Sum(0, 1), random([]shape{{3, 4}}, []shape{{2, 3, 4, 5}})},
	{op.Sum(0, 2), random([]shape{{2, 3, 4}}, []shape{{2, 3, 4, 5}})},
	{op.Sum(1, 3), random([]shape{{2, 3, 4, 5}})},
	{op.Sum(0, 2, 3), random([]shape{{2, 3, 4, 5}})},
	{op.Max(0), spread([]shape{{5}}, []shape{{3, 4}}, []shape{{2, 3, 4}})},
	{op.Max(1), spread([]shape{{3, 17}}, []shape{{2, 3, 4}})},
	{op.Max(0, 2), spread([]shape{{2, 3, 4}}, []shape{{2, 3, 4, 5}})},
	{op.Smaller, spread(two...)},
	{op.Larger, spread(two...)},
	{op.Expand(shape{4, 5}), random([]shape{{1, 5}}, []shape{{4, 1}}, []shape{{1, 1}}, []shape{{4, 5}})},
	{op.Expand(shape{2, 3, 4, 5}), random([]shape{{1, 3, 1, 1}}, []shape{{2, 1, 4, 1}})},
	{op.Transpose(1, 0), random([]shape{{1, 1}}, []shape{{3, 40}}, []shape{{40, 3}})},
	{op.Transpose(0, 2, 3, 1), random([]shape{{2, 3, 4, 5}})},
	{op.Transpose(2, 0, 1), random([]shape{{3, 4, 5}})},
	{op.Slice(op.Window{Axis: 0, From: 1, To: 4, Step: 1}), random([]shape{{5}}, []shape{{4, 3}})},
	{op.Slice(op.Window{Axis: 1, From: 1, To: 4, Step: 2}), random([]shape{{3, 5}}, []shape{{2, 4, 3}})},
	{op.Unslice(op.Window{Axis: 0, From: 1, To: 4, Step: 1}, shape{5, 2}), random([]shape{{3, 2}})},
	{op.Unslice(op.Window{Axis: 1, From: 1, To: 4, Step: 2}, shape{3, 5}), random([]shape{{3, 2}})},
	{op.Join(0, 2), random([]shape{{2}, {3}}, []shape{{2, 3}, {1, 3}})},
	{op.Join(1, 3), random([]shape{{2, 3}, {2, 1}, {2, 4}})},
	{op.Dot, random([]shape{{1}, {1}}, []shape{{40}, {40}})},
	{op.BatchMul(false, false), random([]shape{{3, 2, 4}, {3, 4, 5}})},
	{op.BatchMul(true, false), random([]shape{{3, 4, 2}, {3, 4, 5}})},
	{op.BatchMul(false, true), random([]shape{{3, 2, 4}, {3, 5, 4}})},
	{op.BatchMul(true, true), random([]shape{{3, 4, 2}, {3, 5, 4}}, []shape{{4, 2}, {5, 4}})},
	{op.AddRow, random([]shape{{1, 1}, {1}}, []shape{{3, 17}, {17}})},
	{op.Patches(odd, 2, 3), random([]shape{{2, 3, 4, 5}})},
	{op.DPatches(odd, shape{2, 3, 4, 5}), random([]shape{{2, 2, 3, 18}})},
	{op.MaxWindows(odd, 2, 3), spread([]shape{{2, 3, 4, 5}})},
	{op.DMaxWindows(odd), spread([]shape{{2, 3, 4, 5}, {2, 3, 2, 3}})},
	{op.PickWindows(odd, 2, 3), spread([]shape{{2, 3, 4, 5}, {2, 3, 4, 5}})},
	{op.AvgWindows(odd, 2, 3), random([]shape{{2, 3, 4, 5}})},
	{op.DAvgWindows(odd, shape{2, 3, 4, 5}), random([]shape{{2, 3, 2, 3}})},
	{op.MaxWindows(stem, 4, 3), spread([]shape{{2, 3, 7, 5}})},
	{op.DMaxWindows(stem), spread([]shape{{2, 3, 7, 5}, {2, 3, 4, 3}})},
	{op.PickWindows(stem, 4, 3), spread([]shape{{2, 3, 7, 5}, {2, 3, 7, 5}})},
	{op.AvgWindows(stem, 4, 3), random([]shape{{2, 3, 7, 5}})},
	{op.DAvgWindows(stem, shape{2, 3, 7, 5}), random([]shape{{2, 3, 4, 3}})},
	{op.MaxWindows(large, 3, 20), spread([]shape{{1, 2, 5, 22}})},
	{op.DMaxWindows(large), spread([]shape{{1, 2, 5, 22}, {1, 2, 3, 20}})},
	{op.AvgWindows(large, 3, 20), random([]shape{{1, 2, 5, 22}})},
	{op.DAvgWindows(large, shape{1, 2, 5, 22}), random([]shape{{1, 2, 3, 20}})},

	{op.Affine, random([]shape{{1, 1}, {1, 1}, {1}}, []shape{{1, 5}, {5, 3}, {3}}, []shape{{10, 10}, {10, 10}, {10}},
		[]shape{{7, 33}, {33, 17}, {17}}, []shape{{3, 2}, {2, 40}, {40}})},
	{op.Linear, random([]shape{{1, 1}, {1, 1}}, []shape{{7, 33}, {33, 17}})},
	{op.MulT, random([]shape{{1, 1}, {1, 1}}, []shape{{3, 5}, {7, 5}}, []shape{{10, 33}, {17, 33}}, []shape{{2, 1}, {9, 1}})},
	{op.TMul, random([]shape{{1, 1}, {1, 1}}, []shape{{5, 3}, {5, 7}}, []shape{{10, 33}, {10, 17}}, []shape{{1, 2}, {1, 9}})},
	{op.SumRows, random([]shape{{1, 1}}, []shape{{1, 9}}, []shape{{9, 1}}, []shape{{10, 33}})},
	{op.RowSums, random([]shape{{1, 1}}, []shape{{1, 9}}, []shape{{9, 1}}, []shape{{10, 33}})},
	{op.Spread(shape{1, 1}), random([]shape{{1}})},
	{op.Spread(shape{4, 33}), random([]shape{{33}})},
	{op.Spread(shape{2, 3, 5, 7}), random([]shape{{3}})},
	{op.Reshape(shape{2, 6}), random([]shape{{2, 3, 2}}, []shape{{12}}, []shape{{2, 6}})},
	{op.Reshape(shape{1, 1}), random([]shape{{1}}, []shape{{1, 1, 1, 1}})},

	{op.Concat(1), random([]shape{{2, 3}})},
	{op.Concat(2), random([]shape{{1, 1}, {1, 1}}, []shape{{3, 2}, {3, 5}}, []shape{{2, 3, 4, 5}, {2, 1, 4, 5}})},
	{op.Concat(3), random([]shape{{3, 2}, {3, 5}, {3, 1}}, []shape{{2, 2, 3, 2}, {2, 1, 3, 2}, {2, 3, 3, 2}})},
	{op.Embed(0, 1), random([]shape{{3, 1}})},
	{op.Embed(1, 4), random([]shape{{2, 3}}, []shape{{2, 2, 3}}, []shape{{3, 1, 2, 5}})},
	{op.Part(0, 2), random([]shape{{3, 2}}, []shape{{3, 5}}, []shape{{2, 4, 3, 2}})},
	{op.Embed(0, 3), random([]shape{{3, 2}}, []shape{{2, 3, 3, 2}})},
	{op.Embed(2, 7), random([]shape{{3, 5}}, []shape{{2, 4, 3, 2}})},
	{op.Part(2, 5), random([]shape{{3, 5}}, []shape{{3, 9}}, []shape{{2, 6, 3, 2}})},

	{op.Conv(op.Convolution{}), random([]shape{{1, 1, 1, 1}, {1, 1, 1, 1}, {1}}, []shape{{2, 1, 7, 7}, {3, 1, 5, 5}, {3}},
		[]shape{{2, 3, 5, 6}, {4, 3, 2, 3}, {4}}, []shape{{3, 2, 4, 4}, {1, 2, 4, 4}, {1}})},
	{op.Conv(op.Convolution{PadRows: 2, PadCols: 2}), random([]shape{{2, 2, 3, 4}, {3, 2, 5, 5}, {3}}, []shape{{1, 1, 1, 1}, {1, 1, 2, 2}, {1}})},
	{op.WithoutBias(op.Conv(op.Convolution{PadRows: 1, PadCols: 1})), random([]shape{{2, 3, 5, 6}, {4, 3, 2, 3}}, []shape{{1, 1, 1, 1}, {1, 1, 1, 1}})},
	{op.Conv(op.Convolution{Stride: 2}), random([]shape{{2, 2, 7, 6}, {3, 2, 3, 3}, {3}}, []shape{{1, 1, 5, 5}, {2, 1, 1, 1}, {2}})},
	{op.Conv(op.Convolution{Stride: 3, PadRows: 1, PadCols: 1}), random([]shape{{2, 2, 7, 8}, {2, 2, 3, 2}, {2}})},
	{op.DConvX(op.Convolution{}, shape{2, 3, 5, 6}), random([]shape{{2, 4, 4, 4}, {4, 3, 2, 3}})},
	{op.DConvX(op.Convolution{Stride: 2, PadRows: 1, PadCols: 1}, shape{2, 2, 6, 7}), random([]shape{{2, 3, 3, 4}, {3, 2, 3, 3}})},
	{op.DConvK(op.Convolution{}, shape{4, 3, 2, 3}), random([]shape{{2, 3, 5, 6}, {2, 4, 4, 4}})},
	{op.DConvK(op.Convolution{Stride: 2, PadRows: 1, PadCols: 1}, shape{3, 2, 3, 3}), random([]shape{{2, 2, 6, 7}, {2, 3, 3, 4}})},
	{op.Conv(op.Convolution{PadRows: 1, PadCols: 2}), random([]shape{{2, 2, 5, 6}, {3, 2, 3, 5}, {3}}, []shape{{1, 1, 4, 3}, {1, 1, 3, 1}, {1}})},
	{op.Conv(op.Convolution{PadRows: 2, PadCols: 2, Dilation: 2, Groups: 1}), random([]shape{{2, 2, 6, 5}, {3, 2, 3, 3}, {3}})},
	{op.Conv(op.Convolution{Stride: 2, PadRows: 1, Dilation: 3, Groups: 2}), random([]shape{{2, 4, 9, 8}, {6, 2, 3, 2}, {6}})},
	{op.Conv(op.Convolution{PadRows: 1, PadCols: 1, Groups: 3}), random([]shape{{2, 3, 5, 6}, {3, 1, 3, 3}, {3}}, []shape{{1, 3, 4, 4}, {6, 1, 3, 2}, {6}})},
	{op.WithoutBias(op.Conv(op.Convolution{Stride: 2, PadRows: 1, PadCols: 1, Groups: 2})), random([]shape{{2, 2, 7, 6}, {2, 1, 3, 3}})},
	{op.DConvX(op.Convolution{Stride: 2, PadRows: 1, PadCols: 2, Dilation: 2, Groups: 2}, shape{2, 4, 9, 8}), random([]shape{{2, 6, 4, 4}, {6, 2, 3, 3}})},
	{op.DConvX(op.Convolution{PadRows: 1, PadCols: 1, Groups: 2}, shape{2, 2, 5, 6}), random([]shape{{2, 2, 5, 6}, {2, 1, 3, 3}})},
	{op.DConvK(op.Convolution{Stride: 2, PadRows: 1, PadCols: 2, Dilation: 2, Groups: 2}, shape{6, 2, 3, 3}), random([]shape{{2, 4, 9, 8}, {2, 6, 4, 4}})},
	{op.DConvK(op.Convolution{PadRows: 1, PadCols: 1, Groups: 2}, shape{2, 1, 3, 3}), random([]shape{{2, 2, 5, 6}, {2, 2, 5, 6}})},
	{op.ConvTranspose(op.Convolution{}, 0), random([]shape{{1, 1, 1, 1}, {1, 1, 1, 1}, {1}}, []shape{{2, 3, 4, 5}, {3, 2, 3, 2}, {2}})},
	{op.ConvTranspose(op.Convolution{Stride: 2, PadRows: 1, PadCols: 1}, 1), random([]shape{{2, 2, 3, 4}, {2, 3, 3, 3}, {3}})},
	{op.ConvTranspose(op.Convolution{Stride: 3, PadCols: 2, Dilation: 2, Groups: 2}, 2), random([]shape{{2, 4, 3, 2}, {4, 2, 2, 3}, {4}})},
	{op.WithoutBias(op.ConvTranspose(op.Convolution{Stride: 2, Groups: 2}, 0)), random([]shape{{2, 2, 3, 4}, {2, 1, 2, 2}})},
	{op.SumMaps, random([]shape{{1, 1, 1, 1}}, []shape{{3, 5, 4, 7}}, []shape{{2, 20, 12, 12}})},
	{op.MaxPool(1), spread(pool...)},
	{op.MaxPool(2), spread(pool...)},
	{op.MaxPool(3), spread(pool[2:]...)},
	{op.DMaxPool(2), spread([]shape{{1, 1, 2, 2}, {1, 1, 1, 1}}, []shape{{2, 2, 5, 7}, {2, 2, 2, 3}})},
	{op.DMaxPool(3), spread([]shape{{1, 3, 3, 9}, {1, 3, 1, 3}}, []shape{{2, 2, 5, 7}, {2, 2, 1, 2}})},
	{op.MaxPick(2), spread([]shape{{1, 1, 2, 2}, {1, 1, 2, 2}}, []shape{{2, 2, 5, 7}, {2, 2, 5, 7}})},
	{op.MaxPick(3), spread([]shape{{1, 3, 3, 9}, {1, 3, 3, 9}})},
	{op.AvgPool(1), random(pool...)},
	{op.AvgPool(2), random(pool...)},
	{op.AvgPool(3), random(pool[2:]...)},
	{op.DAvgPool(2, shape{2, 2, 5, 7}), random([]shape{{2, 2, 2, 3}}, []shape{{3, 2, 2, 3}})},
	{op.DAvgPool(3, shape{1, 3, 3, 9}), random([]shape{{1, 3, 1, 3}})},
	{op.ScaleMaps, random([]shape{{1, 1, 1, 1}, {1, 1}}, []shape{{2, 3, 4, 5}, {2, 3}})},
	{op.MapMeans, random(pool...)},
	{op.DMapMeans(shape{2, 3, 4, 5}), random([]shape{{2, 3}}, []shape{{7, 3}})},

	{op.MapMoments, normed("x")},
	{op.JoinMoments(1), random([]shape{{1, 2, 1}}, []shape{{5, 2, 3}}, []shape{{3, 2, 33}})},
	{op.JoinMoments(6), random([]shape{{1, 2, 1}}, []shape{{5, 2, 3}}, []shape{{3, 2, 33}})},
	{ofOwnMoments(op.BatchNorm(.1)), normed("xcc")},
	{ofOwnMoments(op.BatchNorm(1e-5)), normed("xcc")[2:]},
	{ofGivenMoments(op.BatchNorm(.1)), normed("xmcc")},
	{op.MapSums(.1), normed("xmx")},
	{op.Normalize(.1), normed("xmcc")},
	{op.DNormalize(.1), normed("xmc")},
	{op.DBatchNorm(.1, 12), normed("xmcxs")},
	{op.LayerNorm, random(matrices(3, 1, 1)...)},
	{op.DLayerNorm, random(matrices(3, 1, 3)...)},
	{op.DLayerNormScale, random(matrices(3, 3)...)},
	{op.Attention(1), random([]shape{{1, 1, 3}}, []shape{{2, 3, 6}})},
	{op.Attention(2), random([]shape{{2, 3, 12}}, []shape{{3, 17, 6}})},
	{op.DAttention(1), random([]shape{{2, 3, 6}, {2, 3, 2}})},
	{op.DAttention(2), random([]shape{{2, 3, 12}, {2, 3, 4}}, []shape{{3, 17, 6}, {3, 17, 2}})},
	{op.Present(9), some([]shape{{1, 1}}, []shape{{3, 4}}, []shape{{2, 3, 2}})},
	{op.Keep, ragged([]shape{{1, 1}, {1, 1}}, []shape{{3, 4}, {3, 4}}, []shape{{2, 5, 3}, {2, 5}})},
	{op.LastStep, random([]shape{{1, 1, 1}}, []shape{{3, 4, 2}}, []shape{{2, 3, 2, 2}})},
	{op.LastStepOf, ragged([]shape{{1, 1, 1}, {1, 1}}, []shape{{3, 4, 2}, {3, 4}}, []shape{{2, 3, 2, 2}, {2, 3}})},
	{op.DLastStep(3), random([]shape{{1, 1}}, []shape{{4, 2}})},
	{op.StepBefore(false), random([]shape{{1, 1, 1}}, []shape{{3, 4, 2}})},
	{op.DStepBefore(true), random([]shape{{1, 1, 1}}, []shape{{3, 4, 2}})},
	{op.ReverseSteps, random([]shape{{1, 1}}, []shape{{3, 4}}, []shape{{2, 3, 2}})},
	{op.StepMeans, random([]shape{{1, 1, 1}}, []shape{{3, 4, 2}}, []shape{{2, 3, 17}})},
	{op.StepMeansOf, ragged([]shape{{1, 1, 1}, {1, 1}}, []shape{{3, 4, 2}, {3, 4}})},
	{op.DStepMeans(3), random([]shape{{1, 1}}, []shape{{4, 2}})},
	{op.AttentionOf(2), ragged([]shape{{3, 4, 6}, {3, 4}}, []shape{{2, 5, 12}, {2, 5}})},
	{op.AttentionOf(1), empty(ragged([]shape{{3, 4, 3}, {3, 4}}))},
	{op.DAttentionOf(2), ragged([]shape{{3, 4, 6}, {3, 4, 2}, {3, 4}})},
	{op.DAttentionOf(1), empty(ragged([]shape{{3, 4, 3}, {3, 4, 1}, {3, 4}}))},
	{op.MaskKeys(-3), ragged([]shape{{3, 2, 4, 5}, {3, 5}})},
	{op.Lookup, tokens([]shape{{1, 1}, {1, 1}}, []shape{{3, 4}, {5, 2}}, []shape{{2, 7}, {9, 17}})},
	{op.DLookup(5), tokens([]shape{{1, 1}, {1, 1, 1}}, []shape{{3, 4}, {3, 4, 2}}, []shape{{2, 7}, {2, 7, 17}})},
	{op.PresentMean, ragged([]shape{{}, {}, {1, 1}}, []shape{{}, {}, {3, 4}})},
	{op.DPresentMean, ragged([]shape{{}, {1, 1}}, []shape{{}, {3, 4}})},
	{op.Half(0), random([]shape{{2, 1}}, []shape{{2, 7}})},
	{op.Half(1), random([]shape{{2, 1}}, []shape{{2, 7}})},

	{op.DSoftmax, random([]shape{{1, 1}, {1, 1}}, []shape{{1, 10}, {1, 10}}, []shape{{10, 10}, {10, 10}}, []shape{{3, 17}, {3, 17}})},
	{op.DLogSoftmax, random([]shape{{1, 1}, {1, 1}}, []shape{{10, 10}, {10, 10}}, []shape{{3, 17}, {3, 17}})},
	{op.Softmax, random([]shape{{1, 1}}, []shape{{1, 10}}, []shape{{10, 10}}, []shape{{3, 17}})},
	{op.LogSoftmax, random([]shape{{1, 1}}, []shape{{1, 10}}, []shape{{10, 10}}, []shape{{3, 17}})},
	{op.Quadratic, costs(false)},
	{op.DQuadratic, costs(true)},
	{op.CrossEntropy, costs(false)},
	{op.DCrossEntropy, costs(true)},
	{op.Absolute, costs(false)},
	{op.DAbsolute, costs(true)},
	{op.Clamp(.4), spread(one...)},
	{op.DClamp(.4), spread(two...)},
	{op.Huber(.8), costs(false)},
	{op.DHuber(.8), costs(true)},
	{op.Weigh([]float64{.5, 2, 0}), random([]shape{{1, 3}}, []shape{{5, 3}})},
	{op.NLL, costs(false)},
	{op.DNLL, costs(true)},
	{op.NLL, smoothed(costs(false))},
	{op.DNLL, smoothed(costs(true))},
	{op.NLL, random([]shape{{3, 5}, {3, 5}})},
	{op.DNLL, random([]shape{{3, 5}, {3, 5}, {}})},
}...)

// TestOps runs the suite of graphtest over the table, once for each implementation of the kernels.
func TestOps(t *testing.T) {
	defer use(t, kernel.Name())
	for _, name := range kernel.Names() {
		t.Run(name, func(t *testing.T) {
			use(t, name)
			for _, r := range table {
				for _, x := range r.x {
					if err := graphtest.Op(r.o, x...); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
}

func use(t *testing.T, name string) {
	t.Helper()
	if err := kernel.Use(name); err != nil {
		t.Fatal(err)
	}
}

// TestTable finds the names of all ops in the package's source, and expects a row for each.
func TestTable(t *testing.T) {
	rows := map[string]bool{}
	for _, r := range table {
		name, _, _ := strings.Cut(r.o.Name, "/")
		rows[name] = true
	}
	names := opNames(t)
	if len(names) < 20 {
		t.Fatalf("found no more than %v", names)
	}
	for _, name := range names {
		if !rows[name] {
			t.Errorf("op %s has no row in the table", name)
		}
	}
}

// opNames returns the names of the Op literals in the package's source, without parameters. If a function makes literals with a name that it is
// given, it returns the names that the function is called with.
func opNames(t *testing.T) (names []string) {
	makers := map[string]bool{}
	visit(t, func(n ast.Node, function string) {
		lit, ok := n.(*ast.CompositeLit)
		if !ok || fmt.Sprint(lit.Type) != "Op" {
			return
		}
		if name := literal(keys(lit)["Name"]); name != "" {
			names = append(names, name)
		} else {
			makers[function] = true
		}
	})
	visit(t, func(n ast.Node, _ string) {
		if call, ok := n.(*ast.CallExpr); ok && makers[fmt.Sprint(call.Fun)] {
			if name := literal(call.Args[0]); name != "" {
				names = append(names, name)
			} else {
				t.Errorf("%s is called with a name that is no literal", call.Fun)
			}
		}
	})
	return names
}

// keys returns a composite literal's values by key.
func keys(lit *ast.CompositeLit) map[string]ast.Expr {
	m := map[string]ast.Expr{}
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			m[fmt.Sprint(kv.Key)] = kv.Value
		}
	}
	return m
}

// visit calls f for every node of the package's syntax, except in tests, and for the function that contains it.
func visit(t *testing.T, f func(n ast.Node, function string)) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range syntax.Decls {
			function := ""
			if fd, ok := d.(*ast.FuncDecl); ok {
				function = fd.Name.Name
			}
			ast.Inspect(d, func(n ast.Node) bool {
				if n != nil {
					f(n, function)
				}
				return true
			})
		}
	}
}

// literal returns the first string in an expression, up to a slash: "conv" for fmt.Sprintf("conv/%d/%d", …).
func literal(e ast.Expr) (name string) {
	ast.Inspect(e, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING && name == "" {
			name, _ = strconv.Unquote(lit.Value)
			name, _, _ = strings.Cut(name, "/")
		}
		return name == ""
	})
	return name
}
