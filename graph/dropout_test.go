package graph_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stheno-ml/stheno/graph"
)

// dropping is a network whose gradients show the masks of its two dropout layers, of n elements each.
func dropping(t *testing.T, n int, p float64, c graph.Config) *graph.Net {
	t.Helper()
	c.Float64 = true
	net := fresh(t, graph.Seq{graph.Dropout{P: p}, graph.Dense{Out: n}, graph.Dropout{P: p}, graph.Dense{Out: 2}}, graph.Quadratic, shape{n}, c)
	zeros, ones := make([]float64, n*n), slices.Repeat([]float64{1}, 2*n)
	set(t, net, zeros, ones[:n], ones, []float64{1, 1}) // the second mask's input is 1 throughout
	return net
}

// masks returns the masks of the next step, for one example of ones. A layer's dw is its masked input times dz, and db is dz.
func masks(t *testing.T, net *graph.Net) (one, two []float64) {
	t.Helper()
	n := net.Input.TotalSize()
	step(t, net, slices.Repeat([]float32{1}, n), []byte{0})
	dw1, db1 := net.Params[0].GradFloat64s(), net.Params[1].GradFloat64s()
	dw2, db2 := net.Params[2].GradFloat64s(), net.Params[3].GradFloat64s()
	j := slices.IndexFunc(db1, func(g float64) bool { return g != 0 })
	if j < 0 {
		t.Fatal("every neuron was dropped")
	}
	for i := range n {
		one, two = append(one, dw1[i*n+j]/db1[j]), append(two, dw2[i*2]/db2[0])
	}
	return one, two
}

func TestMasks(t *testing.T) {
	const n = 60
	a1, a2 := masks(t, dropping(t, n, .5, graph.Config{Seed: 1}))
	b1, b2 := masks(t, dropping(t, n, .5, graph.Config{Seed: 1, Tape: true, Threads: 1}))
	if !slices.Equal(a1, b1) || !slices.Equal(a2, b2) {
		t.Error("one seed, step and layer, two masks")
	}
	if slices.Equal(a1, a2) {
		t.Error("two layers have one mask")
	}
	net := dropping(t, n, .5, graph.Config{Seed: 2})
	c1, c2 := masks(t, net)
	if slices.Equal(a1, c1) || slices.Equal(a2, c2) {
		t.Error("two seeds have one mask")
	}
	d1, d2 := masks(t, net)
	if net.Steps != 2 || slices.Equal(c1, d1) || slices.Equal(c2, d2) || slices.Equal(c1, d2) {
		t.Errorf("two steps have one mask; the network counted %d", net.Steps)
	}
	net.Steps = 0
	if e1, e2 := masks(t, net); !slices.Equal(c1, e1) || !slices.Equal(c2, e2) {
		t.Error("the mask of a step depends on those before")
	}
}

// TestExamplesMasks: each example of a mini-batch has a mask of its own. A gradient is the mean over the examples, of which only one is not 0
// here.
func TestExamplesMasks(t *testing.T) {
	const n = 60
	var masks [][]float64
	for i := range 2 {
		net := fresh(t, graph.Seq{graph.Dropout{P: .5}, graph.Dense{Out: 1}}, graph.Quadratic, shape{n}, graph.Config{Float64: true})
		x := make([]float32, 2*n)
		for j := range n {
			x[i*n+j] = 1
		}
		step(t, net, x, []byte{0, 0})
		mask := net.Params[0].GradFloat64s()
		for j, g := range mask {
			mask[j] = is(g != 0)
		}
		masks = append(masks, mask)
	}
	if slices.Equal(masks[0], masks[1]) {
		t.Error("two examples have one mask")
	}
}

// TestKeep: a mask keeps a fraction 1−p and divides what it keeps by it. Which elements it keeps depends neither on the kernels nor on the
// element type.
func TestKeep(t *testing.T) {
	defer use(t, graph.Kernel())
	for _, p := range []float64{1e-6, .1, .25, .5, .9, .9999, .999999} {
		want := kept(t, p, graph.Config{Seed: 4, Float64: true})
		n := 0
		for _, k := range want {
			n += int(is(k))
		}
		const all = 40000
		if share := float64(n) / all; math.Abs(share-(1-p)) > 4*math.Sqrt(p*(1-p)/all)+1e-5 {
			t.Errorf("p = %v: kept %v", p, share)
		}
		for _, kernel := range graph.Kernels() {
			use(t, kernel)
			if got := kept(t, p, graph.Config{Seed: 4}); !slices.Equal(got, want) {
				t.Errorf("p = %v: %s has another mask", p, kernel)
			}
		}
	}
}

// kept returns which of 40,000 inputs a mask keeps.
func kept(t *testing.T, p float64, c graph.Config) []bool {
	t.Helper()
	const n = 40000
	net := fresh(t, graph.Seq{graph.Dropout{P: p}, graph.Dense{Out: 1}}, graph.Quadratic, shape{n}, c)
	set(t, net, make([]float64, n), []float64{2})
	step(t, net, slices.Repeat([]float32{1}, n), []byte{0}) // dz = 2 − 1
	keep := make([]bool, n)
	for i, v := range net.Params[0].GradFloat64s() {
		if keep[i] = v != 0; keep[i] && math.Abs(v*(1-p)-1) > 1e-5 {
			t.Fatalf("p = %v: a kept element was multiplied by %v", p, v)
		}
	}
	return keep
}

