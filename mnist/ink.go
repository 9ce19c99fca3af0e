package mnist

import "image"

// cut returns the smallest part of g that holds the given ink, with everything else in it 0. It also keeps gray edges, because MNIST has them, too:
// what is within one pixel of the final frame and above the noise of the background. Foreign pixels never count as ink.
func (g grid) cut(ink, foreign mask, noise float64) (grid, image.Rectangle) {
	size := ink.bounds(g.w).Size()
	near := ink.grow(g.w, (max(size.X, size.Y)+inkSide-1)/inkSide)
	for i, v := range g.v {
		near[i] = near[i] && v > noise && !foreign[i]
	}
	b := near.bounds(g.w)
	cut := newGrid(b.Dx(), b.Dy())
	for y := range cut.h {
		for x := range cut.w {
			if i := (b.Min.Y+y)*g.w + b.Min.X + x; near[i] {
				cut.v[y*cut.w+x] = g.v[i]
			}
		}
	}
	return cut, b
}

// mask selects pixels, row by row. Its methods take the length w of a row.
type mask []bool

// bounds returns the smallest rectangle around the selected pixels.
func (m mask) bounds(w int) image.Rectangle {
	var b image.Rectangle
	for i, ok := range m {
		if ok {
			b = b.Union(image.Rect(i%w, i/w, i%w+1, i/w+1))
		}
	}
	return b
}

// grow also selects the pixels within r rows and r columns of a selected one.
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

// piece is a connected piece of ink.
type piece struct {
	number int
	box    image.Rectangle
	size   int     // pixels
	peak   float64 // its strongest ink
}

// tall returns the longer side of a piece.
func (p piece) tall() int { return max(p.box.Dx(), p.box.Dy()) }

// pieces numbers the connected pieces of ink from 1. Pixels that touch at a corner are connected. numbers has the piece of each pixel.
func (g grid) pieces(ink mask) (numbers []int, list []piece) {
	numbers = make([]int, len(ink))
	var stack []int
	for i, ok := range ink {
		if !ok || numbers[i] > 0 {
			continue
		}
		p := piece{number: len(list) + 1}
		numbers[i] = p.number
		for stack = append(stack, i); len(stack) > 0; {
			at := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			p.size++
			p.peak = max(p.peak, g.v[at])
			x, y := at%g.w, at/g.w
			p.box = p.box.Union(image.Rect(x, y, x+1, y+1))
			for y := max(0, y-1); y <= min(g.h-1, at/g.w+1); y++ {
				for x := max(0, x-1); x <= min(g.w-1, at%g.w+1); x++ {
					if j := y*g.w + x; ink[j] && numbers[j] == 0 {
						numbers[j] = p.number
						stack = append(stack, j)
					}
				}
			}
		}
		list = append(list, p)
	}
	return numbers, list
}
