package models_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

// spellings are two more ways to write each of the networks in architectures.go.
var spellings = map[string]struct{ line, file string }{
	"lenet": {
		"conv(6,5,pad=2) relu pool(2) conv(16,5) relu pool(2) dense(120) relu dense(84) relu dense(10)",
		`[[layer]]
op = "conv"
out = 6
kernel = 5
pad = "same"

[[layer]]
op = "relu"

[[layer]]
op = "pool"
size = 2

[[layer]]
op = "conv"
out = 16
kernel = 5
pad = "valid"

[[layer]]
op = "seq"
layer = "relu pool(2)"

[[layer]]
op = "dense"
out = 120

[[layer]]
op = "relu"

[[layer]]
op = "dense"
out = 84

[[layer]]
op = "relu"

[[layer]]
op = "dense"
out = 10
`},
	"resnet": {
		"conv(32,5,bias=false) pool(2) batchnorm relu " +
			"repeat(2, residual(conv(32,3,pad=same,bias=false) batchnorm relu conv(32,3,pad=same,bias=false) batchnorm) relu) " +
			"conv(64,3,stride=2,pad=same,bias=false) batchnorm relu " +
			"repeat(2, residual(conv(64,3,pad=same,bias=false) batchnorm relu conv(64,3,pad=same,bias=false) batchnorm) relu) " +
			"globalavgpool dense(10)",
		`[[layer]]
op = "seq"
layer = "conv(32,5,bias=false) pool(2) batchnorm relu"

[[layer]]
op = "repeat"
times = 2
[[layer.layer]]
op = "residual"
layer = "conv(32,3,pad=same,bias=false) batchnorm relu conv(32,3,pad=same,bias=false) batchnorm"
[[layer.layer]]
op = "relu"

[[layer]]
op = "conv"
out = 64
kernel = 3
stride = 2
pad = "same"
bias = false

[[layer]]
op = "batchnorm"

[[layer]]
op = "relu"

[[layer]]
op = "repeat"
times = 2
layer = "residual(conv(64,3,pad=same,bias=false) batchnorm relu conv(64,3,pad=same,bias=false) batchnorm) relu"

[[layer]]
op = "globalavgpool"

[[layer]]
op = "dense"
out = 10
`},
	"branches": {
		"concat(conv(10,3,pad=same) relu, conv(10,7,pad=same) relu) pool(2) conv(30,5) relu pool(2) dense(100) relu dropout(0.5) dense(10)",
		`[[layer]]
op = "conv"
out = 10
kernel = 3
pad = "same"

[[layer]]
op = "relu"
name = "small"

[[layer]]
op = "conv"
out = 10
kernel = 7
pad = "same"
from = ["input"]

[[layer]]
op = "relu"
name = "large"

[[layer]]
op = "concat"
from = ["small", "large"]

[[layer]]
op = "seq"
layer = "pool(2) conv(30,5) relu pool(2) dense(100) relu dropout(0.5) dense(10)"
`},
	"lstm-rows": {"reshape(28x28) lstm(128) last dense(10)", `[[layer]]
op = "reshape"
shape = [28, 28]

[[layer]]
op = "lstm"
out = 128

[[layer]]
op = "last"

[[layer]]
op = "dense"
out = 10
`},
	"patches": {
		"conv(64,7,stride=7) steps positions repeat(3, residual(perstep(layernorm) attention(4)) " +
			"residual(perstep(layernorm dense(128) gelu dense(64)))) perstep(layernorm) globalavgpool dense(10)",
		`[[layer]]
op = "conv"
out = 64
kernel = 7
stride = 7

[[layer]]
op = "steps"

[[layer]]
op = "positions"

[[layer]]
op = "repeat"
times = 3

[[layer.layer]]
op = "residual"
[[layer.layer.layer]]
op = "perstep"
layer = "layernorm"
[[layer.layer.layer]]
op = "attention"
heads = 4

[[layer.layer]]
op = "residual"
layer = "perstep(layernorm dense(128) gelu dense(64))"

[[layer]]
op = "perstep"
layer = "layernorm"

[[layer]]
op = "globalavgpool"

[[layer]]
op = "dense"
out = 10
`},
	"ds-cnn": {
		"conv(64,10x4,stride=2,bias=false) batchnorm relu dropout(0.2) " +
			"repeat(4, conv(64,3,pad=same,groups=64,bias=false) batchnorm relu conv(64,1,bias=false) batchnorm relu) dropout(0.4) globalavgpool dense(10)",
		`[[layer]]
op = "conv"
out = 64
kernel = "10x4"
stride = 2
bias = false

[[layer]]
op = "seq"
layer = "batchnorm relu dropout(0.2)"

[[layer]]
op = "repeat"
times = 4
[[layer.layer]]
op = "conv"
out = 64
kernel = "3x3"
pad = "same"
groups = 64
dilation = 1
bias = false
[[layer.layer]]
op = "seq"
layer = "batchnorm relu conv(64,1,bias=false) batchnorm relu"

[[layer]]
op = "seq"
layer = "dropout(0.4) globalavgpool dense(10)"
`},
}

