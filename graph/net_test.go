package graph_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/graph/op"
)

// fresh returns a new network.
func fresh(t *testing.T, l graph.Layer, loss *graph.Loss, in shape, c graph.Config) *graph.Net {
	t.Helper()
	n, err := graph.New(l, loss, in, c)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// set sets the parameters of n, in order.
func set(t *testing.T, n *graph.Net, values ...[]float64) {
	t.Helper()
	if len(values) != len(n.Params) {
		t.Fatalf("%d values for %d parameters", len(values), len(n.Params))
	}
	for i, p := range n.Params {
		if err := p.Set(values[i]); err != nil {
			t.Fatal(err)
		}
	}
}

// step returns the cost of a Step.
func step(t *testing.T, n *graph.Net, x []float32, labels []byte) graph.Stats {
	t.Helper()
	s, err := n.Step(x, hot(n, labels))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// predict returns the network's outputs for m examples.
func predict(t *testing.T, n *graph.Net, m int, x []float32) []float32 {
	t.Helper()
	y := make([]float32, m*n.Outputs)
	if err := n.Predict(y, x); err != nil {
		t.Fatal(err)
	}
	return y
}

// apart returns the largest difference between a and b, relative to the largest number in a.
func apart(a, b []float64) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	size, d := 0.0, 0.0
	for i := range a {
		size, d = max(size, math.Abs(a[i])), max(d, math.Abs(a[i]-b[i]))
	}
	if d == 0 {
		return 0
	}
	return d / size
}

// asking is a layer that asks for a parameter with its input's shape.
func asking(name string, use func(x, w *node) *node) graph.Layer {
	return layerFunc(func(b *graph.Builder, x *node) *node {
		return use(x, b.Param(name, x.Shape(), 1, true))
	})
}

func TestNewErrors(t *testing.T) {
	steps := &op.Op{Name: "steps", Shape: op.ReLU.Shape, F32: op.ReLU.F32, F64: op.ReLU.F64}
	image := shape{1, 5, 5}
	failing := graph.Func(func(*node) (*node, error) { return nil, errors.New("no such thing") })
	notScalar := &graph.Loss{Name: "odd", Cost: func(_ *graph.Builder, y, _ *node) *node { return y }}
	for _, c := range []struct {
		l    graph.Layer
		in   shape
		loss *graph.Loss
		want string
	}{
		{graph.Seq{graph.Conv{Out: 2, Kernel: 5}}, shape{25}, graph.Quadratic, "graph: layer 0 conv(2,5): input (1, 25): input (1, 25) is not (m,c,h,w)"},
		{graph.Seq{graph.Dense{Out: 3}, graph.MaxPool{Size: 2}}, image, graph.Quadratic, "graph: layer 1 pool(2): input (1, 3): maxPool/2: windows of 2×2 on (1, 3)"},
		{graph.Seq{graph.ReLU, graph.Conv{Out: 2, Kernel: 6}}, image, graph.Quadratic, "graph: layer 1 conv(2,6): input (1, 1, 5, 5): conv/1/0: filters of 6×6 on images of 5×5; use smaller"},
		{graph.Seq{graph.MaxPool{Size: 6}}, image, graph.Quadratic, "graph: layer 0 pool(6): input (1, 1, 5, 5): maxPool/6: windows of 6×6"},
		{graph.Conv{Out: 2, Kernel: 2}, image, graph.Quadratic, "graph: the last layer's output is (1, 2, 4, 4) for one example; end with Dense"},
		{graph.Seq{graph.ReLU, graph.Residual{graph.Dense{Out: 3}}}, shape{4}, graph.Quadratic,
			"graph: layer 1 residual: input (1, 4): the layers inside turn (1, 4) into (1, 3); they must keep the shape"},
		{graph.Residual{graph.ReLU, graph.MaxPool{Size: 2}}, shape{4}, graph.Quadratic,
			"graph: layer 0 residual: input (1, 4): layer 1 pool(2): input (1, 4): maxPool/2: "},
		{graph.Dense{Out: 1 << 60}, image, graph.Quadratic, "graph: layer 0 dense(1152921504606846976): input (1, 1, 5, 5): parameter dense1.w (25, 1152921504606846976) makes more"},
		{graph.Dense{}, image, graph.Quadratic, "graph: layer 0 dense(0): input (1, 1, 5, 5): 0 outputs; use at least 1"},
		{graph.Conv{Kernel: 1}, image, graph.Quadratic, "graph: layer 0 conv(0,1): input (1, 1, 5, 5): out 0, kernel 1"},
		{graph.Conv{Out: 1, Kernel: 1, Stride: -1}, image, graph.Quadratic, "graph: layer 0 conv(1,1,stride=-1): input (1, 1, 5, 5): out 1, kernel 1, stride -1"},
		{graph.Conv{Out: 1, Kernel: 1, Pad: -2}, image, graph.Quadratic, "graph: layer 0 conv(1,1,pad=-2): input (1, 1, 5, 5): out 1, kernel 1, stride 0, pad -2"},
		{graph.Conv{Out: 1, Kernel: 3, Pad: 3}, image, graph.Quadratic, "graph: layer 0 conv(1,3,pad=3): input (1, 1, 5, 5): pad 3 for filters of 3×3, which would see nothing but zeros there; use less than 3"},
		{graph.Conv{Out: 1, Kernel: 3, Pad: math.MaxInt}, image, graph.Quadratic, "graph: layer 0 conv(1,3,pad=9223372036854775807): input (1, 1, 5, 5): pad "},
		{graph.Conv{Out: 1, Kernel: 3, Cols: -1}, image, graph.Quadratic, "graph: layer 0 conv(1,3x-1): input (1, 1, 5, 5): cols -1, dilation 0, groups 0; use at least 1, or 0"},
		{graph.Conv{Out: 1, Kernel: 3, Cols: 2, Pad: graph.Same}, image, graph.Quadratic, "graph: layer 0 conv(1,3x2,pad=same): input (1, 1, 5, 5): pad same for filters of 3×2; use filters of an odd size"},
		{graph.Conv{Out: 1, Kernel: 3, Cols: 1, Pad: 1}, image, graph.Quadratic, "graph: layer 0 conv(1,3x1,pad=1): input (1, 1, 5, 5): pad 1 for filters of 3×1, which would see nothing but zeros there; use less than 1, or same"},
		{graph.Conv{Out: 1, Kernel: 3, Dilation: 3}, image, graph.Quadratic, "graph: layer 0 conv(1,3,dilation=3): input (1, 1, 5, 5): conv/1/0/3/1: filters of 7×7 on images of 5×5; use smaller filters or more pad"},
		{graph.Conv{Out: 1, Kernel: 5, Dilation: 1 << 62}, image, graph.Quadratic, "graph: layer 0 conv(1,5,dilation=4611686018427387904): input (1, 1, 5, 5): dilation 4611686018427387904 for filters of 5×5; use less"},
		{graph.Conv{Out: 4, Kernel: 3, Groups: 2}, image, graph.Quadratic, "graph: layer 0 conv(4,3,groups=2): input (1, 1, 5, 5): 2 groups for 1 maps and 4 filters; use a number that divides both"},
		{graph.ConvTranspose{Out: 4, Kernel: 3, Stride: 2, OutPad: 2}, image, graph.Quadratic, "graph: layer 0 convtranspose(4,3,stride=2,outpad=2): input (1, 1, 5, 5): outpad 2 with stride 2; use at least 0 and less than the stride"},
		{graph.ConvTranspose{Out: 4, Kernel: 3, Stride: 1 << 62}, image, graph.Quadratic, "graph: layer 0 convtranspose(4,3,stride=4611686018427387904): input (1, 1, 5, 5): stride 4611686018427387904; use less"},
		{graph.ConvTranspose{Out: 4, Kernel: 3, Stride: 1 << 30}, image, graph.Quadratic, "graph: layer 0 convtranspose(4,3,stride=1073741824): input (1, 1, 5, 5): convTranspose/0/1073741824/0: [(1, 1, 5, 5) (1, 4, 3, 3) (4)] makes more than"},
		{graph.Seq{graph.MaxPool{Size: 5}, graph.ConvTranspose{Out: 4, Kernel: 3, Pad: 2}}, image, graph.Quadratic, "graph: layer 1 convtranspose(4,3,pad=2): input (1, 1, 1, 1): convTranspose/0/1/2: images of 1×1 leave -1×-1; use less pad or larger filters"},
		{graph.ConvTranspose{Out: 4, Kernel: 3}, shape{4}, graph.Quadratic, "graph: layer 0 convtranspose(4,3): input (1, 4): input (1, 4) is not (m,c,h,w)"},
		{graph.Repeat{Times: 60, Layers: graph.Seq{graph.Concat{graph.Seq{graph.ReLU}, graph.Seq{graph.Tanh}}}}, image, graph.Quadratic, "graph: layer 0 repeat(60): input (1, 1, 5, 5): layer 0 concat: input (1, 8388608, 5, 5): its output (1, 16777216, 5, 5) has more than"},
		{graph.Reshape{Shape: shape{5, 3689348814741910481}}, image, graph.Quadratic, "graph: layer 0 reshape(5x3689348814741910481): input (1, 1, 5, 5): shape (5, 3689348814741910481) has more than"},
		{graph.MaxPool{}, image, graph.Quadratic, "graph: layer 0 pool(0): input (1, 1, 5, 5): size 0"},
		{graph.AvgPool{}, image, graph.Quadratic, "graph: layer 0 avgpool(0): input (1, 1, 5, 5): size 0"},
		{graph.AvgPool{Size: 6}, image, graph.Quadratic, "graph: layer 0 avgpool(6): input (1, 1, 5, 5): avgPool/6: windows of 6×6"},
		{graph.MaxPool{Size: 3, Stride: -1}, image, graph.Quadratic, "graph: layer 0 pool(3,stride=-1): input (1, 1, 5, 5): size 3, stride -1; use at least 1"},
		{graph.MaxPool{Size: 3, Pad: 2}, image, graph.Quadratic, "graph: layer 0 pool(3,pad=2): input (1, 1, 5, 5): pad 2 for windows of 3×3; use 0 to 1, half of the size"},
		{graph.AvgPool{Size: 3, Pad: -1}, image, graph.Quadratic, "graph: layer 0 avgpool(3,pad=-1): input (1, 1, 5, 5): pad -1 for windows of 3×3; use 0 to 1"},
		{graph.AvgPool{Size: 8, Stride: 2, Pad: 1}, image, graph.Quadratic, "graph: layer 0 avgpool(8,stride=2,pad=1): input (1, 1, 5, 5): windows of 8×8 on (1, 1, 5, 5); use"},
		{graph.MaxPool{Size: 2, Stride: 1}, shape{4}, graph.Quadratic, "graph: layer 0 pool(2,stride=1): input (1, 4): windows of 2×2 on (1, 4); use (m,c,h,w)"},
		{graph.ELU{Alpha: -1}, image, graph.Quadratic, "graph: layer 0 elu(alpha=-1): input (1, 1, 5, 5): alpha -1; use more than 0"},
		{graph.ELU{Alpha: math.NaN()}, image, graph.Quadratic, "graph: layer 0 elu(alpha=NaN): "},
		{graph.PReLU{}, shape{5, 5}, graph.Quadratic, "graph: layer 0 prelu: input (1, 5, 5): input (1, 5, 5) is neither (m,c,h,w) nor (m,n)"},
		{graph.Dropout2D{P: 1}, image, graph.Quadratic, "graph: layer 0 dropout2d(1): input (1, 1, 5, 5): p = 1; use 0 ≤ p < 1"},
		{graph.Dropout2D{P: .5}, shape{4}, graph.Quadratic, "graph: layer 0 dropout2d(0.5): input (1, 4): input (1, 4) is not (m,c,h,w); use dropout, which"},
		{graph.GlobalAvgPool{}, shape{4}, graph.Quadratic, "graph: layer 0 globalavgpool: input (1, 4): mapMeans: (1, 4); it takes (m,c,h,w)"},
		{graph.Softmax, image, graph.Quadratic, "graph: layer 0 softmax: input (1, 1, 5, 5): softmax: (1, 1, 5, 5); it takes (m,k)"},
		{graph.LeakyReLU{Slope: 1}, image, graph.Quadratic, "graph: layer 0 leakyrelu(slope=1): input (1, 1, 5, 5): slope 1; use 0 < slope < 1"},
		{graph.LeakyReLU{Slope: math.NaN()}, image, graph.Quadratic, "graph: layer 0 leakyrelu(slope=NaN): "},
		{graph.Reshape{Shape: shape{5, -5}}, image, graph.Quadratic, "graph: layer 0 reshape(5x-5): input (1, 1, 5, 5): shape (5, -5); every axis"},
		{graph.Reshape{Shape: shape{5, 6}}, image, graph.Quadratic, "graph: layer 0 reshape(5x6): input (1, 1, 5, 5): reshape/(1, 5, 6): (1, 1, 5, 5) has 25 elements, (1, 5, 6) has 30; use a shape of as many"},
		{graph.Dropout{P: 1}, image, graph.Quadratic, "graph: layer 0 dropout(1): input (1, 1, 5, 5): p = 1; use 0 ≤ p < 1"},
		{graph.Dropout{P: -.5}, image, graph.Quadratic, "graph: layer 0 dropout(-0.5): "},
		{graph.Dropout{P: math.NaN()}, image, graph.Quadratic, "graph: layer 0 dropout(NaN): "},
		{graph.BatchNorm{Momentum: 2}, image, graph.Quadratic, "graph: layer 0 batchnorm(momentum=2): input (1, 1, 5, 5): momentum 2, eps 1e-05; use 0 < momentum ≤ 1"},
		{graph.BatchNorm{Eps: math.NaN()}, image, graph.Quadratic, "graph: layer 0 batchnorm(eps=NaN): input (1, 1, 5, 5): momentum 0.1, eps NaN; use"},
		{graph.BatchNorm{}, shape{5, 5}, graph.Quadratic, "graph: layer 0 batchnorm: input (1, 5, 5): input (1, 5, 5) is neither (m,c,h,w) nor (m,n)"},
		{graph.Seq{graph.ReLU, graph.Func(gorgonia.GlobalAveragePool2D), graph.Dense{Out: 2}}, image, graph.Quadratic,
			"graph: layer 1 Func: Gorgonia's op GlobalAveragePool has no gradient; use a layer or an op of this package"},
		{graph.Seq{graph.ReLU, failing}, image, graph.Quadratic, "graph: layer 1 Func: input (1, 1, 5, 5): no such thing"},
		{layerFunc(func(b *graph.Builder, _ *node) *node { b.Fail("told %d", 7); return nil }), image, graph.Quadratic,
			"graph: layer 0 graph_test.layerFunc: input (1, 1, 5, 5): told 7"},
		{graph.Seq{asking("w", func(x, _ *node) *node { return x }), graph.Dense{Out: 2}}, image, graph.Quadratic,
			"graph: parameter w has no path of gradients to the cost and would never learn"},
		{graph.Seq{graph.Dense{Out: 2}, graph.Func(func(x *node) (*node, error) { return steps.Apply(x), nil })}, image, graph.Quadratic,
			"graph: parameter dense1.w has no path of gradients to the cost"},
		{graph.Seq{graph.Dense{Out: 2}, asking("labels", func(x, w *node) *node { return op.Quadratic.Apply(x, w) })}, image, graph.Quadratic,
			"graph: layer 1 graph_test.layerFunc: input (1, 2): its output () does not keep the mini-batch"},
		{graph.Seq{graph.Dense{Out: 2}, asking("dense1.w", func(_, w *node) *node { return w })}, image, graph.Quadratic,
			"graph: layer 1 graph_test.layerFunc: input (1, 2): parameter dense1.w is (1, 2) here and (25, 2) elsewhere; give each its own name"},
		{graph.Dense{Out: 2}, shape{1, -5, 5}, graph.Quadratic, "graph: input (1, -5, 5); every axis must have at least 1"},
		{graph.Dense{Out: 2}, shape{0}, graph.Quadratic, "graph: input (0); every axis"},
		{graph.Seq{}, shape{5}, graph.Quadratic, "graph: no layer has parameters"},
		{graph.Dense{Out: 2}, image, graph.Smoothed(1), "graph: loss log-likelihood(smoothing=1): smoothing 1; use 0 ≤ smoothing < 1"},
		{graph.Dense{Out: 2}, image, graph.Smoothed(math.NaN()), "graph: loss log-likelihood(smoothing=NaN): smoothing NaN; use"},
		{graph.Seq{graph.Dense{Out: 2}, graph.Softmax}, image, graph.LogLikelihood, "graph: layer 1 softmax: the loss log-likelihood applies it already"},
		{graph.Seq{graph.Dense{Out: 2}, graph.Sigmoid}, image, graph.CrossEntropy, "graph: layer 1 sigmoid: the loss cross-entropy applies it already"},
		{graph.Dense{Out: 2}, image, notScalar, "graph: loss odd: its cost is not a scalar; "},
	} {
		n, err := graph.New(c.l, c.loss, c.in, graph.Config{})
		if n != nil || err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("error %v, want %s…", err, c.want)
		}
	}
}

