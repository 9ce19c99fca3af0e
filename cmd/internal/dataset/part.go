package dataset

import (
	"bytes"
	"slices"

	"github.com/stheno-ml/stheno/mnist"
	"github.com/stheno-ml/stheno/train"
)

// Part is N examples of bytes or numbers, each with the number of a class, or with numbers to predict.
type Part struct {
	N      int
	Pixels []byte    // (N, inputs), which a network sees as byte/256; nil if X has the inputs
	X      []float32 // (N, inputs), as a network sees them; nil if Pixels has the inputs
	Labels []int     // N classes; nil if Y has the targets, or there are none
	Y      []float32 // (N, targets)

	shape   []int // of an example
	targets int   // the number of numbers to predict
}

// Of is p with examples of that shape.
func (p Part) Of(shape []int) Part {
	p.shape = shape
	return p
}

// Len is the number of examples.
func (p Part) Len() int { return p.N }

// inputs is the number of inputs of an example.
func (p Part) inputs() int {
	n := 1
	for _, d := range p.shape {
		n *= d
	}
	return n
}

// Slice is the examples i to j-1. They share p's memory.
func (p Part) Slice(i, j int) Part {
	p.N = j - i
	p.Pixels, p.X, p.Y = slice(p.Pixels, i, j, p.inputs()), slice(p.X, i, j, p.inputs()), slice(p.Y, i, j, p.targets)
	p.Labels = slice(p.Labels, i, j, 1)
	return p
}

// join is the examples of a and b, copied.
func join(a, b Part) Part {
	a.N += b.N
	a.Pixels, a.X, a.Y = slices.Concat(a.Pixels, b.Pixels), slices.Concat(a.X, b.X), slices.Concat(a.Y, b.Y)
	a.Labels = slices.Concat(a.Labels, b.Labels)
	return a
}

func slice[T any](all []T, i, j, size int) []T {
	if all == nil {
		return nil
	}
	return all[i*size : j*size : j*size]
}

// Equal reports whether p and q have the same examples.
func (p Part) Equal(q Part) bool {
	return p.N == q.N && bytes.Equal(p.Pixels, q.Pixels) && slices.Equal(p.X, q.X) && slices.Equal(p.Labels, q.Labels) && slices.Equal(p.Y, q.Y)
}

// Counts is the number of examples of each class.
func (p Part) Counts(classes int) []int {
	counts := make([]int, classes)
	for _, l := range p.Labels {
		counts[l]++
	}
	return counts
}

// Data is p for a trainer: as Images if possible, because they are fastest and can be warped.
func (p Part) Data() train.Data {
	set, gray := p.bytes()
	switch {
	case gray:
		return train.Images{Pixels: p.Pixels, Labels: set}
	case p.X != nil && p.Labels != nil:
		return train.Classes{X: p.X, Labels: p.Labels}
	case p.X != nil:
		return train.Arrays{X: p.X, Y: p.Y, N: p.N}
	}
	return p
}

// Set is p as images of package mnist, if it has gray images of bytes in at most 256 classes.
func (p Part) Set(classes int) (mnist.Set, bool) {
	labels, ok := p.bytes()
	if !ok || len(p.shape) != 3 || p.shape[0] != 1 {
		return mnist.Set{}, false
	}
	return mnist.Set{Images: p.Pixels, Labels: labels, Rows: p.shape[1], Cols: p.shape[2], Classes: classes}, true
}

// bytes is the labels as bytes, if they fit and the inputs are bytes.
func (p Part) bytes() ([]byte, bool) {
	if p.Pixels == nil || p.Labels == nil {
		return nil, false
	}
	labels := make([]byte, p.N)
	for i, l := range p.Labels {
		if l > 255 {
			return nil, false
		}
		labels[i] = byte(l)
	}
	return labels, true
}

// Batch writes inputs, bytes divided by 256, and targets, classes as one-hot rows. See [train.Data].
func (p Part) Batch(x, y []float32, order []int32) {
	n, m := p.inputs(), len(y)/len(order)
	clear(y)
	for i, o := range order {
		to := x[i*n : (i+1)*n]
		if p.Pixels != nil {
			for j, b := range p.Pixels[int(o)*n : int(o+1)*n] {
				to[j] = float32(b) / mnist.PixelScale
			}
		} else {
			copy(to, p.X[int(o)*n:])
		}
		switch {
		case m == 0:
		case p.Labels != nil:
			y[i*m+p.Labels[o]] = 1
		default:
			copy(y[i*m:(i+1)*m], p.Y[int(o)*m:])
		}
	}
}
