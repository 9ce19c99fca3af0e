package byhand

import (
	"math"
	"slices"
)

// Layer is one layer of a Deep network. It works on one example at a time,
// whose images are (maps, rows, columns), row after row.
type Layer interface {
	// Forward returns the layer's output for the input x.
	Forward(x []float64) []float64
	// Backward takes ∂C/∂y for the output y that Forward returned for x. It
	// returns ∂C/∂x, and adds the gradients of the layer's weights and biases,
	// if it has any, to their sums.
	Backward(x, dy []float64) []float64
}

// Parameters are the weights and biases of a layer, with the sums of their
// gradients over the examples of a mini-batch.
type Parameters struct{ W, B, NablaW, NablaB []float64 }

func newParameters(weights, biases int) Parameters {
	return Parameters{
		W: make([]float64, weights), NablaW: make([]float64, weights),
		B: make([]float64, biases), NablaB: make([]float64, biases),
	}
}

func (p *Parameters) parameters() *Parameters { return p }

// Dense is a fully connected layer without its activation: y = x W + b. As in
// network3.py, and unlike network2.py, W is (inputs, outputs).
type Dense struct{ Parameters }

// NewDense returns a fully connected layer with weights and biases of 0.
func NewDense(inputs, outputs int) *Dense {
	return &Dense{newParameters(inputs*outputs, outputs)}
}

// Forward returns x W + b.
func (d *Dense) Forward(x []float64) []float64 {
	y := slices.Clone(d.B)
	mustHave(len(d.W)/len(y), x)
	for k, xk := range x {
		if xk == 0 {
			continue // As in Network: it adds nothing.
		}
		for j, w := range d.W[k*len(y) : (k+1)*len(y)] {
			y[j] += xk * w
		}
	}
	return y
}

// Backward returns W dy, which is BP2 without the σ′ of an activation.
func (d *Dense) Backward(x, dy []float64) []float64 {
	dx := make([]float64, len(x))
	addTo(d.NablaB, dy) // BP3
	for k, xk := range x {
		w, nabla := d.W[k*len(dy):(k+1)*len(dy)], d.NablaW[k*len(dy):(k+1)*len(dy)]
		for j, dyj := range dy {
			dx[k] += w[j] * dyj  // BP2
			nabla[j] += xk * dyj // BP4
		}
	}
	return dx
}

// Convolution is a layer of feature maps, without pooling and activation. Every
// neuron of a map has the same weights and bias (equation 125):
//
//	y[o,r,s] = b[o] + Σ W[o,m,u,v] x[m,r+u,s+v] over m, u and v
type Convolution struct {
	Maps, Rows, Cols int // Of the input.
	Size             int // Of the local receptive fields: Size rows and columns.
	Parameters           // W (outputs, Maps, Size, Size), B (outputs).
}

// NewConvolution returns a layer with this many feature maps for images (maps,
// rows, cols), with weights and biases of 0.
func NewConvolution(maps, rows, cols, outputs, size int) *Convolution {
	return &Convolution{maps, rows, cols, size, newParameters(outputs*maps*size*size, outputs)}
}

// places returns the rows and columns of an output map.
func (c *Convolution) places() (rows, cols int) {
	return c.Rows - c.Size + 1, c.Cols - c.Size + 1
}

// rows calls f for each row of products in the equation: the weight W[w] joins
// the inputs x, x+1, ... with the outputs y, y+1, ...
func (c *Convolution) rows(f func(w, x, y int)) {
	rows, cols := c.places()
	for o := range c.B {
		for m := range c.Maps {
			for u := range c.Size {
				for v := range c.Size {
					for r := range rows {
						f(((o*c.Maps+m)*c.Size+u)*c.Size+v, (m*c.Rows+r+u)*c.Cols+v, (o*rows+r)*cols)
					}
				}
			}
		}
	}
}

// Forward returns the feature maps of the images x.
func (c *Convolution) Forward(x []float64) []float64 {
	mustHave(c.Maps*c.Rows*c.Cols, x)
	rows, cols := c.places()
	var y []float64
	for _, b := range c.B {
		y = append(y, slices.Repeat([]float64{b}, rows*cols)...)
	}
	c.rows(func(w, ix, iy int) {
		for s, xs := range x[ix : ix+cols] {
			y[iy+s] += c.W[w] * xs
		}
	})
	return y
}

