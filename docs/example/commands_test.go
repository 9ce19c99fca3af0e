package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/cmd/cli"
	"github.com/stheno-ml/stheno/models"
)

// TestCommands checks that every command knows the model and the layer.
func TestCommands(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ args, want string }{
		{"summary maxout", "maxout(4)"},
		{"graph maxout --level gradient", "dMaxout/4"},
		{"graph maxout -o " + filepath.Join(dir, "x.svg"), ""},
		{"gradcheck maxout --batch 2", "dense1.w"},
		{"compare dense(9)|tanh|dense(10) --against byhand --steps 2 --vm tape", "dense2.b"},
		{"train dense(12)|maxout(2)|dense(10) --epochs 1 --train-size 200 --vm tape --runs " + dir, "test"},
		{"train maxout --epochs 1 --train-size 200 --runs " + dir, "test"},
		{"eval latest --runs " + dir, "maxout-"},
		{"export latest --runs " + dir + " -o " + filepath.Join(dir, "x.onnx"), "x.onnx: "},
		{"__complete train maxo", "\nmaxout"},
	} {
		args := strings.Fields(c.args)
		for i, a := range args {
			args[i] = strings.ReplaceAll(a, "|", " ")
		}
		if code, out := run(t, args); code != 0 || !strings.Contains(out, c.want) {
			t.Errorf("%s: exit %d\n%s", c.args, code, out)
		}
	}
}

// run runs the program with these arguments and returns its exit code and what it prints.
func run(t *testing.T, args []string) (code int, out string) {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = f, f
	code = cli.Main(append(models.All, mine), args)
	os.Stdout, os.Stderr = stdout, stderr
	text, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return code, string(text)
}
