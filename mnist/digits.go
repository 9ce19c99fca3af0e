package mnist

import (
	"cmp"
	"image"
	"slices"
)

// Digit is a digit found in a picture.
type Digit struct {
	Pixels []byte          // 28×28, light on dark, in MNIST's frame
	Box    image.Rectangle // where its ink is in the picture
}

// Digits finds the digits in a drawing, a photo or a scan, in reading order. If digits are small in a large picture, it looks again at a higher
// resolution. A picture without ink, or with more than 1,000 pieces of ink, is an error.
func Digits(img image.Image) ([]Digit, error) {
	bounds := img.Bounds()
	if bounds.Empty() {
		return nil, errNoInk
	}
	var s *sheet
	var groups []group
	for side := workSide; ; side *= 2 {
		s = newSheet(img, side)
		groups = s.groups()
		if len(groups) == 0 {
			return nil, s.nothing()
		}
		if size(groups) >= 2*frameSide || len(groups) > maxDigits || side >= max(bounds.Dx(), bounds.Dy()) || side >= readSide {
			break
		}
	}
	if len(groups) > maxDigits {
		return nil, errPattern
	}
	var out []Digit
	paper := s.paper(s.ink.grow(s.w, (size(groups)+inkSide-1)/inkSide))
	for _, g := range groups {
		out = append(out, s.digit(g, paper, bounds))
	}
	return out, nil
}

// group is the ink of one digit: pieces that belong together.
type group struct {
	number int // from 1
	box    image.Rectangle
}

// maxDigits is the most digits that a picture may hold. If there are more, it is a pattern.
const maxDigits = 1000

// groups joins the pieces of ink into digits. A piece nearly half as high as most ink is a digit, or a part of a digit above or below it. Smaller
// pieces belong to the digit that they are near, and specks to none.
func (s *sheet) groups() []group {
	numbers, list := s.pieces(s.ink)
	high, biggest := usual(list)
	all := len(list)
	list = slices.DeleteFunc(list, func(p piece) bool { return 50*p.size < biggest })
	if len(list) > 4*maxDigits {
		return nil
	}
	owner := make([]int, all+1) // the digit of each piece, from 1
	var boxes []image.Rectangle
	for _, p := range list {
		if 20*p.box.Dy() < 9*high {
			continue
		}
		k := slices.IndexFunc(boxes, func(b image.Rectangle) bool { return together(b, p.box) })
		if k < 0 {
			k = len(boxes)
			boxes = append(boxes, p.box)
		}
		owner[p.number], boxes[k] = k+1, boxes[k].Union(p.box)
	}
	for _, p := range list {
		if owner[p.number] > 0 {
			continue
		}
		best, least := -1, 1+high/3
		for k, b := range boxes {
			if d := apart(b, p.box); d < least {
				best, least = k, d
			}
		}
		if best >= 0 {
			owner[p.number], boxes[best] = best+1, boxes[best].Union(p.box)
		}
	}
	out := make([]group, len(boxes))
	for k := range out {
		out[k] = group{k + 1, boxes[k]}
	}
	for i, n := range numbers {
		numbers[i] = owner[n]
	}
	s.owner = numbers
	return inOrder(out)
}

// usual sorts pieces, largest first. It returns the height of most of the ink, and the size of the largest piece.
func usual(list []piece) (high, biggest int) {
	all := 0
	for _, p := range list {
		all += p.size
		biggest = max(biggest, p.size)
	}
	slices.SortFunc(list, func(a, b piece) int { return cmp.Compare(b.box.Dy(), a.box.Dy()) })
	sum := 0
	for _, p := range list {
		if sum += p.size; 2*sum >= all {
			high = p.box.Dy()
			break
		}
	}
	slices.SortFunc(list, func(a, b piece) int { return cmp.Compare(b.size, a.size) })
	return high, biggest
}

// together reports whether two high pieces are parts of one digit: one is above the other, and they are near.
func together(a, b image.Rectangle) bool {
	over := min(a.Max.X, b.Max.X) - max(a.Min.X, b.Min.X)
	return over > 0 && apart(a, b) < max(a.Dy(), b.Dy())/6
}

