package op_test

import (
	"testing"

	"github.com/stheno-ml/stheno/graph/op"
)

// TestSecondDerivatives builds two derivatives of every op of the table that has rules, to see that what a rule is made of has rules, too. TestOps
// checks that each rule is right. Ops without rules replace Gorgonia's own, which are differentiated before they are compiled.
func TestSecondDerivatives(t *testing.T) {
	for _, r := range table {
		if r.o.Grad == nil {
			continue
		}
		if err := twice(r); err != nil {
			t.Errorf("%s: %v", r.o.Name, err)
		}
	}
}

// twice differentiates Σ y² and then Σ dx² for the row's op y of x.
func twice(r row) (err error) {
	defer op.Catch(&err)
	var shapes []shape
	for _, x := range r.x[0] {
		shapes = append(shapes, x.Shape)
	}
	x := variables(shapes...)
	dx := nodes{r.o.Apply(x...)}
	for range 2 {
		var cost *node
		for _, n := range dx {
			if n == nil {
				continue
			}
			c := op.Inner.Apply(n, n)
			if cost != nil {
				c = op.Add.Apply(cost, c)
			}
			cost = c
		}
		if cost == nil {
			return nil
		}
		dx = op.Gradients(cost, op.One(cost), x...)
	}
	return nil
}
