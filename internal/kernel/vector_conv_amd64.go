//go:build !purego

package kernel

// halves is max-pooling with windows of 2×2 by f, which walks over pairs of rows, and with others by the Go loop.
func halves(f func(y, x []float32, pairs, outCols, cols int)) func(y, x []float32, maps, rows, cols, size int) {
	return func(y, x []float32, maps, rows, cols, size int) {
		if size != 2 {
			maxPool(y, x, maps, rows, cols, size)
			return
		}
		if rows%2 == 0 { // pairs of rows go on across maps
			maps, rows = 1, maps*rows
		}
		pairs, outCols := rows/2, cols/2
		for c := range maps {
			f(y[c*pairs*outCols:][:pairs*outCols], x[c*rows*cols:][:rows*cols], pairs, outCols, cols)
		}
	}
}

// halvesGrad is the gradient of max-pooling with windows of 2×2 by f, and with others by the Go loop.
func halvesGrad(f func(dx, x, dy []float32, pairs, outCols, cols int)) func(dx, x, dy []float32, maps, rows, cols, size int) {
	return func(dx, x, dy []float32, maps, rows, cols, size int) {
		if size != 2 {
			maxPoolGrad(dx, x, dy, maps, rows, cols, size)
			return
		}
		if rows%2+cols%2 > 0 { // what fills no window is not written by f
			clear(dx)
		}
		if rows%2 == 0 {
			maps, rows = 1, maps*rows
		}
		pairs, outCols := rows/2, cols/2
		for c := range maps {
			in, out := c*rows*cols, c*pairs*outCols
			f(dx[in:][:rows*cols], x[in:][:rows*cols], dy[out:][:pairs*outCols], pairs, outCols, cols)
		}
	}
}

// patches is Im2col. With stride 1, one call copies all patches of a map if they lie inside of it, and otherwise one call
// copies what each filter element sees of the map.
func patches(y, x []float32, g Geometry) {
	outRows, outCols := g.OutRows(), g.OutCols()
	size, plane := g.Rows*g.Cols, outRows*outCols
	switch {
	case g.Stride != 1:
		im2col(y, x, g)
		return
	case g.Pad == 0 && outCols >= 8:
		n := g.KernelRows * g.KernelCols * plane
		for c := range g.Maps {
			copyPatches(y[c*n:][:n], x[c*size:][:size], g.KernelRows, g.KernelCols, g.Cols, outRows, outCols, outCols)
		}
		return
	}
	clear(y[:g.Patch()*plane])
	for c := range g.Maps {
		for u := range g.KernelRows {
			for v := range g.KernelCols {
				copyInside(y[:plane], x[c*size:][:size], g, u, v)
				y = y[plane:]
			}
		}
	}
}

// copyInside copies what the filter's element (u,v) sees of the map x: all but y's first and last rows and columns, where it
// lies on the padding.
func copyInside(y, x []float32, g Geometry, u, v int) {
	outCols := g.OutCols()
	top, left := max(0, g.Pad-u), max(0, g.Pad-v)
	rows := min(g.OutRows(), g.Rows+g.Pad-u) - top
	cols := min(outCols, g.Cols+g.Pad-v) - left
	if rows <= 0 || cols <= 0 {
		return
	}
	y, x = y[top*outCols+left:], x[(top+u-g.Pad)*g.Cols+left+v-g.Pad:]
	if cols >= 8 {
		copyPatches(y, x, 1, 1, g.Cols, rows, cols, outCols)
		return
	}
	for i := range rows {
		copy(y[i*outCols:][:cols], x[i*g.Cols:])
	}
}

// addPatches sums what falls on a strip of one map's columns, as many as a vector has lanes.
type addPatches func(x, y []float32, window uint32, lanes, first, rows, cols, kernelRows, kernelCols, outRows, outCols, pad int)

// patchSums is Col2im by f for strips of width columns; by the Go loop with other strides than 1, and for filters so wide that
// a window, which has 32 bits, cannot show all of a strip's columns and of the filter's before it.
func patchSums(f addPatches, width int) func(x, y []float32, g Geometry) {
	return func(x, y []float32, g Geometry) {
		if g.Stride != 1 || width+g.KernelCols-1 > 32 {
			col2im(x, y, g)
			return
		}
		outRows, outCols := g.OutRows(), g.OutCols()
		size, n := g.Rows*g.Cols, g.KernelRows*g.KernelCols*outRows*outCols
		for s := 0; s < g.Cols; s += width {
			lanes, first := min(width, g.Cols-s), s+g.Pad
			inside := window(-first, outCols-first, width)
			for c := range g.Maps {
				f(x[c*size:][:size][s:], y[c*n:][:n], inside, lanes, first,
					g.Rows, g.Cols, g.KernelRows, g.KernelCols, outRows, outCols, g.Pad)
			}
		}
	}
}

// window has bit 32−width+i set where from ≤ i < to.
func window(from, to, width int) uint32 {
	var w uint32
	for bit := range 32 {
		if i := bit - 32 + width; from <= i && i < to {
			w |= 1 << bit
		}
	}
	return w
}

// drops is Mask by f, which compares 16 bits with drop: 65536 drops all.
func drops(f func(y []float32, key uint64, drop uint32, keep float32)) func(y []float32, key uint64, p float64) {
	return func(y []float32, key uint64, p float64) { f(y, key, uint32(p*65536+0.5), float32(1/(1-p))) }
}

// pixels is Gather by f, or by the Go loop for rows shorter than width.
func pixels(f func(y []float32, x, next []byte), width int) func(y []float32, images []byte, order []int32) {
	return func(y []float32, images []byte, order []int32) {
		n := len(y) / len(order)
		if n < width {
			gather(y, images, order)
			return
		}
		for r, o := range order {
			next := order[min(r+1, len(order)-1)]
			f(y[r*n:][:n], images[int(o)*n:][:n], images[int(next)*n:][:n])
		}
	}
}
