package mnist

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
)

// kinds are the things that people's pictures contain besides a digit, and in how many of 4 pictures the digit must come out as if it were
// alone.
var kinds = []struct {
	name  string
	least int
	spoil func(s *scene, other []byte)
	light bool // ink on dark paper too
}{
	{"colored", 4, func(s *scene, other []byte) {}, true},
	{"border", 3, func(s *scene, other []byte) { s.border() }, true},
	{"cell", 3, func(s *scene, other []byte) { s.cell() }, true},
	{"box", 3, func(s *scene, other []byte) { s.box() }, true},
	{"neighbor", 3, func(s *scene, other []byte) { s.neighbor(other) }, true},
	{"light", 3, func(s *scene, other []byte) { s.photograph() }, true},
	{"ruled", 3, func(s *scene, other []byte) { s.ruled() }, true},
	{"ruled, photo", 3, func(s *scene, other []byte) { s.ruled(); s.photograph() }, false},
	{"table", 3, func(s *scene, other []byte) { s.table(); s.photograph() }, false},
}

// A digit is found whatever is around it: its frame is close to that of the digit alone. The mean difference between two digits' pixels is about
// 50 of 255; a frame that is off by one pixel gives 20.
func TestDigitsKinds(t *testing.T) {
	test, of := digits(t).Test, 4
	if n, err := strconv.Atoi(os.Getenv("STHENO_PICTURES")); err == nil {
		of = n // for docs/pictures.md
	}
	for k, kind := range kinds {
		rng := rand.New(rand.NewPCG(7, uint64(k)))
		good := 0
		for i := range of {
			side := 90 + rng.IntN(80)
			s := newScene(test.Image(i), side, side+rng.IntN(side/4), 0.5+0.35*rng.Float64(), rng)
			kind.spoil(s, test.Image(100+i))
			frame, err := frameOf(compressed(t, s.image(true, kind.light && i%3 == 0), i%2 == 0))
			if err == nil && difference(frame, test.Image(i)) < 30 {
				good++
			}
		}
		t.Logf("%-12s %d of %d", kind.name, good, of)
		if good < kind.least*of/4 {
			t.Errorf("%s: %d of %d digits, want %d of 4", kind.name, good, of, kind.least)
		}
	}
}

// compressed returns a picture as JPEG makes it, for kinds that are JPEGs.
func compressed(t *testing.T, img image.Image, really bool) image.Image {
	if !really {
		return img
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 50}); err != nil {
		t.Fatal(err)
	}
	out, err := ReadImage(&b, "picture")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A table at two sides of the paper, in one piece, and a part of a digit larger than the one inside are ignored.
func TestDigitsAside(t *testing.T) {
	test := digits(t).Test
	for name, spoil := range map[string]func(s *scene){
		"table":        func(s *scene) { s.fill(60, func(x, y int) bool { return x < 10 || y >= 112+x/40 }) },
		"larger digit": func(s *scene) { s.draw(test.Image(13), 40, -46, 3, func(x, y int) float64 { return 1 }) },
	} {
		for i := range 2 {
			s := newScene(make([]byte, frameSide*frameSide), 120, 120, 1, rand.New(rand.NewPCG(4, uint64(i))))
			spoil(s)
			s.draw(test.Image(i), 34, 46, 2, func(x, y int) float64 { return 1 })
			if list, err := Digits(s.image(false, false)); err != nil || len(list) != 1 || !list[0].Box.In(s.digit.Inset(-3)) {
				t.Errorf("%s: %v, the digit is at %v; %v", name, list, s.digit, err)
			}
		}
	}
}

