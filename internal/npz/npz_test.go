package npz

import (
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/internal/intake"
)

// samples has an array of each type.
var samples = []Array{
	{"w1", []int{2, 3}, []float64{1, 2, 3, 4.5, -1e300, 6}},
	{"step0/b.1", []int{3, 1}, []float32{.5, -2, 3e-38}},
	{"pixels", []int{1, 2, 2}, []uint8{0, 1, 127, 255}},
	{"y", []int{4}, []int64{0, 9, -1, 1 << 62}},
	{"mask", []int{2}, []bool{true, false}},
	{"loss", []int{}, []string{"σ: quadratic"}},
	{"eta", []int{}, []float64{.5}},
	{"none", []int{0, 7}, []float64{}},
}

func encoded(t testing.TB, arrays []Array) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, arrays); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func parse(file []byte) ([]Array, error) {
	return Read(bytes.NewReader(file), int64(len(file)), "f.npz")
}

func TestRoundTrip(t *testing.T) {
	got, err := parse(encoded(t, samples))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, samples) {
		t.Errorf("read %v\nwrote %v", got, samples)
	}
	if !bytes.Equal(encoded(t, samples), encoded(t, samples)) {
		t.Error("the same arrays give different bytes")
	}
}

func TestWriteRefuses(t *testing.T) {
	for _, c := range []struct {
		arrays []Array
		want   string
	}{
		{[]Array{samples[0], samples[0]}, "the name is taken"},
		{[]Array{{strings.Repeat("a", maxName), []int{}, []float64{1}}}, "too long"},
		{[]Array{{"\xff", []int{}, []float64{1}}}, "not UTF-8"},
		{[]Array{{"a", []int{2}, []float64{1}}}, "1 values for the shape [2]"},
		{[]Array{{"a", []int{-1}, []float64{1}}}, "1 values for the shape [-1]"},
		{[]Array{{"a", []int{1}, []int{1}}}, "the data is a []int"},
	} {
		if err := Write(&bytes.Buffer{}, c.arrays); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npz")
	if err := os.WriteFile(path, encoded(t, samples), 0o666); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadFile(path); err != nil || !reflect.DeepEqual(got, samples) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := ReadFile(path + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := ReadFile(filepath.Dir(path)); !errors.Is(err, intake.ErrDamaged) || !strings.Contains(err.Error(), "a folder") {
		t.Errorf("folder: %v", err)
	}
	if err := os.Truncate(path, 1<<40); err != nil {
		t.Skip(err)
	}
	if _, err := ReadFile(path); !errors.Is(err, intake.ErrDamaged) || !strings.Contains(err.Error(), "the limit of") {
		t.Errorf("sparse file: %v", err)
	}
}

func isFault(err error) bool {
	_, ok := errors.AsType[*FormatError](err)
	return ok
}

// script makes a file in every way that NumPy offers.
const script = `
import sys, numpy as np
f, z = sys.argv[1:]
a = np.arange(24, dtype='f8').reshape(2, 3, 4) / 8
arrays = {'c': a, 'f': np.asfortranarray(a), 't': a[0].T, 'strided': a[:, ::2, 1:3], 'big': a[0].astype('>f4'),
  'f4': a[0].astype('f4'), 'u1': np.array([[0, 255]], 'u1'), 'b1': a[0] > 1, 'scalar': 0.5, 'int': 7,
  'name': 'quadratic', 'bytes': np.bytes_('tanh'), 'empty': np.zeros((0, 3)), 'dots.and/slashes': np.float32(1)}
for k in 'i1 i2 i4 i8'.split(): arrays[k] = np.array([-3, 100], k)
for k in 'u2 u4 u8'.split(): arrays[k] = np.array([3, 100], '>' + k)
np.savez(f, **arrays)
np.savez_compressed(z, **arrays)
`

// TestNumPy reads what NumPy wrote, and lets NumPy read what Write wrote.
func TestNumPy(t *testing.T) {
	const python = "/usr/bin/python3"
	if exec.Command(python, "-c", "import numpy").Run() != nil {
		t.Skip("needs " + python + " with NumPy")
	}
	dir := t.TempDir()
	plain, packed, ours := filepath.Join(dir, "a.npz"), filepath.Join(dir, "z.npz"), filepath.Join(dir, "ours.npz")
	if out, err := exec.Command(python, "-c", script, plain, packed).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cube := make([]float64, 24)
	for i := range cube {
		cube[i] = float64(i) / 8
	}
	want := map[string]Array{
		"c": {"", []int{2, 3, 4}, cube}, "f": {"", []int{2, 3, 4}, cube},
		"t":       {"", []int{4, 3}, []float64{0, .5, 1, .125, .625, 1.125, .25, .75, 1.25, .375, .875, 1.375}},
		"strided": {"", []int{2, 2, 2}, []float64{.125, .25, 1.125, 1.25, 1.625, 1.75, 2.625, 2.75}},
		"big":     {"", []int{3, 4}, []float32{0, .125, .25, .375, .5, .625, .75, .875, 1, 1.125, 1.25, 1.375}},
		"f4":      {"", []int{3, 4}, []float32{0, .125, .25, .375, .5, .625, .75, .875, 1, 1.125, 1.25, 1.375}},
		"u1":      {"", []int{1, 2}, []uint8{0, 255}},
		"b1":      {"", []int{3, 4}, []bool{8: false, 9: true, 10: true, 11: true}},
		"scalar":  {"", []int{}, []float64{.5}}, "int": {"", []int{}, []int64{7}},
		"name": {"", []int{}, []string{"quadratic"}}, "bytes": {"", []int{}, []string{"tanh"}},
		"empty": {"", []int{0, 3}, []float64{}}, "dots.and/slashes": {"", []int{}, []float32{1}},
		"i1": {"", []int{2}, []int64{-3, 100}}, "i2": {"", []int{2}, []int64{-3, 100}}, "i4": {"", []int{2}, []int64{-3, 100}},
		"i8": {"", []int{2}, []int64{-3, 100}}, "u2": {"", []int{2}, []int64{3, 100}}, "u4": {"", []int{2}, []int64{3, 100}},
		"u8": {"", []int{2}, []int64{3, 100}},
	}
	for _, path := range []string{plain, packed} {
		got, err := ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) {
			t.Errorf("%s: %d arrays, want %d", path, len(got), len(want))
		}
		for _, a := range got {
			w := want[a.Name]
			if w.Name = a.Name; !reflect.DeepEqual(a, w) {
				t.Errorf("%s: %v, want %v", path, a, w)
			}
		}
	}
	if err := os.WriteFile(ours, encoded(t, samples), 0o666); err != nil {
		t.Fatal(err)
	}
	const check = `
import sys, numpy as np
f = np.load(sys.argv[1])
for k in f.files: print(k, f[k].dtype.str, f[k].shape, f[k].tolist())
`
	out, err := exec.Command(python, "-c", check, ours).CombinedOutput()
	const printed = `w1 <f8 (2, 3) [[1.0, 2.0, 3.0], [4.5, -1e+300, 6.0]]
step0/b.1 <f4 (3, 1) [[0.5], [-2.0], [3.000000085396614e-38]]
pixels |u1 (1, 2, 2) [[[0, 1], [127, 255]]]
y <i8 (4,) [0, 9, -1, 4611686018427387904]
mask |b1 (2,) [True, False]
loss <U12 () σ: quadratic
eta <f8 () 0.5
none <f8 (0, 7) []
`
	if err != nil || string(out) != printed {
		t.Errorf("NumPy reads, %v:\n%s", err, out)
	}
}

// TestVersions reads headers of all versions, in spellings that other programs use.
func TestVersions(t *testing.T) {
	const dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n"
	for _, head := range []string{
		"\x93NUMPY\x01\x00" + string(rune(len(dict))) + "\x00" + dict,
		"\x93NUMPY\x02\x00" + string(rune(len(dict))) + "\x00\x00\x00" + dict,
		"\x93NUMPY\x03\x00" + string(rune(len(dict))) + "\x00\x00\x00" + dict,
		headed(`{"shape":(1L,),"fortran_order":True,"descr":"=f4"}`),
		headed(`{  'shape' : ( 1 ) , 'descr':'|f4','fortran_order':False  }   `),
	} {
		got, err := parse(archive(t, zip.Deflate, "a.npy", head+"\x00\x00\x80\x3f"))
		if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0].Data, []float32{1}) {
			t.Errorf("%q: %v, %v", head, got, err)
		}
	}
}

// headed returns an array's header of version 1.
func headed(dict string) string {
	return "\x93NUMPY\x01\x00" + string([]byte{byte(len(dict)), byte(len(dict) >> 8)}) + dict
}

// archive returns a zip archive with the given names and contents.
func archive(t testing.TB, method uint16, entries ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(entries); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: entries[i], Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(entries[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
