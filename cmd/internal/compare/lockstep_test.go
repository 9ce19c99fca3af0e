package compare

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/models/byhand"
	"github.com/stheno-ml/stheno/train"
)

// images are n images of 6×6 in three classes, half of whose pixels are 0.
func images(n int) train.Images {
	r := rand.New(rand.NewPCG(1, 1))
	d := train.Images{Pixels: make([]byte, 36*n), Labels: make([]byte, n), Classes: 3}
	for i := range d.Pixels {
		d.Pixels[i] = byte(max(0, r.IntN(511)-255))
	}
	for i := range d.Labels {
		d.Labels[i] = byte(r.IntN(3))
	}
	return d
}

var (
	recipe    = models.Recipe{Batch: 4, Eta: .5, Init: graph.Large}
	withDecay = models.Recipe{Batch: 4, Eta: .5, Lambda: 2}
	sigmoids  = graph.Seq{graph.Dense{Out: 5}, graph.Sigmoid, graph.Dense{Out: 3}, graph.Sigmoid}
	chapter6  = graph.Seq{
		graph.Conv{Out: 3, Kernel: 3}, graph.MaxPool{Size: 2}, graph.ReLU, graph.Conv{Out: 4, Kernel: 2}, graph.Tanh,
		graph.Dropout{}, graph.Dropout{P: .5}, graph.Dense{Out: 6}, graph.ReLU, graph.Dropout{P: .25}, graph.Dense{Out: 3, Init: graph.Zero},
	}
)

// nets are networks of 6×6 inputs and three outputs, with the programs that they are by hand.
var nets = []struct {
	name string
	net  graph.Layer
	loss *graph.Loss
	models.Recipe
	referee string
}{
	{"chapter 1", sigmoids, graph.Quadratic, recipe, "byhand.Network,"},
	{"chapter 1 with L2", sigmoids, graph.Quadratic, withDecay, "byhand.Network2,"},
	{"chapter 3", sigmoids[:3], graph.CrossEntropy, withDecay, "byhand.Network2,"},
	{"chapter 3 without L2", graph.Dense{Out: 3}, graph.CrossEntropy, recipe, "byhand.Network2,"},
	{"softmax", sigmoids[:3], graph.LogLikelihood, withDecay, "byhand.Deep,"},
	{"chapter 6", chapter6, graph.LogLikelihood, models.Recipe{Batch: 4, Eta: .1, DropTail: true}, "byhand.Deep,"},
	{"a linear output", graph.Seq{graph.Flatten{}, graph.Seq{graph.Dense{Out: 4}, graph.Tanh}, graph.Dropout{}, graph.Dense{Out: 3}}, graph.Quadratic,
		models.Recipe{Batch: 4, Eta: .1}, "byhand.Deep,"},
	{"pooled input", graph.Seq{graph.MaxPool{Size: 4}, graph.Sigmoid, graph.Dense{Out: 3}}, graph.CrossEntropy, withDecay, "byhand.Deep,"},
}

