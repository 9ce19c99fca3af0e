package mnist

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

var loadOnce = sync.OnceValues(Load)

// digits returns the embedded data.
func digits(t *testing.T) *Data {
	t.Helper()
	d, err := loadOnce()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The files are the originals, and data/README.md gives the same digests.
func TestDigests(t *testing.T) {
	readme, err := os.ReadFile("data/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		name, md5, sha256 string
		bytes             int64
	}{
		{"train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609", 9912422},
		{"train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c", 28881},
		{"t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6", 1648877},
		{"t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6", 4542},
	} {
		file, err := embedded.ReadFile("data/" + want.name)
		if err != nil {
			t.Fatal(err)
		}
		sum5, sum256 := md5.Sum(file), sha256.Sum256(file)
		if hex.EncodeToString(sum5[:]) != want.md5 || hex.EncodeToString(sum256[:]) != want.sha256 {
			t.Errorf("%s is not the original file", want.name)
		}
		if got := digits(t).Files[i]; got != (File{want.name, want.sha256, want.bytes}) {
			t.Errorf("Files[%d] = %v", i, got)
		}
		for _, s := range []string{want.name, want.md5, want.sha256} {
			if !bytes.Contains(readme, []byte(s)) {
				t.Errorf("data/README.md lacks %s", s)
			}
		}
	}
}

func TestLoad(t *testing.T) {
	d := digits(t)
	if d.Name != "mnist" || d.Train.Len() != 50_000 || d.Validation.Len() != 10_000 || d.Test.Len() != 10_000 {
		t.Fatalf("%s: %d, %d, %d images", d.Name, d.Train.Len(), d.Validation.Len(), d.Test.Len())
	}
	for _, s := range []Set{d.Train, d.Validation, d.Test} {
		if s.Rows != 28 || s.Cols != 28 || s.Classes != 10 || len(s.Images) != s.Len()*784 {
			t.Errorf("%d×%d, %d classes, %d bytes", s.Rows, s.Cols, s.Classes, len(s.Images))
		}
	}
	if got := d.Train.Labels[:10]; !bytes.Equal(got, []byte{5, 0, 4, 1, 9, 2, 1, 3, 1, 4}) {
		t.Errorf("training starts with %v", got)
	}
	if got := d.Validation.Labels[:10]; !bytes.Equal(got, []byte{3, 8, 6, 9, 6, 4, 5, 3, 8, 4}) {
		t.Errorf("validation starts with %v", got)
	}
	var counts [10]int
	for _, label := range d.Train.Labels {
		counts[label]++
	}
	if counts != [10]int{4932, 5678, 4968, 5101, 4859, 4506, 4951, 5175, 4842, 4988} {
		t.Errorf("training labels are %v", counts)
	}
}

// LoadDir on the embedded files' own folder gives the same data.
func TestLoadDir(t *testing.T) {
	want := digits(t)
	got, err := LoadDir("data")
	if err != nil {
		t.Fatal(err)
	}
	if got.Name != "data" || got.SHA256() != want.SHA256() {
		t.Errorf("name %s, digest %s, want %s", got.Name, got.SHA256(), want.SHA256())
	}
	if !bytes.Equal(got.Validation.Images, want.Validation.Images) || !bytes.Equal(got.Test.Labels, want.Test.Labels) {
		t.Error("other images or labels than Load")
	}
}

// sha256sum | cut -d' ' -f1 | sha256sum on the four files gives the digest.
func TestSHA256(t *testing.T) {
	if got, want := digits(t).SHA256(), "2d37efdd8799c8df4521c472fa34cf17087fb07dee5e12b370d0f46fa6117915"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// small returns the four files of a data set of 12 training and 3 test images of 2×2, with labels 0 to 2 in turn.
func small() fstest.MapFS {
	labels := bytes.Repeat([]byte{0, 1, 2}, 4)
	return fstest.MapFS{
		"train-images-idx3-ubyte": {Data: idx(imageMagic, []int{12, 2, 2}, make([]byte, 48)...)},
		"train-labels-idx1-ubyte": {Data: idx(labelMagic, []int{12}, labels...)},
		"t10k-images-idx3-ubyte":  {Data: idx(imageMagic, []int{3, 2, 2}, make([]byte, 12)...)},
		"t10k-labels-idx1-ubyte":  {Data: idx(labelMagic, []int{3}, 0, 1, 2)},
	}
}

func TestSpellings(t *testing.T) {
	for _, spell := range []func(string) string{
		func(s string) string { return s },
		func(s string) string { return s + ".gz" },
		func(s string) string { return strings.Replace(s, "-idx", ".idx", 1) },
		func(s string) string { return strings.Replace(s, "-idx", ".idx", 1) + ".gz" },
	} {
		files := fstest.MapFS{}
		for name, file := range small() {
			if name = spell(name); strings.HasSuffix(name, ".gz") {
				file.Data = gzipped(file.Data)
			}
			files[name] = file
		}
		d, err := load(files, "folder")
		if err != nil {
			t.Errorf("%v: %v", spell("train-images-idx3-ubyte"), err)
			continue
		}
		if d.Train.Len() != 10 || d.Validation.Len() != 2 || d.Test.Len() != 3 || d.Test.Classes != 3 {
			t.Errorf("%d, %d, %d images, %d classes", d.Train.Len(), d.Validation.Len(), d.Test.Len(), d.Test.Classes)
		}
		if want := spell("t10k-images-idx3-ubyte"); d.Files[2].Name != want {
			t.Errorf("Files[2] is %s, want %s", d.Files[2].Name, want)
		}
	}
}

// Some archives unpack to a folder with one spelling and a file with the other.
func TestFolderBesideFile(t *testing.T) {
	files := small()
	files["train-images.idx3-ubyte"] = files["train-images-idx3-ubyte"]
	delete(files, "train-images-idx3-ubyte")
	files["train-images-idx3-ubyte/train-images-idx3-ubyte"] = &fstest.MapFile{Data: []byte("something else")}
	if _, err := load(files, "folder"); err != nil {
		t.Error(err)
	}
}

func TestLoadBad(t *testing.T) {
	images := func(sizes ...int) []byte {
		return idx(imageMagic, sizes, make([]byte, sizes[0]*sizes[1]*sizes[2])...)
	}
	for _, c := range []struct {
		name, file string
		content    []byte
		offset     int64
		msg        string
	}{
		{"fewer images than labels", "train-images-idx3-ubyte", images(11, 2, 2), 4, "11 images, but 12 labels"},
		{"fewer labels than images", "t10k-labels-idx1-ubyte", idx(labelMagic, []int{2}, 0, 1), 4, "3 images, but 2 labels"},
		{"other rows in test", "t10k-images-idx3-ubyte", images(3, 1, 2), 8, "images of 1×2, but 2×2 in training"},
		{"other columns in test", "t10k-images-idx3-ubyte", images(3, 2, 4), 8, "images of 2×4, but 2×2 in training"},
		{"new label in test", "t10k-labels-idx1-ubyte", idx(labelMagic, []int{3}, 0, 3, 2), 9, "label 3 does not occur"},
		{"new label in validation", "train-labels-idx1-ubyte", idx(labelMagic, []int{12}, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3), 19, "label 3 does not occur"},
		{"labels and images swapped", "train-labels-idx1-ubyte", images(12, 2, 2), 0, "magic"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := small()
			files[c.file].Data = c.content
			_, err := load(files, "folder")
			bad, ok := err.(*FormatError)
			if !ok || bad.Offset != c.offset || !strings.Contains(bad.Msg, c.msg) {
				t.Fatalf("got %v; want offset %d and %q", err, c.offset, c.msg)
			}
			if name := filepath.Base(bad.File); filepath.Dir(bad.File) != "folder" || name[:4] != c.file[:4] {
				t.Errorf("the error is about %s", bad.File)
			}
		})
	}
}

// Validation takes a sixth of the images, but at most the book's 10,000.
func TestValidationOfManyImages(t *testing.T) {
	files := small()
	files["train-images-idx3-ubyte"].Data = idx(imageMagic, []int{70_000, 2, 2}, make([]byte, 280_000)...)
	files["train-labels-idx1-ubyte"].Data = idx(labelMagic, []int{70_000}, bytes.Repeat([]byte{0, 1, 2, 0, 1, 2, 0}, 10_000)...)
	d, err := load(files, "folder")
	if err != nil {
		t.Fatal(err)
	}
	if d.Train.Len() != 60_000 || d.Validation.Len() != 10_000 {
		t.Errorf("%d and %d images", d.Train.Len(), d.Validation.Len())
	}
}

func TestTooFewToValidate(t *testing.T) {
	files := small()
	files["train-images-idx3-ubyte"].Data = idx(imageMagic, []int{5, 2, 2}, make([]byte, 20)...)
	files["train-labels-idx1-ubyte"].Data = idx(labelMagic, []int{5}, 0, 1, 2, 0, 1)
	_, err := load(files, "folder")
	if bad, ok := err.(*FormatError); !ok || bad.Offset != 4 || !strings.Contains(bad.Msg, "5 training images") {
		t.Errorf("got %v", err)
	}
}

func TestCheckLabels(t *testing.T) {
	files := small()
	files["train-labels-idx1-ubyte"].Data[8+3] = 17
	d, err := load(files, "folder")
	if err != nil {
		t.Fatal(err)
	}
	if d.Train.Classes != 18 {
		t.Errorf("%d classes", d.Train.Classes)
	}
	if err := d.CheckLabels(18); err != nil {
		t.Error(err)
	}
	err = d.CheckLabels(17)
	bad, ok := err.(*FormatError)
	if !ok || bad.Offset != 11 || bad.File != filepath.Join("folder", "train-labels-idx1-ubyte") || !strings.Contains(bad.Msg, "label 17 > 16") {
		t.Errorf("got %v", err)
	}
}

func TestMissing(t *testing.T) {
	for name := range small() {
		files := maps.Clone(small())
		delete(files, name)
		_, err := load(files, "folder")
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: got %v, want fs.ErrNotExist", name, err)
			continue
		}
		other := strings.Replace(name, "-idx", ".idx", 1)
		for _, s := range []string{"folder", name, name + ".gz", other, other + ".gz"} {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%q does not name %s", err, s)
			}
		}
	}
	if _, err := LoadDir(filepath.Join(t.TempDir(), "nowhere")); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("no folder: %v", err)
	}
}

// denied is a file system in which nobody may open a file.
type denied struct{ fstest.MapFS }

func (denied) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}

func TestPermission(t *testing.T) {
	_, err := load(denied{small()}, "folder")
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), filepath.Join("folder", "train-labels-idx1-ubyte")) {
		t.Errorf("got %v", err)
	}
}
