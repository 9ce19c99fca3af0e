package graph

import (
	"fmt"
	"math"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/graph/vm"
	"github.com/stheno-ml/stheno/internal/kernel"
	"github.com/stheno-ml/stheno/internal/team"
)

// Config is what a network needs to know beside its layers; the zero value is float32, Default initialisation and seed 0.
type Config struct {
	Seed    uint64 // of the first weights and the dropout masks
	Init    *Init  // for layers that have none of their own; nil: Default
	Float64 bool   // float64 to check, float32 to train
	Tape    bool   // run on Gorgonia's TapeMachine instead of our VM
	Threads int    // processors to use; 0: all. The results have the same bits for any number
}

// A Net is a network: layers, a cost, and the parameters, with a graph and a VM for each use and mini-batch size, made when first
// needed. It is not for use by several goroutines at once.
type Net struct {
	Params  []*Param // what is trained
	Stats   []*Param // batch norm's running mean and variance: kept with the parameters, but not trained; Grad is nil
	Input   Shape    // of one example
	Classes int      // outputs
	Loss    *Loss
	Steps   uint64 // training steps made so far; with the seed it settles the dropout masks

	layer    Seq
	seed     uint64
	init     *Init
	dtype    tensor.Dtype
	tape     bool
	threads  int
	machines map[use]*machine
	inputs   map[int]any // by mini-batch size: what the graphs of that size read
	rows     []Row
	masks    []mask         // of the last step
	running  map[string]any // the memory of Stats, by layer
	least    int            // examples of a training step

	gathering gathering
}

// use is what a graph is built for: Gorgonia fixes the mini-batch size, and dropout differs, so each has its own.
type use struct {
	batch int
	purpose
}

type purpose int

const (
	evaluating purpose = iota
	training           // forward and backward
	descending         // forward, backward and the update
)

// New makes a network of layer l with the given cost for examples of shape in, and draws its first weights. The error names the
// layer that does not fit, or the parameter that cannot learn because no path of gradients leads to it.
func New(l Layer, loss *Loss, in Shape, c Config) (n *Net, err error) {
	defer func() {
		if err != nil {
			n, err = nil, fmt.Errorf("graph: %w", err)
		}
	}()
	defer op.Catch(&err)
	for _, d := range in {
		if d < 1 {
			op.Fail("input %v; every axis must have at least 1", in)
		}
	}
	if e := loss.Smoothing; !(0 <= e && e < 1) {
		op.Fail("loss %s: smoothing %v; use 0 ≤ smoothing < 1", loss.Name, e)
	}
	seq, ok := l.(Seq)
	if !ok {
		seq = Seq{l}
	}
	if last := len(seq) - 1; last >= 0 && loss.Output != nil && seq[last] == loss.Output {
		op.Fail("layer %d %s: %s applies it itself, so that it would be there twice; leave it out", last, label(seq[last]), loss.Name)
	}
	n = &Net{
		Input: in, Loss: loss, layer: seq, seed: c.Seed, init: c.Init, dtype: tensor.Float32,
		tape: c.Tape, threads: c.Threads, machines: map[use]*machine{}, inputs: map[int]any{},
		running: map[string]any{}, least: 1,
	}
	if n.init == nil {
		n.init = Default
	}
	if c.Float64 {
		n.dtype = tensor.Float64
	}
	b, x := n.builder(use{1, training})
	y := n.layer.Build(b, x)
	if s := y.Shape(); len(s) != 2 || s[0] != 1 {
		op.Fail("the last layer's output is %v for one example; end with Dense", s)
	}
	n.Classes, n.rows = y.Shape()[1], b.outline.rows
	if slices.ContainsFunc(b.moving, func(m *moving) bool { return m.of == 1 }) {
		n.least = 2
	}
	label := b.variable("label", Shape{1, n.Classes}, buffer(n.dtype, n.Classes))
	return n, differentiate(n.cost(b, y, label), b)
}

// builder begins a graph with its input node.
func (n *Net) builder(u use) (*Builder, *Node) {
	b := &Builder{Training: u.purpose != evaluating, net: n, graph: gorgonia.NewGraph(), count: map[string]int{}}
	shape := append(Shape{u.batch}, n.Input...)
	x := b.variable("x", shape, n.input(u.batch))
	b.outline = newOutline(x)
	return b, x
}

