package mnist

import (
	"math"
	"slices"
)

// coarseSide is the largest side of the picture in which the background is looked for.
const coarseSide = 256

// strokes makes ink positive, in gray levels of contrast, and everything else 0 or small.
//
// Ink is what is thin. If the light is uneven, strokes are what a closing removes: it takes the highest value around each pixel and then the
// lowest of those, which leaves wide things and straight edges as they are. So neither a shadow nor the table beside the paper turns ink into
// background. In a drawing, a single gray level is the background.
func (g grid) strokes() {
	if level, ok := g.paperLevel(); ok {
		dark := g.darkInk(level)
		for i, v := range g.v {
			if g.v[i] = max(0, level-v); !dark {
				g.v[i] = max(0, v-level)
			}
		}
		return
	}
	coarse := g.coarse()
	if !coarse.thinIsDark() {
		g.negate()
		coarse.negate()
	}
	behind := coarse.behind(max(2, min(max(coarse.w, coarse.h)/9, min(coarse.w, coarse.h)/5)))
	for i, v := range g.v {
		x := (float64(i%g.w)+0.5)/float64(g.w)*float64(coarse.w) - 0.5
		y := (float64(i/g.w)+0.5)/float64(g.h)*float64(coarse.h) - 0.5
		g.v[i] = max(0, behind.between(x, y)-v)
	}
}

// paperLevel returns the gray level of the background if there is just one, as in a drawing or a good scan. A large part of the picture is within
// two levels of it, and most of the rest is far from it. Of two such levels it chooses the one with more pixels, counting those of the border
// a little more.
func (g grid) paperLevel() (float64, bool) {
	var all, ring levels
	for i, v := range g.v {
		all.add(v)
		if g.edge(i, 1) {
			ring.add(v)
		}
	}
	level, best := 0, 0.0
	for l := range 256 {
		share := all.within(l, 2)
		if score := share + 0.2*ring.within(l, 2); share > 0.2 && score > best {
			level, best = l, score
		}
	}
	share := all.within(level, 2)
	return float64(level), share > 0.3 && all.within(level, leastContrast)-share <= min(share/2, 0.13)
}

// levels counts pixels by gray level.
type levels struct {
	count [256]int
	n     int
}

func (l *levels) add(v float64) {
	l.count[int(min(255, max(0, v+0.5)))]++
	l.n++
}

// within returns the fraction of pixels that are at most far from a level.
func (l *levels) within(level, far int) float64 {
	sum := 0
	for _, n := range l.count[max(0, level-far):min(256, level+far+1)] {
		sum += n
	}
	return float64(sum) / float64(l.n)
}

// darkInk reports whether more of the picture, except its edges, is darker than a level than is lighter.
func (g grid) darkInk(level float64) bool {
	sum, all := 0.0, 0.0
	for i, v := range g.v {
		if d := level - v; math.Abs(d) > leastContrast/2 {
			if all += d; !g.edge(i, max(g.w, g.h)/20) {
				sum += d
			}
		}
	}
	return sum > 0 || sum == 0 && all > 0
}

// edge reports whether pixel i is in the outermost n rows or columns.
func (g grid) edge(i, n int) bool {
	x, y := i%g.w, i/g.w
	return x < n || y < n || x >= g.w-n || y >= g.h-n
}

// negate swaps dark and light.
func (g grid) negate() {
	for i, v := range g.v {
		g.v[i] = 255 - v
	}
}

// coarse returns the picture with sides of at most 256 pixels, slightly blurred to remove noise.
func (g grid) coarse() grid {
	side := max(g.w, g.h)
	if side > coarseSide {
		factor := float64(coarseSide) / float64(side)
		whole := func(n int) int { return max(1, int(float64(n)*factor)) } // Part of the last pixel may be beyond the edge.
		small := resample(g.at, g.w, g.h, factor)
		g = newGrid(whole(g.w), whole(g.h))
		for i := range g.v {
			g.v[i] = small.at(i%g.w, i/g.w)
		}
	}
	out := newGrid(g.w, g.h)
	for i := range out.v {
		sum, n := 0.0, 0.0
		for y := max(0, i/g.w-1); y <= min(g.h-1, i/g.w+1); y++ {
			for x := max(0, i%g.w-1); x <= min(g.w-1, i%g.w+1); x++ {
				sum += g.at(x, y)
				n++
			}
		}
		out.v[i] = sum / n
	}
	return out
}

