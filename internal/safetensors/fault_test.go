package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReadRefuses(t *testing.T) {
	long := func(n uint64) []byte { return append(binary.LittleEndian.AppendUint64(nil, n), "{}"...) }
	w := func(dtype, shape, offsets string) []byte {
		return raw(fmt.Sprintf(`{"w":{"dtype":%s,"shape":%s,"data_offsets":%s}}`, dtype, shape, offsets), "12345678")
	}
	two := func(a, b string) []byte {
		const e = `"%s":{"dtype":"F32","shape":[1],"data_offsets":%s}`
		return raw(fmt.Sprintf("{"+e+","+e+"}", "v", a, "w", b), "12345678")
	}
	for _, c := range []struct {
		name   string
		file   []byte
		offset int64
		want   string
	}{
		{"no bytes", nil, 0, "the file has 0 bytes"},
		{"seven bytes", make([]byte, 7), 0, "the file has 7 bytes"},
		{"header of nothing", long(0), 0, "the header has 0 bytes"},
		{"header beyond the file", long(3), 0, "the header has 3 bytes, and only 2 follow"},
		{"header too large", long(maxHeader + 1), 0, "the limit is 1048576"},
		{"header of 2⁶³ bytes", long(1 << 63), 0, "the limit is 1048576"},
		{"header of 2⁶⁴-1 bytes", long(1<<64 - 1), 0, "the limit is 1048576"},
		{"another file", []byte("PK\x03\x04 and so on, for many bytes"), 0, "the limit is 1048576"},

		{"not UTF-8", raw("{\"\xff\":1}", ""), 8, "not UTF-8"},
		{"not JSON", raw(`{"w"}`, ""), 12, "not JSON"},
		{"JSON cut off", raw(`{"w":`, ""), 13, "not JSON"},
		{"JSON not closed", raw(`{`, ""), 9, "not JSON"},
		{"closed by the wrong bracket", raw(`{]`, ""), 9, "not JSON"},
		{"space before the brace", raw(` {}`, ""), 8, "begins with ' '"},
		{"an array", raw(`[]`, ""), 8, "begins with '['"},
		{"two values", raw(`{} {}`, ""), 10, "only spaces may follow"},
		{"zero bytes as padding", raw("{}\x00", ""), 10, "only spaces may follow"},
		{"newline as padding", raw("{}\n", ""), 10, "only spaces may follow"},

		{"tensor is null", raw(`{"w":null}`, ""), 17, `tensor "w" begins with <nil>, not with {`},
		{"tensor is an array", raw(`{"w":[]}`, ""), 14, `tensor "w" begins with [, not with {`},
		{"metadata is null", raw(`{"__metadata__":null}`, ""), 28, "the metadata begins with <nil>"},
		{"metadata is a number", raw(`{"__metadata__":{"a":1}}`, ""), 30, `metadata "a" is 1, not a string`},
		{"metadata is nested", raw(`{"__metadata__":{"a":{}}}`, ""), 30, `metadata "a" is {, not a string`},
		{"metadata key twice", raw(`{"__metadata__":{"a":"","a":""}}`, ""), 35, `the metadata has the key "a" twice`},
		{"metadata twice", raw(`{"__metadata__":{},"__metadata__":{}}`, ""), 41, `the header has the key "__metadata__" twice`},
		{"shape twice", two(`[0,4]`, `[4,8],"shape":[1]`), 121, `tensor "w" has the key "shape" twice`},
		{"tensor twice", raw(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\u0077":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, "12345678"), 70, `the header has the key "w" twice`},
		{"dtype twice", w(`"F32","dtype":"F32"`, `[2]`, `[0,8]`), 35, `tensor "w" has the key "dtype" twice`},
		{"data_offsets twice", w(`"F32"`, `[2]`, `[0,8],"data_offsets":[0,8]`), 75, `tensor "w" has the key "data_offsets" twice`},
		{"unknown key", w(`"F32","offset":0`, `[2]`, `[0,8]`), 36, `tensor "w" has the unknown key "offset"`},
		{"key in capitals", w(`"F32","Shape":[2]`, `[2]`, `[0,8]`), 35, `unknown key "Shape"`},
		{"no dtype", raw(`{"w":{"shape":[2],"data_offsets":[0,8]}}`, "12345678"), 47, "lacks a key"},
		{"no shape", raw(`{"w":{"dtype":"F32","data_offsets":[0,8]}}`, "12345678"), 49, "lacks a key"},
		{"no data_offsets", raw(`{"w":{"dtype":"F32","shape":[2]}}`, "12345678"), 40, "lacks a key"},

		{"dtype U16", w(`"U16"`, `[4]`, `[0,8]`), 27, `the dtype "U16"; convert it`},
		{"dtype F8", w(`"F8_E5M2"`, `[8]`, `[0,8]`), 31, `the dtype "F8_E5M2"; convert it`},
		{"dtype in small letters", w(`"f32"`, `[2]`, `[0,8]`), 27, `the dtype "f32"; convert it`},
		{"dtype is a number", w(`32`, `[2]`, `[0,8]`), 24, "dtype is 32, not a string"},
		{"shape is a number", w(`"F32"`, `2`, `[0,8]`), 37, "shape begins with 2, not with ["},
		{"shape is null", w(`"F32"`, `null`, `[0,8]`), 40, "shape begins with <nil>, not with ["},
		{"negative", w(`"F32"`, `[-2]`, `[0,8]`), 39, "shape has -2, which is not an integer of at least 0"},
		{"negative twice", w(`"F32"`, `[-2,-1]`, `[0,8]`), 39, "shape has -2"},
		{"negative zero", w(`"F32"`, `[-0]`, `[0,0]`), 39, "shape has -0"},
		{"fraction", w(`"F32"`, `[2.0]`, `[0,8]`), 40, "shape has 2.0"},
		{"exponent", w(`"F32"`, `[2e0]`, `[0,8]`), 40, "shape has 2e0"},
		{"text in the shape", w(`"F32"`, `["2"]`, `[0,8]`), 40, "shape has 2, which"},
		{"65 dimensions", w(`"F32"`, `[`+strings.Repeat("1,", 64)+`1]`, `[0,4]`), 166, "more than 64 numbers"},
		{"array in the shape", w(`"F32"`, `[[2]]`, `[0,8]`), 38, "shape has [, which"},
		{"true in the shape", w(`"F32"`, `[true]`, `[0,8]`), 41, "shape has true"},
		{"beyond 64 bits", w(`"F32"`, `[18446744073709551616]`, `[0,8]`), 57, "shape has 18446744073709551616"},
		{"2⁶⁴ bytes look like 0", w(`"F32"`, `[4294967296,1073741824]`, `[0,0]`), 81, "whose product overflows"},
		{"2⁶⁴+2 values look like 2", w(`"F32"`, `[2,9223372036854775807]`, `[0,8]`), 81, "whose product overflows"},
		{"too few bytes", w(`"F32"`, `[3]`, `[0,8]`), 61, "has 8 bytes, and F32 of shape [3] needs 12"},
		{"too many bytes", w(`"F32"`, `[1]`, `[0,8]`), 61, "has 8 bytes, and F32 of shape [1] needs 4"},
		{"bytes for none", w(`"F64"`, `[0]`, `[0,8]`), 61, "has 8 bytes, and F64 of shape [0] needs 0"},

		{"one offset", w(`"F32"`, `[2]`, `[8]`), 58, "data_offsets [8]; two are needed"},
		{"three offsets", w(`"F32"`, `[2]`, `[0,8,8]`), 62, "data_offsets [0 8 8]; two are needed"},
		{"end before begin", w(`"F32"`, `[2]`, `[8,0]`), 60, "data_offsets [8 0]; two are needed"},
		{"negative offset", w(`"F32"`, `[2]`, `[-8,0]`), 58, "data_offsets has -8"},
		{"end beyond the file", w(`"F32"`, `[4]`, `[0,16]`), 63, "ends at byte 16 of the data, and the file has only 8"},
		{"begin beyond the file", w(`"F32"`, `[2]`, `[800,808]`), 66, "begins at byte 800 of the data, and the tensor before ends at 0"},
		{"hole at the start", w(`"F32"`, `[1]`, `[4,8]`), 62, "without the hole"},
		{"hole in the middle", two(`[0,4]`, `[5,9]`), 119, "begins at byte 5 of the data, and the tensor before ends at 4"},
		{"overlap", two(`[0,4]`, `[3,7]`), 119, "begins at byte 3 of the data, inside the tensor before, which ends at 4"},
		{"same bytes twice", two(`[0,4]`, `[0,4]`), 119, "begins at byte 0 of the data, inside the tensor before"},
		{"trailing bytes", w(`"F32"`, `[1]`, `[0,4]`), 66, "4 bytes follow the last tensor"},
		{"data of no tensor", raw(`{}`, "1"), 10, "1 bytes follow the last tensor"},
		{"checksum", raw(`{"__metadata__":{"stheno.sha256":"beef"}}`, ""), 49, `the header says "beef"; the file is damaged`},
		{"endless name", raw(`{"`+strings.Repeat("ü", 1000)+`":1}`, ""), 2013, "ü…"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := decoded(c.file)
			if f != nil || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, %v; want %q", f, err, c.want)
			}
			if !isFormat(err, "f", c.offset) {
				t.Errorf("%v: want the offset %d", err, c.offset)
			}
		})
	}
}

