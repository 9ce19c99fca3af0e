//go:build !purego

package kernel

// phases is an image with its padding, split up for a convolution with a stride. Phase (a,b) consists of the rows r and columns c with
// r ≡ a and c ≡ b modulo the stride. The filter's element (u,v) then sees phase (u mod stride, v mod stride) with stride 1, starting at row u/stride
// and column v/stride, where u and v are multiplied by the dilation. With stride 1 the only phase is the padded image.
type phases struct {
	g          Geometry
	rows, cols int
	data       *[]float32 // (stride, stride, rows, cols)
}

// borrowPhases lends phases filled with 0. Return their data afterwards.
func borrowPhases(g Geometry) phases {
	rows, cols := ceil(g.Rows+2*g.PadRows, g.Stride), ceil(g.Cols+2*g.PadCols, g.Stride)
	data := Borrow[float32](g.Stride*g.Stride*rows*cols + slack)
	clear(*data)
	return phases{g, rows, cols, data}
}

// slack is how many more elements are borrowed than an image has, so that whole vectors can be read at its end.
const slack = 16

// seen returns what the filter's element (u,v) sees, beginning with the output's first place; rows are p.cols apart.
func (p phases) seen(u, v int) []float32 {
	return (*p.data)[p.place(u, v):]
}

// place returns where that begins.
func (p phases) place(u, v int) int {
	s := p.g.Stride
	u, v = u*p.g.Dilation, v*p.g.Dilation
	return ((u%s*s+v%s)*p.rows+u/s)*p.cols + v/s
}

// each calls f for every row of a map x and every column phase in it: the elements from, from+stride, … of the row belong at the beginning of
// to.
func (p phases) each(x []float32, f func(to, row []float32, from int)) {
	s := p.g.Stride
	for b := range s {
		from := ((b-p.g.PadCols)%s + s) % s
		a, at := p.g.PadRows%s, p.g.PadRows/s*p.cols+(from+p.g.PadCols)/s
		for r := range p.g.Rows {
			f((*p.data)[(a*s+b)*p.rows*p.cols+at:], x[r*p.g.Cols:][:p.g.Cols], from)
			if a++; a == s {
				a, at = 0, at+p.cols
			}
		}
	}
}

// take fills the phases from the map x.
func (p phases) take(x []float32) {
	if p.g.Stride == 1 {
		copyRows((*p.data)[p.g.PadRows*p.cols+p.g.PadCols:], p.cols, x, p.g.Rows, p.g.Cols)
		return
	}
	s := p.g.Stride
	if s == 2 && p.g.Cols >= 8 {
		p.halves(x, true)
		return
	}
	p.each(x, func(to, row []float32, from int) {
		for i, c := 0, from; c < len(row); i, c = i+1, c+s {
			to[i] = row[c]
		}
	})
}

// halves is take, or give if take is false, for a stride of 2 and rows of at least 8 elements.
func (p phases) halves(x []float32, take bool) {
	g, n := p.g, p.g.Cols/2
	for first := range min(2, g.Rows) {
		rows, at := ceil(g.Rows-first, 2), (first+g.PadRows)/2*p.cols
		above := (first + g.PadRows) % 2 * 2
		even := (*p.data)[(above+g.PadCols%2)*p.rows*p.cols+at+g.PadCols/2:]
		odd := (*p.data)[(above+(g.PadCols+1)%2)*p.rows*p.cols+at+(g.PadCols+1)/2:]
		image := x[first*g.Cols:]
		_, _, _ = even[(rows-1)*p.cols+n-1], odd[(rows-1)*p.cols+n-1], image[(rows-1)*2*g.Cols+2*n-1]
		switch {
		case take && n >= 8:
			splitPairs8(even, odd, image, rows, n, 2*g.Cols, p.cols)
		case take:
			splitPairs4(even, odd, image, rows, n, 2*g.Cols, p.cols)
		case n >= 8:
			joinPairs8(image, even, odd, rows, n, 2*g.Cols, p.cols)
		default:
			joinPairs4(image, even, odd, rows, n, 2*g.Cols, p.cols)
		}
		for i := 0; g.Cols%2 > 0 && i < rows; i++ { // the last column has no partner
			a, b := &even[i*p.cols+n], &image[i*2*g.Cols+2*n]
			if take {
				*a = *b
			} else {
				*b = *a
			}
		}
	}
}

// copyRows copies rows of cols elements to y, where they are ldy apart.
func copyRows(y []float32, ldy int, x []float32, rows, cols int) {
	_, _ = y[(rows-1)*ldy+cols-1], x[rows*cols-1]
	switch {
	case cols >= 8:
		copyPatches8(y, x, 1, 1, cols, rows, cols, ldy)
	case cols >= 4:
		copyPatches4(y, x, 1, 1, cols, rows, cols, ldy)
	default:
		for r := range rows {
			copy(y[r*ldy:][:cols], x[r*cols:])
		}
	}
}

// give fills the map x from the phases.
func (p phases) give(x []float32) {
	s := p.g.Stride
	if s == 2 && p.g.Cols >= 8 {
		p.halves(x, false)
		return
	}
	p.each(x, func(to, row []float32, from int) {
		for i, c := 0, from; c < len(row); i, c = i+1, c+s {
			row[c] = to[i]
		}
	})
}

