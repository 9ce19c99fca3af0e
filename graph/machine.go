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
)

// machine is a graph of a network for one use, on a VM, with the memory of its inputs and outputs.
type machine struct {
	graph     *gorgonia.ExprGraph
	vm        gorgonia.VM
	x         any     // the input's elements
	label     any     // the labels' rows
	smoothing float64 // the loss's smoothing, in training
	masks     []mask
	moving    []*moving
	cost      any    // one element
	y         any    // the outputs (m,classes)
	reads     []read // what to copy after a run
	rule      *vm.Descent
	half      int // columns of the input's first half, where the first layer works by halves
}

// read is a node's value after a run, and the memory that wants it.
type read struct {
	value *gorgonia.Value
	to    any
}

// load is the machine for u with its inputs loaded.
func (n *Net) load(u use, x []float32, labels []byte) (*machine, error) {
	if u.batch < 1 || len(labels) != u.batch || len(x) != u.batch*n.Input.TotalSize() {
		return nil, fmt.Errorf("graph: %d numbers and %d labels for %d examples of shape %v", len(x), len(labels), u.batch, n.Input)
	}
	m, err := n.machine(u)
	if err != nil {
		return nil, err
	}
	if own, ok := m.x.([]float32); !ok || &own[0] != &x[0] {
		convert(m.x, x)
	}
	return m, m.loadLabels(labels, n.Classes)
}

// machine finds or makes the graph and VM for u.
func (n *Net) machine(u use) (*machine, error) {
	m := n.machines[u]
	if m == nil {
		var err error
		if m, err = n.newMachine(u); err != nil {
			return nil, fmt.Errorf("graph: %w", err)
		}
		n.machines[u] = m
	}
	return m, nil
}

func (n *Net) newMachine(u use) (m *machine, err error) {
	defer op.Catch(&err)
	if u.purpose != evaluating && u.batch < n.least {
		return nil, errors.New("a batch norm cannot train on one example: one number a feature has no spread; use mini-batches of at least 2")
	}
	b, x := n.builder(u)
	label := b.variable("label", Shape{u.batch, n.Classes}, buffer(n.dtype, u.batch*n.Classes))
	y := n.layer.Build(b, x)
	m = &machine{graph: b.graph, x: x.Value().Data(), label: label.Value().Data(), masks: b.masks, moving: b.moving}
	cost := n.cost(b, y, label)
	var params Nodes
	if b.Training {
		m.smoothing = n.Loss.Smoothing
		if err := differentiate(cost, b); err != nil {
			return nil, err
		}
		params = b.nodes
	} else if n.Loss.Output != nil {
		y = n.Loss.Output.Build(b, y)
	}
	if n.tape {
		m.tape(cost, y, params, b.params)
		return m, nil
	}
	for i, p := range params {
		grad := tensor.New(tensor.WithShape(p.Shape()...), tensor.WithBacking(b.params[i].Grad))
		gorgonia.WithGrad(grad)(p)
	}
	if u.purpose == descending {
		m.rule = &vm.Descent{}
		for _, p := range b.params {
			m.rule.Decay = append(m.rule.Decay, p.Decay)
		}
	}
	outs := Nodes{cost, y}
	for _, r := range m.moving {
		outs = append(outs, r.node)
	}
	program, err := vm.Compile(outs, params, vm.Config{Threads: n.threads, Descent: m.rule})
	if err != nil {
		return nil, err
	}
	for _, r := range m.moving {
		r.batch = program.Data(r.node)
	}
	m.half = program.Half()
	m.vm, m.cost, m.y = program, program.Data(cost), program.Data(y)
	return m, nil
}

// tape puts the machine's graph on Gorgonia's TapeMachine.
func (m *machine) tape(cost, y *Node, nodes Nodes, params []*Param) {
	m.cost, m.y = buffer(cost.Dtype(), 1), buffer(y.Dtype(), y.Shape().TotalSize())
	m.read(cost, m.cost)
	m.read(y, m.y)
	for i, n := range nodes {
		m.read(n.Deriv(), params[i].Grad)
	}
	for _, r := range m.moving {
		r.batch = buffer(y.Dtype(), r.node.Shape().TotalSize())
		m.read(r.node, r.batch)
	}
	m.vm = gorgonia.NewTapeMachine(m.graph)
}

// read makes every run leave n's value in to. An intermediate node's own Value may hold a later op's result by then.
func (m *machine) read(n *Node, to any) {
	r := read{new(gorgonia.Value), to}
	gorgonia.Read(n, r.value)
	m.reads = append(m.reads, r)
}

func (m *machine) run() error {
	defer m.vm.Reset()
	if err := m.vm.RunAll(); err != nil && err != vm.ErrNonfinite {
		return fmt.Errorf("graph: %w", err)
	}
	for _, r := range m.reads {
		convert(r.to, (*r.value).Data())
	}
	return nil
}

// stats runs the machine and sums up.
func (m *machine) stats(labels []byte) (Stats, error) {
	if err := m.run(); err != nil {
		return Stats{}, err
	}
	switch y := m.y.(type) {
	case []float32:
		return Stats{float64(m.cost.([]float32)[0]), correct(y, labels)}, nil
	case []float64:
		return Stats{m.cost.([]float64)[0], correct(y, labels)}, nil
	}
	return Stats{}, nil
}

// correct counts the examples whose largest output is the label's.
func correct[T kernel.Float](y []T, labels []byte) int {
	n, classes := 0, len(y)/len(labels)
	for i, l := range labels {
		if Argmax(y[i*classes:(i+1)*classes]) == int(l) {
			n++
		}
	}
	return n
}

// Argmax is the index of the largest element, the first of equals; a NaN is never the largest. It is -1 where all are NaN.
func Argmax[T kernel.Float](y []T) int {
	at, top := -1, T(math.Inf(-1))
	for i, v := range y {
		if v > top || at < 0 && v == top {
			at, top = i, v
		}
	}
	return at
}

// loadLabels writes class numbers as rows: one-hot, or smoothed.
func (m *machine) loadLabels(labels []byte, classes int) error {
	if top := slices.Max(labels); int(top) >= classes {
		return fmt.Errorf("graph: label %d for a network of %d outputs; give the last layer at least %d", top, classes, top+1)
	}
	switch d := m.label.(type) {
	case []float32:
		smooth(d, labels, classes, float32(m.smoothing))
	case []float64:
		smooth(d, labels, classes, m.smoothing)
	}
	return nil
}

// smooth is d = (1−ε) one-hot + ε/classes, by rows.
func smooth[T kernel.Float](d []T, labels []byte, classes int, epsilon T) {
	op.Fill(d, epsilon/T(classes))
	for i, l := range labels {
		d[i*classes+int(l)] += 1 - epsilon
	}
}

// convert copies numbers of one element type into memory of another; src may be one number.
func convert(dst, src any) {
	switch s := src.(type) {
	case float32:
		convert(dst, []float32{s})
	case float64:
		convert(dst, []float64{s})
	case []float32:
		convertFrom(dst, s)
	case []float64:
		convertFrom(dst, s)
	}
}

func convertFrom[T kernel.Float](dst any, src []T) {
	switch d := dst.(type) {
	case []T:
		copy(d, src)
	case []float32:
		for i, v := range src {
			d[i] = float32(v)
		}
	case []float64:
		for i, v := range src {
			d[i] = float64(v)
		}
	}
}