func TestInputErrors(t *testing.T) {
	n := fresh(t, graph.Dense{Out: 3}, graph.CrossEntropy, shape{2}, graph.Config{})
	x := make([]float32, 4)
	for _, c := range []struct {
		x, y []float32
		want string
	}{
		{x, make([]float32, 5), "graph: 4 numbers and 5 targets; an example has 2 numbers, shape (2), and 3 targets"},
		{x, make([]float32, 3), "graph: 4 numbers and 3 targets"},
		{x[:3], make([]float32, 6), "graph: 3 numbers and 6 targets"},
		{nil, nil, "graph: 0 numbers and 0 targets"},
	} {
		_, err := n.Step(c.x, c.y)
		_, err2 := n.Evaluate(c.x, c.y)
		_, err3 := n.InputGrad(make([]float32, len(c.x)), c.x, c.y)
		for _, err := range []error{err, err2, err3} {
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("error %v, want %s…", err, c.want)
			}
		}
	}
	for _, y := range []int{0, 2, 3, 9} {
		if err := n.Predict(make([]float32, y), x); err == nil {
			t.Errorf("Predict took %d numbers for 2 examples of 3 outputs", y)
		}
	}
	if s := step(t, n, x, []byte{0, 1}); !(s.Cost > 0) {
		t.Errorf("after errors, Step gave %+v", s)
	}
}

