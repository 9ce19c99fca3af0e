package graph

import (
	"errors"
	"fmt"

	"github.com/stheno-ml/stheno/graph/op"
	"gorgonia.org/gorgonia"
)

// differentiate adds the gradients of b's trained parameters to the graph.
func differentiate(cost *Node, b *Builder) error {
	if len(b.nodes) == 0 {
		return errors.New("no layer has parameters, so there is nothing to learn; add a Dense")
	}
	reached := differentiable(cost)
	for i, p := range b.nodes {
		if !reached[p.ID()] {
			return fmt.Errorf("parameter %s has no path of gradients to the cost and would never learn; use it, or leave it out", b.params[i].Name)
		}
	}
	for _, n := range b.graph.AllNodes() { // Grad would panic on these
		if _, ok := n.Op().(gorgonia.SDOp); reached[n.ID()] && n.Op() != nil && !ok {
			return fmt.Errorf("%s: Gorgonia's op %v has no gradient; use a layer or an op of this package", b.where(n), n.Op())
		}
	}
	_, err := gorgonia.Grad(cost, b.nodes...)
	return err
}

// differentiable returns the nodes from which a path of differentiable ops leads to cost.
func differentiable(cost *Node) map[int64]bool {
	seen := map[int64]bool{cost.ID(): true}
	for todo := (Nodes{cost}); len(todo) > 0; {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		sd, ok := n.Op().(gorgonia.SDOp)
		if !ok {
			continue
		}
		x := op.Inputs(n)
		for i, wrt := range sd.DiffWRT(len(x)) {
			if wrt && !seen[x[i].ID()] {
				seen[x[i].ID()] = true
				todo = append(todo, x[i])
			}
		}
	}
	return seen
}
