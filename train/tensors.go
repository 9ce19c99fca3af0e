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

// Tensors returns everything that a resumed training needs in addition to its State. The tensors are the trainer's own memory; write to it
// to restore them. The network's tensors come first, under their own names. Then comes what the optimizer keeps for each parameter. With EMA,
// the network's names hold the averages, which are what a checkpoint should contain, and NAME.trained holds the trained values.
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

// Footprint returns the memory that a training step uses, in bytes: the network's part, and what is kept in addition for the optimizer and
// for averages. It does not count the data set.
func (t *Trainer) Footprint() (step graph.Memory, kept int, err error) {
	copies := len(t.Optimizer.Keeps())
	if t.EMA > 0 {
		copies++
	}
	step, err = t.Net.Memory(t.Batch, t.descends())
	return step, step.Weights * copies, err
}

// keep returns the tensors that the optimizer keeps for a parameter.
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

// other returns the copy of a network's tensor that is not in the network at the moment: its average, or the trained tensor while the network
// holds averages. Before the first step they are equal.
func (t *Trainer) other(p *graph.Param) any {
	if t.others == nil {
		t.others = map[*graph.Param]any{}
	}
	if t.others[p] == nil {
		t.others[p] = memoryOf(t.Net).clone(p.Data)
	}
	return t.others[p]
}

// share returns how far an average moves toward a tensor after step t, counted from 1. With decay d, a ← a + (w−a)(1−d)/(1−dᵗ) is the exponential
// moving average with Adam's bias correction.
func share(decay float64, step int) float64 {
	return (1 - decay) / (1 - math.Pow(decay, float64(step)))
}

// A piece is a stretch of one of the network's tensors, with what is kept for it.
type piece struct {
	*graph.Param
	kept  []any
	other any
	share float64 // the ratio of its layer's η to the trainer's
}

// part is how many elements make a part of an update that is worth a processor of its own: about ten microseconds of work.
const part = 1 << 15

// cut splits the network into pieces, grouped in parts that are updated at once.
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

// piece returns the elements [from, to) of a parameter.
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

// show puts the averages, or the trained tensors, into the network.
func (t *Trainer) show(averages bool) {
	if t.EMA == 0 || t.averaged == averages {
		return
	}
	for _, p := range t.Net.Tensors() {
		memoryOf(t.Net).swap(t.other(p), p.Data)
	}
	t.averaged = averages
}
