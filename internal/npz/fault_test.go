package npz

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// good is an entry with one float64, 1.
var good = headed("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }") + "\x00\x00\x00\x00\x00\x00\xf0\x3f"

// TestArrayRefused changes one place of the good entry in each row.
func TestArrayRefused(t *testing.T) {
	const dict = "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }"
	for _, c := range []struct {
		old, new string
		offset   int64
		want     string
	}{
		{good, "", 0, "the entry ends here"},
		{"\x93", "\x92", 0, "an array begins with"},
		{"NUMPY\x01", "NUMPY\x00", 8, "version 0.0"},
		{"NUMPY\x01", "NUMPY\x04", 8, "version 4.0"},
		{"NUMPY\x01\x00", "NUMPY\x01\x01", 8, "version 1.1"},
		{"\x39\x00{", "\x11\x27{", 10, "the header has 10001 bytes"},
		{"\x39\x00{", "\x42\x00{", 75, "the entry ends here"},
		{dict, strings.Replace(dict, "{", " ", 1), 11, "no { here"},
		{"'descr'", "'Descr'", 19, `key "Descr" is unknown`},
		{"'shape'", "'descr'", 59, `key "descr" is unknown or comes twice`},
		{"'descr': ", "'descr'= ", 18, "no : here"},
		{"'<f8'", "'<f8 ", 28, "is unknown"},
		{"'shape'", "'sh\\pe'", 52, "a string that does not end, or has signs"},
		{"'shape'", "'sh\xffpe'", 52, "a string that does not end, or has signs"},
		{"False", "false", 44, "neither True nor False"},
		{"(1,)", "[1,]", 60, "no ( here"},
		{"(1,)", "(-1)", 61, "not a tuple of at most 32 whole numbers"},
		{"(1,)", "(x,)", 61, "not a tuple"},
		{"(1,)", "(1 1", 63, "no ) here"},
		{"(1,)", "(2,)", 67, "8 bytes follow, which is not what type <f8 and shape [2] need"},
		{"(1,)", "(0,)", 67, "8 bytes follow"},
		{"'<f8'", "'<f4'", 67, "8 bytes follow"},
		{"'<f8'", "'<f2'", 25, `the type "<f2" is unknown; convert`},
		{"'<f8'", "'<c8'", 25, `the type "<c8" is unknown`},
		{"'<f8'", "'!f8'", 25, `the type "!f8" is unknown`},
		{"'<f8'", "'|O8'", 25, "a pickled Python object"},
		{"'<f8'", "'<U0'", 25, `the type "<U0" is unknown`},
		{"'<f8'", "'f8' ", 24, `the type "f8" is unknown`},
		{"'<f8'", "[   ]", 21, "has fields"},
		{", }", "}} ", 65, "goes on after its closing brace"},
		{", 'shape': (1,)", "               ", 67, "lacks a key"},
		{"\xf0\x3f", "\xf0", 67, "7 bytes follow"},
		{"\xf0\x3f", "\xf0\x3f0", 67, "9 bytes follow"},
	} {
		if !strings.Contains(good, c.old) {
			t.Fatalf("%q is not in the good entry", c.old)
		}
		text := strings.Replace(good, c.old, c.new, 1)
		for _, method := range []uint16{zip.Store, zip.Deflate} {
			arrays, err := parse(archive(t, method, "ok.npy", good, "w.npy", text))
			e, ok := errors.AsType[*FormatError](err)
			if !ok || arrays != nil || e.File != "f.npz" || e.Entry != "w.npy" || !strings.Contains(e.Msg, c.want) {
				t.Errorf("%q for %q: %v, want %q", c.new, c.old, err, c.want)
			} else if e.Offset != c.offset {
				t.Errorf("%q for %q: %v, want offset %d", c.new, c.old, err, c.offset)
			}
		}
	}
}

// TestValuesRefused tries types and values that cannot be read.
func TestValuesRefused(t *testing.T) {
	for _, c := range []struct{ descr, shape, values, want string }{
		{"|b1", "()", "\x02", "neither 0 nor 1"},
		{"<u8", "()", "\xff\xff\xff\xff\xff\xff\xff\xff", "2⁶³ or more"},
		{"<U1", "()", "\x00\x00\x11\x00", "an invalid letter"},
		{"<U1", "()", "\x00\xd8\x00\x00", "an invalid letter"},
		{"|S1", "()", "\xff", "an invalid letter"},
		{"|S1", "(1001,)", strings.Repeat("a", 1001), "1001 strings"},
		{"<f8", "(9223372036854775807, 2)", "", "more values than can be counted"},
		{"<f8", "(2305843009213693952,)", "", "which is not what"}, // 2⁶¹ of 8 bytes are 2⁶⁴
		{"<f8", "(9223372036854775808,)", "", "not a tuple"},
		{"<f8", "(" + strings.Repeat("1,", 33) + ")", "12345678", "at most 32 whole numbers"},
	} {
		dict := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s}", c.descr, c.shape)
		_, err := parse(archive(t, zip.Store, "w.npy", headed(dict)+c.values))
		if !isFault(err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: %v, want %q", c.descr, c.shape, err, c.want)
		}
	}
}

