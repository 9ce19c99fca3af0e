package mnist

import (
	"cmp"
	"errors"
	"math"
	"slices"
)

// The frame of MNIST's makers: the ink fits a box of 20×20 pixels, and its center of mass is at pixel (14, 14) of 28×28, counted from 0.
const (
	frameSide = 28
	inkSide   = 20
)

var errNoInk = errors.New("no ink in the picture; draw a digit that stands out from its background")

var errPattern = errors.New("more than 1000 pieces of ink in the picture; cut out the part to be read")

// Largest returns the highest digit of a list, which must not be empty.
func Largest(list []Digit) Digit {
	return slices.MaxFunc(list, func(a, b Digit) int { return cmp.Compare(a.Box.Dy(), b.Box.Dy()) })
}

// place puts a grid of at most 20×20 into a frame, as bytes. It stretches the contrast last, because averaging makes thin strokes pale: the
// lightest tenth of the ink becomes 255, as in MNIST.
func (g grid) place() []byte {
	ink := slices.DeleteFunc(slices.Clone(g.v), func(v float64) bool { return v == 0 })
	full := quantile(ink, 0.9)
	left, top := g.corner()
	out := make([]byte, frameSide*frameSide)
	for i, v := range g.v {
		out[(top+i/g.w)*frameSide+left+i%g.w] = byte(min(255, 255*v/full+0.5))
	}
	return out
}

// corner returns where the grid's first pixel goes in the frame: the center of mass is at the center of the frame, or as near as the grid's size
// allows.
func (g grid) corner() (left, top int) {
	mass, x, y := 0.0, 0.0, 0.0
	for i, v := range g.v {
		mass += v
		x += v * float64(i%g.w)
		y += v * float64(i/g.w)
	}
	place := func(center float64, size int) int {
		return min(max(0, int(math.Round(frameSide/2-center))), frameSide-size)
	}
	return place(x/mass, g.w), place(y/mass, g.h)
}
