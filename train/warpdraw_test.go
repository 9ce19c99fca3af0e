package train

import (
	"math"
	"strings"
	"testing"
)

// draws calls f with the grids of many draws.
func draws(w Warp, rows, cols, n int, f func(g *Grid)) {
	draw := w.Draw(rows, cols, 3)
	var g Grid
	for i := range n {
		draw(i%7, i, &g)
		f(&g)
	}
}

// at returns the place from which a grid takes pixel (x, y) of rows×cols, by the definition of B-splines (de Boor's recursion).
func at(g *Grid, x, y float64, rows, cols int) (u, v float64) {
	var across, down [7]float64
	for i := range 7 {
		across[i] = bspline(3, i, (x+.5)/float64(cols)*4)
		down[i] = bspline(3, i, (y+.5)/float64(rows)*4)
	}
	for j := range 7 {
		for i := range 7 {
			u += across[i] * down[j] * float64(g[0][j][i])
			v += across[i] * down[j] * float64(g[1][j][i])
		}
	}
	return u, v
}

// bspline is the B-spline of the given degree that begins at knot i−3.
func bspline(degree, i int, t float64) float64 {
	from := float64(i - 3)
	if degree == 0 {
		if from <= t && t < from+1 {
			return 1
		}
		return 0
	}
	d := float64(degree)
	return (t-from)/d*bspline(degree-1, i, t) + (from+d+1-t)/d*bspline(degree-1, i+1, t)
}

// The zero Warp takes every pixel from its own place, in images of any shape.
func TestWarpOfNothing(t *testing.T) {
	draws(Warp{}, 20, 28, 3, func(g *Grid) {
		for y := range 20 {
			for x := range 28 {
				u, v := at(g, float64(x), float64(y), 20, 28)
				if math.Abs(u-float64(x)) > 1e-5 || math.Abs(v-float64(y)) > 1e-5 {
					t.Fatalf("(%d, %d) is taken from (%v, %v)", x, y, u, v)
				}
			}
		}
	})
}

// moments returns the mean, the root mean square and the largest absolute value.
func moments(x []float64) (mean, rms, most float64) {
	for _, v := range x {
		mean += v / float64(len(x))
		rms += v * v / float64(len(x))
		most = max(most, math.Abs(v))
	}
	return mean, math.Sqrt(rms), most
}

// The parameters of the linear part, seen in the center and two points beside it, are uniform within their bounds.
func TestWarpParameters(t *testing.T) {
	const n = 10_000
	uniform := 1 / math.Sqrt(3)
	for _, c := range []struct {
		name  string
		w     Warp
		read  func(u, v, ux, vx, uy, vy float64) float64 // the center's place, and how it moves by one pixel right and one down
		limit float64
		rms   float64
	}{
		{"rotate", Warp{Rotate: 15}, func(_, _, ux, vx, _, _ float64) float64 { return -math.Atan2(vx, ux) * 180 / math.Pi }, 15, 15 * uniform},
		{"rotate both axes", Warp{Rotate: 15}, func(_, _, ux, vx, uy, vy float64) float64 {
			return (math.Atan2(uy, vy) - math.Atan2(vx, ux)) * 90 / math.Pi
		}, 15, 15 * uniform},
		{"width", Warp{Zoom: .2}, func(_, _, ux, _, _, _ float64) float64 { return 1/ux - 1 }, .2, .2 * uniform},
		{"height", Warp{Zoom: .2}, func(_, _, _, _, _, vy float64) float64 { return 1/vy - 1 }, .2, .2 * uniform},
		{"width and height", Warp{Zoom: .2}, func(_, _, ux, _, _, vy float64) float64 { return 1/ux - 1/vy }, .4, .2 * uniform * math.Sqrt2},
		{"right", Warp{Shift: 3}, func(u, _, _, _, _, _ float64) float64 { return 13.5 - u }, 3, 3 * uniform},
		{"down", Warp{Shift: 3}, func(_, v, _, _, _, _ float64) float64 { return 13.5 - v }, 3, 3 * uniform},
		{"shear", Warp{Shear: 10}, func(_, _, _, _, uy, _ float64) float64 { return -math.Atan(uy) * 180 / math.Pi }, 10, 10 * uniform},
		{"crop", Warp{Crop: 2}, func(u, _, _, _, _, _ float64) float64 { return 13.5 - u }, 2, math.Sqrt2},
		{"crop and shift", Warp{Crop: 2, Shift: 3}, func(_, v, _, _, _, _ float64) float64 { return 13.5 - v }, 5, math.Sqrt(2 + 3)},
	} {
		var all []float64
		draws(c.w, 28, 28, n, func(g *Grid) {
			u, v := at(g, 13.5, 13.5, 28, 28)
			ux, vx := at(g, 14.5, 13.5, 28, 28)
			uy, vy := at(g, 13.5, 14.5, 28, 28)
			all = append(all, c.read(u, v, ux-u, vx-v, uy-u, vy-v))
		})
		mean, rms, most := moments(all)
		if math.Abs(mean) > 4*c.rms/math.Sqrt(n) || math.Abs(rms/c.rms-1) > .02 || most > c.limit*1.0001 || most < .97*c.limit {
			t.Errorf("%s: mean %.4f, root mean square %.4f, at most %.4f; want 0, %.4f, %.4f", c.name, mean, rms, most, c.rms, c.limit)
		}
	}
}

