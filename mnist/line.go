package mnist

import (
	"image"
	"math"
)

// line is a straight, nearly horizontal line: at column x it is at y + slope·x.
type line struct {
	y, slope   float64
	start, end int // its columns
	thick      int
}

func (l line) at(x int) float64 { return l.y + l.slope*float64(x) }

// run is an unbroken stretch of ink in a column.
type run struct{ x, top, bottom int } // bottom is exclusive

// runs returns the stretches of ink that are at most most pixels long, in every step-th column.
func (m mask) runs(w, most, step int) []run {
	var list []run
	h := len(m) / w
	for x := 0; x < w; x += step {
		for y := 0; y < h; y++ {
			if !m[y*w+x] {
				continue
			}
			top := y
			for y < h && m[y*w+x] {
				y++
			}
			if y-top <= most {
				list = append(list, run{x, top, y})
			}
		}
	}
	return list
}

// The steepest line that counts as horizontal, and how many lines a picture may have.
const (
	steepest = 0.14
	maxLines = 60
	maxRuns  = 40  // per column; more is not writing
	columns  = 512 // columns that are examined
)

// lines finds straight, nearly horizontal lines of at least the given length by a Hough transform of the middles of thin runs. The best line comes
// first, and takes its runs out of the search.
func (m mask) lines(w, most, length int) []line {
	h := len(m) / w
	step := max(1, w/columns)
	runs := m.runs(w, most, step)
	if len(runs)*step > maxRuns*w {
		return nil
	}
	slant := int(steepest * float64(w)) // rows that the steepest line rises
	var found []line
	votes := make([]int, h+2*slant+2)
	for tries := 0; tries < maxLines && 2*len(runs)*step >= length; tries++ {
		best, bestRise, bestRow := 0, 0, 0
		for rise := -slant; rise <= slant; rise += step {
			clear(votes)
			for _, r := range runs {
				row := (r.top+r.bottom-1)/2 - (rise*r.x)/w + slant
				if row >= 0 && row < len(votes)-1 {
					votes[row]++
				}
			}
			for row := range len(votes) - 1 {
				if n := votes[row] + votes[row+1]; n > best {
					best, bestRise, bestRow = n, rise, row
				}
			}
		}
		if 2*best*step < length {
			break
		}
		l := line{y: float64(bestRow-slant) + 0.5, slope: float64(bestRise) / float64(w)}
		var ok bool
		if runs, ok = m.take(w, &l, runs, length, step); ok {
			found = append(found, l)
		}
	}
	return found
}

// take finds where a line begins and ends, and removes its runs from the list. A line may have gaps where strokes cross it, but a third of it must
// be there.
func (m mask) take(w int, l *line, runs []run, length, step int) (rest []run, ok bool) {
	var mine []run
	for _, r := range runs {
		if y := l.at(r.x); y >= float64(r.top)-1.5 && y <= float64(r.bottom)+0.5 {
			mine = append(mine, r)
		} else {
			rest = append(rest, r)
		}
	}
	first, gap := 0, max(3, length/4)
	for i := range mine {
		if i > 0 && m.blank(w, *l, mine[i-1].x, mine[i].x) > gap {
			first = i
		}
		if n := mine[i].x - mine[first].x + 1; n > l.end-l.start {
			l.start, l.end = mine[first].x, mine[i].x+1
		}
	}
	var thick []float64
	for _, r := range mine {
		if r.x >= l.start && r.x < l.end {
			thick = append(thick, float64(r.bottom-r.top))
		}
	}
	if len(thick) == 0 {
		return rest, false
	}
	covered := len(thick)
	l.thick = int(quantile(thick, 0.5))
	n := l.end - l.start
	return rest, n >= length && 3*covered*step >= n && 6*m.blank(w, *l, l.start, l.end) <= n
}

// blank counts the columns from ≤ x < to that have no ink along a line.
func (m mask) blank(w int, l line, from, to int) (n int) {
	for x := from; x < to; x++ {
		y, ink := int(math.Round(l.at(x))), false
		for row := max(0, y-1); row <= min(len(m)/w-1, y+1); row++ {
			ink = ink || m[row*w+x]
		}
		if !ink {
			n++
		}
	}
	return n
}

