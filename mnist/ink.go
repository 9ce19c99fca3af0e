package mnist

import (
	"image"
	"math"
	"slices"
)

// cutInk returns the smallest part of g that holds all ink, everything else in it 0. Ink is what reaches the threshold,
// without specks; and of what is as near to it as one pixel of the final frame, all that is above the noise of the
// background: the gray edges, because MNIST has them too.
func (g grid) cutInk(threshold float64) grid {
	ink := make(mask, len(g.v))
	for i, v := range g.v {
		ink[i] = v >= threshold
	}
	ink.dropSpecks(g.w)
	size := ink.bounds(g.w).Size()
	near := ink.grow(g.w, (max(size.X, size.Y)+inkSide-1)/inkSide)
	noise := g.noise(near, threshold)
	for i, v := range g.v {
		near[i] = near[i] && v > noise
		if !near[i] {
			g.v[i] = 0
		}
	}
	b := near.bounds(g.w)
	cut := newGrid(b.Dx(), b.Dy())
	for y := range cut.h {
		copy(cut.v[y*cut.w:(y+1)*cut.w], g.v[(b.Min.Y+y)*g.w+b.Min.X:])
	}
	return cut
}

// noise is the value up to which pixels are background: one gray level more than the mean of those far from ink, plus
// three standard deviations, but at most half the threshold of ink.
func (g grid) noise(ink mask, threshold float64) float64 {
	sum, squares, n := 0.0, 0.0, 0.0
	for i, v := range g.v {
		if !ink[i] && v < threshold {
			sum += v
			squares += v * v
			n++
		}
	}
	if n == 0 {
		return 0
	}
	mean := sum / n
	return min(threshold/2, 1+mean+3*math.Sqrt(max(0, squares/n-mean*mean)))
}

// mask is a choice of pixels, row after row. Its methods take the length w of a row.
type mask []bool

// bounds is the smallest rectangle around the chosen pixels.
func (m mask) bounds(w int) image.Rectangle {
	var b image.Rectangle
	for i, ok := range m {
		if ok {
			b = b.Union(image.Rect(i%w, i/w, i%w+1, i/w+1))
		}
	}
	return b
}

// grow chooses in addition the pixels that are at most r rows and r columns from a chosen one.
func (m mask) grow(w, r int) mask {
	wide, out := make(mask, len(m)), make(mask, len(m))
	for i, ok := range m {
		for x := max(0, i%w-r); ok && x <= min(w-1, i%w+r); x++ {
			wide[i-i%w+x] = true
		}
	}
	for i, ok := range wide {
		for y := max(0, i/w-r); ok && y <= min(len(m)/w-1, i/w+r); y++ {
			out[y*w+i%w] = true
		}
	}
	return out
}

// dropSpecks removes the connected pieces that are smaller than a fiftieth of the largest.
func (m mask) dropSpecks(w int) {
	piece, sizes := make([]int, len(m)), []int{0} // the number of each pixel's piece, from 1, and the pieces' sizes
	for i, ok := range m {
		if ok && piece[i] == 0 {
			sizes = append(sizes, m.fill(piece, i, len(sizes), w))
		}
	}
	largest := slices.Max(sizes)
	for i := range m {
		m[i] = m[i] && 50*sizes[piece[i]] >= largest
	}
}

// fill numbers the piece that contains pixel i, neighbors by a corner included, and returns its size.
func (m mask) fill(piece []int, i, number, w int) (size int) {
	piece[i] = number
	for stack := []int{i}; len(stack) > 0; size++ {
		last := len(stack) - 1
		i, stack = stack[last], stack[:last]
		for y := max(0, i/w-1); y <= min(len(m)/w-1, i/w+1); y++ {
			for x := max(0, i%w-1); x <= min(w-1, i%w+1); x++ {
				if j := y*w + x; m[j] && piece[j] == 0 {
					piece[j] = number
					stack = append(stack, j)
				}
			}
		}
	}
	return size
}
