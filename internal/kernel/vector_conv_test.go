package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func TestPools(t *testing.T) {
	const room = 4096 * 4
	onRows(t, func(t *testing.T, s *Set[float32]) {
		yf, xf, df := newFence(t, room), newFence(t, room), newFence(t, room)
		for i, d := range [][4]int{ // maps, rows, cols, size
			{20, 24, 24, 2}, {40, 8, 8, 2}, {1, 2, 2, 2}, {3, 2, 34, 2}, {2, 4, 32, 2}, {2, 4, 16, 2}, {1, 6, 70, 2},
			{3, 5, 5, 2}, {2, 7, 8, 2}, {2, 8, 7, 2}, {3, 1, 4, 2}, {1, 4, 1, 2}, {2, 3, 33, 2}, {2, 6, 9, 3}, {1, 4, 4, 4}, {2, 3, 3, 1},
		} {
			maps, rows, cols, size := d[0], d[1], d[2], d[3]
			random := rand.New(rand.NewPCG(5, uint64(i)))
			n, m := maps*rows*cols, maps*(rows/size)*(cols/size)
			x, dy := exact(random, n, true), exact(random, m, true)
			for i := range x { // many ties
				if random.IntN(2) == 0 {
					x[i] = float32(random.IntN(3))
				}
			}
			name := fmt.Sprint(d)
			y, want := yf.last(filled(m)), filled(m)
			s.MaxPool(y, xf.last(x), maps, rows, cols, size)
			Loops[float32]().MaxPool(want, x, maps, rows, cols, size)
			yf.intact(t, m)
			mustMatch(t, "MaxPool "+name, y, want, same)

			dx, want := yf.last(filled(n)), filled(n)
			s.MaxPoolGrad(dx, xf.last(x), df.last(dy), maps, rows, cols, size)
			Loops[float32]().MaxPoolGrad(want, x, dy, maps, rows, cols, size)
			yf.intact(t, n)
			mustMatch(t, "MaxPoolGrad "+name, dx, want, same)
			mustMatch(t, "MaxPoolGrad's x "+name, xf[room-n:], x, sameBits)
			mustMatch(t, "MaxPoolGrad's dy "+name, df[room-m:], dy, sameBits)

			y, want = yf.last(filled(m)), filled(m)
			s.AvgPool(y, xf.last(x), maps, rows, cols, size)
			Loops[float32]().AvgPool(want, x, maps, rows, cols, size)
			yf.intact(t, m)
			mustMatch(t, "AvgPool "+name, y, want, same)

			dx, want = yf.last(filled(n)), filled(n)
			s.AvgPoolGrad(dx, df.last(dy), maps, rows, cols, size)
			Loops[float32]().AvgPoolGrad(want, dy, maps, rows, cols, size)
			yf.intact(t, n)
			mustMatch(t, "AvgPoolGrad "+name, dx, want, same)
		}
	})
}

// geometries are the book's and LeNet's convolutions, and odd ones: rows shorter than a vector, wide padding, windows larger than what is left,
// strides, sides that differ, dilated filters.
var geometries = []Geometry{
	{1, 28, 28, 5, 5, 1, 0, 0, 1}, {20, 12, 12, 5, 5, 1, 0, 0, 1}, {1, 28, 28, 5, 5, 1, 2, 2, 1}, {6, 14, 14, 5, 5, 1, 0, 0, 1},
	{2, 9, 20, 3, 3, 1, 1, 1, 1}, {2, 9, 9, 3, 3, 1, 0, 0, 1}, {2, 8, 8, 3, 3, 1, 1, 1, 1}, {3, 5, 4, 3, 2, 1, 0, 0, 1}, {1, 1, 1, 1, 1, 1, 0, 0, 1}, {1, 1, 1, 3, 3, 1, 1, 1, 1}, {2, 3, 3, 5, 5, 1, 4, 4, 1},
	{1, 4, 40, 2, 17, 1, 3, 3, 1}, {1, 3, 40, 2, 18, 1, 3, 3, 1}, {1, 20, 17, 4, 4, 1, 9, 9, 1}, {2, 16, 16, 1, 1, 1, 0, 0, 1}, {1, 2, 70, 2, 3, 1, 0, 0, 1},
	{2, 11, 11, 3, 3, 2, 1, 1, 1}, {1, 28, 28, 5, 5, 3, 0, 0, 1}, {3, 24, 24, 5, 5, 2, 2, 2, 1}, {2, 9, 13, 4, 3, 2, 0, 0, 1}, {2, 14, 14, 3, 3, 2, 1, 1, 1}, {1, 9, 40, 2, 2, 3, 2, 2, 1},
	{2, 7, 7, 1, 1, 2, 0, 0, 1}, {2, 7, 7, 3, 3, 1, 1, 1, 1}, {2, 5, 50, 3, 40, 2, 1, 1, 1}, {1, 7, 8, 2, 3, 4, 0, 0, 1}, {1, 8, 15, 8, 8, 1, 0, 0, 1},
	{2, 9, 20, 3, 1, 1, 1, 0, 1}, {1, 9, 9, 1, 5, 1, 0, 2, 1}, {2, 8, 9, 3, 5, 2, 1, 2, 1}, {2, 12, 12, 3, 3, 1, 2, 2, 2}, {1, 11, 19, 3, 2, 2, 0, 3, 3}, {2, 9, 11, 2, 3, 3, 4, 1, 2},
}

