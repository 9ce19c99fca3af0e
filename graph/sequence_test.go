package graph_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
)

// padded returns the sequences with this many steps of padding, of the number 9, after each.
func padded(x []float32, steps, features, more int) (y []float32) {
	for example := range slices.Chunk(x, steps*features) {
		y = append(append(y, example...), slices.Repeat([]float32{9}, more*features)...)
	}
	return y
}

// ragged are two sequences of 4 steps of 2 numbers, with a target of 3 classes for each step. The second sequence has only 2 real steps.
var (
	ragged  = []float32{1, 2, -1, 0, .5, 2, 0, 0, 2, -1, 1, 1, 9, 9, 9, 9}
	classes = []float32{1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 1, 0, 9, 9, 9, 9, 9, 9}
)

// unchanged checks that a network of these layers after Masked gives the same on ragged with more padding: outputs, cost, right answers and
// gradients, on either machine. If the outputs are a sequence, it ignores those for padding.
func unchanged(t *testing.T, l graph.Seq, loss *graph.Loss, tape bool) {
	t.Helper()
	type result struct {
		stats graph.Stats
		y     []float32
		grads [][]float64
	}
	var results []result
	for _, more := range []int{0, 3} {
		steps := 4 + more
		n := fresh(t, append(graph.Seq{graph.Masked{Value: 9}}, l...), loss, shape{steps, 2}, graph.Config{Seed: 4, Float64: true, Tape: tape})
		x, y := padded(ragged, 4, 2, more), []float32{1, 0, 0, 0, 0, 1}
		if n.Sequence > 0 {
			y = padded(classes, 4, 3, more)
		}
		s, err := n.Step(x, y)
		if err != nil {
			t.Fatal(err)
		}
		out := make([]float32, 2*n.Outputs)
		if err := n.Predict(out, x); err != nil {
			t.Fatal(err)
		}
		r := result{stats: s}
		for i, row := range slices.Collect(slices.Chunk(out, 3)) {
			if n.Sequence == 0 || i%steps < 4-i/steps*2 {
				r.y = append(r.y, row...)
			}
		}
		for _, p := range n.Params {
			r.grads = append(r.grads, slices.Clone(p.Grad.([]float64)))
		}
		if e, err := n.Evaluate(x, y); err != nil || math.Abs(e.Cost-s.Cost) > 1e-12 && loss.Smoothing == 0 || e.Answers != s.Answers {
			t.Errorf("%v, %s: %+v in evaluation, %+v in training (%v)", l, loss.Name, e, s, err)
		}
		results = append(results, r)
	}
	a, b := results[0], results[1]
	if math.Abs(a.stats.Cost-b.stats.Cost) > 1e-12 || a.stats.Correct != b.stats.Correct || a.stats.Answers != b.stats.Answers {
		t.Errorf("%v, %s: %+v, with more padding %+v", l, loss.Name, a.stats, b.stats)
	}
	if !slices.EqualFunc(a.y, b.y, near) {
		t.Errorf("%v, %s: outputs %v, with more padding %v", l, loss.Name, a.y, b.y)
	}
	for i, g := range a.grads {
		if !slices.EqualFunc(g, b.grads[i], func(a, b float64) bool { return math.Abs(a-b) <= 1e-12 }) {
			t.Errorf("%v, %s: gradient %d is %v, with more padding %v", l, loss.Name, i, g, b.grads[i])
		}
	}
}

// TestPadding: padding changes nothing.
func TestPadding(t *testing.T) {
	dense := graph.PerStep{graph.Dense{Out: 3}}
	for _, tape := range []bool{false, true} {
		for _, loss := range []*graph.Loss{graph.LogLikelihood, graph.CrossEntropy, graph.Quadratic, graph.MSE, graph.MAE, graph.Huber(.3), graph.Smoothed(.2), graph.ClassWeights(1, 2, 3)} {
			unchanged(t, graph.Seq{dense}, loss, tape)
		}
		unchanged(t, graph.Seq{dense, graph.Tanh, graph.Residual{graph.PerStep{graph.Dense{Out: 3}, graph.Tanh}}}, graph.LogLikelihood, tape)
		for _, l := range []graph.Layer{graph.RNN{Out: 3}, graph.LSTM{Out: 3}, graph.GRU{Out: 3}, graph.LSTM{Out: 3, Reverse: true}, graph.Seq{graph.GRU{Out: 2, Both: true}, dense}} {
			unchanged(t, graph.Seq{l}, graph.LogLikelihood, tape)
			unchanged(t, graph.Seq{l, graph.LSTM{Out: 3}, graph.Last{}}, graph.MSE, tape)
		}
		unchanged(t, graph.Seq{dense, graph.Last{}}, graph.LogLikelihood, tape)
		unchanged(t, graph.Seq{graph.PerStep{graph.Dense{Out: 3}, graph.Sigmoid}, graph.Reverse{}, graph.Last{}}, graph.LogLikelihood, tape)
	}
}

