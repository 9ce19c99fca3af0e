package graph

import (
	"cmp"
	"fmt"
)

// A Predictor computes a network's outputs. It shares the network's weights, so it needs little memory and sees each update. Give each
// goroutine its own. Several may predict at once, as long as nothing trains the network meanwhile.
type Predictor struct {
	net   *Net
	batch int
	m     runner
	err   error
	x, y  []float32 // the examples at the end that do not fill a batch
	last  int       // how many examples the last batch had
}

// Predictor makes a predictor that computes batch examples at once: use 1 for single requests and 100 for many examples. If batch is below 1,
// Predict returns the error.
func (n *Net) Predictor(batch int) *Predictor { return n.newPredictor(use{batch, predicting}) }

// LayerPredictor is a [Net.Predictor] that also keeps the output of each layer, for Layers. It takes longer and needs memory for these
// outputs, but none for weights.
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

// Predict writes the outputs of the examples x (m, Input) to y (m, Outputs), for any number m of examples.
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

// A LayerOutput is the output Y (m, Output) of one layer.
type LayerOutput struct {
	Row
	Y []float32
}

// Layers returns the layers' outputs for the last batch of the last Predict, in order. It leaves out layers that return their input unchanged,
// as dropout does here. It returns nothing unless the predictor is a [Net.LayerPredictor].
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
