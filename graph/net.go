package graph

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/internal/kernel"
	"github.com/stheno-ml/stheno/internal/team"
)

// Config is what a network needs to know beside its layers; the zero value is float32, Default initialization and seed 0.
type Config struct {
	Seed    uint64 // of the first weights and the dropout masks
	Init    *Init  // for layers that have none of their own; nil: Default
	Float64 bool   // float64 to check, float32 to train
	Tape    bool   // run on Gorgonia's TapeMachine instead of our VM
	// SyncNorm, if not nil, are the peers whose parts batch norms take together, as one mini-batch. A training step then waits for those of
	// all peers, each of which has at least one example. It needs our VM.
	SyncNorm Peers
	Threads  int // processors to use; 0: all, or one where that is faster. The results have the same bits for any number
}

// A Net is a network: layers, a loss, and the parameters, with a graph and a program for each use and mini-batch size, made when first
// needed; the few used last are kept. It is not for use by several goroutines at once: give each its own [Net.Predictor].
type Net struct {
	Params  []*Param // what is trained
	Fixed   []*Param // what belongs to the weights but is not trained: running statistics, frozen parameters; Grad is nil
	Input   Shape    // of one example
	Outputs int      // numbers that the last layer gives for one example
	Targets int      // numbers that the loss compares them with: Outputs, or 0 where it looks at no target
	Loss    *Loss
	// Sequence is how many steps the outputs are, one after the other, each with a cost and an answer of its own; 0: they are no sequence.
	Sequence int
	Steps    uint64 // training steps made so far; with the seed it settles the dropout masks

	layer  Seq
	config Config
	kernel string // in use when it was made
	rows   []Row
	least  int // examples of a training step
	across *across
	core
}

// core is the part of a network that depends on its element type.
type core interface {
	buffer(n int) any // zeros of the element type
	moments(name string, c int) (all, mean, variance any)
	machine(n *Net, u use) (runner, error)
	last() runner // the machine of the last training step
	predictor(n *Net, u use) (runner, error)
}

// runner is a graph of a network for one use, on a VM.
type runner interface {
	load(src Source)
	run() error
	step(n *Net) (Stats, error)
	stats() (Stats, error)
	outputs(y []float32)
	layerOutputs(examples int) []LayerOutput
	inputGrad(dx []float32)
	maskCopies() [][]float64
	descend(n *Net, eta, l2 float64)
	graphOf() *gorgonia.ExprGraph
	inputs() int // numbers of the examples, the targets and the masks
	memory() (activations, scratch int)
	threads() int // of the next run
	listing() string
}

// use is what a graph is built for: Gorgonia fixes the mini-batch size, and dropout differs, so each has its own.
type use struct {
	batch int
	purpose
}

type purpose int

const (
	predicting purpose = iota
	watching           // as predicting, with what each layer gives
	evaluating         // outputs and cost
	explaining         // the gradient of the cost by the input, as the network predicts
	checking           // outputs and cost as in training, on the TapeMachine
	training           // forward and backward
	descending         // forward, backward and the update
)

// trains says that dropout drops and batch norm takes the mini-batch's moments.
func (p purpose) trains() bool { return p >= checking }

// New makes a network of layer l with the given loss for examples of shape in, and draws its first weights. The error names the
// layer that does not fit, or the parameter that cannot learn because no path of gradients leads to it.
func New(l Layer, loss *Loss, in Shape, c Config) (n *Net, err error) {
	defer func() {
		if err != nil {
			n, err = nil, fmt.Errorf("graph: %w", err)
		}
	}()
	defer op.Catch(&err)
	if err := cmp.Or(kernel.Err(), loss.check()); err != nil {
		return nil, err
	}
	if err := check(l, in, loss); err != nil {
		return nil, err
	}
	n = &Net{Input: in.Clone(), Loss: loss, layer: sequence(l), config: c, kernel: kernel.Name(), least: 1}
	if c.Init == nil {
		n.config.Init = Default
	}
	if p := c.SyncNorm; p != nil && p.Size() > 1 {
		if c.Tape {
			return nil, errors.New("batch norms over several processes do not run on the TapeMachine; use our VM")
		}
		n.across = &across{Peers: p}
	}
	n.core = newNumbers[float32]()
	if c.Float64 {
		n.core = newNumbers[float64]()
	}
	b, x := n.builder(use{1, training}, n.buffer(in.TotalSize()))
	y := n.layer.Build(b, x)
	if s := y.Shape(); len(s) != 2 && len(s) != 3 || s[0] != 1 {
		op.Fail("the last layer's output is %v for one example; end with Dense", s)
	}
	n.Outputs, n.Sequence, n.rows = example(y).TotalSize(), loss.steps(y), b.outline.rows
	if n.across == nil && slices.ContainsFunc(b.moving, func(m moving) bool { return m.of == 1 }) {
		n.least = 2
	}
	target := b.variable("label", Shape{1, n.Outputs}, n.buffer(n.Outputs))
	cost := n.cost(b, y, target)
	if reads(cost, target) {
		n.Targets = n.Outputs
	}
	return n, differentiate(cost, b)
}

// sequence is l as a sequence.
func sequence(l Layer) Seq {
	if seq, ok := l.(Seq); ok {
		return seq
	}
	return Seq{l}
}

// check is what can be wrong with a network before it is built.
func check(l Layer, in Shape, loss *Loss) error {
	for _, d := range in {
		if d < 1 {
			return fmt.Errorf("input %v; every axis must have at least 1", in)
		}
	}
	seq := sequence(l)
	if last := len(seq) - 1; last >= 0 && loss.Output != nil && same(seq[last], loss.Output) {
		return fmt.Errorf("layer %d %s: %s applies it itself, so that it would be there twice; leave it out", last, label(seq[last]), loss.Name)
	}
	return nil
}

