// Package byhand is the referee: backpropagation as Nielsen's "Neural Networks
// and Deep Learning" derives it by hand, in plain loops over float64. [Network]
// and [Network2] are the programs network.py and network2.py of chapters 1 to
// 3. [Deep] has the layers of chapter 6, derived in the same way. The
// computation graphs of package graph are compared with its numbers. So the
// code is written to be read beside the book, and a loop is faster than the
// obvious one only if it stays obvious. The numbers of equations are the book's.
//
// Files are checked, and bad ones are refused with an error. A slice of the
// wrong length from the calling program panics, as an index out of range does:
// a referee must not go on with half an image.
package byhand

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
)

// Network is the network of network.py, in which all neurons are sigmoid. It
// has no hidden state, so you may read and set weights and biases between any
// two calls.
type Network struct {
	Sizes   []int       // The neurons in each layer, the input layer first.
	Weights [][]float64 // Weights[l] leads from layer l to l+1: (Sizes[l+1], Sizes[l]), row after row.
	Biases  [][]float64 // Biases[l] are those of layer l+1: (Sizes[l+1]).
	Cost    Cost        // The quadratic cost in network.py; network2.py has a choice.
	Seed    uint64      // Determines the initial weights and the order of every epoch.
}

// New returns the network of chapter 1 with the given neurons in each layer:
// the quadratic cost, and large initial weights drawn from the seed.
func New(seed uint64, sizes ...int) *Network {
	net := &Network{Sizes: sizes, Cost: QuadraticCost{}, Seed: seed}
	net.LargeWeightInitializer()
	return net
}

// LargeWeightInitializer draws new weights and biases from N(0,1).
func (net *Network) LargeWeightInitializer() {
	net.initialize(func(int) float64 { return 1 })
}

// initialize draws biases from N(0,1), and weights from N(0,1) times the scale
// for their neuron's number of inputs.
func (net *Network) initialize(scale func(inputs int) float64) {
	const stream = math.MaxUint64 // No epoch uses this one.
	rng := rand.New(rand.NewPCG(net.Seed, stream))
	net.Biases, net.Weights = nil, nil
	for _, n := range net.Sizes[1:] {
		net.Biases = append(net.Biases, normals(rng, n, 1))
	}
	for l, n := range net.Sizes[1:] {
		inputs := net.Sizes[l]
		net.Weights = append(net.Weights, normals(rng, n*inputs, scale(inputs)))
	}
}

func normals(rng *rand.Rand, n int, scale float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = scale * rng.NormFloat64()
	}
	return x
}

// Feedforward returns the network's output (Sizes[last]) for the input a
// (Sizes[0]).
func (net *Network) Feedforward(a []float64) []float64 {
	for l := range net.Weights {
		a = Sigmoid.Forward(net.weightedInput(l, a))
	}
	return a
}

// weightedInput returns z = w a + b of layer l+1, where a is layer l's output.
func (net *Network) weightedInput(l int, a []float64) []float64 {
	mustHave(net.Sizes[l], a)
	w, z := net.Weights[l], slices.Clone(net.Biases[l])
	for k, ak := range a {
		if ak == 0 {
			continue // It adds nothing, and four of five MNIST pixels are 0.
		}
		for j := range z {
			z[j] += w[j*len(a)+k] * ak
		}
	}
	return z
}

// Epoch is what network.py prints after an epoch, as a line by String.
type Epoch struct {
	Index   int // Counts from 0, as in the book.
	Correct int // The test examples classified correctly.
	Total   int // The number of test examples, 0 without a test set.
}

// String returns the line of the book: "Epoch 0: 9129 / 10000".
func (e Epoch) String() string {
	if e.Total == 0 {
		return fmt.Sprintf("Epoch %d complete", e.Index)
	}
	return fmt.Sprintf("Epoch %d: %d / %d", e.Index, e.Correct, e.Total)
}

// SGD trains by mini-batch stochastic gradient descent while you range over it,
// and yields after each epoch; break stops the training. The order of the
// examples depends only on the seed and the epoch's index. The test set may be
// nil.
func (net *Network) SGD(training Data, epochs, miniBatchSize int, eta float64, test Data) iter.Seq[Epoch] {
	return func(yield func(Epoch) bool) {
		for index := range epochs {
			for batch := range miniBatches(training, miniBatchSize, net.Seed, index) {
				net.UpdateMiniBatch(batch, eta)
			}
			epoch := Epoch{Index: index}
			if test != nil {
				epoch.Correct, epoch.Total = net.Evaluate(test), test.Len()
			}
			if !yield(epoch) {
				return
			}
		}
	}
}

// UpdateMiniBatch makes one step of gradient descent: w <- w - eta/m Σ∇w and
// b <- b - eta/m Σ∇b (equations 20 and 21), where m is the length of the batch,
// at least 1.
func (net *Network) UpdateMiniBatch(batch []Example, eta float64) {
	net.step(batch, eta, 1)
}

