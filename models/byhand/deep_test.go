package byhand

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// random fills the parameters of the layers from N(0, 1/4).
func random(seed uint64, layers ...Layer) []Layer {
	rng := rand.New(rand.NewPCG(seed, 1))
	for _, p := range (&Deep{Layers: layers}).Parameters() {
		copy(p.W, normals(rng, len(p.W), 0.5))
		copy(p.B, normals(rng, len(p.B), 0.5))
	}
	return layers
}

// stacks are layers for two images of 7×6 that lead to three outputs, with the
// sizes of their masks. Two pools ignore rows or columns.
var stacks = []struct {
	name   string
	layers []Layer
	masks  []int
}{
	{"dense", random(1, NewDense(84, 3)), nil},
	{"sigmoid", random(2, NewDense(84, 5), Sigmoid, NewDense(5, 3), Sigmoid), nil},
	{"dropout", random(3, &Dropout{Scale: 1}, NewDense(84, 6), Tanh, &Dropout{Scale: 1}, NewDense(6, 3)), []int{84, 6}},
	{"chapter 6", random(4, NewConvolution(2, 7, 6, 3, 2), MaxPool{3, 6, 5, 2}, ReLU, NewConvolution(3, 3, 2, 4, 2), MaxPool{4, 2, 1, 1},
		ReLU, &Dropout{Scale: 1}, NewDense(8, 5), ReLU, &Dropout{Scale: 1}, NewDense(5, 3)), []int{8, 5}},
	{"pool first", random(5, MaxPool{2, 7, 6, 3}, NewConvolution(2, 2, 2, 3, 1), Tanh, NewDense(12, 3)), nil},
}

var outputs = []struct {
	name string
	Output
}{
	{"quadratic", LinearQuadratic}, {"cross-entropy", SigmoidCrossEntropy}, {"log-likelihood", SoftmaxLogLikelihood},
}

// dropped returns masks with p = 1/4.
func dropped(rng *rand.Rand, sizes []int) [][]float64 {
	var masks [][]float64
	for _, n := range sizes {
		mask := make([]float64, n)
		for i := range mask {
			if rng.IntN(4) > 0 {
				mask[i] = 1 / 0.75
			}
		}
		masks = append(masks, mask)
	}
	return masks
}

// desired is an output that sums to 1, as softmax needs it.
func desired(rng *rand.Rand) []float64 {
	a, b := rng.Float64()/2, rng.Float64()/2
	return []float64{a, b, 1 - a - b}
}

// TestDeepBackprop compares every component of the gradient, including that of
// the images, with central differences of the cost, exact to the fourth order of
// the step.
func TestDeepBackprop(t *testing.T) {
	const h, rtol = 1e-3, 1e-6
	for _, s := range stacks {
		for _, output := range outputs {
			net := &Deep{s.layers, output.Output}
			rng := rand.New(rand.NewPCG(7, 0))
			x, y, masks := normals(rng, 84, 1), desired(rng), dropped(rng, s.masks)
			cost := func() float64 {
				inputs := net.forward(x, masks)
				return net.Output.Fn(net.Output.Activation(inputs[len(inputs)-1]), y)
			}
			check := func(name string, v, nabla []float64) {
				for i := range v {
					old := v[i]
					at := func(step float64) float64 {
						v[i] = old + step
						return cost()
					}
					want := (8*(at(h)-at(-h)) - (at(2*h) - at(-2*h))) / (12 * h)
					v[i] = old
					near(t, fmt.Sprintf("%s, %s: gradient of %s[%d]", s.name, output.name, name, i), nabla[i], want, rtol*max(1e-3, math.Abs(want)))
				}
			}
			for _, p := range net.Parameters() {
				clear(p.NablaW)
				clear(p.NablaB)
			}
			net.Backprop(x, y, masks)
			for l, p := range net.Parameters() {
				check(fmt.Sprintf("W of layer %d", l), p.W, p.NablaW)
				check(fmt.Sprintf("B of layer %d", l), p.B, p.NablaB)
			}
			inputs := net.forward(x, masks)
			dx := CostDerivative(net.Output.Activation(inputs[len(s.layers)]), y)
			for l, layer := range slices.Backward(s.layers) {
				dx = layer.Backward(inputs[l], dx)
			}
			check("the images", x, dx)
		}
	}
}

