package compare

import (
	"fmt"
	"math"
	"slices"
)

const roundedAway = "some gradients are lost in the rounding of float32, because activations are so near to 0 or 1; float64 would tell more"

// gradients compares those of a step, from the output backwards, and says whether one is wrong.
func (c *check) gradients(p *problem, g [][]float64) (wrong bool) {
	for i := range slices.Backward(p.params) {
		if p.user[i] == nil {
			continue
		}
		d := difference(p.user[i], g[i])
		lost := d.Rel > p.tol && p.noise != nil && d.Abs <= p.noise[i]
		if lost && !slices.Contains(c.finding.Notes, roundedAway) {
			c.finding.Notes = append(c.finding.Notes, roundedAway)
		}
		same := (d.Rel <= p.tol || lost) && !p.unsummed[i]
		wrong = c.note(Compared{p.tensor(i), p.files[i].shape, false, p.step, same, d}) || wrong
		c.finding.Gradients = max(c.finding.Gradients, d.Rel)
	}
	return wrong
}

// updates compares the weights after a step of gradient descent.
func (c *check) updates(p *problem, g [][]float64) (wrong bool) {
	for i, q := range slices.Backward(p.params) {
		if after := p.after[i]; after != nil {
			d := difference(after, plus(p.values[i], -p.eta, g[i]))
			wrong = c.note(Compared{q.name + " after", q.shape, true, p.step, d.Rel <= c.weights, d}) || wrong
			c.finding.Weights = max(c.finding.Weights, d.Rel)
		}
	}
	return wrong
}

// cost compares it, where the file has it, and says what is wrong with it.
func (c *check) cost(p *problem, cost float64) (wrong string, err error) {
	a, ok := p.arrays[key{"cost", ""}]
	if !ok {
		return "", nil
	}
	got, err := p.number("cost")
	if err != nil {
		return "", err
	}
	d := difference([]float64{got}, []float64{cost})
	if !c.note(Compared{a.name, a.shape, false, p.step, p.costs(cost, got), d}) {
		return "", nil
	}
	wrong = fmt.Sprintf(" It is %.6g, and should be %.6g.", got, cost)
	if text, by := p.besides(got / cost); math.Abs(got/cost/by-1) <= max(p.tol, costTolerance) {
		wrong += text
	}
	return wrong, nil
}

// note keeps the worst of each tensor, and the first that is wrong, and says whether this one is wrong.
func (c *check) note(t Compared) (wrong bool) {
	f := c.finding
	if f.First == nil && !t.Same {
		f.First = &Beyond{t.Name, !t.Weight, t.Step, t.Difference}
	}
	i := slices.IndexFunc(f.Tensors, func(u Compared) bool { return u.Name == t.Name })
	if i < 0 {
		f.Tensors = append(f.Tensors, t)
	} else if t.Rel > f.Tensors[i].Rel || !t.Same && f.Tensors[i].Same {
		f.Tensors[i] = t
	}
	return !t.Same
}
