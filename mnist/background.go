package mnist

import (
	"image"
	"image/draw"
	"math"
	"slices"
)

// workSide bounds the sides of the picture in which ink is looked for. Larger ones are made smaller first.
const workSide = 512

// lightness makes a picture gray, 0 for black to 255 for white.
func lightness(img image.Image) grid {
	b := img.Bounds()
	rgba := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(rgba, rgba.Bounds(), img, b.Min, draw.Src)
	// A new pixel covers size×size old ones, so that edges stay as sharp as they can. What is left at the right and at
	// the bottom is cut off.
	size := (max(b.Dx(), b.Dy()) + workSide - 1) / workSide
	w, h := max(b.Dx()/size*size, min(b.Dx(), size)), max(b.Dy()/size*size, min(b.Dy(), size))
	factor := 1 / float64(size)
	gray := resample(func(x, y int) float64 {
		p := rgba.Pix[y*rgba.Stride+4*x:]
		return 0.299*float64(p[0]) + 0.587*float64(p[1]) + 0.114*float64(p[2]) // the weights of ITU-R BT.601
	}, w, h, factor)
	opaque := resample(func(x, y int) float64 {
		return float64(rgba.Pix[y*rgba.Stride+4*x+3]) / 255
	}, w, h, factor)
	behind := paper(gray, opaque)
	for i := range gray.v {
		gray.v[i] += (1 - opaque.v[i]) * behind
	}
	return gray
}

// paper is the lightness to put behind transparent pixels. Where the border is mostly opaque, it is the border's.
// Otherwise the picture is ink on nothing, and dark ink gets white paper, light ink black.
func paper(gray, opaque grid) float64 {
	sum, cover, n := 0.0, 0.0, 0.0
	gray.border(func(x, y int) {
		sum += gray.at(x, y)
		cover += opaque.at(x, y)
		n++
	})
	if cover > n/2 {
		return sum / cover
	}
	sum, cover = 0, 0
	for i := range gray.v {
		sum += gray.v[i]
		cover += opaque.v[i]
	}
	if sum < 127.5*cover {
		return 255
	}
	return 0
}

// subtractBackground makes the background 0. It knows the background by the outermost pixels, of which less than half
// should be ink.
func (g grid) subtractBackground() {
	var ring []int
	g.border(func(x, y int) { ring = append(ring, y*g.w+x) })
	background := g.background(ring)
	for i := range g.v {
		g.v[i] -= background.at(g, i)
	}
}

// background is the median of the pixels in ring where half of them are within two gray levels of it, as in drawings.
// Otherwise light falls unevenly, and it is the surface whose distances from these pixels have nearly the smallest sum.
// (With squares, as in plain least squares, ink that touches the border would bend it.) To that end a least squares
// fit is repeated with the weight of each pixel 1 over its last distance.
func (g grid) background(ring []int) surface {
	weights, values := slices.Repeat([]float64{1}, len(ring)), make([]float64, len(ring))
	for k, i := range ring {
		values[k] = g.v[i]
	}
	flat := quantile(values, 0.5)
	for k := range values {
		values[k] = math.Abs(values[k] - flat)
	}
	if quantile(values, 0.5) <= 2 {
		return surface{flat}
	}
	var fit surface
	for range 5 {
		fit = fitSurface(g, ring, weights)
		for k, i := range ring {
			weights[k] = 1 / max(1, math.Abs(g.v[i]-fit.at(g, i)))
		}
	}
	return fit
}

// turnLight makes ink positive and everything else 0 or little, and returns how light ink is. Ink is what differs most
// from the background: the darkest thousandth of the pixels or the lightest. A larger share would miss a small digit on
// a large sheet, a smaller one would find dust.
func (g grid) turnLight() float64 {
	sorted := slices.Clone(g.v)
	light, dark := quantile(sorted, 0.999), -quantile(sorted, 0.001)
	sign := 1.0
	if dark > light {
		sign = -1
	}
	for i, v := range g.v {
		g.v[i] = max(0, sign*v)
	}
	return max(light, dark)
}

// surface is a quadratic polynomial of the two coordinates of a pixel: the factors of its six terms.
type surface [6]float64

// at is the surface's height at pixel i of g.
func (s surface) at(g grid, i int) float64 {
	sum := 0.0
	for k, t := range g.terms(i) {
		sum += s[k] * t
	}
	return sum
}

// terms are those of a surface at pixel i, in coordinates between -1 and 1.
func (g grid) terms(i int) [6]float64 {
	x := float64(2*(i%g.w)+1)/float64(g.w) - 1
	y := float64(2*(i/g.w)+1)/float64(g.h) - 1
	return [6]float64{1, x, y, x * x, x * y, y * y}
}

// fitSurface returns the surface nearest to the given pixels of g by least squares, with a weight for each.
func fitSurface(g grid, pixels []int, weights []float64) surface {
	// The normal equations are symmetric: the upper triangle is enough. The right side is the last column.
	var normal [6][7]float64
	for k := range 6 {
		normal[k][k] = 1e-6 // Few pixels may leave them singular otherwise.
	}
	for p, i := range pixels {
		terms := g.terms(i)
		for k, t := range terms {
			t *= weights[p]
			for l := k; l < 6; l++ {
				normal[k][l] += t * terms[l]
			}
			normal[k][6] += t * g.v[i]
		}
	}
	return solve(normal)
}

// solve solves six linear equations by elimination. The matrix, of which only the upper triangle is read, is symmetric
// and positive definite, and so needs no pivots and stays symmetric in what is still to be eliminated.
func solve(a [6][7]float64) (x [6]float64) {
	for k := range 6 {
		for row := k + 1; row < 6; row++ {
			q := a[k][row] / a[k][k]
			for col := row; col < 7; col++ {
				a[row][col] -= q * a[k][col]
			}
		}
	}
	for k := 5; k >= 0; k-- {
		x[k] = a[k][6]
		for col := k + 1; col < 6; col++ {
			x[k] -= a[k][col] * x[col]
		}
		x[k] /= a[k][k]
	}
	return x
}
