// Package compare compares a network as a graph with the same network in other programs: those written by hand in package byhand, and a user's
// own.
package compare

import (
	"context"
	"math"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/models/byhand"
	"github.com/stheno-ml/stheno/train"
)

// A Lockstep trains a network twice, as a graph and by hand, from the same weights and with the same mini-batches, and records how much the two
// differ. The program by hand always uses float64.
//
// The two round differently, and gradient descent can amplify that: with chapter 1's η = 3 the difference grows tenfold every 400 steps or so. If
// it exceeds the tolerance, the step is repeated by hand from the graph's weights. If the two agree then, they had only drifted apart by rounding,
// and the program by hand continues from there. Otherwise there is a difference.
type Lockstep struct {
	Net    *graph.Net
	Report Report // of the steps so far

	referee referee
	weights [][]float64 // the graph's, before the next step
	data    train.Data
	recipe  models.Recipe
	seed    uint64
	order   []int32 // the examples left in this epoch
	epoch   int     // the number of epochs that have begun
}

// New prepares the lockstep of net, a network of m, by m's recipe without momentum, which the programs by hand do not have. The seed must be net's;
// it determines order and masks as in a training. tol is Report.Tol. The error says which layer does not exist by hand, or what does not fit.
func New(net *graph.Net, m models.Model, data train.Data, seed uint64, tol float64) (*Lockstep, error) {
	check, err := byHand(m)
	if err != nil {
		return nil, err
	}
	weights := each(net.Params, (*graph.Param).Float64s)
	check.set(weights)
	r := m.Recipe
	t := train.Trainer{Net: net, Optimizer: train.SGD{}, Train: data, Batch: r.Batch, Eta: r.Eta, Lambda: r.Lambda, DropTail: r.DropTail}
	if err := t.Start(); err != nil { // checks everything that would stop a training
		return nil, err
	}
	return &Lockstep{Report: newReport(net, tol), Net: net, referee: check, weights: weights, data: data, recipe: r, seed: seed}, nil
}

// Referee is the name of the program by hand.
func (l *Lockstep) Referee() string { return l.referee.String() }

// Epoch is the number of mini-batches in an epoch.
func (l *Lockstep) Epoch() int {
	n, batch := l.data.Len(), l.recipe.Batch
	if l.recipe.DropTail {
		return n / batch
	}
	return (n + batch - 1) / batch
}

// Run makes the next steps. The error is ctx's, the graph's, or a *train.DivergedError.
func (l *Lockstep) Run(ctx context.Context, steps int) error {
	for range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := l.step(l.next()); err != nil {
			return err
		}
	}
	return nil
}

// next is the next mini-batch, the one that train.Trainer would take.
func (l *Lockstep) next() minibatch {
	if len(l.order) == 0 || l.recipe.DropTail && len(l.order) < l.recipe.Batch {
		images, _ := l.data.(train.Images)
		l.order = train.Order(l.data.Len(), images.Labels, l.recipe.Batch, l.seed, l.epoch)
		l.epoch++
	}
	n := min(l.recipe.Batch, len(l.order))
	batch := minibatch{l.data, l.order[:n]}
	l.order = l.order[n:]
	return batch
}

// minibatch is some examples of data as a source for the graph.
type minibatch struct {
	train.Data
	order []int32
}

func (b minibatch) Len() int            { return len(b.order) }
func (b minibatch) Load(x, y []float32) { b.Batch(x, y, b.order) }

// tensors are one side of a step: the gradients, and the weights after it, one for each parameter of the graph.
type tensors struct{ nabla, weights [][]float64 }

// step makes a step on both sides.
func (l *Lockstep) step(images minibatch) error {
	got, err := l.descend(images)
	if err != nil {
		return err
	}
	batch := make([]byhand.Example, images.Len())
	for i, image := range images.order {
		batch[i] = l.examples(l.data).Example(int(image))
	}
	masks := byExample(l.Net.Masks(), len(batch))
	rate := descent{l.recipe.Eta, l.recipe.Lambda, l.data.Len()}
	d := apart(got, l.referee.step(batch, masks, rate))
	if d.beyond(l.Report.Tol) {
		l.referee.set(l.weights)
		if d = apart(got, l.referee.step(batch, masks, rate)); !d.beyond(l.Report.Tol) {
			l.Report.Resets++
		}
	}
	l.weights = got.weights
	l.Report.add(d)
	return nil
}

// descend makes the graph's step. It runs the mini-batch twice with the same masks: once for the gradients, and once in the program that trains,
// for the weights.
func (l *Lockstep) descend(images minibatch) (t tensors, err error) {
	s, err := l.Net.StepFrom(images)
	if err != nil {
		return t, err
	}
	if math.IsNaN(s.Cost) || math.IsInf(s.Cost, 0) {
		op, err := l.Net.Nonfinite()
		if err != nil {
			return t, err
		}
		return t, &train.DivergedError{Epoch: l.epoch - 1, Batch: l.Report.Steps % l.Epoch(), Op: op}
	}
	t.nabla = each(l.Net.Params, (*graph.Param).GradFloat64s)
	l.Net.Steps--
	_, err = l.Net.DescendFrom(images, l.recipe.Eta, l.recipe.Lambda/float64(l.data.Len()))
	t.weights = each(l.Net.Params, (*graph.Param).Float64s)
	return t, err
}

func each[T any](of []T, values func(T) []float64) [][]float64 {
	all := make([][]float64, len(of))
	for i, x := range of {
		all[i] = values(x)
	}
	return all
}

// byExample rearranges masks from layer by layer to example by example.
func byExample(layers [][]float64, examples int) [][][]float64 {
	masks := make([][][]float64, examples)
	for _, all := range layers {
		n := len(all) / examples
		for i := range masks {
			masks[i] = append(masks[i], all[i*n:(i+1)*n])
		}
	}
	return masks
}

// Evaluate counts the right answers of both sides.
func (l *Lockstep) Evaluate(ctx context.Context, d train.Data) (graph, byHand int, err error) {
	got, err := train.Evaluate(ctx, l.Net, d)
	if err != nil {
		return 0, 0, err
	}
	return got.Correct, l.referee.Evaluate(l.examples(d)), nil
}

// examples is data for the programs by hand. Bytes divided by 256 are exact in float32.
type examples struct {
	train.Data
	inputs, outputs int
}

func (l *Lockstep) examples(d train.Data) examples {
	return examples{d, l.Net.Input.TotalSize(), l.Net.Outputs}
}

// Example is example i.
func (e examples) Example(i int) byhand.Example {
	x, y := make([]float32, e.inputs), make([]float32, e.outputs)
	e.Batch(x, y, []int32{int32(i)})
	return byhand.Example{X: convert(x), Y: convert(y)}
}