// same says that two layers are one value, where that can be known.
func same(a, b Layer) bool {
	x, ok := a.(activation)
	y, also := b.(activation)
	return ok && also && x == y
}

// reads says that n is computed from leaf.
func reads(n, leaf *Node) bool {
	needed := map[int64]bool{}
	need(needed, n)
	return needed[leaf.ID()]
}

// builder begins a graph with its input node over the given memory.
func (n *Net) builder(u use, x any) (*Builder, *Node) {
	b := &Builder{Training: u.trains(), net: n, graph: gorgonia.NewGraph(), count: map[string]int{}, present: map[int64]*Node{}}
	b.input = b.variable("x", append(Shape{u.batch}, n.Input...), x)
	b.outline = newOutline(b.input)
	return b, b.input
}

// dtype is the element type as Gorgonia calls it.
func (n *Net) dtype() tensor.Dtype {
	if n.config.Float64 {
		return tensor.Float64
	}
	return tensor.Float32
}

// cost is the cost's node, a scalar.
func (n *Net) cost(b *Builder, y, target *Node) (cost *Node) {
	defer op.Wrap(func(err error) error { return fmt.Errorf("loss %s: %w", n.Loss.Name, err) })
	if len(y.Shape()) == 3 {
		cost = n.Loss.costPerStep(b, y, target)
	} else {
		cost = n.Loss.Cost(b, y, target)
	}
	if cost == nil || !cost.IsScalar() {
		op.Fail("its cost is not a scalar; end with a mean over the mini-batch")
	}
	return cost
}

// maxParams is the largest network: 2 GiB of float32 weights and gradients.
const maxParams = 1 << 28

// param finds or makes a parameter, which is trained or fixed.
func (n *Net) param(name string, shape Shape, decay, fixed bool, start func(x any)) *Param {
	list, other := &n.Params, n.Fixed
	if fixed {
		list, other = &n.Fixed, n.Params
	}
	named := func(p *Param) bool { return p.Name == name }
	if i := slices.IndexFunc(*list, named); i >= 0 {
		return (*list)[i]
	}
	if slices.ContainsFunc(other, named) {
		op.Fail("parameter %s is frozen in one place and trained in another; freeze both, or neither", name)
	}
	if op.Numbers(shape)+float64(n.Size()) > maxParams {
		op.Fail("parameter %s %v makes more than %d numbers; use a smaller layer", name, shape, maxParams)
	}
	size := shape.TotalSize()
	p := &Param{Name: name, Shape: shape.Clone(), Data: n.buffer(size)}
	if !fixed {
		p.Grad, p.Decay = n.buffer(size), decay
	}
	start(p.Data)
	*list = append(*list, p)
	return p
}

// Summary is a line a layer: output shape, parameters, multiply-adds.
func (n *Net) Summary() []Row { return n.rows }

// Tensors are all that the network's outputs depend on: Params, then Fixed.
func (n *Net) Tensors() []*Param { return slices.Concat(n.Params, n.Fixed) }

// Running are those of Fixed that training steps move: the running statistics of batch norms.
func (n *Net) Running() []*Param {
	return slices.DeleteFunc(slices.Clone(n.Fixed), func(p *Param) bool { return !p.running })
}

// SmallestBatch is the number of examples that a training step takes at least: 2 where a batch norm has one number a feature in an example,
// because one number has no spread; otherwise 1. With SyncNorm it is 1, and the parts together need 2.
func (n *Net) SmallestBatch() int { return n.least }

// Synchronized says that batch norms take the parts of several processes as one mini-batch.
func (n *Net) Synchronized() bool {
	return n.across != nil && slices.ContainsFunc(n.Fixed, func(p *Param) bool { return p.running })
}

// Threads is how many processors the network's next training step uses, as far as is known: where Config leaves the number open, it changes.
func (n *Net) Threads() int {
	if m := n.last(); m != nil && !n.config.Tape {
		return m.threads()
	}
	return n.Processors()
}

// Processors is how many processors the network uses at most.
func (n *Net) Processors() int { return team.Size(n.config.Threads) }

// Size is the number of elements of all that is trained.
func (n *Net) Size() int { return length(n.Params) }

// length is the number of all parameters' elements.
func length(params []*Param) int {
	n := 0
	for _, p := range params {
		n += p.Len()
	}
	return n
}

// Nonfinite names the first op whose result is not finite on the mini-batch of the last training step, walking the graph node by node;
// empty if there is none, or if batch norms are those of several processes.
func (n *Net) Nonfinite() (string, error) {
	m := n.last()
	if m == nil || n.across != nil { // whose ops wait for those of others
		return "", nil
	}
	return nonfinite(m.graphOf())
}

// Masks are what the dropout layers multiplied their inputs by in the last training step, in the order of the layers: for each a
// copy of its mask, example by example, of 0 and 1/(1−p), or 0 and 1 if Unscaled; a number a map for Dropout2D. A layer of p = 0 has none.
func (n *Net) Masks() [][]float64 {
	m := n.last()
	if m == nil {
		return nil
	}
	return m.maskCopies()
}

// Listing is the program of a step of gradient descent at the given mini-batch size on our VM: see [vm.VM.String].
func (n *Net) Listing(batch int) (string, error) {
	if n.config.Tape {
		return "", errors.New("graph: Gorgonia's TapeMachine has no listing; use our VM")
	}
	m, err := n.machine(n, use{batch, descending})
	if err != nil {
		return "", err
	}
	return m.listing(), nil
}