func TestPatches(t *testing.T) {
	const room = 500 * 64 * 2
	onRows(t, func(t *testing.T, s *Set[float32]) {
		xf, yf := newFence(t, room), newFence(t, room)
		for i, g := range geometries {
			random := rand.New(rand.NewPCG(6, uint64(i)))
			n, m := g.Maps*g.Rows*g.Cols, g.Patch()*g.OutRows()*g.OutCols()
			x, patches := exact(random, n, false), exact(random, m, false)
			name := fmt.Sprintf("%+v", g)
			y, want := yf.last(filled(m)), filled(m)
			s.Im2col(y, xf.last(x), g)
			Loops[float32]().Im2col(want, x, g)
			yf.intact(t, m)
			mustMatch(t, "Im2col "+name, y, want, same)
			mustMatch(t, "Im2col's input "+name, xf[room-n:], x, sameBits)

			back, want := xf.last(filled(n)), filled(n)
			s.Col2im(back, yf.last(patches), g)
			Loops[float32]().Col2im(want, patches, g)
			xf.intact(t, n)
			mustMatch(t, "Col2im "+name, back, want, same)
			mustMatch(t, "Col2im's input "+name, yf[room-m:], patches, sameBits)
		}
	})
}

func TestDepthwise(t *testing.T) {
	const room = 4096
	onRows(t, func(t *testing.T, s *Set[float32]) {
		yf, xf, kf, bf := newFence(t, room), newFence(t, room), newFence(t, room), newFence(t, room)
		for i, g := range append(geometries, Geometry{2, 12, 12, 9, 8, 1, 1, 1, 1}) {
			random := rand.New(rand.NewPCG(8, uint64(i)))
			n, m, taps := g.Maps*g.Rows*g.Cols, g.Maps*g.OutRows()*g.OutCols(), g.Patch()
			x, dy, k, b := exact(random, n, false), exact(random, m, false), exact(random, taps, false), exact(random, g.Maps, false)
			for i := range k {
				k[i] = float32(int(k[i])%8) / 4 // so that sums of products are exact
			}
			check := func(what string, f fence, n int, run func(s *Set[float32], y []float32)) {
				y, want := f.last(filled(n)), filled(n)
				run(s, y)
				run(Loops[float32](), want)
				f.intact(t, n)
				mustMatch(t, fmt.Sprintf("%s %+v", what, g), y, want, same)
			}
			check("Depthwise", yf, m, func(s *Set[float32], y []float32) { s.Depthwise(y, xf.last(x), kf.last(k), bf.last(b), g) })
			check("Depthwise without bias", yf, m, func(s *Set[float32], y []float32) { s.Depthwise(y, xf.last(x), kf.last(k), nil, g) })
			check("DepthwiseX", xf, n, func(s *Set[float32], dx []float32) { s.DepthwiseX(dx, yf.last(dy), kf.last(k), g) })
			check("DepthwiseK", kf, taps, func(s *Set[float32], dk []float32) {
				copy(dk, k)
				s.DepthwiseK(dk, xf.last(x), yf.last(dy), g)
			})
		}
	})
}

