package docs

import (
	"go/scanner"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/golangci/misspell"
)

// stems are those of verbs in -ize whose British forms the dictionary lacks, some or all.
var stems = strings.Fields("binar central discret emphas final general initial linear local material normal optim organ parallel penal " +
	"quant real regular special standard summar token util vector")

// others are words that the dictionary lacks.
var others = []string{"grey", "gray", "greyscale", "grayscale", "learnt", "learned", "spelt", "spelled", "whilst", "while"}

// accepted are words of the dictionary that are right here: in all files, or in one.
var accepted = map[string]string{
	"catalogue": "",                            // American too
	"lustre":    "../docs/cluster.md",          // the file system
	"nmae":      "../models/file_test.go",      // a key that is wrong
	"optimiser": "../internal/term/nearest.go", // what people type
}

// TestSpelling: pages, comments and strings have American spelling, and no common mistake of typing.
func TestSpelling(t *testing.T) {
	right := dictionary()
	files := texts(t, ".md", ".go", ".js", ".html")
	delete(files, filepath.FromSlash("../docs/spelling_test.go")) // it has words that are wrong
	for path, text := range files {
		check := func(line int, text string) {
			for row := range strings.Lines(text) {
				for word := range strings.FieldsFuncSeq(row, func(r rune) bool { return !unicode.IsLetter(r) }) {
					word = strings.ToLower(word)
					file, fine := accepted[word]
					if better, wrong := right[word]; wrong && !(fine && strings.HasPrefix(filepath.ToSlash(path), file)) {
						t.Errorf("%s:%d: %q; write %q", path, line, word, better)
					}
				}
				line++
			}
		}
		if strings.HasSuffix(path, ".go") {
			prose(text, check)
		} else {
			check(1, text)
		}
	}
}

// dictionary has the right word for each wrong one.
func dictionary() map[string]string {
	words := map[string]string{}
	for _, list := range [][]string{misspell.DictMain, misspell.DictAmerican, others} {
		for i := 0; i < len(list); i += 2 {
			words[list[i]] = list[i+1]
		}
	}
	for _, stem := range stems {
		for _, end := range strings.Fields("e ed es er ers ing ation ations") {
			words[stem+"is"+end] = stem + "iz" + end
		}
	}
	return words
}

// prose calls f for each comment and string of a Go file, with its line.
func prose(text string, f func(line int, text string)) {
	var s scanner.Scanner
	file := token.NewFileSet().AddFile("", -1, len(text))
	s.Init(file, []byte(text), nil, scanner.ScanComments)
	for {
		at, kind, literal := s.Scan()
		switch kind {
		case token.EOF:
			return
		case token.STRING:
			if value, err := strconv.Unquote(literal); err == nil {
				literal = value
			}
			f(file.Line(at), literal)
		case token.COMMENT:
			f(file.Line(at), literal)
		}
	}
}