// step is UpdateMiniBatch, but first multiplies the weights, not the biases, by
// decay. Multiplying by 1 is exact.
func (net *Network) step(batch []Example, eta, decay float64) {
	nablaB, nablaW := zeros(net.Biases), zeros(net.Weights)
	for _, example := range batch {
		net.addNabla(nablaB, nablaW, example.X, example.Y)
	}
	rate := eta / float64(len(batch))
	for l := range net.Weights {
		descend(net.Biases[l], 1, rate, nablaB[l])
		descend(net.Weights[l], decay, rate, nablaW[l])
	}
}

// descend sets v <- decay v - rate nabla.
func descend(v []float64, decay, rate float64, nabla []float64) {
	for i := range v {
		v[i] = decay*v[i] - rate*nabla[i]
	}
}

// Backprop returns the gradient of the cost of one example with input x
// (Sizes[0]) and desired output y (Sizes[last]), in the shapes of Biases and
// Weights.
func (net *Network) Backprop(x, y []float64) (nablaB, nablaW [][]float64) {
	nablaB, nablaW = zeros(net.Biases), zeros(net.Weights)
	net.addNabla(nablaB, nablaW, x, y)
	return nablaB, nablaW
}

// addNabla adds the gradient of one example's cost to nablaB and nablaW. This
// saves the memory of a gradient for each example of a mini-batch.
func (net *Network) addNabla(nablaB, nablaW [][]float64, x, y []float64) {
	activations, zs := [][]float64{x}, [][]float64(nil)
	for l := range net.Weights {
		z := net.weightedInput(l, activations[l])
		zs = append(zs, z)
		activations = append(activations, Sigmoid.Forward(z))
	}
	last := len(net.Weights) - 1
	mustHave(len(zs[last]), y)
	delta := net.Cost.Delta(zs[last], activations[last+1], y) // BP1
	for l := last; l >= 0; l-- {
		if l < last {
			delta = backward(net.Weights[l+1], delta, zs[l]) // BP2
		}
		addTo(nablaB[l], delta)                    // BP3
		addOuter(nablaW[l], delta, activations[l]) // BP4
	}
}

// backward returns (wᵀ delta) ⊙ σ′(z), which is BP2. w and delta belong to one
// layer, z and the result to the layer before it.
func backward(w, delta, z []float64) []float64 {
	d := make([]float64, len(z))
	for j, dj := range delta {
		for k := range d {
			d[k] += w[j*len(d)+k] * dj
		}
	}
	for k := range d {
		d[k] *= sigmoidPrime(z[k])
	}
	return d
}

// addOuter adds delta aᵀ, which is BP4, to nabla (len(delta), len(a)).
func addOuter(nabla, delta, a []float64) {
	for k, ak := range a {
		if ak == 0 {
			continue // As in weightedInput.
		}
		for j, dj := range delta {
			nabla[j*len(a)+k] += ak * dj
		}
	}
}

func addTo(sum, x []float64) {
	for i := range sum {
		sum[i] += x[i]
	}
}

// Evaluate returns the number of examples whose most active output neuron is
// the desired one. If several are most active, the first counts.
func (net *Network) Evaluate(test Data) int { return evaluate(test, net.Feedforward) }

func evaluate(test Data, feedforward func(x []float64) []float64) int {
	correct := 0
	for i := range test.Len() {
		example := test.Example(i)
		if argmax(feedforward(example.X)) == argmax(example.Y) {
			correct++
		}
	}
	return correct
}

func argmax(x []float64) int {
	best := 0
	for i := range x {
		if x[i] > x[best] {
			best = i
		}
	}
	return best
}

// CostDerivative returns ∂C/∂a = a - y, the derivative of the quadratic cost of
// one example with respect to the network's output a.
func CostDerivative(a, y []float64) []float64 {
	d := make([]float64, len(a))
	for j := range a {
		d[j] = a[j] - y[j]
	}
	return d
}

// sigmoid works for every z: if exp(-z) overflows to +Inf, 1/Inf is 0.
func sigmoid(z float64) float64 {
	return 1 / (1 + math.Exp(-z))
}

// sigmoidPrime is the derivative σ′(z) of the sigmoid.
func sigmoidPrime(z float64) float64 {
	return sigmoid(z) * (1 - sigmoid(z))
}

func zeros(like [][]float64) [][]float64 {
	z := make([][]float64, len(like))
	for l := range like {
		z[l] = make([]float64, len(like[l]))
	}
	return z
}

// mustHave panics unless x has n numbers.
func mustHave(n int, x []float64) {
	if len(x) != n {
		panic(fmt.Sprintf("byhand: %d numbers for a layer of %d neurons", len(x), n))
	}
}
