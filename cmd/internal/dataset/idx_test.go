package dataset

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/train"
)

// idx is an IDX file of elements of a type.
func idx(t *testing.T, kind int, elements any, shape ...int) []byte {
	t.Helper()
	file := binary.BigEndian.AppendUint32(nil, uint32(kind<<8|len(shape)))
	for _, d := range shape {
		file = binary.BigEndian.AppendUint32(file, uint32(d))
	}
	file, err := binary.Append(file, binary.BigEndian, elements)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// folder writes files into a new folder.
func folder(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, file := range files {
		if err := os.WriteFile(filepath.Join(dir, name), file, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestMNISTFolder: the files inside the program, read from their folder, give the same parts and the same digest.
func TestMNISTFolder(t *testing.T) {
	want, err := mnistOnce()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Open("../../../mnist/data", Options{})
	if err != nil || got.Name != "data" || want.Name != "mnist" || got.SHA256() != want.SHA256() || len(got.Files) != 4 {
		t.Fatalf("%q, %s; %v", got.Name, got.SHA256(), err)
	}
	if !reflect.DeepEqual(got.Test, want.Test) || !reflect.DeepEqual(got.Schema, want.Schema) {
		t.Error("another test part, or another schema")
	}
	if got.Train.N != 50_000 || got.Validation.N != 10_000 || got.Full().Train.N != 60_000 || got.Drawn || got.CheckLabels(10) != nil {
		t.Errorf("%d, %d", got.Train.N, got.Validation.N)
	}
	if err := got.CheckLabels(9); err == nil || !strings.Contains(err.Error(), "label 9 > 8") {
		t.Error(err)
	}
	if s, ok := got.Test.Slice(5, 8).Set(10); !ok || s.Len() != 3 || s.Rows != 28 || s.Classes != 10 || s.Labels[2] != 9 {
		t.Errorf("%v", s.Labels)
	}
}

// TestIDXKinds has images of floats in two channels, and labels beyond 255.
func TestIDXKinds(t *testing.T) {
	images, labels := make([]float32, 30*8), make([]int32, 30)
	for i := range images {
		images[i] = float32(i % 7)
	}
	for i := range labels {
		labels[i] = int32(i % 2 * 300)
	}
	files := map[string][]byte{
		"train-images-idx4-float": idx(t, 0x0d, images, 30, 2, 2, 2), "train-labels-idx1-int": idx(t, 0x0c, labels, 30),
		"t10k-images-idx4-float": idx(t, 0x0d, images[:80], 10, 2, 2, 2), "t10k-labels-idx1-int": idx(t, 0x0c, labels[:10], 10),
	}
	d, err := Open(folder(t, files), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(d.Schema.Input, []int{2, 2, 2}) || len(d.Schema.Classes) != 301 || d.Train.N != 25 || d.Validation.N != 5 || d.Test.N != 10 || len(d.Schema.Channels) != 2 {
		t.Errorf("%+v", d.Schema)
	}
	if c, ok := d.Train.Data().(train.Classes); !ok || c.Labels[1] != 300 {
		t.Errorf("%T", d.Train.Data())
	}
	if err := d.CheckLabels(300); err == nil || !strings.Contains(err.Error(), "301 classes for 300 outputs") {
		t.Error(err)
	}
	files["train-images-idx4-float"] = idx(t, 0x08, make([]byte, 240), 30, 2, 2, 2)
	files["t10k-images-idx4-float"] = idx(t, 0x08, make([]byte, 80), 10, 2, 2, 2)
	d, err = Open(folder(t, files), Options{Goal: Numbers, Unscaled: true})
	if err != nil || d.Schema.Classes != nil || !d.Schema.Bytes || d.Train.Y[1] != 300 {
		t.Errorf("labels as numbers: %+v, %v", d, err)
	}
	files["t10k-labels-idx1-int"] = idx(t, 0x0c, []int32{0, 0, 0, 7, 0, 0, 0, 0, 0, 0}, 10)
	if _, err := Open(folder(t, files), Options{}); err == nil || !strings.Contains(err.Error(), "class 7 of test example 3 does not occur among the training examples") {
		t.Error(err)
	}
}

// TestBatch: bytes and labels that package train has no type for.
func TestBatch(t *testing.T) {
	p := Part{N: 2, Pixels: []byte{0, 128, 255, 1}, Labels: []int{0, 299}, shape: []int{2}}
	x, y := make([]float32, 4), make([]float32, 600)
	p.Data().Batch(x, y, []int32{1, 0})
	if !slices.Equal(x, []float32{255. / 256, 1. / 256, 0, 0.5}) || y[299] != 1 || y[300] != 1 || slices.Index(y, 1) != 299 {
		t.Errorf("%v, %v", x, y)
	}
	p = Part{N: 2, Pixels: p.Pixels, Y: []float32{5, 6}, shape: []int{2}, targets: 1}
	if p.Data().Batch(x, y[:2], []int32{1, 0}); y[0] != 6 || y[1] != 5 || p.Data().Len() != 2 {
		t.Errorf("%v", y[:2])
	}
	p.Data().Batch(x, nil, []int32{1, 0}) // a loss that looks at no target
}

func TestNotThere(t *testing.T) {
	for _, name := range []string{"none", "none.csv", "none.npz"} {
		if _, err := Open(filepath.Join(t.TempDir(), name), Options{Target: []string{"a"}[:strings.Count(name, "csv")]}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"a.npz", "a", ""} {
		if _, err := Open(name, Options{Target: []string{"a"}}); err == nil || !strings.Contains(err.Error(), "leave out --target") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
