package train

import (
	"fmt"
	"reflect"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/team"
)

// Solver is a gorgonia.Solver that uses one of our optimizers. It replaces a solver of Gorgonia's:
//
//	solver := train.NewSolver(train.RMSProp{}, eta)
//	…
//	err := solver.Step(gorgonia.NodesToValueGrads(parameters))
//
// It has no weight decay; add regularization to the program's cost. Give it the same parameters in the same order in every step.
type Solver struct {
	optimizer Optimizer
	eta       float64
	steps     int
	params    []solved
	parts     []piece // the parameters; large ones are split into pieces that are updated at once
}

// solved is a parameter and the tensors kept for it.
type solved struct {
	param *graph.Param
	kept  []any
}

// NewSolver returns a solver with learning rate eta.
func NewSolver(o Optimizer, eta float64) *Solver { return &Solver{optimizer: o, eta: eta} }

// Step updates the value of each parameter by its gradient, and then sets the gradient to 0.
func (s *Solver) Step(model []graph.ValueGrad) error {
	if s.params == nil {
		s.params = make([]solved, len(model))
	}
	if len(model) != len(s.params) {
		return fmt.Errorf("train: %d parameters after a step with %d; give the solver the same ones each time", len(model), len(s.params))
	}
	for i, v := range model {
		p, err := graph.ParamOf(v)
		if err == nil {
			err = s.take(i, p)
		}
		if err != nil {
			return fmt.Errorf("train: parameter %d: %w", i, err)
		}
	}
	if s.parts == nil {
		s.cut()
	}
	s.steps++
	step := Rates{Number: s.steps, Eta: s.eta}
	team.Do(&team.Job{Parts: len(s.parts), Run: func(i int) {
		p := s.parts[i]
		s.optimizer.Update(p.Param, p.kept, step)
		reflect.ValueOf(p.Grad).Clear()
	}}, team.Size(0))
	return nil
}

// take makes p's memory that of parameter i in the coming step.
func (s *Solver) take(i int, p *graph.Param) error {
	was, now := s.params[i].param, reflect.ValueOf(p.Data)
	if was == nil {
		for range s.optimizer.Keeps() {
			s.params[i].kept = append(s.params[i].kept, reflect.MakeSlice(now.Type(), now.Len(), now.Len()).Interface())
		}
	} else if old := reflect.ValueOf(was.Data); old.Type() != now.Type() || old.Len() != now.Len() {
		return fmt.Errorf("%d elements after a step with %d; give the solver the same parameters in the same order each time", now.Len(), old.Len())
	} else if old.Pointer() == now.Pointer() && reflect.ValueOf(was.Grad).Pointer() == reflect.ValueOf(p.Grad).Pointer() {
		return nil
	}
	s.params[i].param, s.parts = p, nil
	return nil
}

// cut splits the parameters into parts.
func (s *Solver) cut() {
	for _, p := range s.params {
		m := memoryLike(p.param.Data)
		for from, n := 0, reflect.ValueOf(p.param.Data).Len(); from < n; from += part {
			to := min(n, from+part)
			c := piece{Param: &graph.Param{Data: m.stretch(p.param.Data, from, to), Grad: m.stretch(p.param.Grad, from, to)}}
			for _, k := range p.kept {
				c.kept = append(c.kept, m.stretch(k, from, to))
			}
			s.parts = append(s.parts, c)
		}
	}
}