// input is the memory of the examples of a mini-batch.
func (n *Net) input(batch int) any {
	if n.inputs[batch] == nil {
		n.inputs[batch] = buffer(n.dtype, batch*n.Input.TotalSize())
	}
	return n.inputs[batch]
}

// Buffer is where a float32 network reads mini-batches of the given size: who fills it and passes it to Step, Descend, Evaluate or
// Predict as x spares a copy. For a float64 network it is memory like any other.
func (n *Net) Buffer(batch int) []float32 {
	if x, ok := n.input(batch).([]float32); ok {
		return x
	}
	return make([]float32, batch*n.Input.TotalSize())
}

// gathering is the mini-batch that Gather collects.
type gathering struct {
	x      []float32
	images []byte
	order  []int32
	half   int // columns of the first half
	halves team.Job
}

// Gather writes a mini-batch to x: example i is the bytes images[order[i]*n:][:n] of n = Input.TotalSize(), each divided by 256. Where the
// first layer works by halves of its inputs, each processor collects the half that it will work on.
func (n *Net) Gather(x []float32, images []byte, order []int32) {
	size, g, s := n.Input.TotalSize(), &n.gathering, kernel.For[float32]()
	m := n.machines[use{len(order), descending}]
	if m == nil || m.half == 0 {
		s.Gather(x, images, order, 0, size)
		return
	}
	g.x, g.images, g.order, g.half = x, images, order, m.half
	if g.halves.Run == nil {
		g.halves = team.Job{Parts: 2, Run: func(i int) {
			kernel.For[float32]().Gather(g.x, g.images, g.order, i*g.half, g.half+i*(size-g.half))
		}}
	}
	team.Do(&g.halves, n.Members())
}

// cost is the cost's node, a scalar.
func (n *Net) cost(b *Builder, y, label *Node) *Node {
	cost := n.Loss.Cost(b, y, label)
	if !cost.IsScalar() {
		op.Fail("loss %s: cost is %v; it must be a scalar", n.Loss.Name, cost.Shape())
	}
	return cost
}

// maxParams is the largest network: 2 GiB of float32 weights and gradients.
const maxParams = 1 << 28

// param finds or makes a parameter.
func (n *Net) param(name string, shape Shape, decay bool, start func(x any)) *Param {
	for _, p := range n.Params {
		if p.Name == name {
			return p
		}
	}
	if op.Numbers(shape)+float64(n.Size()) > maxParams {
		op.Fail("parameter %s %v makes more than %d numbers; use a smaller layer", name, shape, maxParams)
	}
	size := shape.TotalSize()
	p := &Param{Name: name, Shape: shape.Clone(), Data: buffer(n.dtype, size), Grad: buffer(n.dtype, size), Decay: decay}
	start(p.Data)
	n.Params = append(n.Params, p)
	return p
}

// Summary is a line a layer: output shape, parameters, multiply-adds.
func (n *Net) Summary() []Row { return n.rows }

// Tensors are all that the network's outputs depend on: Params, then Stats.
func (n *Net) Tensors() []*Param { return slices.Concat(n.Params, n.Stats) }

// Least is the number of examples that a training step takes at least: 2 where a batch norm has one number a feature in an example,
// because one number has no spread; otherwise 1.
func (n *Net) Least() int { return n.least }

// Size is the number of parameters' elements.
func (n *Net) Size() int { return length(n.Params) }

// length is the number of all parameters' elements.
func length(params []*Param) int {
	n := 0
	for _, p := range params {
		n += p.Len()
	}
	return n
}

// Stats is what a mini-batch gave.
type Stats struct {
	Cost    float64 // mean over the examples, without regularisation
	Correct int     // examples whose largest output is the label's
}

// Step runs a mini-batch forward and backward: len(labels) examples of x, row by row, each with its class number. It leaves the
// gradients of the mean cost in Params; the weights are the caller's to update. A cost that is not finite is no error here.
func (n *Net) Step(x []float32, labels []byte) (Stats, error) {
	m, err := n.load(use{len(labels), training}, x, labels)
	if err != nil {
		return Stats{}, err
	}
	return n.step(m, labels)
}

