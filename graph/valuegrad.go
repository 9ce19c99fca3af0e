package graph

import (
	"fmt"
	"reflect"

	"github.com/stheno-ml/stheno/graph/op"
)

// ValueGrad is a parameter of a Gorgonia program with its gradient, such as a node or an element of gorgonia.NodesToValueGrads.
type ValueGrad = op.ValueGrad

// ParamOf returns v as a parameter. Data and Grad are the memory of its value and gradient, so an update of the parameter updates v. A scalar
// has one element. The parameter does not decay.
func ParamOf(v ValueGrad) (*Param, error) {
	grad, err := v.Grad()
	if err != nil {
		return nil, fmt.Errorf("graph: gradient: %w", err)
	}
	value := v.Value()
	if value == nil || grad == nil {
		return nil, fmt.Errorf("graph: %v has no value or no gradient; bind both, as gorgonia.BindDualValues does", v)
	}
	p := &Param{Shape: value.Shape()}
	if p.Data, err = op.Memory(value); err != nil {
		return nil, fmt.Errorf("graph: value: %w", err)
	}
	if p.Grad, err = op.Memory(grad); err != nil {
		return nil, fmt.Errorf("graph: gradient: %w", err)
	}
	if d, g := reflect.ValueOf(p.Data), reflect.ValueOf(p.Grad); d.Type() != g.Type() || d.Len() != g.Len() {
		return nil, fmt.Errorf("graph: a value of shape %v and type %v with a gradient of shape %v and type %v", value.Shape(), value.Dtype(), grad.Shape(), grad.Dtype())
	}
	return p, nil
}
