package byhand

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

func TestCost(t *testing.T) {
	for _, c := range []struct {
		cost Cost
		a, y []float64
		want float64
	}{
		{QuadraticCost{}, []float64{0.5, 0.2}, []float64{1, 0}, 0.145},
		{QuadraticCost{}, []float64{1, 0}, []float64{1, 0}, 0},
		{CrossEntropyCost{}, []float64{0.5}, []float64{1}, math.Ln2},
		{CrossEntropyCost{}, []float64{0.5}, []float64{0.25}, math.Ln2},
		{CrossEntropyCost{}, []float64{0.5, 0.75}, []float64{1, 0}, 3 * math.Ln2},
		{CrossEntropyCost{}, []float64{1, 0}, []float64{1, 0}, 0},
	} {
		near(t, c.cost.String(), c.cost.Fn(c.a, c.y), c.want, 1e-15)
	}
	wrong := CrossEntropyCost{}.Fn([]float64{1, 0}, []float64{0, 1})
	if !(wrong > 1000) || math.IsInf(wrong, 0) {
		t.Errorf("cross-entropy of the wrong and certain output = %v, want large and finite", wrong)
	}
	if nan := (CrossEntropyCost{}).Fn([]float64{math.NaN()}, []float64{0}); !math.IsNaN(nan) {
		t.Errorf("cross-entropy of NaN = %v: divergence is hidden", nan)
	}
}

func TestInitializers(t *testing.T) {
	mean := func(x []float64) (sum float64) {
		for i := range x {
			sum += x[i] / float64(len(x))
		}
		return sum
	}
	large, small := New(9, 400, 100, 10), New2(9, CrossEntropyCost{}, 400, 100, 10)
	near(t, "mean of the large weights", mean(large.Weights[0]), 0, 0.02)
	near(t, "their variance", squares(large.Weights[0])/40000, 1, 0.03)
	near(t, "mean of the biases", mean(large.Biases[0]), 0, 0.3)
	near(t, "their variance", squares(large.Biases[0])/100, 1, 0.4)
	if !reflect.DeepEqual(large.Biases, small.Biases) {
		t.Error("the initializers differ in the biases")
	}
	for l, root := range []float64{20, 10} {
		for i := range large.Weights[l] {
			near(t, "default weight", small.Weights[l][i], large.Weights[l][i]/root, 1e-15)
		}
	}
	if !reflect.DeepEqual(New(9, 400, 100, 10), large) {
		t.Error("two networks of one seed differ")
	}
	if reflect.DeepEqual(New(10, 400, 100, 10).Weights, large.Weights) {
		t.Error("another seed gives the same weights")
	}
}

// TestL2 compares a regularized step with a plain one. They may differ only by
// eta lambda/n w, once for the whole batch, and not at all in the biases.
func TestL2(t *testing.T) {
	const eta, lambda, n = 0.5, 3, 50
	for _, m := range []int{1, 10} {
		before := network(11, CrossEntropyCost{}, 5, 4, 3)
		batch := examples(12, m, 5, 3)
		plain, decayed := copied(before), copied(before)
		plain.Network.UpdateMiniBatch(batch, eta)
		decayed.UpdateMiniBatch(batch, eta, lambda, n)
		if !reflect.DeepEqual(plain.Biases, decayed.Biases) {
			t.Errorf("m = %d: the biases are regularized", m)
		}
		for l := range before.Weights {
			for i, w := range before.Weights[l] {
				near(t, "regularized weight", decayed.Weights[l][i], plain.Weights[l][i]-eta*lambda/n*w, 1e-15)
			}
		}
	}
}

// TestTrainingSetSize: SGD divides lambda by the length of the training set. If
// the cost has no gradient, only the decay of 2 epochs of 3 steps is left.
func TestTrainingSetSize(t *testing.T) {
	net := New2(13, CrossEntropyCost{}, 1, 1)
	net.Weights[0][0], net.Biases[0][0] = 4, 0
	data := slices.Repeat(Examples{{X: []float64{0}, Y: []float64{0.5}}}, 5)
	for range net.SGD(data, 2, 2, 0.5, 1) {
	}
	near(t, "weight", net.Weights[0][0], 4*math.Pow(0.9, 6), 1e-15)
	near(t, "bias", net.Biases[0][0], 0, 0)
}

func TestTotalCost(t *testing.T) {
	net := New2(14, QuadraticCost{}, 1, 1)
	net.Weights[0][0], net.Biases[0][0] = 3, 0
	data := Examples{
		{X: []float64{0}, Y: []float64{0.5}}, // Costs 0.
		{X: []float64{0}, Y: []float64{1}},   // Costs 1/8.
	}
	near(t, "plain cost", net.TotalCost(data, 0), 0.0625, 1e-16)
	near(t, "regularized cost", net.TotalCost(data, 0.2), 0.0625+0.45, 1e-16)
	near(t, "cost of one, with lambda over 1", net.TotalCost(data[:1], 0.2), 0.9, 1e-15)
}

