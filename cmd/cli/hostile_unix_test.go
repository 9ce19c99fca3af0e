//go:build unix

package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unicode"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
)

// What a file or a folder is called, and what is in it, cannot command the terminal or begin a line of its own.
func TestEscapes(t *testing.T) {
	const evil = "\x1b[31m\x07\r\x9b\u009b2J\u202e\x7f\U000e0001\nstheno: all is well"
	runs, dir := t.TempDir(), dataSet(t, 60, 10)
	ok(t, "train", "mlp", "--epochs", "1", "--data", dir, "--runs", runs)
	run := filepath.Join(runs, evil)
	if err := os.Rename(onlyRun(t, runs), run); err != nil {
		t.Skip(err)
	}
	r, _, err := rundir.Resume(run, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	err = r.Update(func(i *rundir.Info) { i.Name, i.Model, i.Argv = evil, evil, append(i.Argv, "--"+evil) })
	if err := errors.Join(err, r.Close()); err != nil { // It is running still, and so was killed.
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(runs, "broken"+evil), 0o777); err != nil {
		t.Fatal(err)
	}
	model := filepath.Join(t.TempDir(), "evil.toml")
	write(t, model, []byte("format = 1\nname = \"a\\u001b[31m\\nstheno: b\"\n[[layer]]\nop = \"\\u001b]0;x\\u0007\"\n"))
	picture := filepath.Join(t.TempDir(), evil+".png")
	write(t, picture, []byte("no picture"))
	for _, args := range [][]string{
		{"ls", "--runs", runs}, {"ls", "--json", "--runs", runs}, {"eval", "latest", "--runs", runs}, {"train", "--resume", evil, "--runs", runs},
		{"eval", evil[:len(evil)-1], "--runs", runs}, {"summary", model}, {"predict", run, picture}, {"predict", "latest", "--runs", runs, picture},
		{"train", "mlp", "--data", run}, {"plot", run, "-o", picture}, {"compare", "--against", picture},
	} {
		r := call(args...)
		for _, c := range r.out + r.err {
			if c != '\n' && c != '\t' && !unicode.IsPrint(c) {
				t.Errorf("%q prints %q: %q", args, c, r.out+r.err)
				break
			}
		}
		if text := "\n" + r.out + r.err; strings.Contains(text, "\nstheno: all") || strings.Contains(text, "\nstheno: b") {
			t.Errorf("%q:\n%s", args, text)
		}
	}
	list := events(t, ok(t, "ls", "--json", "--runs", runs).out)
	if len(list) != 2 || !slices.ContainsFunc(list, func(e map[string]any) bool { return e["model"] == strings.ToValidUTF8(evil, "\ufffd") }) {
		t.Errorf("JSON is still what it was: %q", list)
	}
}

// What is joined is a line each, however deep it lies; a line within an error is none.
func TestNote(t *testing.T) {
	var b bytes.Buffer
	one, two := errors.New("one\nline"), errors.New("two")
	(&app{err: &b}).note(&exitError{exitData, errors.Join(errors.Join(one, two), fmt.Errorf("three: %w", errors.Join(one, two)))})
	if want := "stheno: one; line\nstheno: two\nstheno: three: one; line; two\n"; b.String() != want {
		t.Errorf("%q, want %q", &b, want)
	}
}

// A run whose training was given --help=false, which trains, goes on; and --help in run.json is no reason to print the help.
func TestResumeHelp(t *testing.T) {
	runs := t.TempDir()
	ok(t, "train", "mlp", "--epochs", "1", "--help=false", "--data", dataSet(t, 60, 10), "--runs", runs)
	run := onlyRun(t, runs)
	for _, more := range []string{"", "--help", "-h"} {
		r, _, err := rundir.Resume(run, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		if more != "" {
			err = r.Update(func(i *rundir.Info) { i.Argv = append(i.Argv, more) })
		}
		if err := errors.Join(err, r.Close()); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"train", "--resume", run}, {"eval", run}} {
			if r := ok(t, args...); strings.Contains(r.out+r.err, "Usage") || !strings.Contains(r.out, "test") {
				t.Errorf("%s, %q: %+v", more, args, r)
			}
		}
	}
}

// Wherever a command takes a file, it refuses what is none, and what is far too large, at once.
func TestNotFiles(t *testing.T) {
	runs, dir := t.TempDir(), t.TempDir()
	ok(t, "train", "mlp", "--epochs", "1", "--data", dataSet(t, 60, 10), "--runs", runs)
	run := onlyRun(t, runs)
	kinds := map[string]func(path string) error{
		"but a pipe":   func(path string) error { return syscall.Mkfifo(path, 0o666) },
		"but a device": func(path string) error { return os.Symlink("/dev/zero", path) },
		"more than":    func(path string) error { return errors.Join(os.WriteFile(path, nil, 0o666), os.Truncate(path, 1<<32)) },
		"but a folder": func(path string) error { return os.Mkdir(path, 0o777) },
	}
	for want, make := range kinds {
		for _, c := range []struct {
			args string
			file string
			code int
		}{
			{"train", "a.toml", exitUsage}, {"summary", "a.toml", exitUsage},
			{"eval", "a.json", exitData}, {"import --runs " + runs, "a.json", exitData}, {"predict " + run, "a.png", exitData}, {"compare --against", "a.npz", exitData},
			{"import", "a.npz", exitData}, {"import", "a.safetensors", exitData}, {"predict", "a.json", exitData},
		} {
			path := filepath.Join(dir, c.file)
			if err := make(path); err != nil {
				t.Fatal(err)
			}
			args := append(strings.Fields(c.args), path)
			if c.args == "import" || c.args == "predict" {
				args = append(args, "mlp")
			}
			r := call(args...)
			run := want == "but a folder" && c.file == "a.json" // It could be a run's.
			endless := want == "more than" && c.file == "a.png" // It is no picture either.
			if !run && !endless && (r.code != c.code || !strings.Contains(r.err, path) || !strings.Contains(r.err, want) || strings.Count(r.err, "\n") != 1) {
				t.Errorf("%q: exit %d, %s; want %d and %q", args, r.code, r.out+r.err, c.code, want)
			}
			if err := os.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, want := range map[string]string{"metrics.jsonl": "but a pipe", "run.json": "but a pipe"} {
		if err := errors.Join(os.Remove(filepath.Join(run, name)), syscall.Mkfifo(filepath.Join(run, name), 0o666)); err != nil {
			t.Fatal(err)
		}
		if r := call("plot", run, "-o", filepath.Join(dir, "x.svg")); r.code != exitData || !strings.Contains(r.err, want) {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// A checkpoint is read only if it can be of the run's model.
func TestLargeCheckpoint(t *testing.T) {
	runs := t.TempDir()
	ok(t, "train", "mlp", "--epochs", "1", "--data", dataSet(t, 60, 10), "--runs", runs)
	run := onlyRun(t, runs)
	files, err := filepath.Glob(filepath.Join(run, "checkpoints", "*.safetensors"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		header := `{"w":{"dtype":"F32","shape":[4194304],"data_offsets":[0,16777216]}}`
		write(t, path, append([]byte{byte(len(header)), 0, 0, 0, 0, 0, 0, 0}, header...))
		if err := os.Truncate(path, int64(8+len(header)+4*4194304)); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"eval", run}, {"train", "--resume", run}} {
		if r := call(args...); r.code != exitData || !strings.Contains(r.err, "safetensors: 16777") || !strings.Contains(r.err, "more than the limit") {
			t.Errorf("%q: %+v", args, r)
		}
	}
}
