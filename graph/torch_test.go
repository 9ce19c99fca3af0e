package graph_test

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/internal/npz"
	"github.com/stheno-ml/stheno/models"
)

// torch are layers that PyTorch has, too: testdata/torch/NAME.npz holds what PyTorch computes for them. By default the parameters in the file
// correspond to ours in order, and a dense layer's are transposed.
var torch = []struct {
	name, layers string
	params       []string // NAME, "NAME T" for its transpose, or "NAME 4:6" for a part of it
}{
	{"dense", "dense(4)", nil},
	{"dense-nobias", "dense(4,bias=false)", nil},
	{"conv", "conv(3,3)", nil},
	{"conv-stride", "conv(3,3,stride=2,pad=1)", nil},
	{"conv-nobias", "conv(2,3,pad=same,bias=false)", nil},
	{"conv-sides", "conv(3,3x1,pad=same)", nil},
	{"conv-dilation", "conv(3,3x5,pad=same,dilation=2)", nil},
	{"conv-groups", "conv(6,3,stride=2,pad=1,groups=2)", nil},
	{"conv-depthwise", "conv(3,3,pad=same,groups=3)", nil},
	{"conv-depthwise-stride", "conv(3,3,stride=2,pad=same,bias=false,groups=3)", nil},
	{"conv-multiplier", "conv(4,3,dilation=2,groups=2)", nil},
	{"convtranspose", "convtranspose(2,3x2)", nil},
	{"convtranspose-double", "convtranspose(2,3,stride=2,pad=same,outpad=1)", nil},
	{"convtranspose-groups", "convtranspose(6,3,stride=3,outpad=2,bias=false,dilation=2,groups=2)", nil},
	{"decoder", "convtranspose(2,4,stride=2,pad=1) relu convtranspose(1,2,stride=2) sigmoid", nil},
	{"depthwise-separable", "conv(4,3,pad=same) relu conv(4,3,stride=2,pad=same,groups=4) relu conv(5,1) tanh dense(3)", nil},
	{"maxpool", "pool(2)", nil},
	{"avgpool", "avgpool(2)", nil},
	{"maxpool-stem", "pool(3,stride=2,pad=1)", nil},
	{"maxpool-overlap", "pool(3,stride=1)", nil},
	{"avgpool-stem", "avgpool(3,stride=2,pad=1)", nil},
	{"avgpool-overlap", "avgpool(2,stride=1,pad=1)", nil},
	{"globalavgpool", "globalavgpool", nil},
	{"batchnorm", "batchnorm", nil},
	{"batchnorm-maps", "batchnorm", nil},
	{"layernorm", "layernorm", nil},
	{"attention", "attention(2)", ofAttention("attention.")},
	{"attention-masked", "masked(9) attention(3)", ofAttention("attention.")},
	{"positions", "positions", nil},
	{"embedding", "embedding(7,4)", nil},
	{"stepmeans", "globalavgpool", nil},
	{"stepnorm", "perstep(layernorm)", nil},
	{"transformer", "residual(perstep(layernorm) attention(2)) residual(perstep(layernorm dense(8) gelu dense(6)))", slices.Concat(
		[]string{"norm1.weight", "norm1.bias"}, ofAttention("self_attn."),
		[]string{"norm2.weight", "norm2.bias", "linear1.weight T", "linear1.bias", "linear2.weight T", "linear2.bias"})},
	{"sigmoid", "sigmoid", nil},
	{"tanh", "tanh", nil},
	{"relu", "relu", nil},
	{"leakyrelu", "leakyrelu(0.2)", nil},
	{"elu", "elu", nil},
	{"elu-alpha", "elu(0.3)", nil},
	{"selu", "selu", nil},
	{"softplus", "softplus", nil},
	{"prelu", "prelu", nil},
	{"prelu-maps", "prelu", nil},
	{"prelu-shared", "prelu(shared=true)", nil},
	{"gelu", "gelu", nil},
	{"silu", "silu", nil},
	{"softmax", "softmax", nil},
	{"rnn", "rnn(2)", stepsOf("", "")},
	{"lstm", "lstm(2)", stepsOf("", "")},
	{"lstm-both", "lstm(2,both=true)", append(stepsOf("", ""), stepsOf("_reverse", "")...)},
	{"gru", "gru(2)", stepsOf("", "4:6")},
	{"gru-both", "gru(2,both=true)", append(stepsOf("", "4:6"), stepsOf("_reverse", "4:6")...)},
	{"lstm-lengths", "masked(0) lstm(2,both=true)", append(stepsOf("", ""), stepsOf("_reverse", "")...)},
	{"gru-lengths", "masked(0) gru(2,both=true)", append(stepsOf("", "4:6"), stepsOf("_reverse", "4:6")...)},
	{"convnet", "conv(3,3) relu pool(2) dense(5) tanh dense(3)", nil},
}