// TestSharedWeights: every graph of a network, whatever its mini-batch size, sees the weights of the last update.
func TestSharedWeights(t *testing.T) {
	for _, c := range []graph.Config{{}, {Float64: true}, {Tape: true}} {
		n := fresh(t, graph.Seq{graph.Dense{Out: 5}, graph.Tanh, graph.Dense{Out: 3}}, graph.LogLikelihood, shape{4}, c)
		x, labels := examples(6, n.Input, n.Outputs)
		before := predict(t, n, 1, x[:4])
		all := predict(t, n, 6, x)
		for i := range 2 {
			s := step(t, n, x[:4*4], labels[:4])
			for _, p := range n.Params {
				w := p.Float64s()
				for k, g := range p.GradFloat64s() {
					w[k] -= g
				}
				if err := p.Set(w); err != nil {
					t.Fatal(err)
				}
			}
			after, err := n.Evaluate(x[:4*4], hot(n, labels[:4]))
			if err != nil || !(after.Cost < s.Cost) {
				t.Errorf("step %d: cost %v became %v (%v)", i, s.Cost, after.Cost, err)
			}
		}
		now, allNow := predict(t, n, 1, x[:4]), predict(t, n, 6, x)
		if slices.Equal(now, before) || slices.Equal(allNow, all) {
			t.Error("predictions did not change with the weights")
		}
		for i, y := range now {
			if math.Abs(float64(y-allNow[i])) > 1e-6 {
				t.Errorf("output %d is %v alone and %v in a mini-batch of 6", i, y, allNow[i])
			}
		}
	}
}

