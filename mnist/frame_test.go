package mnist

import (
	"bytes"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// gray makes a picture of 28×28 bytes.
func gray(digit []byte) *image.Gray {
	return &image.Gray{Pix: digit, Stride: 28, Rect: image.Rect(0, 0, 28, 28)}
}

// difference returns the mean absolute difference between two images' pixels.
func difference(a, b []byte) float64 {
	sum := 0.0
	for i := range a {
		sum += math.Abs(float64(a[i]) - float64(b[i]))
	}
	return sum / float64(len(a))
}

// enlarged draws a digit dark on light, each pixel as a square of 7×7, on a canvas of 230×215.
func enlarged(digit []byte, left, top int) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, 230, 215))
	for i := range img.Pix {
		img.Pix[i] = 255
		if x, y := i%230-left, i/230-top; x >= 0 && y >= 0 && x < 196 && y < 196 {
			img.Pix[i] -= digit[y/7*28+x/7]
		}
	}
	return img
}

// cropped cuts off rows and columns without ink, so that the ink touches all four sides.
func cropped(digit []byte) image.Image {
	var b image.Rectangle
	for i, v := range digit {
		if v > 0 {
			b = b.Union(image.Rect(i%28, i/28, i%28+1, i/28+1))
		}
	}
	return gray(digit).SubImage(b)
}

// photo is a drawing under uneven light, out of focus and with noise: the paper goes from 220 in one corner to 120 in the other, and ink is 30 % as
// light.
func photo(drawing *image.Gray, rng *rand.Rand) *image.Gray {
	w, h := drawing.Rect.Dx(), drawing.Rect.Dy()
	out := image.NewGray(drawing.Rect)
	for y := range h {
		for x := range w {
			sum := 0.0
			for _, by := range []image.Point{{0, 0}, {3, 0}, {-3, 0}, {0, 3}, {0, -3}} {
				sum += float64(drawing.GrayAt(min(max(0, x+by.X), w-1), min(max(0, y+by.Y), h-1)).Y) / (5 * 255)
			}
			light := 220 - 100*(float64(x)/float64(w)+float64(y)/float64(h))/2
			out.Pix[y*w+x] = byte(light*(0.3+0.7*sum) + 4*rng.NormFloat64())
		}
	}
	return out
}

// frameOf is the largest digit of a picture, as 28×28 bytes.
func frameOf(img image.Image) ([]byte, error) {
	list, err := Digits(img)
	if err != nil {
		return nil, err
	}
	return Largest(list).Pixels, nil
}

// MNIST's digits are in their frame already, and drawings and photos of them come out close to it. Measured in 255 gray levels, where the mean pixel is
// 33, the mean absolute difference is 0.2 as it is, enlarged and cropped, and 9.7 in a photo, whose strokes are a little thinner or
// thicker. The bounds leave some room.
func TestFrameKeepsDigits(t *testing.T) {
	test := digits(t).Test
	rng := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		name        string
		of          int
		picture     func(digit []byte) image.Image
		mean, worst float64
	}{
		{"as it is", 20, func(digit []byte) image.Image { return gray(digit) }, 0.3, 2},
		{"enlarged", 6, func(digit []byte) image.Image { return enlarged(digit, rng.IntN(35), rng.IntN(20)) }, 0.3, 2},
		{"cropped", 20, func(digit []byte) image.Image { return cropped(digit) }, 1.3, 50},
		{"photo", 6, func(digit []byte) image.Image { return photo(enlarged(digit, rng.IntN(35), rng.IntN(20)), rng) }, 10.7, 30},
	} {
		sum, worst := 0.0, 0.0
		for i := range c.of {
			frame, err := frameOf(c.picture(test.Image(i)))
			if err != nil {
				t.Fatalf("%s, digit %d: %v", c.name, i, err)
			}
			d := difference(frame, test.Image(i))
			sum, worst = sum+d, max(worst, d)
		}
		t.Logf("%s: mean absolute difference %.2f, the worst digit's %.2f", c.name, sum/float64(c.of), worst)
		if sum/float64(c.of) > c.mean || worst > c.worst {
			t.Errorf("%s: more than %v or %v", c.name, c.mean, c.worst)
		}
	}
}

// Even if strokes are so thick that the paper between them is thinner, the ink is found to be the ink.
func TestFrameThickStrokes(t *testing.T) {
	test := digits(t).Test
	for _, i := range []int{200, 894} {
		frame, err := frameOf(photo(enlarged(test.Image(i), 10, 5), rand.New(rand.NewPCG(1, 2))))
		if err != nil || difference(frame, test.Image(i)) > 30 {
			t.Errorf("digit %d: mean absolute difference %.1f, %v", i, difference(frame, test.Image(i)), err)
		}
	}
}

