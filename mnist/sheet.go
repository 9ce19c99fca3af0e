package mnist

import (
	"image"
	"math"
	"slices"
)

// sheet is a picture in which ink is positive, with a selection of the ink that may belong to digits.
type sheet struct {
	grid
	low     float64 // anything weaker is paper
	ink     mask
	foreign mask  // lines, and other ink that is not part of a digit
	owner   []int // the digit of each pixel, from 1; 0 means none
}

// leastContrast is how many of 255 gray levels ink must differ from its background. Paper in a photo varies less than this, and a pencil's line
// differs more.
const leastContrast = 20

// newSheet looks for ink in a picture shrunk to sides of at most side pixels. There are two thresholds: weak ink counts if it is connected with
// strong ink.
func newSheet(img image.Image, side int) *sheet {
	g := lightness(img, side)
	g.strokes()
	s := &sheet{grid: g, ink: make(mask, len(g.v)), foreign: make(mask, len(g.v))}
	for i := range s.ink {
		s.ink[i] = true
	}
	s.low = g.weakest()
	s.keep(s.low, max(leastContrast, 1.3*s.low))
	s.dropLines(ruling.tableOnly)
	s.dropBoxes()
	s.dropLines(ruling.foreign)
	s.dropEdges()
	if full := s.full(); full > 0 {
		s.low = max(s.low, full/7)
		s.keep(s.low, max(leastContrast, 0.3*full))
	}
	return s
}

// weakest returns how strong ink must be to be more than noise. Noise is how much nearby pixels differ. At least a third of the pixels are assumed
// to be paper.
func (g grid) weakest() float64 {
	const apart = 3
	var levels, steps []float64
	for i := 0; i < len(g.v)-apart; i += 1 + len(g.v)/(1<<14) {
		levels = append(levels, g.v[i])
		steps = append(steps, math.Abs(g.v[i+apart]-g.v[i]))
	}
	if len(levels) == 0 {
		return 0
	}
	weak, weakest := quantile(levels, 0.3), quantile(levels, 0.1)
	sigma := min(quantile(steps, 0.5)/(0.6745*math.Sqrt2), (weak-weakest)/(1.28-0.52))
	return max(0.6*leastContrast, min(weak+5.5*sigma, 0.4*quantile(levels, 0.99)))
}

// keep selects the ink that reaches the lower threshold and is connected with ink that reaches the higher one.
func (s *sheet) keep(low, high float64) {
	for i, v := range s.v {
		s.ink[i] = s.ink[i] && v >= low && !s.foreign[i]
	}
	numbers, list := s.pieces(s.ink)
	for i, n := range numbers {
		s.ink[i] = n > 0 && list[n-1].peak >= high
	}
}

// full returns the strength of the strongest ink, of which one hundredth is stronger.
func (s *sheet) full() float64 {
	var v []float64
	for i, ok := range s.ink {
		if ok {
			v = append(v, s.v[i])
		}
	}
	if len(v) == 0 {
		return 0
	}
	return quantile(v, 0.99)
}

// replace selects new ink. Old ink that is not in it becomes foreign, and so do its gray edges.
func (s *sheet) replace(ink mask) {
	gone := make(mask, len(ink))
	for i, ok := range s.ink {
		gone[i] = ok && !ink[i]
	}
	for i, ok := range gone.grow(s.w, 1+max(s.w, s.h)/512) {
		s.foreign[i] = s.foreign[i] || ok && !ink[i]
	}
	s.ink = ink
}

// largest returns the box of the largest piece, among those that look like digits if there are any.
func largest(list []piece) image.Rectangle {
	best, score := image.Rectangle{}, 0
	for _, p := range list {
		n := p.tall()
		if p.box.Dy()*2 < p.box.Dx() {
			n /= 3
		}
		if n > score {
			best, score = p.box, n
		}
	}
	return best
}

// body returns the box around the largest piece and those at least a third as large.
func body(list []piece) image.Rectangle {
	box := largest(list)
	size := max(box.Dx(), box.Dy())
	for _, p := range list {
		if 3*p.tall() >= size {
			box = box.Union(p.box)
		}
	}
	return box
}

// inside returns the pieces that do not touch an edge of the picture.
func (s *sheet) inside(list []piece) []piece {
	var out []piece
	for _, p := range list {
		if p.box.In(image.Rect(1, 1, s.w-1, s.h-1)) {
			out = append(out, p)
		}
	}
	return out
}

// The fraction of a side that a line must be long, and how thick it may be.
const (
	lineLength = 0.45
	lineThick  = 1. / 16
)

