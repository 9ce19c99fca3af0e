package rundir

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var errDisk = errors.New("disk error")

// failing is a disk whose n-th operation fails: and so does every later one, or, if once is true, none. A write that fails has
// written a half.
type failing struct {
	disk
	n    int
	once bool
}

func (d *failing) op() error {
	d.n--
	if d.n == 0 || d.n < 0 && !d.once {
		return errDisk
	}
	return nil
}

func (d *failing) mkdir(path string) error {
	if err := d.op(); err != nil {
		return err
	}
	return d.disk.mkdir(path)
}

func (d *failing) rename(from, to string) error {
	if err := d.op(); err != nil {
		return err
	}
	return d.disk.rename(from, to)
}

func (d *failing) remove(path string) error {
	if err := d.op(); err != nil {
		return err
	}
	return d.disk.remove(path)
}

func (d *failing) sync(folder string) error { return d.op() }

func (d *failing) create(path string) (file, error) {
	if err := d.op(); err != nil {
		return nil, err
	}
	f, err := d.disk.create(path)
	return &failingFile{f, d}, err
}

func (d *failing) extend(path string) (file, error) {
	if err := d.op(); err != nil {
		return nil, err
	}
	f, err := d.disk.extend(path)
	return &failingFile{f, d}, err
}

type failingFile struct {
	file
	disk *failing
}

func (f *failingFile) Write(p []byte) (int, error) {
	if err := f.disk.op(); err != nil {
		n, _ := f.file.Write(p[:len(p)/2])
		return n, err
	}
	return f.file.Write(p)
}

func (f *failingFile) Sync() error { return f.disk.op() }

func (f *failingFile) Truncate(size int64) error {
	if err := f.disk.op(); err != nil {
		return err
	}
	return f.file.Truncate(size)
}

// TestKilledAtAnyOperation stops the third step at each of its operations. What is left is the second step or the third.
func TestKilledAtAnyOperation(t *testing.T) {
	never := 1 << 30
	for k := 1; ; k++ {
		d := &failing{disk: quick{}, n: never}
		r := start(t, d)
		train(t, r, 1, 2, 1)
		d.n = k
		err := epoch(r, 3, true)
		if err != nil && (!errors.Is(err, errDisk) || !strings.Contains(err.Error(), r.Path())) {
			t.Fatalf("operation %d: got %v", k, err)
		}
		r.release() // as the system does when the process is gone
		r.release = nil
		w, s, rerr := resume(quick{}, r.Path(), most)
		if rerr != nil || s == nil || s.Skipped != nil {
			t.Fatalf("operation %d: resumed with %v, %v", k, s, rerr)
		}
		step := 3
		if err != nil && s.Step == 2 {
			step = 2
		}
		isStep(t, s, nil, step)
		if got := content(t, w, metricsFile); got != line(1)+line(2)+line(3)[:len(line(3))*(step-2)] {
			t.Errorf("operation %d: metrics.jsonl is %q", k, got)
		}
		train(t, w, step+1, 4, 3)
		s, rerr = w.Best(most)
		isStep(t, s, rerr, 3)
		w.Close()
		if err == nil {
			if k < 19 {
				t.Errorf("a step has only %d operations: is one out of the test's sight?", k-1)
			}
			return
		}
	}
}

// TestOneOperationFails lets the same process go on: the step that failed is done again, and nothing remains of the failure.
func TestOneOperationFails(t *testing.T) {
	for k := 1; ; k++ {
		d := &failing{disk: quick{}, n: 1 << 30, once: true}
		r := start(t, d)
		train(t, r, 1, 2, 1)
		d.n = k
		event := r.Event("x")
		if event != nil {
			event = r.Event("x")
		}
		if event != nil {
			t.Fatalf("operation %d: the second try of the event failed: %v", k, event)
		}
		err := r.Checkpoint(weights(3), 3, true)
		failed := d.n <= 0
		d.n = 0
		s, lerr := r.Latest(most)
		if lerr != nil || s.Skipped != nil || err == nil && s.Step != 3 {
			t.Fatalf("operation %d: got %v, %v", k, s, lerr)
		}
		isStep(t, s, nil, s.Step)
		if files, _ := filepath.Glob(r.file(checkpoints, "*"+temporary)); len(files) > 0 {
			t.Errorf("operation %d: left %v", k, files)
		}
		train(t, r, 4, 5)
		s, lerr = r.Latest(most)
		isStep(t, s, lerr, 5)
		if got, want := content(t, r, metricsFile), line(1)+line(2)+"\"x\"\n"+line(4)+line(5); got != want {
			t.Errorf("operation %d: metrics.jsonl is %q, want %q", k, got, want)
		}
		if names, err := r.names(); err != nil || len(names) > 3 {
			t.Errorf("operation %d: kept %v, %v", k, names, err)
		}
		r.Close()
		if !failed {
			return
		}
	}
}

