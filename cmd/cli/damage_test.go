package cli

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func gzipped(file []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(file)
	w.Close()
	return b.Bytes()
}

// Every command that reads a data set names the bad file and the byte, exits with 4, and begins no run.
func TestBadData(t *testing.T) {
	runs, good := t.TempDir(), dataSet(t, 60, 10)
	ok(t, "train", "mlp", "--epochs", "1", "--data", good, "--runs", runs)
	run := onlyRun(t, runs)
	images, err := os.ReadFile(filepath.Join(good, "train-images-idx3-ubyte"))
	if err != nil {
		t.Fatal(err)
	}
	const rows = 28
	header := func(sizes ...int) []byte { return idx(0x803, sizes, images[16:]) }
	for _, c := range []struct {
		name, file string
		content    []byte
		offset     int
		want       string
	}{
		{"empty", "train-images-idx3-ubyte", nil, 0, "ends too early"},
		{"web page", "train-images-idx3-ubyte", []byte("<html>"), 0, "magic number"},
		{"truncated header", "train-images-idx3-ubyte", images[:9], 9, "ends too early"},
		{"truncated", "train-images-idx3-ubyte", images[:len(images)-1], len(images) - 1, "ends too early"},
		{"trailing byte", "train-images-idx3-ubyte", append(slices.Clone(images), 0), len(images), "bytes after the last"},
		{"negative count", "train-images-idx3-ubyte", header(-60, rows, rows), 4, "number of images is -60"},
		{"huge count", "train-images-idx3-ubyte", header(1<<31-1, rows, rows), 4, "2147483647 images, but 60 labels"},
		{"huge rows", "train-images-idx3-ubyte", header(60, 1<<30, rows), 8, "number of rows"},
		{"fewer images", "train-images-idx3-ubyte", header(59, rows, rows), 4, "59 images, but 60 labels"},
		{"gzip cut", "train-images-idx3-ubyte", gzipped(images)[:100], -1, "ends too early"},
		{"gzipped twice", "train-images-idx3-ubyte", gzipped(gzipped(images)), 0, "gzipped twice"},
		{"gzip bomb", "train-images-idx3-ubyte", gzipped(append(slices.Clone(images), make([]byte, 64<<20)...)), len(images), "bytes after"},
		{"other test size", "t10k-images-idx3-ubyte", idx(0x803, []int{10, 14, 56}, images[16:16+7840]), 8, "images of 14×56"},
		{"labels for images", "t10k-images-idx3-ubyte", idx(0x801, []int{10}, make([]byte, 10)), 0, "0x00000801"},
		{"no labels", "t10k-labels-idx1-ubyte", idx(0x801, []int{0}, nil), 4, "number of labels is 0"},
		{"label 17", "train-labels-idx1-ubyte", idx(0x801, []int{60}, slices.Repeat([]byte{1, 17, 2}, 20)), 9, "label 17 > 9"},
	} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(good)); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, c.file)
		write(t, path, c.content)
		if c.name == "label 17" { // Its test set must have labels that occur in training.
			write(t, filepath.Join(dir, "t10k-labels-idx1-ubyte"), idx(0x801, []int{10}, slices.Repeat([]byte{1, 17}, 5)))
		}
		where := path + ": "
		if c.offset >= 0 {
			where += fmt.Sprintf("byte offset %d: ", c.offset)
		}
		for _, command := range []string{"train mlp --runs " + runs, "eval " + run, "data"} {
			if command == "data" && c.name == "label 17" {
				continue // It has nothing to do with a network's outputs.
			}
			r := call(append(strings.Fields(command), "--data", dir)...)
			if r.code != exitData || r.out != "" || !strings.Contains(r.err, where) || !strings.Contains(r.err, c.want) || strings.Count(r.err, "\n") != 1 {
				t.Errorf("%s: %s: exit %d, %q; want %q … %q", c.name, command, r.code, r.out+r.err, where, c.want)
			}
		}
		onlyRun(t, runs)
	}
	for _, dir := range []string{t.TempDir(), filepath.Join(runs, "nowhere")} {
		if r := call("train", "mlp", "--data", dir, "--runs", runs); r.code != exitData || !strings.Contains(r.err, dir) {
			t.Errorf("%s: %+v", dir, r)
		}
	}
}

