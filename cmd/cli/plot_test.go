package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// drawn is the text of a picture, and how many lines it has in each of the first colors.
func drawn(t *testing.T, path string) (text string, lines int) {
	t.Helper()
	svg, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, color := range []string{"0072B2", "D55E00", "009E73", "CC79A7"} {
		if strings.Contains(string(svg), "stroke:#"+color) {
			lines++
		}
	}
	return string(svg), lines
}

// TestReadEpochs: numbers and nulls, other events, a line that is being written, and lines that are damaged.
func TestReadEpochs(t *testing.T) {
	dir := t.TempDir()
	const start, end = `{"event":"start"}` + "\n", `{"event":"end"}` + "\n"
	const one, two = `{"event":"epoch","epoch":0,"val_acc":0.5}` + "\n", `{"event":"epoch","epoch":1,"val_acc":null}` + "\n"
	for _, c := range []struct {
		text   string
		epochs int
		want   string // of the error
	}{
		{start + one + two, 2, ""},
		{start + one + two[:20], 1, ""},
		{one + two + end, 2, ""},
		{start, 0, "no epoch has ended"},
		{"", 0, "no epoch has ended"},
		{start + "{\n" + one, 0, "metrics.jsonl:2: damaged"},
	} {
		write(t, filepath.Join(dir, "metrics.jsonl"), []byte(c.text))
		var got []event
		err := readEpochs(dir, func(e event) { got = append(got, e) })
		if len(got) != c.epochs || (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, %v; want %d epochs, error %q", c.text, got, err, c.epochs, c.want)
		}
		for i, e := range got {
			if e.number("epoch") != float64(i) || (e.number("val_acc") == .5) != (i == 0) {
				t.Errorf("%q: %v", c.text, e)
			}
		}
	}
	if err := os.Remove(filepath.Join(dir, "metrics.jsonl")); err != nil {
		t.Fatal(err)
	}
	if err := readEpochs(dir, nil); exitCode(err) != exitData {
		t.Errorf("no file: %v", err)
	}
}

func TestPlotMisuse(t *testing.T) {
	for args, want := range map[string]string{
		"plot":                                     "plot: got 0 arguments",
		"plot r":                                   "no --output; name a file",
		"plot r -o x.pdf":                          `--output: plot: x.pdf: no format ".pdf"`,
		"plot r -o x.svg --runs nodir":             `unknown run "r"`,
		"plot r s -o x.svg --confusion":            "--confusion draws one run, without --loss",
		"plot r -o x.svg --confusion --loss":       "--confusion draws one run, without --loss",
		"plot r -o x.svg --confusion --filters":    "--filters draws one run, without --loss or --confusion",
		"plot r -o x.svg --confusion --runs nodir": `unknown run "r"`,
		"plot latest -o x.svg --runs .":            `unknown run "latest"`,
	} {
		if r := call(strings.Fields(args)...); r.code != exitUsage || !strings.Contains(r.err, want) || r.out != "" {
			t.Errorf("%s: exit %d, %s%s", args, r.code, r.out, r.err)
		}
	}
}
