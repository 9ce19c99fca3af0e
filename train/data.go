package train

import (
	"fmt"
	"slices"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/kernel"
)

// Data is a set of examples. [Images] and [Arrays] are two; one's own can make or read its examples when they are asked for.
type Data interface {
	Len() int
	// Batch writes the examples of these numbers to x, row by row, and their targets to y, which may be empty if the loss looks at none.
	// It may be called from another goroutine than the last time, but never by two at once.
	Batch(x, y []float32, order []int32)
}

// Images are bytes, of which a network sees byte/256 as in the book, with the number of a class for each: image i is
// Pixels[i*n:(i+1)*n], its class Labels[i].
type Images struct {
	Pixels, Labels []byte
	Classes        int // 0: as many as the network has outputs
}

// Len is the number of images.
func (d Images) Len() int { return len(d.Labels) }

// Batch writes pixels divided by 256, and rows that are 1 at the class.
func (d Images) Batch(x, y []float32, order []int32) {
	d.pixels(x, order, 0, len(x)/len(order))
	d.classes(y, order)
}

// pixels writes the columns [from, to) of images.
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
		return fmt.Errorf("%d images of %d bytes in all do not fit a network of %d inputs; use a model for images of that size",
			len(d.Labels), len(d.Pixels), inputs)
	}
	top := -1
	if len(d.Labels) > 0 {
		top = int(slices.Max(d.Labels))
	}
	return checkClasses(d.Classes, targets, top)
}

// checkClasses says what is wrong with classes for a network of so many targets; top is the highest class that there is.
func checkClasses(classes, targets, top int) error {
	switch {
	case targets == 0: // the loss looks at no target
		return nil
	case classes > 0 && targets != classes:
		return fmt.Errorf("%d outputs for %d classes; end the network with dense(%d)", targets, classes, classes)
	case top >= targets:
		return fmt.Errorf("label %d for a network of %d outputs; give the last layer at least %d", top, targets, top+1)
	}
	return nil
}

// Arrays are N examples of any numbers: X is (N, inputs), Y is (N, outputs), or empty if the loss looks at no target.
type Arrays struct {
	X, Y []float32
	N    int
}

// Len is N.
func (d Arrays) Len() int { return d.N }

// Batch copies rows.
func (d Arrays) Batch(x, y []float32, order []int32) {
	rows(x, d.X, order)
	rows(y, d.Y, order)
}

// rows copies the rows of these numbers.
func rows(to, from []float32, order []int32) {
	n := len(to) / len(order)
	for i, o := range order {
		copy(to[i*n:i*n+n], from[int(o)*n:])
	}
}

func (d Arrays) check(inputs, targets int) error {
	if len(d.X) != d.N*inputs || len(d.Y) != d.N*targets {
		return fmt.Errorf("%d examples of %d numbers and %d targets in all do not fit a network of %d inputs and %d targets", d.N, len(d.X), len(d.Y), inputs, targets)
	}
	return nil
}

// Classes are numbers X (len(Labels), inputs) with the number of a class for each example: any number of classes.
type Classes struct {
	X      []float32
	Labels []int
	Of     int // classes; 0: as many as the network has outputs
}

// Len is the number of examples.
func (d Classes) Len() int { return len(d.Labels) }

// Batch copies rows, and writes rows that are 1 at the class.
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
		return fmt.Errorf("%d examples of %d numbers in all do not fit a network of %d inputs", len(d.Labels), len(d.X), inputs)
	}
	top := -1
	if len(d.Labels) > 0 {
		top = slices.Max(d.Labels)
		if low := slices.Min(d.Labels); low < 0 {
			return fmt.Errorf("label %d; classes are numbered from 0", low)
		}
	}
	return checkClasses(d.Of, targets, top)
}

// fits says that data fit a network, where they can tell.
func fits(d Data, n *graph.Net) error {
	if d, ok := d.(interface {
		check(inputs, targets int) error
	}); ok {
		return d.check(n.Input.TotalSize(), n.Targets)
	}
	return nil
}

// size is the number of examples of data, which may be nil.
func size(d Data) int {
	if d == nil {
		return 0
	}
	return d.Len()
}

// A minibatch is some examples of data as a source for the network.
type minibatch struct {
	data  Data
	order []int32
	place
}

func (b *minibatch) Len() int            { return len(b.order) }
func (b *minibatch) Load(x, y []float32) { b.data.Batch(x, y, b.order) }

// An imagebatch lets each of two processors write the pixels that it works on.
type imagebatch struct {
	Images
	order []int32
	place
}

func (b *imagebatch) Len() int                              { return len(b.order) }
func (b *imagebatch) Load(x, y []float32)                   { b.Batch(x, y, b.order) }
func (b *imagebatch) LoadColumns(x []float32, from, to int) { b.pixels(x, b.order, from, to) }
func (b *imagebatch) LoadTargets(y []float32)               { b.classes(y, b.order) }
