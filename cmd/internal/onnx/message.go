package onnx

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/stheno-ml/stheno/graph"
)

// message is a protocol buffer's message, field by field. The fields have the numbers of onnx.proto.
type message []byte

func (m *message) int(field protowire.Number, v int) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, field, protowire.VarintType), uint64(v))
}

func (m *message) bytes(field protowire.Number, v []byte) {
	*m = protowire.AppendBytes(protowire.AppendTag(*m, field, protowire.BytesType), v)
}

func (m *message) text(field protowire.Number, v string) { m.bytes(field, []byte(v)) }

// The types of elements.
const (
	float   = 1
	integer = 7 // int64
)

// initializer adds a TensorProto, and returns its name.
func (b *body) initializer(name string, kind int, shape graph.Shape, raw []byte) string {
	name = b.unique(name)
	t := message{}
	for _, d := range shape {
		t.int(1, d)
	}
	t.int(2, kind)
	t.text(8, name)
	t.bytes(9, raw)
	b.constants = append(b.constants, constant{name, t})
	return name
}

// nodeProto is a NodeProto with one output.
func nodeProto(kind string, in []string, y string, attributes ...attribute) message {
	n := message{}
	for _, x := range in {
		n.text(1, x)
	}
	n.text(2, y)
	n.text(3, y)
	n.text(4, kind)
	for _, a := range attributes {
		n.bytes(5, a)
	}
	return n
}

// attribute is an AttributeProto.
type attribute = message

// withInt is an attribute with an integer, withFloat with a number, withInts with a list of integers, and withText with a text.
func withInt(name string, v int) attribute {
	a := attribute{}
	a.text(1, name)
	a.int(3, v)
	a.int(20, 2)
	return a
}

func withFloat(name string, v float64) attribute {
	a := attribute{}
	a.text(1, name)
	a = protowire.AppendFixed32(protowire.AppendTag(a, 2, protowire.Fixed32Type), math.Float32bits(float32(v)))
	a.int(20, 1)
	return a
}

func withInts(name string, v ...int) attribute {
	a := attribute{}
	a.text(1, name)
	for _, i := range v {
		a.int(8, i)
	}
	a.int(20, 7)
	return a
}

func withText(name, v string) attribute {
	a := attribute{}
	a.text(1, name)
	a.text(4, v)
	a.int(20, 3)
	return a
}

// valueProto is a ValueInfoProto: the name, type and shape of an input or output.
func valueProto(name string, shape graph.Shape) message {
	dims := message{}
	for _, d := range shape {
		dim := message{}
		if d < 0 {
			dim.text(2, "batch")
		} else {
			dim.int(1, d)
		}
		dims.bytes(1, dim)
	}
	tensor, kind, v := message{}, message{}, message{}
	tensor.int(1, float)
	tensor.bytes(2, dims)
	kind.bytes(1, tensor)
	v.text(1, name)
	v.bytes(2, kind)
	return v
}
