package graph

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/graph/op"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A Builder makes one graph of a network: for training or evaluation, at one mini-batch size. It hands out the parameters.
type Builder struct {
	// Training says that the graph is to be trained: dropout drops.
	Training bool

	net      *Net
	graph    *gorgonia.ExprGraph
	input    *Node
	scope    string         // in front of names: of the shared layer whose Build is running
	count    map[string]int // layers so far of each kind, for names
	frozen   bool           // what is built is not trained
	asked    []*Param       // all parameters, in the order in which the layers asked
	leaves   Nodes          // and their nodes
	params   []*Param       // those that are trained
	nodes    Nodes          // and their nodes
	masks    []mask
	dropouts int // layers so far
	moving   []moving
	tokens   []tokens
	present  map[int64]*Node // the masks of sequences, by the sequence's node

	layers  int // so far
	outline *outline
}

// Input is the node of the examples (m, Input): for a loss that compares with them, as an autoencoder's does.
func (b *Builder) Input() *Node { return b.input }

// Row is a line of a network's summary. A layer with layers inside comes before them; they have its parameters and multiply-adds, but
// for those that it makes itself.
type Row struct {
	Name   string // its number or name among those around it, as in errors; behind that of its branch, copy or sequence: 1.0
	Layer  string // its text form; of a layer with layers inside, the name
	Output Shape  // of one example
	Params int
	MACs   int // multiply-adds of products with weights, forward, of one example
	Depth  int // how many layers it is inside of
}

// Fail stops the build with an error, which comes out of [New] behind the layer's number and name.
func (b *Builder) Fail(format string, args ...any) { op.Fail(format, args...) }

// Name is kind with a number, unique in the network and the same each time the network is built: "dense2".
func (b *Builder) Name(kind string) string {
	b.count[kind]++
	return fmt.Sprint(b.scope, kind, b.count[kind])
}

// Param is the node of the network's parameter of that name; the first build of the network makes the parameter, of independent
// N(0, std²). decay says whether L2 regularization applies.
func (b *Builder) Param(name string, shape Shape, std float64, decay bool) *Node {
	return b.drawn(name, shape, Gaussian, std, decay)
}

// drawn is Param for a parameter of any distribution.
func (b *Builder) drawn(name string, shape Shape, draw Draw, scale float64, decay bool) *Node {
	return b.param(name, shape, decay, func(x any) {
		if scale != 0 {
			draw.fill(x, shape[0], scale, b.net.config.Seed, name)
		}
	})
}

// Zeros is a node of zeros, the same each time: the state that a recurrent network begins with.
func (b *Builder) Zeros(shape ...int) *Node {
	return b.variable(fmt.Sprint("zeros", Shape(shape)), shape, b.net.buffer(Shape(shape).TotalSize()))
}

// Filled is Param for a parameter all of whose elements start at value.
func (b *Builder) Filled(name string, shape Shape, value float64, decay bool) *Node {
	return b.param(name, shape, decay, func(x any) { fill(x, value) })
}

func (b *Builder) param(name string, shape Shape, decay bool, start func(x any)) *Node {
	p := b.net.param(name, shape, decay, b.frozen, start)
	if !p.Shape.Eq(shape) {
		op.Fail("parameter %s is %v here and %v elsewhere; give each its own name", name, shape, p.Shape)
	}
	if i := slices.Index(b.asked, p); i >= 0 {
		return b.leaves[i] // weights shared by two layers
	}
	n := b.variable(name, shape, p.Data)
	b.asked, b.leaves = append(b.asked, p), append(b.leaves, n)
	if !b.frozen {
		b.params, b.nodes = append(b.params, p), append(b.nodes, n)
	}
	return n
}

// variable is a named leaf over the given memory.
func (b *Builder) variable(name string, shape Shape, data any) *Node {
	t := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
	return gorgonia.NewTensor(b.graph, b.net.dtype(), len(shape),
		gorgonia.WithShape(shape...), gorgonia.WithName(name), gorgonia.WithValue(t))
}

// maxLayers is how many layers a network may have, so that a short text does not stand for a network that takes all memory.
const maxLayers = 4096

// layer builds a layer, which has a number or a name; errors get it in front. Only a Joiner has more than one input.
func (b *Builder) layer(where string, l Layer, x ...*Node) *Node {
	shapes := make([]string, len(x))
	for i := range x {
		shapes[i] = fmt.Sprint(x[i].Shape())
	}
	defer op.Wrap(func(err error) error {
		return &LayerError{where, " " + label(l) + ": input " + strings.Join(shapes, " and "), err}
	})
	if b.layers++; b.layers > maxLayers {
		op.Fail("the network has more than %d layers; use fewer", maxLayers)
	}
	shut := b.open(where, l, x...)
	y := build(b, l, x)
	if y == nil {
		op.Fail("its Build returns no node")
	}
	s := y.Shape()
	if len(s) == 0 || s[0] != x[0].Shape()[0] {
		op.Fail("its output %v does not keep the mini-batch as first axis", s)
	}
	if op.Numbers(s[1:]) > maxParams {
		op.Fail("its output %v has more than %d numbers for one example; use a smaller layer", s, maxParams)
	}
	b.pass(y, x)
	shut(y)
	return y
}

func build(b *Builder, l Layer, x Nodes) *Node {
	if l == nil {
		op.Fail("there is none; give it one")
	}
	if len(x) == 1 {
		return l.Build(b, x[0])
	}
	j, ok := l.(Joiner)
	if !ok {
		op.Fail("it takes one input, and has %d; join them by add or concat", len(x))
	}
	return j.Join(b, x...)
}
