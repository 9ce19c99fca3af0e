package graph

import (
	"fmt"
	"strings"

	"github.com/stheno-ml/stheno/internal/term"
)

// The names of layers in texts. A layer with a Kind method has a text form, whose arguments are its exported fields.

func (Dense) Kind() string         { return "dense" }
func (Conv) Kind() string          { return "conv" }
func (ConvTranspose) Kind() string { return "convtranspose" }
func (MaxPool) Kind() string       { return "pool" }
func (AvgPool) Kind() string       { return "avgpool" }
func (GlobalAvgPool) Kind() string { return "globalavgpool" }
func (BatchNorm) Kind() string     { return "batchnorm" }
func (LayerNorm) Kind() string     { return "layernorm" }
func (Dropout) Kind() string       { return "dropout" }
func (Dropout2D) Kind() string     { return "dropout2d" }
func (a activation) Kind() string  { return a.op.Name }
func (LeakyReLU) Kind() string     { return "leakyrelu" }
func (ELU) Kind() string           { return "elu" }
func (PReLU) Kind() string         { return "prelu" }
func (Flatten) Kind() string       { return "flatten" }
func (Reshape) Kind() string       { return "reshape" }
func (Seq) Kind() string           { return "seq" }
func (Residual) Kind() string      { return "residual" }
func (Add) Kind() string           { return "add" }
func (Concat) Kind() string        { return "concat" }
func (Repeat) Kind() string        { return "repeat" }
func (Graph) Kind() string         { return "graph" }
func (Shared) Kind() string        { return "shared" }
func (Frozen) Kind() string        { return "frozen" }
func (Slice) Kind() string         { return "slice" }
func (RNN) Kind() string           { return "rnn" }
func (LSTM) Kind() string          { return "lstm" }
func (GRU) Kind() string           { return "gru" }
func (Masked) Kind() string        { return "masked" }
func (PerStep) Kind() string       { return "perstep" }
func (Last) Kind() string          { return "last" }
func (Reverse) Kind() string       { return "reverse" }
func (Steps) Kind() string         { return "steps" }
func (Positions) Kind() string     { return "positions" }
func (Attention) Kind() string     { return "attention" }
func (Embedding) Kind() string     { return "embedding" }

// String returns the network in one line, as a summary shows it: the text form without initializations. Layers without a text form appear as
// their String or their type.
func (s Seq) String() string {
	names := make([]string, len(s))
	for i, l := range s {
		names[i] = text(l)
	}
	return strings.Join(names, " ")
}

func text(l Layer) string {
	if label, err := term.Label(l, "init"); err == nil {
		return label
	}
	if s, ok := l.(fmt.Stringer); ok {
		return s.String()
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", l), "graph.")
}

// label returns the layer's text without the layers inside it.
func label(l Layer) string {
	switch r := l.(type) {
	case Residual:
		l = Residual(nil)
	case PerStep:
		l = PerStep(nil)
	case Add:
		l = Add(nil)
	case Concat:
		l = Concat(nil)
	case Graph:
		l = Graph(nil)
	case Repeat:
		return fmt.Sprintf("repeat(%d)", r.Times)
	case Shared:
		return fmt.Sprintf("shared(%s)", r.Name)
	case Frozen:
		return "frozen"
	}
	return text(l)
}
