package cli

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/models"
)

// TestWorst makes the worst file that there is room for of each kind, and gives the time and the memory of a whole command for it: the
// table of docs/reliability.md. It takes a while, and runs only with STHENO_WORST=1.
func TestWorst(t *testing.T) {
	if os.Getenv("STHENO_WORST") == "" {
		t.Skip("STHENO_WORST=1 is not set")
	}
	dir, runs := t.TempDir(), t.TempDir()
	ok(t, "train", "mlp", "--epochs", "1", "--data", dataSet(t, 60, 10), "--runs", runs)
	run := onlyRun(t, runs)
	file := func(name string, content ...[]byte) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		write(t, path, bytes.Join(content, nil))
		return path
	}
	sparse := func(name string, begin []byte, size int64) string {
		path := file(name, begin)
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		return path
	}
	copied := func(name string) string { // a run of its own
		path := filepath.Join(dir, name)
		if err := os.CopyFS(path, os.DirFS(run)); err != nil {
			t.Fatal(err)
		}
		return path
	}

	deep := file("deep.png", onePNG(5000, 5000, 16, 0, zlibZeros(5000*(1+8*5000))))
	interlaced := file("interlaced.png", onePNG(4000, 3000, 16, 1, zlibZeros(12_000_000*8+5625)))
	idle := append([]byte{0x78, 0x9c}, bytes.Repeat([]byte{0, 0, 0, 0xff, 0xff}, 6<<20)...)
	for _, set := range []struct {
		name        string
		train, test int
		pack        func([]byte) []byte
		end         string
	}{{"bombs", 180, 180, gzipped, ".gz"}, {"fits", 90, 6, gzipped, ".gz"}} {
		for part, n := range map[string]int{"train": set.train, "t10k": set.test} {
			file(filepath.Join(set.name, part+"-labels-idx1-ubyte"), idx(0x801, []int{n}, make([]byte, n)))
			file(filepath.Join(set.name, part+"-images-idx3-ubyte"+set.end), set.pack(idx(0x803, []int{n, 1024, 1024}, make([]byte, n<<20))))
		}
	}
	for part, n := range map[string]int{"train": 180, "t10k": 30} {
		file(filepath.Join("holes", part+"-labels-idx1-ubyte"), idx(0x801, []int{n - 1}, make([]byte, n-1)))
		sparse(filepath.Join("holes", part+"-images-idx3-ubyte"), idx(0x803, []int{n - 1, 1024, 1024}, nil), 16+int64(n-1)<<20)
	}
	large := copied("large")
	checkpoints, err := filepath.Glob(filepath.Join(large, "checkpoints", "*.safetensors"))
	for _, path := range checkpoints {
		err = errors.Join(err, os.Truncate(path, 1<<30))
	}
	if err != nil {
		t.Fatal(err)
	}
	long := copied("long")
	event := []byte(`{"event":"epoch","epoch":1,"train_acc":1,"val_acc":0}` + "\n")
	file("long/metrics.jsonl", bytes.Repeat(event, 16<<20/len(event)))
	resumes := strings.Repeat(`,{"argv":["--eta=","--seed=","--data=","--clip=","--ema=","--init=","--vm=","--full",""]}`, 999)
	argv := []byte(`{"argv":[""` + strings.Repeat(`,"--eta="`, 999) + `],"resumes":[{}` + resumes + `]}`)
	argv = append(argv, bytes.Repeat([]byte(" "), 1<<18-len(argv))...)
	for i := range 65 {
		file(fmt.Sprintf("many/%d/run.json", i), argv)
	}
	sparse("results/mlp-seed1.json", nil, 600<<20)
	digits := strings.Repeat("0.1,", 2<<20)
	for _, c := range []struct {
		name string
		args []string
	}{
		{"nothing, to compare", []string{"version"}},
		{"PNG, 16 bits, 5000×5000", []string{"predict", run, deep}},
		{"PNG, 16 bits, interlaced, 4000×3000", []string{"predict", run, interlaced}},
		{"both in one command", []string{"predict", run, deep, interlaced}},
		{"PNG, 31 MB of parts that are empty", []string{"predict", run, file("idle.png", onePNG(4000, 4000, 8, 0, idle))}},
		{"PNG, 33 MB of texts", []string{"predict", run, file("texts.png", onePNG(9, 9, 8, 0, nil)[:33], bytes.Repeat(chunk("tEXt", make([]byte, 1<<20)), 32))}},
		{"JPEG, 1,000 scans of 4000×4000", []string{"predict", run, file("scans.jpg", scans(1000))}},
		{"JPEG, 10 scans of 4000×4000", []string{"predict", run, file("ten.jpg", scans(10))}},
		{"PNG of noise, 2048×2048", []string{"predict", run, file("noise.png", blackWhite(t, func(x, y int) bool { return (x*x+31*x*y+7*y*y)>>5%3 == 0 }))}},
		{"PNG of dots, 2048×2048", []string{"predict", run, file("dots.png", blackWhite(t, func(x, y int) bool { return x%5 < 2 && y%5 < 2 }))}},
		{"PNG of stripes, 2048×2048", []string{"predict", run, file("stripes.png", blackWhite(t, func(x, y int) bool { return y%9 < 2 }))}},
		{"PNG of squares, 2048×2048", []string{"predict", run, file("squares.png", blackWhite(t, func(x, y int) bool { return x%33 < 2 || y%33 < 2 }))}},
		{"IDX, two gzips of 184 kB for 360 MiB", []string{"data", "--data", filepath.Join(dir, "bombs")}},
		{"IDX, two gzips for 96 MiB", []string{"data", "--data", filepath.Join(dir, "fits")}},
		{"IDX, two files of holes, 208 MiB", []string{"data", "--data", filepath.Join(dir, "holes")}},
		{"npz, 65 kB for 64 MiB of bytes", []string{"compare", "--against", file("bytes.npz", npzZeros("|u1", "(67108000,)", 67108000))}},
		{"npz, 11 MB of bytes", []string{"compare", "--against", file("fits.npz", npzZeros("|u1", "(11184000,)", 11184000))}},
		{"npz, 32 MiB by columns in 22 dimensions", []string{"compare", "--against", file("columns.npz", npzZeros("<f8", "("+strings.Repeat("2,", 22)+")", 8<<22))}},
		{"checkpoint of 1 GiB", []string{"eval", large}},
		{"metrics.jsonl of 16 MiB", []string{"plot", long, "-o", filepath.Join(dir, "x.svg")}},
		{"65 run.json of 256 KiB", []string{"ls", "--runs", filepath.Join(dir, "many")}},
		{"result of 600 MiB", []string{"ladder", "--list", "--results", filepath.Join(dir, "results")}},
		{"network2.py's file of 8 MiB", []string{"eval", file("long.json", []byte(`{"sizes": [2097152, 1], "weights": [[[`+digits+`0]]], "biases": [[[0]]], "cost": "QuadraticCost"}`))}},
		{"network2.py's file of 64 MiB", []string{"eval", file("rows.json", []byte(`{"weights": [[`+strings.Repeat("[1],", 2096999)+`[1]]], "biases": [[0]]`+strings.Repeat(" ", 53<<20)+"}"))}},
		{"safetensors of 64 MiB", []string{"import", file("halves.safetensors", binary.LittleEndian.AppendUint64(nil, 72), fmt.Appendf(nil, "%-72s", `{"w":{"dtype":"F16","shape":[33000000],"data_offsets":[0,66000000]}}`), make([]byte, 66000000)), "mlp"}},
		{"model's file of 1 MiB", []string{"summary", file("long.toml", []byte("format = 1\n"+strings.Repeat("[[layer]]\nop='relu'\n", 52000)))}},
	} {
		p := start(t, "measured", "", c.args...)
		code := p.exit(t)
		var memory int
		if _, err := fmt.Sscan(p.err.String()[strings.LastIndex(p.err.String(), "VmHWM:")+6:], &memory); err != nil {
			t.Fatal(err)
		}
		memory >>= 10 // from KiB
		seconds := (p.ProcessState.UserTime() + p.ProcessState.SystemTime()).Seconds()
		t.Logf("%-40s %5.2f s %4d MiB  exit %d", c.name, seconds, memory, code)
		if memory >= 256 || seconds >= 2 { // A second, and as much for a busy machine.
			t.Errorf("%s: %.2f s, %d MiB: %s", c.name, seconds, memory, &p.err)
		}
	}
}

