package docs

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// ported are the files of the page's programs.
var ported = []string{"autoencoder", "batchnorm", "convnet", "lstm", "regression"}

// back makes a program for Gorgonia's machine of one for ours.
var back = strings.NewReplacer(
	"\n\t\"github.com/stheno-ml/stheno/train\"", "",
	"\n\n\t\"github.com/stheno-ml/stheno/graph/vm\"", "",
	"vm.New(", "G.NewTapeMachine(",
	"vm.BindDualValues(", "G.BindDualValues(",
	"vm.EvalMode(", "G.EvalMode(",
	"train.NewSolver(train.Adam{}, 0.01)", "G.NewAdamSolver(G.WithLearnRate(0.01))",
)

// TestBefore: the programs print on Gorgonia's machine what they print on ours, from which they differ by the lines that the page says.
func TestBefore(t *testing.T) {
	folder := t.TempDir()
	overlay := struct{ Replace map[string]string }{map[string]string{}} // as go test -overlay reads it
	for _, name := range ported {
		name = "example_" + name + "_test.go"
		path, err := filepath.Abs("../graph/vm/" + name)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		overlay.Replace[path] = filepath.Join(folder, name)
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
	out, err := exec.Command("go", "test", "-vet=off", "-overlay", list, "-run", "^ExampleNew_", "-v", "../graph/vm").CombinedOutput()
	if n := strings.Count(string(out), "--- PASS"); err != nil || n != len(ported) {
		t.Errorf("%d of %d programs (%v)\n%s", n, len(ported), err, out)
	}
}

var indentation = regexp.MustCompile(`(?m)^\t+`)

// TestGorgonia: what the page shows stands in examples, which are tested: Go without the indentation, lines that are added and, turned back,
// those that are removed, and what is printed.
func TestGorgonia(t *testing.T) {
	page, err := os.ReadFile("gorgonia.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := "\n"
	for _, pattern := range []string{"../graph/vm/example_*_test.go", "../graph/*example*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			examples += string(text)
		}
	}
	examples = indentation.ReplaceAllString(examples, "") // a snippet may have less of it
	has := func(text string) {
		if !strings.Contains(examples, "\n"+indentation.ReplaceAllString(text, "")) {
			t.Errorf("no example has\n%s", text)
		}
	}
	for _, block := range fenced.FindAllStringSubmatch(string(page), -1) {
		switch language, text := block[1], block[2]; {
		case language == "go":
			has(text)
		case language == "diff":
			var removed, added string
			for line := range strings.Lines(text) {
				if line[0] == '+' {
					added += line[1:]
					has(line[1:])
				} else {
					removed += line[1:]
				}
			}
			if back.Replace(added) != removed {
				t.Errorf("turned back, the lines are\n%snot\n%s", back.Replace(added), removed)
			}
		case !strings.HasPrefix(text, "go test"):
			has("// " + text)
		}
	}
}
