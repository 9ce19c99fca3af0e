package compare

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the list of mistakes into docs/compare.md anew")

// TestDocs: the page has each mistake that has a name, what it looks like, and in how many of the tests' programs it is found.
func TestDocs(t *testing.T) {
	const path = "../../../docs/compare.md"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "-update -->\n", "<!-- end of the list -->"
	before, rest, ok := strings.Cut(string(text), begin)
	list, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the list", path)
	}
	var want strings.Builder
	want.WriteString("| name | what it looks like | found |\n|---|---|---|\n")
	found := countMistakes(t)
	for _, b := range Bugs {
		n := found[b.Name]
		fmt.Fprintf(&want, "| `%s` | %s | %d of %d |\n", b.Name, b.Looks, n.found, n.files)
	}
	two, right := found["two mistakes"], found[""]
	fmt.Fprintf(&want, "\nOf programs with two mistakes %d of %d are found, with both names. Of %d programs without a mistake %d get a name.\n",
		two.found, two.files, right.files, right.files-right.found)
	if *update {
		text := before + begin + want.String() + end + after
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	} else if list != want.String() {
		t.Errorf("%s does not have the mistakes as they are; go test -run TestDocs -update", path)
	}
}

// TestBugs: names are different, and sentences end.
func TestBugs(t *testing.T) {
	seen := map[string]bool{}
	for _, b := range Bugs {
		if seen[b.Name] || !strings.HasSuffix(b.Looks, ".") || strings.Contains(b.Looks, "|") {
			t.Errorf("%+v", b)
		}
		seen[b.Name] = true
	}
	if len(Bugs) < 40 {
		t.Errorf("%d", len(Bugs))
	}
}
