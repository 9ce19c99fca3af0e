package dataset

import (
	"image"
	"image/color"
	"image/draw"
)

// Pixels is a picture as the bytes of an example, (channels, rows, columns): in color or gray like the data's pictures, and resized to their
// size. The schema must be one of bytes.
func (s *Schema) Pixels(img image.Image) []byte {
	p := Part{shape: s.Input}
	to := make([]byte, p.inputs())
	pixels(to, img, s.Input)
	return to
}

// gray reports whether pictures of this color model have no color.
func gray(m color.Model) bool {
	if p, ok := m.(color.Palette); ok {
		for _, c := range p {
			if r, g, b, _ := c.RGBA(); r != g || g != b {
				return false
			}
		}
		return true
	}
	return m == color.GrayModel || m == color.Gray16Model
}

// pixels writes a picture to the bytes of an example, stretched to its size. Transparent pixels are white, like paper.
func pixels(to []byte, img image.Image, shape []int) {
	b := img.Bounds()
	rgba := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(rgba, rgba.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(rgba, rgba.Bounds(), img, b.Min, draw.Over)
	rows, cols := shape[1], shape[2]
	for c := range shape[0] {
		at := func(i int) int { return int(rgba.Pix[4*i+c]) }
		if shape[0] == 1 {
			at = func(i int) int {
				p := rgba.Pix[4*i:]
				return (299*int(p[0]) + 587*int(p[1]) + 114*int(p[2]) + 500) / 1000 // the weights of ITU-R BT.601
			}
		}
		resize(to[c*rows*cols:(c+1)*rows*cols], rows, cols, at, b.Dy(), b.Dx())
	}
}

// resize scales high×wide pixels to rows×cols. A new pixel is the average, by area, of the old pixels that it covers. Lengths are whole numbers:
// a new pixel has the length wide, and an old one the length cols.
func resize(to []byte, rows, cols int, at func(i int) int, high, wide int) {
	for y := range rows {
		for x := range cols {
			sum := 0
			for j := y * high / rows; j*rows < (y+1)*high; j++ {
				tall := min((j+1)*rows, (y+1)*high) - max(j*rows, y*high)
				for i := x * wide / cols; i*cols < (x+1)*wide; i++ {
					sum += tall * (min((i+1)*cols, (x+1)*wide) - max(i*cols, x*wide)) * at(j*wide+i)
				}
			}
			to[y*cols+x] = byte((sum + high*wide/2) / (high * wide))
		}
	}
}