// ofAttention lists the parameters of nn.MultiheadAttention.
func ofAttention(prefix string) []string {
	return []string{prefix + "in_proj_weight T", prefix + "in_proj_bias", prefix + "out_proj.weight T", prefix + "out_proj.bias"}
}

// stepsOf lists the parameters of a recurrent layer in one direction. The GRU's second bias is a part of one of PyTorch's.
func stepsOf(direction, second string) []string {
	p := []string{"layer.weight_ih_l0" + direction + " T", "layer.weight_hh_l0" + direction + " T", "layer.bias_ih_l0" + direction}
	if second != "" {
		p = append(p, "layer.bias_hh_l0"+direction+" "+second)
	}
	return p
}

// TestTorch compares layers with PyTorch's: outputs, gradients, running statistics and a step of gradient descent.
func TestTorch(t *testing.T) {
	for _, c := range torch {
		layers, err := models.Parse[graph.Seq](models.Reader{}, c.layers)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		for _, config := range []graph.Config{{}, {Float64: true}} {
			r := readTorch(t, c.name)
			r.layers, r.config = layers, config
			if len(c.params) > 0 {
				r.params = c.params
			}
			r.gradients()
			if len(r.params) > 0 {
				r.step()
			}
		}
	}
}

// torchCase is a case with the arrays of its file.
type torchCase struct {
	*testing.T
	name   string
	arrays map[string]npz.Array
	params []string
	layers graph.Seq
	config graph.Config
}

func readTorch(t *testing.T, name string) *torchCase {
	t.Helper()
	list, err := npz.ReadFile(filepath.Join("testdata", "torch", name+".npz"))
	if err != nil {
		t.Fatalf("%v; make.py beside it writes it", err)
	}
	r := &torchCase{T: t, name: name, arrays: map[string]npz.Array{}}
	for _, a := range list {
		a.Name = strings.TrimSuffix(a.Name, ".npy")
		r.arrays[a.Name] = a
		if p, ok := strings.CutPrefix(a.Name, "w."); ok {
			r.params = append(r.params, p)
		}
	}
	return r
}

// gradients compares the outputs and all gradients of Σ y·dy. The examples are the sum of the input and a parameter of zeros, whose gradient is
// the input's. The output in training is the gradient with respect to a second parameter, dy.
func (r *torchCase) gradients() {
	x, dy := r.arrays["x"], r.arrays["dy"]
	layers := r.layers
	if _, ok := r.arrays["dx"]; ok {
		layers = append(graph.Seq{movable{x.Shape}}, layers...)
	}
	n := r.net(layers, &graph.Loss{Name: "Σ y·dy", Cost: func(b *graph.Builder, y, _ *graph.Node) *graph.Node {
		return inner(y, firstRows(b, "dy", graph.Shape{dy.Shape[0], y.Shape()[1]}, y))
	}})
	last := slices.IndexFunc(n.Params, func(p *graph.Param) bool { return p.Name == "dy" })
	if err := n.Params[last].Set(dy.Data); err != nil {
		r.Fatalf("%s: %v", r.name, err)
	}
	y := make([]float32, dy.Shape[0]*n.Outputs)
	if err := n.Predict(y, r.numbers("x")); err != nil {
		r.Fatalf("%s: %v", r.name, err)
	}
	r.near("the output in evaluation", (&graph.Param{Shape: graph.Shape{len(y)}, Data: y}).Float64s(), r.numbers("eval"))
	if _, err := n.Step(r.numbers("x"), nil); err != nil {
		r.Fatalf("%s: %v", r.name, err)
	}
	for _, p := range n.Params {
		switch p.Name {
		case "shift":
			r.near("the gradient by the input", p.GradFloat64s(), r.numbers("dx"))
		case "dy":
			r.near("the output", p.GradFloat64s(), r.numbers("y"))
		}
	}
	for i, p := range r.own(n) {
		r.near("the gradient by "+p.Name, p.GradFloat64s(), r.of("dw.", p, r.params[i]))
	}
	for _, p := range n.Running() {
		torch := map[string]string{"mean": "running.running_mean", "variance": "running.running_var"}
		r.near(p.Name, p.Float64s(), r.numbers(torch[p.Name[strings.LastIndex(p.Name, ".")+1:]]))
	}
}

