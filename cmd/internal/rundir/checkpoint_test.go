package rundir

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/internal/safetensors"
)

// isStep fails unless the snapshot is the checkpoint of the step, bit for bit.
func isStep(t *testing.T, s *Snapshot, err error, step int) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if s.Step != step || !reflect.DeepEqual(s.File, weights(step)) {
		t.Fatalf("got step %d, %v; want %d, %v", s.Step, s.File, step, weights(step))
	}
}

func TestCheckpointsKept(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps []int
		best  []int // -1: none
		want  []int
	}{
		{"one", []int{1}, nil, []int{1}},
		{"two", []int{1, 2}, nil, []int{1, 2}},
		{"the latest two", []int{1, 2, 3, 4, 5}, nil, []int{4, 5}},
		{"and an old best", []int{1, 2, 3, 4, 5}, []int{1, 2}, []int{2, 4, 5}},
		{"best is the one before", []int{1, 2, 3, 4, 5}, []int{1, 4}, []int{4, 5}},
		{"best is the latest", []int{1, 2, 3, 4, 5}, []int{1, 5}, []int{4, 5}},
		{"same step again", []int{1, 2, 3, 3}, nil, []int{2, 3}},
		{"and on", []int{1, 2, 3, 3, 4}, nil, []int{3, 4}},
		{"more digits", []int{99999999, 100000000, 100000001}, nil, []int{100000000, 100000001}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t, quick{})
			for _, step := range c.steps {
				if err := epoch(r, step, slices.Contains(c.best, step)); err != nil {
					t.Fatal(err)
				}
			}
			var want []string
			for _, step := range c.want {
				want = append(want, nameOf(step))
			}
			names, err := r.names()
			slices.Reverse(names)
			if err != nil || !slices.Equal(names, want) {
				t.Errorf("got %v, %v, want %v", names, err, want)
			}
			s, err := r.Latest(most)
			isStep(t, s, err, c.want[len(c.want)-1])
			if s.Skipped != nil {
				t.Errorf("skipped %v", s.Skipped)
			}
			s, err = r.Best(most)
			if c.best == nil {
				if !errors.Is(err, ErrNoCheckpoint) {
					t.Errorf("best: got %v, %v", s, err)
				}
				return
			}
			isStep(t, s, err, c.best[1])
		})
	}
}

