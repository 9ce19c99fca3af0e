package mnist

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// idx returns an IDX file: the magic number, the sizes, the elements.
func idx(magic int, sizes []int, elements ...byte) []byte {
	file := binary.BigEndian.AppendUint32(nil, uint32(magic))
	for _, size := range sizes {
		file = binary.BigEndian.AppendUint32(file, uint32(size))
	}
	return append(file, elements...)
}

// readLabels reads labels of bytes.
func readLabels(r io.Reader, file string, left *room) ([]byte, error) {
	a, err := readArray(r, file, 0, left)
	labels, _ := a.Data.([]byte)
	return labels, err
}

// readImages reads gray images of bytes, n of them.
func readImages(r io.Reader, file string, n int, left *room) (pixels []byte, rows, cols int, err error) {
	a, err := readArray(r, file, n, left)
	if err == nil {
		pixels, _ = a.Data.([]byte)
		rows, cols = a.Shape[1], a.Shape[len(a.Shape)-1]
	}
	return pixels, rows, cols, err
}

// plenty is the room for one data set.
func plenty() *room {
	left := all
	return &left
}

func gzipped(file []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	w.Write(file)
	w.Close()
	return b.Bytes()
}

// Two images of 2×3 and two labels.
var (
	goodPixels = []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	goodImages = idx(imageMagic, []int{2, 2, 3}, goodPixels...)
	goodLabels = idx(labelMagic, []int{2}, 7, 255)
)

func TestReadGood(t *testing.T) {
	for name, pack := range map[string]func([]byte) []byte{"plain": slices.Clone[[]byte], "gzipped": gzipped} {
		labels, err := readLabels(bytes.NewReader(pack(goodLabels)), name, plenty())
		if err != nil || !bytes.Equal(labels, []byte{7, 255}) {
			t.Errorf("%s: labels %v, %v", name, labels, err)
		}
		pixels, rows, cols, err := readImages(bytes.NewReader(pack(goodImages)), name, 2, plenty())
		if err != nil || rows != 2 || cols != 3 || !bytes.Equal(pixels, goodPixels) {
			t.Errorf("%s: pixels %v, %d×%d, %v", name, pixels, rows, cols, err)
		}
	}
}

func TestReadBad(t *testing.T) {
	with := func(file []byte, at int, b byte) []byte {
		file = slices.Clone(file)
		file[at] = b
		return file
	}
	packed := gzipped(goodImages)
	for _, c := range []struct {
		name   string
		file   []byte // of images if it is not of labels
		offset int64
		msg    string
	}{
		{"empty", nil, 0, "ends too early"},
		{"web page", []byte("<!DOCTYPE html><html>"), 0, "0x3c21444f"},
		{"no type", with(goodImages, 2, 0x0a), 0, "0x00000a03; this is not an IDX file of images"},
		{"too many dimensions", with(goodImages, 3, 5), 0, "0x00000805; this is not an IDX file of images"},
		{"bytes for floats", with(goodImages, 2, 0x0d), 28, "ends too early"},
		{"labels for images", goodLabels, 0, "0x00000801; this is not an IDX file of images"},
		{"no images", idx(imageMagic, []int{0, 2, 3}), 4, "images is 0"},
		{"negative count", idx(imageMagic, []int{-1, 2, 3}), 4, "images is -1"},
		{"most negative count", idx(imageMagic, []int{-1 << 31, 2, 3}), 4, "images is -2147483648"},
		{"huge count", idx(imageMagic, []int{1<<31 - 1, 2, 3}), 4, "2147483647 images, but 2 labels"},
		{"more images than labels", idx(imageMagic, []int{3, 2, 3}, goodPixels...), 4, "3 images, but 2 labels"},
		{"fewer images than labels", idx(imageMagic, []int{1, 2, 3}, goodPixels[:6]...), 4, "1 images, but 2 labels"},
		{"no rows", idx(imageMagic, []int{2, 0, 3}), 8, "rows is 0"},
		{"negative rows", idx(imageMagic, []int{2, -5, 3}), 8, "rows is -5"},
		{"too many rows", idx(imageMagic, []int{2, 1025, 3}), 8, "rows is 1025"},
		{"no columns", idx(imageMagic, []int{2, 2, 0}), 12, "columns is 0"},
		{"negative columns", idx(imageMagic, []int{2, 2, -1}), 12, "columns is -1"},
		{"too many columns", idx(imageMagic, []int{2, 2, 65536}), 12, "columns is 65536"},
		{"truncated", goodImages[:20], 20, "ends too early"},
		{"trailing byte", append(slices.Clone(goodImages), 0), 28, "bytes after the last"},
		{"trailing byte in gzip", gzipped(append(slices.Clone(goodImages), 0)), 28, "bytes after the last"},
		{"trailing byte after gzip", append(slices.Clone(packed), 0), 28, "bytes follow"},
		{"trailing bytes after gzip", append(slices.Clone(packed), goodImages...), 28, "gzip is damaged"},
		{"second gzip", append(slices.Clone(packed), packed...), 28, "bytes after the last"},
		{"gzipped twice", gzipped(packed), 0, "gzipped twice"},
		{"gzip of nothing", gzipped(nil), 0, "ends too early"},
		{"gzip header", []byte{0x1f, 0x8b, 9, 9, 9, 9, 9, 9, 9, 9, 9}, 0, "gzip is damaged"},
		{"gzip checksum", with(packed, len(packed)-8, packed[len(packed)-8]+1), 28, "checksum"},
		{"gzip data", with(packed, 10, 0xff), 0, "gzip is damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			pixels, _, _, err := readImages(bytes.NewReader(c.file), "folder/file", 2, plenty())
			bad, ok := err.(*FormatError)
			if !ok || pixels != nil {
				t.Fatalf("got %v, %v; want no pixels and a FormatError", pixels, err)
			}
			if bad.File != "folder/file" || bad.Offset != c.offset || !strings.Contains(bad.Msg, c.msg) {
				t.Errorf("got %q; want offset %d and %q", bad, c.offset, c.msg)
			}
		})
	}
}

