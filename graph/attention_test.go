package graph_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
)

// TestAttention compares attention with its formula, number by number, for real steps and for padding.
func TestAttention(t *testing.T) {
	const steps, width, heads = 4, 6, 3
	x := normal(2*steps*width, 1)
	for step := range 2 { // the second example has two real steps, one step of padding between them, and one after them
		for i := range width {
			x[(steps+1+2*step)*width+i] = 9
		}
	}
	for _, c := range []struct {
		layers graph.Seq
		there  func(i, step int) bool
	}{
		{graph.Seq{graph.Attention{Heads: heads}}, func(int, int) bool { return true }},
		{graph.Seq{graph.Masked{Value: 9}, graph.Attention{Heads: heads}}, func(i, step int) bool { return i == 0 || step%2 == 0 }},
	} {
		n := fresh(t, append(c.layers, graph.Flatten{}), graph.MSE, shape{steps, width}, graph.Config{Seed: 2, Float64: true})
		p := map[string][]float64{}
		for _, param := range n.Params {
			p[strings.TrimPrefix(param.Name, "attention1.")] = param.Float64s()
		}
		in := slices.Clone(x)
		if len(c.layers) > 1 {
			for i, v := range in {
				if v == 9 {
					in[i] = 0
				}
			}
		}
		got := predict(t, n, 2, x)
		for i := range 2 {
			want := attended(in[i*steps*width:(i+1)*steps*width], p, steps, heads, func(step int) bool { return c.there(i, step) })
			for k, w := range want {
				if g := float64(got[i*steps*width+k]); math.Abs(g-w) > 1e-6 {
					t.Fatalf("%v: output %d of example %d is %v, want %v", c.layers, k, i, g, w)
				}
			}
		}
	}
}

// attended is attention over one sequence.
func attended(x []float32, p map[string][]float64, steps, heads int, there func(step int) bool) []float64 {
	w := len(x) / steps
	qkv, joined := make([]float64, steps*3*w), make([]float64, steps*w)
	for s := range steps {
		for j := range 3 * w {
			qkv[s*3*w+j] = p["in.b"][j]
			for k := range w {
				qkv[s*3*w+j] += float64(x[s*w+k]) * p["in.w"][k*3*w+j]
			}
		}
	}
	d := w / heads
	for h := range heads {
		for s := range steps {
			weights, sum := make([]float64, steps), 0.0
			for o := range steps {
				if !there(o) {
					continue
				}
				for k := h * d; k < h*d+d; k++ {
					weights[o] += qkv[s*3*w+k] * qkv[o*3*w+w+k] / math.Sqrt(float64(d))
				}
				weights[o] = math.Exp(weights[o])
				sum += weights[o]
			}
			for k := h * d; k < h*d+d; k++ {
				for o := range steps {
					joined[s*w+k] += weights[o] / sum * qkv[o*3*w+2*w+k]
				}
			}
		}
	}
	y := make([]float64, steps*w)
	for s := range steps {
		for j := range w {
			y[s*w+j] = p["out.b"][j]
			for k := range w {
				y[s*w+j] += joined[s*w+k] * p["out.w"][k*w+j]
			}
		}
	}
	return y
}