// TestNoDropout: predictions and evaluation equal those of the network without dropout layers, bit by bit, and p = 0 does nothing.
func TestNoDropout(t *testing.T) {
	layers := graph.Seq{graph.Dense{Out: 20}, graph.Sigmoid, graph.Dense{Out: 3}}
	with := fresh(t, graph.Seq{graph.Dropout{P: .3}, layers[0], layers[1], graph.Dropout{P: .9}, layers[2]}, graph.LogLikelihood, shape{10}, graph.Config{})
	none := fresh(t, graph.Seq{graph.Dropout{}, layers[0], layers[1], graph.Dropout{}, layers[2]}, graph.LogLikelihood, shape{10}, graph.Config{})
	without := fresh(t, layers, graph.LogLikelihood, shape{10}, graph.Config{})
	x, labels := examples(5, with.Input, 3)
	if a, b := predict(t, with, 5, x), predict(t, without, 5, x); !slices.Equal(a, b) {
		t.Errorf("%v, without dropout layers %v", a, b)
	}
	a, err := with.Evaluate(x, hot(with, labels))
	b, err2 := without.Evaluate(x, hot(without, labels))
	if err != nil || err2 != nil || a != b {
		t.Errorf("%+v, without dropout layers %+v (%v, %v)", a, b, err, err2)
	}
	if a := step(t, with, x, labels); a == b {
		t.Error("dropout changed nothing in training")
	}
	if a := step(t, none, x, labels); math.Abs(a.Cost-b.Cost) > 1e-6 {
		t.Errorf("p = 0 changed the cost from %v to %v", b, a)
	}
}

// TestUnscaled: in training, network3's form of dropout uses the same mask as the usual form, but does not scale what it keeps. Evaluation
// multiplies by 1−p.
func TestUnscaled(t *testing.T) {
	const n, p = 40, .25
	x, labels := examples(3, shape{n}, 4)
	usual := fresh(t, graph.Seq{graph.Dropout{P: p}, graph.Dense{Out: 4}}, graph.LogLikelihood, shape{n}, graph.Config{Float64: true})
	step(t, usual, x, labels)
	for _, tape := range []bool{false, true} {
		net := fresh(t, graph.Seq{graph.Dropout{P: p, Unscaled: true}, graph.Dense{Out: 4}}, graph.LogLikelihood, shape{n}, graph.Config{Float64: true, Tape: tape})
		step(t, net, x, labels)
		for i, k := range net.Masks()[0] {
			if want := (1 - p) * usual.Masks()[0][i]; k != want || k != 0 && k != 1 {
				t.Fatalf("tape %v: element %d of the mask is %v, want %v", tape, i, k, want)
			}
		}
		plain := fresh(t, graph.Dense{Out: 4}, graph.LogLikelihood, shape{n}, graph.Config{Float64: true})
		w := net.Params[0].Float64s()
		for i := range w {
			w[i] *= 1 - p // which is exact for .25
		}
		set(t, plain, w, net.Params[1].Float64s())
		got, want := predict(t, net, 3, x), predict(t, plain, 3, x)
		for i := range got {
			if math.Abs(float64(got[i]-want[i])) > 1e-6 {
				t.Errorf("tape %v: output %d is %v, want %v", tape, i, got[i], want[i])
			}
		}
	}
}

// TestDropout2D: maps are kept or dropped as a whole, by the same bits as dropout of as many numbers, on both VMs. Predictions equal those without
// it, or have the factor 1−p if it is unscaled.
func TestDropout2D(t *testing.T) {
	const maps, area, p = 50, 6, .25
	ones := slices.Repeat([]float32{1}, maps*area)
	numbers := fresh(t, graph.Seq{graph.Dropout{P: p}, graph.Dense{Out: 1}}, graph.Quadratic, shape{maps}, graph.Config{Float64: true})
	step(t, numbers, ones[:maps], []byte{0})
	for _, c := range []graph.Config{{Float64: true}, {Float64: true, Tape: true}} {
		for _, unscaled := range []bool{false, true} {
			net := fresh(t, graph.Seq{graph.Dropout2D{P: p, Unscaled: unscaled}, graph.Dense{Out: 1}}, graph.Quadratic, shape{maps, 2, 3}, c)
			start := net.Params[0].Float64s()
			set(t, net, make([]float64, maps*area), []float64{2})
			step(t, net, ones, []byte{0}) // dz = 2 − 1
			mask := net.Masks()[0]
			for i, g := range net.Params[0].GradFloat64s() {
				want := numbers.Masks()[0][i/area]
				if unscaled {
					want *= 1 - p
				}
				if g != want || mask[i/area] != want || len(mask) != maps {
					t.Fatalf("%+v: gradient %d is %v, the mask of its map %v, want %v", c, i, g, mask[i/area], want)
				}
			}
			set(t, net, start, []float64{0})
			plain := fresh(t, graph.Dense{Out: 1}, graph.Quadratic, shape{maps, 2, 3}, c)
			if unscaled {
				for i := range start {
					start[i] *= 1 - p // which is exact for .25
				}
			}
			set(t, plain, start, []float64{0})
			if a, b := predict(t, net, 1, ones), predict(t, plain, 1, ones); math.Abs(float64(a[0]-b[0])) > 1e-6 {
				t.Errorf("%+v: %v, without dropout %v", c, a, b)
			}
		}
	}
}
