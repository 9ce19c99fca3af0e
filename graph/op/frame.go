package op

import "github.com/stheno-ml/stheno/internal/kernel"

// frames are maps with what is assumed around them, one after the other; next goes from one block of maps to the next.
type frames struct {
	Windows
	rows, cols    int // windows of a map
	height, width int // of a map
	tall, wide    int // of a frame
	maps, block   int // in all, and together
	most          int // elements of a block, unless it is the last

	from, to int // the maps of this block
	size     int // its elements
	places   int // where a window begins that ends in the block
}

// together is how many elements a block should have: scratch for several of them stays in the first cache.
const together = 1024

// framesOf are those of the windows of x that y is of.
func framesOf(w Windows, y, x Shape) frames {
	f := frames{Windows: w, rows: y[2], cols: y[3], height: x[2], width: x[3], maps: y[0] * y[1]}
	f.tall = max(f.height+w.PadRows, (f.rows-1)*w.StrideRows+w.Rows)
	f.wide = max(f.width+w.PadCols, (f.cols-1)*w.StrideCols+w.Cols)
	f.block = min(f.maps, max(1, together/(f.tall*f.wide)))
	f.most = f.block * f.tall * f.wide
	return f
}

// next goes to the next block, and says whether there is one.
func (f *frames) next() bool {
	f.from, f.to = f.to, min(f.maps, f.to+f.block)
	f.size = (f.to - f.from) * f.tall * f.wide
	f.places = f.size - (f.Rows-1)*f.wide - (f.Cols - 1)
	return f.from < f.to
}

// scratch is the i-th part of what is lent, for a block.
func scratch[T kernel.Float](f *frames, lent []T, i int) []T { return lent[i*f.most:][:f.size] }

// frame fills p with the maps of x, and pad around them.
func frame[T kernel.Float](f *frames, p, x []T, pad T) {
	Fill(p, pad)
	f.lines(func(at, from int) { copy(p[at:at+f.width], x[from:]) })
}

// unframe writes the maps of p to x.
func unframe[T kernel.Float](f *frames, x, p []T) {
	f.lines(func(at, from int) { copy(x[from:from+f.width], p[at:]) })
}

// lines are the places of the maps' rows in the block and in x.
func (f *frames) lines(do func(at, from int)) {
	for m := f.from; m < f.to; m++ {
		at, from := ((m-f.from)*f.tall+f.PadRows)*f.wide+f.PadCols, m*f.height*f.width
		for range f.height {
			do(at, from)
			at, from = at+f.wide, from+f.width
		}
	}
}

// fold makes one number of the elements of each window of in, at every place: of a column's first, then of the columns.
func fold[T kernel.Float](f *frames, all, column, in []T, of func(y, a, b []T)) {
	n := f.places + f.Cols - 1
	moved(column[:n], in, f.wide, f.Rows, of)
	moved(all[:f.places], column, 1, f.Cols, of)
}

// moved makes one number of each of from and those that come so many steps behind it.
func moved[T kernel.Float](to, from []T, step, times int, of func(y, a, b []T)) {
	copy(to, from)
	for i := 1; i < times; i++ {
		of(to, to, from[i*step:])
	}
}

// gather writes to y what all has for its windows, times share.
func gather[T kernel.Float](f *frames, y, all []T, share T) {
	f.strips(func(at, window int) {
		for j := range f.cols {
			y[window+j] = share * all[at+j*f.StrideCols]
		}
	})
}

// spread puts each dy, times share, to where its window begins, and 0 elsewhere.
func spread[T kernel.Float](f *frames, all, dy []T, share T) {
	clear(all)
	f.strips(func(at, window int) {
		for j := range f.cols {
			all[at+j*f.StrideCols] = share * dy[window+j]
		}
	})
}

// strips are the places of the first windows of the rows of y, in the block and in y.
func (f *frames) strips(do func(at, window int)) {
	for m := f.from; m < f.to; m++ {
		for i := range f.rows {
			do(((m-f.from)*f.tall+i*f.StrideRows)*f.wide, (m*f.rows+i)*f.cols)
		}
	}
}
