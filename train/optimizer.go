package train

import (
	"cmp"
	"math"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/kernel"
)

// An Optimizer is the rule by which a training step changes a parameter, given its gradient ∇w. It is a value without a state. The [Trainer]
// keeps what the rule needs from one step to the next.
type Optimizer interface {
	// Keeps names the tensors that the trainer keeps for each parameter. They have its size and element type, and start as zeros.
	Keeps() []string
	// Update makes one step for one parameter; kept are its tensors, in the order of Keeps. The trainer splits large parameters and
	// updates several pieces at once, each as a parameter of its own.
	Update(p *graph.Param, kept []any, s Rates)
}

// Rates are what an update depends on apart from the parameter and its gradient.
type Rates struct {
	Number int     // the number of the step, from 1
	Eta    float64 // the learning rate η of this step
	L2     float64 // λ/n: the L2 parameter λ by the number of training examples n, as in network2. It applies to parameters with Decay: weights, not biases
}

// decay returns λ/n if the parameter decays, and otherwise 0.
func (s Rates) decay(p *graph.Param) float64 {
	if !p.Decay {
		return 0
	}
	return s.L2
}

// SGD is gradient descent, with momentum if Momentum is not 0, as in the book (ch. 3):
//
//	w ← (1−ηλ/n) w − η ∇w                           μ = 0
//	v ← μ v − η (∇w + (λ/n) w),  w ← w + v          otherwise
//
// λ is coupled: its gradient (λ/n) w is treated like ∇w.
type SGD struct {
	Momentum float64 // μ; 0 means no momentum
}

// Keeps returns a velocity if there is momentum.
func (o SGD) Keeps() []string {
	if o.Momentum == 0 {
		return nil
	}
	return []string{"velocity"}
}

// Update makes one step.
func (o SGD) Update(p *graph.Param, kept []any, s Rates) {
	Apply(p, kept, sgd[float32](o, s, s.decay(p)), sgd[float64](o, s, s.decay(p)))
}

func sgd[T kernel.Float](o SGD, s Rates, l2 float64) Rule[T] {
	return func(w, g []T, kept [][]T) {
		if o.Momentum == 0 {
			kernel.For[T]().SGD(w, g, T(1-s.Eta*l2), T(s.Eta))
			return
		}
		kernel.For[T]().Momentum(w, kept[0], g, T(o.Momentum), T(s.Eta), T(l2))
	}
}

// Nesterov is Nesterov's accelerated gradient as in Sutskever et al. (2013). Like Bengio et al. (2013) and most programs, it keeps the point at
// which the gradient is taken as w:
//
//	g = ∇w + (λ/n) w,  v ← μ v + g,  w ← w − η (g + μ v)
//
// λ is coupled. Unlike SGD's velocity, v does not contain η.
type Nesterov struct {
	Momentum float64 // μ; 0 means 0.9
}

// Keeps returns a velocity.
func (Nesterov) Keeps() []string { return []string{"velocity"} }

// Update makes one step.
func (o Nesterov) Update(p *graph.Param, kept []any, s Rates) {
	o.Momentum = cmp.Or(o.Momentum, .9)
	Apply(p, kept, nesterov[float32](o, s, s.decay(p)), nesterov[float64](o, s, s.decay(p)))
}

func nesterov[T kernel.Float](o Nesterov, s Rates, l2 float64) Rule[T] {
	return func(w, g []T, kept [][]T) {
		kernel.For[T]().Nesterov(w, kept[0], g, T(o.Momentum), T(s.Eta), T(l2))
	}
}

// RMSProp divides the gradient by the root of a running mean of its square (Hinton, lecture 6e of Neural Networks for Machine Learning, 2012):
//
//	g = ∇w + (λ/n) w,  v ← α v + (1−α) g²,  w ← w − η g/(√v + ε)
//
// λ is coupled: its gradient is divided, too.
type RMSProp struct {
	Alpha float64 // α; 0 means 0.9
	Eps   float64 // ε; 0 means 1e-8
}

