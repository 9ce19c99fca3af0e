package mnist

import (
	"math"
	"slices"
)

// grid is a gray picture in floating point, row by row.
type grid struct {
	v    []float64
	w, h int
}

func newGrid(w, h int) grid { return grid{make([]float64, w*h), w, h} }

func (g grid) at(x, y int) float64 { return g.v[y*g.w+x] }

// border calls f for the outermost pixels, and twice for those in the corners.
func (g grid) border(f func(x, y int)) {
	for x := range g.w {
		f(x, 0)
		f(x, g.h-1)
	}
	for y := range g.h {
		f(0, y)
		f(g.w-1, y)
	}
}

// resample scales a picture of w×h pixels by the same factor in both directions, up or down. A new pixel is the average of the old ones that it
// covers, weighted by area. Beyond the edge there is 0.
func resample(at func(x, y int) float64, w, h int, factor float64) grid {
	out := newGrid(scaled(w, factor), scaled(h, factor))
	for j := range out.h {
		top, bottom := float64(j)/factor, float64(j+1)/factor
		for i := range out.w {
			left, right := float64(i)/factor, float64(i+1)/factor
			sum := 0.0
			for y := int(top); y < h && float64(y) < bottom; y++ {
				high := min(bottom, float64(y+1)) - max(top, float64(y))
				for x := int(left); x < w && float64(x) < right; x++ {
					wide := min(right, float64(x+1)) - max(left, float64(x))
					sum += high * wide * at(x, y)
				}
			}
			out.v[j*out.w+i] = sum * factor * factor
		}
	}
	return out
}

// scaled returns how many new pixels n old ones need. An excess of less than a thousandth over a whole number is rounding.
func scaled(n int, factor float64) int {
	return max(1, int(math.Ceil(float64(n)*factor-1e-3)))
}

// quantile returns the value that the given fraction of v does not exceed. It sorts v, which must not be empty.
func quantile(v []float64, share float64) float64 {
	slices.Sort(v)
	return v[int(share*float64(len(v)-1)+0.5)]
}