func TestReadBadLabels(t *testing.T) {
	for _, c := range []struct {
		name   string
		file   []byte
		offset int64
		msg    string
	}{
		{"images for labels", goodImages, 0, "0x00000803; this is not an IDX file of labels"},
		{"no labels", idx(labelMagic, []int{0}), 4, "labels is 0"},
		{"negative count", idx(labelMagic, []int{-2}), 4, "labels is -2"},
		{"more than there are", idx(labelMagic, []int{maxBytes}, 1, 2), 10, "ends too early"},
		{"trailing byte", append(slices.Clone(goodLabels), 1), 10, "bytes after the last"},
	} {
		_, err := readLabels(bytes.NewReader(c.file), "file", plenty())
		if bad, ok := err.(*FormatError); !ok || bad.Offset != c.offset || !strings.Contains(bad.Msg, c.msg) {
			t.Errorf("%s: got %v; want offset %d and %q", c.name, err, c.offset, c.msg)
		}
	}
}

// A file that is cut at any byte gives an error, and an uncompressed one says where it ends.
func TestReadTruncated(t *testing.T) {
	for n := range goodImages {
		_, _, _, err := readImages(bytes.NewReader(goodImages[:n]), "file", 2, plenty())
		if bad, ok := err.(*FormatError); !ok || bad.Offset != int64(n) {
			t.Errorf("images cut to %d bytes: %v", n, err)
		}
	}
	for n := range goodLabels {
		_, err := readLabels(bytes.NewReader(goodLabels[:n]), "file", plenty())
		if bad, ok := err.(*FormatError); !ok || bad.Offset != int64(n) {
			t.Errorf("labels cut to %d bytes: %v", n, err)
		}
	}
	packed := gzipped(goodImages)
	for n := range packed {
		_, _, _, err := readImages(bytes.NewReader(packed[:n]), "file", 2, plenty())
		if _, ok := err.(*FormatError); !ok {
			t.Errorf("gzip cut to %d bytes: %v", n, err)
		}
	}
}

// Errors of the file system are not errors of format.
func TestReadFileSystemError(t *testing.T) {
	folder, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	_, err = readLabels(folder, "some/folder", plenty())
	if _, ok := errors.AsType[*fs.PathError](err); !ok || !strings.Contains(err.Error(), "some/folder") {
		t.Errorf("got %v; want a wrapped fs.PathError with the path", err)
	}
}

// allocated returns how many bytes f allocates, including those that it frees again.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestHeaderAllocatesLittle(t *testing.T) {
	file := idx(imageMagic, []int{180, 1024, 1024}, 1, 2, 3)
	got := allocated(func() {
		if _, _, _, err := readImages(bytes.NewReader(file), "file", 180, plenty()); err == nil {
			t.Error("no error")
		}
	})
	if got > 4<<20 {
		t.Errorf("%d bytes allocated for a file of %d", got, len(file))
	}
}

func TestTooManyPixels(t *testing.T) {
	file := idx(imageMagic, []int{2048, 1024, 1024})
	_, _, _, err := readImages(bytes.NewReader(file), "file", 2048, plenty())
	if bad, ok := err.(*FormatError); !ok || bad.Offset != 4 || !strings.Contains(bad.Msg, "2048 MiB") {
		t.Errorf("got %v", err)
	}
}

// A bomb within the limits of the header makes us allocate 4/3 of what the header promises.
func TestBomb(t *testing.T) {
	const pixels = 24 << 20
	bomb := gzipped(append(idx(imageMagic, []int{24, 1024, 1024}), make([]byte, pixels+1)...))
	got := allocated(func() {
		_, _, _, err := readImages(bytes.NewReader(bomb), "file", 24, plenty())
		if bad, ok := err.(*FormatError); !ok || bad.Offset != 16+pixels {
			t.Errorf("got %v", err)
		}
	})
	if got > pixels/3*4+1<<20 {
		t.Errorf("%d bytes allocated for a file of %d that announces %d", got, len(bomb), pixels)
	}
}