// TestDeepIsNetwork2 trains a network of sigmoid neurons with both programs.
// Network2 has the book's W, and Deep its transpose.
func TestDeepIsNetwork2(t *testing.T) {
	const eta, lambda, n = 0.5, 3, 50
	for _, c := range []struct {
		Cost
		Output
		last []Layer
	}{
		{QuadraticCost{}, LinearQuadratic, []Layer{Sigmoid}},
		{CrossEntropyCost{}, SigmoidCrossEntropy, nil},
	} {
		want := network(1, c.Cost, 6, 4, 3)
		net := &Deep{append([]Layer{NewDense(6, 4), Sigmoid, NewDense(4, 3)}, c.last...), c.Output}
		for l, p := range net.Parameters() {
			for i := range p.W {
				outputs := len(p.B)
				p.W[i] = want.Weights[l][i%outputs*want.Sizes[l]+i/outputs]
			}
			copy(p.B, want.Biases[l])
		}
		for step := range 5 {
			batch := examples(uint64(step), 4+step, 6, 3)
			want.UpdateMiniBatch(batch, eta, lambda, n)
			net.UpdateMiniBatch(batch, make([][][]float64, len(batch)), eta, lambda, n)
		}
		for l, p := range net.Parameters() {
			for i := range p.W {
				outputs := len(p.B)
				near(t, fmt.Sprintf("%v: weight", c.Cost), p.W[i], want.Weights[l][i%outputs*want.Sizes[l]+i/outputs], 1e-13)
			}
			for i := range p.B {
				near(t, fmt.Sprintf("%v: bias", c.Cost), p.B[i], want.Biases[l][i], 1e-13)
			}
		}
		if data := examples(9, 200, 6, 3); net.Evaluate(data) != want.Evaluate(data) {
			t.Errorf("%v: %d of 200 correct, by the other program %d", c.Cost, net.Evaluate(data), want.Evaluate(data))
		}
	}
}

// TestMasks: the masks of an example are used for that example only, and not in
// evaluation.
func TestMasks(t *testing.T) {
	dense := NewDense(2, 1)
	net := &Deep{[]Layer{&Dropout{Scale: 1}, dense, &Dropout{Scale: 1}}, LinearQuadratic}
	batch := []Example{{X: []float64{1, 10}, Y: []float64{-1}}, {X: []float64{2, 20}, Y: []float64{-1}}}
	// Without weights the output is 0, and δ = 0 - (-1) times the second mask.
	net.UpdateMiniBatch(batch, [][][]float64{{{2, 0}, {1}}, {{0, 3}, {5}}}, 0, 0, 1)
	if want := []float64{2, 300}; !slices.Equal(dense.NablaW, want) {
		t.Errorf("gradient of W = %v, want %v", dense.NablaW, want)
	}
	if want := []float64{6}; !slices.Equal(dense.NablaB, want) {
		t.Errorf("gradient of b = %v, want %v", dense.NablaB, want)
	}
	dense.W = []float64{1, 1}
	if got := net.Feedforward([]float64{1, 10}); got[0] != 11 {
		t.Errorf("evaluation gives %v, want 11", got)
	}
}

// TestDeepUpdate: a step uses the mean of the gradients, and shrinks weights, but
// not biases, once.
func TestDeepUpdate(t *testing.T) {
	dense := NewDense(1, 1)
	dense.W[0], dense.B[0] = 4, 0
	net := &Deep{[]Layer{dense}, LinearQuadratic}
	batch := []Example{{X: []float64{1}, Y: []float64{0}}, {X: []float64{1}, Y: []float64{6}}} // δ = 4 and -2.
	net.UpdateMiniBatch(batch, make([][][]float64, 2), 0.5, 10, 50)
	near(t, "weight", dense.W[0], 4*(1-0.5*10/50)-0.5*(4-2)/2, 1e-15)
	near(t, "bias", dense.B[0], -0.5*(4-2)/2, 1e-15)
	near(t, "sum of the weight's gradients", dense.NablaW[0], 2, 0)
	net.UpdateMiniBatch(batch[:1], make([][][]float64, 1), 0, 0, 50)
	near(t, "the next step's sum", dense.NablaW[0], dense.W[0]+dense.B[0], 1e-15)
}

