package train

import (
	"cmp"
	"math"
	"slices"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/kernel"
)

// update runs one mini-batch, and updates parameters and averages unless the cost is not finite.
func (t *Trainer) update(x []float32, labels []byte) (graph.Stats, error) {
	done := t.done()
	s := Step{Number: done + 1, Eta: t.eta(done), L2: t.Lambda / float64(t.Train.Len())}
	run := t.Net.Step
	if t.descends() {
		run = func(x []float32, labels []byte) (graph.Stats, error) { return t.Net.Descend(x, labels, s.Eta, s.L2) }
	}
	got, err := run(x, labels)
	if err != nil || !finite(got.Cost) {
		return got, err
	}
	if t.Clip > 0 && !clip(t.Net.Params, t.Clip) {
		t.Net.Steps--
		return got, &DivergedError{t.state.Epoch, t.state.Batch, "the norm of the gradients"}
	}
	if !t.descends() || t.EMA > 0 {
		t.advance(s)
	}
	return got, nil
}

// advance makes the step, part by part.
func (t *Trainer) advance(s Step) {
	if t.parts == nil {
		t.parts = t.cut()
	}
	t.Net.Parallel(len(t.parts), func(i int) {
		for _, p := range t.parts[i] {
			if p.Grad != nil && !t.descends() {
				t.Optimizer.Update(p.Param, p.kept, s)
			}
			if t.EMA > 0 {
				average(p.other, p.Data, t.EMA, s.Number)
			}
		}
	})
}

// descends says that the update is one which the network makes in one program with the gradients.
func (t *Trainer) descends() bool { return t.Optimizer == (SGD{}) && t.Clip == 0 }

// done is the number of mini-batches before the present one, of all epochs.
func (t *Trainer) done() int { return t.state.Epoch*t.batches() + t.state.Batch }

// eta is the learning rate in a mini-batch, counted from 0.
func (t *Trainer) eta(step int) float64 {
	return t.state.Eta * cmp.Or[Schedule](t.Schedule, Constant{}).At(step, t.Epochs*t.batches(), t.batches())
}

// clip scales the gradients down to the norm most if theirs, of all parameters together, is larger; false if that is not finite.
func clip(params []*graph.Param, most float64) bool {
	square := 0.0
	for _, p := range params {
		switch g := p.Grad.(type) {
		case []float32:
			square += squares(g)
		case []float64:
			square += squares(g)
		}
	}
	norm := math.Sqrt(square)
	if norm <= most || !finite(norm) {
		return finite(norm)
	}
	for _, p := range params {
		switch g := p.Grad.(type) {
		case []float32:
			kernel.For[float32]().SGD(g, g, float32(most/norm), 0)
		case []float64:
			kernel.For[float64]().SGD(g, g, most/norm, 0)
		}
	}
	return true
}

// squares is Σx², summed in float64 from stretches that are short enough for float32.
func squares[T kernel.Float](x []T) float64 {
	total := 0.0
	for s := range slices.Chunk(x, 4096) {
		total += float64(kernel.For[T]().SumSquares(s, 0))
	}
	return total
}
