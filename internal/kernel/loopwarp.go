package kernel

// resample is exact, because its sums are whole numbers below 2²⁴.
func resample[T Float](y []T, x []byte, rows, cols int, u, v []T) {
	x = x[:rows*cols]
	for i := range y {
		s, t := place(u[i], cols-4), place(v[i], rows-2)
		at := t>>8*cols + s>>8
		top := between(x[at], x[at+1], s&255)
		bottom := between(x[at+cols], x[at+cols+1], s&255)
		y[i] = T(256*top+(bottom-top)*(t&255)) / (1 << 24)
	}
}

// place returns u, limited to 0 and most, in units of 1/256. NaN becomes 0.
func place[T Float](u T, most int) int {
	if !(u > 0) {
		return 0
	}
	return int(min(u, T(most))*256 + .5)
}

// between returns 256 times the value that is part/256 of the way from a to b.
func between(a, b byte, part int) int { return int(a)<<8 + (int(b)-int(a))*part }
