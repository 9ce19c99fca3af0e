package mnist

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
)

// TestArrays reads elements of every type, from files with other names.
func TestArrays(t *testing.T) {
	for _, c := range []struct {
		kind     byte
		name     string
		elements any // as they are in the file
		want     any
	}{
		{0x08, "ubyte", []byte{1, 255}, []byte{1, 255}}, {0x09, "byte", []int8{-1, 127}, []int{-1, 127}}, {0x0b, "short", []int16{-2, 300}, []int{-2, 300}},
		{0x0c, "int", []int32{-3, 70000}, []int{-3, 70000}}, {0x0d, "float", []float32{-1.5, 2}, []float32{-1.5, 2}}, {0x0e, "double", []float64{-1.5, 2}, []float32{-1.5, 2}},
	} {
		file := func(shape ...int) []byte {
			b, err := binary.Append(idx(int(c.kind)<<8|len(shape), shape), binary.BigEndian, c.elements)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		files := fstest.MapFS{
			"emnist-x-train-images-idx4-" + c.name + ".gz": {Data: gzipped(file(1, 2, 1, 1))}, "emnist-x-train-labels-idx2-" + c.name: {Data: file(1, 2)},
			"emnist-x-test-images.idx2-" + c.name: {Data: file(2, 1)}, "emnist-x-test-labels.idx1-" + c.name: {Data: file(2)}, "emnist-x-test-labels.idx1-" + c.name + ".gz": {Data: gzipped(file(2))},
			"readme.txt": {},
		}
		arrays, err := readArrays(files, "folder")
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for i, shape := range [][]int{{1, 2, 1, 1}, {1, 2}, {2, 1}, {2}} {
			want := c.want
			if whole, ok := want.([]int); ok && i%2 == 0 {
				want = []float32{float32(whole[0]), float32(whole[1])}
			}
			if a := arrays[i]; !reflect.DeepEqual(a.Shape, shape) || !reflect.DeepEqual(a.Data, want) || len(a.File.SHA256) != 64 || !strings.HasPrefix(a.Path, "folder") {
				t.Errorf("%s: %+v; want %v of shape %v", c.name, a, want, shape)
			}
		}
		files["train-images-idx1-int"], files["emnist-y-train-labels-idx1-ubyte"] = &fstest.MapFile{}, &fstest.MapFile{}
		if _, err := readArrays(files, "folder"); err == nil || !strings.Contains(err.Error(), "2 files of labels: emnist-x-train-labels-idx2-"+c.name+", emnist-y-train") {
			t.Errorf("two data sets: %v", err)
		}
	}
}

// TestSplitRefuses tries arrays that are not like MNIST's.
func TestSplitRefuses(t *testing.T) {
	files := small()
	files["train-labels-idx1-ubyte"].Data = idx(0x0901, []int{12}, make([]byte, 12)...)
	if _, err := load(files, "folder"); err == nil || !strings.Contains(err.Error(), "not labels of one byte each") {
		t.Error(err)
	}
	files = small()
	files["t10k-images-idx3-ubyte"].Data = idx(0x0804, []int{3, 1, 2, 2}, make([]byte, 12)...)
	if _, err := load(files, "folder"); err == nil || !strings.Contains(err.Error(), "t10k-images-idx3-ubyte: byte offset 0: not gray images of bytes") {
		t.Error(err)
	}
}

// TestLargeGzip: if a file is not suspicious, its memory is allocated at once, and only once.
func TestLargeGzip(t *testing.T) {
	const n = 8 << 20
	pixels := make([]byte, n)
	state := uint32(1)
	for i := range pixels { // two of eight bits are random
		state = state*1664525 + 1013904223
		pixels[i] = byte(state>>30) * 85
	}
	files := fstest.MapFS{"f": {Data: gzipped(append(idx(imageMagic, []int{8, 1024, 1024}), pixels...))}}
	f, err := files.Open("f")
	if err != nil {
		t.Fatal(err)
	}
	took := allocated(func() {
		if a, err := readArray(f, "f", 8, plenty()); err != nil || !bytes.Equal(a.Data.([]byte), pixels) {
			t.Error("other pixels: ", err)
		}
	})
	if took > n+n/8 {
		t.Errorf("%d bytes allocated for %d", took, n)
	}
}
