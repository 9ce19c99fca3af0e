package book

import (
	"context"
	"fmt"
	"math"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/models/byhand"
	"github.com/stheno-ml/stheno/train"
)

// The neuron of chapter 3 learns to output 0 for its only input, 1.
const neuronEta, neuronSteps = .15, 300

// neuron trains the neuron from w = 0.6 and b = 0.9, and from w = b = 2, as a graph and by hand. The values are, for each start, the
// first output, and the last output of both.
func neuron(ctx context.Context, _ lab) (run, error) {
	var r run
	for _, start := range []struct{ w, b float64 }{{.6, .9}, {2, 2}} {
		outputs, err := graphNeuron(ctx, start.w, start.b)
		if err != nil {
			return r, err
		}
		derived := handNeuron(start.w, start.b)
		cost := Curve{Name: fmt.Sprintf("w = %g, b = %g", start.w, start.b)}
		for step, a := range outputs {
			cost.add(float64(step), a*a/2)
		}
		r.values = append(r.values, outputs[0], outputs[neuronSteps], derived)
		r.curves = append(r.curves, cost)
	}
	return r, nil
}

// graphNeuron is the output before the first step and after each.
func graphNeuron(ctx context.Context, w, b float64) (outputs []float64, err error) {
	net, err := graph.New(graph.Seq{graph.Dense{Out: 1}, graph.Sigmoid}, graph.Quadratic, graph.Shape{1}, graph.Config{Float64: true})
	if err != nil {
		return nil, err
	}
	for i, v := range []float64{w, b} {
		if err := net.Params[i].Set([]float64{v}); err != nil {
			return nil, err
		}
	}
	x, y := []float32{1}, make([]float32, 1)
	predict := func() error {
		err := net.Predict(y, x)
		outputs = append(outputs, float64(y[0]))
		return err
	}
	if err := predict(); err != nil {
		return nil, err
	}
	t := train.Trainer{
		Net: net, Optimizer: train.SGD{}, Train: train.Arrays{X: x, Y: []float32{0}, N: 1}, Batch: 1, Eta: neuronEta, Epochs: neuronSteps,
	}
	for _, err := range t.Run(ctx) {
		if err == nil {
			err = predict()
		}
		if err != nil {
			return nil, err
		}
	}
	return outputs, nil
}

// handNeuron is the last output of the same neuron by hand.
func handNeuron(w, b float64) float64 {
	net := byhand.New(0, 1, 1)
	net.Weights[0][0], net.Biases[0][0] = w, b
	for range neuronSteps {
		net.UpdateMiniBatch([]byhand.Example{{X: []float64{1}, Y: []float64{0}}}, neuronEta)
	}
	return net.Feedforward([]float64{1})[0]
}

// darkness is the fraction of test images that chapter 1's baseline gets right.
func darkness(_ context.Context, l lab) (run, error) {
	right := mnist.Darkness(l.data.Train, l.data.Test)
	return run{values: []float64{float64(right) / float64(l.data.Test.Len())}}, nil
}

// gradients are the lengths ‖∂C/∂b‖ of each hidden layer, for two, three and four of them, before any training; C is the mean
// cost of 1,000 images.
func gradients(_ context.Context, l lab) (run, error) {
	var r run
	const images = 1000
	for layers := 2; layers <= 4; layers++ {
		m, err := model(fmt.Sprint("ch5-", layers))
		if err != nil {
			return r, err
		}
		set, err := first(l.data.Train, images)
		if err != nil {
			return r, err
		}
		norms, err := biasNorms(m, set, l.seed)
		if err != nil {
			return r, err
		}
		c := Curve{Name: fmt.Sprint(layers, " hidden layers")}
		for i, norm := range norms[:layers] { // the output layer is not hidden
			r.values = append(r.values, norm)
			c.add(float64(i+1), norm)
		}
		r.curves = append(r.curves, c)
	}
	return r, nil
}

// biasNorms is the length of the gradient of the mean cost for each layer's biases.
func biasNorms(m models.Model, s mnist.Set, seed uint64) (norms []float64, err error) {
	net, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Seed: seed, Init: m.Recipe.Init})
	if err != nil {
		return nil, err
	}
	x, y, all := make([]float32, len(s.Images)), make([]float32, s.Len()*net.Targets), make([]int32, s.Len())
	for i := range all {
		all[i] = int32(i)
	}
	labeled(s).Batch(x, y, all)
	if _, err := net.Step(x, y); err != nil {
		return nil, err
	}
	for _, p := range net.Params {
		if p.Decay {
			continue // weights
		}
		sum := 0.
		for _, g := range p.GradFloat64s() {
			sum += g * g
		}
		norms = append(norms, math.Sqrt(sum))
	}
	return norms, nil
}
