//go:build unix

package rundir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stheno-ml/stheno/internal/intake"
)

// TestHostile puts a pipe, a device, a folder, and a link to a file elsewhere, in the place of each file of a run. Nothing waits, and nothing
// is read or written elsewhere.
func TestHostile(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	const secret = "not of the run\n"
	kinds := map[string]func(path string) error{
		"pipe":   func(path string) error { return syscall.Mkfifo(path, 0o666) },
		"device": func(path string) error { return os.Symlink("/dev/zero", path) },
		"folder": func(path string) error { return os.Mkdir(path, 0o777) },
		"link":   func(path string) error { return os.Symlink(outside, path) },
		"sparse": func(path string) error { return errors.Join(os.WriteFile(path, nil, 0o666), os.Truncate(path, 1<<40)) },
	}
	for _, name := range []string{infoFile, modelFile, metricsFile, lockFile, checkpoints + "/" + latestFile, checkpoints + "/" + bestFile, checkpoints + "/" + nameOf(2)} {
		for kind, make := range kinds {
			r := start(t, quick{})
			train(t, r, 1, 2, 2)
			r.Close()
			put(t, outside, secret)
			path := r.file(name)
			if err := errors.Join(os.Remove(path), make(path)); err != nil {
				t.Fatal(err)
			}
			_, list := List(filepath.Dir(r.Path()))
			read, open := Open(r.Path())
			var best, model, log error
			if open == nil {
				_, best = read.Best(most)
				_, model = read.ModelTOML()
				_, log = Metrics(r.Path())
			}
			w, s, resume := resume(quick{}, r.Path(), most)
			if w != nil {
				w.Close()
				resume = errors.Join(s.Skipped...)
			}
			err := errors.Join(list, open, best, model, log, resume)
			harmless := kind == "sparse" && name == lockFile
			if !harmless && (!errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path)) {
				t.Errorf("%s for %s: %v", kind, name, err)
			}
			if b, err := os.ReadFile(outside); err != nil || string(b) != secret {
				t.Errorf("%s for %s: the file outside is %q, %v", kind, name, b, err)
			}
		}
	}
}

// TestLinkedCheckpoints: a run whose checkpoints are a link to another folder removes nothing there.
func TestLinkedCheckpoints(t *testing.T) {
	r := start(t, quick{})
	train(t, r, 1, 2, 2)
	r.Close()
	elsewhere := t.TempDir()
	put(t, filepath.Join(elsewhere, "x.tmp"), "precious")
	if err := errors.Join(os.RemoveAll(r.file(checkpoints)), os.Symlink(elsewhere, r.file(checkpoints))); err != nil {
		t.Fatal(err)
	}
	if _, _, err := resume(quick{}, r.Path(), most); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), r.file(checkpoints)) {
		t.Error(err)
	}
	if files, err := os.ReadDir(elsewhere); err != nil || len(files) != 1 {
		t.Errorf("%v, %v", files, err)
	}
}

// TestManyRuns: the run.json of all runs together are limited.
func TestManyRuns(t *testing.T) {
	root, text := t.TempDir(), `{"model":"x"}`+strings.Repeat(" ", intake.Record-13)
	const fit = 24 << 20 / intake.Record
	for i := range fit + 2 {
		dir := filepath.Join(root, fmt.Sprintf("%03d", i))
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(dir, infoFile), text)
	}
	entries, err := List(root)
	bad := 0
	for _, e := range entries {
		if errors.Is(e.Err, ErrDamaged) && strings.Contains(e.Err.Error(), e.Path) {
			bad++
		}
	}
	if err != nil || len(entries) != fit+2 || bad != 2 {
		t.Errorf("%d of %d, %v", bad, len(entries), err)
	}
}

// TestManyCheckpoints: of a folder full of bad checkpoints only some are tried.
func TestManyCheckpoints(t *testing.T) {
	r := start(t, quick{})
	train(t, r, 1, 1, 1)
	for step := range 100 {
		put(t, r.file(checkpoints, nameOf(10+step)), "bad")
	}
	if err := os.Remove(r.file(checkpoints, latestFile)); err != nil {
		t.Fatal(err)
	}
	_, err := r.Latest(most)
	if !errors.Is(err, ErrDamaged) || strings.Count(err.Error(), "\n") > 8 {
		t.Error(err)
	}
}
