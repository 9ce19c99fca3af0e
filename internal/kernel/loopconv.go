package kernel

import "iter"

func maxPool[T Float](y, x []T, maps, rows, cols, size int) {
	for at, i := range windows(maps, rows, cols, size) {
		top := x[at]
		for u := range size {
			for _, v := range x[at+u*cols:][:size] {
				top = max(top, v)
			}
		}
		y[i] = top
	}
}

func maxPoolGrad[T Float](dx, x, dy []T, maps, rows, cols, size int) {
	clear(dx)
	for at, i := range windows(maps, rows, cols, size) {
		top := at
		for u := range size {
			for k := at + u*cols; k < at+u*cols+size; k++ {
				if x[k] > x[top] {
					top = k
				}
			}
		}
		dx[top] = dy[i]
	}
}

func avgPool[T Float](y, x []T, maps, rows, cols, size int) {
	for at, i := range windows(maps, rows, cols, size) {
		var sum T
		for u := range size {
			for _, v := range x[at+u*cols:][:size] {
				sum += v
			}
		}
		y[i] = sum / T(size*size)
	}
}

func avgPoolGrad[T Float](dx, dy []T, maps, rows, cols, size int) {
	clear(dx)
	for at, i := range windows(maps, rows, cols, size) {
		for u := range size {
			for v := range size {
				dx[at+u*cols+v] = dy[i] / T(size*size)
			}
		}
	}
}

func claim[T Float](dx, dy, x, top []T) {
	dy, x, top = dy[:len(dx)], x[:len(dx)], top[:len(dx)]
	for i := range dx {
		if x[i] == top[i] {
			dx[i] += dy[i]
			dy[i] = 0
		}
	}
}

// windows yields the index of each window's first element in x (maps, rows, cols), and the window's index in y.
func windows(maps, rows, cols, size int) iter.Seq2[int, int] {
	return func(yield func(at, i int) bool) {
		i := 0
		for c := range maps {
			for r := range rows / size {
				for at := range cols / size {
					if !yield((c*rows+r*size)*cols+at*size, i) {
						return
					}
					i++
				}
			}
		}
	}
}

func im2col[T Float](y, x []T, g Geometry) {
	outRows, outCols := g.OutRows(), g.OutCols()
	clear(y[:g.Patch()*outRows*outCols])
	for r := range g.runs() {
		row := y[(r.patch*outRows+r.row)*outCols:][r.from:r.to]
		if g.Stride == 1 {
			copy(row, x[r.at:])
			continue
		}
		for j := range row {
			row[j] = x[r.at+j*g.Stride]
		}
	}
}

func col2im[T Float](x, y []T, g Geometry) {
	outRows, outCols := g.OutRows(), g.OutCols()
	clear(x)
	for r := range g.runs() {
		row := y[(r.patch*outRows+r.row)*outCols:][r.from:r.to]
		if g.Stride == 1 {
			sum := x[r.at : r.at+len(row)]
			add(sum, sum, row)
			continue
		}
		for j, v := range row {
			x[r.at+j*g.Stride] += v
		}
	}
}

func depthwise[T Float](y, x, k, b []T, g Geometry) {
	outRows, outCols, taps := g.OutRows(), g.OutCols(), g.KernelRows*g.KernelCols
	clear(y)
	for c, bias := range b {
		for i := range outRows * outCols {
			y[c*outRows*outCols+i] = bias
		}
	}
	for r := range g.runs() {
		row := y[(r.patch/taps*outRows+r.row)*outCols:][r.from:r.to]
		for j := range row {
			row[j] += k[r.patch] * x[r.at+j*g.Stride]
		}
	}
}

func depthwiseX[T Float](dx, dy, k []T, g Geometry) {
	outRows, outCols, taps := g.OutRows(), g.OutCols(), g.KernelRows*g.KernelCols
	clear(dx)
	for r := range g.runs() {
		for j, d := range dy[(r.patch/taps*outRows+r.row)*outCols:][r.from:r.to] {
			dx[r.at+j*g.Stride] += k[r.patch] * d
		}
	}
}

func depthwiseK[T Float](dk, x, dy []T, g Geometry) {
	outRows, outCols, taps := g.OutRows(), g.OutCols(), g.KernelRows*g.KernelCols
	for r := range g.runs() {
		for j, d := range dy[(r.patch/taps*outRows+r.row)*outCols:][r.from:r.to] {
			dk[r.patch] += d * x[r.at+j*g.Stride]
		}
	}
}

// run says which elements of the image an element of a filter, or of a patch, sees along one row of the output: the columns from ≤ j < to see
// elements of the image that are a stride apart, beginning with the one at at.
type run struct{ patch, row, from, to, at int }

// runs yields the runs that are not empty.
func (g Geometry) runs() iter.Seq[run] {
	return func(yield func(run) bool) {
		outRows, outCols := g.OutRows(), g.OutCols()
		for patch := range g.Patch() {
			c, u, v := patch/g.KernelCols/g.KernelRows, patch/g.KernelCols%g.KernelRows, patch%g.KernelCols
			s := v*g.Dilation - g.PadCols // the column that a row's first element sees, which may be outside of the image
			from, to := max(0, ceil(-s, g.Stride)), min(outCols, ceil(g.Cols-s, g.Stride))
			for i := range outRows {
				r := i*g.Stride + u*g.Dilation - g.PadRows
				if 0 <= r && r < g.Rows && from < to && !yield(run{patch, i, from, to, (c*g.Rows+r)*g.Cols + s + from*g.Stride}) {
					return
				}
			}
		}
	}
}

// ceil returns n/d, rounded up, for n ≥ 0. For n < 0 it returns 0 or less.
func ceil(n, d int) int { return (n + d - 1) / d }

// Bits returns block i of 64 random bits under key. It hashes a counter (with the finalizer of SplitMix64, twice, and the key in between), so that
// any block can be computed by itself, in any order.
func Bits(key, i uint64) uint64 { return mix(mix(i*0x9e3779b97f4a7c15) ^ key) }

func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// mask uses 16 bits for each element: a block serves four elements.
func mask[T Float](y []T, key uint64, p float64, kept T) {
	drop := uint32(p*65536 + 0.5) // 65536 if p is so close to 1 that nothing is kept
	for i := range y {
		y[i] = 0
		if uint32(uint16(Bits(key, uint64(i/4))>>(16*(i%4)))) >= drop {
			y[i] = kept
		}
	}
}

func gather[T Float](y []T, images []byte, order []int32, from, to int) {
	n := len(y) / len(order)
	for r, o := range order {
		row := y[r*n:][from:to]
		for j, b := range images[int(o)*n:][from:to] {
			row[j] = T(b) / 256
		}
	}
}