// chunk is a chunk of a PNG.
func chunk(kind string, data []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, kind...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func TestBadPictures(t *testing.T) {
	runs, dir := t.TempDir(), t.TempDir()
	ok(t, "train", "mlp", "--epochs", "1", "--data", dataSet(t, 60, 10), "--runs", runs)
	run := onlyRun(t, runs)
	good := filepath.Join(dir, "good.png")
	write(t, good, picture(t, 0, 3, false))
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	size := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 60000), 60000)
	huge := append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(size, 8, 0, 0, 0, 0))...)
	for _, c := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"empty.png", nil, "no bytes"},
		{"text.png", []byte("seven"), "not a PNG"},
		{"cut.png", whole[:len(whole)/2], "damaged picture"},
		{"head.png", whole[:20], "damaged picture"},
		{"huge.png", huge, "60000×60000 pixels"},
		{"blank.png", encodePNG(t, image.NewGray(image.Rect(0, 0, 50, 50))), "no ink"},
		{"missing.png", nil, "no such file"},
	} {
		path := filepath.Join(dir, c.name)
		if c.name != "missing.png" {
			write(t, path, c.content)
		}
		r := call("predict", run, path, good, "--json")
		if r.code != exitData || !strings.Contains(r.err, path) || !strings.Contains(r.err, c.want) || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%s: exit %d, %q", c.name, r.code, r.err)
		}
		if list := events(t, r.out); len(list) != 1 || list[0]["file"] != good {
			t.Errorf("%s: the good picture beside it: %v", c.name, list)
		}
	}
	if r := call("predict", run, dir, filepath.Join(dir, "text.png")); r.code != exitData || strings.Count(r.err, "\n") != 2 {
		t.Errorf("a folder and a text: %+v", r)
	}
}

func encodePNG(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// picture is MNIST's i-th test digit as a PNG: scale times as large, away from the center, and dark on light if inverted.
func picture(t *testing.T, i, scale int, inverted bool) []byte {
	t.Helper()
	d, err := digits()
	if err != nil {
		t.Fatal(err)
	}
	digit := d.Test.Image(i)
	img := image.NewGray(image.Rect(0, 0, 40*scale, 33*scale))
	for y := range 33 * scale {
		for x := range 40 * scale {
			p := byte(0)
			if col, row := x/scale-11, y/scale-2; col >= 0 && col < 28 && row >= 0 && row < 28 {
				p = digit[28*row+col]
			}
			if inverted {
				p = 255 - p
			}
			img.SetGray(x, y, color.Gray{p})
		}
	}
	return encodePNG(t, img)
}

// A damaged file of a run is named, and a resumed run takes the checkpoint before.
func TestDamagedRun(t *testing.T) {
	dir := dataSet(t, 60, 10)
	for _, c := range []struct {
		name, file string // below the run's folder
		change     func([]byte) []byte
		want       string // of eval
		resumes    bool
	}{
		{"no best.json", "checkpoints/best.json", func([]byte) []byte { return []byte("{") }, "best.json", true},
		{"checkpoint cut", "checkpoints/*3.safetensors", func(b []byte) []byte { return b[:len(b)-1] }, "byte offset", true},
		{"checkpoint empty", "checkpoints/*3.safetensors", func([]byte) []byte { return nil }, "byte offset 0", true},
		{"a bit", "checkpoints/*3.safetensors", func(b []byte) []byte { b[len(b)-9] ^= 1; return b }, "checksum", true},
		{"model.toml is text", "model.toml", func([]byte) []byte { return []byte("mlp") }, "model.toml:1", false},
		{"another model", "model.toml", func(b []byte) []byte { return bytes.Replace(b, []byte("out = 30"), []byte("out = 20"), 1) }, "dense1.w", false},
		{"run.json", "run.json", func(b []byte) []byte { return b[:len(b)/2] }, "run.json: byte offset", false},
	} {
		runs := t.TempDir()
		// An epoch is one step, so that the checkpoints of the last two epochs are 2 and 3.
		ok(t, "train", "mlp", "--epochs", "3", "--seed", "1", "--batch", "50", "--data", dir, "--runs", runs)
		run := onlyRun(t, runs)
		paths, err := filepath.Glob(filepath.Join(run, c.file))
		if err != nil || len(paths) != 1 {
			t.Fatalf("%s: %v, %v", c.name, paths, err)
		}
		b, err := os.ReadFile(paths[0])
		if err != nil {
			t.Fatal(err)
		}
		// eval reads the best checkpoint: let that be the newest.
		write(t, filepath.Join(run, "checkpoints", "best.json"), []byte(`{"file":"00000003.safetensors"}`))
		write(t, paths[0], c.change(b))
		r := call("eval", run)
		if r.code != exitData || !strings.Contains(r.err, run) || !strings.Contains(r.err, c.want) || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%s: eval: %+v", c.name, r)
		}
		if !c.resumes {
			if r := call("train", "--resume", run); r.code != exitData || !strings.Contains(r.err, c.want) {
				t.Errorf("%s: resume: %+v", c.name, r)
			}
			continue
		}
		write(t, filepath.Join(run, "checkpoints", "best.json"), []byte(`{"file":"00000002.safetensors"}`))
		r = call("train", "--resume", run, "--epochs", "4")
		if r.code != 0 || strings.HasSuffix(c.file, "3.safetensors") && !(strings.Contains(r.err, paths[0]) && strings.Contains(r.out, "resumed    at epoch 2")) {
			t.Errorf("%s: resume: %+v", c.name, r)
		}
		checkLog(t, run, 4)
	}
}