// measured runs the program, and says how much memory its process had at most.
func measured(args []string) int {
	code := Main(models.All, args)
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	line, _, _ := strings.Cut(after, "\n")
	fmt.Fprintln(os.Stderr, "VmHWM:", line)
	return code
}

// blackWhite is a PNG of 2048×2048 pixels, as large as a picture is after it is read.
func blackWhite(t *testing.T, black func(x, y int) bool) []byte {
	img := image.NewGray(image.Rect(0, 0, 2048, 2048))
	for i := range img.Pix {
		if img.Pix[i] = 255; black(i%2048, i/2048) {
			img.Pix[i] = 0
		}
	}
	return encodePNG(t, img)
}

// onePNG is a PNG with these packed pixels, of four channels if they have 16 bits, and gray if not.
func onePNG(w, h uint32, bits, interlace byte, pixels []byte) []byte {
	kind := byte(0)
	if bits == 16 {
		kind = 6
	}
	size := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	return bytes.Join([][]byte{[]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(size, bits, kind, 0, 0, interlace)), chunk("IDAT", pixels), chunk("IEND", nil)}, nil)
}

// zeros writes so many.
func zeros(w io.WriteCloser, n int) {
	for part := make([]byte, 1<<20); n > 0; n -= len(part) {
		w.Write(part[:min(n, len(part))])
	}
	w.Close()
}