func TestCreateFails(t *testing.T) {
	for k := 1; ; k++ {
		root := t.TempDir()
		r, err := create(&failing{disk: quick{}, n: k, once: true}, root, "mlp", noon, Info{}, Texts{ModelTOML: []byte("x")})
		if err == nil {
			r.Close()
			if k < 10 {
				t.Errorf("only %d operations", k)
			}
			return
		}
		if !errors.Is(err, errDisk) || !strings.Contains(err.Error(), root) {
			t.Errorf("operation %d: got %v", k, err)
		}
		if files, _ := os.ReadDir(root); len(files) > 0 {
			t.Errorf("operation %d: left %v", k, files)
		}
	}
}

func TestResumeFails(t *testing.T) {
	r := start(t, quick{})
	train(t, r, 1, 2)
	r.Close()
	for k := 1; ; k++ {
		put(t, r.file(checkpoints, "x"+temporary), "half")
		w, s, err := resume(&failing{disk: quick{}, n: k}, r.Path(), most)
		if err == nil {
			isStep(t, s, nil, 2)
			if w.release(); k < 9 {
				t.Errorf("only %d operations", k-1)
			}
			return
		}
		if w != nil || !errors.Is(err, errDisk) || !strings.Contains(err.Error(), r.Path()) {
			t.Errorf("operation %d: got %v", k, err)
		}
		w, s, err = resume(quick{}, r.Path(), most)
		isStep(t, s, err, 2)
		w.Close()
	}
}

// full is a disk with room for n bytes.
type full struct {
	quick
	room *int
}

func (d full) create(path string) (file, error) { return limit(d.room)(d.quick.create(path)) }
func (d full) extend(path string) (file, error) { return limit(d.room)(d.quick.extend(path)) }

type limited struct {
	file
	room *int
}

func limit(room *int) func(file, error) (file, error) {
	return func(f file, err error) (file, error) { return limited{f, room}, err }
}

func (f limited) Write(p []byte) (int, error) {
	n := min(len(p), *f.room)
	*f.room -= n
	if _, err := f.file.Write(p[:n]); err != nil {
		return 0, err
	}
	if n < len(p) {
		return n, io.ErrShortWrite
	}
	return n, nil
}

// TestFullDisk: whatever room there is, an event or a checkpoint that does not fit leaves what was there, and the next one works.
func TestFullDisk(t *testing.T) {
	for n := 0; ; n += 5 {
		room := 1 << 20
		r := start(t, full{room: &room})
		train(t, r, 1, 2, 1)
		room = n
		err := epoch(r, 3, true)
		if err == nil {
			if n < 300 {
				t.Errorf("a step fits %d bytes", n)
			}
			return
		}
		if !errors.Is(err, io.ErrShortWrite) || !strings.Contains(err.Error(), r.Path()) {
			t.Errorf("%d bytes: got %v", n, err)
		}
		s, err := r.Latest(most)
		isStep(t, s, err, 2)
		if files, _ := filepath.Glob(r.file(checkpoints, "*"+temporary)); len(files) > 0 {
			t.Errorf("%d bytes: left %v", n, files)
		}
		room = 1 << 20
		train(t, r, 4, 4)
		s, err = r.Latest(most)
		isStep(t, s, err, 4)
		text := strings.ReplaceAll(content(t, r, metricsFile), line(3), "") // It may have fitted, and the checkpoint not.
		if want := line(1) + line(2) + line(4); text != want {
			t.Errorf("%d bytes: metrics.jsonl is %q, want %q", n, text, want)
		}
		r.Close()
	}
}
