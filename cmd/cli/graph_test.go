package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestGraph: each form of the picture, and that the levels have what they say.
func TestGraph(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		args, begin, want string
	}{
		{"mlp", "digraph {", "dense(30)"},
		{"mlp --level op", "digraph {", `n3 [label="dense1.b\n30"`},
		{"mlp --level gradient -o DIR/x.DOT", "digraph {", `∇ dense2.w\n30×10`},
		{"deep -o DIR/x.mmd", "---\ntitle: \"deep\"", "1,001,000 parameters"},
		{"deep -o DIR/x.svg", "<svg ", ">dropout(0.5)<"},
		{"ch6-conv1 -o DIR/x.svg --level gradient", "<svg ", ">dMaxPool/2<"},
	} {
		r := ok(t, append([]string{"graph"}, strings.Fields(strings.ReplaceAll(c.args, "DIR", dir))...)...)
		got := r.out
		if _, file, ok := strings.Cut(c.args, "DIR"); ok {
			file, _, _ = strings.Cut(file, " ")
			if got != "" {
				t.Errorf("%s: printed %s", c.args, got)
			}
			text, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil {
				t.Fatal(err)
			}
			got = string(text)
		}
		if !strings.HasPrefix(got, c.begin) || !strings.Contains(got, c.want) || r.err != "" {
			t.Errorf("%s: %s%s", c.args, got, r.err)
		}
	}
}

// TestGraphMisuse: exit codes, and nothing left behind.
func TestGraphMisuse(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"graph", exitUsage, "graph: got 0 arguments"},
		{"graph mpl", exitUsage, "did you mean mlp?"},
		{"graph mlp --level laier", exitUsage, `--level: unknown value "laier"; did you mean layer?`},
		{"graph mlp -o DIR/x.png", exitUsage, `x.png"; use a file that ends in .svg, .dot or .mmd`},
		{"graph mlp -o DIR/x", exitUsage, "use a file that ends in"},
		{"graph DIR/none.toml", exitUsage, "no such file"},
		{"graph mlp -o DIR/none/x.svg", exitFailure, "no such file or directory"},
		{"graph mlp -o /dev/full/x.svg", exitFailure, "not a directory"},
	} {
		r := call(strings.Fields(strings.ReplaceAll(c.args, "DIR", dir))...)
		if r.code != c.code || !strings.Contains(r.err, c.want) || r.out != "" || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%s: exit %d, %s%s; want %d, %s", c.args, r.code, r.out, r.err, c.code, c.want)
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("left %v behind, %v", files, err)
	}
}
