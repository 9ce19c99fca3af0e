package op

import (
	"fmt"
	"slices"
	"unsafe"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// ValueGrad is what a solver of Gorgonia's steps: a value with its gradient, as a node has them.
type ValueGrad = gorgonia.ValueGrad

// Memory is the memory of v's elements, []float32 or []float64 in row-major order: writing there changes v. It is an error if v is laid out
// otherwise or has elements of another type.
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
