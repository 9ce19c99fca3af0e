package npz

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"math"
	"reflect"
	"strings"
	"testing"
)

// TestOpen reads arrays of each type of number, row-major and column-major, in their own type and as float32.
func TestOpen(t *testing.T) {
	for kind, c := range map[string]struct {
		values any
		array  any
	}{
		"<f4": {[]float32{1, -2, 3.5, 4, 5, 6}, []float32{1, -2, 3.5, 4, 5, 6}}, "<f8": {[]float64{1, -2, 3.5, 4, 5, 6}, []float64{1, -2, 3.5, 4, 5, 6}},
		"|u1": {[]uint8{1, 2, 3, 4, 5, 255}, []uint8{1, 2, 3, 4, 5, 255}}, "|b1": {[]uint8{1, 0, 1, 0, 0, 1}, []bool{true, false, true, false, false, true}},
		"|i1": {[]int8{-1, 2, 3, 4, 5, 6}, []int64{-1, 2, 3, 4, 5, 6}}, "<u2": {[]uint16{1, 2, 3, 4, 5, 65535}, []int64{1, 2, 3, 4, 5, 65535}},
		"<i2": {[]int16{-1, 2, 3, 4, 5, 6}, []int64{-1, 2, 3, 4, 5, 6}}, "<u4": {[]uint32{1, 2, 3, 4, 5, 1 << 31}, []int64{1, 2, 3, 4, 5, 1 << 31}},
		"<i4": {[]int32{-1, 2, 3, 4, 5, 6}, []int64{-1, 2, 3, 4, 5, 6}}, "<u8": {[]uint64{1, 2, 3, 4, 5, 1 << 62}, []int64{1, 2, 3, 4, 5, 1 << 62}},
		"<i8": {[]int64{-1, 2, 3, 4, 5, 6}, []int64{-1, 2, 3, 4, 5, 6}},
	} {
		var b bytes.Buffer
		binary.Write(&b, binary.LittleEndian, c.values)
		for order, at := range map[string][]int{"False": {0, 1, 2, 3, 4, 5}, "True": {0, 2, 4, 1, 3, 5}} {
			entry := headed("{'descr': '"+kind+"', 'fortran_order': "+order+", 'shape': (2, 3)}") + b.String()
			text := archive(t, zip.Deflate, "a.npy", entry, "text.npy", headed("{'descr': '<U1', 'fortran_order': False, 'shape': (1,)}")+"a\x00\x00\x00")
			f, err := Open(bytes.NewReader(text), int64(len(text)), "f.npz")
			if err != nil {
				t.Fatal(err)
			}
			if shape, k, err := f.Head("a"); err != nil || !reflect.DeepEqual(shape, []int{2, 3}) || k != kind[1:] {
				t.Errorf("%s: %v %q, %v", kind, shape, k, err)
			}
			if _, err := f.Floats("text"); !isFault(err) || !strings.Contains(err.Error(), "numbers are needed") {
				t.Error(err)
			}
			plain, err1 := f.Array("a")
			floats, err2 := f.Floats("a")
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
			values, array := reflect.ValueOf(c.values), reflect.ValueOf(c.array)
			for i, from := range at {
				if got, want := reflect.ValueOf(plain.Data).Index(i).Interface(), array.Index(from).Interface(); got != want {
					t.Errorf("%s, by columns %s: %v at %d, want %v", kind, order, got, i, want)
				}
				want := float32(values.Index(from).Convert(reflect.TypeFor[float64]()).Float())
				if got := floats.Data.([]float32)[i]; got != want {
					t.Errorf("%s, by columns %s: float32 %v at %d, want %v", kind, order, got, i, want)
				}
			}
		}
	}
}

// TestSuspicious refuses a file that unpacks to far more than any real one.
func TestSuspicious(t *testing.T) {
	zeros := archive(t, zip.Deflate, "a.npy", headed("{'descr': '|u1', 'fortran_order': False, 'shape': (25165824,)}")+strings.Repeat("\x00", 24<<20))
	if _, err := Open(bytes.NewReader(zeros), int64(len(zeros)), "f.npz"); !isFault(err) || !strings.Contains(err.Error(), "more than 64 bytes of each; save it unpacked") {
		t.Error(err)
	}
	if _, err := Open(bytes.NewReader(zeros[:30]), math.MaxInt64, "f.npz"); !isFault(err) || !strings.Contains(err.Error(), "the limit is 4294967295") {
		t.Error(err)
	}
}
