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
	"slices"
	"strconv"
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

// pngHeader returns the beginning of a PNG of 8-bit gray pixels.
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
		{"empty", nil, "no bytes"},
		{"text", []byte("a digit, honestly"), "not a PNG, JPEG or GIF"},
		{"PNG of 60,000×60,000", pngHeader(60_000, 60_000), "60000×60000 pixels"},
		{"PNG of one row too many", pngHeader(8000, 8001), "8000×8001 pixels"},
		{"PNG as large as they may be, without pixels", pngHeader(7000, 7000), "damaged picture"},
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

// progressive returns a gray progressive JPEG whose scans are empty: two bytes stand for 32,767 blocks.
func progressive(w, h, scans int) []byte {
	segment := func(marker byte, data ...byte) []byte {
		return append([]byte{0xff, marker, byte((len(data) + 2) >> 8), byte(len(data) + 2)}, data...)
	}
	counts := make([]byte, 16)
	counts[0] = 1 // a code of one bit
	file := slices.Concat([]byte{0xff, 0xd8}, segment(0xe0, []byte("JFIF\x00")...), segment(0xdb, make([]byte, 65)...),
		segment(0xc2, 8, byte(h>>8), byte(h), byte(w>>8), byte(w), 1, 1, 0x11, 0),
		segment(0xc4, slices.Concat([]byte{0x10}, counts, []byte{0xe0})...))
	var bits []byte
	for blocks := ((w + 7) / 8) * ((h + 7) / 8); blocks > 0; blocks -= 32766 {
		bits = append(bits, append([]byte("0"), slices.Repeat([]byte("1"), 13)...)...)
		bits = append(bits, '0')
	}
	var data []byte
	for len(bits)%8 != 0 {
		bits = append(bits, '1')
	}
	for i := 0; i < len(bits); i += 8 {
		b, _ := strconv.ParseUint(string(bits[i:i+8]), 2, 8)
		if data = append(data, byte(b)); b == 0xff {
			data = append(data, 0)
		}
	}
	for range scans {
		file = slices.Concat(file, segment(0xda, 1, 1, 0, 1, 63, 0), data)
	}
	return append(file, 0xff, 0xd9)
}

// pngChunk returns a chunk of a PNG.
func pngChunk(kind string, data []byte) []byte {
	b := append([]byte(kind), data...)
	return binary.BigEndian.AppendUint32(append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), b...), crc32.ChecksumIEEE(b))
}

// withKind changes the kind of pixels, and the interlacing, in the header of a PNG.
func withKind(header []byte, bits, kind, interlace byte) []byte {
	header[24], header[25], header[28] = bits, kind, interlace
	return binary.BigEndian.AppendUint32(header[:29], crc32.ChecksumIEEE(header[12:29]))
}

// repeated is a file of some gigabytes: a beginning followed by repeated parts.
func repeated(begin, part []byte) io.Reader {
	readers := []io.Reader{bytes.NewReader(begin)}
	for range 4 << 30 / len(part) {
		readers = append(readers, bytes.NewReader(part))
	}
	return io.MultiReader(readers...)
}

