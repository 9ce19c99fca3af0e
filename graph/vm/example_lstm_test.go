package vm_test

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/stheno-ml/stheno/graph/vm"
)

// lstm is an LSTM layer and a layer that predicts the next character.
type lstm struct {
	g              *G.ExprGraph
	letters, size  int
	parameters     G.Nodes
	wx, wh, b      [4]*G.Node // for input gate, forget gate, output gate and cell
	decode, biases *G.Node
}

func newLSTM(g *G.ExprGraph, letters, size int) *lstm {
	l := &lstm{g: g, letters: letters, size: size}
	for i, gate := range []string{"input", "forget", "output", "cell"} {
		l.wx[i] = l.parameter("wx_"+gate, size, letters)
		l.wh[i] = l.parameter("wh_"+gate, size, size)
		l.b[i] = l.parameter("b_"+gate, size)
	}
	l.decode, l.biases = l.parameter("decode", letters, size), l.parameter("biases", letters)
	return l
}

func (l *lstm) parameter(name string, shape ...int) *G.Node {
	seed := uint64(len(l.parameters))
	w := G.NewTensor(l.g, G.Float64, len(shape), G.WithShape(shape...), G.WithName(name), G.WithInit(glorot(seed)))
	l.parameters = append(l.parameters, w)
	return w
}

// fwd processes one character. It returns the state after it, and the probabilities of the next character.
func (l *lstm) fwd(x, h, c *G.Node) (h1, c1, p *G.Node) {
	gate := func(i int, f func(*G.Node) (*G.Node, error)) *G.Node {
		z := G.Must(G.Add(G.Must(G.Mul(l.wx[i], x)), G.Must(G.Mul(l.wh[i], h))))
		return G.Must(f(G.Must(G.Add(z, l.b[i]))))
	}
	input, forget, output, cell := gate(0, G.Sigmoid), gate(1, G.Sigmoid), gate(2, G.Sigmoid), gate(3, G.Tanh)
	c1 = G.Must(G.Add(G.Must(G.HadamardProd(forget, c)), G.Must(G.HadamardProd(input, cell))))
	h1 = G.Must(G.HadamardProd(output, G.Must(G.Tanh(c1))))
	p = G.Must(G.SoftMax(G.Must(G.Add(G.Must(G.Mul(l.decode, h1)), l.biases))))
	return h1, c1, p
}

// An LSTM learns a text character by character. The graph has ten time steps, and the state after them is where the next run begins.
func ExampleNew_lstm() {
	const text, letters, steps, size = "the more i think of it the more it seems to be so ", "abcdefghijklmnopqrstuvwxyz ", 10, 16

	g := G.NewGraph()
	l := newLSTM(g, len(letters), size)
	vector := func(name string, n int) *G.Node {
		return G.NewVector(g, G.Float64, G.WithShape(n), G.WithName(name), G.WithInit(G.Zeroes()))
	}
	h0, c0 := vector("h", size), vector("c", size)
	h, c := h0, c0
	var inputs, targets G.Nodes
	var cost, p *G.Node
	for i := range steps {
		x, y := vector(fmt.Sprint("x", i), len(letters)), vector(fmt.Sprint("y", i), len(letters))
		inputs, targets = append(inputs, x), append(targets, y)
		h, c, p = l.fwd(x, h, c)
		loss := G.Must(G.Neg(G.Must(G.Sum(G.Must(G.HadamardProd(G.Must(G.Log(p)), y))))))
		if cost == nil {
			cost = loss
		} else {
			cost = G.Must(G.Add(cost, loss))
		}
	}
	var costVal, hVal, cVal G.Value
	G.Read(cost, &costVal)
	G.Read(h, &hVal)
	G.Read(c, &cVal)
	if _, err := G.Grad(cost, l.parameters...); err != nil {
		panic(err)
	}

	machine := vm.New(g, vm.BindDualValues(l.parameters...))
	defer machine.Close()
	solver := G.NewRMSPropSolver(G.WithLearnRate(0.01), G.WithL2Reg(1e-6), G.WithClip(5))

	oneHot := make(map[byte]*tensor.Dense)
	for i := range letters {
		d := make([]float64, len(letters))
		d[i] = 1
		oneHot[letters[i]] = tensor.New(tensor.WithBacking(d))
	}
	for epoch := range 21 {
		sum := 0.0
		for start := 0; start < len(text); start += steps {
			for i := range steps {
				G.Let(inputs[i], oneHot[text[start+i]])
				G.Let(targets[i], oneHot[text[(start+i+1)%len(text)]])
			}
			if err := machine.RunAll(); err != nil {
				panic(err)
			}
			if err := solver.Step(G.NodesToValueGrads(l.parameters)); err != nil {
				panic(err)
			}
			machine.Reset()
			G.Let(h0, hVal.(*tensor.Dense).Clone())
			G.Let(c0, cVal.(*tensor.Dense).Clone())
			sum += costVal.Data().(float64)
		}
		if epoch%10 == 0 {
			fmt.Printf("epoch %d: cost %.6f\n", epoch, sum/float64(len(text)))
		}
	}
	fmt.Printf("lengths of the weights: %.4f\n", lengths(l.parameters))
	// Output:
	// epoch 0: cost 3.251378
	// epoch 10: cost 0.331471
	// epoch 20: cost 0.079320
	// lengths of the weights: [12.3577 12.6546 3.2671 13.6308 11.6664 2.0607 15.4692 12.5218 3.1832 14.2608 10.9485 2.0869 19.1901 4.8860]
}
