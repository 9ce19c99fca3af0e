//go:build unix

package dataset

import (
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestHostile has what is no file in the place of one: nothing waits, and no link leads out of a folder.
func TestHostile(t *testing.T) {
	outside := t.TempDir()
	put(t, outside, "x.png", paint(2, 3, color.Gray{1}))
	for want, make := range map[string]func(top string) error{
		"cat/z.png: not a regular file, but a pipe": func(top string) error { return syscall.Mkfifo(filepath.Join(top, "cat/z.png"), 0o666) },
		"cat/z.png: a link out of its folder": func(top string) error {
			return os.Symlink(filepath.Join(outside, "x.png"), filepath.Join(top, "cat/z.png"))
		},
		"fox: a link to a folder":             func(top string) error { return os.Symlink(outside, filepath.Join(top, "fox")) },
		"cat/z.jpg: a link out of its folder": func(top string) error { return os.Symlink("/dev/zero", filepath.Join(top, "cat/z.jpg")) },
	} {
		top := animals(t, t.TempDir(), "", 10, color.Gray{9})
		if err := make(top); err != nil {
			t.Skip("this system lacks pipes or links: ", err)
		}
		if _, err := Open(top, Options{}); err == nil || !strings.Contains(err.Error(), filepath.Join(top, want)) {
			t.Errorf("%v; want %s", err, want)
		}
	}
	for _, name := range []string{"p.csv", "p.npz", "p"} {
		path := filepath.Join(t.TempDir(), name)
		if err := syscall.Mkfifo(path, 0o666); err != nil {
			t.Skip(err)
		}
		if _, err := Open(path, Options{Target: []string{"a"}[:strings.Count(name, "csv")]}); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
