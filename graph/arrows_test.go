package graph_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/stheno-ml/stheno/"

// arrows lists, for each folder, the folders of the module that it may import. "…/..." means a folder and everything below it. A folder
// without an entry uses that of the nearest folder above.
var arrows = map[string][]string{
	"graph":                {"graph/vm", "graph/op", "internal/..."},
	"graph/vm":             {"graph/op", "internal/kernel", "internal/team"},
	"graph/op":             {"internal/kernel"},
	"graph/graphtest":      {"graph/op"},
	"internal":             {"internal/..."},
	"mnist":                {},
	"models":               {"train", "graph", "internal/term"},
	"models/byhand":        {},
	"train":                {"graph", "internal/kernel", "internal/team", "internal/term"},
	"cmd":                  {"cmd/...", "train", "models/...", "graph", "mnist", "internal/..."},
	"cmd/internal":         {"cmd/internal/...", "internal/..."}, // they take functions and slices, not networks, but these:
	"cmd/internal/compare": {"cmd/internal/...", "internal/...", "train", "models/...", "graph"},
	"cmd/internal/mpi":     {},
	"cmd/internal/diagram": {"cmd/internal/...", "graph"},
	"cmd/internal/dataset": {"internal/...", "train", "mnist"},
	"cmd/internal/onnx":    {"graph"},
	"cmd/internal/weights": {"graph", "internal/safetensors"},
	"cmd/internal/book":    {"cmd/internal/...", "internal/...", "train", "models/...", "graph", "mnist"},
	"cmd/internal/ladder":  {"cmd/internal/...", "internal/...", "models"},
}

// outside lists the folders that may import a module which is not for everybody.
var outside = map[string][]string{
	"gorgonia.org/": {"graph/..."},
	"gonum.org/":    {"graph/...", "cmd/internal/plot", "cmd/internal/diagram"},

	"github.com/ebitengine/": {"cmd/internal/mpi"},
}

// standard lists folders that import only the standard library.
var standard = []string{"mnist", "models/byhand"}

// TestArrows reads the imports of every file of the module. Tests may import anything, except that Gorgonia stays below graph.
func TestArrows(t *testing.T) {
	root := os.DirFS("..")
	folders := map[string]bool{}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if _, err := fs.Stat(root, path.Join(name, "go.mod")); d.IsDir() && name != "." && (d.Name()[0] == '.' || err == nil) {
			return fs.SkipDir // another module
		}
		folder := filepath.ToSlash(filepath.Dir(name))
		if strings.HasSuffix(name, "_test.go") {
			imports(t, root, name, func(path string) {
				if strings.HasPrefix(path, "gorgonia.org/") && !under(folder, outside["gorgonia.org/"]) {
					t.Errorf("%s imports %s; only the rooms below graph may, tests too", name, path)
				}
			})
		} else if strings.HasSuffix(name, ".go") {
			folders[folder] = true
			imports(t, root, name, func(path string) { arrow(t, folder, path) })
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"graph", "mnist", "models", "models/byhand", "train"} {
		if !folders[folder] {
			t.Errorf("saw no file in %s", folder)
		}
	}
}

func imports(t *testing.T, root fs.FS, name string, f func(path string)) {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		f(path)
	}
}

// arrow checks one import.
func arrow(t *testing.T, folder, path string) {
	t.Helper()
	inside, ours := strings.CutPrefix(path, module)
	foreign := !ours && strings.Contains(strings.Split(path, "/")[0], ".")
	switch {
	case ours && !under(inside, allowed(folder)):
		t.Errorf("%s imports %s; it may import %v", folder, inside, allowed(folder))
	case foreign && slices.Contains(standard, folder):
		t.Errorf("%s imports %s; it may import the standard library only", folder, path)
	}
	for prefix, users := range outside {
		if strings.HasPrefix(path, prefix) && !under(folder, users) {
			t.Errorf("%s imports %s; only %v may", folder, path, users)
		}
	}
}

// allowed returns the entry of arrows for a folder: its own, or that of the nearest folder above.
func allowed(folder string) []string {
	for ; folder != "."; folder = filepath.ToSlash(filepath.Dir(folder)) {
		if list, ok := arrows[folder]; ok {
			return list
		}
	}
	return nil
}

// under reports whether folder is in list.
func under(folder string, list []string) bool {
	return slices.ContainsFunc(list, func(l string) bool {
		top, all := strings.CutSuffix(l, "/...")
		return folder == top || all && strings.HasPrefix(folder, top+"/")
	})
}
