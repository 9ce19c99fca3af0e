package train

import (
	"fmt"
	"math"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/kernel"
)

// A Warp distorts training images at random, each anew in every epoch, so that a network sees more digits than there are. The fields
// say how far it may go; of the zero Warp all images stay as they are.
type Warp struct {
	Rotate  float64 // degrees: the angle is uniform within ±Rotate
	Zoom    float64 // width and height each grow by a factor of their own, uniform within 1±Zoom
	Shift   float64 // pixels: the move is uniform within ±Shift in each direction
	Shear   float64 // degrees: upright lines lean by an angle uniform within ±Shear
	Elastic float64 // pixels: the root mean square of the displacements in each direction; see Draw
	Crop    int     // pixels: a move by a whole number of them, uniform within ±Crop in each direction
}

// Grid are the control points of a uniform cubic B-spline surface over an image, which gives each pixel of the warped image its place in
// the original: Grid[0] its column, Grid[1] its row. The surface has 4×4 cells. The axes are [direction][row][column].
type Grid = [2][7][7]float32

// cells is the number of a grid's cells in each direction; a cubic B-spline has degree control points more.
const (
	cells    = 4
	degree   = 3
	controls = cells + degree
)

// Kind is warp.
func (Warp) Kind() string { return "warp" }

// Check reports the first field out of its range.
func (w Warp) Check() error {
	for _, f := range []struct {
		name  string
		value float64
		most  float64
	}{
		{"rotate", w.Rotate, 180}, {"zoom", w.Zoom, 0.9}, {"shift", w.Shift, 1024}, {"shear", w.Shear, 80}, {"elastic", w.Elastic, 1024},
		{"crop", float64(w.Crop), 1024},
	} {
		if !(f.value >= 0 && f.value <= f.most) {
			return fmt.Errorf("%s %v; use 0 to %v", f.name, f.value, f.most)
		}
	}
	return nil
}

// Draw returns the function that draws how image number i is warped in an epoch, for images of rows×cols pixels, numbered from 0. It
// depends on its arguments and those of Draw alone, and is safe for use by several goroutines.
//
// The image turns, grows and leans around its center. The elastic displacements are those of Simard, Steinkraus and Platt (2003),
// random numbers smoothed by a Gaussian and scaled by α, on a coarser grid: B-splines whose knots are a quarter of the image apart
// smooth as a Gaussian of σ = 4.04 pixels of 28 does. Their α = 34 at σ = 4 is Elastic = 34/(4·√(12π)) = 1.38.
func (w Warp) Draw(rows, cols int, seed uint64) func(epoch, image int, g *Grid) {
	return func(epoch, image int, g *Grid) {
		r := counted{mix(mix(mix(seed)+uint64(epoch)) + uint64(image))}
		w.affine(&r, rows, cols, g)
		if w.Elastic != 0 {
			w.elastic(&r, g)
		}
	}
}

// affine draws the linear part. A B-spline surface whose control points lie on a plane is that plane.
func (w Warp) affine(r *counted, rows, cols int, g *Grid) {
	sin, cos := math.Sincos(w.Rotate * r.uniform() * math.Pi / 180)
	lean := math.Tan(w.Shear * r.uniform() * math.Pi / 180)
	wide, high := 1+w.Zoom*r.uniform(), 1+w.Zoom*r.uniform()
	right := w.Shift*r.uniform() + r.whole(w.Crop)
	down := w.Shift*r.uniform() + r.whole(w.Crop)
	for j := range g[1] {
		for i := range g[0] {
			x, y := knot(i, cols)-right, knot(j, rows)-down
			x, y = cos*x+sin*y, cos*y-sin*x
			x -= lean * y
			g[0][j][i] = float32(x/wide + float64(cols-1)/2)
			g[1][j][i] = float32(y/high + float64(rows-1)/2)
		}
	}
}

// knot is where control point i of n pixels is, from their center.
func knot(i, n int) float64 { return (float64(i-(degree-1)/2)/cells - 0.5) * float64(n) }

// spread is the root mean square, over both directions, of a surface whose control points are independent with variance 1: the square
// of a uniform cubic B-spline has the integral 151/315.
const spread = 151. / 315

// elastic adds the displacements.
func (w Warp) elastic(r *counted, g *Grid) {
	scale := w.Elastic / spread
	for axis := range g {
		for j := range g[axis] {
			for i := range g[axis][j] {
				g[axis][j][i] += float32(scale * r.normal())
			}
		}
	}
}