// dropLines removes foreign lines from the ink, if a digit is left.
func (s *sheet) dropLines(foreign func(r ruling, w, h int, digit image.Rectangle) ruling) {
	r := s.ink.ruling(s.w, max(2, int(lineThick*float64(max(s.w, s.h)))), lineLength)
	if len(r.across)+len(r.down) == 0 {
		return
	}
	_, list := s.pieces(s.ink.without(s.w, r))
	least := max(4, max(s.w, s.h)/12)
	if len(list) > 4 {
		least /= 4
	}
	rest := body(s.inside(list))
	if max(rest.Dx(), rest.Dy()) < least {
		rest = body(list)
	}
	if max(rest.Dx(), rest.Dy()) < least {
		return
	}
	if r = foreign(r, s.w, s.h, rest); len(r.across)+len(r.down) > 0 {
		s.replace(s.ink.without(s.w, r))
	}
}

// maxBoxes is how many of the largest pieces of ink are checked for being boxes.
const maxBoxes = 64

// dropBoxes removes boxes around digits, whether they touch the digits or not.
func (s *sheet) dropBoxes() {
	numbers, list := s.pieces(s.ink)
	tried := 0
	for _, p := range list {
		w, h := p.box.Dx(), p.box.Dy()
		if p.tall() < max(8, max(s.w, s.h)/8) || min(w, h) < p.tall()/4 {
			continue
		}
		if tried++; tried > maxBoxes {
			break
		}
		part := make(mask, w*h)
		for i := range part {
			part[i] = numbers[(p.box.Min.Y+i/w)*s.w+p.box.Min.X+i%w] == p.number
		}
		sides := part.sides(w)
		if sides == nil {
			continue
		}
		ink := slices.Clone(s.ink)
		for i, ok := range part.without(w, *sides) {
			if !ok && part[i] {
				ink[(p.box.Min.Y+i/w)*s.w+p.box.Min.X+i%w] = false
			}
		}
		_, rest := s.pieces(ink)
		rest = slices.DeleteFunc(rest, func(q piece) bool { return !q.box.In(p.box) })
		if in := largest(rest); 5*in.Dy() >= h && 2*in.Dy() >= in.Dx() {
			s.replace(ink)
		}
	}
}

// sides returns the lines of a box if the ink is one: at least three, near its edges.
func (m mask) sides(w int) *ruling {
	h := len(m) / w
	most := max(2, max(w, h)/12)
	all := m.ruling(w, most, 0.7)
	var r ruling
	n := 0
	near := func(list []line, w, h int) (out []line) {
		var low, high bool
		for _, l := range list {
			at := l.at(w/2) / float64(h)
			if at < 0.15 || at > 0.85 {
				out = append(out, l)
				low, high = low || at < 0.15, high || at > 0.85
			}
		}
		if low {
			n++
		}
		if high {
			n++
		}
		return out
	}
	r.across, r.down = near(all.across, w, h), near(all.down, h, w)
	if n < 3 {
		return nil
	}
	return &r
}

// dropEdges removes what touches the picture's edges, such as the table or a part of another digit, if a digit is left that does not.
func (s *sheet) dropEdges() {
	numbers, list := s.pieces(s.ink)
	in := s.inside(list)
	digit := largest(in)
	size := max(digit.Dx(), digit.Dy())
	if 2*digit.Dy() < digit.Dx() || size < max(6, max(s.w, s.h)/12) {
		return
	}
	gone, near := make([]bool, len(list)+1), make([]int, len(list)+1)
	for i, n := range numbers {
		if s.edge(i, max(1, min(s.w, s.h)/8)) {
			near[n]++
		}
	}
	for _, p := range list {
		if p.box.In(image.Rect(1, 1, s.w-1, s.h-1)) {
			continue
		}
		around := s.w*9 <= p.box.Dx()*10 || s.h*9 <= p.box.Dy()*10
		gone[p.number] = around || !p.box.Overlaps(digit.Inset(-1-size/20)) ||
			10*near[p.number] > 7*p.size // Most of it is near the edges.
	}
	ink := slices.Clone(s.ink)
	for i, n := range numbers {
		if gone[n] {
			ink[i] = false
		}
	}
	s.replace(ink)
}

// paper returns the value up to which pixels are background: the mean of those far from ink, plus one gray level and three standard
// deviations.
func (s *sheet) paper(ink mask) float64 {
	sum, squares, n := 0.0, 0.0, 0.0
	for i, v := range s.v {
		if !ink[i] && !s.foreign[i] && v < 2*s.low {
			sum += v
			squares += v * v
			n++
		}
	}
	if n == 0 {
		return 0
	}
	mean := sum / n
	return 1 + mean + 3*math.Sqrt(max(0, squares/n-mean*mean))
}

// nothing returns the error for a picture without a digit.
func (s *sheet) nothing() error {
	for _, ok := range s.ink {
		if ok {
			return errPattern
		}
	}
	return errNoInk
}
