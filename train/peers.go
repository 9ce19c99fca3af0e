package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/team"
)

// Peers are processes, or goroutines, that train one network together: each has the network, the data and a [Trainer] of its own with the
// same settings, and trains every Size-th example of each mini-batch, from Rank on. The sums of their gradients are those of the whole
// mini-batch, so that each makes the same step. Nothing else is sent: the order, the warped images and the dropout masks are counted, and
// an example has the same ones wherever it is trained. The cost must be a mean over the examples. A batch norm normalizes each part by
// the part's own moments, and its running statistics are the means of the parts', unless graph.Config.SyncNorm makes it one of the whole.
//
// If one of them stops with an error of its own, the others wait in Sum: the caller must end them.
type Peers = graph.Peers

// ErrStopped means that the context of another of the [Peers] was canceled.
var ErrStopped = errors.New("another process was interrupted")

// shared is what a trainer has to do with its peers.
type shared struct {
	flat    any // all that is summed in a step: gradients, running statistics, and the rest
	rest    any
	sums    map[*graph.Param]any // the stretches of flat
	parts   []summand
	running []*graph.Param
	was     []any // the running statistics before the step
	stop    bool  // one of the peers is to stop
}

// A summand is a stretch of a gradient or of running statistics, and where this one's share of it goes.
type summand struct{ own, flat any }

func (t *Trainer) alone() bool { return t.Peers == nil || t.Peers.Size() == 1 }

// part is how many of m examples this one trains.
func (t *Trainer) part(m int) int {
	if t.alone() {
		return m
	}
	return (m - t.Peers.Rank() + t.Peers.Size() - 1) / t.Peers.Size()
}

// leastPart is how many examples the smallest part has.
func (t *Trainer) leastPart() int {
	if t.alone() {
		return t.smallest()
	}
	return t.smallest() / t.Peers.Size()
}

// own takes this one's examples out of an order: every Size-th of each mini-batch, which has about as many of each label as the others'.
func (t *Trainer) own(order []int32) []int32 {
	if t.alone() {
		return order
	}
	mine := order[:0]
	for from := 0; from < len(order); from += t.Batch {
		for i := from + t.Peers.Rank(); i < min(from+t.Batch, len(order)); i += t.Peers.Size() {
			mine = append(mine, order[i])
		}
	}
	return mine
}

// place is where the examples of a source stand in their mini-batch.
type place struct{ first, step, whole int }

func (p place) Within() (first, step, whole int) { return p.first, p.step, p.whole }

func (t *Trainer) place(number int) place {
	if t.alone() {
		return place{0, 1, t.examples(number)}
	}
	return place{t.Peers.Rank(), t.Peers.Size(), t.examples(number)}
}

// rest is how many numbers follow the tensors: the cost, the number of right answers and of all, and how many are to stop.
const rest = 4

// lay makes the memory of what is summed.
func (t *Trainer) lay() {
	s, mem := &t.shared, memoryOf(t.Net)
	s.running, s.sums = t.Net.Running(), map[*graph.Param]any{}
	tensors := slices.Concat(t.Net.Params, s.running)
	n := 0
	for _, p := range tensors {
		n += p.Len()
	}
	s.flat = mem.zeros(n + rest)
	s.rest = mem.stretch(s.flat, n, n+rest)
	at := 0
	for _, p := range tensors {
		own := p.Grad
		if own == nil {
			own = p.Data
			s.was = append(s.was, mem.zeros(p.Len()))
		}
		s.sums[p] = mem.stretch(s.flat, at, at+p.Len())
		for from := 0; from < p.Len(); from += part {
			to := min(from+part, p.Len())
			s.parts = append(s.parts, summand{mem.stretch(own, from, to), mem.stretch(s.sums[p], from, to)})
		}
		at += p.Len()
	}
}

// gradient is a parameter's gradient of the whole mini-batch.
func (t *Trainer) gradient(p *graph.Param) any {
	if t.alone() {
		return p.Grad
	}
	return t.shared.sums[p]
}

