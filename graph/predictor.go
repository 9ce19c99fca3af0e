package graph

import (
	"cmp"
	"fmt"
)

// A Predictor computes a network's outputs. It shares the network's weights, so that it costs little memory, and sees each update of them.
// One is for one goroutine; several may predict at once, while nothing trains the network.
type Predictor struct {
	net   *Net
	batch int
	m     runner
	err   error
	x, y  []float32 // of the last examples, which do not fill a batch
	last  int       // the examples of the last batch
}

// Predictor makes a predictor that takes so many examples at once: 1 for single requests, 100 for many. What is wrong with the size is the
// error of Predict.
func (n *Net) Predictor(batch int) *Predictor { return n.newPredictor(use{batch, predicting}) }

// LayerPredictor is a [Net.Predictor] whose Layers has what each layer gave. It takes longer and holds the outputs of all layers, but no
// weights of its own either.
func (n *Net) LayerPredictor(batch int) *Predictor { return n.newPredictor(use{batch, watching}) }

func (n *Net) newPredictor(u use) *Predictor {
	batch := u.batch
	p := &Predictor{net: n, batch: batch}
	if batch < 1 {
		p.err = fmt.Errorf("graph: a predictor of %d examples at once; use at least 1", batch)
		return p
	}
	if p.m, p.err = n.predictor(n, u); p.err != nil {
		p.err = fmt.Errorf("graph: %w", p.err)
		return p
	}
	p.x, p.y = make([]float32, batch*n.Input.TotalSize()), make([]float32, batch*n.Outputs)
	return p
}

// Predict computes the outputs y (m, Outputs) of the examples x (m, Input), for any number m of them.
func (p *Predictor) Predict(y, x []float32) error {
	if err := cmp.Or(p.err, p.net.ready()); err != nil {
		return err
	}
	k, err := p.net.predictions(len(y), len(x))
	if err != nil {
		return err
	}
	in, out := p.net.Input.TotalSize(), p.net.Outputs
	for ; k >= p.batch; k -= p.batch {
		if err := p.run(y[:p.batch*out], x[:p.batch*in]); err != nil {
			return err
		}
		p.last = p.batch
		y, x = y[p.batch*out:], x[p.batch*in:]
	}
	if k == 0 {
		return nil
	}
	copy(p.x, x)
	err = p.run(p.y, p.x)
	copy(y, p.y)
	p.last = k
	return err
}

// A LayerOutput is what a layer gave: Y (m, Output).
type LayerOutput struct {
	Row
	Y []float32
}

// Layers is what the layers gave for the last batch of the last Predict, in their order; a layer that passes its input on, as dropout
// does here, is left out. It is empty unless the predictor is a [Net.LayerPredictor].
func (p *Predictor) Layers() []LayerOutput {
	if p.err != nil {
		return nil
	}
	return p.m.layerOutputs(p.last)
}

// run computes one batch.
func (p *Predictor) run(y, x []float32) error {
	p.m.load(&given{m: p.batch, x: x})
	if err := p.m.run(); err != nil {
		return err
	}
	p.m.outputs(y)
	return nil
}
