package docs

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// texts are the repository's files whose names end so, by their paths from here.
func texts(t *testing.T, endings ...string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() {
			if name != ".." && (name[0] == '.' || name == "node_modules" || name == "runs") {
				return fs.SkipDir // not ours, or not in the repository
			}
			return nil
		}
		for _, ending := range endings {
			if strings.HasSuffix(path, ending) {
				text, err := os.ReadFile(path)
				files[path] = string(text)
				return err
			}
		}
		return nil
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	return files
}

var (
	link    = regexp.MustCompile(`\]\(([^()\s]+)\)|(?:src|href)="([^"]+)"|(?m:^\[[^\]]+\]:\s+(\S+))`)
	code    = regexp.MustCompile("(?sm)^```.*?^```$|`[^`\n]+`")
	heading = regexp.MustCompile(`(?m)^#+ +(.*)$`)
	named   = regexp.MustCompile(`docs/[\w-]+\.md`)
)

// TestLinks: each link of a page to a file, and each page that a Go file names, is there, with its heading.
func TestLinks(t *testing.T) {
	pages := texts(t, ".md")
	for path, text := range pages {
		for _, parts := range link.FindAllStringSubmatch(code.ReplaceAllString(text, ""), -1) {
			if err := dead(pages, path, parts[1]+parts[2]+parts[3]); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
	for path, text := range texts(t, ".go") {
		for _, page := range named.FindAllString(text, -1) {
			if _, ok := pages[filepath.Join("..", page)]; !ok {
				t.Errorf("%s: there is no %s", path, page)
			}
		}
	}
}

// dead is the error of a link that leads nowhere. Links to other sites are not followed, because tests need no network.
func dead(pages map[string]string, from, target string) error {
	if strings.Contains(target, "://") {
		return nil
	}
	file, anchor, has := strings.Cut(target, "#")
	path := from
	if file != "" {
		path = filepath.Join(filepath.Dir(from), filepath.FromSlash(file))
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("link to %s: %w", target, err)
	}
	if has && !anchors(pages[path])[anchor] {
		return fmt.Errorf("link to %s: %s has no such heading", target, path)
	}
	return nil
}

// anchors are the names that GitHub gives to a page's headings.
func anchors(page string) map[string]bool {
	names := map[string]bool{}
	for _, part := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(page, ""), -1) {
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-', r == '_', unicode.IsLetter(r), unicode.IsNumber(r):
				return unicode.ToLower(r)
			}
			return -1
		}, part[1])
		unique := name
		for n := 1; names[unique]; n++ {
			unique = fmt.Sprintf("%s-%d", name, n)
		}
		names[unique] = true
	}
	return names
}

// TestIndex: README.md here lists each page.
func TestIndex(t *testing.T) {
	index := page(t, "README.md")
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range pages {
		if name != "README.md" && !strings.Contains(index, "]("+name+")") {
			t.Errorf("README.md has no link to %s; add a line for it", name)
		}
	}
}
