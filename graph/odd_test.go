package graph_test

import (
	"fmt"
	"slices"
	"testing"

	"gorgonia.org/gorgonia"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/graph/op"
)

// affine is a layer with n by n parameters of the given name, so that two layers of the same name share them.
func affine(name string, n int) graph.Layer {
	return layerFunc(func(b *graph.Builder, x *node) *node {
		return op.Affine.Apply(x, b.Param(name+".w", shape{n, n}, .5, true), b.Param(name+".b", shape{n}, .5, false))
	})
}

// odd are networks of kinds that compilers get wrong: parameters that are read twice, read after their gradient is known, or share one gradient;
// results that are read twice; Gorgonia's ops between ours.
var odd = map[string]graph.Layer{
	"tied":           graph.Seq{graph.Dense{Out: 4}, affine("a", 4), graph.Sigmoid, affine("a", 4)},
	"tied in a row":  graph.Seq{graph.Dense{Out: 4}, affine("a", 4), affine("a", 4), affine("a", 4)},
	"first is tied":  graph.Seq{affine("a", 50), graph.Tanh, affine("a", 50), graph.Dense{Out: 3}},
	"two of one sum": graph.Seq{graph.Dense{Out: 4}, layerFunc(sumOfTwo), graph.Dense{Out: 3}},
	"read by a rule": graph.Seq{graph.Dense{Out: 4}, layerFunc(reads), graph.Dense{Out: 3}},
	"residual":       graph.Seq{graph.Dense{Out: 4}, graph.Residual{graph.Dense{Out: 4}, graph.ReLU, graph.Residual{graph.Tanh}}, graph.Dense{Out: 3}},
	"z read twice":   graph.Seq{graph.Dense{Out: 4}, layerFunc(twice), graph.Dense{Out: 3}},
	"theirs":         graph.Seq{graph.Dense{Out: 4}, graph.Func(gorgonia.Tanh), graph.Func(gorgonia.Square), graph.Dense{Out: 3}},
	"branches":       graph.Seq{graph.Dense{Out: 4}, graph.Concat{{graph.Tanh}, {}, {graph.Dense{Out: 2}}}, graph.Dense{Out: 3}},
	"branched images": graph.Seq{graph.Conv{Out: 2, Kernel: 2}, graph.Concat{
		{graph.ReLU}, {graph.Conv{Out: 3, Kernel: 3, Pad: 1}}, {graph.Residual{graph.Conv{Out: 2, Kernel: 3, Pad: 1}, graph.Tanh}},
	}, graph.MaxPool{Size: 2}, graph.Dense{Out: 3}},
	"convolutions": graph.Seq{
		graph.Conv{Out: 3, Kernel: 3, Pad: 1}, graph.ReLU, graph.Residual{graph.Conv{Out: 3, Kernel: 3, Pad: 1}, graph.Tanh}, graph.MaxPool{Size: 2},
		graph.Conv{Out: 4, Kernel: 2, Stride: 2}, graph.Flatten{}, graph.Dropout{P: .3}, graph.Dense{Out: 3},
	},
	"batch norm": graph.Seq{
		graph.Conv{Out: 3, Kernel: 3, Pad: 1}, graph.BatchNorm{}, graph.ReLU, graph.Residual{graph.BatchNorm{}, graph.Conv{Out: 3, Kernel: 3, Pad: 1}, graph.BatchNorm{}},
		graph.MaxPool{Size: 2}, graph.BatchNorm{}, graph.Conv{Out: 4, Kernel: 2}, graph.Flatten{}, graph.Dense{Out: 3},
	},
	"batch norm of features": graph.Seq{graph.Dense{Out: 4}, graph.BatchNorm{}, graph.Tanh, graph.BatchNorm{}, graph.Dense{Out: 3}},
	"sum of branches":        graph.Seq{graph.Dense{Out: 4}, graph.Add{{graph.Dense{Out: 4}, graph.Sigmoid}, {}, {graph.Dense{Out: 4}}}, graph.Dense{Out: 3}},
	"repeated":               graph.Repeat{Times: 3, Layers: graph.Seq{graph.Dense{Out: 3}, graph.Tanh}},
	"wired": graph.Graph{
		{Layer: graph.Conv{Out: 2, Kernel: 2}, Name: "trunk"}, {Layer: graph.Dropout{P: .3}}, {Layer: graph.Dense{Out: 4}, Name: "left"},
		{Layer: graph.Tanh, From: []string{"trunk"}}, {Layer: graph.Dense{Out: 4}, Name: "right"}, {Layer: graph.Dense{Out: 4}, Name: "skip", From: []string{"input"}},
		{Layer: graph.Add{}, From: []string{"left", "right"}, Name: "sum"}, {Layer: graph.Concat{}, From: []string{"sum", "left", "skip"}},
		{Layer: graph.Dense{Out: 3}},
	},
	"no biases": graph.Seq{
		graph.Conv{Out: 3, Kernel: 3, NoBias: true}, graph.BatchNorm{}, graph.ReLU, graph.Dense{Out: 70, NoBias: true}, graph.BatchNorm{}, graph.Sigmoid,
		graph.Dense{Out: 4, NoBias: true}, graph.ReLU, graph.Dense{Out: 3, NoBias: true},
	},
	"layer norm": graph.Seq{
		graph.LayerNorm{}, graph.Conv{Out: 3, Kernel: 3}, graph.LayerNorm{}, graph.Tanh, graph.Conv{Out: 3, Kernel: 2}, graph.ReLU, graph.LayerNorm{},
		graph.Dense{Out: 4}, graph.LayerNorm{}, graph.Sigmoid, graph.Residual{graph.LayerNorm{}, graph.Dense{Out: 4}}, graph.Dense{Out: 3},
	},
	"no hidden layer": graph.Dense{Out: 3},
	"ends flattened":  graph.Seq{graph.Conv{Out: 3, Kernel: 10, Pad: 0}, graph.Flatten{}},
	"flattened twice": graph.Seq{graph.Flatten{}, graph.Dropout{P: .5}, graph.Flatten{}, graph.Dense{Out: 3}},
}

