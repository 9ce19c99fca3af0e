package mnist

import (
	"image"
	"image/draw"
)

// workSide is the largest side of the picture in which ink is looked for. Larger pictures are shrunk first.
const workSide = 512

// lightness makes a picture gray, from 0 for black to 255 for white, with sides of at most side pixels.
func lightness(img image.Image, side int) grid {
	small := reduced(img, side)
	w, h := small.Rect.Dx(), small.Rect.Dy()
	gray, opaque := newGrid(w, h), newGrid(w, h)
	for i := range gray.v {
		p := small.Pix[4*i:]
		gray.v[i] = 0.299*float64(p[0]) + 0.587*float64(p[1]) + 0.114*float64(p[2]) // the weights of ITU-R BT.601
		opaque.v[i] = float64(p[3]) / 255
	}
	behind := paper(gray, opaque)
	for i := range gray.v {
		gray.v[i] += (1 - opaque.v[i]) * behind
	}
	return gray
}

// reduced shrinks a picture until no side has more than side pixels. A new pixel is the mean of size×size old ones, so that edges stay as
// sharp as they can; the rest at the right and at the bottom is cut off. Only a strip of the picture is in memory a second time.
func reduced(img image.Image, side int) *image.RGBA {
	b := img.Bounds()
	size := max(1, (max(b.Dx(), b.Dy())+side-1)/side)
	wide, high := min(size, b.Dx()), min(size, b.Dy())
	w, h := b.Dx()/wide, b.Dy()/high
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	strip := image.NewRGBA(image.Rect(0, 0, w*wide, high))
	sums := make([]int, 4*w)
	for y := range h {
		draw.Draw(strip, strip.Rect, img, image.Pt(b.Min.X, b.Min.Y+y*high), draw.Src)
		clear(sums)
		for row := range high {
			line := strip.Pix[row*strip.Stride:]
			for x := range w * wide {
				sum := sums[x/wide*4 : x/wide*4+4]
				sum[0] += int(line[4*x])
				sum[1] += int(line[4*x+1])
				sum[2] += int(line[4*x+2])
				sum[3] += int(line[4*x+3])
			}
		}
		n := wide * high
		for i, sum := range sums {
			out.Pix[y*out.Stride+i] = byte((sum + n/2) / n)
		}
	}
	return out
}

// paper returns the lightness to put behind transparent pixels. If the border is mostly opaque, it is the border's. Otherwise the picture is ink
// without paper: dark ink gets white paper, and light ink gets black.
func paper(gray, opaque grid) float64 {
	sum, cover, n := 0.0, 0.0, 0.0
	gray.border(func(x, y int) {
		sum += gray.at(x, y)
		cover += opaque.at(x, y)
		n++
	})
	if cover > n/2 {
		return sum / cover
	}
	sum, cover = 0, 0
	for i := range gray.v {
		sum += gray.v[i]
		cover += opaque.v[i]
	}
	if sum < 127.5*cover {
		return 255
	}
	return 0
}

// upright turns and mirrors a picture according to an EXIF orientation, which says how the picture was turned: at 6, its first row
// belongs at the right side.
func upright(img *image.RGBA, orientation int) *image.RGBA {
	if orientation == 1 {
		return img
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	turned := orientation >= 5
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if turned {
		out = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			i, j := x, y
			if turned {
				i, j = y, x
			}
			switch orientation {
			case 2, 3, 7, 8:
				i = w - 1 - i
			}
			switch orientation {
			case 3, 4, 6, 7:
				j = h - 1 - j
			}
			copy(out.Pix[out.PixOffset(x, y):][:4], img.Pix[img.PixOffset(i, j):][:4])
		}
	}
	return out
}
