package train

import (
	"cmp"
	"errors"
	"fmt"
	"math"
)

// A Schedule gives the learning rate over a training, as a factor of η. It is a pure function of the progress, so that a resumed training
// needs nothing but its State.
type Schedule interface {
	// At returns the factor for mini-batch step, counted from 0, of total; epoch is the number of mini-batches in an epoch.
	At(step, total, epoch int) float64
}

// Constant leaves η as it is.
type Constant struct{}

// At returns 1.
func (Constant) At(_, _, _ int) float64 { return 1 }

// Staircase multiplies η by Factor after every Every epochs.
type Staircase struct {
	Every  int     // epochs; 0 means 10
	Factor float64 // 0 means 0.1
}

// At returns Factor^⌊epochs/Every⌋.
func (s Staircase) At(step, _, epoch int) float64 {
	return math.Pow(cmp.Or(s.Factor, .1), float64(step/epoch/cmp.Or(s.Every, 10)))
}

// Exponential returns the schedule that multiplies η by gamma after every epoch, γ^⌊epochs⌋, as PyTorch's ExponentialLR and StepLR(1, gamma) do.
func Exponential(gamma float64) Staircase { return Staircase{Every: 1, Factor: gamma} }

// Warmup raises η linearly before another schedule begins. It lasts Epochs, which may be a fraction, or Steps mini-batches.
type Warmup struct {
	Epochs float64
	Steps  int      // instead of Epochs
	Then   Schedule // nil means Constant
}

// At returns (k+1)/(n+1) in mini-batch k of a warm-up of n, so that the first step is not 0. Then it returns what Then gives for the rest.
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

// AfterWarmup returns the schedule that follows a warm-up, or s itself if it is not a warm-up.
func AfterWarmup(s Schedule) Schedule {
	if w, ok := s.(Warmup); ok {
		s = w.Then
	}
	return cmp.Or[Schedule](s, Constant{})
}

// Cosine lowers η to 0 along half a cosine (Loshchilov and Hutter, 2017, equation 5, without restarts). If Warmup is set, η first rises linearly
// from 0.
type Cosine struct {
	Warmup float64 // the fraction of the training in which η rises
}

// At returns ½(1 + cos πx), where x is the fraction that is over of what follows the warm-up.
func (s Cosine) At(step, total, _ int) float64 {
	k, rise := float64(step), s.Warmup*float64(total)
	if k < rise {
		return (k + 1) / (rise + 1) // the first step is not 0
	}
	return fall(k-rise, float64(total)-rise)
}

// OneCycle raises η linearly from η/Div to η, the peak, and then lowers it to 0: the 1cycle policy of Smith and Topin (2018). It falls along
// half a cosine unless Linear is set. The momentum does not change.
type OneCycle struct {
	Warmup float64 // the fraction of the training in which η rises; 0 means 0.3
	Div    float64 // the ratio of the peak to the first η; 0 means 25
	Linear bool
}

// At returns the factor, which is 1 at the peak.
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

// fall falls from 1 at k = 0 to 0 at k = n along half a cosine.
func fall(k, n float64) float64 { return (1 + math.Cos(math.Pi*k/n)) / 2 }

// Plateau multiplies η by Factor each time the trainer's patience runs out, and ends the training when η is down to Least times its first
// value. The book's exercise in chapter 3 halves η until 1/128.
type Plateau struct {
	Factor float64 // 0 means ½
	Least  float64 // 0 means 1/128
}

// At returns 1. The factor depends on the validation accuracies and is part of the trainer's State.
func (Plateau) At(_, _, _ int) float64 { return 1 }

func (s Plateau) factor() float64 { return cmp.Or(s.Factor, .5) }
func (s Plateau) least() float64  { return cmp.Or(s.Least, 1./128) }

// Check returns an error if a number is out of range.
func (s Staircase) Check() error {
	return cmp.Or(below("every", float64(s.Every), math.Inf(1)), below("factor", s.Factor, math.Inf(1)))
}

// Check returns an error if a number is out of range.
func (s Warmup) Check() error {
	if _, again := s.Then.(Warmup); again {
		return errors.New("a warm-up follows a warm-up; use one")
	}
	if (s.Epochs == 0) == (s.Steps == 0) {
		return errors.New("give either the epochs of the warm-up or its steps")
	}
	const most = 1 << 31
	return cmp.Or(below("epochs", s.Epochs, most), below("steps", float64(s.Steps), most), check(s.Then))
}

// Check returns an error if a number is out of range.
func (s Cosine) Check() error { return below("warmup", s.Warmup, 1) }

// Check returns an error if a number is out of range.
func (s OneCycle) Check() error {
	return cmp.Or(below("warmup", s.Warmup, 1), below("div", s.Div, math.Inf(1)))
}

// Check returns an error if a number is out of range.
func (s Plateau) Check() error {
	return cmp.Or(below("factor", s.Factor, 1), below("least", s.Least, 1))
}

// check runs the Check method of an optimizer or a schedule, if it has one.
func check(x any) error {
	if c, ok := x.(interface{ Check() error }); ok {
		return c.Check()
	}
	return nil
}

// below returns an error unless 0 ≤ x < limit.
func below(what string, x, limit float64) error {
	if x >= 0 && x < limit {
		return nil
	}
	return fmt.Errorf("%s %v; use at least 0 and less than %v", what, x, limit)
}
