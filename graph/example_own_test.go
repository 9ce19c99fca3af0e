package graph_test

import (
	"fmt"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/graph/op"
)

// A training loop of your own: Step leaves the gradients in the parameters, and the loop updates the weights.
func ExampleNet_Step() {
	net, err := graph.New(graph.Dense{Out: 1, Init: graph.Zero}, graph.MSE, graph.Shape{1}, graph.Config{})
	if err != nil {
		panic(err)
	}
	x, y := []float32{0, 1, 2, 3}, []float32{1, 3, 5, 7} // y = 2x + 1
	for range 500 {
		if _, err := net.Step(x, y); err != nil {
			panic(err)
		}
		for _, p := range net.Params {
			w, g := p.Data.([]float32), p.Grad.([]float32)
			for i := range w {
				w[i] -= .1 * g[i]
			}
		}
	}
	for _, p := range net.Params {
		fmt.Printf("%s %.3f\n", p.Name, p.Float64s())
	}
	// Output:
	// dense1.w [2.000]
	// dense1.b [1.000]
}

// Highway mixes the output of a layer with its input (Srivastava, Greff and Schmidhuber 2015): a learned gate says how much of each passes. The
// layer must keep the shape.
type Highway struct{ Layer graph.Layer }

// Build returns x + gate ⊙ (layer(x) − x) for x (m,n).
func (h Highway) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	gate := graph.Seq{graph.Dense{Out: x.Shape()[1]}, graph.Sigmoid}.Build(b, x)
	change := op.Add.Apply(graph.Seq{h.Layer}.Build(b, x), op.Scaled(-1).Apply(x))
	return op.Add.Apply(x, op.Hadamard.Apply(gate, change))
}

// A layer of your own is any value with a Build method. It is made of other layers and of ops, which bring their gradients with them.
func ExampleLayer() {
	layers := graph.Seq{graph.Dense{Out: 6}, Highway{graph.Seq{graph.Dense{Out: 6}, graph.Tanh}}, graph.Dense{Out: 2}}
	net, err := graph.New(layers, graph.LogLikelihood, graph.Shape{4}, graph.Config{Seed: 1})
	if err != nil {
		panic(err)
	}
	results, err := graph.GradCheck(net, []float32{1, 2, 3, 4, 4, 3, 2, 1}, []float32{1, 0, 0, 1}, 100)
	for _, r := range results {
		fmt.Println(r.Name, r.OK(), err)
	}
	// Output:
	// dense1.w true <nil>
	// dense1.b true <nil>
	// dense2.w true <nil>
	// dense2.b true <nil>
	// dense3.w true <nil>
	// dense3.b true <nil>
	// dense4.w true <nil>
	// dense4.b true <nil>
}

// A loss of your own is a name and a function of nodes: here the mean of (a−y)⁴/2.
func ExampleLoss() {
	quartic := &graph.Loss{Name: "quartic", Cost: func(_ *graph.Builder, y, target *graph.Node) *graph.Node {
		d := op.Square.Apply(op.Add.Apply(y, op.Scaled(-1).Apply(target)))
		return op.Quadratic.Apply(d, op.Scaled(0).Apply(d))
	}}
	net, err := graph.New(graph.Dense{Out: 1, Init: graph.Zero}, quartic, graph.Shape{1}, graph.Config{})
	if err != nil {
		panic(err)
	}
	s, err := net.Step([]float32{1}, []float32{2})
	fmt.Println(s.Cost, net.Params[1].GradFloat64s(), err)
	// Output: 8 [-16] <nil>
}

// The gradient with respect to the input shows which numbers a prediction depends on.
func ExampleNet_InputGrad() {
	net, err := graph.New(graph.Dense{Out: 1}, graph.MSE, graph.Shape{3}, graph.Config{})
	if err != nil {
		panic(err)
	}
	for i, w := range [][]float64{{0, 1, -2}, {0}} {
		if err := net.Params[i].Set(w); err != nil {
			panic(err)
		}
	}
	dx := make([]float32, 3)
	_, err = net.InputGrad(dx, []float32{5, 1, 1}, []float32{0})
	fmt.Println(dx, err) // 2 (−1) w
	// Output: [0 -2 4] <nil>
}
