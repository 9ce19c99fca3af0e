// Package docs tests what the pages here show.
package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	_ "github.com/stheno-ml/stheno/cmd/cli" // is in the program that the tests build: they are to run again when it changes
)

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

// program builds the program in example, a module of its own, as bin/digits in the temporary folder. As bin/stheno it stands for the
// program of this module, which has one model less.
func program(t *testing.T) {
	t.Helper()
	if err := build(); err != nil {
		t.Fatal(err)
	}
}

var build = sync.OnceValue(func() error {
	bin := filepath.Join(temporary, "bin")
	install := exec.Command("go", "install", ".")
	install.Dir, install.Env, install.Stderr = "example", append(os.Environ(), "GOBIN="+bin), os.Stderr
	if err := install.Run(); err != nil {
		return err
	}
	return os.Symlink("digits", filepath.Join(bin, "stheno"))
})

// TestExample: every command knows the model and the layer of the example.
func TestExample(t *testing.T) {
	program(t)
	folder := t.TempDir()
	for _, c := range []struct{ command, want string }{
		{"digits graph maxout", "maxout(4)"},
		{"digits train maxout --epochs 1 --train-size 500 --seed 1", "digits eval runs/maxout-"},
		{"digits summary runs/*/model.toml", "maxout(4)"},
		{"digits __complete train ma", "\nmaxout\n"},
		{"digits completion bash", "complete -o default -F __start_digits digits"},
		{"digits trian; true", `digits: unknown command "trian"`},
	} {
		if got, err := shell(folder, c.command); err != nil || !strings.Contains(got, c.want) {
			t.Errorf("$ %s\n%s%v; want %q in it", c.command, got, err, c.want)
		}
	}
}
