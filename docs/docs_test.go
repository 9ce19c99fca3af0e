// Package docs tests what the pages here show.
package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// digits builds the program in example, a module of its own, and is the path of it.
var digits = sync.OnceValues(func() (string, error) {
	program := filepath.Join(temporary, "digits")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir, build.Stderr = "example", os.Stderr
	return program, build.Run()
})

var temporary string // a folder for the program

func TestMain(m *testing.M) {
	var err error
	if temporary, err = os.MkdirTemp("", "stheno-docs-"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(temporary)
	os.Exit(code)
}

// run runs the program of the example in a folder, and is what it prints.
func run(t *testing.T, folder string, args ...string) string {
	t.Helper()
	program, err := digits()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Dir = folder
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("digits %q: %v\n%s", args, err, text)
	}
	return string(text)
}

// TestExample: every command knows the model and the layer of the example.
func TestExample(t *testing.T) {
	folder := t.TempDir()
	for _, c := range []struct{ command, want string }{
		{"summary maxout", "maxout(4)"},
		{"gradcheck maxout --samples 5", "dense1.w  784×240        5  188,160      0"},
		{"graph maxout", "maxout(4)"},
		{"train maxout --epochs 1 --train-size 1000 --seed 1", "189,010 parameters"},
		{"bench maxout --seconds 0.1", "maxout"},
		{"__complete train ma", "maxout\n"},
	} {
		if got := run(t, folder, strings.Fields(c.command)...); !strings.Contains(got, c.want) {
			t.Errorf("%s:\n%s\nwant %q in it", c.command, got, c.want)
		}
	}
}
