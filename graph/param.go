package graph

import (
	"fmt"

	"github.com/stheno-ml/stheno/internal/kernel"
)

// A Param is a parameter of a network. Its weights live here, outside of any graph. Every graph of the network (training, evaluation, each
// mini-batch size) reads the same memory.
type Param struct {
	Name  string
	Shape Shape
	Data  any  // []float32 or []float64, row-major
	Grad  any  // the gradient of the last Step's cost, of the same type as Data
	Decay bool // L2 regularization shrinks it; true for weights, false for biases

	running bool // it is a running statistic
}

// Len returns the number of elements.
func (p *Param) Len() int { return p.Shape.TotalSize() }

// Float64s returns a copy of Data in float64.
func (p *Param) Float64s() []float64 { return p.float64s(p.Data) }

// GradFloat64s returns a copy of Grad in float64.
func (p *Param) GradFloat64s() []float64 { return p.float64s(p.Grad) }

func (p *Param) float64s(x any) []float64 {
	y := make([]float64, p.Len())
	convert(y, x)
	return y
}

// Set copies x, a []float32 or []float64 of Len elements, into Data.
func (p *Param) Set(x any) error {
	n := -1
	switch x := x.(type) {
	case []float32:
		n = len(x)
	case []float64:
		n = len(x)
	}
	if n != p.Len() {
		return fmt.Errorf("graph: parameter %s %v: %T of %d elements does not fit", p.Name, p.Shape, x, n)
	}
	convert(p.Data, x)
	return nil
}

// descend computes w = (1−ηλ/n) w − η ∇w, with l2 = λ/n if the parameter decays.
func (p *Param) descend(eta, l2 float64) {
	if !p.Decay {
		l2 = 0
	}
	switch w := p.Data.(type) {
	case []float32:
		kernel.For[float32]().SGD(w, p.Grad.([]float32), float32(1-eta*l2), float32(eta))
	case []float64:
		kernel.For[float64]().SGD(w, p.Grad.([]float64), 1-eta*l2, eta)
	}
}
