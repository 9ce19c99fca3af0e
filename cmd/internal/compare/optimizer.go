package compare

import (
	"fmt"
	"math"
	"slices"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/train"
)

// rule is an optimizer that a program may have. Its velocity, if it has one, is scale times the file's v.
type rule struct {
	name string
	bug  string // the bug that it is, or empty
	train.Optimizer
	scale  func(eta float64) float64 // nil: 1
	eta    float64                   // a factor of η; 0 means 1
	given  bool                      // only if the file has v or m; without them it equals another rule
	number int                       // the step's number for this rule; 0: the real one
}

// momenta and epsilons are common values in programs.
var (
	momenta  = []float64{.9, .5, .8, .95, .99}
	epsilons = []float64{1e-8, 1e-7, 1e-10, 1e-6}
)

// rules are gradient descent and other optimizers. Of rules that cannot be told apart, the simpler comes first.
var rules = func() []rule {
	all := []rule{{name: "gradient descent", Optimizer: train.SGD{}}}
	minus := func(eta float64) float64 { return -eta }
	for _, μ := range momenta {
		sgd, name := train.SGD{Momentum: μ}, fmt.Sprintf("momentum %g", μ)
		all = append(all,
			rule{name: name, Optimizer: sgd},                                         // v ← μv − η∇, w ← w + v
			rule{name: name, Optimizer: sgd, scale: minus, given: true},              // v ← μv + ∇, w ← w − ηv
			rule{name: name, Optimizer: sgd, scale: minus, given: true, eta: 1 - μ},  // v ← μv + (1−μ)∇, w ← w − ηv
			rule{name: "Nesterov's " + name, Optimizer: train.Nesterov{Momentum: μ}}, // v ← μv + ∇, w ← w − η(∇ + μv)
			rule{name: "Nesterov's " + name, Optimizer: train.Nesterov{Momentum: μ}, given: true, // v ← μv − η∇, w ← w + μv − η∇
				scale: func(eta float64) float64 { return -1 / eta }},
		)
	}
	for _, ε := range epsilons {
		all = append(all,
			rule{name: fmt.Sprintf("Adam (β₁ 0.9, β₂ 0.999, ε %g)", ε), Optimizer: train.Adam{Eps: ε}},
			rule{name: fmt.Sprintf("AdamW (β₁ 0.9, β₂ 0.999, ε %g)", ε), Optimizer: train.AdamW{Eps: ε}},
			rule{name: fmt.Sprintf("RMSProp (α 0.9, ε %g)", ε), Optimizer: train.RMSProp{Eps: ε}},
			rule{name: fmt.Sprintf("RMSProp (α 0.99, ε %g)", ε), Optimizer: train.RMSProp{Alpha: .99, Eps: ε}},
			rule{name: fmt.Sprintf("AdaGrad (ε %g)", ε), Optimizer: train.AdaGrad{Eps: ε}},
		)
	}
	for _, ε := range epsilons {
		all = append(all, rule{name: "Adam without the correction of its means", bug: "adam-uncorrected", Optimizer: train.Adam{Eps: ε}, number: math.MaxInt32})
	}
	return all
}()

// movement is a rule with its state.
type movement struct {
	rule
	kept  [][]any // one for each parameter
	steps int
}

// movements are the rules that may have moved p's weights, before its step.
func movements(p *problem) []*movement {
	some := has(p.kept["v"]) || has(p.kept["m"])
	var all []*movement
	for _, r := range rules {
		if r.given && !some {
			continue
		}
		m := &movement{rule: r, steps: max(0, int(p.t)-1)}
		for i := range p.params {
			var kept []any
			for _, what := range r.Keeps() {
				kept = append(kept, p.keeps(what, i, r.scale))
			}
			m.kept = append(m.kept, kept)
		}
		all = append(all, m)
	}
	return all
}

// keeps is the optimizer's state for parameter i in the file, or zeros.
func (p *problem) keeps(what string, i int, scale func(eta float64) float64) []float64 {
	v, m := p.kept["v"][i], p.kept["m"][i]
	if what == "velocity" && v == nil || what == "mean" {
		v = m
	}
	switch {
	case v == nil:
		return make([]float64, len(p.values[i]))
	case what == "velocity" && scale != nil:
		return scaled(v, scale(p.eta))
	}
	return slices.Clone(v)
}

// step is p's weights after a step with the gradients g.
func (m *movement) step(p *problem, g [][]float64) [][]float64 {
	m.steps++
	s := train.Rates{Number: m.steps, Eta: p.eta, L2: p.l2}
	if m.eta != 0 {
		s.Eta *= m.eta
	}
	if m.number != 0 {
		s.Number = m.number
	}
	var after [][]float64
	for i, q := range p.params {
		w := slices.Clone(p.values[i])
		m.Update(&graph.Param{Name: q.name, Shape: q.shape, Decay: q.weight, Data: w, Grad: slices.Clone(g[i])}, m.kept[i], s)
		after = append(after, w)
	}
	return after
}

// moves reports whether after are the file's weights after the step.
func (p *problem) moves(after [][]float64, tol float64) bool {
	for i, w := range p.after {
		if w != nil && !(difference(w, after[i]).Rel <= tol) {
			return false
		}
	}
	return true
}