// damage takes a file of the run and spoils it.
func damage(t *testing.T, path string, spoil func(b []byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	put(t, path, string(spoil(b)))
}

func TestBadFiles(t *testing.T) {
	half := func(b []byte) []byte { return b[:len(b)/2] }
	flip := func(b []byte) []byte { b[len(b)-1] ^= 1; return b }
	text := func(s string) func([]byte) []byte { return func([]byte) []byte { return []byte(s) } }
	foreign := func([]byte) []byte {
		return []byte("\x08\x00\x00\x00\x00\x00\x00\x00{}      ") // good in itself, but of no run
	}
	latest, before := filepath.Join(checkpoints, nameOf(5)), filepath.Join(checkpoints, nameOf(4))
	best, pointer := filepath.Join(checkpoints, nameOf(2)), filepath.Join(checkpoints, latestFile)
	for _, c := range []struct {
		name  string
		spoil map[string]func([]byte) []byte // nil: delete
		want  int                            // 0: none is good
		skips int
	}{
		{"nothing", nil, 5, 0},
		{"latest cut off", map[string]func([]byte) []byte{latest: half}, 4, 1},
		{"a bit of latest", map[string]func([]byte) []byte{latest: flip}, 4, 1},
		{"latest empty", map[string]func([]byte) []byte{latest: text("")}, 4, 1},
		{"latest of another program", map[string]func([]byte) []byte{latest: foreign}, 4, 1},
		{"latest deleted", map[string]func([]byte) []byte{latest: nil}, 4, 1},
		{"latest two", map[string]func([]byte) []byte{latest: half, before: flip}, 2, 2},
		{"all", map[string]func([]byte) []byte{latest: half, before: flip, best: text("")}, 0, 3},
		{"all deleted", map[string]func([]byte) []byte{latest: nil, before: nil, best: nil}, 0, 1},
		{"the pointer empty", map[string]func([]byte) []byte{pointer: text("")}, 5, 1},
		{"the pointer no JSON", map[string]func([]byte) []byte{pointer: text("{")}, 5, 1},
		{"the pointer leads out", map[string]func([]byte) []byte{pointer: text(`{"file":"../checkpoints/00000002.safetensors"}`)}, 5, 1},
		{"the pointer leads nowhere", map[string]func([]byte) []byte{pointer: text(`{"file":"00000009.safetensors"}`)}, 5, 1},
		{"the pointer deleted", map[string]func([]byte) []byte{pointer: nil}, 5, 0},
		{"pointer and latest", map[string]func([]byte) []byte{pointer: text("{}"), latest: half}, 4, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t, quick{})
			train(t, r, 1, 5, 2)
			r.Close()
			for path, spoil := range c.spoil {
				if spoil == nil {
					os.Remove(r.file(path))
				} else {
					damage(t, r.file(path), spoil)
				}
			}
			reader, err := Open(r.Path())
			if err != nil {
				t.Fatal(err)
			}
			s, err := reader.Latest(most)
			w, again, rerr := resume(quick{}, r.Path(), most)
			if c.want == 0 {
				for _, err := range []error{err, rerr} {
					if !errors.Is(err, ErrDamaged) || strings.Count(err.Error(), r.Path()) < c.skips {
						t.Errorf("got %v", err)
					}
				}
				if got, want := content(t, r, metricsFile), line(1)+line(2)+line(3)+line(4)+line(5); got != want {
					t.Errorf("metrics.jsonl was changed to %q", got)
				}
				return
			}
			isStep(t, s, err, c.want)
			isStep(t, again, rerr, c.want)
			defer w.Close()
			if len(s.Skipped) != c.skips || len(again.Skipped) != c.skips {
				t.Errorf("skipped %v, want %d", s.Skipped, c.skips)
			}
			for _, err := range s.Skipped {
				if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), r.Path()) {
					t.Errorf("skipped %v", err)
				}
			}
			// From here the run goes on, and ends as if nothing had been.
			train(t, w, c.want+1, 7)
			s, err = w.Latest(most)
			isStep(t, s, err, 7)
			s, err = w.Best(most)
			isStep(t, s, err, 2)
			if got, want := content(t, w, metricsFile), line(1)+line(2)+line(3)+line(4)+line(5)+line(6)+line(7); got != want {
				t.Errorf("metrics.jsonl is %q", got)
			}
			if names, err := w.names(); err != nil || len(names) != 3 {
				t.Errorf("kept %v, %v", names, err)
			}
		})
	}
}

func TestBadBest(t *testing.T) {
	r := start(t, quick{})
	train(t, r, 1, 5, 2)
	damage(t, r.file(checkpoints, nameOf(2)), func(b []byte) []byte { return b[:9] })
	_, err := r.Best(most)
	fault, ok := errors.AsType[*safetensors.FormatError](err)
	if !ok || !errors.Is(err, ErrDamaged) || fault.File != r.file(checkpoints, nameOf(2)) {
		t.Errorf("best cut off: got %v", err)
	}
	put(t, r.file(checkpoints, bestFile), "{")
	if _, err := r.Best(most); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), r.file(checkpoints, bestFile)) {
		t.Errorf("best.json damaged: got %v", err)
	}
	train(t, r, 6, 7)
	if names, _ := r.names(); len(names) != 5 {
		t.Errorf("best.json is damaged, and only %v are left", names)
	}
	train(t, r, 8, 8, 8)
	if names, _ := r.names(); !slices.Equal(names, []string{nameOf(8), nameOf(7)}) {
		t.Errorf("there is a new best, and %v are left", names)
	}
}