// Keeps returns the running mean of squares.
func (RMSProp) Keeps() []string { return []string{"square"} }

// Update makes one step.
func (o RMSProp) Update(p *graph.Param, kept []any, s Rates) {
	o = RMSProp{cmp.Or(o.Alpha, .9), cmp.Or(o.Eps, 1e-8)}
	Apply(p, kept, rmsProp[float32](o, s, s.decay(p)), rmsProp[float64](o, s, s.decay(p)))
}

func rmsProp[T kernel.Float](o RMSProp, s Rates, l2 float64) Rule[T] {
	return func(w, g []T, kept [][]T) {
		kernel.For[T]().RMSProp(w, kept[0], g, T(1-o.Alpha), T(s.Eta), T(o.Eps), T(l2))
	}
}

// AdaGrad divides the gradient by the root of the sum of its squares so far, so that η falls for each element separately (Duchi, Hazan and Singer, 2011):
//
//	g = ∇w + (λ/n) w,  s ← s + g²,  w ← w − η g/(√s + ε)
//
// λ is coupled. η = 0.01 is usual.
type AdaGrad struct {
	Eps float64 // ε; 0 means 1e-10
}

// Keeps returns the sum of squares.
func (AdaGrad) Keeps() []string { return []string{"square"} }

// Update makes one step.
func (o AdaGrad) Update(p *graph.Param, kept []any, s Rates) {
	o.Eps = cmp.Or(o.Eps, 1e-10)
	Apply(p, kept, adaGrad[float32](o, s, s.decay(p)), adaGrad[float64](o, s, s.decay(p)))
}

func adaGrad[T kernel.Float](o AdaGrad, s Rates, l2 float64) Rule[T] {
	return func(w, g []T, kept [][]T) {
		kernel.For[T]().AdaGrad(w, kept[0], g, T(s.Eta), T(o.Eps), T(l2))
	}
}

// AdaDelta scales each step by the size of recent steps and gradients, as running means (Zeiler 2012, algorithm 1):
//
//	g = ∇w + (λ/n) w,  v ← ρ v + (1−ρ) g²,  x = g √(d+ε)/√(v+ε),  d ← ρ d + (1−ρ) x²,  w ← w − η x
//
// λ is coupled. Zeiler's rule has no learning rate; η = 1 gives it.
type AdaDelta struct {
	Rho float64 // ρ; 0 means 0.9
	Eps float64 // ε; 0 means 1e-6
}

// Keeps returns the running means of the squares of gradient and step.
func (AdaDelta) Keeps() []string { return []string{"square", "delta"} }

// Update makes one step.
func (o AdaDelta) Update(p *graph.Param, kept []any, s Rates) {
	o = AdaDelta{cmp.Or(o.Rho, .9), cmp.Or(o.Eps, 1e-6)}
	Apply(p, kept, adaDelta[float32](o, s, s.decay(p)), adaDelta[float64](o, s, s.decay(p)))
}

func adaDelta[T kernel.Float](o AdaDelta, s Rates, l2 float64) Rule[T] {
	return func(w, g []T, kept [][]T) {
		kernel.For[T]().AdaDelta(w, kept[0], kept[1], g, T(1-o.Rho), T(s.Eta), T(o.Eps), T(l2))
	}
}

// Adam is the rule of Kingma and Ba (2015, algorithm 1), with bias correction; t is the number of the step:
//
//	g = ∇w + (λ/n) w,  m ← β₁ m + (1−β₁) g,  v ← β₂ v + (1−β₂) g²
//	w ← w − η m̂/(√v̂ + ε),  m̂ = m/(1−β₁ᵗ),  v̂ = v/(1−β₂ᵗ)
//
// λ is coupled: as a part of g it is divided, too, so that it shrinks weights with large gradients less. In AdamW it is not.
type Adam struct {
	Beta1 float64 // β₁; 0 means 0.9
	Beta2 float64 // β₂; 0 means 0.999
	Eps   float64 // ε; 0 means 1e-8
}

