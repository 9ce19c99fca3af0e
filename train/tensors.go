package train

import (
	"math"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/kernel"
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
			t.kept[p] = append(t.kept[p], zeros(p))
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
		x := zeros(p)
		both(x, p.Data, func(x, y []float32) { copy(x, y) }, func(x, y []float64) { copy(x, y) })
		t.others[p] = x
	}
	return t.others[p]
}

// average takes a tensor after step t, the first being 1, into its average: a ← a + (w−a)(1−d)/(1−dᵗ) for a decay of d, which is the
// exponential moving average with Adam's bias correction.
func average(a, w any, decay float64, step int) {
	k := (1 - decay) / (1 - math.Pow(decay, float64(step)))
	both(a, w, approach[float32](k), approach[float64](k))
}

// approach is a ← (1−k) a + k w.
func approach[T kernel.Float](k float64) func(a, w []T) {
	return func(a, w []T) { kernel.For[T]().SGD(a, w, T(1-k), T(-k)) }
}

// A piece is a stretch of one of the network's tensors, with what is kept of it.
type piece struct {
	*graph.Param
	kept  []any
	other any
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
	c := piece{Param: &graph.Param{Name: p.Name, Shape: graph.Shape{to - from}, Data: stretch(p.Data, from, to), Decay: p.Decay}}
	if t.EMA > 0 {
		c.other = stretch(t.other(p), from, to)
	}
	if p.Grad != nil {
		c.Grad = stretch(p.Grad, from, to)
		for _, k := range t.keep(p) {
			c.kept = append(c.kept, stretch(k, from, to))
		}
	}
	return c
}

func stretch(x any, from, to int) any {
	if x, ok := x.([]float64); ok {
		return x[from:to]
	}
	return x.([]float32)[from:to]
}

// show lets the network have the averages, or what is trained.
func (t *Trainer) show(averages bool) {
	if t.EMA == 0 || t.averaged == averages {
		return
	}
	for _, p := range t.Net.Tensors() {
		both(t.other(p), p.Data, swap[float32], swap[float64])
	}
	t.averaged = averages
}

func swap[T kernel.Float](x, y []T) {
	for i := range x {
		x[i], y[i] = y[i], x[i]
	}
}

// both calls the function of the element type that x and y have.
func both(x, y any, f32 func(x, y []float32), f64 func(x, y []float64)) {
	switch x := x.(type) {
	case []float32:
		f32(x, y.([]float32))
	case []float64:
		f64(x, y.([]float64))
	}
}

// zeros is memory as large as the parameter's.
func zeros(p *graph.Param) any {
	if _, ok := p.Data.([]float64); ok {
		return make([]float64, p.Len())
	}
	return make([]float32, p.Len())
}