// Backward goes through the products of Forward. For every y that a weight and
// an input take part in, each gets dy times the other.
func (c *Convolution) Backward(x, dy []float64) []float64 {
	rows, cols := c.places()
	for i := range dy {
		c.NablaB[i/(rows*cols)] += dy[i]
	}
	dx := make([]float64, len(x))
	c.rows(func(w, ix, iy int) {
		for s, dys := range dy[iy : iy+cols] {
			c.NablaW[w] += x[ix+s] * dys
			dx[ix+s] += c.W[w] * dys
		}
	})
	return dx
}

// MaxPool reduces every map to the maxima of its windows of Size×Size. Rows and
// columns that do not fill a window are ignored.
type MaxPool struct{ Maps, Rows, Cols, Size int }

// windows calls f for every output y, with the place in x of its window's
// maximum, the first if several are equal.
func (p MaxPool) windows(x []float64, f func(y, maximum int)) {
	rows, cols := p.Rows/p.Size, p.Cols/p.Size
	for m := range p.Maps {
		for r := range rows {
			for s := range cols {
				corner := (m*p.Rows+r*p.Size)*p.Cols + s*p.Size
				maximum := corner
				for u := range p.Size {
					for v := range p.Size {
						if at := corner + u*p.Cols + v; x[at] > x[maximum] {
							maximum = at
						}
					}
				}
				f((m*rows+r)*cols+s, maximum)
			}
		}
	}
}

// Forward returns the maxima.
func (p MaxPool) Forward(x []float64) []float64 {
	mustHave(p.Maps*p.Rows*p.Cols, x)
	y := make([]float64, p.Maps*(p.Rows/p.Size)*(p.Cols/p.Size))
	p.windows(x, func(i, maximum int) { y[i] = x[maximum] })
	return y
}

// Backward hands each dy to the input that was the maximum, and 0 to the others.
func (p MaxPool) Backward(x, dy []float64) []float64 {
	dx := make([]float64, len(x))
	p.windows(x, func(i, maximum int) { dx[maximum] = dy[i] })
	return dx
}

// Activation applies a function to every weighted input.
type Activation struct{ F, Prime func(z float64) float64 }

// The activations and their derivatives. The derivative of ReLU at 0 is 0.
var (
	Sigmoid = Activation{sigmoid, sigmoidPrime}
	Tanh    = Activation{math.Tanh, func(z float64) float64 { return 1 - math.Tanh(z)*math.Tanh(z) }}
	ReLU    = Activation{
		func(z float64) float64 { return max(0, z) },
		func(z float64) float64 {
			if z > 0 {
				return 1
			}
			return 0
		},
	}
)

// Forward returns the activations of the weighted inputs z.
func (f Activation) Forward(z []float64) []float64 {
	a := make([]float64, len(z))
	for j := range z {
		a[j] = f.F(z[j])
	}
	return a
}

// Backward returns da ⊙ σ′(z), the other half of BP2.
func (f Activation) Backward(z, da []float64) []float64 {
	dz := make([]float64, len(z))
	for j := range z {
		dz[j] = da[j] * f.Prime(z[j])
	}
	return dz
}

// Dropout multiplies its input by a given mask. The mask is 0 where a neuron is
// dropped. Elsewhere it is 1/(1-p), or 1 as in network3.py, which multiplies by
// 1-p in evaluation instead.
type Dropout struct {
	Mask  []float64 // For the current example; nil in evaluation.
	Scale float64   // The factor in evaluation: 1-p, or 1 if the mask is scaled.
}

// Forward returns x ⊙ mask, or x times Scale if there is no mask.
func (d *Dropout) Forward(x []float64) []float64 {
	mask := d.Mask
	if mask == nil {
		mask = slices.Repeat([]float64{d.Scale}, len(x))
	}
	mustHave(len(mask), x)
	y := make([]float64, len(x))
	for k := range x {
		y[k] = x[k] * mask[k]
	}
	return y
}

// Backward returns dy ⊙ mask, or dy times Scale if there is no mask.
func (d *Dropout) Backward(_, dy []float64) []float64 { return d.Forward(dy) }