// TestOutputs: Predict returns activations, or probabilities, and Stats counts the right ones.
func TestOutputs(t *testing.T) {
	z := []float64{2, -1, .5}
	e := math.Exp(2) + math.Exp(-1) + math.Exp(.5)
	for _, c := range []struct {
		loss *graph.Loss
		want []float64
	}{
		{graph.Quadratic, z},
		{graph.CrossEntropy, []float64{1 / (1 + math.Exp(-2)), 1 / (1 + math.Exp(1)), 1 / (1 + math.Exp(-.5))}},
		{graph.LogLikelihood, []float64{math.Exp(2) / e, math.Exp(-1) / e, math.Exp(.5) / e}},
	} {
		n := fresh(t, graph.Dense{Out: 3}, c.loss, shape{1}, graph.Config{})
		set(t, n, z, []float64{0, 0, 0})
		for i, y := range predict(t, n, 1, []float32{1}) {
			if math.Abs(float64(y)-c.want[i]) > 1e-6 {
				t.Errorf("%s: output %d is %v, want %v", c.loss.Name, i, y, c.want[i])
			}
		}
		s := step(t, n, []float32{1, -1, 1, 1}, []byte{0, 1, 2, 0})
		if s.Correct != 3 { // −z is largest at 1
			t.Errorf("%s: %d right of 4, want 3", c.loss.Name, s.Correct)
		}
	}
}

