package op

import "github.com/stheno-ml/stheno/internal/kernel"

// frames are maps with their padding, one after the other. next moves from one block of maps to the next.
type frames struct {
	Windows
	rows, cols    int // windows in a map
	height, width int // size of a map
	tall, wide    int // size of a frame
	maps, block   int // maps in total, and in a block
	most          int // elements in any block but the last

	from, to int // the maps in this block
	size     int // elements in this block
	places   int // positions at which a window fits into this block
}

// together is how many elements a block should have, so that scratch memory for several blocks stays in the first-level cache.
const together = 1024

// framesOf returns the frames for pooling windows of x into y.
func framesOf(w Windows, y, x Shape) frames {
	f := frames{Windows: w, rows: y[2], cols: y[3], height: x[2], width: x[3], maps: y[0] * y[1]}
	f.tall = max(f.height+w.PadRows, (f.rows-1)*w.StrideRows+w.Rows)
	f.wide = max(f.width+w.PadCols, (f.cols-1)*w.StrideCols+w.Cols)
	f.block = min(f.maps, max(1, together/(f.tall*f.wide)))
	f.most = f.block * f.tall * f.wide
	return f
}

// next moves to the next block, and reports whether there is one.
func (f *frames) next() bool {
	f.from, f.to = f.to, min(f.maps, f.to+f.block)
	f.size = (f.to - f.from) * f.tall * f.wide
	f.places = f.size - (f.Rows-1)*f.wide - (f.Cols - 1)
	return f.from < f.to
}

// scratch returns part i of the borrowed memory, with the size of the block.
func scratch[T kernel.Float](f *frames, lent []T, i int) []T { return lent[i*f.most:][:f.size] }

// frame fills p with the maps of x, surrounded by pad.
func frame[T kernel.Float](f *frames, p, x []T, pad T) {
	Fill(p, pad)
	f.lines(func(at, from int) { copy(p[at:at+f.width], x[from:]) })
}

// unframe copies the maps in p back to x.
func unframe[T kernel.Float](f *frames, x, p []T) {
	f.lines(func(at, from int) { copy(x[from:from+f.width], p[at:]) })
}

// lines calls do with the places of each row of the maps, in the block and in x.
func (f *frames) lines(do func(at, from int)) {
	for m := f.from; m < f.to; m++ {
		at, from := ((m-f.from)*f.tall+f.PadRows)*f.wide+f.PadCols, m*f.height*f.width
		for range f.height {
			do(at, from)
			at, from = at+f.wide, from+f.width
		}
	}
}

// fold combines the elements of each window of in into one number, at every position: first down the columns, then across them.
func fold[T kernel.Float](f *frames, all, column, in []T, of func(y, a, b []T)) {
	n := f.places + f.Cols - 1
	moved(column[:n], in, f.wide, f.Rows, of)
	moved(all[:f.places], column, 1, f.Cols, of)
}

// moved combines each element of from with those at multiples of step behind it.
func moved[T kernel.Float](to, from []T, step, times int, of func(y, a, b []T)) {
	copy(to, from)
	for i := 1; i < times; i++ {
		of(to, to, from[i*step:])
	}
}

// gather writes all's numbers at y's windows to y, times share.
func gather[T kernel.Float](f *frames, y, all []T, share T) {
	f.strips(func(at, window int) {
		for j := range f.cols {
			y[window+j] = share * all[at+j*f.StrideCols]
		}
	})
}

// spread puts each dy, times share, where its window begins, and 0 elsewhere.
func spread[T kernel.Float](f *frames, all, dy []T, share T) {
	clear(all)
	f.strips(func(at, window int) {
		for j := range f.cols {
			all[at+j*f.StrideCols] = share * dy[window+j]
		}
	})
}

// strips calls do with the place of the first window of each row of y, in the block and in y.
func (f *frames) strips(do func(at, window int)) {
	for m := f.from; m < f.to; m++ {
		for i := range f.rows {
			do(((m-f.from)*f.tall+i*f.StrideRows)*f.wide, (m*f.rows+i)*f.cols)
		}
	}
}