// A crop moves by whole pixels, and all moves are equally frequent.
func TestWarpCrop(t *testing.T) {
	const n = 9000
	counts := map[[2]float64]int{}
	draws(Warp{Crop: 1}, 28, 28, n, func(g *Grid) {
		u, v := at(g, 10, 10, 28, 28)
		x, y := math.Round(u), math.Round(v)
		if math.Abs(u-x) > 1e-5 || math.Abs(v-y) > 1e-5 {
			t.Fatalf("from (%v, %v)", u, v)
		}
		counts[[2]float64{x - 10, y - 10}]++
	})
	for move, got := range counts {
		if math.Abs(float64(got)-n/9) > 150 {
			t.Errorf("%v: %d of %d", move, got, n)
		}
	}
	if len(counts) != 9 {
		t.Errorf("%d moves", len(counts))
	}
}

// simard returns the root mean square of the displacements of Simard, Steinkraus and Platt (2003): α times random numbers, uniform within ±1, after
// smoothing by a Gaussian of σ pixels.
func simard(alpha, sigma float64) float64 {
	sum, squares := 0., 0.
	for y := -30.; y <= 30; y++ {
		for x := -30.; x <= 30; x++ {
			g := math.Exp(-(x*x + y*y) / (2 * sigma * sigma))
			sum += g
			squares += g * g
		}
	}
	return alpha * math.Sqrt(squares/3) / sum
}

// The root mean square of elastic displacements is as requested, here for α = 34 at σ = 4. Their correlation falls off with the distance as in the
// paper: e^(−d²/4σ²).
func TestWarpElastic(t *testing.T) {
	const n = 4000
	elastic := simard(34, 4)
	if math.Abs(elastic-1.38) > .005 {
		t.Errorf("Simard's is %v", elastic)
	}
	var all, middle []float64
	product := map[int]float64{}
	draws(Warp{Elastic: elastic}, 28, 28, n, func(g *Grid) {
		for k := range 7 {
			x, y := float64(k*4%28), float64(k*11%28)
			u, v := at(g, x, y, 28, 28)
			all = append(all, u-x, v-y)
		}
		u, _ := at(g, 8, 13, 28, 28)
		middle = append(middle, u-8)
		for _, d := range []int{2, 4, 6, 8, 16} {
			far, _ := at(g, 8+float64(d), 13, 28, 28)
			product[d] += (u - 8) * (far - 8 - float64(d)) / n
		}
	})
	mean, rms, most := moments(all)
	if math.Abs(mean) > .03 || math.Abs(rms-elastic) > .02 || most > elastic*3.4641/spread {
		t.Errorf("mean %v, root mean square %v, at most %v; want 0, %v", mean, rms, most, elastic)
	}
	_, there, _ := moments(middle)
	for d, got := range product {
		if want := math.Exp(-float64(d*d) / 64); math.Abs(got/(there*there)-want) > .1 {
			t.Errorf("%d pixels apart, the correlation is %.3f, want %.3f", d, got/(there*there), want)
		}
	}
}

// A draw depends on seed, epoch and image, on each of them, and on nothing else.
func TestWarpCounted(t *testing.T) {
	w := Warp{Rotate: 10, Elastic: 1, Crop: 1}
	seen := map[Grid]string{}
	for _, seed := range []uint64{0, 1, 1 << 63} {
		for epoch := range 3 {
			for image := range 50 {
				var g, again Grid
				w.Draw(28, 28, seed)(epoch, image, &g)
				draw := w.Draw(28, 28, seed)
				draw(7, 8, &again)
				if draw(epoch, image, &again); again != g {
					t.Fatal("two grids of one draw")
				}
				if other, ok := seen[g]; ok {
					t.Fatalf("seed %d, epoch %d, image %d has the grid of %s", seed, epoch, image, other)
				}
				seen[g] = "another"
			}
		}
	}
}

func TestWarpCheck(t *testing.T) {
	for _, c := range []struct {
		w    Warp
		want string
	}{
		{Warp{}, ""}, {Warp{180, .9, 5, 80, 5, 5}, ""}, {Warp{Rotate: -1}, "rotate -1; use 0 to 180"}, {Warp{Zoom: 1}, "zoom 1; use"},
		{Warp{Shift: math.NaN()}, "shift NaN; use"}, {Warp{Shear: 90}, "shear 90; use 0 to 80"}, {Warp{Elastic: math.Inf(1)}, "elastic +Inf; use"},
		{Warp{Crop: -2}, "crop -2; use"},
	} {
		err := c.w.Check()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.w, err, c.want)
		}
	}
}
