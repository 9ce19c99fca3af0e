package mnist

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"
)

// encoders write a picture in each format that ReadImage knows.
var encoders = map[string]func(io.Writer, image.Image) error{
	"png":  png.Encode,
	"jpeg": func(w io.Writer, img image.Image) error { return jpeg.Encode(w, img, nil) },
	"gif":  func(w io.Writer, img image.Image) error { return gif.Encode(w, img, nil) },
}

func encoded(t testing.TB, encode func(io.Writer, image.Image) error) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 5, 3))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	var b bytes.Buffer
	if err := encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadImage(t *testing.T) {
	for format, encode := range encoders {
		img, err := ReadImage(bytes.NewReader(encoded(t, encode)), "file")
		if err != nil {
			t.Errorf("%s: %v", format, err)
			continue
		}
		if size := img.Bounds().Size(); size != image.Pt(5, 3) || color.GrayModel.Convert(img.At(2, 1)) != (color.Gray{255}) {
			t.Errorf("%s: %v, %v", format, size, img.At(2, 1))
		}
	}
}

// pngHeader is the beginning of a PNG of 8-bit grey pixels.
func pngHeader(w, h uint32) []byte {
	chunk := []byte("IHDR")
	chunk = binary.BigEndian.AppendUint32(chunk, w)
	chunk = binary.BigEndian.AppendUint32(chunk, h)
	chunk = append(chunk, 8, 0, 0, 0, 0)
	file := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	file = append(file, chunk...)
	return binary.BigEndian.AppendUint32(file, crc32.ChecksumIEEE(chunk))
}

func TestReadImageBad(t *testing.T) {
	for _, c := range []struct {
		name string
		file []byte
		msg  string
	}{
		{"empty", nil, "not a PNG, JPEG or GIF"},
		{"text", []byte("a digit, honestly"), "not a PNG, JPEG or GIF"},
		{"PNG of 60,000×60,000", pngHeader(60_000, 60_000), "60000×60000 pixels"},
		{"PNG of one row too many", pngHeader(4000, 4001), "4000×4001 pixels"},
		{"PNG as large as they may be, without pixels", pngHeader(4000, 4000), "damaged picture"},
		{"PNG without rows", pngHeader(5, 0), "damaged picture"},
		{"PNG of a negative width", pngHeader(1<<31, 5), "damaged picture"},
		{"GIF of 65,535×65,535", []byte("GIF89a\xff\xff\xff\xff\x00\x00\x00"), "65535×65535 pixels"},
		{"GIF without columns", []byte("GIF89a\x00\x00\x05\x00\x00\x00\x00"), "0×5 pixels"},
		{"JPEG of 65,535×65,535", []byte("\xff\xd8\xff\xc0\x00\x0b\x08\xff\xff\xff\xff\x01\x01\x11\x00\xff\xda\x00\x08"), "65535×65535 pixels"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var err error
			got := allocated(func() { _, err = ReadImage(bytes.NewReader(c.file), "some/file") })
			bad, ok := err.(*FormatError)
			if !ok || bad.File != "some/file" || !strings.Contains(bad.Msg, c.msg) {
				t.Errorf("got %v, want %q", err, c.msg)
			}
			if got > 20_000_000 {
				t.Errorf("%d bytes allocated", got)
			}
		})
	}
}

func TestReadImageTruncated(t *testing.T) {
	for format, encode := range encoders {
		file := encoded(t, encode)
		for n := range len(file) - 16 { // Decoders do not miss what follows the last pixel.
			_, err := ReadImage(bytes.NewReader(file[:n]), "file")
			if _, ok := err.(*FormatError); !ok {
				t.Errorf("%s cut to %d of %d bytes: %v", format, n, len(file), err)
			}
		}
	}
}

func TestReadImageFileSystemError(t *testing.T) {
	folder, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	_, err = ReadImage(folder, "some/folder")
	if _, ok := errors.AsType[*fs.PathError](err); !ok || !strings.Contains(err.Error(), "some/folder") {
		t.Errorf("got %v; want a wrapped fs.PathError with the path", err)
	}
}

func FuzzReadImage(f *testing.F) {
	for _, encode := range encoders {
		f.Add(encoded(f, encode))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if len(file) > 26 && bytes.HasPrefix(file, []byte("\x89PNG")) {
			copy(file[16:], []byte{0, 0, 0}) // Fuzzing is faster with
			copy(file[20:], []byte{0, 0, 0}) // small pictures.
		}
		img, err := ReadImage(bytes.NewReader(file), "file")
		if err != nil {
			if _, ok := err.(*FormatError); !ok {
				t.Errorf("%T: %v", err, err)
			}
			return
		}
		if frame, err := Frame(img); err == nil && len(frame) != 784 {
			t.Errorf("frame of %d bytes", len(frame))
		}
	})
}
