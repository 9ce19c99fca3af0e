package graph

import (
	"fmt"
	"slices"

	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/graph/vm"
	"github.com/stheno-ml/stheno/internal/kernel"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// nonfinite names the first op of a graph whose result is not finite for the current inputs.
func nonfinite(g *gorgonia.ExprGraph) (found string, err error) {
	err = vm.Interpret(g, func(node *Node, v gorgonia.Value) bool {
		if !finite(v) {
			found = fmt.Sprintf("%v %v", node, node.Shape())
			if node.Op() != nil {
				found = fmt.Sprintf("%v of %v, shape %v", node.Op(), op.Inputs(node), node.Shape())
			}
		}
		return found == ""
	})
	return found, err
}

func finite(v gorgonia.Value) bool {
	if v.Dtype() != tensor.Float32 && v.Dtype() != tensor.Float64 {
		return true
	}
	numbers := make([]float64, max(1, v.Shape().TotalSize()))
	convert(numbers, v.Data())
	return !slices.ContainsFunc(numbers, func(x float64) bool { return !isFinite(x) })
}

// convert copies numbers to memory of another element type. src may be a single number.
func convert(dst, src any) {
	switch s := src.(type) {
	case float32:
		convert(dst, []float32{s})
	case float64:
		convert(dst, []float64{s})
	case []float32:
		convertFrom(dst, s)
	case []float64:
		convertFrom(dst, s)
	}
}

func convertFrom[T kernel.Float](dst any, src []T) {
	switch d := dst.(type) {
	case []T:
		copy(d, src)
	case []float32:
		for i, v := range src {
			d[i] = float32(v)
		}
	case []float64:
		for i, v := range src {
			d[i] = float64(v)
		}
	}
}