// Small pictures that would take much time or memory are refused before they do, and so are endless ones.
func TestReadImageHostile(t *testing.T) {
	app := append([]byte{0xff, 0xe1, 0xff, 0xff}, make([]byte, 65533)...)
	start := progressive(8, 8, 0)
	start = start[:len(start)-2]
	idle := append([]byte{0x78, 0x9c}, bytes.Repeat([]byte{0, 0, 0, 0xff, 0xff}, 1<<20)...)
	text := pngChunk("tEXt", make([]byte, 1<<20))
	palette := withKind(pngHeader(4000, 4000), 8, 3, 0)
	for _, c := range []struct {
		name string
		file io.Reader
		msg  string // "" if it is a picture
	}{
		{"32 scans", bytes.NewReader(progressive(64, 64, 32)), ""},
		{"1,000 scans", bytes.NewReader(progressive(500, 500, 1000)), "more than 32 scans"},
		{"33 scans", bytes.NewReader(progressive(8, 8, 33)), "more than 32 scans"},
		{"4 scans of many pixels", bytes.NewReader(progressive(8000, 8000, 5)), "take 320000000 bytes"},
		{"16 scans of many pixels", bytes.NewReader(progressive(8000, 2000, 17)), "more than 16 scans"},
		{"tables", repeated(start, bytes.Repeat([]byte{0xff, 0xc4, 0, 2}, 1<<16)), "more than 32 scans or 128 tables"},
		{"segments", repeated(start[:2], app), "no size in its first 8388608 bytes"},
		{"segments after the size", repeated(start, app), "more than 33554432 bytes"},
		{"texts before the palette", repeated(palette, text), "no size in its first"},
		{"texts before the pixels", repeated(pngHeader(8, 8), text), "more than 33554432 bytes"},
		{"progressive", bytes.NewReader(progressive(2000, 2000, 1)), ""},
		{"pixels packed as nothing", bytes.NewReader(slices.Concat(pngHeader(4000, 4000), pngChunk("IDAT", idle))), errIdle.Error()},
		{"16 bits, interlaced", bytes.NewReader(withKind(pngHeader(4000, 4000), 16, 6, 1)), "take 256000000 bytes"},
		{"16 bits, gray, interlaced", bytes.NewReader(withKind(pngHeader(4000, 4000), 16, 0, 1)), "take 256000000 bytes"},
		{"16 bits", bytes.NewReader(withKind(pngHeader(4000, 4000), 16, 6, 0)), "damaged picture"},
		{"8 bits, interlaced", bytes.NewReader(withKind(pngHeader(4000, 4000), 8, 6, 1)), "damaged picture"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var err error
			got := allocated(func() { _, err = ReadImage(c.file, "file") })
			if c.msg == "" && err != nil || c.msg != "" && (err == nil || !strings.Contains(err.Error(), c.msg)) {
				t.Errorf("%v, want %q", err, c.msg)
			}
			if got > maxMemory {
				t.Errorf("%d bytes allocated", got)
			}
		})
	}
}

func TestReadImageTruncated(t *testing.T) {
	for format, encode := range encoders {
		file := encoded(t, encode)
		for n := range len(file) - 16 { // decoders do not miss what follows the last pixel
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

// TestReadImageEmptyFrame reads GIFs whose first frame has no pixels, on a screen that is shrunk and on one that is not.
func TestReadImageEmptyFrame(t *testing.T) {
	for _, side := range []string{"\x10\x00", "\x00\x10"} { // 16 and 4096 pixels
		for _, frame := range []string{"\x00\x00" + side, side + "\x00\x00", "\x00\x00\x00\x00"} {
			const colors, nothing = "\x00\x00\x00\xff\xff\xff", "\x02\x01\x2c\x00" // codes of 2 bits: clear, end
			file := "GIF89a" + side + side + "\x00\x00\x00,\x00\x00\x00\x00" + frame + "\x80" + colors + nothing + ";"
			_, err := ReadImage(strings.NewReader(file), "file")
			if want := "file: damaged picture (its first frame has no pixels); save or fetch it again"; err == nil || err.Error() != want {
				t.Errorf("%q: %v; want %s", file, err, want)
			}
		}
	}
}

func FuzzReadImage(f *testing.F) {
	for _, encode := range encoders {
		f.Add(encoded(f, encode))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if len(file) > 26 && bytes.HasPrefix(file, []byte("\x89PNG")) {
			copy(file[16:], []byte{0, 0, 0}) // fuzzing is faster with
			copy(file[20:], []byte{0, 0, 0}) // small pictures
		}
		img, err := ReadImage(bytes.NewReader(file), "file")
		if err != nil {
			if _, ok := err.(*FormatError); !ok {
				t.Errorf("%T: %v", err, err)
			}
			return
		}
		if frame, err := frameOf(img); err == nil && len(frame) != 784 {
			t.Errorf("frame of %d bytes", len(frame))
		}
	})
}