func zlibZeros(n int) []byte {
	var b bytes.Buffer
	zeros(zlib.NewWriter(&b), n)
	return b.Bytes()
}

// scans is a progressive JPEG of 4000×4000 pixels with so many scans that have nothing in them.
func scans(n int) []byte {
	table := append(append([]byte("\xff\xc4\x00\x14\x10\x01"), make([]byte, 15)...), 0xe0) // one code, for 2¹⁴ empty blocks and more
	file := append([]byte("\xff\xd8\xff\xc2\x00\x0b\x08\x0f\xa0\x0f\xa0\x01\x01\x11\x00"), table...)
	for range n {
		file = append(file, "\xff\xda\x00\x08\x01\x01\x00\x01\x3f\x00"...)
		file = append(file, strings.Repeat("\x00\x00", 16)...) // each of the 16 for 2¹⁴ blocks, and so for more than there are
	}
	return append(file, 0xff, 0xd9)
}

// npzZeros is an archive of one array x of n bytes.
func npzZeros(descr, shape string, n int) []byte {
	head := fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n", descr, map[bool]string{true: "True", false: "False"}[descr == "<f8"], shape)
	head = "\x93NUMPY\x01\x00" + string(binary.LittleEndian.AppendUint16(nil, uint16(len(head)))) + head
	var packed, file bytes.Buffer
	f, _ := flate.NewWriter(&packed, flate.BestCompression)
	sum := crc32.NewIEEE()
	both := io.MultiWriter(f, sum)
	io.WriteString(both, head)
	zeros(struct {
		io.Writer
		io.Closer
	}{both, f}, n)
	z := zip.NewWriter(&file)
	w, _ := z.CreateRaw(&zip.FileHeader{Name: "x.npy", Method: zip.Deflate, CRC32: sum.Sum32(), CompressedSize64: uint64(packed.Len()), UncompressedSize64: uint64(len(head) + n)})
	w.Write(packed.Bytes())
	z.Close()
	return file.Bytes()
}