// together runs this one's part of a mini-batch, and leaves what the whole gives: the gradients, the running statistics and the stats.
func (t *Trainer) together(ctx context.Context, src graph.Source) (got graph.Stats, err error) {
	s, mem := &t.shared, memoryOf(t.Net)
	if s.flat == nil {
		t.lay()
	}
	for i, p := range s.running {
		mem.copy(s.was[i], p.Data)
	}
	if src.Len() == 0 {
		t.Net.Steps++
	} else if got, err = t.Net.StepFrom(src); err != nil {
		return got, err
	}
	share := float64(src.Len()) / float64(t.examples(t.state.Batch))
	team.Do(&team.Job{Parts: len(s.parts), Run: func(i int) { mem.share(s.parts[i].flat, s.parts[i].own, share) }}, t.Net.Threads())
	mem.put(s.rest, got.Cost*share, float64(got.Correct), float64(got.Answers), stops(ctx))
	if err := t.Peers.Sum(s.flat); err != nil {
		return got, fmt.Errorf("train: %w", err)
	}
	sums := mem.float64s(s.rest)
	got, s.stop = graph.Stats{Cost: sums[0], Correct: int(sums[1]), Answers: int(sums[2])}, sums[3] > 0
	for i, p := range s.running {
		moved := s.sums[p]
		if !finite(got.Cost) { // The step is not made.
			moved = s.was[i]
		}
		mem.copy(p.Data, moved)
	}
	return got, nil
}

// stops is 1 if the context is canceled.
func stops(ctx context.Context) float64 {
	if ctx.Err() != nil {
		return 1
	}
	return 0
}

// stopped is an error if the training is to stop before the next mini-batch. Peers all stop before the same one.
func (t *Trainer) stopped(ctx context.Context) error {
	switch {
	case t.alone():
		return ctx.Err()
	case t.shared.stop:
		return cmp.Or(ctx.Err(), ErrStopped)
	}
	return nil
}

// evaluate runs the network over the validation examples, of which each of the peers takes a part.
func (t *Trainer) evaluate(ctx context.Context) (graph.Stats, error) {
	if t.alone() {
		return Evaluate(ctx, t.Net, t.Validation)
	}
	if err := t.stopped(ctx); err != nil {
		return graph.Stats{}, err
	}
	n, rank, size := t.Validation.Len(), t.Peers.Rank(), t.Peers.Size()
	part := span{t.Validation, n * rank / size, n * (rank + 1) / size}
	got, err := Evaluate(ctx, t.Net, part)
	if err != nil && ctx.Err() == nil {
		return got, err
	}
	sums := []float64{got.Cost * float64(part.Len()) / float64(n), float64(got.Correct), float64(got.Answers), stops(ctx)}
	if err := t.Peers.Sum(sums); err != nil {
		return got, fmt.Errorf("train: %w", err)
	}
	t.shared.stop = sums[3] > 0
	return graph.Stats{Cost: sums[0], Correct: int(sums[1]), Answers: int(sums[2])}, t.stopped(ctx)
}

// span are the examples [from, to) of data.
type span struct {
	data     Data
	from, to int
}

func (s span) Len() int { return s.to - s.from }

func (s span) Batch(x, y []float32, order []int32) {
	moved := slices.Clone(order)
	for i := range moved {
		moved[i] += int32(s.from)
	}
	s.data.Batch(x, y, moved)
}

// agree is an error if the peers are not where this one is, with the same weights: before the first mini-batch, and after each epoch.
func (t *Trainer) agree() error {
	if t.alone() {
		return nil
	}
	s := t.state
	settings := fmt.Sprint(t.Net.Kernel(), t.Train.Len(), size(t.Validation), t.Epochs, t.Batch, t.Eta, t.Etas, t.Lambda, t.Seed, t.DropTail, t.Patience,
		t.Clip, t.EMA, s.Epoch, s.Batch, t.Net.Steps, s.Eta)
	if err := Agree(t.Peers, "settings or kernel", settings); err != nil {
		return err
	}
	sum := uint64(0)
	for _, x := range t.Tensors() {
		sum = sum*31 + memoryOf(t.Net).bits(x.Data)
	}
	return Agree(t.Peers, "weights", fmt.Sprint(sum))
}

// A DifferError says what one of the peers has that process 0 has not. All of them get it.
type DifferError struct {
	Rank int
	What string
}

func (e *DifferError) Error() string {
	return fmt.Sprintf("train: process %d has other %s than process 0; give all of them the same command, data, program and --kernel", e.Rank, e.What)
}

// Agree is a [*DifferError] if not all of the peers give the same text about what they have.
func Agree(p Peers, what, text string) error {
	h := fnv.New64a()
	h.Write([]byte(text))
	sums := make([]float64, p.Size())
	sums[p.Rank()] = float64(h.Sum64() >> 11) // 53 bits, which a float64 holds
	if err := p.Sum(sums); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	for rank, sum := range sums {
		if sum != sums[0] {
			return &DifferError{rank, what}
		}
	}
	return nil
}
