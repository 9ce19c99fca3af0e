package graph_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/graph/graphtest"
)

// identity is a network whose output is its input, for computing costs of arbitrary numbers.
func identity(t *testing.T, loss *graph.Loss, n int, c graph.Config) *graph.Net {
	t.Helper()
	net := fresh(t, graph.Dense{Out: n}, loss, shape{n}, c)
	w := make([]float64, n*n)
	for i := range n {
		w[i*n+i] = 1
	}
	set(t, net, w, make([]float64, n))
	return net
}

// TestExtremes: costs and gradients of weighted inputs so large that a careless formula gives NaN or infinity.
func TestExtremes(t *testing.T) {
	const e = math.E
	for _, c := range []struct {
		loss  *graph.Loss
		z     []float32
		label byte
		cost  float64
		dz    []float64
	}{
		{graph.LogLikelihood, []float32{1000, 0}, 0, 0, []float64{0, 0}},
		{graph.LogLikelihood, []float32{1000, 0}, 1, 1000, []float64{1, -1}},
		{graph.LogLikelihood, []float32{-1000, 0}, 0, 1000, []float64{-1, 1}},
		{graph.LogLikelihood, []float32{-1e30, 1e30}, 1, 0, []float64{0, 0}},
		{graph.LogLikelihood, []float32{-5000, -6000, -5000}, 0, math.Ln2, []float64{-.5, 0, .5}},
		{graph.LogLikelihood, []float32{30000, 30000}, 1, math.Ln2, []float64{.5, -.5}},
		{graph.LogLikelihood, []float32{1, 0}, 0, math.Log1p(1 / e), []float64{1/(1+1/e) - 1, 1 / (1 + e)}},
		{graph.CrossEntropy, []float32{1000, -1000}, 0, 0, []float64{0, 0}},
		{graph.CrossEntropy, []float32{1000, -1000}, 1, 2000, []float64{1, -1}},
		{graph.CrossEntropy, []float32{-1e30, -1e30}, 0, float64(float32(1e30)), []float64{-1, 0}},
		{graph.CrossEntropy, []float32{0, 0}, 0, 2 * math.Ln2, []float64{-.5, .5}},
		{graph.CrossEntropy, []float32{40, -40}, 0, 0, []float64{0, 0}},
		{graph.Quadratic, []float32{1e10, 1}, 1, 5e19, []float64{1e10, 0}},
		{graph.Quadratic, []float32{1, 0}, 0, 0, []float64{0, 0}},
	} {
		for _, config := range []graph.Config{{}, {Float64: true}, {Tape: true}} {
			n := identity(t, c.loss, len(c.z), config)
			s := step(t, n, c.z, []byte{c.label})
			tolerance := 1e-11 * max(1, c.cost)
			if !config.Float64 { // the logarithm of the sum is as large as z, and so is its rounding error
				tolerance = 1e-7 * max(10, math.Abs(float64(c.z[0])), c.cost)
			}
			if !(math.Abs(s.Cost-c.cost) <= tolerance) {
				t.Errorf("%s of %v for %d, %+v: %v, want %v", c.loss.Name, c.z, c.label, config, s.Cost, c.cost)
			}
			for i, g := range n.Params[1].GradFloat64s() {
				if !(math.Abs(g-c.dz[i]) <= 1e-6*max(1, math.Abs(c.dz[i]))) {
					t.Errorf("%s of %v for %d, %+v: dz[%d] is %v, want %v", c.loss.Name, c.z, c.label, config, i, g, c.dz[i])
				}
			}
		}
	}
}

