package kernel

func maxPool[T Float](y, x []T, maps, rows, cols, size int) {
	outRows, outCols := rows/size, cols/size
	for c := range maps {
		for i := range outRows {
			for j := range outCols {
				top := x[(c*rows+i*size)*cols+j*size]
				for u := range size {
					for _, v := range x[(c*rows+i*size+u)*cols+j*size:][:size] {
						top = max(top, v)
					}
				}
				y[(c*outRows+i)*outCols+j] = top
			}
		}
	}
}

func maxPoolGrad[T Float](dx, x, dy []T, maps, rows, cols, size int) {
	clear(dx)
	outRows, outCols := rows/size, cols/size
	for c := range maps {
		for i := range outRows {
			for j := range outCols {
				at := (c*rows+i*size)*cols + j*size
				for u := range size {
					for v := range size {
						if k := (c*rows+i*size+u)*cols + j*size + v; x[k] > x[at] {
							at = k
						}
					}
				}
				dx[at] = dy[(c*outRows+i)*outCols+j]
			}
		}
	}
}

func avgPool[T Float](y, x []T, maps, rows, cols, size int) {
	outRows, outCols := rows/size, cols/size
	for c := range maps {
		for i := range outRows {
			for j := range outCols {
				var sum T
				for u := range size {
					for _, v := range x[(c*rows+i*size+u)*cols+j*size:][:size] {
						sum += v
					}
				}
				y[(c*outRows+i)*outCols+j] = sum / T(size*size)
			}
		}
	}
}

func avgPoolGrad[T Float](dx, dy []T, maps, rows, cols, size int) {
	clear(dx)
	outRows, outCols := rows/size, cols/size
	for c := range maps {
		for i := range outRows * size {
			for j := range outCols * size {
				dx[(c*rows+i)*cols+j] = dy[(c*outRows+i/size)*outCols+j/size] / T(size*size)
			}
		}
	}
}

func im2col[T Float](y, x []T, g Geometry) {
	outRows, outCols := g.OutRows(), g.OutCols()
	for c := range g.Maps {
		for u := range g.KernelRows {
			for v := range g.KernelCols {
				for i := range outRows {
					for j := range outCols {
						y[j] = 0
						if r, s := i*g.Stride+u-g.Pad, j*g.Stride+v-g.Pad; g.inside(r, s) {
							y[j] = x[(c*g.Rows+r)*g.Cols+s]
						}
					}
					y = y[outCols:]
				}
			}
		}
	}
}

func col2im[T Float](x, y []T, g Geometry) {
	clear(x)
	outRows, outCols := g.OutRows(), g.OutCols()
	for c := range g.Maps {
		for u := range g.KernelRows {
			for v := range g.KernelCols {
				for i := range outRows {
					for j := range outCols {
						r, s := i*g.Stride+u-g.Pad, j*g.Stride+v-g.Pad
						if g.inside(r, s) {
							x[(c*g.Rows+r)*g.Cols+s] += y[j]
						}
					}
					y = y[outCols:]
				}
			}
		}
	}
}

func (g Geometry) inside(r, s int) bool { return 0 <= r && r < g.Rows && 0 <= s && s < g.Cols }

// Bits is the i-th block of 64 random bits under key: a counter hashed (the finaliser of SplitMix64, twice with the key
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
