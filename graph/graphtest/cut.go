package graphtest

import (
	"fmt"
	"math"
	"slices"

	"github.com/stheno-ml/stheno/graph/op"
)

// cuts runs the op on parts of the mini-batch, in the way that its Cut allows, and compares with the whole.
func (t test) cuts() (err error) {
	defer caught(&err)
	cut := t.op.Cut
	if cut.Each == nil && !cut.Sum {
		return nil
	}
	if cut.Sum == (cut.Each != nil) || !cut.Sum && len(cut.Each) != len(t.x) {
		return fmt.Errorf("cut %+v for %d inputs", cut, len(t.x))
	}
	want := filled(t.out, 0.0)
	t.op.F64(Tensor{Shape: t.out, Data: want}, t.x)
	for _, size := range []int{1, 2} {
		got, err := t.parts(size)
		if err != nil {
			return fmt.Errorf("in parts of %d: %w", size, err)
		}
		if !slices.EqualFunc(got, want, near12) {
			return fmt.Errorf("in parts of %d it gives %v, as a whole %v", size, got, want)
		}
	}
	return nil
}

// near12 reports whether a and b are equal except for rounding.
func near12(a, b float64) bool { return math.Abs(a-b) <= 1e-12*max(1, math.Abs(b)) }

// parts runs the op on size examples at a time and returns the results one after the other, or their sum.
func (t test) parts(size int) (y []float64, err error) {
	m := t.examples()
	for from := 0; from < m; from += size {
		x, shapes := slices.Clone(t.x), slices.Clone(t.shapes)
		for i := range x {
			if t.op.Cut.Sum || t.op.Cut.Each[i] {
				x[i] = rows(x[i], from, min(m, from+size))
				shapes[i] = x[i].Shape
			}
		}
		out, err := t.op.Shape(shapes)
		if err != nil {
			return nil, err
		}
		part := Tensor{Shape: out, Data: filled(out, math.NaN())}
		switch t.op.F64(part, x); {
		case !t.op.Cut.Sum:
			y = append(y, part.Data...)
		case y == nil:
			y = part.Data
		default:
			for i, v := range part.Data {
				y[i] += v
			}
		}
	}
	return y, nil
}

// examples returns the size of the mini-batch.
func (t test) examples() int {
	i := slices.Index(t.op.Cut.Each, true)
	return t.shapes[max(i, 0)][0]
}

// rows returns the examples [from, to) of x.
func rows(x Tensor, from, to int) Tensor {
	n := len(x.Data) / x.Shape[0]
	return Tensor{Shape: append(op.Shape{to - from}, x.Shape[1:]...), Data: x.Data[from*n : to*n]}
}
