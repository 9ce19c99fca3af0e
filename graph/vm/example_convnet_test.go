package vm_test

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/stheno-ml/stheno/graph/vm"
)

// convNet is a network like the one in Gorgonia's examples: convolutions, rectifiers, max-pooling, a dense layer, softmax.
type convNet struct {
	w0, w1, w2 *G.Node
	out        *G.Node
}

func newConvNet(g *G.ExprGraph) *convNet {
	return &convNet{
		w0: G.NewTensor(g, G.Float32, 4, G.WithShape(4, 1, 3, 3), G.WithName("w0"), G.WithInit(glorot(1))),
		w1: G.NewTensor(g, G.Float32, 4, G.WithShape(8, 4, 3, 3), G.WithName("w1"), G.WithInit(glorot(2))),
		w2: G.NewMatrix(g, G.Float32, G.WithShape(8*7*7, 10), G.WithName("w2"), G.WithInit(glorot(3))),
	}
}

func (m *convNet) learnables() G.Nodes { return G.Nodes{m.w0, m.w1, m.w2} }

func (m *convNet) fwd(x *G.Node) {
	layer := func(x, w *G.Node) *G.Node {
		c := G.Must(G.Conv2d(x, w, tensor.Shape{3, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1}))
		return G.Must(G.MaxPool2D(G.Must(G.Rectify(c)), tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2}))
	}
	p := layer(layer(x, m.w0), m.w1)
	r := G.Must(G.Reshape(p, tensor.Shape{x.Shape()[0], 8 * 7 * 7}))
	m.out = G.Must(G.SoftMax(G.Must(G.Mul(r, m.w2))))
}

// A convolutional network on pictures of digits, in mini-batches that are slices of the data set.
func ExampleNew_convnet() {
	const examples, batch = 60, 10
	inputs, targets := digits(examples)
	if err := inputs.Reshape(examples, 1, 28, 28); err != nil {
		panic(err)
	}

	g := G.NewGraph()
	x := G.NewTensor(g, G.Float32, 4, G.WithShape(batch, 1, 28, 28), G.WithName("x"))
	y := G.NewMatrix(g, G.Float32, G.WithShape(batch, 10), G.WithName("y"))
	m := newConvNet(g)
	m.fwd(x)
	losses := G.Must(G.HadamardProd(G.Must(G.Log(m.out)), y))
	cost := G.Must(G.Neg(G.Must(G.Mean(losses))))
	var costVal G.Value
	G.Read(cost, &costVal)
	if _, err := G.Grad(cost, m.learnables()...); err != nil {
		panic(err)
	}

	machine := vm.New(g, vm.BindDualValues(m.learnables()...))
	defer machine.Close()
	solver := G.NewRMSPropSolver(G.WithLearnRate(0.002), G.WithBatchSize(batch))

	for epoch := range 4 {
		for start := 0; start < examples; start += batch {
			xVal, err := inputs.Slice(G.S(start, start+batch))
			if err != nil {
				panic(err)
			}
			yVal, err := targets.Slice(G.S(start, start+batch))
			if err != nil {
				panic(err)
			}
			if err := xVal.(*tensor.Dense).Reshape(batch, 1, 28, 28); err != nil {
				panic(err)
			}
			G.Let(x, xVal)
			G.Let(y, yVal)
			if err := machine.RunAll(); err != nil {
				panic(err)
			}
			if err := solver.Step(G.NodesToValueGrads(m.learnables())); err != nil {
				panic(err)
			}
			machine.Reset()
		}
		fmt.Printf("epoch %d: cost %.3f\n", epoch, costVal.Data())
	}
	fmt.Printf("lengths of the weights: %.3f\n", lengths(m.learnables()))
	// Output:
	// epoch 0: cost 0.150
	// epoch 1: cost 0.022
	// epoch 2: cost 0.004
	// epoch 3: cost 0.002
	// lengths of the weights: [2.597 4.073 6.352]
}