// counted are random numbers, those of SplitMix64 from a state.
type counted struct{ state uint64 }

func (r *counted) bits() uint64 {
	r.state += 0x9e3779b97f4a7c15
	return mix(r.state)
}

// mix is the finalizer of SplitMix64.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// uniform is within ±1.
func (r *counted) uniform() float64 { return float64(int64(r.bits())) / (1 << 63) }

// whole is a whole number within ±n.
func (r *counted) whole(n int) float64 { return float64(r.bits()>>32*uint64(2*n+1)>>32) - float64(n) }

// normal has mean 0, variance 1 and nearly the form of a normal distribution, within ±3.47: the sum of four uniform numbers.
func (r *counted) normal() float64 {
	b := r.bits()
	sum := int(b&0xffff) + int(b>>16&0xffff) + int(b>>32&0xffff) + int(b>>48)
	return float64(sum-2*0xffff) * (math.Sqrt(3) / 65536)
}

// A Warper warps images. It is not for use by several goroutines at once.
type Warper struct {
	rows, cols int
	across     []float32 // (controls, cols): how much of each control point there is in each column
	down       []float32 // (rows, controls): and in each row
	middle     []float32 // (rows, controls): a grid's surface at the rows of pixels and the columns of control points
	u, v       []float32 // (rows, cols): each pixel's place in framed
	framed     []byte    // the image with zeros around it
	points     [controls * controls]float32
}

// The frame is as wide as kernel.Set.Resample wants it, so that every place outside of the image is one of zeros.
const (
	frameBefore = 1
	frameRight  = 4
	frameBelow  = 2
)

// NewWarper returns a warper of images of one channel, shape (1, rows, cols).
func NewWarper(image graph.Shape) (*Warper, error) {
	if len(image) != 3 || image[0] != 1 {
		return nil, fmt.Errorf("images of shape %v cannot be warped; use a model whose input is (1, rows, cols)", image)
	}
	rows, cols := image[1], image[2]
	w := &Warper{
		rows: rows, cols: cols,
		across: make([]float32, controls*cols), down: make([]float32, rows*controls), middle: make([]float32, rows*controls),
		u: make([]float32, rows*cols), v: make([]float32, rows*cols),
		framed: make([]byte, (frameBefore+rows+frameBelow)*(frameBefore+cols+frameRight)),
	}
	for x := range cols {
		for i, b := range spline(x, cols) {
			w.across[i*cols+x] = b
		}
	}
	for y := range rows {
		b := spline(y, rows)
		copy(w.down[y*controls:], b[:])
	}
	return w, nil
}

// spline is how much of each control point there is in the center of pixel x of n: the values of the B-splines there.
func spline(x, n int) (b [controls]float32) {
	t := (float64(x) + 0.5) / float64(n) * cells
	cell := int(t)
	t -= float64(cell)
	s := 1 - t
	b[cell] = float32(s * s * s / 6)
	b[cell+1] = float32((3*t*t*t - 6*t*t + 4) / 6)
	b[cell+2] = float32((3*s*s*s - 6*s*s + 4) / 6)
	b[cell+3] = float32(t * t * t / 6)
	return b
}

// Warp writes to y, (rows, cols), the image warped by the grid: pixels divided by 256, interpolated linearly; outside of the image
// there are zeros.
func (w *Warper) Warp(y []float32, image []byte, grid *Grid) {
	stride := frameBefore + w.cols + frameRight
	for row := range w.rows {
		copy(w.framed[(frameBefore+row)*stride+frameBefore:], image[row*w.cols:(row+1)*w.cols])
	}
	w.places(w.u, &grid[0])
	w.places(w.v, &grid[1])
	kernel.For[float32]().Resample(y[:w.rows*w.cols], w.framed, frameBefore+w.rows+frameBelow, stride, w.u, w.v)
}

// places is the surface with these control points at all pixels, as places in the frame.
func (w *Warper) places(to []float32, points *[controls][controls]float32) {
	mul, n := kernel.For[float32]().Mul, controls
	for j, row := range points {
		for i, p := range row {
			w.points[j*n+i] = p + frameBefore
		}
	}
	mul(w.middle, n, w.down, n, 1, w.points[:], n, w.rows, n, n, 1, 0)
	mul(to, w.cols, w.middle, n, 1, w.across, w.cols, w.rows, w.cols, n, 1, 0)
}
