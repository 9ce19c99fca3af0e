package mnist

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
)

// The limits of a picture. A picture that exceeds one is refused.
const (
	maxPicture = 64_000_000  // pixels; a phone's photo has 12 to 50 million
	maxFile    = 32 << 20    // bytes
	maxHead    = 8 << 20     // bytes before the size; cameras write data about a photo there
	maxMemory  = 200_000_000 // bytes of decoded pixels
	maxScans   = 32          // of a JPEG; programs write about ten
	maxScanned = 256_000_000 // pixels over all scans: a scan can be empty and still take time
	maxTables  = 4 * maxScans
)

// ReadImage decodes a PNG, a JPEG or the first frame of a GIF. It turns a JPEG upright according to its EXIF data, and shrinks a picture
// of more than 2,048 pixels a side by a whole factor. name is the picture's name in errors. It refuses files of more than 32 MiB, and
// pictures of more than 64 million pixels or 200 MB; it takes the size from the header, before the decoder allocates anything. Bad
// content is a [FormatError], and an error of r itself is wrapped.
func ReadImage(r io.Reader, name string) (image.Image, error) {
	in := &input{r: r}
	img, err := decode(in)
	switch {
	case in.err != nil:
		return nil, fmt.Errorf("%s: %w", name, in.err)
	case err != nil:
		return nil, &FormatError{name, -1, err.Error()}
	}
	return img, nil
}

func decode(r io.Reader) (image.Image, error) {
	var head bytes.Buffer
	config, format, err := image.DecodeConfig(io.TeeReader(io.LimitReader(r, maxHead), &head))
	if head.Len() == 0 && err == image.ErrFormat {
		return nil, errors.New("no bytes; save or fetch it again")
	}
	if err == image.ErrFormat {
		return nil, errors.New("not a PNG, JPEG or GIF; convert the picture to one of them")
	}
	if err != nil && head.Len() == maxHead {
		return nil, fmt.Errorf("no size in its first %d bytes; save it without metadata", maxHead)
	}
	var img image.Image
	if err == nil {
		w, h := config.Width, config.Height
		if w < 1 || h < 1 || w > maxPicture/h {
			return nil, fmt.Errorf("%d×%d pixels, not from 1 to %d; make the picture smaller", w, h, maxPicture)
		}
		about := readJPEGHead(head.Bytes())
		if n := int(float64(w*h) * perPixel(config.ColorModel, format, head.Bytes(), about)); n > maxMemory {
			return nil, fmt.Errorf("%d×%d pixels of this kind take %d bytes, more than %d; make the picture smaller", w, h, n, maxMemory)
		}
		img, err = pixels(io.MultiReader(&head, r), format, w*h)
		switch {
		case err != nil:
		case img.Bounds().Empty(): // Each frame of a GIF has a size of its own.
			err = errors.New("its first frame has no pixels")
		case max(w, h) > readSide || about.orientation > 1:
			img = upright(reduced(img, readSide), about.orientation)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("damaged picture (%v); save or fetch it again", err)
	}
	return img, nil
}

// readSide is the largest side of a picture after it is read.
const readSide = 2048

// pixels decodes a picture with n pixels.
func pixels(r io.Reader, format string, n int) (img image.Image, err error) {
	switch format {
	case "jpeg":
		return jpeg.Decode(&markers{r: r, most: min(maxScans, maxScanned/n)})
	case "png":
		file, err := io.ReadAll(r)
		if err == nil {
			err = unpacks(file)
		}
		if err != nil {
			return nil, err
		}
		return png.Decode(bytes.NewReader(file))
	}
	return gif.Decode(r)
}

// unpacks returns an error if a PNG's pixels are packed so that they take long to unpack and give nothing. It leaves other faults to the
// decoder.
func unpacks(file []byte) error {
	const small, signature, around = 2 << 20, 8, 12 // bytes; around is a chunk's length, kind and checksum. A small file cannot take long
	if len(file) < small {
		return nil
	}
	var parts []io.Reader
	for rest := file[signature:]; len(rest) >= around; {
		n := int(binary.BigEndian.Uint32(rest))
		if n > len(rest)-around {
			break
		}
		if string(rest[4:8]) == "IDAT" {
			parts = append(parts, bytes.NewReader(rest[8:8+n]))
		}
		rest = rest[n+around:]
	}
	p := &packed{r: io.MultiReader(parts...)}
	z, err := zlib.NewReader(bufio.NewReader(p))
	if err == nil {
		_, err = io.Copy(io.Discard, unpacked{z, p})
	}
	if err == errIdle {
		return err
	}
	return nil
}

// perPixel returns how many bytes the decoder needs at most for a pixel.
func perPixel(model color.Model, format string, head []byte, about jpegHead) float64 {
	decoded := 1.0 // of a palette
	switch model {
	case color.RGBAModel, color.NRGBAModel:
		decoded = 4
	case color.Gray16Model, color.RGBA64Model, color.NRGBA64Model:
		decoded = 8
	}
	switch format {
	case "jpeg":
		decoded = about.samples
		if about.progressive {
			decoded *= 1 + 4 // Its coefficients are in memory, too.
		}
		if model == color.CMYKModel || model == color.RGBAModel {
			decoded += 4 // Its pixels are converted.
		}
		return decoded
	case "png":
		if model == color.GrayModel {
			decoded = 4 // It may have a transparent color, as may 16-bit gray.
		}
		const interlace = 28 // where a PNG says so, in its first chunk, IHDR
		if head[interlace] != 0 {
			decoded *= 2 // the pixels are reordered
		}
	case "gif":
		decoded *= 2
	}
	return decoded
}

// markers stops a JPEG with too many of the parts that take long. There are no markers within the pixels' bytes, and elsewhere two bytes that
// look like one are rare.
type markers struct {
	r             io.Reader
	last          byte
	scans, tables int
	most          int // how many scans are allowed
}

// Read reads from the picture.
func (m *markers) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	for _, b := range p[:n] {
		if m.last == 0xff && b == 0xda {
			m.scans++
		}
		if m.last == 0xff && b == 0xc4 {
			m.tables++
		}
		m.last = b
	}
	if m.scans > m.most || m.tables > maxTables {
		return 0, fmt.Errorf("more than %d scans or %d tables", m.most, maxTables)
	}
	return n, err
}

// input keeps an error of reading, which decoders may replace by their own, and stops files that are too long.
type input struct {
	r    io.Reader
	read int
	err  error
}

// Read reads from r.
func (in *input) Read(p []byte) (int, error) {
	if in.read > maxFile {
		return 0, fmt.Errorf("more than %d bytes", maxFile)
	}
	n, err := in.r.Read(p)
	in.read += n
	if err != nil && err != io.EOF {
		in.err = err
	}
	return n, err
}
