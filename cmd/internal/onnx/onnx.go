// Package onnx writes networks as ONNX files, which ONNX Runtime and many other programs run. A file is a protocol buffer of the message
// ModelProto in https://github.com/onnx/onnx/blob/main/onnx/onnx.proto; this package writes the few fields that a network needs.
//
// Each op of package graph has a row in a table, which writes it with ONNX's ops. Elements are float32, even if the network's are float64. The
// examples are called x (batch, …), the outputs y (batch, outputs); the size of the mini-batch is free.
package onnx

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/stheno-ml/stheno/graph"
)

// The version of ONNX's ops, and the version of the format at that time (ONNX 1.12, 2022).
const (
	opset   = 17
	version = 8
)

// Info is what a file says about its network, and how it scales examples and outputs, so that both are in the unit of the data.
type Info struct {
	Name     string
	Doc      string
	Metadata map[string]string
	Inputs   *Scaling // x becomes (x-Mean)/Deviation before the network; nil: unchanged
	Outputs  *Scaling // y becomes y·Deviation+Mean after it; nil: unchanged
}

// Scaling has a number for each index of an example's first axis, a channel or an input.
type Scaling struct {
	Mean, Deviation []float64
	Fill            []float64 // replaces an x that is NaN; nil: NaN stays
}

// Encode is the file of the network that predicts. The error names a layer and op without a form in ONNX.
func Encode(n *graph.Net, info Info) ([]byte, error) {
	values, err := n.Forward()
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	b := &body{values: values, names: make([]string, len(values)), taken: map[string]bool{input: true, output: true}, read: map[string]bool{}}
	b.x, b.y = b.scaled(info.Inputs, len(n.Input)), output
	if info.Outputs != nil {
		b.y = b.unique("predicted")
	}
	for i, v := range values {
		if err := b.value(i, v); err != nil {
			return nil, fmt.Errorf("onnx: %s: %w", v.Layer, err)
		}
	}
	last := len(values) - 1
	if b.names[last] != b.y { // nothing was computed
		b.write(b.y, "Identity", nil, b.names[last])
	}
	if s := info.Outputs; s != nil {
		shape := graph.Shape{len(s.Mean)}
		b.write(output, "Add", nil, b.node("Mul", b.y, b.tensor("deviation", shape, s.Deviation)), b.tensor("mean", shape, s.Mean))
	}
	g := message{}
	for _, node := range b.needed() {
		g.bytes(1, node.proto)
	}
	g.text(2, info.Name)
	for _, c := range b.constants {
		if b.read[c.name] {
			g.bytes(5, c.tensor)
		}
	}
	g.bytes(11, valueProto(input, append(graph.Shape{-1}, n.Input...)))
	g.bytes(12, valueProto(output, values[last].Shape))
	return modelProto(g, info), nil
}

// The names of the examples and the outputs.
const (
	input  = "x"
	output = "y"
)

func modelProto(g message, info Info) []byte {
	m := message{}
	m.int(1, version)
	m.text(2, "stheno")
	m.text(6, info.Doc)
	m.bytes(7, g)
	set := message{}
	set.text(1, "")
	set.int(2, opset)
	m.bytes(8, set)
	for _, key := range slices.Sorted(maps.Keys(info.Metadata)) {
		entry := message{}
		entry.text(1, key)
		entry.text(2, info.Metadata[key])
		m.bytes(14, entry)
	}
	return m
}

// body is a graph that is being written.
type body struct {
	values    []graph.Value
	names     []string // of the values
	x, y      string   // the examples as the network sees them, and its outputs
	taken     map[string]bool
	size      string // the name of the mini-batch's size, a tensor (1); "" until it is needed
	nodes     []written
	read      map[string]bool // by the nodes that are needed
	constants []constant
}

// written is a NodeProto, with the names of its inputs and its result.
type written struct {
	x     []string
	y     string
	proto message
}

// needed are the nodes that the outputs depend on.
func (b *body) needed() (nodes []written) {
	b.read[output] = true
	for _, n := range slices.Backward(b.nodes) {
		if b.read[n.y] {
			nodes = append(nodes, n)
			for _, x := range n.x {
				b.read[x] = true
			}
		}
	}
	slices.Reverse(nodes)
	return nodes
}

// constant is a parameter or a constant as a TensorProto.
type constant struct {
	name   string
	tensor message
}

