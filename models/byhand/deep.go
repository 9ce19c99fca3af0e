package byhand

import (
	"math"
	"slices"
)

// Deep is a network of chapter 6: layers of any kind, one after the other. The
// book leaves its gradients to Theano (network3.py). Here they are derived by
// hand, too, and computed for one example at a time, as in Network.
type Deep struct {
	Layers []Layer
	Output Output
}

// Output turns the last layer's result z into the network's output a, and has
// the matching cost of one example. The two match so well that the error of
// BP1, δ = ∂C/∂z, is a-y in each of the three.
type Output struct {
	Activation func(z []float64) (a []float64)
	Fn         func(a, y []float64) float64 // The cost of the output a if y is desired.
}

// The outputs and their costs.
var (
	LinearQuadratic      = Output{slices.Clone[[]float64], QuadraticCost{}.Fn} // a = z and ½‖a-y‖².
	SigmoidCrossEntropy  = Output{Sigmoid.Forward, CrossEntropyCost{}.Fn}      // Equations 63 and 66.
	SoftmaxLogLikelihood = Output{softmax, logLikelihood}                      // Equations 78, 80 and 84.
)

// softmax returns e^z / Σ e^z (equation 78). Subtracting the largest z from all
// of them changes neither side, and no power overflows.
func softmax(z []float64) []float64 {
	a, sum, largest := make([]float64, len(z)), 0.0, slices.Max(z)
	for j := range z {
		a[j] = math.Exp(z[j] - largest)
		sum += a[j]
	}
	for j := range a {
		a[j] /= sum
	}
	return a
}

// logLikelihood returns -ln a of the desired output (equation 80).
func logLikelihood(a, y []float64) float64 {
	cost := 0.0
	for j := range a {
		cost -= y[j] * ln(a[j])
	}
	return cost
}

// Parameters returns the parameters of the layers that have any, in order.
func (net *Deep) Parameters() []*Parameters {
	var all []*Parameters
	for _, layer := range net.Layers {
		if l, ok := layer.(interface{ parameters() *Parameters }); ok {
			all = append(all, l.parameters())
		}
	}
	return all
}

// Feedforward returns the network's output for the input x, without dropout.
func (net *Deep) Feedforward(x []float64) []float64 {
	inputs := net.forward(x, nil)
	return net.Output.Activation(inputs[len(inputs)-1])
}

// forward returns the input of every layer, and the last layer's result.
func (net *Deep) forward(x []float64, masks [][]float64) [][]float64 {
	net.drop(masks)
	inputs := [][]float64{x}
	for l, layer := range net.Layers {
		inputs = append(inputs, layer.Forward(inputs[l]))
	}
	return inputs
}

// drop gives the dropout layers the masks of the next example, one for each in
// order, or nil for no dropout.
func (net *Deep) drop(masks [][]float64) {
	for _, layer := range net.Layers {
		d, ok := layer.(*Dropout)
		switch {
		case !ok:
		case masks == nil:
			d.Mask = nil
		default:
			d.Mask, masks = masks[0], masks[1:]
		}
	}
}

// Backprop adds the gradient of the cost of one example, with input x and
// desired output y, to the sums in Parameters. There is one mask for each
// dropout layer, in order, or nil for no dropout.
func (net *Deep) Backprop(x, y []float64, masks [][]float64) {
	inputs := net.forward(x, masks)
	last := len(net.Layers)
	mustHave(len(inputs[last]), y)
	delta := CostDerivative(net.Output.Activation(inputs[last]), y) // BP1
	for l := last - 1; l >= 0; l-- {
		delta = net.Layers[l].Backward(inputs[l], delta)
	}
}

// UpdateMiniBatch makes one step of regularized gradient descent, as
// Network2.UpdateMiniBatch does: weights shrink by 1 - eta lambda/n, biases do
// not. masks[i] are the masks that Backprop uses for example i. The sums of the
// gradients stay in Parameters until the next step.
func (net *Deep) UpdateMiniBatch(batch []Example, masks [][][]float64, eta, lambda float64, n int) {
	for _, p := range net.Parameters() {
		clear(p.NablaW)
		clear(p.NablaB)
	}
	for i, example := range batch {
		net.Backprop(example.X, example.Y, masks[i])
	}
	rate := eta / float64(len(batch))
	for _, p := range net.Parameters() {
		descend(p.B, 1, rate, p.NablaB)
		descend(p.W, 1-eta*lambda/float64(n), rate, p.NablaW)
	}
}

// Evaluate returns the number of examples whose largest output is the desired
// one. If several are largest, the first counts.
func (net *Deep) Evaluate(test Data) int { return evaluate(test, net.Feedforward) }