// step compares the parameters after a step of gradient descent, in a network with nothing but the layers.
func (r *torchCase) step() {
	n := r.net(r.layers, &graph.Loss{Name: "Σ y·target", Cost: func(_ *graph.Builder, y, target *graph.Node) *graph.Node { return inner(y, target) }})
	if _, err := n.DescendFrom(batch{r.arrays["x"].Shape[0], r.numbers("x"), r.numbers("dy")}, .1, 0); err != nil {
		r.Fatalf("%s: %v", r.name, err)
	}
	for i, p := range r.own(n) {
		r.near(p.Name+" after a step", p.Float64s(), r.of("after.", p, r.params[i]))
	}
}

// net returns a network of the layers with PyTorch's parameters.
func (r *torchCase) net(layers graph.Seq, loss *graph.Loss) *graph.Net {
	r.Helper()
	n, err := graph.New(append(slices.Clone(layers), graph.Flatten{}), loss, r.arrays["x"].Shape[1:], r.config)
	if err != nil {
		r.Fatalf("%s: %v", r.name, err)
	}
	own := r.own(n)
	if len(own) != len(r.params) {
		r.Fatalf("%s: %d parameters, and PyTorch's are %v", r.name, len(own), r.params)
	}
	for i, p := range own {
		if err := p.Set(r.of("w.", p, r.params[i])); err != nil {
			r.Fatalf("%s: %v", r.name, err)
		}
	}
	return n
}

// own returns the parameters of the network's layers.
func (r *torchCase) own(n *graph.Net) (own []*graph.Param) {
	for _, p := range n.Params {
		if p.Name != "shift" && p.Name != "dy" {
			own = append(own, p)
		}
	}
	return own
}

// of returns one of PyTorch's arrays, laid out like our parameter.
func (r *torchCase) of(kind string, p *graph.Param, name string) []float32 {
	name, how, _ := strings.Cut(name, " ")
	x, turn := r.numbers(kind+name), how == "T"
	if from, to := 0, 0; how != "" && !turn {
		if _, err := fmt.Sscanf(how, "%d:%d", &from, &to); err != nil {
			r.Fatal(err)
		}
		return x[from:to]
	}
	if !turn && !(strings.HasPrefix(p.Name, "dense") && len(p.Shape) == 2) {
		return x
	}
	y, shape := make([]float32, len(x)), r.arrays[kind+name].Shape
	for i, v := range x {
		y[i%shape[1]*shape[0]+i/shape[1]] = v
	}
	return y
}

func (r *torchCase) numbers(name string) []float32 {
	r.Helper()
	x, ok := r.arrays[name].Data.([]float32)
	if !ok {
		r.Fatalf("%s.npz has no %s of float32", r.name, name)
	}
	return x
}

// near compares within 1e-5.
func (r *torchCase) near(what string, x []float64, want []float32) {
	r.Helper()
	if len(x) != len(want) {
		r.Errorf("%s %+v: %s has %d numbers, want %d", r.name, r.config, what, len(x), len(want))
		return
	}
	for i, v := range want {
		if w := float64(v); !(math.Abs(x[i]-w) <= 1e-5*max(1, math.Abs(w))) {
			r.Errorf("%s %+v: %s is %v at %d, want %v", r.name, r.config, what, x[i], i, w)
			return
		}
	}
}

// movable adds a parameter of zeros to each of its examples.
type movable struct{ shape graph.Shape }

func (p movable) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	return op.Add.Apply(x, firstRows(b, "shift", p.shape, x))
}

// firstRows are the rows of a parameter for a mini-batch of x's size.
func firstRows(b *graph.Builder, name string, shape graph.Shape, x *graph.Node) *graph.Node {
	p := b.Filled(name, shape, 0, false)
	return op.Reshape(x.Shape()).Apply(gorgonia.Must(gorgonia.Slice(p, gorgonia.S(0, x.Shape()[0]))))
}

func inner(x, y *graph.Node) *graph.Node {
	return gorgonia.Must(gorgonia.Sum(op.Hadamard.Apply(x, y)))
}
