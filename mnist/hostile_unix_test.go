//go:build unix

package mnist

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Only a regular file in the folder counts, and nothing blocks.
func TestLoadDirHostile(t *testing.T) {
	for _, c := range []struct {
		kind, want string
		make       func(path string) error
	}{
		{"pipe", "add one of", func(path string) error { return syscall.Mkfifo(path, 0o666) }},
		{"folder", "add one of", func(path string) error { return os.Mkdir(path, 0o777) }},
		{"device", "a link out of its folder", func(path string) error { return os.Symlink("/dev/zero", path) }},
		{"link", "a link out of its folder", func(path string) error { return os.Symlink("../labels", path) }},
		{"link inside", "", func(path string) error { return os.Symlink("labels", path) }},
	} {
		top := t.TempDir()
		dir := filepath.Join(top, "data")
		if err := os.CopyFS(dir, small()); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "train-labels-idx1-ubyte")
		labels := small()["train-labels-idx1-ubyte"].Data
		if err := errors.Join(os.WriteFile(filepath.Join(top, "labels"), labels, 0o666), os.Rename(path, filepath.Join(dir, "labels")), c.make(path)); err != nil {
			t.Fatal(err)
		}
		_, err := LoadDir(dir)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir)) {
			t.Errorf("%s: %v, want %q", c.kind, err, c.want)
		}
		if _, bad := err.(*FormatError); c.want != "" && !bad && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %T", c.kind, err)
		}
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, small()); err != nil {
		t.Fatal(err)
	}
	images := filepath.Join(dir, "train-images-idx3-ubyte") // two sparse files, which take no space on the disk
	if err := errors.Join(os.WriteFile(images, idx(imageMagic, []int{12, 1024, 1024}), 0o666), os.Truncate(images, 16+12<<20)); err != nil {
		t.Fatal(err)
	}
	if got := allocated(func() { LoadDir(dir) }); got > 14<<20 {
		t.Errorf("%d bytes allocated for a file of 12 MiB", got)
	}
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadDir(pipe); err == nil || !strings.Contains(err.Error(), pipe) {
		t.Errorf("a pipe for a folder: %v", err)
	}
}
