package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// sample has all dtypes that can be written, a scalar, two empty tensors, and values that survive only bit for bit.
func sample() *File {
	return &File{
		Metadata: map[string]string{"epoch": "3", "name": "Grüße \"<1>\"\n"},
		Tensors: []Tensor{
			{"b", []int{3}, []float32{1, -0.5, math.Float32frombits(0x7fc00123)}},
			{"w", []int{2, 1}, []float64{math.Pi, math.Inf(-1)}},
			{"empty", []int{2, 0}, []float32{}},
			{"step <1>", []int{}, []float64{7}},
			{"also empty", []int{0}, []float64{}},
			{"count", []int{1}, []int64{-1 << 60}},
		},
	}
}

func encoded(t testing.TB, f *File) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func decoded(b []byte) (*File, error) {
	return Read(bytes.NewReader(b), int64(len(b)), "f")
}

// raw puts the length before a header and some data after it.
func raw(header, data string) []byte {
	return slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), []byte(header), []byte(data))
}

// same reports whether two files hold the same text and the same bits.
func same(a, b *File) bool {
	return maps.Equal(a.Metadata, b.Metadata) && slices.EqualFunc(a.Tensors, b.Tensors, func(x, y Tensor) bool {
		return x.Name == y.Name && slices.Equal(x.Shape, y.Shape) && reflect.DeepEqual(bits(x.Data), bits(y.Data))
	})
}

// bits makes NaNs comparable.
func bits(data any) []uint64 {
	u := []uint64{}
	switch data := data.(type) {
	case []float32:
		for _, v := range data {
			u = append(u, uint64(math.Float32bits(v)))
		}
	case []float64:
		for _, v := range data {
			u = append(u, math.Float64bits(v))
		}
	case []int64:
		for _, v := range data {
			u = append(u, uint64(v))
		}
	}
	return u
}

func TestRoundTrip(t *testing.T) {
	f := sample()
	want := &File{f.Metadata, []Tensor{f.Tensors[1], f.Tensors[3], f.Tensors[4], f.Tensors[5], f.Tensors[0], f.Tensors[2]}} // 8 bytes first
	b := encoded(t, f)
	if !bytes.Equal(b, encoded(t, sample())) {
		t.Error("two writes of the same file differ")
	}
	if n := binary.LittleEndian.Uint64(b); n%8 != 0 {
		t.Errorf("header of %d bytes: the data is not aligned", n)
	}
	got, err := decoded(b)
	if err != nil || !same(got, want) {
		t.Fatalf("got %v, %v; want %v", got, err, want)
	}
	if !same(f, sample()) {
		t.Error("Write changed its argument")
	}
	if again := encoded(t, got); !bytes.Equal(again, b) {
		t.Error("what was read is written in other bytes")
	}
}

func TestRoundTripAcrossChunks(t *testing.T) {
	f := &File{Metadata: map[string]string{}}
	for _, n := range []int{0, 1, chunk - 1, chunk, chunk + 1, 2*chunk + 3} {
		x, y := make([]float64, n), make([]float32, n)
		for i := range n {
			x[i], y[i] = math.Sqrt(float64(i)), float32(i)
		}
		f.Tensors = []Tensor{{"x", []int{n}, x}, {"y", []int{n}, y}}
		b := encoded(t, f)
		for name, r := range map[string]io.Reader{"whole": bytes.NewReader(b), "halves": iotest.HalfReader(bytes.NewReader(b)), "end with data": iotest.DataErrReader(bytes.NewReader(b))} {
			if got, err := Read(r, int64(len(b)), "f"); err != nil || !same(got, f) {
				t.Errorf("%d values, %s: %v", n, name, err)
			}
		}
	}
}