// erase removes a line from the ink, but keeps strokes that cross it: ink stays where it continues beyond the line in its column.
func (m mask) erase(w int, l line) {
	h := len(m) / w
	reach := l.thick/2 + 2
	for x := max(0, l.start-l.thick); x < min(w, l.end+l.thick); x++ {
		middle := int(l.at(x) + 0.5)
		for y := max(0, middle-reach); y <= min(h-1, middle+reach); y++ {
			if !m[y*w+x] {
				continue
			}
			top, bottom := y, y
			for top > 0 && m[(top-1)*w+x] {
				top--
			}
			for bottom < h && m[bottom*w+x] {
				bottom++
			}
			if bottom-top <= l.thick+max(2, l.thick/2) {
				for ; top < bottom; top++ {
					m[top*w+x] = false
				}
			}
			y = max(y, bottom)
		}
	}
}

// transposed swaps rows and columns.
func (m mask) transposed(w int) mask {
	h := len(m) / w
	out := make(mask, len(m))
	for i, ok := range m {
		out[i%w*h+i/w] = ok
	}
	return out
}

// ruling holds the lines of a picture, which may belong to paper, a table or a frame.
type ruling struct{ across, down []line } // down has rows and columns swapped

// ruling finds the lines that are at least the given fraction of a side long, in both directions.
func (m mask) ruling(w, most int, part float64) ruling {
	h := len(m) / w
	return ruling{m.lines(w, most, max(6, int(part*float64(w)))), m.transposed(w).lines(h, most, max(6, int(part*float64(h))))}
}

// without returns the ink without the lines.
func (m mask) without(w int, r ruling) mask {
	out := append(mask(nil), m...)
	for _, l := range r.across {
		out.erase(w, l)
	}
	if len(r.down) > 0 {
		turned := out.transposed(w)
		for _, l := range r.down {
			turned.erase(len(m)/w, l)
		}
		out = turned.transposed(len(m) / w)
	}
	return out
}

// beyond reports whether a line extends past start and end, by at least by pixels at both ends.
func (l line) beyond(start, end, by int) bool { return l.start <= start-by && l.end >= end+by }

// tableOnly keeps the lines of a table: in each direction they are equally long, and there are too many of them for a box.
func (r ruling) tableOnly(_, _ int, _ image.Rectangle) ruling {
	r = ruling{longest(r.across), longest(r.down)}
	if a, d := len(r.across), len(r.down); min(a, d) < 2 || a+d < 5 {
		return ruling{}
	}
	return r
}

// longest keeps the lines that are nearly as long as the longest one.
func longest(lines []line) (out []line) {
	most := 0
	for _, l := range lines {
		most = max(most, l.end-l.start)
	}
	for _, l := range lines {
		if 20*(l.end-l.start) >= 17*most {
			out = append(out, l)
		}
	}
	return out
}

// foreign keeps the lines that are not part of the digit whose other ink is in box. A line from edge to edge of the picture, or one of several, is
// foreign if it continues beyond the digit at both ends. The bar of a 4, 5 or 7 does not, because the rest of the digit is at one of its ends.
// The stem of a 4 may; so a single vertical line must be beside the digit, or others must cross it.
func (r ruling) foreign(w, h int, box image.Rectangle) ruling {
	across := keepForeign(r.across, w, h, true, false, box)
	crossed := len(across) > 1
	return ruling{across, keepForeign(r.down, h, w, false, crossed, image.Rect(box.Min.Y, box.Min.X, box.Max.Y, box.Max.X))}
}

// keepForeign keeps the foreign lines along a side of length w.
func keepForeign(lines []line, w, h int, level, crossed bool, box image.Rectangle) []line {
	var out []line
	margin, size := 2+w/33, max(box.Dx(), box.Dy())
	small := max(w, h) < 64 // Strokes and lines look alike there.
	for _, l := range lines {
		across := l.start <= margin && l.end >= w-margin
		middle := l.at(w / 2)
		aside := middle < 0.15*float64(h) || middle > 0.85*float64(h)
		reaches := l.start <= margin || l.end >= w-margin
		by := 2 + size/6
		if reaches && len(lines) > 1 || across {
			by = 1 + size/20
		}
		if across && len(lines) > 1 {
			by = 1 + size/100
		}
		long := level && (aside || across || reaches && 5*(l.end-l.start) >= 3*w)
		if small && !(across && aside) {
			continue
		}
		if (len(lines) > 1 || crossed || across && aside || long) && l.beyond(box.Min.X, box.Max.X, by) {
			out = append(out, l)
		}
	}
	return out
}
