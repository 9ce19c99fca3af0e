package dataset

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/train"
)

// paint is a picture of one color.
func paint(rows, cols int, c color.Color) image.Image {
	var img interface {
		image.Image
		Set(x, y int, c color.Color)
	} = image.NewNRGBA(image.Rect(0, 0, cols, rows))
	if _, ok := c.(color.Gray); ok {
		img = image.NewGray(image.Rect(0, 0, cols, rows))
	}
	for i := range rows * cols {
		img.Set(i%cols, i/cols, c)
	}
	return img
}

// put writes a picture or a text to a file below top.
func put(t *testing.T, top, name string, what any) {
	t.Helper()
	path := filepath.Join(top, filepath.FromSlash(name))
	var b bytes.Buffer
	var err error
	switch what := what.(type) {
	case string:
		b.WriteString(what)
	case image.Image:
		if err = png.Encode(&b, what); strings.HasSuffix(name, ".jpg") {
			b.Reset()
			err = jpeg.Encode(&b, what, &jpeg.Options{Quality: 100})
		}
	}
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o777)
	}
	if err == nil {
		err = os.WriteFile(path, b.Bytes(), 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// animals writes n pictures of each of two classes below a folder, and returns the top.
func animals(t *testing.T, top, folder string, n int, c color.Color) string {
	for i := range n {
		put(t, top, folder+"cat/"+string(rune('a'+i))+".png", paint(2, 3, color.Gray{uint8(10 * i)}))
		put(t, top, folder+"dog/"+string(rune('a'+i))+".png", paint(2, 3, c))
	}
	return top
}

func TestPicturesDrawn(t *testing.T) {
	top := animals(t, t.TempDir(), "", 20, color.Gray{200})
	put(t, top, ".hidden/x.txt", "hidden")
	put(t, top, "cat/.DS_Store", "hidden")
	put(t, top, "cat/notes.txt", "no picture")
	var done, total int64
	d, err := Open(top, Options{Progress: func(d, t int64) { done, total = d, t }})
	if err != nil {
		t.Fatal(err)
	}
	s := d.Schema
	if s.Kind != Pictures || !s.Bytes || !slices.Equal(s.Input, []int{1, 2, 3}) || !slices.Equal(s.Classes, []string{"cat", "dog"}) || !d.Drawn {
		t.Errorf("%+v", s)
	}
	if d.Train.N != 32 || d.Validation.N != 4 || d.Test.N != 4 || !slices.Equal(d.Test.Counts(2), []int{2, 2}) {
		t.Errorf("%d, %d, %d pictures", d.Train.N, d.Validation.N, d.Test.N)
	}
	for _, p := range []Part{d.Train, d.Validation, d.Test} {
		for i, l := range p.Labels {
			if got := p.Pixels[6*i]; (got == 200) != (l == 1) {
				t.Fatalf("a picture of class %d is %d", l, got)
			}
		}
	}
	if _, ok := d.Train.Data().(train.Images); !ok || done != total || total == 0 {
		t.Errorf("%T; %d of %d bytes", d.Train.Data(), done, total)
	}
	if len(d.Files) != 2 || d.Files[0].Name != "cat" || len(d.Files[0].SHA256) != 64 || d.Files[0].Bytes == 0 {
		t.Errorf("%+v", d.Files)
	}
	if err := os.Rename(filepath.Join(top, "cat/a.png"), filepath.Join(top, "dog/z.png")); err != nil {
		t.Fatal(err)
	}
	if other, err := Open(top, Options{}); err != nil || other.SHA256() == d.SHA256() {
		t.Errorf("the same digest with a picture in another class (%v)", err)
	}
}

func TestPicturesOfParts(t *testing.T) {
	top := animals(t, t.TempDir(), "train/", 12, color.NRGBA{250, 128, 6, 255})
	animals(t, top, "test/", 3, color.NRGBA{250, 128, 6, 255})
	d, err := Open(top, Options{})
	if err != nil || d.Drawn || d.Train.N != 20 || d.Validation.N != 4 || d.Test.N != 6 || !slices.Equal(d.Validation.Counts(2), []int{2, 2}) {
		t.Fatalf("%+v, %v", d, err)
	}
	if !slices.Equal(d.Schema.Input, []int{3, 2, 3}) || !bytes.Equal(d.Test.Pixels[3*18:4*18], slices.Concat(bytes.Repeat([]byte{250}, 6), bytes.Repeat([]byte{128}, 6), bytes.Repeat([]byte{6}, 6))) {
		t.Errorf("shape %v, pixels %v", d.Schema.Input, d.Test.Pixels[3*18:4*18])
	}
	again, err := Open(top, Options{Schema: &d.Schema})
	if err != nil || !reflect.DeepEqual(again.Train, d.Train) || !reflect.DeepEqual(again.Schema, d.Schema) {
		t.Errorf("by the schema: %v", err)
	}
	animals(t, top, "val/", 1, color.NRGBA{1, 2, 3, 255})
	d, err = Open(top, Options{})
	if err != nil || d.Train.N != 24 || d.Validation.N != 2 || d.Test.N != 6 || d.Full().Train.N != 26 {
		t.Fatalf("%+v, %v", d, err)
	}
}

func TestPictureSize(t *testing.T) {
	top := animals(t, t.TempDir(), "", 10, color.NRGBA{9, 9, 9, 0})
	put(t, top, "dog/large.jpg", paint(40, 20, color.Gray{100}))
	if _, err := Open(top, Options{}); err == nil || !strings.HasSuffix(err.Error(), "large.jpg: 40×20 pixels, but cat/a.png has 2×3; use --size 2x3 to resize all") {
		t.Error(err)
	}
	d, err := Open(top, Options{Size: [2]int{4, 5}})
	if err != nil || !slices.Equal(d.Schema.Input, []int{3, 4, 5}) {
		t.Fatal(d, err)
	}
	for i, l := range d.Train.Labels {
		if p := d.Train.Pixels[60*i]; l == 1 && p != 255 && p != 100 {
			t.Errorf("a transparent picture is %d", p)
		}
	}
	img := image.NewGray(image.Rect(5, 5, 9, 7))
	copy(img.Pix, []byte{0, 100, 10, 20, 200, 100, 30, 41})
	for _, c := range []struct{ rows, cols, first, last int }{{1, 2, 100, 25}, {2, 4, 0, 41}, {1, 1, 63, 63}, {4, 8, 0, 41}, {2, 3, 25, 38}} {
		s := Schema{Input: []int{1, c.rows, c.cols}}
		got := s.Pixels(img)
		if len(got) != c.rows*c.cols || int(got[0]) != c.first || int(got[len(got)-1]) != c.last {
			t.Errorf("%d×%d: %v", c.rows, c.cols, got)
		}
	}
	s := Schema{Input: []int{1, 1, 1}}
	if got := s.Pixels(paint(3, 3, color.NRGBA{255, 0, 0, 255})); got[0] != 76 {
		t.Errorf("red is %v in gray", got)
	}
}

func TestPictureErrors(t *testing.T) {
	gray := color.Gray{1}
	for _, c := range []struct {
		want  string
		files map[string]any
	}{
		{"x.png: a picture outside a folder", map[string]any{"cat/a.png": paint(2, 2, gray), "x.png": paint(2, 2, gray)}},
		{"x.JPG: a picture outside a folder", map[string]any{"x.JPG": paint(2, 2, gray)}},
		{"of only one class, cat", map[string]any{"cat/a.png": paint(2, 2, gray)}},
		{"dog: no PNG or JPEG file", map[string]any{"cat/a.png": paint(2, 2, gray), "dog/a.txt": "no picture"}},
		{"b.webp: only PNG and JPEG can be read", map[string]any{"cat/a.png": paint(2, 2, gray), "cat/b.webp": "RIFF"}},
		{"more: a folder within a class's folder", map[string]any{"cat/a.png": paint(2, 2, gray), "cat/more/a.png": paint(2, 2, gray)}},
		{"b.png: not a valid PNG or JPEG (", map[string]any{"cat/a.png": paint(2, 2, gray), "dog/b.png": "text"}},
		{"b.png: damaged picture", map[string]any{"cat/a.png": paint(2, 2, gray), "dog/b.png": "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x02\x00\x00\x00\x02\x08\x00\x00\x00\x00\x57\xdd\x52\xf8"}},
		{"other: a folder beside train", map[string]any{"train/cat/a.png": paint(2, 2, gray), "other/b.png": paint(2, 2, gray)}},
		{"training: a folder for the same part as train", map[string]any{"train/cat/a.png": paint(2, 2, gray), "training/cat/b.png": paint(2, 2, gray)}},
		{"a picture beside the folders of classes", map[string]any{"train/a.png": paint(2, 2, gray)}},
		{`unknown class "dgo"; did you mean dog?`, map[string]any{"train/cat/a.png": paint(2, 2, gray), "train/dog/a.png": paint(2, 2, gray), "test/dgo/a.png": paint(2, 2, gray)}},
		{"2 examples are too few", map[string]any{"cat/a.png": paint(2, 2, gray), "dog/a.png": paint(2, 2, gray)}},
		{"but no test examples", map[string]any{"train/cat/a.png": paint(2, 2, gray), "train/dog/a.png": paint(2, 2, gray), "val/dog/a.png": paint(2, 2, gray)}},
		{"too few to hold out a sixth", map[string]any{"train/cat/a.png": paint(2, 2, gray), "train/dog/a.png": paint(2, 2, gray), "test/dog/a.png": paint(2, 2, gray)}},
		{"pictures of 1025×1, not between 1 and 1024; use --size", map[string]any{"cat/a.png": paint(1025, 1, gray), "dog/a.png": paint(1025, 1, gray)}},
	} {
		top := t.TempDir()
		for name, what := range c.files {
			put(t, top, name, what)
		}
		_, err := Open(top, Options{})
		if err == nil || !strings.HasPrefix(err.Error(), top) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v; want %s", err, c.want)
		}
	}
	top := t.TempDir()
	var blank bytes.Buffer
	if err := png.Encode(&blank, paint(1024, 1024, gray)); err != nil {
		t.Fatal(err)
	}
	for i := range 210 {
		put(t, top, fmt.Sprintf("%d/a.png", i), blank.String())
	}
	if _, err := Open(top, Options{}); err == nil || !strings.Contains(err.Error(), "210 pictures of 1024×1024 take more than 192 MiB; use --size") {
		t.Error("blank pictures: ", err)
	}
	top = animals(t, t.TempDir(), "", 10, gray)
	if _, err := Open(top, Options{Schema: &Schema{Kind: Table, Input: []int{4}, Classes: []string{"cat", "dog"}}}); err == nil || !strings.Contains(err.Error(), "the network was trained on table of shape [4]") {
		t.Error(err)
	}
	if _, err := Open(write(t, "data.txt", "x"), Options{}); err == nil || !strings.Contains(err.Error(), "neither a folder nor a file that ends in .npz, .csv or .tsv") {
		t.Error(err)
	}
	if _, err := Open(t.TempDir(), Options{Size: [2]int{2, 2}}); err == nil || !strings.Contains(err.Error(), "leave out --size") {
		t.Error(err)
	}
}