// TestTied: a parameter that two layers ask for by the same name gets the sum of their gradients.
func TestTied(t *testing.T) {
	named := func(name string) graph.Layer {
		return layerFunc(func(b *graph.Builder, x *node) *node {
			return op.Affine.Apply(x, b.Param(name+".w", shape{3, 3}, 1, true), b.Param(name+".b", shape{3}, 1, false))
		})
	}
	tied := fresh(t, graph.Seq{named("a"), graph.Sigmoid, named("a")}, graph.LogLikelihood, shape{3}, graph.Config{Float64: true})
	separate := fresh(t, graph.Seq{named("a"), graph.Sigmoid, named("b")}, graph.LogLikelihood, shape{3}, graph.Config{Float64: true})
	if len(tied.Params) != 2 || len(separate.Params) != 4 {
		t.Fatalf("%d and %d parameters, want 2 and 4", len(tied.Params), len(separate.Params))
	}
	w, b := tied.Params[0].Float64s(), tied.Params[1].Float64s()
	set(t, separate, w, b, w, b)
	x, labels := examples(4, tied.Input, 3)
	step(t, tied, x, labels)
	step(t, separate, x, labels)
	for i, p := range tied.Params {
		sum := separate.Params[i].GradFloat64s()
		for k, g := range separate.Params[i+2].GradFloat64s() {
			sum[k] += g
		}
		if d := apart(sum, p.GradFloat64s()); d > 1e-14 {
			t.Errorf("%s: the gradient differs from the sum by %v", p.Name, d)
		}
	}
	if bad := check(t, graph.Seq{graph.Dense{Out: 3}, named("a"), graph.Sigmoid, named("a")}, graph.LogLikelihood); len(bad) > 0 {
		t.Errorf("%+v", bad)
	}
}

