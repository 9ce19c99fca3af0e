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

// Peers are processes, or goroutines, that train one network together. Each has its own copy of the network, its own data and a [Trainer] with the
// same settings. Of each mini-batch it trains every Size-th example, starting with number Rank. The gradients are summed over all peers, so
// that each makes the same step as one process would on the whole mini-batch. Nothing else is sent: the order of the examples, warps and
// dropout masks come from counter-based random numbers, so an example has the same ones wherever it is trained. The cost must be a mean over
// the examples. A batch norm normalizes each part by the part's own moments, and its running statistics are the means over the parts, unless
// graph.Config.SyncNorm makes it use the whole mini-batch.
//
// If a process stops with an error of its own, the others wait in Sum; the caller must end them.
type Peers = graph.Peers

// ErrStopped means that the context of another one of the [Peers] was canceled.
var ErrStopped = errors.New("another process was interrupted")

// shared is what a trainer needs to work with its peers.
type shared struct {
	flat    any // everything summed in a step: gradients, running statistics, and the rest
	rest    any
	sums    map[*graph.Param]any // the stretch of flat for each tensor
	parts   []summand
	running []*graph.Param
	was     []any // the running statistics before the step
	stop    bool  // one of the peers wants to stop
}

// A summand is a stretch of a gradient or of running statistics, and the stretch of flat for this process's share of it.
type summand struct{ own, flat any }

func (t *Trainer) alone() bool { return t.Peers == nil || t.Peers.Size() == 1 }

// part returns how many of m examples this process trains.
func (t *Trainer) part(m int) int {
	if t.alone() {
		return m
	}
	return (m - t.Peers.Rank() + t.Peers.Size() - 1) / t.Peers.Size()
}

// leastPart returns how many examples the smallest part has.
func (t *Trainer) leastPart() int {
	if t.alone() {
		return t.smallest()
	}
	return t.smallest() / t.Peers.Size()
}

// own takes this process's examples out of an order: every Size-th of each mini-batch, so that all processes get each label about equally often.
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

// place says where the examples of a source are in their mini-batch.
type place struct{ first, step, whole int }

func (p place) Within() (first, step, whole int) { return p.first, p.step, p.whole }

func (t *Trainer) place(number int) place {
	if t.alone() {
		return place{0, 1, t.examples(number)}
	}
	return place{t.Peers.Rank(), t.Peers.Size(), t.examples(number)}
}

// rest is how many numbers follow the tensors: the cost, the right answers, all answers, and how many peers want to stop.
const rest = 4

// lay allocates the memory of what is summed.
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

// gradient returns a parameter's gradient for the whole mini-batch.
func (t *Trainer) gradient(p *graph.Param) any {
	if t.alone() {
		return p.Grad
	}
	return t.shared.sums[p]
}

// together runs this process's part of a mini-batch. It leaves the results of the whole: the gradients, the running statistics and the stats.
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
		if !finite(got.Cost) { // the step does not happen
			moved = s.was[i]
		}
		mem.copy(p.Data, moved)
	}
	return got, nil
}

// stops returns 1 if the context is canceled, and otherwise 0.
func stops(ctx context.Context) float64 {
	if ctx.Err() != nil {
		return 1
	}
	return 0
}

// stopped returns an error if the training must stop before the next mini-batch. All peers stop before the same one.
func (t *Trainer) stopped(ctx context.Context) error {
	switch {
	case t.alone():
		return ctx.Err()
	case t.shared.stop:
		return cmp.Or(ctx.Err(), ErrStopped)
	}
	return nil
}

// evaluate runs the network over the validation examples. Each of the peers takes a part.
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

// span is the examples [from, to) of data.
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

// agree returns an error if the peers are not at the same point with the same weights. It runs before the first mini-batch and after each epoch.
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

// A DifferError says in what one of the peers differs from process 0. All of the peers get it.
type DifferError struct {
	Rank int
	What string
}

func (e *DifferError) Error() string {
	return fmt.Sprintf("train: process %d has other %s than process 0; give all of them the same command, data, program and --kernel", e.Rank, e.What)
}

// Agree returns a [*DifferError] if the peers' texts are not all equal. what says what the text describes.
func Agree(p Peers, what, text string) error {
	h := fnv.New64a()
	h.Write([]byte(text))
	sums := make([]float64, p.Size())
	sums[p.Rank()] = float64(h.Sum64() >> 11) // 53 bits, which fit a float64
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
