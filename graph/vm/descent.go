package vm

import (
	"errors"
	"math"
	"slices"

	"github.com/stheno-ml/stheno/graph/op"

	"github.com/stheno-ml/stheno/internal/kernel"
	"github.com/stheno-ml/stheno/internal/team"
)

// A Descent makes a step of gradient descent part of a program: w = (1−ηλ/n) w − η ∇w. Each parameter is updated as soon as its gradient is known
// and nothing reads w anymore. So a weight matrix is read and written only once, and its gradient is never stored.
type Descent struct {
	Eta, L2 float64 // η and λ/n for the next run
	Decay   []bool  // for each parameter, whether L2 applies
}

// shrink returns the factor by which a parameter shrinks.
func (d *Descent) shrink(decay bool) float64 {
	if !decay {
		return 1
	}
	return 1 - d.Eta*d.L2
}

// ErrNonfinite means that a program stopped before its first update because the cost is not finite.
var ErrNonfinite = errors.New("vm: the cost is not finite")

// guard is the instruction that stops the program if the cost, its input, is not finite.
var guard = &op.Op{Name: "guard"}

// sgd is the instruction that updates a parameter by its gradient, the input.
var sgd = &op.Op{Name: "sgd"}

// updates adds the updates to the program: a weight matrix's after the last instruction that reads the matrix, and the others at the end. Before
// all of them it puts the guard of the cost, which is the first output.
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

// fuseUpdates moves a product that is a weight matrix's gradient to the place of the update, and turns it into the update.
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

// target returns what a product writes, its result or the parameter that it updates, and the factors to use.
func (l linker[T]) target(in *instr) (y []T, factors func() (alpha, beta T)) {
	if in.update == nil {
		return l.of(in.y), func() (T, T) { return 1, 0 }
	}
	return l.of(in.update), func() (T, T) { return T(-l.vm.program.rule.Eta), T(l.vm.program.rule.shrink(in.decay)) }
}

// sgd updates a parameter by a gradient in memory.
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
