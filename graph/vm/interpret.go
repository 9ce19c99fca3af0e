package vm

import (
	"errors"
	"fmt"

	"github.com/stheno-ml/stheno/graph/op"

	"gorgonia.org/gorgonia"
)

// errEnough stops Interpret when visit has seen enough.
var errEnough = errors.New("seen enough")

// Interpret runs g's ops one by one, each after its inputs and into new memory. It calls visit with every node's value until visit returns false.
// It is slow and simple: a reference for the VMs, and a way to find what went wrong in one.
func Interpret(g *gorgonia.ExprGraph, visit func(*op.Node, gorgonia.Value) bool) error {
	i := interpreter{map[*op.Node]gorgonia.Value{}, visit}
	for _, n := range g.AllNodes() {
		if isStatement(n) {
			continue
		}
		if _, err := i.value(n); err == errEnough {
			return nil
		} else if err != nil {
			return fmt.Errorf("vm: %w", err)
		}
	}
	return nil
}

type interpreter struct {
	values map[*op.Node]gorgonia.Value
	visit  func(*op.Node, gorgonia.Value) bool
}

func (i interpreter) value(n *op.Node) (v gorgonia.Value, err error) {
	if v, ok := i.values[n]; ok {
		return v, nil
	}
	if v = n.Value(); n.Op() != nil && !op.IsConstant(n) {
		var x []gorgonia.Value
		for _, c := range op.Inputs(n) {
			in, err := i.value(c)
			if err != nil {
				return nil, err
			}
			x = append(x, in)
		}
		if v, err = n.Op().Do(x...); err != nil {
			return nil, fmt.Errorf("node %s: %w", label(n), err)
		}
	}
	i.values[n] = v
	if v != nil && !i.visit(n, v) {
		return nil, errEnough
	}
	return v, nil
}
