package train

import (
	"fmt"
	"reflect"

	"github.com/stheno-ml/stheno/graph"
)

// Solver is a gorgonia.Solver that makes the steps of an optimizer of ours, by the formulas that stand there. It takes the place of one of
// Gorgonia's:
//
//	solver := train.NewSolver(train.RMSProp{}, eta)
//	…
//	err := solver.Step(gorgonia.NodesToValueGrads(parameters))
//
// It has no decay: regularization belongs into the cost of such a program. It must be given the same parameters, in the same order, in every
// step.
type Solver struct {
	optimizer Optimizer
	eta       float64
	steps     int
	params    []solved
}

// solved is a parameter and what is kept of it.
type solved struct {
	param *graph.Param
	kept  []any
}

// NewSolver is a solver that learns at rate eta.
func NewSolver(o Optimizer, eta float64) *Solver { return &Solver{optimizer: o, eta: eta} }

// Step updates the value of each parameter by its gradient, and sets the gradient to zero.
func (s *Solver) Step(model []graph.ValueGrad) error {
	if s.params == nil {
		s.params = make([]solved, len(model))
	}
	if len(model) != len(s.params) {
		return fmt.Errorf("train: a step of %d parameters after one of %d; give the solver the same ones each time", len(model), len(s.params))
	}
	next := Rates{Number: s.steps + 1, Eta: s.eta}
	for i, v := range model {
		p, err := graph.ParamOf(v)
		if err != nil {
			return fmt.Errorf("train: parameter %d: %w", i, err)
		}
		if err := s.params[i].take(p, s.optimizer); err != nil {
			return fmt.Errorf("train: parameter %d: %w", i, err)
		}
	}
	for _, p := range s.params {
		s.optimizer.Update(p.param, p.kept, next)
		reflect.ValueOf(p.param.Grad).Clear()
	}
	s.steps++
	return nil
}

// take makes p the parameter's memory in the coming step.
func (s *solved) take(p *graph.Param, o Optimizer) error {
	now := reflect.ValueOf(p.Data)
	if s.param == nil {
		for range o.Keeps() {
			s.kept = append(s.kept, reflect.MakeSlice(now.Type(), now.Len(), now.Len()).Interface())
		}
	} else if was := reflect.ValueOf(s.param.Data); was.Type() != now.Type() || was.Len() != now.Len() {
		return fmt.Errorf("%d elements after %d; give the solver the same parameters in the same order each time", now.Len(), was.Len())
	}
	s.param = p
	return nil
}