func lockstep(t *testing.T, net graph.Layer, loss *graph.Loss, r models.Recipe, c graph.Config, tol float64) *Lockstep {
	t.Helper()
	l, err := begin(models.Model{Name: "net", Input: graph.Shape{1, 6, 6}, Net: net, Loss: loss, Recipe: r}, c, tol)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// begin is New on a network of the model.
func begin(m models.Model, c graph.Config, tol float64) (*Lockstep, error) {
	c.Init = m.Recipe.Init
	net, err := graph.New(m.Net, m.Loss, m.Input, c)
	if err != nil {
		return nil, err
	}
	return New(net, m, images(30), c.Seed, tol)
}

func run(t *testing.T, l *Lockstep, steps int) Report {
	t.Helper()
	if err := l.Run(context.Background(), steps); err != nil {
		t.Fatal(err)
	}
	return l.Report
}

// TestSame trains every kind of network for three epochs, on both VMs and in both types.
func TestSame(t *testing.T) {
	for _, n := range nets {
		for _, c := range []struct {
			graph.Config
			first, tol float64
		}{
			{graph.Config{Seed: 3, Float64: true}, 1e-13, 1e-11},
			{graph.Config{Seed: 4, Float64: true, Tape: true}, 1e-13, 1e-11},
			{graph.Config{Seed: 5}, 1e-5, 1e-3},
		} {
			l := lockstep(t, n.net, n.loss, n.Recipe, c.Config, c.tol)
			r := run(t, l, 24)
			if r.First != nil || r.Resets != 0 || r.Steps != 24 || len(r.Gradients) != 24 || len(r.Weights) != 24 {
				t.Errorf("%s, %+v: %+v, first %+v", n.name, c, r, r.First)
			}
			if !(r.Gradients[0] <= c.first) || c.first > 1e-9 && !(r.Gradients[0] > 1e-12) {
				t.Errorf("%s, %+v: the first gradients differ by %v", n.name, c, r.Gradients[0])
			}
			if !strings.HasPrefix(l.Referee(), n.referee) {
				t.Errorf("%s: %s, want %s", n.name, l.Referee(), n.referee)
			}
			graph, hand, err := l.Evaluate(t.Context(), images(200))
			if want, _ := train.Evaluate(t.Context(), l.Net, images(200)); err != nil || graph != want.Correct || hand != graph {
				t.Errorf("%s: %d and %d right, want %d (%v)", n.name, graph, hand, want.Correct, err)
			}
		}
	}
}

// TestTrainer: the graph's side ends with the bits of an ordinary training, masks included.
func TestTrainer(t *testing.T) {
	for _, n := range nets {
		l := lockstep(t, n.net, n.loss, n.Recipe, graph.Config{Seed: 6}, 1)
		if l.Epoch() != map[bool]int{false: 8, true: 7}[n.DropTail] {
			t.Errorf("%s: %d mini-batches in an epoch of 30 images", n.name, l.Epoch())
		}
		run(t, l, 3*l.Epoch())
		net, err := graph.New(n.net, n.loss, graph.Shape{1, 6, 6}, graph.Config{Seed: 6, Init: n.Init})
		if err != nil {
			t.Fatal(err)
		}
		tr := train.Trainer{
			Net: net, Optimizer: train.SGD{}, Train: images(30), Validation: images(1), Epochs: 3, Seed: 6,
			Batch: n.Batch, Eta: n.Eta, Lambda: n.Lambda, DropTail: n.DropTail,
		}
		if err := tr.Start(); err != nil {
			t.Fatal(err)
		}
		for _, err := range tr.Run(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
		}
		for i, p := range net.Params {
			if !reflect.DeepEqual(p.Data, l.Net.Params[i].Data) {
				t.Errorf("%s: %s is not as train.Trainer leaves it", n.name, p.Name)
			}
		}
	}
}

// planted is a network by hand with a bug, which may change what a step gives, and the weights that it began with.
type planted struct {
	referee
	before [][]float64
	steps  int
	bug    func(p *planted, t tensors, d descent)
}

func plant(l *Lockstep, bug func(p *planted, t tensors, d descent)) {
	p := &planted{referee: l.referee, bug: bug}
	p.set(each(l.Net.Params, (*graph.Param).Float64s))
	l.referee = p
}

func (p *planted) set(weights [][]float64) {
	p.before = nil
	for _, w := range weights {
		p.before = append(p.before, slices.Clone(w))
	}
	p.referee.set(weights)
}

func (p *planted) step(batch []byhand.Example, masks [][][]float64, d descent) tensors {
	t := p.referee.step(batch, masks, d)
	p.steps++
	p.bug(p, t, d)
	p.set(t.weights)
	return t
}

// change multiplies a gradient by f, and makes the step with it.
func (p *planted) change(t tensors, d descent, i int, f float64) {
	for j, g := range t.nabla[i] {
		t.weights[i][j] -= d.eta * (f - 1) * g
		t.nabla[i][j] = f * g
	}
}

// TestPlanted wants each bug seen, at its first step and where backpropagation meets it first.
func TestPlanted(t *testing.T) {
	for _, c := range []struct {
		name string
		bug  func(p *planted, t tensors, d descent)
		want Beyond // without the differences
	}{
		{"no 1/m", func(p *planted, t tensors, d descent) {
			for i := range t.nabla {
				p.change(t, d, i, 4)
			}
		}, Beyond{Tensor: "dense2.b", Gradient: true, Step: 1}},
		{"a wrong factor in the hidden layer", func(p *planted, t tensors, d descent) {
			p.change(t, d, 0, 1+1e-8)
			p.change(t, d, 1, 1+1e-8)
		}, Beyond{Tensor: "dense1.b", Gradient: true, Step: 1}},
		{"biases shrink too", func(p *planted, t tensors, d descent) {
			for j, b := range p.before[1] {
				t.weights[1][j] -= d.eta * d.lambda / float64(d.n) * b
			}
		}, Beyond{Tensor: "dense1.b", Step: 1}},
		{"weights do not shrink", func(p *planted, t tensors, d descent) {
			for j, w := range p.before[2] {
				t.weights[2][j] += d.eta * d.lambda / float64(d.n) * w
			}
		}, Beyond{Tensor: "dense2.w", Step: 1}},
		{"from the third step on", func(p *planted, t tensors, d descent) {
			if p.steps >= 3 {
				p.change(t, d, 2, -1)
			}
		}, Beyond{Tensor: "dense2.w", Gradient: true, Step: 3}},
		{"not a number", func(_ *planted, t tensors, _ descent) { t.weights[0][0] = math.NaN() }, Beyond{Tensor: "dense1.w", Step: 1}},
	} {
		l := lockstep(t, sigmoids[:3], graph.CrossEntropy, withDecay, graph.Config{Float64: true}, 1e-9)
		plant(l, c.bug)
		r := run(t, l, 6)
		if r.First == nil {
			t.Errorf("%s: not seen", c.name)
			continue
		}
		got := *r.First
		if !(got.Rel > 1e-9 && got.Abs > 1e-12) {
			t.Errorf("%s: differs by %v", c.name, got.Difference)
		}
		if got.Difference = (Difference{}); got != c.want || r.Resets != 0 {
			t.Errorf("%s: %+v and %d resets, want %+v", c.name, got, r.Resets, c.want)
		}
	}
}

// TestMasks wants a difference where the network by hand has other masks.
func TestMasks(t *testing.T) {
	l := lockstep(t, chapter6, graph.LogLikelihood, withDecay, graph.Config{Float64: true}, 1e-9)
	run(t, l, 2)
	l.referee = unmasked{l.referee}
	if r := run(t, l, 1); r.First == nil || r.First.Step != 3 {
		t.Errorf("without masks: %+v", r.First)
	}
}

type unmasked struct{ referee }

func (u unmasked) step(batch []byhand.Example, _ [][][]float64, d descent) tensors {
	return u.referee.step(batch, make([][][]float64, len(batch)), d)
}

// TestResets lets the weights by hand drift between the steps, each of which is right.
func TestResets(t *testing.T) {
	l := lockstep(t, sigmoids, graph.Quadratic, recipe, graph.Config{Float64: true}, 1e-9)
	l.referee = drifting{l.referee}
	r := run(t, l, 5)
	if r.First != nil || r.Resets != 4 {
		t.Errorf("%d resets of 4, first %+v", r.Resets, r.First)
	}
	if worst := max(slices.Max(r.Gradients), slices.Max(r.Weights)); worst > 1e-12 {
		t.Errorf("the steps that were made anew differ by %v", worst)
	}
}

type drifting struct{ referee }

func (d drifting) step(batch []byhand.Example, masks [][][]float64, rate descent) tensors {
	t := d.referee.step(batch, masks, rate)
	var drifted [][]float64
	for _, w := range t.weights {
		w = slices.Clone(w)
		for i := range w {
			w[i] *= 1 + 1e-6
		}
		drifted = append(drifted, w)
	}
	d.set(drifted)
	return t
}

func TestNewErrors(t *testing.T) {
	for _, c := range []struct {
		net    graph.Layer
		loss   *graph.Loss
		recipe models.Recipe
		want   string
	}{
		{graph.Seq{graph.Dense{Out: 3}, graph.Residual{graph.ReLU}}, graph.Quadratic, recipe,
			"compare: model net: layer 1 residual(relu) does not exist by hand; use dense, conv with square filters"},
		{graph.Seq{graph.Conv{Out: 1, Kernel: 2, Stride: 2}, graph.Dense{Out: 3}}, graph.Quadratic, recipe, "layer 0 conv(1,2,stride=2) does not exist"},
		{graph.Seq{graph.ReLU, graph.Dense{Out: 3, NoBias: true}}, graph.LogLikelihood, recipe, "layer 1 dense(3,bias=false) does not exist"},
		{graph.Seq{graph.Conv{Out: 1, Kernel: 2, NoBias: true}, graph.Dense{Out: 3}}, graph.LogLikelihood, recipe, "layer 0 conv(1,2,bias=false) does not exist"},
		{graph.Seq{graph.Conv{Out: 1, Kernel: 2, Cols: 1}, graph.Dense{Out: 3}}, graph.LogLikelihood, recipe, "layer 0 conv(1,2x1) does not exist"},
		{graph.Seq{graph.Conv{Out: 1, Kernel: 2, Dilation: 2}, graph.Dense{Out: 3}}, graph.LogLikelihood, recipe, "layer 0 conv(1,2,dilation=2) does not exist"},
		{graph.Seq{graph.Conv{Out: 2, Kernel: 2}, graph.Conv{Out: 2, Kernel: 2, Groups: 2}, graph.Dense{Out: 3}}, graph.LogLikelihood, recipe, "layer 1 conv(2,2,groups=2) does not exist"},
		{graph.Seq{graph.Conv{Out: 1, Kernel: 2, Pad: 1}, graph.Dense{Out: 3}}, graph.LogLikelihood, recipe, "layer 0 conv(1,2,pad=1) does not exist"},
		{graph.Dense{Out: 3}, &graph.Loss{Name: "hinge", Cost: graph.Quadratic.Cost}, recipe, "cost hinge does not exist by hand"},
		{graph.Seq{graph.MaxPool{Size: 2, Stride: 1}, graph.Dense{Out: 3}}, graph.LogLikelihood, recipe, "layer 0 pool(2,stride=1) does not exist"},
		{graph.Seq{graph.MaxPool{Size: 2, Pad: 1}, graph.Dense{Out: 3}}, graph.LogLikelihood, recipe, "layer 0 pool(2,pad=1) does not exist"},
		{graph.MaxPool{Size: 7}, graph.Quadratic, recipe, "graph: layer 0 pool(7)"},
		{graph.Dense{Out: 3}, graph.Quadratic, models.Recipe{Batch: 4}, "train: eta 0"},
		{graph.Dense{Out: 3}, graph.Quadratic, models.Recipe{Batch: 31, Eta: 1, DropTail: true}, "30 training examples do not make a mini-batch of 31"},
	} {
		m := models.Model{Name: "net", Input: graph.Shape{1, 6, 6}, Net: c.net, Loss: c.loss, Recipe: c.recipe}
		if l, err := begin(m, graph.Config{}, 0); l != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
}

// TestRunErrors: a canceled comparison stops, and one that diverges says where.
func TestRunErrors(t *testing.T) {
	l := lockstep(t, graph.Seq{graph.Dense{Out: 8}, graph.ReLU, graph.Dense{Out: 3}}, graph.LogLikelihood, models.Recipe{Batch: 4, Eta: 1e300}, graph.Config{Float64: true}, 1)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := l.Run(ctx, 1); !errors.Is(err, context.Canceled) || l.Report.Steps != 0 {
		t.Errorf("canceled: %v after %d steps", err, l.Report.Steps)
	}
	err := l.Run(context.Background(), 20)
	d, ok := errors.AsType[*train.DivergedError](err)
	if !ok || d.Epoch*8+d.Batch != l.Report.Steps || d.Op == "" {
		t.Errorf("diverged: %v after %d steps", err, l.Report.Steps)
	}
}

// TestBook: every network of the book has a referee.
func TestBook(t *testing.T) {
	seen := 0
	for _, m := range models.All {
		if _, err := byHand(m); err == nil {
			seen++
		} else if slices.Contains([]string{"mlp", "softmax", "deep"}, m.Name) || strings.HasPrefix(m.Name, "ch") {
			t.Error(err)
		}
	}
	if seen < 25 {
		t.Errorf("%d networks by hand", seen)
	}
}

func TestDifference(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		a, b []float64
		want Difference
	}{
		{[]float64{1, -2}, []float64{1, -2}, Difference{}},
		{[]float64{0, 0}, []float64{0, 0}, Difference{}},
		{[]float64{0, 4}, []float64{1, 4}, Difference{1, .25}},
		{[]float64{1, -8}, []float64{3, -4}, Difference{4, .5}},
		{[]float64{0}, []float64{1e-300}, Difference{1e-300, 1}},
		{[]float64{1}, []float64{-1}, Difference{2, 2}},
		{[]float64{nan}, []float64{1}, Difference{inf, inf}},
		{[]float64{nan}, []float64{nan}, Difference{inf, inf}},
		{[]float64{inf, 0}, []float64{inf, 0}, Difference{inf, inf}},
		{[]float64{1, 0}, []float64{inf, 0}, Difference{inf, inf}},
	} {
		if got := difference(c.a, c.b); got != c.want {
			t.Errorf("%v and %v: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

// TestReport wants the worst of all steps, with their steps.
func TestReport(t *testing.T) {
	r := Report{Tol: 5, Tensors: []Tensor{{Name: "a"}, {Name: "b"}}}
	for _, d := range []differences{
		{[]Difference{{10, 1}, {1, 2}}, []Difference{{3, 3}, {4, 4}}},
		{[]Difference{{1, 5}, {2, 1}}, []Difference{{1, 7}, {9, 1}}},
		{[]Difference{{1, 9}, {2, 1}}, []Difference{{1, 7}, {1, 9}}},
	} {
		r.add(d)
	}
	want := Report{
		Tol: 5, Steps: 3, First: &Beyond{"a", false, 2, Difference{1, 7}},
		Tensors: []Tensor{
			{"a", nil, Worst{Difference{10, 9}, 3}, Worst{Difference{3, 7}, 2}},
			{"b", nil, Worst{Difference{2, 2}, 1}, Worst{Difference{9, 9}, 3}},
		},
		Gradients: []float64{2, 5, 9}, Weights: []float64{4, 7, 9},
	}
	if !reflect.DeepEqual(r, want) {
		t.Errorf("%s\nwant %s", fmt.Sprintf("%+v %+v", r, r.First), fmt.Sprintf("%+v %+v", want, want.First))
	}
}