// patches is Im2col. With stride and dilation 1, one call copies all patches of a map.
func patches(y, x []float32, g Geometry) {
	outRows, outCols := g.OutRows(), g.OutCols()
	size, plane := g.Rows*g.Cols, outRows*outCols
	n := g.KernelRows * g.KernelCols * plane
	if g.Stride == 1 && g.PadRows == 0 && g.PadCols == 0 && g.Dilation == 1 {
		for c := range g.Maps {
			copyAll(y[c*n:][:n], x[c*size:][:size], g.Cols, g.KernelRows, g.KernelCols, outRows, outCols)
		}
		return
	}
	p := borrowPhases(g)
	defer Return(p.data)
	for c := range g.Maps {
		p.take(x[c*size:][:size])
		if g.Stride == 1 && g.Dilation == 1 {
			copyAll(y[c*n:][:n], *p.data, p.cols, g.KernelRows, g.KernelCols, outRows, outCols)
			continue
		}
		for u := range g.KernelRows {
			for v := range g.KernelCols {
				copyAll(y[c*n+(u*g.KernelCols+v)*plane:][:plane], p.seen(u, v), p.cols, 1, 1, outRows, outCols)
			}
		}
	}
}

// copyAll copies what each element of a filter of rows × kernelCols sees of x with stride 1. Rows of x are cols apart.
func copyAll(y, x []float32, cols, kernelRows, kernelCols, outRows, outCols int) {
	_ = x[(kernelRows+outRows-2)*cols+kernelCols+outCols-2]
	switch {
	case outCols >= 8:
		copyPatches8(y, x, kernelRows, kernelCols, cols, outRows, outCols, outCols)
	case outCols >= 4:
		copyPatches4(y, x, kernelRows, kernelCols, cols, outRows, outCols, outCols)
	default:
		for i := range kernelRows * kernelCols * outRows {
			patch, r := i/outRows, i%outRows
			copy(y[i*outCols:][:outCols], x[(patch/kernelCols+r)*cols+patch%kernelCols:])
		}
	}
}

// addPatches sums what falls on a strip of one map's columns, which is as wide as a vector.
type addPatches func(x, y []float32, window uint32, lanes, first, rows, cols, kernelRows, kernelCols, outRows, outCols, ldu, ldv, pad int)

// patchSums is Col2im by f, in strips of width columns. It leaves dilated filters to the Go loop, and filters that are too wide: a window's 32 bits
// must cover a strip's columns and the filter's columns before it.
func patchSums(f addPatches, width int) func(x, y []float32, g Geometry) {
	return func(x, y []float32, g Geometry) {
		if g.Dilation > 1 || width+ceil(g.KernelCols, g.Stride)-1 > 32 {
			col2im(x, y, g)
			return
		}
		size, n := g.Rows*g.Cols, g.Patch()/g.Maps*g.OutRows()*g.OutCols()
		if g.Stride == 1 {
			for c := range g.Maps {
				f.sum(width, x[c*size:][:size], y[c*n:][:n], g, g)
			}
			return
		}
		p := borrowPhases(g)
		defer Return(p.data)
		for c := range g.Maps {
			p.sum(f, width, y[c*n:][:n])
			p.give(x[c*size:][:size])
		}
	}
}

// sum sets the phases to the sums of those elements in y's planes, a map's patches, that fall on them.
func (p phases) sum(f addPatches, width int, y []float32) {
	s, plane := p.g.Stride, p.g.OutRows()*p.g.OutCols()
	for a := range min(s, p.g.KernelRows) {
		for b := range min(s, p.g.KernelCols) {
			phase := Geometry{
				Rows: p.rows, Cols: p.cols, Stride: 1, Dilation: 1,
				KernelRows: ceil(p.g.KernelRows-a, s), KernelCols: ceil(p.g.KernelCols-b, s),
			}
			f.sum(width, p.seen(a, b)[:p.rows*p.cols], y[(a*p.g.KernelCols+b)*plane:], phase, p.g)
		}
	}
}

// sum is f for all strips of a map x with geometry g, which is a phase of whole.
func (f addPatches) sum(width int, x, y []float32, g, whole Geometry) {
	outRows, outCols := whole.OutRows(), whole.OutCols()
	ldv := whole.Stride * outRows * outCols
	_ = y[((g.KernelRows-1)*whole.KernelCols+g.KernelCols-1)*ldv+outRows*outCols-1]
	for s := 0; s < g.Cols; s += width {
		lanes, first := min(width, g.Cols-s), s+g.PadCols
		f(x[s:], y, window(-first, outCols-first, width), lanes, first, g.Rows, g.Cols,
			g.KernelRows, g.KernelCols, outRows, outCols, ldv*whole.KernelCols, ldv, g.PadRows)
	}
}

// window sets bit 32−width+i where from ≤ i < to.
func window(from, to, width int) uint32 {
	first, end := max(0, from+32-width), min(32, to+32-width)
	if first >= end {
		return 0
	}
	return uint32(1<<end - 1<<first)
}
