package train

import (
	"fmt"
	"slices"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/kernel"
)

// Data is a set of examples: [Arrays], [Classes], [Images], or a type of your own, which may create or read its examples on demand.
type Data interface {
	Len() int // the number of examples
	// Batch writes the examples with the numbers in order to x, row by row, and their targets to y. y is empty if the loss uses no targets.
	// Different goroutines may call Batch, but never two at once.
	Batch(x, y []float32, order []int32)
}

// Images are images of bytes with one class each. Image i is Pixels[i*n:(i+1)*n] for images of n pixels, and Labels[i] is its class. The network
// gets byte/256, as in the book, and one-hot rows as targets.
type Images struct {
	Pixels, Labels []byte
	Classes        int // 0 means as many as the network has outputs
}

// Len returns the number of images.
func (d Images) Len() int { return len(d.Labels) }

// Batch writes pixels divided by 256 to x (len(order), pixels), and one-hot rows to y (len(order), outputs).
func (d Images) Batch(x, y []float32, order []int32) {
	d.pixels(x, order, 0, len(x)/len(order))
	d.classes(y, order)
}

// pixels writes the columns [from, to) of the images.
func (d Images) pixels(x []float32, order []int32, from, to int) {
	kernel.For[float32]().Gather(x, d.Pixels, order, from, to)
}

func (d Images) classes(y []float32, order []int32) {
	clear(y)
	if n := len(y) / len(order); n > 0 {
		for i, o := range order {
			y[i*n+int(d.Labels[o])] = 1
		}
	}
}

func (d Images) check(inputs, targets int) error {
	if len(d.Pixels) != inputs*len(d.Labels) {
		return fmt.Errorf("%d images with %d bytes in total do not fit a network with %d inputs; use a model for images of that size",
			len(d.Labels), len(d.Pixels), inputs)
	}
	top := -1
	if len(d.Labels) > 0 {
		top = int(slices.Max(d.Labels))
	}
	return checkClasses(d.Classes, targets, top)
}

// checkClasses returns an error if classes do not fit a network with this many targets; top is the highest label.
func checkClasses(classes, targets, top int) error {
	switch {
	case targets == 0: // the loss uses no targets
		return nil
	case classes > 0 && targets != classes:
		return fmt.Errorf("%d outputs for %d classes; end the network with dense(%d)", targets, classes, classes)
	case top >= targets:
		return fmt.Errorf("label %d for a network with %d outputs; give the last layer at least %d", top, targets, top+1)
	}
	return nil
}

// Arrays are N examples of any numbers. X is (N, inputs) and Y is (N, targets), row by row; Y is empty if the loss uses no targets.
type Arrays struct {
	X, Y []float32
	N    int
}

// Len returns N.
func (d Arrays) Len() int { return d.N }

// Batch copies rows of X and Y.
func (d Arrays) Batch(x, y []float32, order []int32) {
	rows(x, d.X, order)
	rows(y, d.Y, order)
}

// rows copies the rows with the numbers in order.
func rows(to, from []float32, order []int32) {
	n := len(to) / len(order)
	for i, o := range order {
		copy(to[i*n:i*n+n], from[int(o)*n:])
	}
}

func (d Arrays) check(inputs, targets int) error {
	if len(d.X) != d.N*inputs || len(d.Y) != d.N*targets {
		return fmt.Errorf("%d examples with %d numbers and %d targets in total do not fit a network with %d inputs and %d targets", d.N, len(d.X), len(d.Y), inputs, targets)
	}
	return nil
}

// Classes are examples X (len(Labels), inputs), row by row, with one class each. There may be any number of classes.
type Classes struct {
	X      []float32
	Labels []int
	Of     int // the number of classes; 0 means as many as the network has outputs
}

// Len returns the number of examples.
func (d Classes) Len() int { return len(d.Labels) }

// Batch copies rows of X, and writes one-hot rows to y.
func (d Classes) Batch(x, y []float32, order []int32) {
	rows(x, d.X, order)
	clear(y)
	if n := len(y) / len(order); n > 0 {
		for i, o := range order {
			y[i*n+d.Labels[o]] = 1
		}
	}
}

func (d Classes) check(inputs, targets int) error {
	if len(d.X) != len(d.Labels)*inputs {
		return fmt.Errorf("%d examples with %d numbers in total do not fit a network with %d inputs", len(d.Labels), len(d.X), inputs)
	}
	top := -1
	if len(d.Labels) > 0 {
		top = slices.Max(d.Labels)
		if low := slices.Min(d.Labels); low < 0 {
			return fmt.Errorf("label %d; number the classes from 0", low)
		}
	}
	return checkClasses(d.Of, targets, top)
}

// fits returns an error if d has a check and it finds that d does not fit the network.
func fits(d Data, n *graph.Net) error {
	if d, ok := d.(interface {
		check(inputs, targets int) error
	}); ok {
		return d.check(n.Input.TotalSize(), n.Targets)
	}
	return nil
}

// size returns the number of examples of data, which may be nil.
func size(d Data) int {
	if d == nil {
		return 0
	}
	return d.Len()
}

// A minibatch is a Source for the network that consists of some examples of data.
type minibatch struct {
	data  Data
	order []int32
	place
}

func (b *minibatch) Len() int            { return len(b.order) }
func (b *minibatch) Load(x, y []float32) { b.data.Batch(x, y, b.order) }

// An imagebatch is a minibatch of images. Two processors can each write the pixels that they work on.
type imagebatch struct {
	Images
	order []int32
	place
}

func (b *imagebatch) Len() int                              { return len(b.order) }
func (b *imagebatch) Load(x, y []float32)                   { b.Batch(x, y, b.order) }
func (b *imagebatch) LoadColumns(x []float32, from, to int) { b.pixels(x, b.order, from, to) }
func (b *imagebatch) LoadTargets(y []float32)               { b.classes(y, b.order) }