// TestFunc: Gorgonia's own functions are layers, with their own gradients.
func TestFunc(t *testing.T) {
	for _, c := range []struct {
		ours   graph.Layer
		theirs func(*node) (*node, error)
	}{{graph.Tanh, gorgonia.Tanh}, {graph.Sigmoid, gorgonia.Sigmoid}, {graph.ReLU, gorgonia.Rectify}} {
		for _, config := range []graph.Config{{Float64: true}, {Float64: true, Tape: true}} {
			var nets []*graph.Net
			for _, l := range []graph.Layer{c.ours, graph.Func(c.theirs)} {
				nets = append(nets, fresh(t, graph.Seq{graph.Dense{Out: 4}, l, graph.Dense{Out: 3}}, graph.LogLikelihood, shape{5}, config))
			}
			x, labels := examples(4, nets[0].Input, 3)
			a, b := step(t, nets[0], x, labels), step(t, nets[1], x, labels)
			if math.Abs(a.Cost-b.Cost) > 1e-14 {
				t.Errorf("%v: cost %v and %v", c.ours, a.Cost, b.Cost)
			}
			for i, p := range nets[0].Params {
				if d := apart(p.GradFloat64s(), nets[1].Params[i].GradFloat64s()); d > 1e-13 {
					t.Errorf("%v: %s differs by %v", c.ours, p.Name, d)
				}
			}
		}
	}
}