// TestAttentionThreads: the gradients and outputs of attention have the same bits on one thread and on two.
func TestAttentionThreads(t *testing.T) {
	var results [2][]float64
	for i := range results {
		l := graph.Seq{graph.Positions{}, graph.Attention{Heads: 2}, graph.Concat{{graph.GlobalAvgPool{}}, {graph.Last{}}}}
		n := fresh(t, l, graph.MSE, shape{20, 64}, graph.Config{Seed: 1, Threads: i + 1})
		if _, err := n.Step(normal(32*20*64, 1), normal(32*128, 2)); err != nil {
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

// TestPaddingOfAttention: padding after the steps changes neither attention nor means.
func TestPaddingOfAttention(t *testing.T) {
	for _, tape := range []bool{false, true} {
		unchanged(t, graph.Seq{graph.PerStep{graph.Dense{Out: 6}}, graph.Attention{Heads: 2}, graph.PerStep{graph.Dense{Out: 3}}}, graph.LogLikelihood, tape)
		unchanged(t, graph.Seq{graph.Residual{graph.Attention{Heads: 1}}, graph.GlobalAvgPool{}, graph.Dense{Out: 3}}, graph.LogLikelihood, tape)
	}
}

// TestSteps: maps become steps, means are over the steps, and positions are added.
func TestSteps(t *testing.T) {
	x := []float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12} // three maps of 1×2, for two examples
	n := fresh(t, graph.Seq{graph.Steps{}, graph.Positions{}, graph.Flatten{}}, graph.MSE, shape{3, 1, 2}, graph.Config{})
	set(t, n, make([]float64, 6))
	if got, want := predict(t, n, 2, x), []float32{1, 3, 5, 2, 4, 6, 7, 9, 11, 8, 10, 12}; !slices.Equal(got, want) {
		t.Errorf("steps: %v, want %v", got, want)
	}
	n = fresh(t, graph.Seq{graph.Positions{}, graph.GlobalAvgPool{}}, graph.MSE, shape{2, 3}, graph.Config{})
	set(t, n, []float64{1, 0, 0, 1, 0, 4})
	if got, want := predict(t, n, 2, x), []float32{3.5, 3.5, 6.5, 9.5, 9.5, 12.5}; !slices.Equal(got, want) {
		t.Errorf("means: %v, want %v", got, want)
	}
}

// TestEmbedding: tokens become their vectors, and zeros if they are padding. A step of gradient descent moves the vectors that were read.
func TestEmbedding(t *testing.T) {
	for _, padded := range []bool{false, true} {
		for _, tape := range []bool{false, true} {
			n := fresh(t, graph.Seq{graph.Embedding{Vocabulary: 4, Size: 2, Padded: padded}, graph.GlobalAvgPool{}}, graph.MSE, shape{3}, graph.Config{Tape: tape})
			if first := n.Params[0].Float64s()[:2]; padded != (first[0] == 0 && first[1] == 0) {
				t.Errorf("padded %v: the vector of token 0 is %v", padded, first)
			}
			set(t, n, []float64{0, 0, 1, 2, 3, 4, 5, 6})
			want := []float32{2, 8. / 3, 1, 4. / 3}
			if padded {
				want = []float32{3, 4, 3, 4}
			}
			x := []float32{3, 1, 0, 0, 2, 0}
			if got := predict(t, n, 2, x); !slices.EqualFunc(got, want, near) {
				t.Errorf("padded %v: %v, want %v", padded, got, want)
			}
			if _, err := n.Step(x, []float32{0, 0, 0, 0}); err != nil {
				t.Fatal(err)
			}
			g := n.Params[0].GradFloat64s()
			if zero := g[0] == 0 && g[1] == 0; zero != padded || g[2] == 0 || g[2] != g[6] || g[4] == 0 {
				t.Errorf("padded %v: gradient %v", padded, g)
			}
		}
	}
}

// TestWrongTokens: a number that is not a token gives an error with its place in prediction, training and evaluation, and the weights stay.
func TestWrongTokens(t *testing.T) {
	for _, tape := range []bool{false, true} {
		for _, l := range []graph.Seq{{}, {graph.Slice{To: 3}, graph.Reshape{Shape: shape{3}}}} {
			n := fresh(t, append(l, graph.Embedding{Vocabulary: 10, Size: 2}, graph.GlobalAvgPool{}), graph.MSE, shape{3}, graph.Config{Tape: tape})
			before := n.Params[0].Float64s()
			for _, c := range []struct {
				token float32
				want  string
			}{{3.7, "3.7"}, {10, "10"}, {-1, "-1"}, {float32(math.NaN()), "NaN"}, {float32(math.Inf(1)), "+Inf"}, {1e30, "1e+30"}} {
				x, y := []float32{1, 2, 3, 9, c.token, 0}, make([]float32, 4)
				want := "embedding1: token " + c.want + " at step 1 of example 1 of the mini-batch; use whole numbers from 0 to 9"
				_, step := n.Step(x, y)
				_, descent := n.DescendFrom(batch{2, x, y}, .1, 0)
				_, evaluation := n.Evaluate(x, y)
				for what, err := range map[string]error{"step": step, "descent": descent, "evaluation": evaluation, "prediction": n.Predict(y, x)} {
					if err == nil || !strings.Contains(err.Error(), want) {
						t.Errorf("%s: %v", what, err)
					}
				}
			}
			if !slices.Equal(before, n.Params[0].Float64s()) {
				t.Error("wrong tokens changed the weights")
			}
		}
	}
}

// TestSequenceErrors: layers for sequences say which inputs they take.
func TestSequenceErrors(t *testing.T) {
	for _, c := range []struct {
		l    graph.Layer
		in   graph.Shape
		want string
	}{
		{graph.Attention{Heads: 5}, shape{4, 6}, "5 heads for steps of 6 numbers"},
		{graph.Attention{}, shape{4, 6}, "0 heads"},
		{graph.Attention{Heads: 1}, shape{6}, "not a sequence"},
		{graph.Positions{}, shape{1, 4, 6}, "put steps before it for images"},
		{graph.Steps{}, shape{4, 6}, "(m,c,h,w)"},
		{graph.Embedding{Vocabulary: 4}, shape{6}, "size 0"},
		{graph.Embedding{Vocabulary: 4, Size: 2}, shape{4, 6}, "flatten"},
	} {
		if _, err := graph.New(graph.Seq{c.l, graph.Dense{Out: 2}}, graph.MSE, c.in, graph.Config{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v of %v: %v", c.l, c.in, err)
		}
	}
}
