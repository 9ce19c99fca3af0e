package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const goRun = "go run ./cmd/stheno "

// TestReadme runs the trainings of README.md, three epochs of the first one. Its other blocks stand in examples, or on pages with tests of their own,
// from which -update takes them anew.
func TestReadme(t *testing.T) {
	program(t)
	t.Parallel()
	folder := t.TempDir()
	if err := os.Symlink(here(t), filepath.Join(folder, "docs")); err != nil {
		t.Fatal(err)
	}
	three := strings.NewReplacer(goRun, "stheno ", "--seed 1", "--seed 1 --epochs 3 --threads 1", "epochs 30", "epochs 3")
	tested := page(t, "gorgonia.md") + page(t, "compare.md") + page(t, "../cmd/cli/example_test.go") + page(t, "example/main.go")
	text := fenced.ReplaceAllStringFunc(page(t, "../README.md"), func(block string) string {
		switch shown := fenced.FindStringSubmatch(block)[2]; {
		case strings.HasPrefix(shown, "git clone"): // the block below it shows what it prints
		case strings.HasPrefix(shown, "$ "+goRun):
			head, _, _ := strings.Cut(shown, "…\n")
			session(t, folder, three.Replace(head)+"…\n")
		case strings.HasPrefix(shown, goRun):
			if out, err := shell(folder, strings.ReplaceAll(shown, goRun, "stheno ")); err != nil {
				t.Errorf("%s%s%v", shown, out, err)
			}
		case *update && again(tested, shown) != "":
			return strings.Replace(block, shown, again(tested, shown), 1)
		default:
			for part := range strings.SplitSeq(strings.TrimSpace(shown), "\n\n") {
				if !strings.Contains(tested, part) {
					t.Errorf("no page or example that is tested has\n%s\ngo test ./docs -update", part)
				}
			}
		}
		return block
	})
	rewrite(t, "../README.md", text)
}

// again is the block on the pages that begins with the same line.
func again(pages, shown string) string {
	first, _, _ := strings.Cut(shown, "\n")
	for _, block := range fenced.FindAllStringSubmatch(pages, -1) {
		if strings.HasPrefix(block[2], first+"\n") {
			return block[2]
		}
	}
	return ""
}

var (
	times  = regexp.MustCompile(`([\d.]+) times`)
	images = regexp.MustCompile(`\d+,\d\d\d(?:,\d\d\d)*`)
)

// TestFigures: the speeds in README.md and those in the first table of why.md are the ones of performance.md.
func TestFigures(t *testing.T) {
	measured := page(t, "performance.md")
	for _, ratio := range times.FindAllStringSubmatch(page(t, "../README.md"), -1) {
		if !strings.Contains(measured, "**"+ratio[1]+"**") {
			t.Errorf("README.md: performance.md has no ratio of %s", ratio[1])
		}
	}
	_, table, _ := strings.Cut(page(t, "why.md"), "## Measured")
	table, _, _ = strings.Cut(table, "```")
	for _, speed := range images.FindAllString(table, -1) {
		if !strings.Contains(measured, " "+speed+" ") {
			t.Errorf("why.md: performance.md has no speed of %s", speed)
		}
	}
}

// TestCommands: commands.md has a row for each command of the program's help.
func TestCommands(t *testing.T) {
	program(t)
	help, err := shell(t.TempDir(), "stheno help")
	if err != nil {
		t.Fatal(err)
	}
	_, help, _ = strings.Cut(help, "\nCommands:\n")
	commands := regexp.MustCompile(`(?m)^  ([a-z]+) `).FindAllStringSubmatch(help, -1)
	if len(commands) < 15 {
		t.Fatalf("%d commands in\n%s", len(commands), help)
	}
	list := page(t, "commands.md")
	for _, c := range commands {
		if c[1] != "help" && !regexp.MustCompile("(?m)^\\| `stheno "+c[1]+"\\b").MatchString(list) {
			t.Errorf("commands.md has no row for %s", c[1])
		}
	}
}
