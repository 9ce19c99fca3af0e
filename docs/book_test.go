package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// packages are those that book.md names things of.
var packages = map[string]string{
	"graph": "graph", "op": "graph/op", "vm": "graph/vm", "train": "train", "mnist": "mnist", "models": "models", "byhand": "models/byhand",
}

var quoted = regexp.MustCompile("`([\\w/]+)\\.([\\w.]+)`")

// TestBook: the code has every file that the page names, and declares every PACKAGE.NAME, PACKAGE.TYPE.METHOD and PACKAGE.TYPE.FIELD.
func TestBook(t *testing.T) {
	found := 0
	for _, m := range quoted.FindAllStringSubmatch(page(t, "book.md"), -1) {
		switch dir := packages[m[1]]; {
		case strings.Contains(m[1], "/"):
			if _, err := os.Stat(filepath.Join("..", m[1]+"."+m[2])); err != nil {
				t.Error(err)
			}
		case dir == "":
			continue
		case !declared(t, filepath.Join("..", dir), m[2]):
			t.Errorf("%s declares no %s", dir, m[2])
		}
		found++
	}
	if found < 30 {
		t.Errorf("%d names and files", found)
	}
}

// declared says that a file in dir declares a name, at the beginning of a line: NAME, or TYPE.NAME for a method or a field.
func declared(t *testing.T, dir, name string) bool {
	t.Helper()
	of, member, _ := strings.Cut(name, ".")
	pattern := `(?m)^(func|type|var) ` + of + `\b|^\t` + of + `\s.*=`
	if member != "" {
		pattern = `(?m)^func \(\w* ?\*?` + of + `\) ` + member + `\b|^type ` + of + ` struct \{[^}]*\b` + member + `\b`
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if regexp.MustCompile(pattern).Match(text) {
			return true
		}
	}
	return false
}