// TestDepthwiseNaN: an element that is NaN reaches exactly what sees it.
func TestDepthwiseNaN(t *testing.T) {
	g := Geometry{Maps: 1, Rows: 6, Cols: 21, KernelRows: 3, KernelCols: 3, Stride: 1, Dilation: 1}
	onRows(t, func(t *testing.T, s *Set[float32]) {
		x, k, dy := make([]float32, 6*21), make([]float32, 9), make([]float32, 4*19)
		y, want := make([]float32, len(dy)), make([]float32, len(dy))
		for i := range x {
			x[i] = nan
			s.Depthwise(y, x, k, nil, g)
			Loops[float32]().Depthwise(want, x, k, nil, g)
			mustMatch(t, fmt.Sprint("Depthwise ", i), y, want, same)
			dk, want := make([]float32, 9), make([]float32, 9)
			s.DepthwiseK(dk, x, dy, g)
			Loops[float32]().DepthwiseK(want, x, dy, g)
			mustMatch(t, fmt.Sprint("DepthwiseK ", i), dk, want, same)
			x[i] = 0
		}
	})
}

// TestCol2imNaN: an element of a patch that is NaN reaches exactly its own place.
func TestCol2imNaN(t *testing.T) {
	g := Geometry{Maps: 2, Rows: 12, Cols: 12, KernelRows: 5, KernelCols: 5, Stride: 1, Dilation: 1}
	onRows(t, func(t *testing.T, s *Set[float32]) {
		y, x, want := make([]float32, g.Patch()*64), make([]float32, 288), make([]float32, 288)
		for i := 0; i < len(y); i += 29 {
			y[i] = nan
			s.Col2im(x, y, g)
			Loops[float32]().Col2im(want, y, g)
			mustMatch(t, "Col2im", x, want, same)
			y[i] = 0
		}
	})
}

func TestMask(t *testing.T) {
	onRows(t, func(t *testing.T, s *Set[float32]) {
		f := newFence(t, longest)
		for _, n := range lengths() {
			for _, p := range []float64{0, 0.5, 0.3, 1e-9, 0.999, 1 - 1e-9} {
				key := uint64(n)*0x9e3779b97f4a7c15 + math.Float64bits(p)
				y, want := f.last(filled(n)), filled(n)
				s.Mask(y, key, p, float32(n)+.5)
				Loops[float32]().Mask(want, key, p, float32(n)+.5)
				f.intact(t, n)
				mustMatch(t, fmt.Sprint("Mask with p = ", p), y, want, sameBits)
			}
		}
		y, want := filled(1<<19), filled(1<<19) // enough that some elements' bits equal the threshold
		s.Mask(y, 3, 0.25, 1)
		Loops[float32]().Mask(want, 3, 0.25, 1)
		mustMatch(t, "Mask", y, want, sameBits)
	})
}

// TestMaskIsRandom: a mask keeps as many elements as it should, independently of their neighbors and of the next key's mask, each number within five
// standard deviations.
func TestMaskIsRandom(t *testing.T) {
	const n = 1 << 18
	s := Loops[float32]()
	for _, p := range []float64{0.5, 0.2} {
		x, y := make([]float32, n), make([]float32, n)
		s.Mask(x, 1, p, 1)
		s.Mask(y, 2, p, 1)
		q := 1 - p
		count := func(what string, chance float64, kept func(i int) bool) {
			got := 0
			for i := range n {
				if kept(i) {
					got++
				}
			}
			want, deviation := n*chance, math.Sqrt(n*chance*(1-chance))
			if math.Abs(float64(got)-want) > 5*deviation {
				t.Errorf("p = %v: %d are %s, want %.0f ± %.0f", p, got, what, want, deviation)
			}
		}
		count("kept", q, func(i int) bool { return x[i] > 0 })
		for _, d := range []int{1, 2, 3, 4, 8, 16, 32, 1000} {
			count(fmt.Sprintf("kept with the one %d later", d), q*q, func(i int) bool { return x[i] > 0 && x[(i+d)%n] > 0 })
		}
		count("kept under both keys", q*q, func(i int) bool { return x[i] > 0 && y[i] > 0 })
	}
}

func TestGather(t *testing.T) {
	onRows(t, func(t *testing.T, s *Set[float32]) {
		f := newFence(t, 5*longest)
		for _, n := range lengths()[1:] {
			images := guarded[byte](t, 7*n)
			for i := range images {
				images[i] = byte(i*i + i/256)
			}
			order := []int32{6, 0, 3, 3, 6}
			for _, part := range [][2]int{{0, n}, {0, n / 2}, {n / 2, n}, {n / 3, n - n/3}, {n, n}} {
				y, want := f.last(filled(5*n)), filled(5*n)
				s.Gather(y, images, order, part[0], part[1])
				for r, o := range order {
					for j := part[0]; j < part[1]; j++ {
						want[r*n+j] = float32(images[int(o)*n+j]) / 256
					}
				}
				f.intact(t, 5*n)
				mustMatch(t, fmt.Sprint("Gather", part), y, want, sameBits)
			}
		}
	})
}

