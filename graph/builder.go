package graph

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stheno-ml/stheno/graph/op"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A Builder makes one graph of a network, for training or for evaluation, for one mini-batch size. Layers get their parameters from it.
type Builder struct {
	// Training reports whether the graph is for training, where dropout is active.
	Training bool

	net      *Net
	graph    *gorgonia.ExprGraph
	input    *Node
	scope    string         // a prefix of names: the name of the shared layer being built
	count    map[string]int // layers built so far of each kind, which number their names
	frozen   bool           // what is built now is not trained
	asked    []*Param       // all parameters, in the order in which the layers asked for them
	leaves   Nodes          // their nodes
	params   []*Param       // the trained ones
	nodes    Nodes          // their nodes
	masks    []mask
	dropouts int // dropout layers so far
	moving   []moving
	tokens   []tokens
	present  map[int64]*Node // the masks of sequences, by the ID of the sequence's node

	layers  int // so far
	outline *outline
}

// Input returns the node of the examples (m, Input). A loss uses it to compare with the input, as an autoencoder's does.
func (b *Builder) Input() *Node { return b.input }

// Row is a line of a network's summary. A layer that contains layers comes before them. Its own row counts only the parameters and
// multiply-adds that it adds itself; the rows inside count the rest.
type Row struct {
	Name   string // its number or name among its neighbors, as in errors, after that of the branch, copy or sequence around it: 1.0
	Layer  string // its text form; for a layer that contains layers, only the name
	Output Shape  // the shape for one example
	Params int
	MACs   int // multiply-adds of products with weights in the forward pass of one example
	Depth  int // how many layers it is inside of
}

// Fail stops the build. [New] returns the error with the layer's number and name in front.
func (b *Builder) Fail(format string, args ...any) { op.Fail(format, args...) }

// Name returns kind with a number, such as "dense2". It is unique in the network and the same each time the network is built.
func (b *Builder) Name(kind string) string {
	b.count[kind]++
	return fmt.Sprint(b.scope, kind, b.count[kind])
}

// Param returns the node of the network's parameter of that name. The first build creates the parameter, with independent numbers from
// N(0, std²). decay says whether L2 regularization shrinks it.
func (b *Builder) Param(name string, shape Shape, std float64, decay bool) *Node {
	return b.drawn(name, shape, Gaussian, std, decay)
}

// drawn is Param for any distribution.
func (b *Builder) drawn(name string, shape Shape, draw Draw, scale float64, decay bool) *Node {
	return b.param(name, shape, decay, func(x any) {
		if scale != 0 {
			draw.fill(x, shape[0], scale, b.net.config.Seed, name)
		}
	})
}

// Zeros returns a node of zeros of the given shape, such as the initial state of a recurrent network.
func (b *Builder) Zeros(shape ...int) *Node {
	return b.variable(fmt.Sprint("zeros", Shape(shape)), shape, b.net.buffer(Shape(shape).TotalSize()))
}

// Filled is Param for a parameter whose elements all start at value.
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

// variable returns a named leaf that reads data.
func (b *Builder) variable(name string, shape Shape, data any) *Node {
	t := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
	return gorgonia.NewTensor(b.graph, b.net.dtype(), len(shape),
		gorgonia.WithShape(shape...), gorgonia.WithName(name), gorgonia.WithValue(t))
}

// maxLayers is the most layers that a network may have. Without a limit, a short text such as nested repeats could take all memory.
const maxLayers = 4096

// layer builds a layer. Errors get where, its number or name, in front. Only a Joiner takes more than one input.
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
		op.Fail("its Build returned nil; return a node")
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
		op.Fail("it is nil; use a layer")
	}
	if len(x) == 1 {
		return l.Build(b, x[0])
	}
	j, ok := l.(Joiner)
	if !ok {
		op.Fail("it takes one input but has %d; join them with add or concat", len(x))
	}
	return j.Join(b, x...)
}