// TestArchiveRefused tries faults of the archive.
func TestArchiveRefused(t *testing.T) {
	file := archive(t, zip.Store, "a.npy", good)
	change := func(offset int, b byte) []byte {
		f := slices.Clone(file)
		f[(offset+len(f))%len(f)] = b
		return f
	}
	directory := bytes.LastIndex(file, []byte("PK\x01\x02"))
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"nothing", nil, "the file has 0 bytes"},
		{"another file", []byte(strings.Repeat("stheno", 10)), "the archive does not end here"},
		{"bytes after", append(slices.Clone(file), 0), "the archive does not end here"},
		{"bytes before", append([]byte{0}, file...), "does not end here"},
		{"a comment", change(-2, 1), "does not end here"},
		{"other number of entries", change(-12, 2), "not one of 2 entries"},
		{"65536 entries more", change(-11, 1), "not one of 257 entries"},
		{"directory elsewhere", change(-6, file[len(file)-6]+1), "does not end here"},
		{"no directory entry", change(directory, 'p'), "not one of 1 entries"},
		{"no local entry", change(0, 'p'), "does not lie where"},
		{"longer than the file", change(directory+21, 1), "does not lie where"},
		{"encrypted", change(directory+8, 9), "encrypted"},
		{"another method", change(directory+10, 12), "packed by method 12"},
		{"packed without packing", change(directory+24, file[directory+24]+1), "without packing"},
		{"checksum of 0", func() []byte {
			f := slices.Clone(file)
			copy(f[directory+16:], "\x00\x00\x00\x00")
			return f
		}(), "the directory says 00000000"},
		{"a value changed", change(directory-17, 1), "the checksum is"},
		{"no array", archive(t, zip.Store, "a.npy", good, "readme.txt", "hello"), `"readme.txt" is not an array`},
		{"a folder", archive(t, zip.Store, "a/", ""), `"a/" is not an array`},
		{"a name twice", archive(t, zip.Store, "a.npy", good, "a.npy", good), "occurs twice"},
		{"a long name", archive(t, zip.Store, strings.Repeat("a", 300)+".npy", good), "is not an array"},
		{"a bad name", archive(t, zip.Store, "\xff.npy", good), "is not an array"},
		{"overlapping", overlapping(t), "overlap"},
		{"a large directory", largeDirectory(t), "the limit is 1048576"},
		{"a packed entry cut", cutInside(t), "the entry ends here"},
		{"a packed entry damaged", damagedInside(t), "damaged"},
	} {
		arrays, err := parse(c.file)
		if arrays != nil || !isFault(err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// overlapping has two directory entries for the same bytes.
func overlapping(t *testing.T) []byte {
	f := archive(t, zip.Store, "a.npy", good, "b.npy", good)
	second := bytes.LastIndex(f, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(f[second+42:], 0)
	return f
}

func largeDirectory(t *testing.T) []byte {
	var entries []string
	for i := range 20000 {
		entries = append(entries, fmt.Sprintf("%d.npy", i), "")
	}
	return archive(t, zip.Store, entries...)
}

// packed returns an archive with one deflated entry, and where the entry begins and ends.
func packed(t *testing.T) (f []byte, from, to int) {
	f = archive(t, zip.Deflate, "a.npy", headed("{'descr': '<f8', 'fortran_order': False, 'shape': (400,)}")+strings.Repeat("aXbYcZdW", 400))
	from = 30 + len("a.npy")
	return f, from, from + int(binary.LittleEndian.Uint32(f[bytes.LastIndex(f, []byte("PK\x01\x02"))+20:]))
}

func cutInside(t *testing.T) []byte {
	f, from, to := packed(t)
	directory := bytes.LastIndex(f, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(f[directory+20:], uint32(to-from-8))
	return f
}

func damagedInside(t *testing.T) []byte {
	f, from, _ := packed(t)
	for i := range 8 {
		f[from+60+i] = 0xff
	}
	return f
}

// TestTruncated cuts files at every byte.
func TestTruncated(t *testing.T) {
	small := archive(t, zip.Deflate, "a.npy", good, "b.npy", good)
	for _, file := range [][]byte{encoded(t, samples), small} {
		for n := range file {
			if _, err := parse(file[:n]); !isFault(err) {
				t.Fatalf("the first %d of %d bytes: %v", n, len(file), err)
			}
		}
	}
}

// TestFlipped changes every byte. What can still be read must be what was written, or have another name.
func TestFlipped(t *testing.T) {
	file := encoded(t, samples[:2])
	for i := range file {
		changed := slices.Clone(file)
		changed[i] ^= 0x15
		got, err := parse(changed)
		if err != nil {
			if !isFault(err) {
				t.Errorf("byte %d: %v", i, err)
			}
			continue
		}
		for k := range got {
			got[k].Name = samples[k].Name
		}
		if !reflect.DeepEqual(got, samples[:2]) {
			t.Errorf("byte %d: %v", i, got)
		}
	}
}

// TestBombs: small files that stand for gigabytes are refused without taking memory.
func TestBombs(t *testing.T) {
	bomb := func(descr, shape string, unpacked uint32) []byte {
		f := archive(t, zip.Deflate, "a.npy", headed("{'descr': '"+descr+"', 'fortran_order': False, 'shape': "+shape+"}")+strings.Repeat("\x00", 16<<20))
		binary.LittleEndian.PutUint32(f[bytes.LastIndex(f, []byte("PK\x01\x02"))+24:], unpacked)
		return f
	}
	for want, file := range map[string][]byte{
		"makes more than 67108864 bytes":        bomb("|i1", "(16777216,)", uint32(small.data+1)),
		"more than 100663296 bytes of memory":   bomb("|i1", "(16777216,)", 72+16<<20),
		"take more than 100663296 bytes":        bomb("|u1", "(16777216,)", 72+16<<20), // as float64
		"its values take more than 100663296":   bomb("|b1", "(16777216,)", 72+16<<20),
		"16777216 bytes follow, which is not":   bomb("|i1", "(16777217,)", 72+16<<20),
		"1000000 bytes follow, which is not":    bomb("|i1", "(16777216,)", 72+1000000),
		"the entry goes on after its values":    bomb("|i1", "(1000000,)", 71+1000000),
		"the entry ends here, and its size is ": archive(t, zip.Deflate, "a.npy", ""),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := parse(file)
		runtime.ReadMemStats(&after)
		if !isFault(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 64<<20 {
			t.Errorf("%q: %d bytes allocated", want, took)
		}
	}
}

// TestIdle reads a packed entry with a million empty parts.
func TestIdle(t *testing.T) {
	var b bytes.Buffer
	f, err := flate.NewWriter(&b, 1)
	if err != nil {
		t.Fatal(err)
	}
	f.Write([]byte(good[:20]))
	f.Flush()
	b.Write(bytes.Repeat([]byte{0, 0, 0, 0xff, 0xff}, 1<<20)) // stored parts of length 0
	f.Write([]byte(good[20:]))
	f.Close()
	var file bytes.Buffer
	z := zip.NewWriter(&file)
	w, err := z.CreateRaw(&zip.FileHeader{Name: "a.npy", Method: zip.Deflate, CRC32: crc32.ChecksumIEEE([]byte(good)),
		CompressedSize64: uint64(b.Len()), UncompressedSize64: uint64(len(good))})
	if err != nil {
		t.Fatal(err)
	}
	w.Write(b.Bytes())
	z.Close()
	if _, err := parse(file.Bytes()); !isFault(err) || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("%v", err)
	}
}

// TestReadFails: an error of the reader is not a fault of the file.
func TestReadFails(t *testing.T) {
	if _, err := Read(failing{}, 1000, "f.npz"); !errors.Is(err, iotest.ErrTimeout) || isFault(err) {
		t.Errorf("%v", err)
	}
}

type failing struct{}

func (failing) ReadAt([]byte, int64) (int, error) { return 0, iotest.ErrTimeout }

// FuzzRead: any file gives a fault, or arrays that stay the same when written and read again.
func FuzzRead(f *testing.F) {
	f.Add(encoded(f, samples))
	f.Add(archive(f, zip.Deflate, "a.npy", good))
	f.Add(archive(f, zip.Store, "a.npy", headed("{'descr': '>u2', 'fortran_order': True, 'shape': (2, 2)}")+"12345678"))
	f.Fuzz(func(t *testing.T, file []byte) {
		arrays, err := parse(file)
		if err != nil {
			if !isFault(err) {
				t.Fatal(err)
			}
			return
		}
		again, err := parse(encoded(t, arrays))
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(again) != fmt.Sprint(arrays) { // DeepEqual considers NaN unequal to itself
			t.Errorf("read %v, written and read again %v", arrays, again)
		}
	})
}
