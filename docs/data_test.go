package docs

import (
	"os"
	"path/filepath"
	"testing"
)

// TestData runs the commands of the page, beside the tables in example.
func TestData(t *testing.T) {
	program(t)
	text, err := os.ReadFile("data.md")
	if err != nil {
		t.Fatal(err)
	}
	page := tryBeside(t, string(text), "flowers.csv", "houses.csv")
	if *update {
		if err := os.WriteFile("data.md", []byte(page), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// tryBeside is try in a folder with files of the example.
func tryBeside(t *testing.T, section string, files ...string) string {
	folder := t.TempDir()
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join("example", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), text, 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return tryIn(t, folder, section)
}