// TestLayers compares layers with numbers that are easy to follow.
func TestLayers(t *testing.T) {
	conv := NewConvolution(1, 3, 3, 1, 2)
	copy(conv.W, []float64{1, 10, 100, 1000})
	conv.B[0] = 0.5
	image := []float64{
		1, 2, 3,
		4, 5, 6,
		7, 8, 9,
	}
	for _, c := range []struct {
		name        string
		layer       Layer
		x, y, dy    []float64
		dx          []float64
		weights, db []float64
	}{
		{"convolution", conv, image, []float64{5421.5, 6532.5, 8754.5, 9865.5}, []float64{1, 0, 0, 2},
			[]float64{1, 10, 0, 100, 1002, 20, 0, 200, 2000}, []float64{1 + 2*5, 2 + 2*6, 4 + 2*8, 5 + 2*9}, []float64{3}},
		{"pool", MaxPool{1, 3, 3, 2}, image, []float64{5}, []float64{7}, []float64{0, 0, 0, 0, 7, 0, 0, 0, 0}, nil, nil},
		{"first of equals", MaxPool{1, 2, 4, 2}, []float64{0, 3, 2, 1, 3, 3, 2, 2}, []float64{3, 2}, []float64{5, 6},
			[]float64{0, 5, 6, 0, 0, 0, 0, 0}, nil, nil},
		{"ReLU", ReLU, []float64{-2, 0, 3}, []float64{0, 0, 3}, []float64{4, 5, 6}, []float64{0, 0, 6}, nil, nil},
		{"tanh", Tanh, []float64{0}, []float64{0}, []float64{4}, []float64{4}, nil, nil},
		{"sigmoid", Sigmoid, []float64{0}, []float64{0.5}, []float64{4}, []float64{1}, nil, nil},
		{"dropout", &Dropout{Scale: 1, Mask: []float64{2, 0}}, []float64{3, 4}, []float64{6, 0}, []float64{5, 6}, []float64{10, 0}, nil, nil},
		{"no dropout", &Dropout{Scale: 1}, []float64{3, 4}, []float64{3, 4}, []float64{5, 6}, []float64{5, 6}, nil, nil},
		{"no dropout, unscaled", &Dropout{Scale: .5}, []float64{3, 4}, []float64{1.5, 2}, []float64{5, 6}, []float64{2.5, 3}, nil, nil},
	} {
		if y := c.layer.Forward(c.x); !slices.Equal(y, c.y) {
			t.Errorf("%s: y = %v, want %v", c.name, y, c.y)
		}
		if dx := c.layer.Backward(c.x, c.dy); !slices.Equal(dx, c.dx) {
			t.Errorf("%s: dx = %v, want %v", c.name, dx, c.dx)
		}
		for _, p := range (&Deep{Layers: []Layer{c.layer}}).Parameters() {
			if !slices.Equal(p.NablaW, c.weights) || !slices.Equal(p.NablaB, c.db) {
				t.Errorf("%s: gradients %v and %v, want %v and %v", c.name, p.NablaW, p.NablaB, c.weights, c.db)
			}
		}
	}
}

func TestSoftmax(t *testing.T) {
	for _, c := range []struct{ z, a []float64 }{
		{[]float64{0, 0}, []float64{0.5, 0.5}},
		{[]float64{math.Log(3), 0}, []float64{0.75, 0.25}},
		{[]float64{1000, 1000 - math.Log(3)}, []float64{0.75, 0.25}},
		{[]float64{-1000, 1000}, []float64{0, 1}},
	} {
		for j, a := range softmax(c.z) {
			near(t, fmt.Sprintf("softmax(%v)[%d]", c.z, j), a, c.a[j], 1e-13)
		}
	}
	near(t, "log-likelihood cost", logLikelihood([]float64{0.25, 0.75}, []float64{1, 0}), math.Log(4), 1e-15)
}

// TestDeepWrongLength is TestWrongLength for the layers.
func TestDeepWrongLength(t *testing.T) {
	net := &Deep{[]Layer{&Dropout{Scale: 1}, NewDense(4, 2)}, SoftmaxLogLikelihood}
	four, two := make([]float64, 4), make([]float64, 2)
	for name, f := range map[string]func(){
		"input":      func() { net.Feedforward(two) },
		"output":     func() { net.Backprop(four, four, nil) },
		"mask":       func() { net.Backprop(four, two, [][]float64{two}) },
		"no mask":    func() { net.UpdateMiniBatch(Examples{{four, two}}, nil, 1, 0, 1) },
		"images":     func() { NewConvolution(1, 3, 3, 1, 2).Forward(four) },
		"pool":       func() { MaxPool{1, 3, 3, 2}.Forward(four) },
		"few masks":  func() { (&Deep{[]Layer{&Dropout{}, &Dropout{}}, LinearQuadratic}).Backprop(two, two, [][]float64{two}) },
		"long image": func() { NewConvolution(1, 1, 3, 1, 1).Forward(four) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

// TestParameters: Parameters returns the layers' own memory, in order.
func TestParameters(t *testing.T) {
	a, b := NewConvolution(1, 2, 2, 3, 2), NewDense(3, 2)
	got := (&Deep{Layers: []Layer{a, MaxPool{3, 1, 1, 1}, ReLU, b}}).Parameters()
	if !reflect.DeepEqual(got, []*Parameters{&a.Parameters, &b.Parameters}) || got[0] != &a.Parameters || got[1] != &b.Parameters {
		t.Errorf("got %v", got)
	}
	if len(a.W) != 12 || len(a.B) != 3 || len(b.W) != 6 || len(b.NablaB) != 2 {
		t.Errorf("sizes %d, %d, %d, %d", len(a.W), len(a.B), len(b.W), len(b.NablaB))
	}
}