// apart returns how far one box is from the other, along the axis where they are farther apart.
func apart(a, b image.Rectangle) int {
	return max(0, max(a.Min.X, b.Min.X)-min(a.Max.X, b.Max.X), max(a.Min.Y, b.Min.Y)-min(a.Max.Y, b.Max.Y))
}

// size returns the median of the longer sides of digits.
func size(groups []group) int {
	var list []int
	for _, g := range groups {
		list = append(list, max(g.box.Dx(), g.box.Dy()))
	}
	slices.Sort(list)
	return list[len(list)/2]
}

// inOrder sorts digits by row, and within a row from the left. A digit whose middle is clearly below the last one's starts a new row.
func inOrder(groups []group) []group {
	if len(groups) == 0 {
		return nil
	}
	middle := func(g group) int { return (g.box.Min.Y + g.box.Max.Y) / 2 }
	slices.SortFunc(groups, func(a, b group) int { return cmp.Compare(middle(a), middle(b)) })
	start, step := 0, size(groups)*2/5
	for i := 1; i <= len(groups); i++ {
		if i == len(groups) || middle(groups[i]) > middle(groups[i-1])+step {
			slices.SortFunc(groups[start:i], func(a, b group) int { return cmp.Compare(a.box.Min.X, b.box.Min.X) })
			start = i
		}
	}
	return groups
}

// digit puts a digit's ink into MNIST's frame. bounds are those of the whole picture.
func (s *sheet) digit(d group, paper float64, bounds image.Rectangle) Digit {
	near := d.box.Inset(-2 - max(d.box.Dx(), d.box.Dy())/10).Intersect(image.Rect(0, 0, s.w, s.h))
	one := s.part(near, d.number)
	noise := min(paper, one.full()/4)
	one.strengthen()
	full := one.full()
	strong := make(mask, len(one.ink))
	for i, ok := range one.ink {
		strong[i] = ok && one.v[i] >= full/2
	}
	cut, box := one.cut(strong, one.foreign, noise)
	box = box.Add(near.Min)
	x, y := float64(bounds.Dx())/float64(s.w), float64(bounds.Dy())/float64(s.h)
	at := image.Rect(int(x*float64(box.Min.X)), int(y*float64(box.Min.Y)), int(x*float64(box.Max.X)+0.5), int(y*float64(box.Max.Y)+0.5))
	return Digit{resample(cut.at, cut.w, cut.h, inkSide/float64(max(cut.w, cut.h))).place(), at.Add(bounds.Min)}
}

// part returns a part of the sheet in which only one digit's ink counts.
func (s *sheet) part(b image.Rectangle, number int) *sheet {
	w, h := b.Dx(), b.Dy()
	out := &sheet{grid: newGrid(w, h), low: s.low, ink: make(mask, w*h), foreign: make(mask, w*h)}
	for i := range out.v {
		j := (b.Min.Y+i/w)*s.w + b.Min.X + i%w
		out.v[i], out.ink[i] = s.v[j], s.owner[j] == number
		out.foreign[i] = s.foreign[j] || s.ink[j] && !out.ink[i]
	}
	return out
}

// strengthen makes faint strokes nearly as strong as the strongest, because the pressure of the pen means nothing.
func (s *sheet) strengthen() {
	const least = 0.9
	size := s.ink.bounds(s.w).Size()
	local := newGrid(s.w, s.h)
	for i, ok := range s.ink {
		if ok {
			local.v[i] = s.v[i]
		}
	}
	local = local.widest(max(1, max(size.X, size.Y)/inkSide*2))
	full, faint, all := s.full(), 0, 0
	for i, ok := range s.ink {
		if ok {
			if all++; local.v[i] < full/2 {
				faint++
			}
		}
	}
	if 20*faint < all {
		return
	}
	for i, v := range local.v {
		if v > 0 && v < least*full {
			s.v[i] *= least * full / v
		}
	}
}
