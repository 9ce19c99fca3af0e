package mnist

import (
	"image"
	"math"
	"math/rand/v2"
)

// scene is a picture being drawn, in gray levels: paper with a digit on it, and what else people's pictures contain.
type scene struct {
	grid
	rng        *rand.Rand
	ink, light float64         // the fraction of light that ink and paper reflect, relative to white
	digit      image.Rectangle // where the ink is
}

// between returns a random number from low to high.
func (s *scene) between(low, high float64) float64 { return low + (high-low)*s.rng.Float64() }

// newScene draws a digit near the middle, enlarged smoothly so that its 28 pixels take the given part of the shorter side.
func newScene(digit []byte, w, h int, part float64, rng *rand.Rand) *scene {
	s := &scene{grid: newGrid(w, h), rng: rng, ink: 0.1 + 0.3*rng.Float64(), light: 0.85 + 0.15*rng.Float64()}
	for i := range s.v {
		s.v[i] = 255 * s.light
	}
	scale := part * float64(min(w, h)) / 28
	left := float64(w)/2 - 14*scale + (rng.Float64()-0.5)*0.1*float64(w)
	top := float64(h)/2 - 14*scale + (rng.Float64()-0.5)*0.1*float64(h)
	s.draw(digit, left, top, scale, func(x, y int) float64 { return 1 })
	return s
}

