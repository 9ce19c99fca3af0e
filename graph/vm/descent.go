package vm

import (
	"errors"
	"math"
	"slices"

	"github.com/stheno-ml/stheno/graph/op"

	"github.com/stheno-ml/stheno/internal/kernel"
	"github.com/stheno-ml/stheno/internal/team"
)

// A Descent is a step of gradient descent as a part of a program: w = (1−ηλ/n) w − η ∇w, made as soon as the gradient is there and w is
// not read any more. A weight matrix is then read and written once, and its gradient never stored.
type Descent struct {
	Eta, L2 float64 // η and λ/n of the next run
	Decay   []bool  // by parameter: whether L2 applies
}

// shrink is the factor of a parameter that decays or does not.
func (d *Descent) shrink(decay bool) float64 {
	if !decay {
		return 1
	}
	return 1 - d.Eta*d.L2
}

// ErrNonfinite stops a program before its first update because the cost is not finite.
var ErrNonfinite = errors.New("vm: the cost is not finite")

// guard is the instruction that stops the program where the cost, its input, is not finite.
var guard = &op.Op{Name: "guard"}

// sgd is the instruction that updates a parameter from its gradient, its input.
var sgd = &op.Op{Name: "sgd"}

// updates adds the updates to the program: a weight matrix's after the last instruction that reads it, the others at the end; and
// before them all, the guard of the cost, which is the first output.
func (p *program) updates() {
	var early, late []*instr
	for i, n := range slices.Backward(p.params) {
		grad := p.visit(n.Deriv())
		grad.uses++
		u := &instr{own: sgd, y: p.of[n], x: []*value{grad}, decay: p.rule.Decay[i]}
		if op.Of(grad.node.Op()) == op.TMul {
			early = append(early, u)
		} else {
			late = append(late, u)
		}
	}
	for _, u := range early {
		at := 1 + p.lastIndex(func(in *instr) bool { return in.y == u.x[0] || slices.Contains(in.x, u.y) })
		p.code = slices.Insert(p.code, at, u)
	}
	p.code = append(p.code, late...)
	cost := p.of[p.outs[0]]
	at := 1 + p.lastIndex(func(in *instr) bool { return in.y == cost })
	p.code = slices.Insert(p.code, at, &instr{own: guard, y: cost, x: []*value{cost}})
}

func (p *program) lastIndex(f func(*instr) bool) int {
	for i, in := range slices.Backward(p.code) {
		if f(in) {
			return i
		}
	}
	return -1
}

// fuseUpdates moves a product that is a weight matrix's gradient to the place of its update and makes it the update.
func fuseUpdates(p *program) {
	for _, u := range slices.Clone(p.code) {
		if u.own != sgd || u.x[0].uses != 1 || u.x[0].of != nil {
			continue
		}
		from := p.lastIndex(func(in *instr) bool { return in.y == u.x[0] })
		product := p.code[from]
		if product.own != op.TMul {
			continue
		}
		product.update, product.y, product.decay = u.y, u.y, u.decay
		p.code[slices.Index(p.code, u)] = product
		p.code = slices.Delete(p.code, from, from+1)
	}
}

// target is what a product writes, and by which factors: its result, or the parameter that it updates.
func (l linker[T]) target(in *instr) (y []T, factors func() (alpha, beta T)) {
	if in.update == nil {
		return l.of(in.y), func() (T, T) { return 1, 0 }
	}
	return l.of(in.update), func() (T, T) { return T(-l.vm.program.rule.Eta), T(l.vm.program.rule.shrink(in.decay)) }
}

// sgd updates a parameter from a gradient in memory.
func (l linker[T]) sgd(in *instr) []team.Job {
	w, g, s := l.of(in.y), l.of(in.x[0]), kernel.For[T]()
	return whole(func() { s.SGD(w, g, T(l.vm.program.rule.shrink(in.decay)), T(l.vm.program.rule.Eta)) })
}

// guard checks the cost.
func (l linker[T]) guard(in *instr) []team.Job {
	cost := l.of(in.x[0])
	return whole(func() {
		if c := float64(cost[0]); math.IsNaN(c) || math.IsInf(c, 0) {
			l.vm.err = ErrNonfinite
		}
	})
}