// zeros returns an IDX file of n empty images of 1024×1024, gzipped to a thousandth of its size.
func zeros(t *testing.T, images int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(idx(imageMagic, []int{images, 1024, 1024}))
	for range images {
		w.Write(make([]byte, 1<<20))
	}
	w.Close()
	return b.Bytes()
}

// What gzip may make of few bytes is limited for all files together, and more is refused before memory is allocated.
func TestBombs(t *testing.T) {
	left := &room{suspicious: 20 << 20}
	bomb := zeros(t, 12)
	if _, _, _, err := readImages(bytes.NewReader(bomb), "file", 12, left); err != nil {
		t.Fatal(err)
	}
	got := allocated(func() {
		_, _, _, err := readImages(bytes.NewReader(bomb), "file", 12, left)
		if bad, ok := err.(*FormatError); !ok || !strings.Contains(bad.Msg, "more than 64 bytes of each") {
			t.Errorf("the second: %v", err)
		}
	})
	if got > 8<<20 {
		t.Errorf("%d bytes allocated", got)
	}
	plain := append(idx(imageMagic, []int{12, 1024, 1024}), make([]byte, 12<<20)...)
	if _, _, _, err := readImages(bytes.NewReader(plain), "file", 12, left); err != nil {
		t.Error("not gzipped: ", err)
	}
}

// TestIdle: empty parts of a gzip take long and make nothing, so the reader gives up after some of them.
func TestIdle(t *testing.T) {
	file := slices.Concat(gzipped(goodImages[:20]), bytes.Repeat(gzipped(nil), 1<<20))
	_, _, _, err := readImages(bytes.NewReader(file), "file", 2, plenty())
	if bad, ok := err.(*FormatError); !ok || bad.Offset != 20 || !strings.Contains(bad.Msg, errIdle.Error()) {
		t.Error(err)
	}
}

// endless returns zeros forever and counts them.
type endless int64

func (e *endless) Read(p []byte) (int, error) {
	clear(p)
	*e += endless(len(p))
	return len(p), nil
}

func TestReadsNoMoreThanAnnounced(t *testing.T) {
	zeros := new(endless)
	_, _, _, err := readImages(io.MultiReader(bytes.NewReader(goodImages), zeros), "file", 2, plenty())
	if bad, ok := err.(*FormatError); !ok || bad.Offset != 28 {
		t.Errorf("got %v", err)
	}
	if *zeros > 64<<10 {
		t.Errorf("%d bytes read after the last", *zeros)
	}
}

func FuzzReadIDX(f *testing.F) {
	for _, file := range [][]byte{goodImages, goodLabels, nil, idx(imageMagic, []int{-1, 1 << 30, 1 << 30})} {
		f.Add(file, 2)
		f.Add(gzipped(file), 2)
		f.Add(gzipped(gzipped(file)), 2)
	}
	f.Fuzz(func(t *testing.T, file []byte, n int) {
		plain := file
		if z, err := gzip.NewReader(bytes.NewReader(file)); err == nil {
			plain, _ = io.ReadAll(io.LimitReader(z, 1<<20))
		}
		check := func(again []byte, err error) {
			if _, ok := err.(*FormatError); err != nil && !ok {
				t.Errorf("%T: %v", err, err)
			}
			if err == nil && len(plain) < 1<<20 && !bytes.Equal(again, plain) {
				t.Error("read without error, but written again it is another file")
			}
		}
		for _, n := range []int{0, n} {
			a, err := readArray(bytes.NewReader(file), "file", n, plenty())
			check(written(a, plain), err)
		}
	})
}

// written returns the file of an array, with the same magic number as like.
func written(a Array, like []byte) []byte {
	if a.Data == nil {
		return nil
	}
	b := slices.Clone(like[:4])
	for _, d := range a.Shape {
		b = binary.BigEndian.AppendUint32(b, uint32(d))
	}
	switch data := a.Data.(type) {
	case []int:
		for _, v := range data {
			wide := binary.BigEndian.AppendUint32(nil, uint32(v))
			b = append(b, wide[4-widths[like[2]]:]...)
		}
	case []float32:
		if like[2] != 0x0d {
			return like // where float32 may have lost digits
		}
		b, _ = binary.Append(b, binary.BigEndian, data)
	case []byte:
		b = append(b, data...)
	}
	return b
}

// TestIDX: what is written is read back.
func TestIDX(t *testing.T) {
	want := Set{Images: []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, Labels: []byte{7, 0}, Rows: 2, Cols: 3}
	images, labels := want.IDX()
	pixels, rows, cols, err := readImages(bytes.NewReader(images), "images", 2, plenty())
	if err != nil || rows != want.Rows || cols != want.Cols || !slices.Equal(pixels, want.Images) {
		t.Errorf("images: %v, %d×%d, %v", pixels, rows, cols, err)
	}
	if got, err := readLabels(bytes.NewReader(labels), "labels", plenty()); err != nil || !slices.Equal(got, want.Labels) {
		t.Errorf("labels: %v, %v", got, err)
	}
}