// TestReference reads files in the layout of the format's own implementation.
func TestReference(t *testing.T) {
	floats := "\x00\x00\x00\x00\x00\x00\x80\x3f\x00\x00\x00\x40\x00\x00\x40\x40\x00\x00\x80\x40\x00\x00\xa0\x40"
	attn := Tensor{"attn.0", []int{1, 2, 3}, []float32{0, 1, 2, 3, 4, 5}}
	for _, c := range []struct {
		name, header, data string
		want               File
	}{
		{"no tensors", `{}      `, "", File{}},
		{"metadata only", `{"__metadata__":{"framework":"pt"}}     `, "", File{Metadata: map[string]string{"framework": "pt"}}},
		{"one tensor", `{"attn.0":{"dtype":"F32","shape":[1,2,3],"data_offsets":[0,24]}}`, floats, File{Tensors: []Tensor{attn}}},
		{"keys in another order", `{ "attn.0" : {"data_offsets":[0, 24],"dtype":"F32", "shape":[1,2,3]} }`, floats, File{Tensors: []Tensor{attn}}},
		{"scalar", `{"s":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}`, "\x00\x00\x40\x40", File{Tensors: []Tensor{{"s", []int{}, []float32{3}}}}},
		{"sorted by offset", `{"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, "\x00\x00\x80\x3f\x00\x00\x00\x40",
			File{Tensors: []Tensor{{"a", []int{1}, []float32{1}}, {"b", []int{1}, []float32{2}}}}},
		{"empty beside full", `{"full":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"empty":{"dtype":"F64","shape":[0,9],"data_offsets":[0,0]}}`, "\x00\x00\x80\x3f",
			File{Tensors: []Tensor{{"empty", []int{0, 9}, []float64{}}, {"full", []int{1}, []float32{1}}}}},
	} {
		if got, err := decoded(raw(c.header, c.data)); err != nil || !same(got, &c.want) {
			t.Errorf("%s: got %v, %v; want %v", c.name, got, err, c.want)
		}
	}
}

// TestLayout pins the bytes, so that no later version writes others by accident.
func TestLayout(t *testing.T) {
	f := &File{Metadata: map[string]string{"b": "2", "a": "1"}, Tensors: []Tensor{{"w", []int{1, 2}, []float32{1, 2}}}}
	const sum = "39f37f40c4cd5e3dc993e147ef035e902144792f9eff4a4ecc09ae1b2b0f46c3"
	want := raw(`{"__metadata__":{"a":"1","b":"2","stheno.sha256":"`+sum+`"},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}`+"    ", "\x00\x00\x80\x3f\x00\x00\x00\x40")
	if got := encoded(t, f); !bytes.Equal(got, want) {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
}

func TestWriteRefuses(t *testing.T) {
	ok := []float32{1}
	huge := File{} // 1 GiB in all, and one MiB of memory
	for i, data := range slices.Repeat([][]float32{make([]float32, 1<<18)}, 1<<10) {
		huge.Tensors = append(huge.Tensors, Tensor{fmt.Sprint(i), []int{len(data)}, data})
	}
	for _, c := range []struct {
		want string
		f    File
	}{
		{`"w": the name is taken`, File{Tensors: []Tensor{{"w", nil, ok}, {"w", nil, ok}}}},
		{`"__metadata__": the name is taken`, File{Tensors: []Tensor{{"__metadata__", nil, ok}}}},
		{`"\xff": the name is taken or is not UTF-8`, File{Tensors: []Tensor{{"\xff", nil, ok}}}},
		{`"w": the data is a []int`, File{Tensors: []Tensor{{"w", nil, []int{1}}}}},
		{`"w": the data is a <nil>`, File{Tensors: []Tensor{{"w", nil, nil}}}},
		{`"w": 1 values for the shape [2]`, File{Tensors: []Tensor{{"w", []int{2}, ok}}}},
		{`"w": 1 values for the shape [-1]`, File{Tensors: []Tensor{{"w", []int{-1}, ok}}}},
		{`of at most 64 dimensions`, File{Tensors: []Tensor{{"w", slices.Repeat([]int{1}, 65), ok}}}},
		{`"w": 0 values for the shape [4294967296 4294967296 4294967296]`, File{Tensors: []Tensor{{"w", []int{1 << 32, 1 << 32, 1 << 32}, []float32{}}}}},
		{`"stheno.sha256" is reserved`, File{Metadata: map[string]string{"stheno.sha256": ""}}},
		{`"\xff" is not UTF-8`, File{Metadata: map[string]string{"\xff": ""}}},
		{`"k" is not UTF-8`, File{Metadata: map[string]string{"k": "\xff"}}},
		{`"1022": more than 1072693240 bytes`, huge},
		{`the limit is 1048576`, File{Metadata: map[string]string{"k": strings.Repeat("x", maxHeader)}}},
	} {
		var b bytes.Buffer
		if err := Write(&b, &c.f); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
		if b.Len() > 0 {
			t.Errorf("%s: %d bytes were written before the error", c.want, b.Len())
		}
	}
}

// limited fails after n bytes, as a full disk does.
type limited struct{ n int }

var errFull = errors.New("disk full")

func (l *limited) Write(p []byte) (int, error) {
	if len(p) > l.n {
		return l.n, errFull
	}
	l.n -= len(p)
	return len(p), nil
}

func TestWriteReportsEveryFailure(t *testing.T) {
	size := len(encoded(t, sample()))
	for n := range size {
		if err := Write(&limited{n}, sample()); !errors.Is(err, errFull) {
			t.Fatalf("disk full after %d of %d bytes: got %v", n, size, err)
		}
	}
}

// TestLargest: the size alone is enough to refuse a file.
func TestLargest(t *testing.T) {
	if _, err := Read(nil, maxSize+1, "f"); !isFormat(err, "f", 0) || !strings.Contains(err.Error(), "the limit is") {
		t.Error(err)
	}
}

// isFormat reports whether err is a fault of the file at the offset.
func isFormat(err error, file string, offset int64) bool {
	fault, ok := errors.AsType[*FormatError](err)
	return ok && fault.File == file && fault.Offset == offset && strings.HasPrefix(err.Error(), fmt.Sprintf("safetensors: %s: byte offset %d: ", file, offset))
}

// TestHalves: two-byte numbers become float32 numbers of the same value.
func TestHalves(t *testing.T) {
	f, err := decoded(raw(`{"h":{"dtype":"F16","shape":[2,4],"data_offsets":[0,16]},"b":{"dtype":"BF16","shape":[2],"data_offsets":[16,20]}}`,
		"\x00\x3c\x00\xc0\x01\x00\xff\x03\xff\x7b\x00\xfc\x00\x80\x55\x35"+"\x80\x3f\x49\xc0"))
	if err != nil {
		t.Fatal(err)
	}
	want := []float32{1, -2, 1.0 / (1 << 24), 1023.0 / (1 << 24), 65504, float32(math.Inf(-1)), float32(math.Copysign(0, -1)), 1365.0 / 4096}
	if got := f.Tensors[0]; !reflect.DeepEqual(bits(got.Data), bits(want)) || fmt.Sprint(got.Shape) != "[2 4]" {
		t.Errorf("%v, want %v", got, want)
	}
	if got := f.Tensors[1].Data; !reflect.DeepEqual(got, []float32{1, -3.140625}) {
		t.Errorf("%v", got)
	}
	if nan := half(0x7e00); nan == nan {
		t.Error("no NaN")
	}
}