// A digit that touches the edges of the picture or fills it is kept, and so is a digit that is a line.
func TestDigitsKeepsEdges(t *testing.T) {
	test, bad := digits(t).Test, 0
	for i := range 12 {
		rng := rand.New(rand.NewPCG(9, uint64(i)))
		s := newScene(test.Image(i), 140, 140, 0.9, rng)
		b := s.digit
		for _, cut := range []image.Rectangle{b, {b.Min, image.Pt(140, 140)}, {image.Pt(0, 0), b.Max}} {
			list, err := Digits(s.image(false, false).(*image.NRGBA).SubImage(cut))
			if err != nil || len(list) != 1 {
				t.Errorf("digit %d of %v in %v: %d digits, %v", i, b, cut, len(list), err)
			} else if d := difference(list[0].Pixels, test.Image(i)); d > 30 {
				t.Logf("digit %d of %v in %v: mean absolute difference %.1f", i, b, cut, d)
				bad++
			}
		}
	}
	if bad > 1 { // a thick 0 without paper around it is a hole in ink
		t.Errorf("%d of 36 digits are not what they were", bad)
	}
	for _, at := range []image.Rectangle{image.Rect(48, 10, 53, 90), image.Rect(48, 0, 53, 100), image.Rect(3, 5, 8, 95)} {
		img := image.NewGray(image.Rect(0, 0, 100, 100))
		for i := range img.Pix {
			if img.Pix[i] = 255; image.Pt(i%100, i/100).In(at) {
				img.Pix[i] = 0
			}
		}
		list, err := Digits(img)
		if err != nil || len(list) != 1 || list[0].Box != at {
			t.Errorf("a 1 at %v: %v, %v", at, list, err)
		}
	}
}

// Faint strokes beside dark ones are not lost.
func TestDigitsFaint(t *testing.T) {
	test := digits(t).Test
	for i := range 8 {
		s := newScene(make([]byte, frameSide*frameSide), 120, 120, 0.9, rand.New(rand.NewPCG(3, uint64(i))))
		s.draw(test.Image(i), 4, 4, 4, func(x, y int) float64 {
			if y > 60 {
				return 0.4
			}
			return 1
		})
		list, err := Digits(s.image(false, false))
		if err != nil || len(list) != 1 {
			t.Errorf("digit %d: %d digits, %v", i, len(list), err)
			continue
		}
		ink, seen := 0, 0
		for j, v := range test.Image(i)[:27*frameSide] {
			if near := list[0].Pixels[max(0, j-frameSide-1):]; v > 128 {
				if ink++; max(near[0], near[1], near[2], near[28], near[29], near[30], near[56], near[57]) > 90 {
					seen++
				}
			}
		}
		if 10*seen < 9*ink {
			t.Errorf("digit %d: of %d pixels of ink %d are seen", i, ink, seen)
		}
	}
}

// page draws digits in rows, with the lines of a table or without.
func page(test Set, rows, cols, cell int, lines bool) *image.Gray {
	rng := rand.New(rand.NewPCG(5, 5))
	s := newScene(make([]byte, frameSide*frameSide), (cols+1)*cell, (rows+1)*cell, 0.1, rng)
	half, scale := float64(cell)/2, 0.85*float64(cell)/frameSide
	at := func(n int) float64 { return half + float64(n*cell) }
	for i := range rows * cols {
		left, top := at(i%cols)+s.between(0.04, 0.1)*float64(cell), at(i/cols)+s.between(0.04, 0.1)*float64(cell)
		s.draw(test.Image(i), left, top, scale, func(x, y int) float64 { return 1 })
	}
	for row := range rows + 1 {
		if lines {
			s.line(half, at(row), at(cols), at(row), 2, 60)
		}
	}
	for col := range cols + 1 {
		if lines {
			s.line(at(col), half, at(col), at(rows), 2, 60)
		}
	}
	img := image.NewGray(image.Rect(0, 0, s.w, s.h))
	for i, v := range s.v {
		img.Pix[i] = byte(v)
	}
	return img
}

// All digits of a picture are found, row by row from the left, with their places.
func TestDigitsSeveral(t *testing.T) {
	test := digits(t).Test
	for _, c := range []struct {
		rows, cols, cell int
		lines            bool
	}{{1, 2, 100, false}, {1, 4, 60, false}, {2, 2, 80, false}, {1, 3, 90, true}, {5, 4, 48, true}} {
		list, err := Digits(page(test, c.rows, c.cols, c.cell, c.lines))
		if err != nil || len(list) != c.rows*c.cols {
			t.Errorf("%+v: %d digits, %v", c, len(list), err)
			continue
		}
		for i, d := range list {
			cell := image.Rect(0, 0, c.cell, c.cell).Add(image.Pt(i%c.cols*c.cell+c.cell/2, i/c.cols*c.cell+c.cell/2))
			if x := difference(d.Pixels, test.Image(i)); !d.Box.In(cell.Inset(-4)) || x > 25 {
				t.Errorf("%+v: digit %d at %v, its cell is %v; mean absolute difference %.1f", c, i, d.Box, cell, x)
			}
		}
	}
}