// draw adds a digit's ink, each of its pixels scale×scale, as strong as strength says.
func (s *scene) draw(digit []byte, left, top, scale float64, strength func(x, y int) float64) {
	var box image.Rectangle
	for y := range s.h {
		for x := range s.w {
			v := smooth(digit, (float64(x)+0.5-left)/scale-0.5, (float64(y)+0.5-top)/scale-0.5)
			if v > 0.25 {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
			s.blend(x, y, 255*s.ink, v*strength(x, y))
		}
	}
	s.digit = box
}

// smooth interpolates the ink of a digit between its pixels.
func smooth(digit []byte, x, y float64) float64 {
	x0, y0 := math.Floor(x), math.Floor(y)
	at := func(x, y int) float64 {
		if x < 0 || y < 0 || x > 27 || y > 27 {
			return 0
		}
		return float64(digit[28*y+x]) / 255
	}
	fx, fy, i, j := x-x0, y-y0, int(x0), int(y0)
	return (1-fy)*((1-fx)*at(i, j)+fx*at(i+1, j)) + fy*((1-fx)*at(i, j+1)+fx*at(i+1, j+1))
}

// blend mixes a gray level into a pixel.
func (s *scene) blend(x, y int, level, share float64) {
	if x >= 0 && y >= 0 && x < s.w && y < s.h {
		i := y*s.w + x
		s.v[i] += (level - s.v[i]) * share
	}
}

// fill mixes a gray level into all pixels that inside selects.
func (s *scene) fill(level float64, inside func(x, y int) bool) {
	for i := range s.v {
		if inside(i%s.w, i/s.w) {
			s.v[i] = level
		}
	}
}

// line draws a straight line, thick pixels wide; darker pixels stay.
func (s *scene) line(x0, y0, x1, y1, thick, level float64) {
	dx, dy := x1-x0, y1-y0
	length := math.Hypot(dx, dy)
	for i := range s.v {
		x, y := float64(i%s.w)+0.5, float64(i/s.w)+0.5
		along := ((x-x0)*dx + (y-y0)*dy) / length
		off := math.Abs((x-x0)*dy-(y-y0)*dx) / length
		share := min(1, max(0, thick/2-off+0.5))
		if along >= -thick/2 && along <= length+thick/2 && share > 0 && s.v[i] > level {
			s.v[i] += (level - s.v[i]) * share
		}
	}
}

// border draws lines of one to six pixels, of any gray, along one to four of the edges.
func (s *scene) border() {
	n, level := 1+s.rng.IntN(6), s.between(0, 200)
	sides := 1 + s.rng.IntN(15)
	if s.rng.IntN(2) == 0 {
		sides = 15
	}
	s.fill(level, func(x, y int) bool {
		return sides&1 != 0 && x < n || sides&2 != 0 && y < n || sides&4 != 0 && x >= s.w-n || sides&8 != 0 && y >= s.h-n
	})
}

// ruled draws the lines of ruled or squared paper, slightly turned.
func (s *scene) ruled() {
	h := float64(s.digit.Dy())
	gap := s.between(0.25, 1.3) * h
	thick, level := s.between(0.01, 0.045)*h, s.between(30, 200)
	if s.rng.IntN(2) == 0 {
		thick = max(thick, 1)
	}
	turn := s.between(-0.05, 0.05)
	for y := s.between(-gap, 0); y < 2*float64(s.h); y += gap {
		s.line(-50, y-turn*50, float64(s.w)+50, y+turn*float64(s.w+50), thick, level)
	}
	if s.rng.IntN(3) == 0 {
		for x := s.between(-gap, 0); x < 2*float64(s.w); x += gap {
			s.line(x+turn*50, -50, x-turn*float64(s.h+50), float64(s.h)+50, thick, level)
		}
	}
}

// table darkens the area beside the paper, at one to three sides and at an angle; sometimes it is lighter than the paper.
func (s *scene) table() {
	level := s.between(10, 110)
	for range 1 + s.rng.IntN(3) {
		side, slope := s.rng.IntN(4), s.between(-0.15, 0.15)
		var room float64
		switch side {
		case 0:
			room = float64(s.digit.Min.X) / float64(s.w)
		case 1:
			room = float64(s.w-s.digit.Max.X) / float64(s.w)
		case 2:
			room = float64(s.digit.Min.Y) / float64(s.h)
		default:
			room = float64(s.h-s.digit.Max.Y) / float64(s.h)
		}
		deep := s.between(0.03, max(0.04, room-0.12))
		s.fill(level, func(x, y int) bool {
			fx, fy := float64(x)/float64(s.w), float64(y)/float64(s.h)
			switch side {
			case 0:
				return fx < deep+slope*(fy-0.5)
			case 1:
				return 1-fx < deep+slope*(fy-0.5)
			case 2:
				return fy < deep+slope*(fx-0.5)
			}
			return 1-fy < deep+slope*(fx-0.5)
		})
	}
}

// box draws a rectangle around the digit, which sometimes touches it.
func (s *scene) box() {
	h := float64(max(s.digit.Dx(), s.digit.Dy()))
	thick, level := s.between(0.01, 0.06)*h, s.between(0, 150)
	out := func() float64 { return s.between(-0.02, 0.35) * h }
	x0, y0 := float64(s.digit.Min.X)-out(), float64(s.digit.Min.Y)-out()
	x1, y1 := float64(s.digit.Max.X)+out(), float64(s.digit.Max.Y)+out()
	if x1-x0 < 0.6*h {
		x0, x1 = x0-0.3*h, x1+0.3*h
	}
	s.line(x0, y0, x1, y0, thick, level)
	s.line(x1, y0, x1, y1, thick, level)
	s.line(x0, y1, x1, y1, thick, level)
	s.line(x0, y0, x0, y1, thick, level)
}

// cell draws the lines of a cell cut out of a form, at one to four edges but not quite at them.
func (s *scene) cell() {
	thick, level := s.between(1, 0.03*float64(s.h)), s.between(0, 170)
	off := func() float64 { return s.between(0, 0.04) * float64(s.h) }
	w, h := float64(s.w), float64(s.h)
	sides := 1 + s.rng.IntN(15)
	if sides&1 != 0 {
		s.line(-9, off(), w+9, off(), thick, level)
	}
	if sides&2 != 0 {
		s.line(-9, h-off(), w+9, h-off(), thick, level)
	}
	if sides&4 != 0 {
		s.line(off(), -9, off(), h+9, thick, level)
	}
	if sides&8 != 0 {
		s.line(w-off(), -9, w-off(), h+9, thick, level)
	}
}

// neighbor draws a part of another digit at an edge.
func (s *scene) neighbor(other []byte) {
	keep, scale := s.digit, float64(s.digit.Dy())/20
	share := s.between(0.1, 0.45)
	size := 20 * scale
	x, y := s.between(-4*scale, float64(s.w)-24*scale), s.between(-4*scale, float64(s.h)-24*scale)
	switch s.rng.IntN(4) {
	case 0:
		x = min(-4*scale-size*(1-share), float64(keep.Min.X)-24.5*scale)
	case 1:
		x = max(float64(s.w)-4*scale-size*share, float64(keep.Max.X)-3.5*scale)
	case 2:
		y = min(-4*scale-size*(1-share), float64(keep.Min.Y)-24.5*scale)
	default:
		y = max(float64(s.h)-4*scale-size*share, float64(keep.Max.Y)-3.5*scale)
	}
	s.draw(other, x, y, scale, func(x, y int) float64 { return 1 })
	s.digit = keep
}

// shade makes the light uneven, with a shadow's edge or darker corners.
func (s *scene) shade() {
	dx, dy := s.between(-0.4, 0.4), s.between(-0.4, 0.4)
	turn, at, soft := s.between(0, 2*math.Pi), s.between(-0.4, 0.4), s.between(0.02, 0.3)
	deep, corners := s.between(0, 0.5), s.between(0, 0.5)
	for i := range s.v {
		x, y := float64(i%s.w)/float64(s.w)-0.5, float64(i/s.w)/float64(s.h)-0.5
		edge := (math.Cos(turn)*x + math.Sin(turn)*y - at) / soft
		light := (1 + dx*x + dy*y) * (1 - deep/(1+math.Exp(-4*edge))) * (1 - corners*(x*x+y*y))
		s.v[i] = min(255, s.v[i]*light)
	}
}

// blur blurs the picture as a lens out of focus does.
func (s *scene) blur(radius int) {
	for range 2 {
		old := grid{append([]float64(nil), s.v...), s.w, s.h}
		for y := range s.h {
			for x := range s.w {
				sum := 0.0
				for d := -radius; d <= radius; d++ {
					sum += old.at(min(max(0, x+d), s.w-1), y) + old.at(x, min(max(0, y+d), s.h-1))
				}
				s.v[y*s.w+x] = sum / float64(4*radius+2)
			}
		}
	}
}

// noise adds a sensor's noise.
func (s *scene) noise(deviation float64) {
	for i := range s.v {
		s.v[i] += deviation * s.rng.NormFloat64()
	}
}

// photograph applies light, lens and sensor.
func (s *scene) photograph() {
	s.shade()
	s.blur(1 + s.w/400)
	s.noise(s.between(1, 5))
}

// image returns the picture, in gray or in colors between those of ink and paper.
func (s *scene) image(colored, negative bool) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, s.w, s.h))
	tint := [3]float64{1, 1, 1}
	if colored {
		tint = [3]float64{s.between(0.7, 1), s.between(0.7, 1), s.between(0.5, 1)}
	}
	for i, v := range s.v {
		if negative {
			v = 255 - v
		}
		for c := range 3 {
			img.Pix[4*i+c] = byte(min(255, max(0, v*tint[c]+0.5)))
		}
		img.Pix[4*i+3] = 255
	}
	return img
}