// TestResidual computes x + tanh(x w + b) by hand.
func TestResidual(t *testing.T) {
	n := fresh(t, graph.Residual{graph.Dense{Out: 2}, graph.Tanh}, graph.Quadratic, shape{2}, graph.Config{})
	set(t, n, []float64{1, 2, 3, 4}, []float64{.5, -.5})
	y := predict(t, n, 1, []float32{.25, -.5})
	want := []float64{.25 + math.Tanh(.25-1.5+.5), -.5 + math.Tanh(.5-2-.5)}
	for i := range y {
		if math.Abs(float64(y[i])-want[i]) > 1e-6 {
			t.Errorf("output %d is %v, want %v", i, y[i], want[i])
		}
	}
	if bad := check(t, graph.Seq{graph.Dense{Out: 3}, graph.Residual{graph.Dense{Out: 3}, graph.Tanh}}, graph.Quadratic); len(bad) > 0 {
		t.Errorf("%+v", bad)
	}
}

// tied multiplies by the same weights twice.
type tied struct{}

func (tied) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	w := b.Param("w", graph.Shape{4, 4}, 1, true)
	return product.Apply(graph.Seq{graph.Tanh}.Build(b, product.Apply(x, w)), w)
}

// product is a user's own matrix product.
var product = &graph.Op{
	Name: "product", Terms: func(x []graph.Shape) int { return x[0][1] },
	Shape: func(x []graph.Shape) (graph.Shape, error) { return graph.Shape{x[0][0], x[1][1]}, nil },
	Grad: []graph.Rule{
		func(x graph.Nodes, _, dy *graph.Node) *graph.Node { return op.MulT.Apply(dy, x[1]) },
		func(x graph.Nodes, _, dy *graph.Node) *graph.Node { return op.TMul.Apply(x[0], dy) },
	},
}

// foreign is one of Gorgonia's own products.
type foreign struct{}

func (foreign) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	return gorgonia.Must(gorgonia.Mul(x, b.Param("v", graph.Shape{4, 2}, 1, true)))
}

// TestSummaryNested: layers inside layers, weights shared by two products, products that are not ours, and normalization.
func TestSummaryNested(t *testing.T) {
	for _, c := range []struct {
		net  graph.Layer
		in   graph.Shape
		want string
	}{
		{graph.Seq{graph.Residual{graph.Residual{graph.Dense{Out: 4}}, graph.ReLU}, graph.Dense{Out: 2}}, shape{4},
			"[{0 residual (4) 0 0 0} {0 residual (4) 0 0 1} {0 dense(4) (4) 20 16 2} {1 relu (4) 0 0 1} {1 dense(2) (2) 10 8 0}]"},
		{graph.Seq{tied{}, foreign{}}, shape{4}, "[{0 graph_test.tied (4) 16 32 0} {0 tanh (4) 0 0 1} {1 graph_test.foreign (2) 8 8 0}]"},
		{graph.Seq{graph.Conv{Out: 3, Kernel: 2}, graph.BatchNorm{}, graph.Seq{graph.Seq{}, graph.Dense{Out: 2}}}, shape{2, 3, 3},
			"[{0 conv(3,2) (3, 2, 2) 27 96 0} {1 batchnorm (3, 2, 2) 6 0 0} {2.1 dense(2) (2) 26 24 0}]"},
		{graph.Seq{graph.Repeat{Times: 2, Layers: graph.Seq{graph.Dense{Out: 4}, graph.Add{{graph.Tanh}, {graph.ReLU, graph.Residual{graph.ReLU}}}}}}, shape{4},
			"[{0 repeat(2) (4) 0 0 0} {0.0 dense(4) (4) 20 16 1} {0.1 add (4) 0 0 1} {0.0 tanh (4) 0 0 2} {1.0 relu (4) 0 0 2} {1.1 residual (4) 0 0 2} {0 relu (4) 0 0 3} " +
				"{1.0 dense(4) (4) 20 16 1} {1.1 add (4) 0 0 1} {0.0 tanh (4) 0 0 2} {1.0 relu (4) 0 0 2} {1.1 residual (4) 0 0 2} {0 relu (4) 0 0 3}]"},
		{graph.Graph{{Layer: graph.Tanh, Name: "a"}, {Layer: graph.Dense{Out: 4}}}, shape{4},
			"[{0 graph (4) 0 0 0} {a tanh (4) 0 0 1} {1 dense(4) (4) 20 16 1}]"},
	} {
		if got := fmt.Sprint(fresh(t, c.net, graph.Quadratic, c.in, graph.Config{}).Summary()); got != c.want {
			t.Errorf("%s\nwant %s", got, c.want)
		}
	}
}