// value writes the i-th value.
func (b *body) value(i int, v graph.Value) error {
	if v.Op == "" {
		b.names[i] = b.leaf(v)
		return nil
	}
	x := make([]string, len(v.X))
	for k, from := range v.X {
		x[k] = b.names[from]
	}
	if b.names[i] = b.y; i < len(b.values)-1 {
		b.names[i] = b.unique(v.Op)
	}
	write, ok := rows[v.Op]
	if !ok {
		return fmt.Errorf("op %s has no form in ONNX; leave the layer out, or give its op a Made of ops that have one", v.Op)
	}
	return write(b, call{Value: v, x: x, y: b.names[i]})
}

// scaled writes the scaling of the examples, which have that many axes, and returns the result's name.
func (b *body) scaled(s *Scaling, axes int) string {
	if s == nil {
		return input
	}
	shape := graph.Shape{len(s.Mean)}
	for len(shape) < axes {
		shape = append(shape, 1)
	}
	x := input
	if s.Fill != nil {
		x = b.node("Where", b.node("IsNaN", x), b.tensor("fill", shape, s.Fill), x)
	}
	return b.node("Div", b.node("Sub", x, b.tensor("mean", shape, s.Mean)), b.tensor("deviation", shape, s.Deviation))
}

// leaf writes a value that is not computed, and returns its name.
func (b *body) leaf(v graph.Value) string {
	switch {
	case v.Data == nil:
		return b.x
	case v.Name != "":
		return b.tensor(v.Name, v.Shape, v.Data)
	case slices.ContainsFunc(v.Shape, negative):
		return b.node("Expand", b.floats(v.Data), b.shape(v.Shape))
	}
	return b.tensor("constant", v.Shape, v.Data)
}

func negative(d int) bool { return d < 0 }

// unique is an unused name: the given one, or that with a number.
func (b *body) unique(name string) string {
	free := name
	for i := 2; b.taken[free]; i++ {
		free = fmt.Sprint(name, "_", i)
	}
	b.taken[free] = true
	return free
}

// node writes a node, and returns its result's name.
func (b *body) node(kind string, in ...string) string { return b.nodeWith(kind, nil, in...) }

func (b *body) nodeWith(kind string, attributes []attribute, in ...string) string {
	y := b.unique(kind)
	b.write(y, kind, attributes, in...)
	return y
}

// write writes a node whose result is y.
func (b *body) write(y, kind string, attributes []attribute, in ...string) {
	b.nodes = append(b.nodes, written{in, y, nodeProto(kind, in, y, attributes...)})
}

// tensor writes an initializer of []float32 or []float64, and returns its name.
func (b *body) tensor(name string, shape graph.Shape, data any) string {
	raw := []byte{}
	switch data := data.(type) {
	case []float32:
		raw = floatBytes(data)
	case []float64:
		raw = floatBytes(data)
	}
	return b.initializer(name, float, shape, raw)
}

// floats is the name of a constant, a vector or one number.
func (b *body) floats(data any) string { return b.tensor("constant", graph.Shape{1}, data) }

// number is the name of a constant that is one number, without axes.
func (b *body) number(x float64) string { return b.tensor("constant", nil, []float64{x}) }

// ints is the name of a constant vector of integers.
func (b *body) ints(x ...int) string {
	var raw []byte
	for _, v := range x {
		raw = protowire.AppendFixed64(raw, uint64(v))
	}
	return b.initializer("constant", integer, graph.Shape{len(x)}, raw)
}

// shape is the name of a shape, which may depend on the mini-batch.
func (b *body) shape(s graph.Shape) string {
	if !slices.ContainsFunc(s, negative) {
		return b.ints(s...)
	}
	if b.size == "" {
		b.size = b.nodeWith("Shape", []attribute{withInt("start", 0), withInt("end", 1)}, input)
	}
	parts := make([]string, len(s))
	for i, d := range s {
		switch {
		case d >= 0:
			parts[i] = b.ints(d)
		case d == -1:
			parts[i] = b.size
		default:
			parts[i] = b.node("Mul", b.size, b.ints(-d))
		}
	}
	return b.nodeWith("Concat", []attribute{withInt("axis", 0)}, parts...)
}

// floatBytes are numbers as float32, little endian.
func floatBytes[T float32 | float64](x []T) []byte {
	raw := make([]byte, 0, 4*len(x))
	for _, v := range x {
		raw = protowire.AppendFixed32(raw, math.Float32bits(float32(v)))
	}
	return raw
}