// FuzzVector compares the rows for random shapes, in slices that end at an unreadable page.
func FuzzVector(f *testing.F) {
	f.Add(uint64(1), uint8(10), uint8(2), uint8(6), uint8(12), uint8(3), uint8(5), uint8(1))
	f.Add(uint64(2), uint8(33), uint8(1), uint8(7), uint8(40), uint8(2), uint8(17), uint8(4))
	f.Fuzz(func(t *testing.T, seed uint64, n, maps, rowCount, cols, kernelRows, kernelCols, pad uint8) {
		random := rand.New(rand.NewPCG(seed, 7))
		g := Geometry{int(maps%4) + 1, int(rowCount%20) + 1, int(cols%48) + 1, int(kernelRows%6) + 1, int(kernelCols%20) + 1, int(seed%4) + 1, int(pad % 8), int(pad / 32), int(seed/4%3) + 1}
		if g.Rows+2*g.PadRows <= g.Dilation*(g.KernelRows-1) || g.Cols+2*g.PadCols <= g.Dilation*(g.KernelCols-1) {
			return
		}
		size, outs := g.Maps*g.Rows*g.Cols, g.Patch()*max(0, g.OutRows())*max(0, g.OutCols())
		pooled := g.Maps * (g.Rows / 2) * (g.Cols / 2)
		a, b := exact(random, max(int(n), size), true), exact(random, max(int(n), pooled), true)
		column := exact(random, outs, false)
		fence := newFence(t, max(len(a), len(column)))
		loop := Loops[float32]()
		check := func(what string, n int, run func(s *Set[float32], y []float32), alike func(got, want float32) bool) {
			want := filled(n)
			run(loop, want)
			for _, r := range rows {
				if r.ok {
					y := fence.last(filled(n))
					run(&r.set, y)
					fence.intact(t, n)
					mustMatch(t, fmt.Sprintf("%s %s %+v", r.name, what, g), y, want, alike)
				}
			}
		}
		for _, k := range points {
			check(k.name, int(n), func(s *Set[float32], y []float32) { k.run(s, y, a[:n], b[:n]) }, alike(k.name))
		}
		check("Mask", int(n), func(s *Set[float32], y []float32) { s.Mask(y, seed, float64(pad)/256, 1.5) }, sameBits)
		check("Softmax", size, func(s *Set[float32], y []float32) { s.Softmax(y, a[:size], g.Cols) }, func(got, want float32) bool {
			return nearly(got, want) || math.Abs(float64(got-want)) < 1e-37
		})
		check("MaxPool", pooled, func(s *Set[float32], y []float32) { s.MaxPool(y, a[:size], g.Maps, g.Rows, g.Cols, 2) }, same)
		check("MaxPoolGrad", size, func(s *Set[float32], y []float32) {
			s.MaxPoolGrad(y, a[:size], b[:pooled], g.Maps, g.Rows, g.Cols, 2)
		}, same)
		check("AvgPool", pooled, func(s *Set[float32], y []float32) { s.AvgPool(y, a[:size], g.Maps, g.Rows, g.Cols, 2) }, same)
		check("AvgPoolGrad", size, func(s *Set[float32], y []float32) {
			s.AvgPoolGrad(y, b[:pooled], g.Maps, g.Rows, g.Cols, 2)
		}, same)
		if outs > 0 {
			check("Im2col", outs, func(s *Set[float32], y []float32) { s.Im2col(y, a[:size], g) }, same)
			k := exact(random, g.Patch(), false)
			for i := range k {
				k[i] = float32(int(k[i])%8) / 4
			}
			maps := g.Maps * g.OutRows() * g.OutCols()
			check("Depthwise", maps, func(s *Set[float32], y []float32) { s.Depthwise(y, a[:size], k, k[:g.Maps], g) }, same)
			check("DepthwiseX", size, func(s *Set[float32], y []float32) { s.DepthwiseX(y, column[:maps], k, g) }, same)
			check("DepthwiseK", len(k), func(s *Set[float32], y []float32) {
				copy(y, k)
				s.DepthwiseK(y, a[:size], column[:maps], g)
			}, same)
			check("Col2im", size, func(s *Set[float32], y []float32) { s.Col2im(y, column, g) }, same)
		}
	})
}
