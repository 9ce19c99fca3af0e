package docs

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what the commands print into the pages anew")

// TestTutorial runs the commands of the page, each section in a folder of its own, and compares what they print. Its Go is that of the
// example, and its TOML goes into files.
func TestTutorial(t *testing.T) {
	program(t)
	sections := strings.SplitAfter(page(t, "tutorial.md"), "\n## ")
	if len(sections) != 8 {
		t.Fatalf("%d sections; the page has seven steps behind its beginning", len(sections))
	}
	t.Run("step", func(t *testing.T) {
		for i := range sections[1:] {
			section := &sections[i+1]
			t.Run((*section)[:1], func(t *testing.T) {
				t.Parallel()
				*section = try(t, *section)
			})
		}
	})
	rewrite(t, "tutorial.md", strings.Join(sections, ""))
}

// TestCluster runs the commands of the page, all in one folder.
func TestCluster(t *testing.T) {
	program(t)
	rewrite(t, "cluster.md", try(t, page(t, "cluster.md")))
}

func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// rewrite puts what the commands print into a page, with -update.
func rewrite(t *testing.T, name, text string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

var fenced = regexp.MustCompile("(?s)```(\\w*)\n(.*?)```\n")

// try tests the blocks of a section, and is the section with what they print now.
func try(t *testing.T, section string) string { return tryIn(t, t.TempDir(), section) }

// tryIn is try in a folder.
func tryIn(t *testing.T, folder, section string) string {
	blocks := 0
	if err := os.Symlink(here(t), filepath.Join(folder, "docs")); err != nil {
		t.Fatal(err)
	}
	section = fenced.ReplaceAllStringFunc(section, func(block string) string {
		blocks++
		part := fenced.FindStringSubmatch(block)
		switch language, text := part[1], part[2]; language {
		case "go":
			inExample(t, text)
		case "toml", "python", "js":
			name, _, _ := strings.Cut(strings.TrimLeft(text, "#/ "), "\n")
			if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o666); err != nil {
				t.Error(err)
			}
		default:
			if lacks(t, text) {
				return block
			}
			return "```\n" + session(t, folder, text) + "```\n"
		}
		return block
	})
	if blocks == 0 {
		t.Error("no block")
	}
	pictures(t, folder)
	return section
}

// pictures checks that those of the page are what its commands draw.
func pictures(t *testing.T, folder string) {
	drawn, err := filepath.Glob(filepath.Join(folder, "*.svg"))
	if err != nil {
		t.Error(err)
	}
	for _, path := range drawn {
		name := filepath.Base(path)
		want, _ := os.ReadFile(name) // the page need not have it
		got, err := os.ReadFile(path)
		if *update && want != nil {
			err = os.WriteFile(name, got, 0o666)
		}
		if err != nil || want != nil && !*update && !bytes.Equal(got, want) {
			t.Errorf("%s has changed (%v); go test ./docs -update", name, err)
		}
	}
}

// inExample checks that Go is whole lines of a file of the example.
func inExample(t *testing.T, text string) {
	files, err := filepath.Glob("example/*.go")
	more, _ := filepath.Glob("example/*/*.go") // the pattern is right
	for _, name := range append(files, more...) {
		var file []byte
		if file, err = os.ReadFile(name); strings.Contains("\n"+string(file), "\n"+text) {
			return
		}
	}
	t.Errorf("no file in example has (%v)\n%s", err, text)
}

// session runs the commands of a block, and is the block with what they print now.
func session(t *testing.T, folder, text string) string {
	var out strings.Builder
	for _, part := range strings.Split("\n"+text, "\n$ ")[1:] {
		command, shown, _ := strings.Cut(part, "\n")
		printed, failed := shell(folder, command)
		lines, err := align(lines(shown), lines(printed))
		if *update && shown == "" {
			lines, err = strings.SplitAfter(printed, "\n"), nil
		}
		if err != nil || failed != nil && !strings.Contains(shown, ": ") {
			t.Errorf("$ %s\n%s%v %v; go test ./docs -update", command, printed, failed, err)
		}
		fmt.Fprintf(&out, "$ %s\n%s", command, strings.Join(lines, ""))
	}
	return out.String()
}

