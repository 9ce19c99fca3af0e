package dataset

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stheno-ml/stheno/internal/npz"
)

// TestLarge reads large data, each in a process of its own, and gives the processor time, the peak of its memory, and what the examples take of it: the table of
// docs/reliability.md. It needs 4 GB of disk, and runs only with STHENO_LARGE=1.
func TestLarge(t *testing.T) {
	switch path := os.Getenv("STHENO_LARGE"); path {
	case "":
		t.Skip("STHENO_LARGE=1 is not set")
	case "1":
	default:
		openLarge(t, path)
		return
	}
	dir := t.TempDir()
	for name, make := range map[string]func(path string) error{"table.csv": gigabyteOfRows, "byclass": likeByClass, "color.npz": manyImages} {
		path := filepath.Join(dir, name)
		if err := make(path); err != nil {
			t.Fatal(err)
		}
		c := exec.Command(os.Args[0], "-test.run=^TestLarge$", "-test.v")
		c.Env = append(os.Environ(), "STHENO_LARGE="+path)
		out, err := c.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, name) {
				t.Log(strings.TrimSpace(line))
			}
		}
		os.RemoveAll(path)
	}
}

// openLarge opens data and says what that took.
func openLarge(t *testing.T, path string) {
	d, err := Open(path, Options{Target: []string{"y"}[:strings.Count(filepath.Ext(path), "csv")]})
	if err != nil {
		t.Fatal(err)
	}
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	seconds, size := time.Duration(used.Utime.Nano()+used.Stime.Nano()).Seconds(), 0
	for _, p := range []Part{d.Train, d.Validation, d.Test} {
		size += len(p.Pixels) + 4*len(p.X) + 4*len(p.Y) + 8*len(p.Labels)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	var kilobytes int
	fmt.Sscan(peak, &kilobytes)
	stored := int64(0)
	for _, f := range d.Files {
		stored += f.Bytes
	}
	n := d.Train.N + d.Validation.N + d.Test.N
	t.Logf("%s: %d bytes, %d examples of %v: %.1f s, %d MiB, of them %d MiB examples", filepath.Base(path), stored, n, d.Schema.Input, seconds, kilobytes>>10, size>>20)
	if kilobytes>>10 > size>>20+size>>22+100 {
		t.Errorf("%s: more than a quarter and 100 MiB beside the examples", filepath.Base(path))
	}
}

// gigabyteOfRows is a table of 30 columns of numbers and one of texts.
func gigabyteOfRows(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w, r := bufio.NewWriter(f), rand.New(rand.NewPCG(1, 1))
	for k := range 30 {
		fmt.Fprintf(w, "x%d,", k)
	}
	fmt.Fprintln(w, "color,y")
	for written := 0; written < 1_000_000_000; {
		for range 30 {
			n, _ := fmt.Fprintf(w, "%.4f,", 10*r.NormFloat64())
			written += n
		}
		n, _ := fmt.Fprintf(w, "%s,%.3f\n", []string{"red", "green", "blue"}[r.IntN(3)], r.Float64())
		written += n
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// likeByClass has files of the sizes of EMNIST ByClass: a fifth of the pixels has ink.
func likeByClass(dir string) error {
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(1, 1))
	for part, n := range map[string]int{"train": 697932, "test": 116323} {
		for what, shape := range map[string][]int{"images-idx3": {n, 28, 28}, "labels-idx1": {n}} {
			f, err := os.Create(filepath.Join(dir, "emnist-byclass-"+part+"-"+what+"-ubyte.gz"))
			if err != nil {
				return err
			}
			z, _ := gzip.NewWriterLevel(f, gzip.BestSpeed)
			w := bufio.NewWriter(z)
			binary.Write(w, binary.BigEndian, uint32(0x800|len(shape)))
			size := 1
			for _, d := range shape {
				binary.Write(w, binary.BigEndian, uint32(d))
				size *= d
			}
			for i := range size {
				switch {
				case len(shape) == 1:
					w.WriteByte(byte(i % 62))
				case i/7%5 == 0:
					w.WriteByte(byte(r.Uint32()))
				default:
					w.WriteByte(0)
				}
			}
			if err := w.Flush(); err != nil {
				return err
			}
			if err := z.Close(); err != nil {
				return err
			}
			if err := f.Close(); err != nil {
				return err
			}
		}
	}
	return nil
}

// manyImages is 1.5 GB of images of floats in color, channels last.
func manyImages(path string) error {
	const n = 125_000
	x, y := make([]float32, n*32*32*3), make([]int64, n)
	for i := range x {
		x[i] = float32(i % 255)
	}
	for i := range y {
		y[i] = int64(i % 10)
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := npz.Write(f, []npz.Array{{Name: "x", Shape: []int{n, 32, 32, 3}, Data: x}, {Name: "y", Shape: []int{n}, Data: y}}); err != nil {
		return err
	}
	return f.Close()
}
