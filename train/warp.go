package train

import (
	"fmt"
	"math"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/kernel"
)

// Warp distorts training images at random, differently in every epoch, so that a network sees more digits than there are. The fields are the
// limits of the distortion. The zero Warp leaves images as they are.
type Warp struct {
	Rotate  float64 // degrees; the angle is uniform within ±Rotate
	Zoom    float64 // width and height each change by a factor that is uniform within 1±Zoom
	Shift   float64 // pixels; the shift is uniform within ±Shift in each direction
	Shear   float64 // degrees; the slant of upright lines is uniform within ±Shear
	Elastic float64 // pixels; the root mean square of the displacements in each direction, see Draw
	Crop    int     // pixels; the shift is a whole number, uniform within ±Crop in each direction
}

// Grid holds the control points of a uniform cubic B-spline surface over an image. The surface gives each pixel of the warped image its place
// in the original: Grid[0] its column, Grid[1] its row. It has 4×4 cells. The axes are [direction][row][column].
type Grid = [2][7][7]float32

// cells is the number of a grid's cells in each direction. There are degree more control points than cells.
const (
	cells    = 4
	degree   = 3
	controls = cells + degree
)

// Kind returns "warp", the name in texts.
func (Warp) Kind() string { return "warp" }

// Check returns an error for the first field that is out of range.
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

// Draw returns a function that draws the warp of image number image in an epoch, for images of rows×cols pixels. The result depends
// only on the function's arguments and those of Draw. Several goroutines may use it at once.
//
// The image is rotated, scaled and slanted around its center. The elastic displacements follow Simard, Steinkraus and Platt (2003): random
// numbers smoothed by a Gaussian and scaled by α. Here they are on a coarser grid: B-splines with knots a quarter of the image apart smooth as
// a Gaussian of σ = 4.04 pixels does on an image of 28 pixels. Their α = 34 at σ = 4 corresponds to Elastic = 34/(4·√(12π)) = 1.38.
func (w Warp) Draw(rows, cols int, seed uint64) func(epoch, image int, g *Grid) {
	return func(epoch, image int, g *Grid) {
		r := counted{mix(mix(mix(seed)+uint64(epoch)) + uint64(image))}
		w.affine(&r, rows, cols, g)
		if w.Elastic != 0 {
			w.elastic(&r, g)
		}
	}
}

// affine draws the linear part. If the control points of a B-spline surface lie on a plane, the surface is that plane.
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

// knot returns where control point i is, from the center of n pixels.
func knot(i, n int) float64 { return (float64(i-(degree-1)/2)/cells - 0.5) * float64(n) }

// spread is the root mean square of a surface whose control points are independent with variance 1: in each direction, the integral of the
// square of a uniform cubic B-spline is 151/315.
const spread = 151. / 315

// elastic adds the elastic displacements.
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

// counted is a random number generator, SplitMix64, that starts from a state.
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

// uniform returns a number that is uniform within ±1.
func (r *counted) uniform() float64 { return float64(int64(r.bits())) / (1 << 63) }

// whole returns a whole number that is uniform within ±n.
func (r *counted) whole(n int) float64 { return float64(r.bits()>>32*uint64(2*n+1)>>32) - float64(n) }

// normal returns the sum of four uniform numbers. It is nearly normal, with mean 0 and variance 1, and within ±3.47.
func (r *counted) normal() float64 {
	b := r.bits()
	sum := int(b&0xffff) + int(b>>16&0xffff) + int(b>>32&0xffff) + int(b>>48)
	return float64(sum-2*0xffff) * (math.Sqrt(3) / 65536)
}

// A Warper warps images. Only one goroutine may use it at a time.
type Warper struct {
	rows, cols int
	across     []float32 // (controls, cols): the weight of each control point in each column
	down       []float32 // (rows, controls): the weight of each control point in each row
	middle     []float32 // (rows, controls): a grid's surface at the rows of pixels and columns of control points
	u, v       []float32 // (rows, cols): each pixel's place in framed
	framed     []byte    // the image with zeros around it
	points     [controls * controls]float32
}

// The frame is as wide as kernel.Set.Resample needs, so that every place outside of the image reads a zero.
const (
	frameBefore = 1
	frameRight  = 4
	frameBelow  = 2
)

// NewWarper returns a Warper for images of one channel, with shape (1, rows, cols).
func NewWarper(image graph.Shape) (*Warper, error) {
	if len(image) != 3 || image[0] != 1 {
		return nil, fmt.Errorf("cannot warp images of shape %v; use a model whose input is (1, rows, cols)", image)
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

// spline returns the weight of each control point at the center of pixel x of n: the values of the B-splines there.
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

// Warp writes image, warped by the grid, to y (rows, cols), with pixels divided by 256. It interpolates linearly, and pixels outside of the image
// are 0.
func (w *Warper) Warp(y []float32, image []byte, grid *Grid) {
	stride := frameBefore + w.cols + frameRight
	for row := range w.rows {
		copy(w.framed[(frameBefore+row)*stride+frameBefore:], image[row*w.cols:(row+1)*w.cols])
	}
	w.places(w.u, &grid[0])
	w.places(w.v, &grid[1])
	kernel.For[float32]().Resample(y[:w.rows*w.cols], w.framed, frameBefore+w.rows+frameBelow, stride, w.u, w.v)
}

// places evaluates the surface with these control points at all pixels, as places in the frame.
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
