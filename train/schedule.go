package train

import (
	"cmp"
	"errors"
	"fmt"
	"math"
)

// A Schedule is the learning rate over a training, as a factor of η. It is a pure function of how far the training is, so that a
// resumed one needs nothing but its state.
type Schedule interface {
	// At is the factor in the mini-batch of this number, counted from 0, of total; an epoch has so many of them.
	At(step, total, epoch int) float64
}

// Constant is η as it is.
type Constant struct{}

// At is 1.
func (Constant) At(_, _, _ int) float64 { return 1 }

// Staircase multiplies η by a factor after every so many epochs.
type Staircase struct {
	Every  int     // epochs; 0: 10
	Factor float64 // 0: 0.1
}

// At is Factor^⌊epochs/Every⌋.
func (s Staircase) At(step, _, epoch int) float64 {
	return math.Pow(cmp.Or(s.Factor, .1), float64(step/epoch/cmp.Or(s.Every, 10)))
}

// Exponential multiplies η by gamma after every epoch, as PyTorch's ExponentialLR and StepLR(1, gamma) do: γ^⌊epochs⌋.
func Exponential(gamma float64) Staircase { return Staircase{Every: 1, Factor: gamma} }

// Warmup lets η rise linearly before another schedule begins. It is for so many epochs, which may be a fraction, or for so many mini-batches.
type Warmup struct {
	Epochs float64
	Steps  int      // in place of Epochs
	Then   Schedule // nil: Constant
}

// At is (k+1)/(n+1) in mini-batch k of a rise of n, because the first step is a step too, and then what Then is for the rest of the training.
func (s Warmup) At(step, total, epoch int) float64 {
	rise := s.Steps
	if rise == 0 {
		rise = int(math.Round(s.Epochs * float64(epoch)))
	}
	if step < rise {
		return float64(step+1) / float64(rise+1)
	}
	return AfterWarmup(s).At(step-rise, total-rise, epoch)
}

// AfterWarmup is the schedule that follows a warm-up, and s itself if it is none.
func AfterWarmup(s Schedule) Schedule {
	if w, ok := s.(Warmup); ok {
		s = w.Then
	}
	return cmp.Or[Schedule](s, Constant{})
}

// Cosine lets η fall to 0 along half a cosine (Loshchilov and Hutter, 2017, equation 5, without restarts), after a linear rise from 0
// where there is a Warmup.
type Cosine struct {
	Warmup float64 // the part of the training in which η rises
}

// At is ½(1 + cos πx), x the part of what follows the rise that is over.
func (s Cosine) At(step, total, _ int) float64 {
	k, rise := float64(step), s.Warmup*float64(total)
	if k < rise {
		return (k + 1) / (rise + 1) // The first step is a step too.
	}
	return fall(k-rise, float64(total)-rise)
}

// OneCycle lets η rise linearly from η/Div to η, the peak, and then fall to 0: the 1cycle policy of Smith and Topin (2018), with the
// fall along half a cosine unless Linear. The momentum does not change.
type OneCycle struct {
	Warmup float64 // the part of the training in which η rises; 0: 0.3
	Div    float64 // the peak by the first η; 0: 25
	Linear bool
}

// At is 1 at the peak.
func (s OneCycle) At(step, total, _ int) float64 {
	k, n := float64(step), float64(total)
	rise, low := cmp.Or(s.Warmup, .3)*n, 1/cmp.Or(s.Div, 25)
	switch {
	case k < rise:
		return low + (1-low)*k/rise
	case s.Linear:
		return (n - k) / (n - rise)
	}
	return fall(k-rise, n-rise)
}

// fall is half a cosine from 1 at k = 0 to 0 at k = n.
func fall(k, n float64) float64 { return (1 + math.Cos(math.Pi*k/n)) / 2 }

// Plateau multiplies η by a factor each time that the trainer's patience ends, and ends the training when η has come down to Least of
// the first: the book's exercise in chapter 3 halves until 1/128.
type Plateau struct {
	Factor float64 // 0: ½
	Least  float64 // 0: 1/128
}

// At is 1: what plateaus make of η depends on the validation accuracies, and is in the trainer's state.
func (Plateau) At(_, _, _ int) float64 { return 1 }

func (s Plateau) factor() float64 { return cmp.Or(s.Factor, .5) }
func (s Plateau) least() float64  { return cmp.Or(s.Least, 1./128) }

// Check says what is wrong with its numbers.
func (s Staircase) Check() error {
	return cmp.Or(below("every", float64(s.Every), math.Inf(1)), below("factor", s.Factor, math.Inf(1)))
}

// Check says what is wrong with its numbers.
func (s Warmup) Check() error {
	if _, again := s.Then.(Warmup); again {
		return errors.New("a warm-up after a warm-up; use one")
	}
	if (s.Epochs == 0) == (s.Steps == 0) {
		return errors.New("give the epochs of the rise, or its steps")
	}
	const most = 1 << 31
	return cmp.Or(below("epochs", s.Epochs, most), below("steps", float64(s.Steps), most), check(s.Then))
}

// Check says what is wrong with its numbers.
func (s Cosine) Check() error { return below("warmup", s.Warmup, 1) }

// Check says what is wrong with its numbers.
func (s OneCycle) Check() error {
	return cmp.Or(below("warmup", s.Warmup, 1), below("div", s.Div, math.Inf(1)))
}

// Check says what is wrong with its numbers.
func (s Plateau) Check() error {
	return cmp.Or(below("factor", s.Factor, 1), below("least", s.Least, 1))
}

// check asks an optimizer or a schedule that has a method Check whether its numbers make sense.
func check(x any) error {
	if c, ok := x.(interface{ Check() error }); ok {
		return c.Check()
	}
	return nil
}

// below wants a number from 0 to a limit that it does not reach.
func below(what string, x, limit float64) error {
	if x >= 0 && x < limit {
		return nil
	}
	return fmt.Errorf("%s %v; use at least 0 and less than %v", what, x, limit)
}