func TestNoImprovementIn(t *testing.T) {
	for _, c := range []struct {
		n          int
		accuracies []int
		want       bool
	}{
		{2, nil, false},
		{2, []int{0, 0}, false},
		{2, []int{0, 0, 0}, true},
		{2, []int{5, 6, 6}, false},
		{2, []int{5, 6, 6, 6}, true},
		{2, []int{5, 6, 4, 5}, true},
		{2, []int{5, 6, 4, 7}, false},
		{10, []int{9, 1, 2, 3, 4, 5, 6, 7, 8, 8}, false},
		{10, []int{9, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9}, true},
	} {
		if got := NoImprovementIn(c.n, c.accuracies); got != c.want {
			t.Errorf("NoImprovementIn(%d, %v) = %v", c.n, c.accuracies, got)
		}
	}
}

func TestImages(t *testing.T) {
	images := Images{Pixels: []byte{0, 1, 2, 64, 128, 255}, Labels: []byte{9, 0}}
	want := []Example{
		{X: []float64{0, 0.00390625, 0.0078125}, Y: []float64{0, 0, 0, 0, 0, 0, 0, 0, 0, 1}},
		{X: []float64{0.25, 0.5, 0.99609375}, Y: []float64{1, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
	}
	if images.Len() != 2 {
		t.Fatalf("%d images, want 2", images.Len())
	}
	for i := range want {
		if got := images.Example(i); !reflect.DeepEqual(got, want[i]) {
			t.Errorf("image %d = %v, want %v", i, got, want[i])
		}
	}
}

// TestMiniBatches: an epoch has each example once, and each epoch has an order of
// its own.
func TestMiniBatches(t *testing.T) {
	data := Images{Pixels: make([]byte, 23), Labels: make([]byte, 23)}
	for i := range data.Pixels {
		data.Pixels[i] = byte(i)
	}
	orders := map[string]bool{}
	for _, epoch := range []int{0, 1, 2, 0} {
		var lengths []int
		var order []byte
		for batch := range miniBatches(data, 10, 1, epoch) {
			lengths = append(lengths, len(batch))
			for _, example := range batch {
				order = append(order, byte(256*example.X[0]))
			}
		}
		if want := []int{10, 10, 3}; !slices.Equal(lengths, want) {
			t.Errorf("epoch %d: mini-batches of %v, want %v", epoch, lengths, want)
		}
		orders[string(order)] = true
		if slices.Sort(order); !slices.Equal(order, data.Pixels) {
			t.Errorf("epoch %d: the examples are %v", epoch, order)
		}
	}
	if len(orders) != 3 {
		t.Errorf("%d orders for epochs 0, 1, 2 and 0 again, want 3", len(orders))
	}
}

// digits returns n images of 6 by 6 pixels, each one of ten fixed random
// patterns with a tenth of its pixels changed.
func digits(seed uint64, n int) Images {
	pattern := func(label byte) []byte {
		rng := rand.New(rand.NewPCG(0, uint64(label)))
		p := make([]byte, 36)
		for k := range p {
			p[k] = byte(rng.IntN(2)) * 255
		}
		return p
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	var d Images
	for range n {
		label := byte(rng.IntN(10))
		p := pattern(label)
		for k := range p {
			if rng.IntN(10) == 0 {
				p[k] = 255 - p[k]
			}
		}
		d.Pixels, d.Labels = append(d.Pixels, p...), append(d.Labels, label)
	}
	return d
}

// TestLearning trains both networks on noisy patterns of ten classes. With the
// quadratic cost and large weights, some seeds never learn one class, because its
// output neuron starts saturated. This is chapter 3's reason for the
// cross-entropy. Seed 16 is not one of them.
func TestLearning(t *testing.T) {
	training, test := digits(1, 1000), digits(2, 1000)
	net, net2 := New(16, 36, 20, 10), New2(16, CrossEntropyCost{}, 36, 20, 10)
	if got := net.Evaluate(test); got > 300 {
		t.Errorf("%d of 1000 correct before training", got)
	}
	for range net.SGD(training, 20, 10, 1, nil) {
	}
	for range net2.SGD(training, 20, 10, 0.5, 0.1) {
	}
	if got := net.Evaluate(test); got < 980 {
		t.Errorf("network: %d of 1000 correct", got)
	}
	if got := net2.Accuracy(test); got < 980 {
		t.Errorf("network2: %d of 1000 correct", got)
	}
}