// TestPublishedSize: ds-cnn has as many parameters as the published network, but for the biases before batch norms and two of its 12 outputs.
func TestPublishedSize(t *testing.T) {
	n, err := graph.New(models.DSCNN.Net, models.DSCNN.Loss, models.DSCNN.Input, graph.Config{Init: graph.Zero})
	if err != nil || n.Size() != 23_756-9*64-2*65 {
		t.Errorf("%d parameters (%v)", n.Size(), err)
	}
}

// TestArchitectures: three ways to write a network give the same network: the same program, the same initial weights and, bit by bit, the same first
// ten steps.
func TestArchitectures(t *testing.T) {
	for name, s := range spellings {
		m, ok := models.Find(name)
		if !ok {
			t.Fatalf("no %s", name)
		}
		line, err := models.Reader{}.Line(s.line, m.Input)
		if err != nil {
			t.Fatal(err)
		}
		file, err := models.Decode(name+".toml", []byte("format = 1\n"+s.file))
		if err != nil {
			t.Fatal(err)
		}
		want := firstSteps(t, m, m.Net)
		for spelling, net := range map[string]graph.Layer{"line": line.Net, "file": file.Net} {
			if got := firstSteps(t, m, net); !slices.Equal(got, want) {
				t.Errorf("%s: the %s is not the catalogue's", name, spelling)
			}
		}
	}
}

// firstSteps returns the program of a training step, the initial weights, and the cost and the weights of ten steps.
func firstSteps(t *testing.T, m models.Model, l graph.Layer) (all []string) {
	t.Helper()
	const batch = 4
	n, err := graph.New(l, m.Loss, m.Input, graph.Config{Seed: 3, Init: m.Recipe.Init, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	listing, err := n.Listing(batch)
	if err != nil {
		t.Fatal(err)
	}
	all = append(all, listing)
	weights := func() {
		for _, p := range n.Tensors() {
			all = append(all, fmt.Sprint(p.Name, p.Shape, p.Data))
		}
	}
	weights()
	r := rand.New(rand.NewPCG(1, 2))
	x, labels := make([]float32, batch*m.Input.TotalSize()), make([]byte, batch)
	for range 10 {
		for i := range x {
			x[i] = r.Float32()
		}
		for i := range labels {
			labels[i] = byte(r.IntN(10))
		}
		s, err := n.DescendFrom(source{x, labels, n.Outputs}, .01, 0)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprint(s))
	}
	weights()
	return all
}

// source is a mini-batch of labeled examples.
type source struct {
	x      []float32
	labels []byte
	of     int // classes
}

func (s source) Len() int { return len(s.labels) }

func (s source) Load(x, y []float32) {
	copy(x, s.x)
	clear(y)
	for i, l := range s.labels {
		y[i*s.of+int(l)] = 1
	}
}
