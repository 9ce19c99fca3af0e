package op

import (
	"fmt"
	"slices"
	"unsafe"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// ValueGrad is what one of Gorgonia's solvers updates: a value with its gradient, such as a node.
type ValueGrad = gorgonia.ValueGrad

// Memory returns the memory of v's elements, a []float32 or []float64 in row-major order; writing to it changes v. It returns an error if v has
// another layout or element type.
func Memory(v gorgonia.Value) (any, error) {
	switch v := v.(type) {
	case *gorgonia.F32:
		return unsafe.Slice((*float32)(v), 1), nil
	case *gorgonia.F64:
		return unsafe.Slice((*float64)(v), 1), nil
	case *tensor.Dense:
		if v.RequiresIterator() || v.DataOrder().IsColMajor() || !slices.Contains([]tensor.Dtype{tensor.Float32, tensor.Float64}, v.Dtype()) {
			return nil, fmt.Errorf("a tensor of %v that is a view or not row-major; use one of float32 or float64 with its own memory", v.Dtype())
		}
		if v.Dtype() == tensor.Float32 {
			return v.Float32s(), nil
		}
		return v.Float64s(), nil
	}
	return nil, fmt.Errorf("a value of type %T; use float32 or float64", v)
}
