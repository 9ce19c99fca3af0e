//go:build unix

package intake

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// files makes a folder with a file of each kind, and returns the folder.
func files(t *testing.T) string {
	t.Helper()
	top := t.TempDir()
	dir := filepath.Join(top, "in")
	for _, err := range []error{
		os.Mkdir(dir, 0o777), os.Mkdir(filepath.Join(dir, "folder"), 0o777),
		os.WriteFile(filepath.Join(dir, "ok"), []byte(`{"a":1}`), 0o666),
		os.WriteFile(filepath.Join(top, "outside"), []byte("secret"), 0o666),
		os.Symlink("ok", filepath.Join(dir, "link")), os.Symlink("../outside", filepath.Join(dir, "out")),
		os.Symlink("..", filepath.Join(dir, "up")), os.Symlink("/dev/zero", filepath.Join(dir, "zero")),
		syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o666),
	} {
		if err != nil {
			t.Skip("this system lacks pipes or links: ", err)
		}
	}
	return dir
}

func TestRefused(t *testing.T) {
	dir := files(t)
	for _, c := range []struct{ folder, name, want string }{
		{dir, "folder", "but a folder"}, {dir, "pipe", "but a pipe"}, {dir, "out", "a link out of its folder"}, {dir, "up/outside", "a link out"},
		{dir, "../outside", "a link out"}, {dir, "zero", "a link out"}, {"", filepath.Join(dir, "pipe"), "but a pipe"},
		{"", filepath.Join(dir, "zero"), "but a device"}, {"", dir, "but a folder"}, {"", filepath.Join(dir, "out"), "6 bytes, more than the limit of 5"},
	} {
		text, err := Read(c.folder, c.name, 5)
		path := filepath.Join(c.folder, c.name)
		if text != nil || !errors.Is(err, ErrDamaged) || !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %q, %v; want %q", path, text, err, c.want)
		}
	}
	if _, _, err := OpenFile(dir, "pipe", os.O_WRONLY); !errors.Is(err, ErrDamaged) {
		t.Error("a pipe to be written: ", err)
	}
	if _, err := Read(filepath.Join(dir, "pipe"), "ok", 9); !errors.Is(err, syscall.ENOTDIR) {
		t.Error("a pipe for a folder: ", err)
	}
	for _, name := range []string{"none", "none/none"} {
		if _, err := Read(dir, name, 9); !errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRead(t *testing.T) {
	dir := files(t)
	for _, c := range [][2]string{{dir, "ok"}, {dir, "link"}, {dir, "folder/../ok"}, {"", filepath.Join(dir, "link")}, {filepath.Join(dir, "up", "in"), "ok"}} {
		if text, err := Read(c[0], c[1], 7); err != nil || string(text) != `{"a":1}` {
			t.Errorf("%q: %q, %v", c, text, err)
		}
	}
}

func TestJSON(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		text   string
		strict bool
		want   string
	}{
		{`{"a":1} ` + "\n", true, ""}, {`{"a":1,"b":2}`, false, ""}, {`{"a":1,"b":2}`, true, `unknown field "b"`},
		{`{"a":1}x`, true, "byte offset 7: damaged: text after the JSON value"}, {`{"a":1}{"a":2}`, true, "text after"},
		{`{"a":1e15}`, true, "cannot unmarshal"}, {`{"a":`, true, "unexpected EOF"}, {"", true, "EOF"}, {"{" + strings.Repeat(" ", 100), true, "the limit of 50"},
	} {
		if err := os.WriteFile(filepath.Join(dir, "f"), []byte(c.text), 0o666); err != nil {
			t.Fatal(err)
		}
		var v struct{ A int8 }
		err := JSON(dir, "f", 50, &v, c.strict)
		if c.want == "" && (err != nil || v.A != 1) || c.want != "" && (!errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %+v, %v; want %q", c.text, v, err, c.want)
		}
	}
}
