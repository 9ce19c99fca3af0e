//go:build !purego

package kernel

// Depthwise convolutions without a matrix of patches: each element of a filter sees the image, with zeros around it, from a different place, with
// the same distance between rows.

// lanes is an instruction set, given by the elements in a vector. Its functions are called by name, so that what they read can be on the stack.
type lanes int

// correlate is y[i ldy + j] = first + Σ_t k[t] x[way[t] + i ldx + j] for i < rows, j < cols. It may read slack more elements of x.
func (w lanes) correlate(y, x, k []float32, way []int, first float32, rows, cols, ldx, ldy int) {
	if w == 16 {
		correlateAVX512(y, x, k, way, first, rows, cols, ldx, ldy)
	} else {
		correlateAVX2(y, x, k, way, first, rows, cols, ldx, ldy)
	}
}

// correlateSums is dk[t] += Σ_ij dy[i ldy + j] x[way[t] + i ldx + j] for i < rows, j < cols.
func (w lanes) correlateSums(dk, dy, x []float32, way []int, rows, cols, ldx, ldy int) {
	if w == 16 {
		correlateSumsAVX512(dk, dy, x, way, rows, cols, ldx, ldy)
	} else {
		correlateSumsAVX2(dk, dy, x, way, rows, cols, ldx, ldy)
	}
}

// tapsOfFilter is the most elements of a filter; larger ones are left to the Go loop.
const tapsOfFilter = 64

// ways returns where the filter's elements see the phases.
func (p phases) ways(way *[tapsOfFilter]int) []int {
	for t := range p.g.KernelRows * p.g.KernelCols {
		way[t] = p.place(t/p.g.KernelCols, t%p.g.KernelCols)
	}
	return way[:p.g.KernelRows*p.g.KernelCols]
}

// depthwise is Set.Depthwise.
func (w lanes) depthwise(y, x, k, b []float32, g Geometry) {
	taps := g.KernelRows * g.KernelCols
	if taps > tapsOfFilter {
		depthwise(y, x, k, b, g)
		return
	}
	p, room := borrowPhases(g), [tapsOfFilter]int{}
	way, rows, cols := p.ways(&room), g.OutRows(), g.OutCols()
	for c := range g.Maps {
		p.take(x[c*g.Rows*g.Cols:][:g.Rows*g.Cols])
		first := float32(0)
		if b != nil {
			first = b[c]
		}
		w.correlate(y[c*rows*cols:][:rows*cols], *p.data, k[c*taps:][:taps], way, first, rows, cols, p.cols, cols)
	}
	Return(p.data)
}

// depthwiseK is Set.DepthwiseK.
func (w lanes) depthwiseK(dk, x, dy []float32, g Geometry) {
	taps := g.KernelRows * g.KernelCols
	if taps > tapsOfFilter {
		depthwiseK(dk, x, dy, g)
		return
	}
	p, room := borrowPhases(g), [tapsOfFilter]int{}
	way, rows, cols := p.ways(&room), g.OutRows(), g.OutCols()
	for c := range g.Maps {
		p.take(x[c*g.Rows*g.Cols:][:g.Rows*g.Cols])
		w.correlateSums(dk[c*taps:][:taps], dy[c*rows*cols:][:rows*cols], *p.data, way, rows, cols, p.cols, cols)
	}
	Return(p.data)
}

// depthwiseX is Set.DepthwiseX. Row q of a phase of dx is the sum, over the filter's rows u that see the phase, of k[u] times row q−u·dilation/stride
// of dy; the same holds for columns. So it is a correlation of dy, with zeros around it, with the rotated filter.
func (w lanes) depthwiseX(dx, dy, k []float32, g Geometry) {
	taps := g.KernelRows * g.KernelCols
	if taps > tapsOfFilter {
		depthwiseX(dx, dy, k, g)
		return
	}
	around := Geometry{
		Rows: g.OutRows(), Cols: g.OutCols(), Stride: 1,
		PadRows: ceil(g.Dilation*(g.KernelRows-1), g.Stride), PadCols: ceil(g.Dilation*(g.KernelCols-1), g.Stride),
	}
	from, size, area := borrowPhases(around), g.Rows*g.Cols, around.Rows*around.Cols
	var to phases
	if g.Stride > 1 {
		to = borrowPhases(g)
	}
	for c := range g.Maps {
		from.take(dy[c*area:][:area])
		if g.Stride == 1 {
			from.back(w, dx[c*size:][:size], g.Rows, g.Cols, k[c*taps:][:taps], g, g.PadRows*from.cols+g.PadCols, 0, 0)
			continue
		}
		for phase := range g.Stride * g.Stride {
			part := (*to.data)[phase*to.rows*to.cols:][:to.rows*to.cols]
			from.back(w, part, to.rows, to.cols, k[c*taps:][:taps], g, 0, phase/g.Stride, phase%g.Stride)
		}
		to.give(dx[c*size:][:size])
	}
	if g.Stride > 1 {
		Return(to.data)
	}
	Return(from.data)
}

// back computes phase (a,b) of the image that a filter k saw, where p holds the output; start is where its first place would be.
func (p phases) back(w lanes, y []float32, rows, cols int, k []float32, g Geometry, start, a, b int) {
	var way [tapsOfFilter]int
	var seeing [tapsOfFilter]float32
	n := 0
	for t, factor := range k {
		u, v := t/g.KernelCols*g.Dilation, t%g.KernelCols*g.Dilation
		if u%g.Stride == a && v%g.Stride == b {
			way[n], seeing[n] = start+(p.g.PadRows-u/g.Stride)*p.cols+p.g.PadCols-v/g.Stride, factor
			n++
		}
	}
	w.correlate(y, *p.data, seeing[:n], way[:n], 0, rows, cols, p.cols, cols)
}
