//go:build !purego

package kernel

// halves pools windows of 2×2 with f, which goes over pairs of rows, and other windows with the Go loop.
func halves(f func(y, x []float32, pairs, outCols, cols int), loop func(y, x []float32, maps, rows, cols, size int)) func(y, x []float32, maps, rows, cols, size int) {
	return func(y, x []float32, maps, rows, cols, size int) {
		if size != 2 {
			loop(y, x, maps, rows, cols, size)
			return
		}
		if rows%2 == 0 { // then pairs of rows continue across maps
			maps, rows = 1, maps*rows
		}
		pairs, outCols := rows/2, cols/2
		for c := range maps {
			f(y[c*pairs*outCols:][:pairs*outCols], x[c*rows*cols:][:rows*cols], pairs, outCols, cols)
		}
	}
}

// halvesGrad is the gradient of max-pooling, by f for windows of 2×2 and by the Go loop for others.
func halvesGrad(f func(dx, x, dy []float32, pairs, outCols, cols int)) func(dx, x, dy []float32, maps, rows, cols, size int) {
	return func(dx, x, dy []float32, maps, rows, cols, size int) {
		if size != 2 {
			maxPoolGrad(dx, x, dy, maps, rows, cols, size)
			return
		}
		if rows%2+cols%2 > 0 { // f does not write what fills no window
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

// halvesShares is the gradient of average pooling, by f for windows of 2×2 and by the Go loop for others.
func halvesShares(f func(dx, dy []float32, pairs, outCols, cols int)) func(dx, dy []float32, maps, rows, cols, size int) {
	grad := halvesGrad(func(dx, _, dy []float32, pairs, outCols, cols int) { f(dx, dy, pairs, outCols, cols) })
	return func(dx, dy []float32, maps, rows, cols, size int) {
		if size != 2 {
			avgPoolGrad(dx, dy, maps, rows, cols, size)
			return
		}
		grad(dx, dx, dy, maps, rows, cols, size)
	}
}

// drops is Mask by f, which compares 16 bits with drop; 65536 drops everything.
func drops(f func(y []float32, key uint64, drop uint32, kept float32)) func(y []float32, key uint64, p float64, kept float32) {
	return func(y []float32, key uint64, p float64, kept float32) { f(y, key, uint32(p*65536+0.5), kept) }
}

// pixels is Gather by f, or by the Go loop for fewer columns than width. Images may be anywhere in memory, so while one is read, one that is
// needed soon is fetched into the cache.
func pixels(f func(y []float32, x, soon []byte), width int) func(y []float32, images []byte, order []int32, from, to int) {
	const ahead = 4
	return func(y []float32, images []byte, order []int32, from, to int) {
		if to-from < width {
			gather(y, images, order, from, to)
			return
		}
		n := len(y) / len(order)
		for r, o := range order {
			soon := order[min(r+ahead, len(order)-1)]
			f(y[r*n:][from:to], images[int(o)*n:][from:to], images[int(soon)*n:][from:to])
		}
	}
}

// places is Resample by f, in which a row times cols needs factors below 2¹⁵.
func places(f func(y []float32, x []byte, cols int, right, bottom float32, u, v []float32)) func([]float32, []byte, int, int, []float32, []float32) {
	return func(y []float32, x []byte, rows, cols int, u, v []float32) {
		if rows < 2 || cols < 4 || max(rows, cols) >= 1<<15 {
			resample(y, x, rows, cols, u, v)
			return
		}
		f(y, x[:rows*cols], cols, float32(cols-4), float32(rows-2), u[:len(y)], v[:len(y)])
	}
}
