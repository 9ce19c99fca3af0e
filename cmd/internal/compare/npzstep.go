package compare

import (
	"fmt"
	"math"
	"slices"

	"github.com/stheno-ml/stheno/internal/term"
)

// roundedAway are notes about gradients that are lost in rounding, by the type of the file's numbers.
var roundedAway = map[string]string{
	"float32": "rounding in float32 hides some gradients, because activations are so close to 0 or 1; float64 would show more",
	"float64": "rounding in float64 hides some gradients, because activations are so close to 0 or 1",
}

// gradients compares the gradients of a step, from the output backwards, and reports whether one is wrong.
func (c *check) gradients(p *problem, g [][]float64) (wrong bool) {
	for i := range slices.Backward(p.params) {
		if p.user[i] == nil {
			continue
		}
		d := p.difference(g, i)
		lost := d.Rel > p.tol && d.Abs <= p.noise[i]
		if note := roundedAway[c.finding.Type]; lost && !slices.Contains(c.finding.Notes, note) {
			c.finding.Notes = append(c.finding.Notes, note)
		}
		same := (d.Rel <= p.tol || lost) && p.misshapen[i] == ""
		coarse := d.Rel
		if d.Abs <= several*0x1p-23*p.scale[i] {
			coarse = 0
		}
		wrong = c.note(Compared{p.tensor(i), p.slots[slot{p.params[i].name, "grad"}].shape, false, p.step, same, d, coarse}) || wrong
		c.finding.Gradients = max(c.finding.Gradients, d.Rel)
	}
	return wrong
}

// updates compares the weights after a step of gradient descent, or of another optimizer if that fits better.
func (c *check) updates(p *problem, g [][]float64) (wrong bool) {
	if !has(p.after) {
		c.moving = nil
		return false
	}
	if c.moving == nil {
		c.moving = movements(p)
	}
	var fits []*movement
	var best [][]float64
	for i, m := range c.moving {
		after := m.step(p, g)
		fit := p.moves(after, c.weights)
		if i == 0 || fit && fits == nil {
			best = after
		}
		if fit {
			fits = append(fits, m)
		}
	}
	if fits == nil {
		fits = c.moving[:1]
	}
	c.moving, c.moved = fits, fits
	for i, q := range slices.Backward(p.params) {
		if after := p.after[i]; after != nil {
			d := difference(after, best[i])
			name, same := p.called(q, "after", " after"), d.Rel <= c.weights && fits[0].bug == ""
			wrong = c.note(Compared{name, q.shape, true, p.step, same, d, d.Rel}) || wrong
			c.finding.Weights = max(c.finding.Weights, d.Rel)
		}
	}
	return wrong
}

// nameOptimizers notes the optimizer that has moved the weights, if it was not gradient descent.
func (c *check) nameOptimizers() {
	if c.moved == nil || c.moved[0].name == rules[0].name || c.moved[0].bug != "" {
		return
	}
	var names []string
	for _, m := range c.moved {
		if !slices.Contains(names, m.name) {
			names = append(names, m.name)
		}
	}
	c.finding.Notes = append(c.finding.Notes, "the weights after the step come from "+term.OneOf(names)+" rather than plain gradient descent")
}

// statistics compares the running statistics after a step.
func (c *check) statistics(p *problem) (wrong bool) {
	for i, q := range p.spec.fixed {
		after, ok := p.slots[slot{q.name, "after"}]
		if !ok {
			continue
		}
		d := difference(after.x, p.graph.fixed[i])
		wrong = c.note(Compared{p.called(q, "after", ""), after.shape, true, p.step, d.Rel <= c.finding.Tol, d, d.Rel}) || wrong
		c.finding.Weights = max(c.finding.Weights, d.Rel)
	}
	return wrong
}

// cost compares the cost, if the file has one, and says what is wrong with it.
func (c *check) cost(p *problem, cost float64) (wrong string, err error) {
	a, ok := p.arrays[key{kind: "cost"}]
	if !ok {
		return "", nil
	}
	got, err := p.number("cost")
	if err != nil {
		return "", err
	}
	d := difference([]float64{got}, []float64{cost})
	if !c.note(Compared{a.name, a.shape, false, p.step, p.costs(cost, got), d, d.Rel}) {
		return "", nil
	}
	wrong = fmt.Sprintf(" It is %.6g, and should be %.6g.", got, cost)
	if text, by := p.besides(got / cost); math.Abs(got/cost/by-1) <= max(p.tol, costTolerance) {
		wrong += text
	}
	return wrong, nil
}

// note records a tensor's comparison if it is the worst so far, and the first wrong tensor. It reports whether this one is wrong.
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
