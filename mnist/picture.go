package mnist

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/gif"  // The decoders register themselves.
	_ "image/jpeg" // image.Decode then knows
	_ "image/png"  // these three formats.
	"io"
)

// maxPicture is the largest number of pixels of a picture. A telephone's photo has 12 million.
const maxPicture = 16_000_000

// ReadImage decodes a PNG, JPEG or GIF (its first frame). name is the picture's name in errors. A picture of more than
// 16 million pixels is refused on the word of its header, before the decoder allocates anything for it. Bad content is
// a [FormatError]; an error of r itself is wrapped.
func ReadImage(r io.Reader, name string) (image.Image, error) {
	in := &input{r: r}
	img, err := decode(in)
	switch {
	case in.err != nil:
		return nil, fmt.Errorf("mnist: %s: %w", name, in.err)
	case err != nil:
		return nil, &FormatError{name, -1, err.Error()}
	}
	return img, nil
}

func decode(r io.Reader) (image.Image, error) {
	var head bytes.Buffer
	config, _, err := image.DecodeConfig(io.TeeReader(r, &head))
	if err == image.ErrFormat {
		return nil, errors.New("not a PNG, JPEG or GIF; convert the picture to one of them")
	}
	if w, h := config.Width, config.Height; err == nil && (w < 1 || h < 1 || w > maxPicture/h) {
		return nil, fmt.Errorf("%d×%d pixels, not within 1 and %d; make the picture smaller", w, h, maxPicture)
	}
	var img image.Image
	if err == nil {
		img, _, err = image.Decode(io.MultiReader(&head, r))
	}
	if err != nil {
		return nil, fmt.Errorf("damaged picture (%v); save or fetch it again", err)
	}
	return img, nil
}

// input remembers an error of reading, which decoders may hide behind their own.
type input struct {
	r   io.Reader
	err error
}

// Read reads from r.
func (in *input) Read(p []byte) (int, error) {
	n, err := in.r.Read(p)
	if err != nil && err != io.EOF {
		in.err = err
	}
	return n, err
}
