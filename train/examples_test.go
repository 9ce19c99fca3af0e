package train_test

import (
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

// TestExamplesAreShort limits the length of the example for each job, in lines that are neither blank, comments nor imports.
func TestExamplesAreShort(t *testing.T) {
	for name, most := range map[string]int{
		"example_regression_test.go": 20, "example_autoencoder_test.go": 20, "example_sequence_test.go": 30, "example_siamese_test.go": 30,
		"example_losses_test.go": 30, "example_labels_test.go": 20, "../models/example_test.go": 25, "example_transfer_test.go": 20,
		"example_server_test.go": 40,
	} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		code, lines := text[set.Position(file.Decls[1].Pos()).Offset:], 0
		for line := range strings.Lines(string(code)) {
			if s := strings.TrimSpace(line); s != "" && !strings.HasPrefix(s, "//") {
				lines++
			}
		}
		t.Logf("%s: %d lines", name, lines)
		if lines > most {
			t.Errorf("%s: %d lines; at most %d", name, lines, most)
		}
	}
}
