package train

import (
	"math"

	"github.com/stheno-ml/stheno/graph"
)

// A Tensor is memory with a name and a shape.
type Tensor struct {
	Name  string
	Shape graph.Shape
	Data  any // []float32 or []float64
}

// Tensors are all that a resumed training needs beside its State, as the memory in which they are: a caller restores them by writing
// into it. The network's come first, by their own names; then what the optimizer keeps of each parameter. With EMA, the network's names
// are those of the averages, which are what one wants of a checkpoint, and what is trained follows as NAME.trained.
func (t *Trainer) Tensors() []Tensor {
	var all, more []Tensor
	for _, p := range t.Net.Tensors() {
		data := p.Data
		if t.EMA > 0 {
			trained := t.other(p)
			if !t.averaged {
				data, trained = trained, data
			}
			more = append(more, Tensor{p.Name + ".trained", p.Shape, trained})
		}
		all = append(all, Tensor{p.Name, p.Shape, data})
	}
	for _, p := range t.Net.Params {
		for i, name := range t.Optimizer.Keeps() {
			more = append(more, Tensor{p.Name + "." + name, p.Shape, t.keep(p)[i]})
		}
	}
	return append(all, more...)
}

// Footprint is what a training step holds in memory, in bytes: the network's part, and what is kept beside it, by the optimizer and for
// the averages. The images are not in it.
func (t *Trainer) Footprint() (step graph.Memory, kept int, err error) {
	copies := len(t.Optimizer.Keeps())
	if t.EMA > 0 {
		copies++
	}
	step, err = t.Net.Memory(t.Batch, t.descends())
	return step, step.Weights * copies, err
}

// keep is what the optimizer keeps of a parameter.
func (t *Trainer) keep(p *graph.Param) []any {
	if t.kept == nil {
		t.kept = map[*graph.Param][]any{}
	}
	if t.kept[p] == nil {
		for range t.Optimizer.Keeps() {
			t.kept[p] = append(t.kept[p], memoryOf(t.Net).zeros(p.Len()))
		}
	}
	return t.kept[p]
}

// other is the copy of one of the network's tensors that is not in the network now: its average, or, while the network has that, what
// is trained. Before the first step they are the same.
func (t *Trainer) other(p *graph.Param) any {
	if t.others == nil {
		t.others = map[*graph.Param]any{}
	}
	if t.others[p] == nil {
		t.others[p] = memoryOf(t.Net).clone(p.Data)
	}
	return t.others[p]
}

// share is how far an average moves towards a tensor after step t, the first being 1: a ← a + (w−a)(1−d)/(1−dᵗ) for a decay of d is the
// exponential moving average with Adam's bias correction.
func share(decay float64, step int) float64 {
	return (1 - decay) / (1 - math.Pow(decay, float64(step)))
}

// A piece is a stretch of one of the network's tensors, with what is kept of it.
type piece struct {
	*graph.Param
	kept  []any
	other any
	share float64 // of its layer's η by the trainer's
}

// part is the number of elements from which a part of the update is large enough for a processor of its own: some ten microseconds.
const part = 1 << 15

// cut is the network in pieces, in parts that are updated at once.
func (t *Trainer) cut() [][]piece {
	parts, size := [][]piece{nil}, 0
	for _, p := range t.Net.Tensors() {
		for from := 0; from < p.Len(); from += part {
			to := min(from+part, p.Len())
			if size += to - from; size > part {
				parts, size = append(parts, nil), to-from
			}
			last := &parts[len(parts)-1]
			*last = append(*last, t.piece(p, from, to))
		}
	}
	return parts
}

// piece is a parameter's elements [from, to).
func (t *Trainer) piece(p *graph.Param, from, to int) piece {
	c := piece{Param: &graph.Param{Name: p.Name, Shape: graph.Shape{to - from}, Data: memoryOf(t.Net).stretch(p.Data, from, to), Decay: p.Decay},
		share: t.Etas.of(p.Name, t.Eta) / t.Eta}
	if t.EMA > 0 {
		c.other = memoryOf(t.Net).stretch(t.other(p), from, to)
	}
	if p.Grad != nil {
		c.Grad = memoryOf(t.Net).stretch(t.gradient(p), from, to)
		for _, k := range t.keep(p) {
			c.kept = append(c.kept, memoryOf(t.Net).stretch(k, from, to))
		}
	}
	return c
}

// show lets the network have the averages, or what is trained.
func (t *Trainer) show(averages bool) {
	if t.EMA == 0 || t.averaged == averages {
		return
	}
	for _, p := range t.Net.Tensors() {
		memoryOf(t.Net).swap(t.other(p), p.Data)
	}
	t.averaged = averages
}
