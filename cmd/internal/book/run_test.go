package book

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/models/byhand"
)

// TestQuick: what takes no time is as in the book.
func TestQuick(t *testing.T) {
	data, err := digits()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range All {
		if !e.Quick() {
			continue
		}
		r := e.New()
		for range min(e.Seeds, 3) {
			if err := e.Next(context.Background(), data, r); err != nil {
				t.Fatal(err)
			}
		}
		for _, row := range e.Rows(r) {
			if want := map[bool]Verdict{true: Agrees, false: Exact}[e.Random()]; row.Verdict != want {
				t.Errorf("%s: %+v, want %s", e.Name, row, want)
			}
		}
		if (e.Axes == Axes{}) != (len(r.Curves) == 0) {
			t.Errorf("%s: %d curves, axes %v", e.Name, len(r.Curves), e.Axes)
		}
	}
}

// hand is network2's network with the same weights, whose matrices are the other way round.
func hand(n *graph.Net, sizes ...int) *byhand.Network2 {
	net := byhand.New2(0, byhand.CrossEntropyCost{}, sizes...)
	for l := range net.Weights {
		w, in, out := n.Params[2*l].Float64s(), sizes[l], sizes[l+1]
		for i, v := range w {
			net.Weights[l][i%out*in+i/out] = v
		}
		net.Biases[l] = n.Params[2*l+1].Float64s()
	}
	return net
}

// TestBiasNorms compares the gradient's lengths with backpropagation by hand.
func TestBiasNorms(t *testing.T) {
	m, err := model("ch5-2")
	if err != nil {
		t.Fatal(err)
	}
	set := small(t, 20, 1).Train
	got, err := biasNorms(m, set, 5)
	if err != nil {
		t.Fatal(err)
	}
	n, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Seed: 5, Init: m.Recipe.Init})
	if err != nil {
		t.Fatal(err)
	}
	net, images := hand(n, 784, 30, 30, 10), byhand.Images{Pixels: set.Images, Labels: set.Labels}
	for l := range 3 {
		sum := make([]float64, len(net.Biases[l]))
		for i := range images.Len() {
			e := images.Example(i)
			nabla, _ := net.Backprop(e.X, e.Y)
			for j, d := range nabla[l] {
				sum[j] += d / float64(images.Len())
			}
		}
		squares := 0.
		for _, d := range sum {
			squares += d * d
		}
		if want := math.Sqrt(squares); !near(got[l], want, 1e-5*want) {
			t.Errorf("layer %d: %v, by hand %v", l, got[l], want)
		}
	}
}

// TestTotalCost compares it with network2's.
func TestTotalCost(t *testing.T) {
	m, err := model("ch3-large-30")
	if err != nil {
		t.Fatal(err)
	}
	n, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Seed: 5, Init: m.Recipe.Init})
	if err != nil {
		t.Fatal(err)
	}
	set := small(t, 30, 1).Train
	got, err := totalCost(t.Context(), n, labeled(set), 5)
	want := hand(n, 784, 30, 10).TotalCost(byhand.Images{Pixels: set.Images, Labels: set.Labels}, 5)
	if err != nil || !near(got, want, 1e-5*want) {
		t.Errorf("%v, %v; by hand %v", got, err, want)
	}
}

// TestTrainings: the experiments that train, on few images.
func TestTrainings(t *testing.T) {
	data := small(t, 1000, 100)
	for _, c := range []struct {
		name   string
		run    func(context.Context, lab) (run, error)
		values int
		points int // of each curve
		curves string
	}{
		{"weight-init", weightInit("ch3-default-30", "ch3-large-30"), 4, 30, "default initialization, large initialization"},
		{"multiple-eta", multipleEta, 6, 30, "η = 0.025, η = 0.25, η = 2.5"},
		{"more-data", moreData(2000, 100, 200), 2, 2, "validation images"},
	} {
		got, err := c.run(context.Background(), lab{data, 1})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, curve := range got.curves {
			names = append(names, curve.Name)
			if len(curve.X) != c.points || len(curve.Y) != c.points {
				t.Errorf("%s: %s has %d points", c.name, curve.Name, len(curve.X))
			}
		}
		if s := strings.Join(names, ", "); s != c.curves || len(got.values) != c.values {
			t.Errorf("%s: %d values and the curves %s", c.name, len(got.values), s)
		}
		for i, v := range got.values {
			if !(v > .1 && v < 10) { // better than chance, or a cost
				t.Errorf("%s: value %d is %v", c.name, i, v)
			}
		}
	}
}