// sumOfTwo is x W with W = p + q. Both parameters have the same gradient node.
func sumOfTwo(b *graph.Builder, x *node) *node {
	w := op.Add.Apply(b.Param("p", shape{4, 4}, .5, true), b.Param("q", shape{4, 4}, .5, false))
	return op.Affine.Apply(x, w, b.Param("r", shape{4}, .5, false))
}

// reads is x W, where W is also an input of another op, whose gradient rule reads it.
func reads(b *graph.Builder, x *node) *node {
	w := b.Param("w", shape{4, 4}, .5, true)
	square := op.Hadamard.Apply(w, w)
	bias := b.Param("r", shape{4}, .5, false)
	return op.Add.Apply(op.Affine.Apply(x, w, bias), op.Affine.Apply(x, square, bias))
}

// twice is tanh z + σ(z) ⊙ z.
func twice(b *graph.Builder, z *node) *node {
	return op.Add.Apply(graph.Tanh.Build(b, z), op.Hadamard.Apply(graph.Sigmoid.Build(b, z), z))
}

// off returns how far b is from a, relative to the largest number in a or to 1. Where a gradient should be 0, as for a bias before a batch norm,
// there is nothing but rounding errors.
func off(a, b []float64) float64 {
	return apart(append(slices.Clip(a), 1), append(slices.Clip(b), 1))
}

