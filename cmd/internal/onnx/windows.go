package onnx

import (
	"cmp"

	"github.com/stheno-ml/stheno/graph"
)

// windows is package op's windows, with its fields in the same order.
type windows struct{ rows, cols, strideRows, strideCols, padRows, padCols, dilateRows, dilateCols int }

// windows is the op's windows as attributes, for that many rows and columns of windows over images of x. The padding below and on the right is as
// much as they need.
func (c call) windows(x graph.Shape, rows, cols int) (w windows, attributes []attribute, err error) {
	n, err := c.ints(0)
	if err != nil || len(n) != 8 {
		return w, nil, cmp.Or(err, c.varies())
	}
	w = windows{n[0], n[1], n[2], n[3], n[4], n[5], max(1, n[6]), max(1, n[7])}
	below := (rows-1)*w.strideRows + w.dilateRows*(w.rows-1) + 1 - x[2] - w.padRows
	right := (cols-1)*w.strideCols + w.dilateCols*(w.cols-1) + 1 - x[3] - w.padCols
	return w, []attribute{
		withInts("kernel_shape", w.rows, w.cols), withInts("strides", w.strideRows, w.strideCols),
		withInts("pads", w.padRows, w.padCols, max(0, below), max(0, right)),
	}, nil
}

// overlapping is a pool over windows that may overlap and extend beyond the image.
func overlapping(kind string, others ...attribute) row {
	return func(b *body, c call) error {
		_, attributes, err := c.windows(b.values[c.X[0]].Shape, c.Shape[2], c.Shape[3])
		b.end(c, kind, append(attributes, others...), c.x...)
		return err
	}
}

// patches is a convolution with filters that each pick one element of the window, with the maps as the last axis.
func patches(b *body, c call) error {
	x := b.values[c.X[0]].Shape
	w, attributes, err := c.windows(x, c.Shape[1], c.Shape[2])
	if err != nil {
		return err
	}
	size := x[1] * w.rows * w.cols
	pick := make([]float32, size*size)
	for i := range size {
		pick[i*size+i] = 1
	}
	attributes = append(attributes, withInts("dilations", w.dilateRows, w.dilateCols))
	filters := b.tensor("patches", graph.Shape{size, x[1], w.rows, w.cols}, pick)
	b.end(c, "Transpose", []attribute{withInts("perm", 0, 2, 3, 1)}, b.nodeWith("Conv", attributes, c.x[0], filters))
	return nil
}
