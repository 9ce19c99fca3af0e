package graph

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/stheno-ml/stheno/graph/op"
)

// Apply builds a layer on nodes of your own Gorgonia graph. It returns the layer's output and the nodes of its parameters. The parameters are
// initialized from c.Seed and c.Init in the element type of x. A solver's step on the parameter nodes trains the layer. Another graph, such as
// one for predictions, can read the same weights:
//
//	gorgonia.Let(other[i], params[i].Value())
//
// The first axis of x is the mini-batch. Only a [Joiner] takes several x. Layer numbers continue those of the graph: dense3 follows dense2.
// Dropout and batch norm are errors here, because they have a state that a [Net] keeps from step to step; use gorgonia.Dropout and
// gorgonia.BatchNorm. After an error, discard the graph: it may contain part of the layer.
func Apply(c Config, l Layer, x ...*Node) (y *Node, params Nodes, err error) {
	defer func() {
		if err != nil {
			y, params, err = nil, nil, fmt.Errorf("graph: %w", err)
		}
	}()
	defer op.Catch(&err)
	if err := applicable(l, x); err != nil {
		return nil, nil, err
	}
	g := x[0].Graph()
	names, count := taken(g)
	c.Init, c.Float64 = cmp.Or(c.Init, Default), x[0].Dtype() == tensor.Float64
	n := &Net{config: c, core: newNumbers[float32]()}
	if c.Float64 {
		n.core = newNumbers[float64]()
	}
	b := &Builder{Training: true, net: n, graph: g, input: x[0], count: count, outline: newOutline(x[0])}
	if seq, ok := l.(Seq); ok && len(x) == 1 {
		y = seq.Build(b, x[0])
	} else {
		y = b.layer("0", l, x...)
	}
	if len(b.masks) > 0 || len(b.moving) > 0 {
		return nil, nil, errors.New("dropout and batch norm have a state that a Net keeps; use Gorgonia's in a graph of your own")
	}
	for _, p := range b.asked {
		if names[p.Name] {
			return nil, nil, fmt.Errorf("the graph already has a node %s, which Gorgonia would take for the parameter; rename it", p.Name)
		}
	}
	return y, b.nodes, nil
}

func applicable(l Layer, x Nodes) error {
	if l == nil || len(x) == 0 {
		return errors.New("no layer, or no node to apply it to; pass one of each")
	}
	for i, n := range x {
		switch {
		case n == nil || n.Graph() == nil || n.Graph() != x[0].Graph():
			return fmt.Errorf("node %d is nil or belongs to another graph; use nodes of one graph", i)
		case n.Dims() == 0 || n.Dtype() != x[0].Dtype() || n.Dtype() != tensor.Float32 && n.Dtype() != tensor.Float64:
			return fmt.Errorf("node %v; use tensors of float32 or of float64, with the mini-batch as first axis", n)
		}
	}
	return nil
}

// taken returns the names of g's variables, and the highest layer number of each kind: a node dense2.w stands for 2 of dense.
func taken(g *gorgonia.ExprGraph) (names map[string]bool, count map[string]int) {
	names, count = map[string]bool{}, map[string]int{}
	for _, n := range g.AllNodes() {
		if n.Op() != nil {
			continue
		}
		names[n.Name()] = true
		layer, _, _ := strings.Cut(n.Name(), ".")
		kind := strings.TrimRight(layer, "0123456789")
		if i, err := strconv.Atoi(layer[len(kind):]); err == nil {
			count[kind] = max(count[kind], i)
		}
	}
	return names, count
}