// TestOdd: on each of these networks the gradient is right, our VM gives the same gradients as Gorgonia's for any number of threads, and
// DescendFrom takes the step that follows from them.
func TestOdd(t *testing.T) {
	const eta, l2 = .1, .05
	in := shape{2, 5, 5}
	for name, l := range odd {
		if name == "ends flattened" {
			in = shape{1, 10, 10}
		} else if in = (shape{2, 5, 5}); name == "first is tied" {
			in = shape{50}
		}
		for _, loss := range []*graph.Loss{graph.Quadratic, graph.CrossEntropy, graph.LogLikelihood} {
			new := func(c graph.Config) *graph.Net {
				c.Seed, c.Float64 = 3, true
				return fresh(t, l, loss, in, c)
			}
			for _, m := range []int{1, 2, 11} {
				if m < new(graph.Config{}).SmallestBatch() {
					continue
				}
				what := fmt.Sprintf("%s, %s, %d examples", name, loss.Name, m)
				tape, one, two, descent := new(graph.Config{Tape: true}), new(graph.Config{Threads: 1}), new(graph.Config{Threads: 2}), new(graph.Config{Threads: 2})
				x, labels := examples(m, in, tape.Outputs)
				for i := range 3 {
					want := step(t, tape, x, labels)
					step(t, one, x, labels)
					step(t, two, x, labels)
					got, err := descent.DescendFrom(source(descent, x, labels), eta, l2)
					if d := apart([]float64{want.Cost}, []float64{got.Cost}); err != nil || d > 1e-12 || got.Correct != want.Correct {
						t.Errorf("%s: %+v, want %+v (%v)", what, got, want, err)
					}
					for k, p := range tape.Params {
						if d := apart(one.Params[k].GradFloat64s(), two.Params[k].GradFloat64s()); d != 0 {
							t.Errorf("%s: gradient of %s differs by %v between one thread and two", what, p.Name, d)
						}
						g := p.GradFloat64s()
						if d := off(g, one.Params[k].GradFloat64s()); d > 1e-12 {
							t.Errorf("%s: step %d: gradient of %s is %v off the TapeMachine's", what, i, p.Name, d)
						}
						w := p.Float64s()
						for j := range w {
							w[j] = (1-eta*l2*is(p.Decay))*w[j] - eta*g[j]
						}
						if d := off(w, descent.Params[k].Float64s()); d > 1e-12 {
							t.Errorf("%s: step %d: %s is %v off", what, i, p.Name, d)
						}
						for _, n := range []*graph.Net{tape, one, two} {
							if err := n.Params[k].Set(w); err != nil {
								t.Fatal(err)
							}
						}
					}
				}
			}
			x, labels := examples(3, in, 3)
			results, err := graph.GradCheck(new(graph.Config{}), x, hot(new(graph.Config{}), labels), 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range results {
				if !r.OK() {
					t.Errorf("%s, %s: %+v", name, loss.Name, r)
				}
			}
		}
	}
}

// TestScalars: a cost that is the sum of costs, added by our op or by Gorgonia's, has the sum's gradient.
func TestScalars(t *testing.T) {
	spread := &graph.Op{
		Name: "test/spread", Cut: graph.Cut{Each: []bool{true, false}},
		Shape: func(x []shape) (shape, error) { return x[0].Clone(), nil },
		F64: func(dx tensor, x []tensor) {
			for i := range dx.Data {
				dx.Data[i] = x[1].Data[0]
			}
		},
	}
	total := &graph.Op{
		Name: "test/total", Cut: graph.Cut{Sum: true}, Shape: func([]shape) (shape, error) { return shape{}, nil },
		F64: func(y tensor, x []tensor) {
			y.Data[0] = 0
			for _, v := range x[0].Data {
				y.Data[0] += v
			}
		},
		Grad: []graph.Rule{func(x nodes, _, dy *node) *node { return spread.Apply(x[0], dy) }},
	}
	all := &graph.Loss{Name: "total", Cost: func(_ *graph.Builder, y, _ *node) *node { return total.Apply(y) }}
	squares := &graph.Loss{Name: "squares", Cost: func(_ *graph.Builder, y, _ *node) *node { return total.Apply(op.Hadamard.Apply(y, y)) }}
	adds := map[string]func(a, b *node) *node{
		"ours": func(a, b *node) *node { return op.Add.Apply(a, b) },
		"theirs": func(a, b *node) *node {
			y, err := gorgonia.Add(a, b)
			if err != nil {
				t.Fatal(err)
			}
			return y
		},
	}
	for name, add := range adds {
		both := &graph.Loss{Name: name, Cost: func(b *graph.Builder, y, label *node) *node {
			return add(all.Cost(b, y, label), squares.Cost(b, y, label))
		}}
		for _, tape := range []bool{false, true} {
			var nets []*graph.Net
			var cost []float64
			for _, loss := range []*graph.Loss{all, squares, both} {
				n := fresh(t, graph.Dense{Out: 3}, loss, shape{4}, graph.Config{Float64: true, Tape: tape})
				x, labels := examples(5, shape{4}, 3)
				nets, cost = append(nets, n), append(cost, step(t, n, x, labels).Cost)
			}
			if d := apart([]float64{cost[0] + cost[1]}, cost[2:]); d > 1e-14 {
				t.Errorf("%s, tape %v: cost %v of %v", name, tape, cost[2], cost[:2])
			}
			for k, p := range nets[2].Params {
				want := nets[0].Params[k].GradFloat64s()
				for j, g := range nets[1].Params[k].GradFloat64s() {
					want[j] += g
				}
				if d := apart(want, p.GradFloat64s()); d > 1e-14 {
					t.Errorf("%s, tape %v: gradient of %s is %v off", name, tape, p.Name, d)
				}
			}
		}
	}
}
