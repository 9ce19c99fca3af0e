package graph

import (
	"errors"
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

// machine is a network's graph for one use, on a VM, with the memory of its inputs and outputs.
type machine[T kernel.Float] struct {
	graph     *gorgonia.ExprGraph
	vm        gorgonia.VM
	program   *vm.VM // vm, if it is ours; otherwise nil
	loss      *Loss
	batch     int
	answers   int   // answers for each example: 1, or 1 for each step
	mask      *Node // the mask of the outputs; nil: no step is padding
	there     []T   // the mask's elements after a run
	x, target []T
	masks     []mask
	moving    []moving
	tokens    []tokens
	cost, y   []T // the cost is one number; y is (batch, outputs)
	dx        []T // the gradient with respect to x, if the graph explains
	layers    []layerOutput[T]
	reads     []read
	descent   *vm.Descent
	core      *numbers[T]
	train     bool

	staged [2][]float32 // the inputs and targets of a float64 network, in the form that a Source writes
	source Columns
	part   Part     // the mini-batch, if it is part of a larger one
	halves team.Job // writes the two halves of the input, if the first layer is split
}

// layerOutput is the memory where a run leaves a layer's output.
type layerOutput[T kernel.Float] struct {
	Row
	y []T
}

// read is a node's value after a run, and the memory to copy it to.
type read struct {
	value *gorgonia.Value
	to    any
}

func newMachine[T kernel.Float](n *Net, u use) (m *machine[T], err error) {
	defer op.Catch(&err)
	if u.trains() && u.batch < n.least {
		return nil, errors.New("a batch norm cannot train on one example: one number per feature has no spread; use mini-batches of at least 2")
	}
	m = &machine[T]{loss: n.Loss, batch: u.batch, answers: max(1, n.Sequence), core: n.core.(*numbers[T]), train: u.trains()}
	m.x, m.target = make([]T, u.batch*n.Input.TotalSize()), make([]T, u.batch*n.Targets)
	b, x := n.builder(u, m.x)
	y := n.layer.Build(b, x)
	m.graph, m.masks, m.moving, m.tokens = b.graph, b.masks, b.moving, b.tokens
	switch u.purpose {
	case predicting:
		return m, m.compile(n, Nodes{n.Loss.output(b, y)}, nil, nil)
	case watching:
		return m, m.watch(n, b, n.Loss.output(b, y))
	}
	target := m.targets(b, n, u.batch)
	cost := n.cost(b, y, target)
	m.mask = b.Present(y)
	switch u.purpose {
	case explaining:
		m.dx = make([]T, len(m.x))
		if !differentiable(cost)[x.ID()] {
			return nil, errors.New("no path of gradients leads from the input to the cost; use a network whose cost depends on it")
		}
		if _, err := gorgonia.Grad(cost, x); err != nil {
			return nil, err
		}
		return m, m.compile(n, Nodes{n.Loss.output(b, y), cost}, Nodes{x}, []*Param{{Name: "x", Shape: x.Shape(), Grad: m.dx}})
	case evaluating:
		return m, m.compile(n, Nodes{n.Loss.output(b, y), cost}, nil, nil)
	case checking:
		m.tape(Nodes{y, cost}, nil, nil)
		return m, nil
	case descending:
		m.descent = &vm.Descent{}
		for _, p := range b.params {
			m.descent.Decay = append(m.descent.Decay, p.Decay)
		}
	}
	if err := differentiate(cost, b); err != nil {
		return nil, err
	}
	return m, m.compile(n, Nodes{y, cost}, b.nodes, b.params)
}

// watch compiles the program for the outputs y and the outputs of every layer that changes its input.
func (m *machine[T]) watch(n *Net, b *Builder, y *Node) error {
	outs := Nodes{y}
	seen := map[int64]bool{b.input.ID(): true}
	for i, node := range b.outline.outs {
		if seen[node.ID()] {
			continue
		}
		seen[node.ID()] = true
		outs = append(outs, node)
		m.layers = append(m.layers, layerOutput[T]{Row: b.outline.rows[i]})
	}
	if n.config.Tape {
		for i := range m.layers {
			m.layers[i].y = make([]T, outs[i+1].Shape().TotalSize())
			m.read(outs[i+1], m.layers[i].y)
		}
		m.tape(outs[:1], nil, nil)
		return nil
	}
	err := m.compile(n, outs, nil, nil)
	for i := range m.layers {
		if err == nil {
			m.layers[i].y = m.program.Data(outs[i+1]).([]T)
		}
	}
	return err
}

// layerOutputs returns the layers' outputs for the first k examples.
func (m *machine[T]) layerOutputs(k int) []LayerOutput {
	all := make([]LayerOutput, len(m.layers))
	for i, l := range m.layers {
		all[i] = LayerOutput{Row: l.Row, Y: make([]float32, len(l.y)/m.batch*k)}
		convert(all[i].Y, l.y[:len(all[i].Y)])
	}
	return all
}

// targets returns the node of the targets.
func (m *machine[T]) targets(b *Builder, n *Net, batch int) *Node {
	data := m.target
	if n.Targets == 0 {
		data = make([]T, batch*n.Outputs)
	}
	return b.variable("label", Shape{batch, n.Outputs}, data)
}

// compile builds the program for outs, which are the outputs and then the cost, and for the gradients of params.
func (m *machine[T]) compile(n *Net, outs, nodes Nodes, params []*Param) error {
	y := outs[0]
	if n.config.Tape {
		m.tape(outs, nodes, params)
		return nil
	}
	for i, p := range nodes {
		gorgonia.WithGrad(tensor.New(tensor.WithShape(p.Shape()...), tensor.WithBacking(params[i].Grad)))(p)
	}
	order := slices.Clone(outs)
	slices.Reverse(order) // the cost first: gradient descent checks it before it updates anything
	for _, r := range m.moving {
		order = append(order, r.node)
	}
	if m.mask != nil {
		order = append(order, m.mask)
	}
	for _, k := range m.tokens {
		order = append(order, k.node)
	}
	program, err := vm.Compile(order, nodes, vm.Config{Threads: n.config.Threads, Descent: m.descent, Bound: true})
	if err != nil {
		return err
	}
	m.vm, m.program, m.y = program, program, program.Data(y).([]T)
	if len(outs) > 1 {
		m.cost = program.Data(outs[1]).([]T)
	}
	for i := range m.moving {
		m.moving[i].batch = program.Data(m.moving[i].node)
	}
	if m.mask != nil {
		m.there = program.Data(m.mask).([]T)
	}
	for i := range m.tokens {
		m.tokens[i].data = program.Data(m.tokens[i].node)
	}
	if half, all := program.Half(), len(m.x)/m.batch; half > 0 {
		if x, ok := any(m.x).([]float32); ok {
			m.halves = team.Job{Parts: 2, Run: func(i int) { m.source.LoadColumns(x, i*half, half+i*(all-half)) }}
		}
	}
	return nil
}

// tape sets the machine up to run on Gorgonia's TapeMachine.
func (m *machine[T]) tape(outs, nodes Nodes, params []*Param) {
	m.y = make([]T, outs[0].Shape().TotalSize())
	m.read(outs[0], m.y)
	if len(outs) > 1 {
		m.cost = make([]T, 1)
		m.read(outs[1], m.cost)
	}
	for i, n := range nodes {
		m.read(n.Deriv(), params[i].Grad)
	}
	for i := range m.moving {
		r := &m.moving[i]
		r.batch = make([]T, r.node.Shape().TotalSize())
		m.read(r.node, r.batch)
	}
	if m.mask != nil {
		m.there = make([]T, m.mask.Shape().TotalSize())
		m.read(m.mask, m.there)
	}
	for i := range m.tokens {
		k := &m.tokens[i]
		k.data = make([]T, k.node.Shape().TotalSize())
		m.read(k.node, k.data)
	}
	m.vm = gorgonia.NewTapeMachine(m.graph)
}

// read makes every run copy n's value to to. An intermediate node's own Value may hold a later op's result by then.
func (m *machine[T]) read(n *Node, to any) {
	r := read{new(gorgonia.Value), to}
	gorgonia.Read(n, r.value)
	m.reads = append(m.reads, r)
}

// load lets the source write the inputs and targets.
func (m *machine[T]) load(src Source) {
	m.part, _ = src.(Part)
	x, ok := any(m.x).([]float32)
	y, _ := any(m.target).([]float32)
	switch own, exact := src.(*given64); {
	case !ok && exact:
		convert(m.x, own.x)
		convert(m.target, own.y[:len(m.target)])
	case !ok:
		m.stage(src)
	default:
		m.fill(src, x, y)
	}
	if m.train && m.loss.Smoothing > 0 {
		smooth(m.target, len(m.target)/(m.batch*m.answers), T(m.loss.Smoothing))
	}
}

// fill lets the source write to float32 memory, in two halves if the first layer is split.
func (m *machine[T]) fill(src Source, x, y []float32) {
	columns, ok := src.(Columns)
	if !ok || m.halves.Run == nil {
		src.Load(x, y)
		return
	}
	m.source = columns
	columns.LoadTargets(y)
	team.Do(&m.halves, m.program.Threads())
}

// stage lets the source write to float32 memory and converts the numbers.
func (m *machine[T]) stage(src Source) {
	if m.staged[0] == nil {
		m.staged = [2][]float32{make([]float32, len(m.x)), make([]float32, len(m.target))}
	}
	src.Load(m.staged[0], m.staged[1])
	convert(m.x, m.staged[0])
	convert(m.target, m.staged[1])
}

func (m *machine[T]) run() error {
	defer m.vm.Reset()
	if err := m.vm.RunAll(); err != nil && err != vm.ErrNonfinite {
		return fmt.Errorf("graph: %w", err)
	}
	for _, r := range m.reads {
		convert(r.to, (*r.value).Data())
	}
	for i := range m.tokens {
		if err := wrong[T](&m.tokens[i], m.batch); err != nil {
			return err
		}
	}
	return nil
}

// step draws the dropout masks, runs, and updates the running statistics.
func (m *machine[T]) step(n *Net) (Stats, error) {
	for i := range m.masks {
		m.drop(&m.masks[i], n.config.Seed, n.Steps)
	}
	n.Steps++
	m.core.trained = m
	s, err := m.stats()
	if n.across != nil && n.across.err != nil {
		return s, fmt.Errorf("graph: %w", n.across.err)
	}
	if err == nil && isFinite(s.Cost) {
		for i := range m.moving {
			move[T](&m.moving[i])
		}
	}
	return s, err
}

// stats runs the machine and returns its cost and right answers.
func (m *machine[T]) stats() (Stats, error) {
	if err := m.run(); err != nil {
		return Stats{}, err
	}
	s := Stats{Cost: float64(m.cost[0])}
	if m.loss.Classes && len(m.target) > 0 {
		s.Correct, s.Answers = correct(m.y, m.target, m.there, len(m.y)/(m.batch*m.answers))
	}
	return s, nil
}

func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

func (m *machine[T]) outputs(y []float32)    { convert(y, m.y) }
func (m *machine[T]) inputGrad(dx []float32) { convert(dx, m.dx) }

// maskCopies returns copies of the masks in float64.
func (m *machine[T]) maskCopies() [][]float64 {
	all := make([][]float64, len(m.masks))
	for i, k := range m.masks {
		data := k.data.([]T)
		all[i] = make([]float64, len(data))
		convert(all[i], data)
	}
	return all
}

func (m *machine[T]) descend(_ *Net, eta, l2 float64) {
	if m.descent != nil {
		m.descent.Eta, m.descent.L2 = eta, l2
	}
}

func (m *machine[T]) inputs() int {
	n := len(m.x) + len(m.target)
	for _, k := range m.masks {
		n += len(k.data.([]T))
	}
	return n
}

func (m *machine[T]) graphOf() *gorgonia.ExprGraph       { return m.graph }
func (m *machine[T]) threads() int                       { return m.program.Threads() }
func (m *machine[T]) memory() (activations, scratch int) { return m.program.Memory() }
func (m *machine[T]) listing() string                    { return m.program.String() }