// Whatever the colors of ink and paper, the frame is the same.
func TestFrameColors(t *testing.T) {
	digit := digits(t).Test.Image(0)
	want, err := frameOf(gray(digit))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name       string
		ink, paper color.NRGBA
	}{
		{"black on white", color.NRGBA{0, 0, 0, 255}, color.NRGBA{255, 255, 255, 255}},
		{"white on black", color.NRGBA{255, 255, 255, 255}, color.NRGBA{0, 0, 0, 255}},
		{"blue on yellow", color.NRGBA{0, 0, 160, 255}, color.NRGBA{255, 250, 180, 255}},
		{"white on green", color.NRGBA{250, 250, 250, 255}, color.NRGBA{20, 80, 40, 255}},
		{"black on nothing", color.NRGBA{0, 0, 0, 255}, color.NRGBA{0, 0, 0, 0}},
		{"white on nothing", color.NRGBA{255, 255, 255, 255}, color.NRGBA{255, 255, 255, 0}},
		{"dark red on nothing", color.NRGBA{120, 0, 0, 255}, color.NRGBA{120, 0, 0, 0}},
		{"nothing in white", color.NRGBA{255, 255, 255, 0}, color.NRGBA{255, 255, 255, 255}},
	} {
		img := image.NewNRGBA(image.Rect(-5, 10, 23, 38)) // a picture need not begin at (0, 0)
		for i, v := range digit {
			mix := func(paper, ink uint8) uint8 {
				return uint8((int(paper)*(255-int(v)) + int(ink)*int(v) + 127) / 255)
			}
			img.SetNRGBA(i%28-5, i/28+10, color.NRGBA{
				mix(c.paper.R, c.ink.R), mix(c.paper.G, c.ink.G), mix(c.paper.B, c.ink.B), mix(c.paper.A, c.ink.A),
			})
		}
		got, err := frameOf(img)
		if c.name == "nothing in white" {
			// Holes in the paper count as paper.
			if err != errNoInk {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if d := difference(got, want); d > 0.5 {
			t.Errorf("%s: mean absolute difference %.2f", c.name, d)
		}
	}
}

// A black L of 40×80 with strokes 20 wide becomes an L of 10×20, whose center of mass, (3, 11) within itself, goes to
// (14, 14).
func TestFramePlacesL(t *testing.T) {
	letter := func(x, y, size int) bool {
		return x >= 0 && y >= 0 && x < 2*size && y < 4*size && (x < size || y >= 3*size)
	}
	img := image.NewGray(image.Rect(0, 0, 200, 100))
	for i := range img.Pix {
		if !letter(i%200-110, i/200-15, 20) {
			img.Pix[i] = 255
		}
	}
	got, err := frameOf(img)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		want := byte(0)
		if letter(i%28-11, i/28-3, 5) {
			want = 255
		}
		if v != want {
			t.Errorf("pixel (%d, %d) is %d, want %d", i%28, i/28, v, want)
		}
	}
}

func TestFrameIgnoresSpecks(t *testing.T) {
	img := enlarged(digits(t).Test.Image(3), 20, 10)
	want, err := frameOf(img)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []image.Point{{3, 3}, {220, 8}, {221, 9}, {110, 210}} {
		img.SetGray(at.X, at.Y, color.Gray{10})
	}
	if got, err := frameOf(img); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the specks make a mean absolute difference of %.2f, %v", difference(got, want), err)
	}
}

func TestFrameWithoutInk(t *testing.T) {
	noise, rng := image.NewGray(image.Rect(0, 0, 100, 100)), rand.New(rand.NewPCG(3, 4))
	for i := range noise.Pix {
		noise.Pix[i] = byte(200 + 3*rng.NormFloat64())
	}
	lit := image.NewGray(image.Rect(0, 0, 1537, 1025))
	for i := range lit.Pix {
		lit.Pix[i] = byte(100 + 100*(i%1537)/1537)
	}
	for name, img := range map[string]image.Image{
		"uneven light": lit,
		"black":        image.NewGray(image.Rect(0, 0, 50, 50)),
		"white":        enlarged(make([]byte, 784), 0, 0),
		"transparent":  image.NewNRGBA(image.Rect(0, 0, 50, 50)),
		"noisy paper":  noise,
		"one pixel":    image.NewGray(image.Rect(0, 0, 1, 1)),
		"no pixel":     image.NewGray(image.Rect(0, 0, 0, 5)),
	} {
		if frame, err := frameOf(img); err != errNoInk || frame != nil {
			t.Errorf("%s: %v, %v", name, frame, err)
		}
	}
}

// Pictures of any shape give a frame with its ink inside the box, or an error that there is no ink.
func TestFrameOfAnything(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	framed := 0
	for range 2000 {
		img := image.NewGray(image.Rect(0, 0, 1+rng.IntN(12), 1+rng.IntN(12)))
		for i := range img.Pix {
			img.Pix[i] = byte(rng.IntN(256) * rng.IntN(2))
		}
		frame, err := frameOf(img)
		if err == errNoInk {
			continue
		}
		if err != nil || len(frame) != 784 || slices.Max(frame) != 255 {
			t.Fatalf("%v: %d bytes, %v", img, len(frame), err)
		}
		framed++
	}
	if framed < 1000 {
		t.Errorf("only %d of 2000 pictures had ink", framed)
	}
}

func TestResample(t *testing.T) {
	g := grid{[]float64{1, 2, 3, 4, 5, 6}, 3, 2}
	for _, c := range []struct {
		factor float64
		want   grid
	}{
		{1, g},
		{2, grid{[]float64{1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 4, 4, 5, 5, 6, 6}, 6, 4}},
		{0.5, grid{[]float64{3, 2.25}, 2, 1}}, // the second pixel covers 3, 6 and two beyond the edge
		{2. / 3, grid{[]float64{
			(1 + 2./2 + 4./2 + 5./4) * 4 / 9, (2./2 + 3 + 5./4 + 6./2) * 4 / 9,
			(4./2 + 5./4) * 4 / 9, (5./4 + 6./2) * 4 / 9,
		}, 2, 2}},
	} {
		got := resample(g.at, g.w, g.h, c.factor)
		if got.w != c.want.w || got.h != c.want.h {
			t.Errorf("factor %v: %d×%d", c.factor, got.w, got.h)
			continue
		}
		for i := range got.v {
			if math.Abs(got.v[i]-c.want.v[i]) > 1e-12 {
				t.Errorf("factor %v: got %v, want %v", c.factor, got.v, c.want.v)
				break
			}
		}
	}
}