// Descend is Step with the update of gradient descent, w = (1−ηλ/n) w − η ∇w with l2 = λ/n where Param.Decay is set, made in the same
// program: faster than a Step and an update after it, and the gradients are not left in Params. If the cost is not finite, the
// weights stay as they are.
func (n *Net) Descend(x []float32, labels []byte, eta, l2 float64) (Stats, error) {
	if n.tape {
		s, err := n.Step(x, labels)
		if err == nil && !math.IsNaN(s.Cost) && !math.IsInf(s.Cost, 0) {
			for _, p := range n.Params {
				p.descend(eta, l2)
			}
		}
		return s, err
	}
	m, err := n.load(use{len(labels), descending}, x, labels)
	if err != nil {
		return Stats{}, err
	}
	m.rule.Eta, m.rule.L2 = eta, l2
	return n.step(m, labels)
}

// step draws the masks, runs, and moves the running statistics.
func (n *Net) step(m *machine, labels []byte) (Stats, error) {
	for _, k := range m.masks {
		k.fill(n.seed, n.Steps)
	}
	n.Steps++
	n.masks = m.masks
	s, err := m.stats(labels)
	if err == nil && !math.IsNaN(s.Cost) && !math.IsInf(s.Cost, 0) {
		for _, r := range m.moving {
			r.update()
		}
	}
	return s, err
}

// Masks are what the dropout layers multiplied their inputs by in the last Step or Descend, in the order of the layers: for each a
// copy of its mask, example by example, of 0 and 1/(1−p), or 0 and 1 if Unscaled. A layer of p = 0 has none.
func (n *Net) Masks() [][]float64 {
	masks := make([][]float64, len(n.masks))
	for i, k := range n.masks {
		switch d := k.data.(type) {
		case []float32:
			masks[i] = make([]float64, len(d))
			convert(masks[i], d)
		case []float64:
			masks[i] = slices.Clone(d)
		}
	}
	return masks
}

// Evaluate runs a mini-batch forward only, as predictions are made: without dropout.
func (n *Net) Evaluate(x []float32, labels []byte) (Stats, error) {
	m, err := n.load(use{len(labels), evaluating}, x, labels)
	if err != nil {
		return Stats{}, err
	}
	return m.stats(labels)
}

// Predict computes the outputs (activations, or probabilities for LogLikelihood) of len(y)/Classes examples x into y.
func (n *Net) Predict(y, x []float32) error {
	batch := len(y) / n.Classes
	m, err := n.load(use{batch, evaluating}, x, make([]byte, batch))
	if err != nil {
		return err
	}
	if err := m.run(); err != nil {
		return err
	}
	convert(y, m.y)
	return nil
}

// fill draws the mask of one step, from counted bits.
func (k mask) fill(seed, step uint64) {
	key := kernel.Bits(seed, kernel.Bits(k.layer, step))
	switch d := k.data.(type) {
	case []float32:
		kernel.For[float32]().Mask(d, key, k.p, float32(k.kept))
	case []float64:
		kernel.For[float64]().Mask(d, key, k.p, k.kept)
	}
}

// Nonfinite names the first op whose result is not finite on the mini-batch of the last Step or Descend of that size, walking the
// graph node by node; empty if there is none.
func (n *Net) Nonfinite(batch int) (string, error) {
	m := n.machines[use{batch, descending}]
	if m == nil {
		m = n.machines[use{batch, training}]
	}
	if m == nil {
		return "", nil
	}
	found := ""
	err := vm.Interpret(m.graph, func(node *Node, v gorgonia.Value) bool {
		if !finite(v) {
			found = fmt.Sprintf("%v %v", node, node.Shape())
			if node.Op() != nil {
				found = fmt.Sprintf("%v of %v, shape %v", node.Op(), op.Inputs(node), node.Shape())
			}
		}
		return found == ""
	})
	return found, err
}

func finite(v gorgonia.Value) bool {
	ok := true
	check := func(x float64) { ok = ok && !math.IsNaN(x) && !math.IsInf(x, 0) }
	switch d := v.Data().(type) {
	case []float32:
		for _, x := range d {
			check(float64(x))
		}
	case []float64:
		for _, x := range d {
			check(x)
		}
	case float32:
		check(float64(d))
	case float64:
		check(d)
	}
	return ok
}

// Listing is the program of a step of gradient descent at the given mini-batch size on our VM: see [VM.String].
func (n *Net) Listing(batch int) (string, error) {
	m, err := n.machine(use{batch, descending})
	if err != nil {
		return "", err
	}
	return fmt.Sprint(m.vm), nil
}
