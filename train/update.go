package train

import (
	"cmp"
	"context"
	"math"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/team"
)

// update runs one mini-batch. It updates parameters and averages unless the cost is not finite.
func (t *Trainer) update(ctx context.Context, src graph.Source) (graph.Stats, error) {
	done := t.done()
	s := Rates{Number: done + 1, Eta: t.eta(done), L2: t.Lambda / float64(t.Train.Len())}
	var got graph.Stats
	var err error
	switch {
	case t.descends():
		got, err = t.Net.DescendFrom(src, s.Eta, s.L2)
	case t.alone():
		got, err = t.Net.StepFrom(src)
	default:
		got, err = t.together(ctx, src)
	}
	if err != nil || !finite(got.Cost) {
		return got, err
	}
	if t.Clip > 0 && !t.clip() {
		t.Net.Steps--
		return got, &DivergedError{Epoch: t.state.Epoch, Batch: t.state.Batch, Op: "the norm of the gradients"}
	}
	if !t.descends() || t.EMA > 0 {
		t.advance(s)
	}
	return got, nil
}

// advance makes the step, part by part.
func (t *Trainer) advance(s Rates) {
	if t.parts == nil {
		t.parts = t.cut()
	}
	team.Do(&team.Job{Parts: len(t.parts), Run: func(i int) {
		for _, p := range t.parts[i] {
			if p.Grad != nil && !t.descends() {
				own := s
				own.Eta *= p.share
				t.Optimizer.Update(p.Param, p.kept, own)
			}
			if t.EMA > 0 {
				memoryOf(t.Net).approach(p.other, p.Data, share(t.EMA, s.Number))
			}
		}
	}}, t.Net.Threads())
}

// descends reports whether the network itself can update its parameters, in the program that computes the gradients.
func (t *Trainer) descends() bool {
	return t.Optimizer == (SGD{}) && len(t.Etas) == 0 && t.Clip == 0 && t.alone()
}

// done returns the number of mini-batches before the current one, over all epochs.
func (t *Trainer) done() int { return t.state.Epoch*t.batches() + t.state.Batch }

// eta returns the learning rate in a mini-batch, counted from 0.
func (t *Trainer) eta(step int) float64 {
	return t.state.Eta * cmp.Or[Schedule](t.Schedule, Constant{}).At(step, t.Epochs*t.batches(), t.batches())
}

// clip scales the gradients down to the norm Clip if their joint norm is larger. It returns false if that norm is not finite.
func (t *Trainer) clip() bool {
	square := 0.0
	for _, p := range t.Net.Params {
		square += memoryOf(t.Net).squares(t.gradient(p))
	}
	norm := math.Sqrt(square)
	if norm <= t.Clip || !finite(norm) {
		return finite(norm)
	}
	for _, p := range t.Net.Params {
		memoryOf(t.Net).scale(t.gradient(p), t.Clip/norm)
	}
	return true
}
