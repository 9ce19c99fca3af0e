package train

import (
	"fmt"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/kernel"
)

// Grid are the control points of a uniform cubic B-spline surface of 4×4 cells over an image, which gives each pixel of a warped image
// its place in the original: Grid[0] its column, Grid[1] its row. The axes are [direction][row][column].
type Grid = [2][7][7]float32

const controls = 7 // a grid's control points in each direction

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

// spline is how much of each control point there is in the centre of pixel x of n: the values of the B-splines there.
func spline(x, n int) (b [controls]float32) {
	const cells = controls - 3
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