// TestSummary: layer, output of one example, parameters, multiply-adds.
func TestSummary(t *testing.T) {
	n := fresh(t, graph.Seq{
		graph.Conv{Out: 2, Kernel: 3, Stride: 2, Pad: 1}, graph.MaxPool{Size: 2}, graph.ReLU, graph.Dropout{P: .5}, graph.Dense{Out: 3},
	}, graph.LogLikelihood, shape{1, 9, 9}, graph.Config{})
	want := "[{0 conv(2,3,stride=2,pad=1) (2, 5, 5) 20 450 0} {1 pool(2) (2, 2, 2) 0 0 0} {2 relu (2, 2, 2) 0 0 0} {3 dropout(0.5) (2, 2, 2) 0 0 0} {4 dense(3) (3) 27 24 0}]"
	if got := fmt.Sprint(n.Summary()); got != want || n.Size() != 47 {
		t.Errorf("%d parameters, %s\nwant 47, %s", n.Size(), got, want)
	}
}

// TestSummaryOfGroups: a filter of a group multiplies only that group's maps; each pixel of a transposed convolution's input meets all elements
// of a filter.
func TestSummaryOfGroups(t *testing.T) {
	n := fresh(t, graph.Seq{
		graph.Conv{Out: 6, Kernel: 1, Cols: 3, Pad: graph.Same}, graph.Conv{Out: 6, Kernel: 3, Stride: 2, Pad: graph.Same, Dilation: 2, Groups: 6},
		graph.ConvTranspose{Out: 4, Kernel: 3, Stride: 2, Pad: 1, OutPad: 1, Groups: 2}, graph.Flatten{},
	}, graph.MSE, shape{1, 8, 6}, graph.Config{})
	want := "[{0 conv(6,1x3,pad=same) (6, 8, 6) 24 864 0} {1 conv(6,3,stride=2,pad=same,dilation=2,groups=6) (6, 4, 3) 60 648 0} " +
		"{2 convtranspose(4,3,stride=2,pad=1,outpad=1,groups=2) (4, 8, 6) 112 1296 0} {3 flatten (192) 0 0 0}]"
	if got := fmt.Sprint(n.Summary()); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// TestActivationsInARow: a dense layer's kernel includes one activation, so two in a row must both have an effect.
func TestActivationsInARow(t *testing.T) {
	layers := graph.Seq{graph.Dense{Out: 6}, graph.Sigmoid, graph.Tanh, graph.Dense{Out: 3}, graph.ReLU, graph.Sigmoid}
	net := fresh(t, layers, graph.Quadratic, shape{5}, graph.Config{Float64: true})
	tape := fresh(t, layers, graph.Quadratic, shape{5}, graph.Config{Float64: true, Tape: true})
	x, labels := examples(4, shape{5}, 3)
	got, want := predict(t, net, 4, x), predict(t, tape, 4, x)
	for i := range got {
		if math.Abs(float64(got[i]-want[i])) > 1e-6 {
			t.Fatalf("output %d is %v, on the TapeMachine %v", i, got[i], want[i])
		}
	}
	cost := step(t, net, x, labels).Cost
	if s, err := net.Evaluate(x, hot(net, labels)); err != nil || math.Abs(s.Cost-cost) > 1e-12 {
		t.Errorf("cost %v in training, %v in evaluation (%v)", cost, s.Cost, err)
	}
}
