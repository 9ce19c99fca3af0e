package train

import (
	"cmp"
	"fmt"
	"reflect"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

// New is a trainer of n by a recipe, without data or seed.
func New(n *graph.Net, r models.Recipe) (*Trainer, error) {
	o, err := optimizerOf(r)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	s, err := ParseSchedule(r.Schedule)
	if err != nil {
		return nil, fmt.Errorf("train: schedule %q: %w", r.Schedule, err)
	}
	return &Trainer{
		Net: n, Optimizer: o, Schedule: s, Epochs: r.Epochs, Batch: r.Batch, Eta: r.Eta, Lambda: r.Lambda, DropTail: r.DropTail,
		Patience: r.Patience, Clip: r.Clip, EMA: r.EMA,
	}, nil
}

// optimizerOf is the recipe's optimiser with the recipe's momentum.
func optimizerOf(r models.Recipe) (Optimizer, error) {
	o, err := ParseOptimizer(r.Optimizer)
	if err != nil {
		return nil, fmt.Errorf("optimizer %q: %w", r.Optimizer, err)
	}
	if r.Momentum == 0 {
		return o, nil
	}
	switch v := o.(type) {
	case SGD:
		o = SGD{cmp.Or(v.Momentum, r.Momentum)}
	case Nesterov:
		o = Nesterov{cmp.Or(v.Momentum, r.Momentum)}
	}
	if f := reflect.ValueOf(o).FieldByName("Momentum"); !f.IsValid() || f.Float() != r.Momentum {
		return nil, fmt.Errorf("momentum %v and optimizer %s; use a momentum of 0, or sgd or nesterov without one of their own", r.Momentum, r.Optimizer)
	}
	return o, nil
}