func TestTruncatedAtEveryByte(t *testing.T) {
	whole := encoded(t, sample())
	for n := range whole {
		if f, err := decoded(whole[:n]); f != nil || !formatError(err) {
			t.Errorf("%d of %d bytes: got %v, %v", n, len(whole), f, err)
		}
		// The file shrinks while it is read.
		if f, err := Read(bytes.NewReader(whole[:n]), int64(len(whole)), "f"); f != nil || !isFormat(err, "f", int64(n)) {
			t.Errorf("%d of %d bytes came: got %v, %v", n, len(whole), f, err)
		}
	}
}

func formatError(err error) bool {
	_, ok := errors.AsType[*FormatError](err)
	return ok
}

// TestEveryFlippedBit finds each flipped bit, except in the checksum's own name, where it leaves an unknown key and the tensors as they were.
func TestEveryFlippedBit(t *testing.T) {
	whole := encoded(t, sample())
	want, err := decoded(whole)
	if err != nil {
		t.Fatal(err)
	}
	key := bytes.Index(whole, []byte(sumKey))
	for i := range whole {
		for bit := range 8 {
			b := bytes.Clone(whole)
			b[i] ^= 1 << bit
			got, err := decoded(b)
			if err != nil {
				if !formatError(err) {
					t.Errorf("byte %d, bit %d: %v is no *FormatError", i, bit, err)
				}
				continue
			}
			maps.DeleteFunc(got.Metadata, func(k, _ string) bool { return want.Metadata[k] == "" })
			if i < key || i >= key+len(sumKey) || !same(got, want) {
				t.Errorf("byte %d, bit %d: the flip went unnoticed", i, bit)
			}
		}
	}
}