// Keeps returns the running means of the gradient and its square.
func (Adam) Keeps() []string { return []string{"mean", "square"} }

// Update makes one step.
func (o Adam) Update(p *graph.Param, kept []any, s Rates) {
	Apply(p, kept, adam[float32](o, s, s.decay(p), 1), adam[float64](o, s, s.decay(p), 1))
}

// AdamW is Adam with decoupled decay (Loshchilov and Hutter, 2019, algorithm 2): Adam's step without λ in g, and weights that shrink as in network2:
//
//	w ← (1−ηλ/n) w − η m̂/(√v̂ + ε)
//
// A weight decay of x in other programs is λ = x n, for n training examples.
type AdamW Adam

// Keeps returns the running means of the gradient and its square.
func (AdamW) Keeps() []string { return Adam{}.Keeps() }

// Update makes one step.
func (o AdamW) Update(p *graph.Param, kept []any, s Rates) {
	shrink := 1 - s.Eta*s.decay(p)
	Apply(p, kept, adam[float32](Adam(o), s, 0, shrink), adam[float64](Adam(o), s, 0, shrink))
}

func adam[T kernel.Float](o Adam, s Rates, decay, shrink float64) Rule[T] {
	b1, b2, t := cmp.Or(o.Beta1, .9), cmp.Or(o.Beta2, .999), float64(s.Number)
	rate, root := s.Eta/(1-math.Pow(b1, t)), 1/math.Sqrt(1-math.Pow(b2, t))
	return func(w, g []T, kept [][]T) {
		kernel.For[T]().Adam(w, kept[0], kept[1], g, T(1-b1), T(1-b2), T(rate), T(root), T(cmp.Or(o.Eps, 1e-8)), T(decay), T(shrink))
	}
}

// A Rule updates the elements w of a parameter, given their gradient g and the tensors kept for them.
type Rule[T kernel.Float] func(w, g []T, kept [][]T)

// Apply runs the rule for the parameter's element type. An [Optimizer]'s Update calls it with one generic function for both types.
func Apply(p *graph.Param, kept []any, f32 Rule[float32], f64 Rule[float64]) {
	switch w := p.Data.(type) {
	case []float32:
		f32(w, p.Grad.([]float32), slicesOf[float32](kept))
	case []float64:
		f64(w, p.Grad.([]float64), slicesOf[float64](kept))
	}
}

func slicesOf[T kernel.Float](kept []any) [][]T {
	x := make([][]T, len(kept))
	for i, k := range kept {
		x[i] = k.([]T)
	}
	return x
}

// Check returns an error if a number is out of range.
func (o SGD) Check() error { return below("momentum", o.Momentum, 1) }

// Check returns an error if a number is out of range.
func (o Nesterov) Check() error { return below("momentum", o.Momentum, 1) }

// Check returns an error if a number is out of range.
func (o RMSProp) Check() error {
	return cmp.Or(below("alpha", o.Alpha, 1), below("eps", o.Eps, math.Inf(1)))
}

// Check returns an error if a number is out of range.
func (o AdaGrad) Check() error { return below("eps", o.Eps, math.Inf(1)) }

// Check returns an error if a number is out of range.
func (o AdaDelta) Check() error {
	return cmp.Or(below("rho", o.Rho, 1), below("eps", o.Eps, math.Inf(1)))
}

// Check returns an error if a number is out of range.
func (o Adam) Check() error {
	return cmp.Or(below("beta1", o.Beta1, 1), below("beta2", o.Beta2, 1), below("eps", o.Eps, math.Inf(1)))
}

// Check returns an error if a number is out of range.
func (o AdamW) Check() error { return Adam(o).Check() }
