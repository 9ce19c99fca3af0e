package dataset

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stheno-ml/stheno/internal/npz"
	"github.com/stheno-ml/stheno/train"
)

var mnistOnce = sync.OnceValues(func() (*Data, error) { return Open("", Options{}) })

// saved writes arrays to a file, packed or not.
func saved(t testing.TB, packed bool, arrays ...npz.Array) string {
	t.Helper()
	var b bytes.Buffer
	if err := npz.Write(&b, arrays); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "data.npz")
	if packed {
		b = deflated(t, b.Bytes())
	}
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// deflated is an archive with its entries packed.
func deflated(t testing.TB, file []byte) (out bytes.Buffer) {
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(&out)
	for _, f := range z.File {
		from, err1 := f.Open()
		to, err2 := w.Create(f.Name)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		io.Copy(to, from)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestKeras: MNIST as Keras has it gives the parts of the MNIST inside the program, byte for byte.
func TestKeras(t *testing.T) {
	want, err := mnistOnce()
	if err != nil {
		t.Fatal(err)
	}
	all := want.Full().Train
	labels := func(p Part) []byte { return p.Data().(train.Images).Labels }
	path := saved(t, false, npz.Array{Name: "x_train", Shape: []int{60000, 28, 28}, Data: all.Pixels}, npz.Array{Name: "y_train", Shape: []int{60000}, Data: labels(all)},
		npz.Array{Name: "x_test", Shape: []int{10000, 28, 28}, Data: want.Test.Pixels}, npz.Array{Name: "y_test", Shape: []int{10000}, Data: labels(want.Test)})
	var done, total int64
	got, err := Open(path, Options{Progress: func(d, t int64) { done, total = d, t }})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Train, want.Train) || !reflect.DeepEqual(got.Validation, want.Validation) || !reflect.DeepEqual(got.Test, want.Test) {
		t.Error("other parts than those of the MNIST inside the program")
	}
	if !reflect.DeepEqual(got.Schema, want.Schema) || got.Schema.Kind != Digits || got.Drawn {
		t.Errorf("%+v, want %+v", got.Schema, want.Schema)
	}
	if _, ok := got.Train.Data().(train.Images); !ok || done != total || total == 0 {
		t.Errorf("%T, %d of %d bytes", got.Train.Data(), done, total)
	}
}

// TestNumPyKinds reads inputs and targets of each kind.
func TestNumPyKinds(t *testing.T) {
	const n = 40
	floats, labels, whole, hot, texts := make([]float64, n*6), make([]int64, n), make([]float32, n), make([]bool, n*3), make([]string, n)
	pixels := make([]byte, n*12)
	for i := range n {
		labels[i], whole[i], texts[i], hot[3*i+i%3] = int64(i%3), float32(i%3), []string{"b", "a", "c"}[i%3], true
		for j := range 6 {
			floats[i*6+j] = float64(i*j) + 0.5
		}
		for j := range 12 {
			pixels[i*12+j] = byte(i + j)
		}
	}
	table := npz.Array{Name: "x", Shape: []int{n, 6}, Data: floats}
	for name, c := range map[string]struct {
		x, y    npz.Array
		goal    Goal
		input   []int
		classes []string
		targets int
	}{
		"labels":            {table, npz.Array{Shape: []int{n}, Data: labels}, Auto, []int{6}, []string{"0", "1", "2"}, 1},
		"labels in rows":    {table, npz.Array{Shape: []int{n, 1}, Data: labels}, Auto, []int{6}, []string{"0", "1", "2"}, 1},
		"labels as numbers": {table, npz.Array{Shape: []int{n}, Data: labels}, Numbers, []int{6}, nil, 1},
		"texts":             {table, npz.Array{Shape: []int{n}, Data: texts}, Auto, []int{6}, []string{"a", "b", "c"}, 1},
		"numbers":           {table, npz.Array{Shape: []int{n}, Data: whole}, Auto, []int{6}, nil, 1},
		"numbers as labels": {table, npz.Array{Shape: []int{n}, Data: whole}, Classes, []int{6}, []string{"0", "1", "2"}, 1},
		"rows of a class":   {table, npz.Array{Shape: []int{n, 3}, Data: hot}, Auto, []int{6}, []string{"0", "1", "2"}, 1},
		"not quite rows":    {table, npz.Array{Shape: []int{n, 2}, Data: slices.Repeat([]float32{1, 0.5}, n)}, Auto, []int{6}, nil, 2},
		"rows of numbers":   {table, npz.Array{Shape: []int{n, 6}, Data: floats}, Auto, []int{6}, nil, 6},
		"one input":         {npz.Array{Shape: []int{n}, Data: whole}, npz.Array{Shape: []int{n}, Data: labels}, Auto, []int{1}, []string{"0", "1", "2"}, 1},
		"gray":              {npz.Array{Shape: []int{n, 3, 4}, Data: pixels}, npz.Array{Shape: []int{n}, Data: labels}, Auto, []int{1, 3, 4}, []string{"0", "1", "2"}, 1},
		"channels last":     {npz.Array{Shape: []int{n, 2, 2, 3}, Data: pixels}, npz.Array{Shape: []int{n}, Data: labels}, Auto, []int{3, 2, 2}, []string{"0", "1", "2"}, 1},
		"channels first":    {npz.Array{Shape: []int{n, 3, 2, 2}, Data: pixels}, npz.Array{Shape: []int{n}, Data: whole}, Auto, []int{3, 2, 2}, nil, 1},
	} {
		c.x.Name, c.y.Name = "X", "y"
		for _, packed := range []bool{false, true} {
			path := saved(t, packed, c.x, c.y)
			d, err := Open(path, Options{Goal: c.goal, Seed: 1})
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			s := d.Schema
			if !slices.Equal(s.Input, c.input) || !slices.Equal(s.Classes, c.classes) || len(s.Targets) != c.targets || s.Bytes != (len(c.input) == 3) || s.Bytes != (d.Train.X == nil) {
				t.Errorf("%s: %+v", name, s)
			}
			if d.Train.N+d.Validation.N+d.Test.N != n || d.Validation.N < 2 || d.Test.N < 2 || !d.Drawn {
				t.Errorf("%s: %d, %d, %d examples", name, d.Train.N, d.Validation.N, d.Test.N)
			}
			again, err := Open(path, Options{Seed: 1, Schema: &s})
			if err != nil || !reflect.DeepEqual(again.Test, d.Test) {
				t.Errorf("%s: by the schema: %v", name, err)
			}
			text, err := json.Marshal(s)
			var kept Schema
			if err != nil || json.Unmarshal(text, &kept) != nil || !reflect.DeepEqual(kept, s) {
				t.Errorf("%s: %s", name, text)
			}
		}
	}
}

// TestChannelsLast has pixel by pixel what is to be channel by channel.
func TestChannelsLast(t *testing.T) {
	a := array{shape: []int{2, 2, 1, 3}, bytes: []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}
	a.channelsFirst()
	if want := []byte{1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12}; !bytes.Equal(a.bytes, want) || !slices.Equal(a.shape, []int{2, 3, 2, 1}) {
		t.Errorf("%v %v, want %v", a.shape, a.bytes, want)
	}
}

// TestStandardized has images of two channels whose means and deviations are known.
func TestStandardized(t *testing.T) {
	x, y := make([]float32, 20*2*4), make([]int64, 20)
	for i := range x {
		x[i] = []float32{9, 11, 80, 120}[i/4%2*2+i%2]
	}
	path := saved(t, false, npz.Array{Name: "x", Shape: []int{20, 2, 2, 2}, Data: x}, npz.Array{Name: "y", Shape: []int{20}, Data: y})
	d, err := Open(path, Options{})
	if err != nil || !slices.Equal(d.Schema.Channels, []Scale{{10, 1}, {100, 20}}) {
		t.Fatalf("%v, %v", d, err)
	}
	for _, p := range []Part{d.Train, d.Validation, d.Test} {
		for i, v := range p.X {
			if want := []float32{-1, 1}[i%2]; v != want {
				t.Fatalf("input %d is %v, want %v", i, v, want)
			}
		}
	}
	if d, err = Open(path, Options{Unscaled: true}); err != nil || d.Train.X[0] != 9 || d.Schema.Channels != nil {
		t.Errorf("unscaled: %v, %v", d.Train.X[0], err)
	}
}

func TestNumPyErrors(t *testing.T) {
	array := func(name string, data any, shape ...int) npz.Array {
		return npz.Array{Name: name, Shape: shape, Data: data}
	}
	ten := make([]int64, 10)
	for _, c := range []struct {
		arrays []npz.Array
		goal   Goal
		want   string
	}{
		{[]npz.Array{array("a", ten, 10), array("b", ten, 10)}, Auto, "the arrays are a, b; name them x_train"},
		{[]npz.Array{array("x", ten, 10)}, Auto, "there is an array x, but none named y; save both"},
		{[]npz.Array{array("x", ten, 10), array("y", ten[:9], 9)}, Auto, "x has 10 examples, but y has 9"},
		{[]npz.Array{array("x", ten[:1]), array("y", ten, 10)}, Auto, "x is one number"}, {[]npz.Array{array("x", ten, 10), array("y", ten[:1])}, Auto, "y is one number"},
		{[]npz.Array{array("x", ten[:0], 0, 3), array("y", ten[:0], 0)}, Auto, "which has no numbers"}, {[]npz.Array{array("x", ten[:0], 10, 0), array("y", ten, 10)}, Auto, "which has no numbers"},
		{[]npz.Array{array("x", ten, 10), array("y", ten[:0], 10, 0)}, Auto, "y has the shape [10 0]"},
		{[]npz.Array{array("x", ten, 10, 1, 1, 1, 1), array("y", ten, 10)}, Auto, "x has the shape [10 1 1 1 1]; use"},
		{[]npz.Array{array("x", []string{"a"}, 1), array("y", ten[:1], 1)}, Auto, "numbers are needed"},
		{[]npz.Array{array("x", []float64{1, math.NaN(), 3, 4}, 2, 2), array("y", ten[:2], 2)}, Auto, "input 1 of example 0 is NaN"},
		{[]npz.Array{array("x", []float64{1, 2, 3, 1e300}, 2, 2), array("y", ten[:2], 2)}, Auto, "input 1 of example 1 is +Inf"},
		{[]npz.Array{array("x", ten[:2], 2), array("y", []float32{1, float32(math.Inf(-1))}, 2)}, Auto, "target 0 of example 1 is -Inf"},
		{[]npz.Array{array("x", ten[:2], 2), array("y", []int64{0, -1}, 2)}, Auto, "label -1 of example 1; use whole numbers from 0"},
		{[]npz.Array{array("x", ten[:2], 2), array("y", []int64{0, 1 << 40}, 2)}, Auto, "label 1.099511627776e+12"},
		{[]npz.Array{array("x", ten[:2], 2), array("y", []float32{0, 0.5}, 2)}, Classes, "label 0.5 of example 1"},
		{[]npz.Array{array("x", ten[:2], 2), array("y", ten[:4], 2, 2)}, Classes, "classes are one number for each example"},
		{[]npz.Array{array("x", ten[:2], 2), array("y", []string{"a", "b"}, 2)}, Numbers, "y has texts, which are classes"},
		{[]npz.Array{array("x", ten[:2], 2), array("y", ten[:2], 2)}, Auto, "2 examples are too few"},
		{[]npz.Array{array("x_train", ten, 10), array("y_train", ten, 10), array("x_test", ten, 5, 2), array("y_test", ten[:5], 5)}, Auto, "x_test has examples of shape [2], but x_train of shape [1]"},
		{[]npz.Array{array("x_train", ten, 10), array("y_train", ten, 10), array("x_test", ten, 10), array("y_test", []int64{0, 0, 0, 1, 0, 0, 0, 0, 0, 0}, 10)}, Auto, "label 1 of test example 3 is beyond the 1 classes"},
		{[]npz.Array{array("x_train", ten, 10), array("y_train", ten, 10), array("x_val", ten, 10), array("y_val", ten, 10)}, Auto, "but no test examples"},
		{[]npz.Array{array("x_train", ten[:5], 5), array("y_train", ten[:5], 5), array("x_test", ten, 10), array("y_test", ten, 10)}, Auto, "5 training examples; give at least 6"},
	} {
		path := saved(t, false, c.arrays...)
		_, err := Open(path, Options{Goal: c.goal})
		if err == nil || !strings.HasPrefix(strings.TrimPrefix(err.Error(), "npz: "), path) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v; want %s", fmt.Sprint(c.arrays), err, c.want)
		}
	}
}

// TestOwnValidation has all three parts, by MedMNIST's names.
func TestOwnValidation(t *testing.T) {
	x, y := []byte{0, 1, 2, 3, 4, 5, 6, 7}, []int64{0, 1}
	var arrays []npz.Array
	for _, part := range []string{"train", "val", "test"} {
		arrays = append(arrays, npz.Array{Name: part + "_images", Shape: []int{2, 2, 2}, Data: x}, npz.Array{Name: part + "_labels", Shape: []int{2, 1}, Data: y})
	}
	d, err := Open(saved(t, false, arrays...), Options{})
	if err != nil || d.Train.N != 2 || d.Validation.N != 2 || d.Test.N != 2 {
		t.Fatalf("%+v, %v", d, err)
	}
	if full := d.Full(); full.Train.N != 4 || !slices.Equal(full.Train.Labels, []int{0, 1, 0, 1}) || len(full.Train.Pixels) != 16 || full.Validation.N != 0 {
		t.Errorf("full: %+v", full)
	}
}