// thinIsDark reports whether thin things are dark: the contrast of dark strokes, of several widths, outweighs that of light strokes. The
// picture's edges do not count, because frames are there.
func (g grid) thinIsDark() bool {
	side := max(g.w, g.h)
	negative := grid{slices.Clone(g.v), g.w, g.h}
	negative.negate()
	sum := 0.0
	for _, part := range []int{128, 64, 32, 16, 10} {
		r := max(1, side/part)
		dark, light := g.closing(r), negative.closing(r)
		for i := range g.v {
			if g.edge(i, side/20) {
				continue
			}
			if d := dark.v[i] - g.v[i]; d > leastContrast {
				sum += d / float64(r*r)
			}
			if d := light.v[i] - negative.v[i]; d > leastContrast {
				sum -= d / float64(r*r)
			}
		}
	}
	return sum >= 0
}

// behind returns the background of dark strokes: a closing, where anything wide that is left counts as background, too.
func (g grid) behind(r int) grid {
	out := g.closing(r)
	for i, v := range g.v {
		out.v[i] -= v
	}
	out.negate()
	wide := out.closing(r)
	for i, v := range g.v {
		out.v[i] = v + wide.v[i] - out.v[i]
	}
	return out
}

// closing fills dark things that are less than 2r+1 pixels wide along either axis.
func (g grid) closing(r int) grid {
	g = g.widest(r)
	g.negate()
	g = g.widest(r)
	g.negate()
	return g
}

// widest gives each pixel the highest value within r rows and r columns.
func (g grid) widest(r int) grid {
	return g.highest(r).transposed().highest(r).transposed()
}

// highest gives each pixel the highest value within r columns in its row. It needs two comparisons per pixel, with the highest value since the
// start of a block of 2r+1 pixels and the highest up to its end (van Herk, 1992).
func (g grid) highest(r int) grid {
	n := 2*r + 1
	out := newGrid(g.w, g.h)
	row := make([]float64, (g.w+2*r+n-1)/n*n)
	from, upTo := make([]float64, len(row)), make([]float64, len(row))
	for y := range g.h {
		for x := range row {
			row[x] = math.Inf(-1)
		}
		copy(row[r:], g.v[y*g.w:(y+1)*g.w])
		for x, v := range row {
			if from[x] = v; x%n > 0 {
				from[x] = max(v, from[x-1])
			}
		}
		for x := len(row) - 1; x >= 0; x-- {
			if upTo[x] = row[x]; x%n < n-1 {
				upTo[x] = max(row[x], upTo[x+1])
			}
		}
		for x := range g.w {
			out.v[y*g.w+x] = max(upTo[x], from[x+n-1])
		}
	}
	return out
}

// transposed swaps rows and columns.
func (g grid) transposed() grid {
	out := newGrid(g.h, g.w)
	for i, v := range g.v {
		out.v[i%g.w*g.h+i/g.w] = v
	}
	return out
}

// between interpolates the value between pixels.
func (g grid) between(x, y float64) float64 {
	x, y = min(max(0, x), float64(g.w-1)), min(max(0, y), float64(g.h-1))
	i, j := min(int(x), max(0, g.w-2)), min(int(y), max(0, g.h-2))
	right, below := min(i+1, g.w-1), min(j+1, g.h-1)
	fx, fy := x-float64(i), y-float64(j)
	return (1-fy)*((1-fx)*g.at(i, j)+fx*g.at(right, j)) + fy*((1-fx)*g.at(i, below)+fx*g.at(right, below))
}