// lines are a text's lines, without blank ones around them.
func lines(text string) []string {
	text = strings.Trim(text, "\n")
	if text == "" {
		return nil
	}
	return strings.SplitAfter(text+"\n", "\n")[:strings.Count(text, "\n")+1]
}

// shell runs a command, and is what it prints.
func shell(folder, command string) (string, error) {
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir = folder
	cmd.Env = environment()
	text, err := cmd.CombinedOutput()
	return string(text), err
}

// align finds the printed line for each line that is shown; … is for any number of lines. The error is about the first that is another.
func align(shown, printed []string) (lines []string, err error) {
	skip := false
	for _, s := range shown {
		if s == "…\n" {
			lines, skip = append(lines, s), true
			continue
		}
		for skip && len(printed) > 0 && first(printed[0]) != first(s) {
			printed = printed[1:]
		}
		skip = false
		if len(printed) == 0 {
			return lines, fmt.Errorf("nothing is printed for %q", s)
		}
		if !like(s, printed[0]) && err == nil {
			err = fmt.Errorf("the page has\n%sfor\n%s", s, printed[0])
		}
		lines, printed = append(lines, printed[0]), printed[1:]
	}
	if !skip && len(printed) > 0 && err == nil {
		err = fmt.Errorf("the page does not have %q", printed[0])
	}
	return lines, err
}

func first(line string) string { return strings.Join(strings.Fields(line + " .")[:1], "") }

// masks are what differs from one machine or time to another.
var masks = []struct {
	from *regexp.Regexp
	to   string
}{
	{regexp.MustCompile(`-\d{8}-\d{6}-[0-9a-f]{4}\b`), "-DATE"},
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\d \d\d:\d\d\b`), "DATE"},
	{regexp.MustCompile(`kernel \w+, \d+ threads?`), "kernel K, N threads"},
	{regexp.MustCompile(`\S+s +[\d,]+( \*|)\n$`), "TIME SPEED"},
	{regexp.MustCompile(`\d\.\de-\d+( +\d+)?`), "ERROR"},
	{regexp.MustCompile(`"sha256":"[0-9a-f]{64}"`), "SHA256"},
	{regexp.MustCompile(`^ok\s+(\S+)\s.*`), "ok $1"},
	{regexp.MustCompile(`^(test +)[\d,]+ of`), "${1}N of"},
}

// like says that two lines are the same but for masks, and for what kernels that round otherwise may change in a figure.
func like(a, b string) bool {
	for _, m := range masks {
		a, b = m.from.ReplaceAllString(a, m.to), m.from.ReplaceAllString(b, m.to)
	}
	x, y := strings.Fields(a), strings.Fields(b)
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if x[i] != y[i] && !near(x[i], y[i]) {
			return false
		}
	}
	return true
}

// near says that two figures differ by a point of accuracy or a twentieth of a cost at most, and large ones, as of money, by one of ten thousand.
func near(a, b string) bool {
	if strings.Contains(a, ",") {
		x, errX := strconv.ParseFloat(strings.ReplaceAll(a, ",", ""), 64)
		y, errY := strconv.ParseFloat(strings.ReplaceAll(b, ",", ""), 64)
		return errX == nil && errY == nil && math.Abs(x-y) <= 1e-4*math.Abs(x)
	}
	p, percent := strings.CutSuffix(a, "%")
	q, also := strings.CutSuffix(b, "%")
	x, errX := strconv.ParseFloat(p, 64)
	y, errY := strconv.ParseFloat(q, 64)
	if errX != nil || errY != nil || percent != also || !strings.Contains(p, ".") {
		return false
	}
	if percent {
		return math.Abs(x-y) <= 1
	}
	return math.Abs(x-y) <= .05*math.Max(math.Abs(x), .2)
}

func here(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