// TestCosts compares the cost of a mini-batch with the formula in the book.
func TestCosts(t *testing.T) {
	const m, n = 7, 10
	x := graphtest.Random(shape{m, n}, 5)
	in, labels := make([]float32, m*n), make([]byte, m)
	for i, v := range x.Data {
		in[i] = float32(v)
	}
	for i := range labels {
		labels[i] = byte(i * 3 % n)
	}
	for _, c := range []struct {
		loss *graph.Loss
		cost func(z []float64, label int) float64
	}{
		{graph.Quadratic, func(a []float64, label int) (c float64) { // ½‖a−y‖²
			for j, a := range a {
				c += math.Pow(a-is(j == label), 2) / 2
			}
			return c
		}},
		{graph.CrossEntropy, func(z []float64, label int) (c float64) { // −Σ y ln a + (1−y) ln(1−a)
			for j, z := range z {
				a, y := 1/(1+math.Exp(-z)), is(j == label)
				c -= y*math.Log(a) + (1-y)*math.Log(1-a)
			}
			return c
		}},
		{graph.LogLikelihood, func(z []float64, label int) float64 { // −ln a
			sum := 0.0
			for _, z := range z {
				sum += math.Exp(z)
			}
			return -math.Log(math.Exp(z[label]) / sum)
		}},
	} {
		net := identity(t, c.loss, n, graph.Config{Float64: true})
		want := 0.0
		for i, label := range labels {
			z := make([]float64, n)
			for j := range z {
				z[j] = float64(in[i*n+j])
			}
			want += c.cost(z, int(label)) / m
		}
		s := step(t, net, in, labels)
		e, err := net.Evaluate(in, hot(net, labels))
		if err != nil || math.Abs(s.Cost-want) > 1e-12 || math.Abs(e.Cost-want) > 1e-12 {
			t.Errorf("%s: Step says %v, Evaluate %v (%v), the formula %v", c.loss.Name, s.Cost, e.Cost, err, want)
		}
	}
}

// TestSmoothing: Step's cost is −Σ y ln a with y = (1−ε) one-hot + ε/K, as Szegedy et al. write it; its gradient is right on both VMs;
// Evaluate's is −ln a.
func TestSmoothing(t *testing.T) {
	const epsilon, k = .3, 5
	x, labels := examples(6, shape{k}, k)
	for _, tape := range []bool{false, true} {
		net := identity(t, graph.Smoothed(epsilon), k, graph.Config{Float64: true, Tape: tape})
		smoothed, plain := 0., 0.
		dz := make([]float64, k)
		for i, label := range labels {
			sum := 0.
			for _, z := range x[i*k : i*k+k] {
				sum += math.Exp(float64(z))
			}
			for j, z := range x[i*k : i*k+k] {
				a, y := math.Exp(float64(z))/sum, is(j == int(label))
				plain -= y * math.Log(a) / 6
				smoothed -= ((1-epsilon)*y + epsilon/k) * math.Log(a) / 6
				dz[j] += (a - ((1-epsilon)*y + epsilon/k)) / 6
			}
		}
		s := step(t, net, x, labels)
		e, err := net.Evaluate(x, hot(net, labels))
		if err != nil || math.Abs(s.Cost-smoothed) > 1e-12 || math.Abs(e.Cost-plain) > 1e-12 || s.Correct != e.Correct {
			t.Errorf("tape %v: Step says %v, Evaluate %v (%v), the formulas %v and %v", tape, s, e, err, smoothed, plain)
		}
		if d := apart(dz, net.Params[1].GradFloat64s()); d > 1e-12 {
			t.Errorf("tape %v: the gradient of the bias is %v off", tape, d)
		}
	}
	if bad := check(t, graph.Seq{dense4, graph.Tanh, graph.Dense{Out: 3}}, graph.Smoothed(epsilon)); len(bad) > 0 {
		t.Errorf("%+v", bad)
	}
	if graph.Smoothed(0) != graph.LogLikelihood {
		t.Error("no smoothing is a loss of its own")
	}
}

func is(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// TestNonfinite names the first op whose result is not finite.
func TestNonfinite(t *testing.T) {
	same := graph.Func(func(x *node) (*node, error) { return x, nil })
	for _, c := range []struct {
		w    float64
		x    float32
		want string
	}{
		{1e300, 1e30, "affine of"},
		{math.NaN(), 1, "dense1.w"},
		{1, float32(math.Inf(1)), "x "},
		{1, 1, ""},
	} {
		for _, config := range []graph.Config{{Float64: true}, {Float64: true, Tape: true}} {
			n := fresh(t, graph.Seq{same, graph.Dense{Out: 2}}, graph.LogLikelihood, shape{1}, config)
			set(t, n, []float64{c.w, 0}, []float64{0, 0})
			s := step(t, n, []float32{c.x}, []byte{1})
			got, err := n.Nonfinite()
			if err != nil || !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") {
				t.Errorf("%+v: cost %v, first in %q (%v), want %q", c, s.Cost, got, err, c.want)
			}
		}
	}
	n := fresh(t, graph.Dense{Out: 2}, graph.LogLikelihood, shape{1}, graph.Config{})
	if got, err := n.Nonfinite(); got != "" || err != nil {
		t.Errorf("before any Step: %q, %v", got, err)
	}
}
