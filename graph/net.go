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

// Config holds a network's settings other than its layers. The zero value means float32, Default initialization and seed 0.
type Config struct {
	Seed    uint64 // for initial weights and dropout masks
	Init    *Init  // for layers that have none of their own; nil means Default
	Float64 bool   // compute in float64, for checks; training uses float32
	Tape    bool   // run on Gorgonia's TapeMachine instead of our VM
	// SyncNorm, if not nil, are the peers whose parts of a mini-batch batch norms normalize as one. A training step then waits for the steps of
	// all peers, and each needs at least one example. It needs our VM.
	SyncNorm Peers
	Threads  int // processors to use; 0 means all, or one where that is faster. The results have the same bits for any number
}

// A Net is a network: layers, a loss and parameters. It builds a graph and a program for each use and mini-batch size when they are first
// needed, and keeps the most recently used ones. Only one goroutine may use it at a time; for several, give each its own [Net.Predictor].
type Net struct {
	Params  []*Param // trained
	Fixed   []*Param // saved with the weights but not trained: running statistics, frozen parameters; their Grad is nil
	Input   Shape    // the shape of one example
	Outputs int      // the size of the last layer's output for one example
	Targets int      // how many targets an example has: Outputs, or 0 if the loss uses none
	Loss    *Loss
	// Sequence is the number of steps in an output, each with a cost and an answer of its own; 0: the output is not a sequence.
	Sequence int
	Steps    uint64 // training steps so far; dropout masks depend on it and the seed

	layer  Seq
	config Config
	kernel string // the kernel in use when the network was made
	rows   []Row
	least  int // the smallest mini-batch of a training step
	across *across
	core
}

// core is the part of a network that depends on its element type.
type core interface {
	buffer(n int) any // returns zeros of the element type
	moments(name string, c int) (all, mean, variance any)
	machine(n *Net, u use) (runner, error)
	last() runner // returns the machine of the last training step
	predictor(n *Net, u use) (runner, error)
}

// runner runs a network's graph for one use on a VM.
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
	inputs() int // counts the numbers of examples, targets and masks
	memory() (activations, scratch int)
	threads() int // returns how many threads the next run uses
	listing() string
}

// use is the key of a graph. Gorgonia fixes the mini-batch size in a graph, and training differs from prediction, so each has its own.
type use struct {
	batch int
	purpose
}

type purpose int

const (
	predicting purpose = iota
	watching           // like predicting, with the output of each layer
	evaluating         // outputs and cost
	explaining         // the gradient of the cost with respect to the input, in prediction mode
	checking           // outputs and cost in training mode, on the TapeMachine
	training           // forward and backward
	descending         // forward, backward and the update
)

// trains reports whether dropout is active and batch norms use the mini-batch's moments.
func (p purpose) trains() bool { return p >= checking }

// New makes a network of layer l with the given loss, for examples of shape in, and initializes its weights. Errors name the layer that
// does not fit, or the parameter that cannot learn because no path of gradients leads to it.
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

// sequence returns l as a sequence.
func sequence(l Layer) Seq {
	if seq, ok := l.(Seq); ok {
		return seq
	}
	return Seq{l}
}

// check finds errors that need no build.
func check(l Layer, in Shape, loss *Loss) error {
	for _, d := range in {
		if d < 1 {
			return fmt.Errorf("input %v; every axis must have at least 1", in)
		}
	}
	seq := sequence(l)
	if last := len(seq) - 1; last >= 0 && loss.Output != nil && same(seq[last], loss.Output) {
		return fmt.Errorf("layer %d %s: the loss %s applies it already; leave it out", last, label(seq[last]), loss.Name)
	}
	return nil
}

// same reports whether two layers are known to be equal.
func same(a, b Layer) bool {
	x, ok := a.(activation)
	y, also := b.(activation)
	return ok && also && x == y
}

// reads reports whether n is computed from leaf.
func reads(n, leaf *Node) bool {
	needed := map[int64]bool{}
	need(needed, n)
	return needed[leaf.ID()]
}

// builder starts a graph with an input node that reads x.
func (n *Net) builder(u use, x any) (*Builder, *Node) {
	b := &Builder{Training: u.trains(), net: n, graph: gorgonia.NewGraph(), count: map[string]int{}, present: map[int64]*Node{}}
	b.input = b.variable("x", append(Shape{u.batch}, n.Input...), x)
	b.outline = newOutline(b.input)
	return b, b.input
}

// dtype returns Gorgonia's name for the element type.
func (n *Net) dtype() tensor.Dtype {
	if n.config.Float64 {
		return tensor.Float64
	}
	return tensor.Float32
}

// cost returns the node of the cost, a scalar.
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

// maxParams is the most elements that a network's parameters may have: 2 GiB of float32 weights and gradients.
const maxParams = 1 << 28

// param finds or creates a parameter, trained or fixed.
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

// Summary returns one line for each layer: output shape, parameters, multiply-adds.
func (n *Net) Summary() []Row { return n.rows }

// Tensors returns all tensors that the outputs depend on: Params, then Fixed.
func (n *Net) Tensors() []*Param { return slices.Concat(n.Params, n.Fixed) }

// Running returns the tensors of Fixed that training steps update: the running statistics of batch norms.
func (n *Net) Running() []*Param {
	return slices.DeleteFunc(slices.Clone(n.Fixed), func(p *Param) bool { return !p.running })
}

// SmallestBatch returns the smallest mini-batch that the network can train on. It is 2 if a batch norm has one number per feature in an example,
// because one number has no spread, and otherwise 1. With SyncNorm it is 1, but all parts together need 2.
func (n *Net) SmallestBatch() int { return n.least }

// Synchronized reports whether batch norms normalize the parts of several processes as one mini-batch.
func (n *Net) Synchronized() bool {
	return n.across != nil && slices.ContainsFunc(n.Fixed, func(p *Param) bool { return p.running })
}

// Threads returns how many processors the network's next training step will use, as far as is known: if Config leaves the number open, it
// may change.
func (n *Net) Threads() int {
	if m := n.last(); m != nil && !n.config.Tape {
		return m.threads()
	}
	return n.Processors()
}

// Processors returns the largest number of processors that the network uses.
func (n *Net) Processors() int { return team.Size(n.config.Threads) }

// Size returns the number of trained elements.
func (n *Net) Size() int { return length(n.Params) }

// length returns the number of elements of all params.
func length(params []*Param) int {
	n := 0
	for _, p := range params {
		n += p.Len()
	}
	return n
}

// Nonfinite names the first op whose result is not finite on the mini-batch of the last training step. It walks the graph node by node. The name
// is empty if all results are finite, or if batch norms are synchronized with other processes.
func (n *Net) Nonfinite() (string, error) {
	m := n.last()
	if m == nil || n.across != nil { // synchronized batch norms would wait for the other processes
		return "", nil
	}
	return nonfinite(m.graphOf())
}

// Masks returns a copy of each dropout mask of the last training step, in the order of the layers. A mask holds 0 and 1/(1−p), or 0 and 1 if
// Unscaled, example by example; for Dropout2D it has one number per map. A layer with p = 0 has none.
func (n *Net) Masks() [][]float64 {
	m := n.last()
	if m == nil {
		return nil
	}
	return m.maskCopies()
}

// Listing returns our VM's program for a step of gradient descent at the given mini-batch size: see [vm.VM.String].
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