func TestReadReportsErrors(t *testing.T) {
	whole := encoded(t, sample())
	for _, n := range []int{0, 3, 8, 20, len(whole) - 1} {
		r := io.MultiReader(bytes.NewReader(whole[:n]), iotest.ErrReader(errFull))
		if _, err := Read(r, int64(len(whole)), "f"); !errors.Is(err, errFull) || formatError(err) || !strings.Contains(err.Error(), fmt.Sprintf("f: byte offset %d", n)) {
			t.Errorf("disk error after %d bytes: got %v", n, err)
		}
	}
}

// TestHostileHeaders: the largest headers are refused, and at most 256 MiB are allocated for that.
func TestHostileHeaders(t *testing.T) {
	fill := func(open, item, end string) []byte {
		var b strings.Builder
		b.WriteString(open)
		for i := 0; b.Len()+len(item)+20 < maxHeader; i++ {
			fmt.Fprintf(&b, item, i)
		}
		return raw(b.String()+end, "")
	}
	for name, file := range map[string][]byte{
		"tensors": fill(`{"":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`, `,"%x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`, "},"),
		"text":    fill(`{"__metadata__":{"":""`, `,"%x":""`, "}},"),
		"shape":   fill(`{"w":{"dtype":"F32","shape":[1`, `,%.0d1`, "]}},"),
		"depth":   fill(`{"w":`, `[%.0d`, ""),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := decoded(file)
			runtime.ReadMemStats(&after)
			if !formatError(err) {
				t.Errorf("got %v", err)
			}
			if n := (after.TotalAlloc - before.TotalAlloc) >> 20; n > 256 {
				t.Errorf("%d bytes took %d MiB", len(file), n)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add(encoded(f, sample()))
	f.Add(encoded(f, &File{}))
	f.Add(raw(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, "1234"))
	f.Add(raw(`{"w":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"v":{"dtype":"BF16","shape":[1],"data_offsets":[4,6]}}`, "12345\x7f"))
	f.Add(raw(`{"w":{"dtype":"F64","shape":[],"data_offsets":[4,12]},"v":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, "123456789abc"))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := decoded(b)
		if err != nil {
			if fault, ok := errors.AsType[*FormatError](err); !ok || fault.Offset < 0 || fault.Offset > int64(len(b)) {
				t.Fatalf("got %v", err)
			}
			return
		}
		again, err := decoded(encoded(t, file))
		if err != nil {
			t.Fatal(err)
		}
		byName := func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) }
		slices.SortFunc(file.Tensors, byName)
		slices.SortFunc(again.Tensors, byName)
		if !same(file, again) {
			t.Fatalf("read %v, wrote it and read %v", file, again)
		}
	})
}