// In a large picture the digit's frame is the same as in a small one.
func TestDigitsSizes(t *testing.T) {
	digit := digits(t).Test.Image(0)
	for _, side := range []int{14, 28, 100, 900} {
		img := image.NewGray(image.Rect(0, 0, side, side))
		for i := range img.Pix {
			x, y := float64(i%side)+0.5, float64(i/side)+0.5
			img.Pix[i] = 255 - byte(255*smooth(digit, x*28/float64(side)-0.5, y*28/float64(side)-0.5))
		}
		if list, err := Digits(img); err != nil || len(list) != 1 || difference(list[0].Pixels, digit) > 20 {
			t.Errorf("side %d: %d digits, %v; mean absolute difference %.1f", side, len(list), err, difference(list[0].Pixels, digit))
		}
	}
}

// oriented writes a JPEG whose EXIF data say how the camera was held, in either byte order.
func oriented(t *testing.T, img image.Image, orientation byte, little bool) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	tiff := []byte{'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0}
	if little {
		tiff = []byte{'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0}
	}
	exif := append([]byte("Exif\x00\x00"), tiff...)
	return slices.Concat(b.Bytes()[:2], []byte{0xff, 0xe1, 0, byte(len(exif) + 2)}, exif, b.Bytes()[2:])
}

// When upright, a picture of 40×20 has a dark quarter at its upper left. For each orientation, the camera wrote that quarter to another corner, of
// a picture that may be 20×40. The corners are those of the EXIF standard.
func TestReadImageOrientation(t *testing.T) {
	corners := [9]image.Point{1: {0, 0}, 2: {1, 0}, 3: {1, 1}, 4: {0, 1}, 5: {0, 0}, 6: {0, 1}, 7: {1, 1}, 8: {1, 0}}
	for orientation := 1; orientation <= 8; orientation++ {
		w, h := 64, 32
		if orientation >= 5 {
			w, h = h, w
		}
		img := image.NewGray(image.Rect(0, 0, w, h))
		dark := image.Rect(0, 0, w/2, h/2).Add(image.Pt(corners[orientation].X*w/2, corners[orientation].Y*h/2))
		for i := range img.Pix {
			if !image.Pt(i%w, i/w).In(dark) {
				img.Pix[i] = 255
			}
		}
		got, err := ReadImage(bytes.NewReader(oriented(t, img, byte(orientation), orientation%2 == 0)), "picture")
		if err != nil || got.Bounds().Size() != image.Pt(64, 32) {
			t.Fatalf("orientation %d: %v, %v", orientation, got.Bounds(), err)
		}
		for _, p := range []image.Point{{16, 8}, {48, 8}, {16, 24}, {48, 24}} {
			v := color.GrayModel.Convert(got.At(p.X, p.Y)).(color.Gray).Y
			if want := p == (image.Point{16, 8}); (v < 128) != want {
				t.Errorf("orientation %d: %v has the lightness %d", orientation, p, v)
			}
		}
	}
}

// EXIF data that are cut off or wrong are ignored.
func TestExifDamaged(t *testing.T) {
	file := oriented(t, image.NewGray(image.Rect(0, 0, 8, 8)), 6, false)
	segment := file[6 : 6+32]
	if o := exifOrientation(segment); o != 6 {
		t.Fatalf("orientation %d, want 6", o)
	}
	for n := range segment {
		if o := exifOrientation(segment[:n]); o != 0 && n < 28 {
			t.Errorf("%d bytes: orientation %d", n, o)
		}
		for _, v := range []byte{0, 9, 255} {
			damaged := slices.Clone(segment)
			damaged[n] = v
			if o := exifOrientation(damaged); o < 0 || o > 8 {
				t.Errorf("byte %d is %d: orientation %d", n, v, o)
			}
		}
	}
}