func TestCheckpointRefuses(t *testing.T) {
	r := start(t, quick{})
	train(t, r, 1, 1)
	for want, err := range map[string]error{
		"step -1":                      r.Checkpoint(weights(1), -1, false),
		`"stheno.metrics" is reserved`: r.Checkpoint(&safetensors.File{Metadata: map[string]string{offsetKey: "0"}}, 2, false),
		`the data is a <nil>`:          r.Checkpoint(&safetensors.File{Tensors: []safetensors.Tensor{{Name: "w"}}}, 2, false),
	} {
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), r.Path()) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	s, err := r.Latest(most)
	isStep(t, s, err, 1)
	if files, _ := os.ReadDir(r.file(checkpoints)); len(files) != 2 {
		t.Errorf("left behind: %v", files)
	}
}

func TestResume(t *testing.T) {
	r := start(t, quick{})
	train(t, r, 1, 3, 1)
	if err := r.Update(func(i *Info) { i.Status, i.Ended, i.Error = Failed, noon, "disk full" }); err != nil {
		t.Fatal(err)
	}
	if err := r.Event("never saved"); err != nil {
		t.Fatal(err)
	}
	r.Close()
	left := []string{r.file(infoFile + temporary), r.file(modelFile + temporary), r.file(checkpoints, nameOf(4)+temporary), r.file(checkpoints, latestFile+temporary)}
	for _, path := range left {
		put(t, path, "half")
	}
	w, s, err := Resume(r.Path(), most)
	isStep(t, s, err, 3)
	defer w.Close()
	if got, want := content(t, w, metricsFile), line(1)+line(2)+line(3); got != want {
		t.Errorf("metrics.jsonl is %q, want %q", got, want)
	}
	for _, path := range left {
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there", path)
		}
	}
	onDisk, err := Open(r.Path())
	if err != nil || !reflect.DeepEqual(onDisk.Info(), w.Info()) {
		t.Errorf("got %+v, %v", onDisk.Info(), err)
	}
	train(t, w, 4, 4)
	if names, err := w.names(); err != nil || !slices.Equal(names, []string{nameOf(4), nameOf(3), nameOf(1)}) {
		t.Errorf("the next step leaves %v, %v", names, err)
	}
	if i := w.Info(); i.Status != Running || !i.Ended.IsZero() || i.Error != "" || i.Seed != 7 {
		t.Errorf("got %+v", i)
	}
}

func TestResumeBeforeTheFirstCheckpoint(t *testing.T) {
	r := start(t, quick{})
	if err := r.Event("start"); err != nil {
		t.Fatal(err)
	}
	r.Close()
	if _, err := r.Latest(most); !errors.Is(err, ErrNoCheckpoint) {
		t.Errorf("latest: %v", err)
	}
	w, s, err := resume(quick{}, r.Path(), most)
	if err != nil || s != nil {
		t.Fatalf("got %v, %v", s, err)
	}
	defer w.Close()
	if got := content(t, w, metricsFile); got != "" {
		t.Errorf("metrics.jsonl is %q", got)
	}
	train(t, w, 1, 2)
	s, err = w.Latest(most)
	isStep(t, s, err, 2)
}

// TestMetricsLost: a checkpoint whose lines are gone is not gone on from, for the curve would have a gap.
func TestMetricsLost(t *testing.T) {
	r := start(t, quick{})
	train(t, r, 1, 3, 1)
	r.Close()
	put(t, r.file(metricsFile), line(1)+line(2)+`{"eve`)
	w, s, err := resume(quick{}, r.Path(), most)
	isStep(t, s, err, 2)
	if len(s.Skipped) != 1 || !errors.Is(s.Skipped[0], ErrDamaged) || !strings.Contains(s.Skipped[0].Error(), nameOf(3)) {
		t.Errorf("skipped %v", s.Skipped)
	}
	if got, want := content(t, w, metricsFile), line(1)+line(2); got != want {
		t.Errorf("metrics.jsonl is %q, want %q", got, want)
	}
	w.Close()
	put(t, r.file(metricsFile), "")
	if w, _, err := resume(quick{}, r.Path(), most); w != nil || !errors.Is(err, ErrDamaged) {
		t.Errorf("no lines: got %v", err)
	}
}
