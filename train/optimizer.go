package train

import (
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/kernel"
)

// An Optimizer updates parameters from their gradients.
type Optimizer interface {
	// Step updates every parameter once; eta is the learning rate, l2 is λ/n, which applies where Param.Decay is set.
	Step(params []*graph.Param, eta, l2 float64)
	// State is the tensors that a resumed training needs beside the parameters, by name, as the optimiser's own memory: a
	// caller restores them by writing into them. They are of the parameters' element type.
	State(params []*graph.Param) map[string]any
}

// SGD is gradient descent, with momentum if Momentum is not 0:
//
//	w ← (1−ηλ/n) w − η ∇w                           μ = 0
//	v ← μ v − η (∇w + (λ/n) w),  w ← w + v          otherwise
//
// Weights alone are regularised, biases never (book, ch. 3).
type SGD struct {
	Momentum float64 // μ
	velocity map[*graph.Param]any
}

// Step does one update.
func (o *SGD) Step(params []*graph.Param, eta, l2 float64) {
	if o.Momentum != 0 && o.velocity == nil {
		o.State(params)
	}
	for _, p := range params {
		decay := 0.0
		if p.Decay {
			decay = l2
		}
		switch w := p.Data.(type) {
		case []float32:
			update(o, w, p.Grad.([]float32), o.velocity[p], eta, decay)
		case []float64:
			update(o, w, p.Grad.([]float64), o.velocity[p], eta, decay)
		}
	}
}

func update[T kernel.Float](o *SGD, w, g []T, velocity any, eta, l2 float64) {
	if o.Momentum == 0 {
		kernel.For[T]().SGD(w, g, T(1-eta*l2), T(eta))
		return
	}
	kernel.For[T]().Momentum(w, velocity.([]T), g, T(o.Momentum), T(eta), T(l2))
}

// State is a velocity for each parameter, if there is momentum.
func (o *SGD) State(params []*graph.Param) map[string]any {
	if o.Momentum == 0 {
		return nil
	}
	if o.velocity == nil {
		o.velocity = map[*graph.Param]any{}
	}
	state := map[string]any{}
	for _, p := range params {
		if o.velocity[p] == nil {
			o.velocity[p] = zeros(p)
		}
		state[p.Name+".velocity"] = o.velocity[p]
	}
	return state
}

// zeros is memory as large as the parameter's.
func zeros(p *graph.Param) any {
	if _, ok := p.Data.([]float64); ok {
		return make([]float64, p.Len())
	}
	return make([]float32, p.Len())
}