// TestOverfit: every training image is learned by heart, unlike the test images, and the values are the ends of the curves.
func TestOverfit(t *testing.T) {
	data := small(t, 1000, 200)
	got, err := overfit("ch3-overfit")(context.Background(), lab{data, 1})
	if err != nil {
		t.Fatal(err)
	}
	if got.values[1] != 1 || got.values[0] > .9 || got.values[0] < .7 {
		t.Errorf("accuracies of test and training images: %v", got.values)
	}
	for i, c := range got.curves {
		if len(c.Y) != 400 || c.Y[399] != got.values[i] || c.Y[0] >= got.values[i] {
			t.Errorf("%s: from %v to %v, value %v", c.Name, c.Y[0], c.Y[399], got.values[i])
		}
	}
}

// TestMoreData: the sizes are those asked for, each for as many images seen, and more images are better.
func TestMoreData(t *testing.T) {
	data := small(t, 500, 500)
	got, err := moreData(10_000, 50, 500)(context.Background(), lab{data, 1})
	if err != nil {
		t.Fatal(err)
	}
	if c := got.curves[0]; !reflect.DeepEqual(c.X, []float64{50, 500}) || got.values[1] < got.values[0]+.1 {
		t.Errorf("%v: %v", c.X, got.values)
	}
	m, err := model("ch3-ce-30")
	if err != nil {
		t.Fatal(err)
	}
	want := models.Recipe{Epochs: 750, Batch: 10, Eta: .5, Lambda: .2, Init: graph.Large, TrainSize: 2000}
	if got := sized(m.Recipe, 2000, 1_500_000); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	_, err = moreData(10_000, 501)(context.Background(), lab{data, 1})
	if err == nil || !strings.Contains(err.Error(), "needs 501 training images, but the data has 500") {
		t.Errorf("error %v", err)
	}
}

// TestSeeds: a seed gives the same figures again, another one others.
func TestSeeds(t *testing.T) {
	data := small(t, 100, 100)
	values := func(seed uint64) string {
		r, err := moreData(1000, 100)(context.Background(), lab{data, seed})
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(r)
	}
	one, again, two := values(1), values(1), values(2)
	if one != again || one == two {
		t.Errorf("seed 1: %s, %s; seed 2: %s", one, again, two)
	}
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := moreData(1000, 100)(stopped, lab{data, 1}); err == nil || !strings.Contains(err.Error(), context.Canceled.Error()) {
		t.Errorf("a stopped run: %v", err)
	}
}

// TestNeuronByHand: the graph's neuron is the hand's to the last bits of what Predict gives, float32.
func TestNeuronByHand(t *testing.T) {
	for _, c := range []struct{ w, b float64 }{{.6, .9}, {2, 2}, {-1, .3}} {
		outputs, err := graphNeuron(t.Context(), c.w, c.b)
		if err != nil {
			t.Fatal(err)
		}
		if want := handNeuron(c.w, c.b); len(outputs) != neuronSteps+1 || !near(outputs[neuronSteps], want, 1e-7) {
			t.Errorf("w = %v, b = %v: %v, by hand %v", c.w, c.b, outputs[neuronSteps], want)
		}
	}
}

// TestBaseline: chapter 1's baseline on few images is what mnist.Darkness says.
func TestBaseline(t *testing.T) {
	data := small(t, 1000, 200)
	r, err := darkness(context.Background(), lab{data, 1})
	if want := float64(mnist.Darkness(data.Train, data.Test)) / 200; err != nil || r.values[0] != want {
		t.Errorf("%v, %v; want %v", r.values, err, want)
	}
}