// TestPerStep: a step's outputs are those of the layers on that step alone, and the cost is the mean over the real steps.
func TestPerStep(t *testing.T) {
	whole := fresh(t, graph.Seq{graph.Masked{Value: 9}, graph.PerStep{graph.Dense{Out: 3}}}, graph.LogLikelihood, shape{4, 2}, graph.Config{Seed: 3, Float64: true})
	one := fresh(t, graph.Dense{Out: 3}, graph.LogLikelihood, shape{2}, graph.Config{Seed: 3, Float64: true})
	if rows := whole.Summary(); whole.Outputs != 12 || whole.Sequence != 4 || whole.Size() != 9 || rows[2].MACs != 24 || !rows[1].Output.Eq(shape{4, 3}) {
		t.Errorf("%d outputs, %d steps, %d parameters: %+v", whole.Outputs, whole.Sequence, whole.Size(), rows)
	}
	there := []int{0, 1, 2, 3, 4, 5} // steps
	var x, y []float32
	for _, i := range there {
		x, y = append(x, ragged[2*i:2*i+2]...), append(y, classes[3*i:3*i+3]...)
	}
	got, err := whole.Evaluate(ragged, classes)
	want, err2 := one.Evaluate(x, y)
	if err != nil || err2 != nil || math.Abs(got.Cost-want.Cost) > 1e-12 || got.Correct != want.Correct || got.Answers != 6 {
		t.Errorf("%+v, step by step %+v (%v, %v)", got, want, err, err2)
	}
	if a, b := predict(t, whole, 2, ragged)[:18], predict(t, one, 6, x); !slices.EqualFunc(a, b, near) {
		t.Errorf("outputs %v, step by step %v", a, b)
	}
	if s, err := whole.Step(slices.Repeat([]float32{9}, 8), make([]float32, 12)); err != nil || s.Cost != 0 || s.Answers != 0 {
		t.Errorf("nothing but padding: %+v (%v)", s, err)
	}
}

// TestLast compares the last real step with results by hand.
func TestLast(t *testing.T) {
	for _, c := range []struct {
		l    graph.Seq
		want []float32
	}{
		{graph.Seq{graph.Last{}}, []float32{0, 0, 9, 9}},
		{graph.Seq{graph.Masked{Value: 9}, graph.Last{}}, []float32{0, 0, 1, 1}},
		{graph.Seq{graph.Masked{Value: 9}, graph.Reverse{}, graph.Last{}}, []float32{1, 2, 2, -1}},
		{graph.Seq{graph.Masked{Value: 9}, graph.Masked{}, graph.Last{}}, []float32{.5, 2, 1, 1}},
	} {
		n := fresh(t, append(c.l, graph.Dense{Out: 2}), graph.MSE, shape{4, 2}, graph.Config{})
		set(t, n, []float64{1, 0, 0, 1}, []float64{0, 0})
		if got := predict(t, n, 2, ragged); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.l, got, c.want)
		}
	}
}

// TestNoSequence: an input that is not a sequence gives an error that says how to make one.
func TestNoSequence(t *testing.T) {
	for _, l := range []graph.Layer{graph.Last{}, graph.PerStep{graph.Dense{Out: 2}}, graph.Masked{}} {
		if _, err := graph.New(graph.Seq{l, graph.Dense{Out: 2}}, graph.MSE, shape{6}, graph.Config{}); err == nil || !strings.Contains(err.Error(), "reshape(28x28)") {
			t.Errorf("%v: %v", l, err)
		}
	}
	steps := graph.Seq{graph.PerStep{graph.Dense{Out: 2}}}
	if _, err := graph.New(steps, graph.EachStep(3, graph.MSE), shape{3, 2}, graph.Config{}); err == nil || !strings.Contains(err.Error(), "without EachStep") {
		t.Errorf("EachStep over steps: %v", err)
	}
}

// TestRecurrentThreads: the gradients of recurrent layers have the same bits on one thread and on two.
func TestRecurrentThreads(t *testing.T) {
	var results [2][]float64
	for i := range results {
		l := graph.Seq{graph.LSTM{Out: 32}, graph.GRU{Out: 24, Both: true}, graph.RNN{Out: 24, Reverse: true}, graph.Last{}}
		n := fresh(t, l, graph.MSE, shape{40, 20}, graph.Config{Seed: 1, Threads: i + 1})
		if _, err := n.Step(normal(32*40*20, 1), normal(32*24, 2)); err != nil {
			t.Fatal(err)
		}
		for _, p := range n.Params {
			results[i] = append(results[i], p.GradFloat64s()...)
		}
	}
	if !slices.Equal(results[0], results[1]) {
		t.Error("two threads give other bits than one")
	}
}

// TestRecurrentSummary: parameters and multiply-adds over all steps, for W and U; and the errors.
func TestRecurrentSummary(t *testing.T) {
	for _, c := range []struct {
		l            graph.Layer
		params, macs int
		want         string
	}{
		{graph.RNN{Out: 3}, 3 * (2 + 3 + 1), 5 * 3 * (2 + 3), ""},
		{graph.LSTM{Out: 3}, 12 * (2 + 3 + 1), 5 * 12 * (2 + 3), ""},
		{graph.GRU{Out: 3}, 9*(2+3+1) + 3, 5 * 9 * (2 + 3), ""},
		{graph.LSTM{Out: 3, Both: true}, 24 * (2 + 3 + 1), 2 * 5 * 12 * (2 + 3), ""},
		{graph.LSTM{Out: 3, Both: true, Reverse: true}, 0, 0, "use one of them"},
		{graph.GRU{}, 0, 0, "use at least 1"},
	} {
		n, err := graph.New(graph.Seq{c.l, graph.Last{}}, graph.MSE, shape{5, 2}, graph.Config{})
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v: %v, want %s", c.l, err, c.want)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if r := n.Summary()[0]; r.Params != c.params || r.MACs != c.macs {
			t.Errorf("%v: %+v, want %d parameters and %d multiply-adds", c.l, r, c.params, c.macs)
		}
	}
}
