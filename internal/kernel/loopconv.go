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

// windows are the indices of each window's first element in x (maps, rows, cols), and of the window in y.
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
	clear(y[:g.Patch()*g.OutRows()*g.OutCols()])
	for row, at := range seen(y, g) {
		if g.Stride == 1 {
			copy(row, x[at:])
			continue
		}
		for j := range row {
			row[j] = x[at+j*g.Stride]
		}
	}
}

func col2im[T Float](x, y []T, g Geometry) {
	clear(x)
	for row, at := range seen(y, g) {
		if g.Stride == 1 {
			sum := x[at : at+len(row)]
			add(sum, sum, row)
			continue
		}
		for j, v := range row {
			x[at+j*g.Stride] += v
		}
	}
}

// seen are the rows of Im2col's y as far as they lie in the image, and the index in x of what each one's first element sees; the others
// see elements a stride apart.
func seen[T Float](y []T, g Geometry) iter.Seq2[[]T, int] {
	return func(yield func(row []T, at int) bool) {
		outRows, outCols := g.OutRows(), g.OutCols()
		for patch := range g.Patch() {
			c, u, v := patch/g.KernelCols/g.KernelRows, patch/g.KernelCols%g.KernelRows, patch%g.KernelCols
			s := v*g.Dilation - g.PadCols // the column that a row's first element sees, perhaps outside of the image
			from, to := max(0, ceil(-s, g.Stride)), min(outCols, ceil(g.Cols-s, g.Stride))
			for i := range outRows {
				row, r := y[(patch*outRows+i)*outCols:][:outCols], i*g.Stride+u*g.Dilation-g.PadRows
				if 0 <= r && r < g.Rows && from < to && !yield(row[from:to], (c*g.Rows+r)*g.Cols+s+from*g.Stride) {
					return
				}
			}
		}
	}
}

// ceil is n/d, rounded up, for n ≥ 0; below, it is 0 or less.
func ceil(n, d int) int { return (n + d - 1) / d }

// Bits is the i-th block of 64 random bits under key: a counter hashed (the finalizer of SplitMix64, twice with the key
// between), so that any block can be made by itself, in any order.
func Bits(key, i uint64) uint64 { return mix(mix(i*0x9e3779b97f4a7c15) ^ key) }

func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// mask draws 16 bits an element: four elements to a block.
func mask[T Float](y []T, key uint64, p float64, kept T) {
	drop := uint32(p*65536 + 0.5) // 65536 for p so close to 1 that nothing is kept
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
