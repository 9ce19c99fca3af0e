package byhand

import (
	"iter"
	"math/rand/v2"
	"slices"
)

// Example is an input X and the desired output Y. Evaluate looks only at the
// position of Y's largest number.
type Example struct{ X, Y []float64 }

// Data is a set of examples, which may be created on demand.
type Data interface {
	Len() int
	Example(i int) Example
}

// Examples is Data held in memory.
type Examples []Example

// Len returns the number of examples.
func (e Examples) Len() int { return len(e) }

// Example returns the example i.
func (e Examples) Example(i int) Example { return e[i] }

// Images is Data of labeled gray images, such as MNIST, kept as bytes. As
// float64, MNIST's 50,000 training images would take 313 MB.
type Images struct {
	Pixels []byte // Image after image, all of one size: (len(Labels), pixels of an image).
	Labels []byte // The digit, 0 to 9, on each image.
}

// Len returns the number of images.
func (d Images) Len() int { return len(d.Labels) }

// Example returns image i, with pixels as byte/256 like the book's data, and
// the vectorized label.
func (d Images) Example(i int) Example {
	size := len(d.Pixels) / len(d.Labels)
	x := make([]float64, size)
	for k, pixel := range d.Pixels[i*size : (i+1)*size] {
		x[k] = float64(pixel) / 256
	}
	return Example{X: x, Y: VectorizedResult(int(d.Labels[i]))}
}

// VectorizedResult returns the desired output for the digit j: ten numbers,
// 1 at position j and 0 elsewhere. It panics unless 0 <= j <= 9.
func VectorizedResult(j int) []float64 {
	e := make([]float64, 10)
	e[j] = 1
	return e
}

// miniBatches yields the data in mini-batches, in an order that depends on seed
// and epoch. The last one is shorter if size does not divide the data.
func miniBatches(data Data, size int, seed uint64, epoch int) iter.Seq[[]Example] {
	return func(yield func([]Example) bool) {
		order := rand.New(rand.NewPCG(seed, uint64(epoch))).Perm(data.Len())
		for indices := range slices.Chunk(order, size) {
			batch := make([]Example, len(indices))
			for i, index := range indices {
				batch[i] = data.Example(index)
			}
			if !yield(batch) {
				return
			}
		}
	}
}
