package compare

import (
	"fmt"
	"slices"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/models/byhand"
)

// referee is a network by hand. It has a tensor for each parameter of the graph, in the same order and layout.
type referee interface {
	// set sets the weights and biases.
	set(weights [][]float64)
	// step makes a step of gradient descent. masks[i] are the masks of example i. The result is valid until the next step.
	step(batch []byhand.Example, masks [][][]float64, d descent) tensors
	Evaluate(byhand.Data) int
	String() string
}

// descent is a step's η, λ and n, the number of training images.
type descent struct {
	eta, lambda float64
	n           int
}

// byHand is m by hand: as network.py or network2.py if possible, which have sigmoid neurons only. The sigmoids of the last layer may be part of the
// cross-entropy cost.
func byHand(m models.Model) (referee, error) {
	s, err := ofModel(m)
	if err != nil {
		return nil, err
	}
	other := func(a *activation) bool { return a != sigmoid }
	if s.sizes != nil && s.sites == nil && !slices.ContainsFunc(s.act, other) {
		return newNetwork(s.sizes, m), nil
	}
	hand, err := newDeep(s.layers, m)
	if err != nil {
		return nil, fmt.Errorf("compare: model %s: %w", m.Name, err)
	}
	return hand, nil
}

// plain is the layers of a sequence, with nested sequences flattened.
func plain(l graph.Layer) []graph.Layer {
	seq, ok := l.(graph.Seq)
	if !ok {
		return []graph.Layer{l}
	}
	var all []graph.Layer
	for _, l := range seq {
		all = append(all, plain(l)...)
	}
	return all
}

// network is byhand.Network, or byhand.Network2 if chapter 3 is needed.
type network struct {
	*byhand.Network2
	chapter3 bool
}

func newNetwork(sizes []int, m models.Model) network {
	net := byhand.Network{Sizes: sizes, Cost: byhand.QuadraticCost{}}
	if m.Loss.Name == graph.CrossEntropy.Name {
		net.Cost = byhand.CrossEntropyCost{}
	}
	return network{&byhand.Network2{Network: net}, m.Loss.Name == graph.CrossEntropy.Name || m.Recipe.Lambda != 0}
}

func (h network) String() string {
	if h.chapter3 {
		return "byhand.Network2, which is network2.py"
	}
	return "byhand.Network, which is network.py"
}

func (h network) set(weights [][]float64) {
	h.Weights, h.Biases = nil, nil
	for l, inputs := range h.Sizes[:len(h.Sizes)-1] {
		h.Weights = append(h.Weights, turned(weights[2*l], inputs))
		h.Biases = append(h.Biases, slices.Clone(weights[2*l+1]))
	}
}

func (h network) step(batch []byhand.Example, _ [][][]float64, d descent) tensors {
	var nabla [][]float64
	for i, e := range batch {
		b, w := h.Backprop(e.X, e.Y)
		if i == 0 {
			nabla = h.tensors(w, b)
			continue
		}
		for l, g := range h.tensors(w, b) {
			axpy(nabla[l], 1, g)
		}
	}
	if h.chapter3 {
		h.UpdateMiniBatch(batch, d.eta, d.lambda, d.n)
	} else {
		h.Network.UpdateMiniBatch(batch, d.eta)
	}
	return tensors{divided(nabla, len(batch)), h.tensors(h.Weights, h.Biases)}
}

// tensors are matrices (n_out, n_in) and biases in the order and layout of the graph.
func (h network) tensors(w, b [][]float64) [][]float64 {
	var all [][]float64
	for l := range w {
		all = append(all, turned(w[l], h.Sizes[l+1]), slices.Clone(b[l]))
	}
	return all
}

// divided turns sums over m examples into means.
func divided(tensors [][]float64, m int) [][]float64 {
	for _, t := range tensors {
		for i := range t {
			t[i] /= float64(m)
		}
	}
	return tensors
}

// deep is byhand.Deep, whose layouts are the graph's.
type deep struct{ *byhand.Deep }

// outputs has the costs by name, with the output that each needs.
var outputs = map[string]byhand.Output{
	graph.Quadratic.Name:     byhand.LinearQuadratic,
	graph.CrossEntropy.Name:  byhand.SigmoidCrossEntropy,
	graph.LogLikelihood.Name: byhand.SoftmaxLogLikelihood,
}

func newDeep(layers []graph.Layer, m models.Model) (deep, error) {
	output, ok := outputs[m.Loss.Name]
	if !ok {
		return deep{}, fmt.Errorf("cost %s does not exist by hand; use quadratic, cross-entropy or log-likelihood", m.Loss.Name)
	}
	h := deep{&byhand.Deep{Output: output}}
	shape := m.Input
	for i, l := range layers {
		hand, y := layer(l, shape)
		if y == nil {
			return deep{}, fmt.Errorf("layer %d %s does not exist by hand; use dense, conv with square filters and without stride, pad, groups and dilation, pool without stride and pad, dropout, sigmoid, tanh and relu, all with biases", i, graph.Seq{l})
		}
		if shape = y; hand != nil {
			h.Layers = append(h.Layers, hand)
		}
	}
	return h, nil
}

// layer is l by hand, for an example of shape x, and the shape of its output. The layer is nil if it does nothing; the shape is nil if the layer
// does not exist by hand.
func layer(l graph.Layer, x graph.Shape) (byhand.Layer, graph.Shape) {
	if a := activationOf(l); a != nil {
		return a.Activation, x
	}
	switch l := l.(type) {
	case graph.Flatten:
		return nil, x
	case graph.Dense:
		if l.NoBias {
			return nil, nil
		}
		return byhand.NewDense(x.TotalSize(), l.Out), graph.Shape{l.Out}
	case graph.Conv:
		square := l.Cols == 0 || l.Cols == l.Kernel
		if l.Stride > 1 || l.Pad != 0 || l.NoBias || !square || l.Dilation > 1 || l.Groups > 1 {
			return nil, nil
		}
		return byhand.NewConvolution(x[0], x[1], x[2], l.Out, l.Kernel), graph.Shape{l.Out, x[1] - l.Kernel + 1, x[2] - l.Kernel + 1}
	case graph.MaxPool:
		if l.Stride != 0 && l.Stride != l.Size || l.Pad != 0 {
			return nil, nil
		}
		return byhand.MaxPool{Maps: x[0], Rows: x[1], Cols: x[2], Size: l.Size}, graph.Shape{x[0], x[1] / l.Size, x[2] / l.Size}
	case graph.Dropout:
		if l.P == 0 {
			return nil, x
		}
		if l.Unscaled {
			return &byhand.Dropout{Scale: 1 - l.P}, x
		}
		return &byhand.Dropout{Scale: 1}, x
	}
	return nil, nil
}

func (h deep) String() string { return "byhand.Deep, chapter 6 by hand" }

func (h deep) set(weights [][]float64) {
	for l, p := range h.Parameters() {
		copy(p.W, weights[2*l])
		copy(p.B, weights[2*l+1])
	}
}

func (h deep) step(batch []byhand.Example, masks [][][]float64, d descent) tensors {
	h.UpdateMiniBatch(batch, masks, d.eta, d.lambda, d.n)
	var t tensors
	for _, p := range h.Parameters() {
		t.nabla, t.weights = append(t.nabla, p.NablaW, p.NablaB), append(t.weights, p.W, p.B)
	}
	divided(t.nabla, len(batch)) // the next step does not need the sums
	return t
}
