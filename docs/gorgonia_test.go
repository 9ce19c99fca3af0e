package docs

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// ports are the programs that the page on Gorgonia shows, as examples of package vm.
const ports = "../graph/vm/example_*_test.go"

// back makes a program of Gorgonia's of one that runs on our machine.
var back = strings.NewReplacer(
	"\n\t\"github.com/stheno-ml/stheno/train\"", "",
	"\n\n\t\"github.com/stheno-ml/stheno/graph/vm\"", "",
	"vm.New(", "G.NewTapeMachine(",
	"vm.BindDualValues(", "G.BindDualValues(",
	"vm.EvalMode(", "G.EvalMode(",
	"train.NewSolver(train.Adam{}, 0.01)", "G.NewAdamSolver(G.WithLearnRate(0.01))",
)

// TestBefore: the programs print the same on Gorgonia's machine, from which they differ by a line and an import.
func TestBefore(t *testing.T) {
	files, err := filepath.Glob(ports)
	if err != nil {
		t.Fatal(err)
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	folder := t.TempDir()
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		path, err := filepath.Abs(name)
		if err != nil {
			t.Fatal(err)
		}
		overlay.Replace[path] = filepath.Join(folder, filepath.Base(name))
		if err := os.WriteFile(overlay.Replace[path], []byte(back.Replace(string(text))), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(list, text, 0o666); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "test", "-overlay", list, "-run", "^ExampleNew_", "-v", "../graph/vm").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if n := strings.Count(string(out), "--- PASS"); n != len(files)-1 { // one of the files has the data
		t.Errorf("%d programs ran, of %d files\n%s", n, len(files), out)
	}
}
