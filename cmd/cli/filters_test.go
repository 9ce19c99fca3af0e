package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
)

// TestFirstFilters: which weight stands where, of networks whose weights are 0, 1, 2, … in the order of memory.
func TestFirstFilters(t *testing.T) {
	for _, c := range []struct {
		layers graph.Seq
		in     graph.Shape
		number int
		size   graph.Shape
		filter int
		want   []float64 // the first weights of that filter
	}{
		{graph.Seq{graph.Conv{Out: 4, Kernel: 3}, graph.Dense{Out: 2}}, graph.Shape{1, 5, 6}, 4, graph.Shape{3, 3}, 1, []float64{9, 10, 11, 12}},
		{graph.Seq{graph.Conv{Out: 4, Kernel: 2}, graph.Dense{Out: 2}}, graph.Shape{2, 4, 4}, 8, graph.Shape{2, 2}, 3, []float64{12, 13, 14, 15}},
		{graph.Seq{graph.Conv{Out: 4, Kernel: 1, Cols: 3, Groups: 2}, graph.Dense{Out: 2}}, graph.Shape{2, 5, 6}, 4, graph.Shape{1, 3}, 1, []float64{3, 4, 5}},
		{graph.Seq{graph.ConvTranspose{Out: 3, Kernel: 2, Cols: 1}, graph.Dense{Out: 2}}, graph.Shape{2, 5, 6}, 6, graph.Shape{2, 1}, 5, []float64{10, 11}},
		{graph.Seq{graph.Dense{Out: 3}}, graph.Shape{1, 4, 5}, 3, graph.Shape{4, 5}, 1, []float64{1, 4, 7, 10, 13, 16}},
		{graph.Seq{graph.ReLU, graph.Dense{Out: 2}}, graph.Shape{2, 2, 3}, 4, graph.Shape{2, 3}, 3, []float64{13, 15, 17, 19, 21, 23}},
		{graph.Seq{graph.MaxPool{Size: 2}, graph.Dense{Out: 2}}, graph.Shape{1, 4, 4}, 0, nil, 0, nil},
	} {
		n, err := graph.New(c.layers, graph.Quadratic, c.in, graph.Config{})
		if err != nil {
			t.Fatal(err)
		}
		w := make([]float64, n.Params[0].Len())
		for i := range w {
			w[i] = float64(i)
		}
		if err := n.Params[0].Set(w); err != nil {
			t.Fatal(err)
		}
		filters, size := firstFilters(n)
		if len(filters) != c.number || !size.Eq(c.size) {
			t.Errorf("%v: %d filters of %v, want %d of %v", c.layers, len(filters), size, c.number, c.size)
			continue
		}
		for i, want := range c.want {
			if got := filters[c.filter][i]; got != want {
				t.Errorf("%v: weight %d of filter %d is %v, want %v", c.layers, i, c.filter, got, want)
			}
		}
	}
}

func TestPlotFilters(t *testing.T) {
	runs, dir, pictures := t.TempDir(), dataSet(t, 60, 10), t.TempDir()
	pooled := filepath.Join(pictures, "pooled.toml")
	write(t, pooled, []byte("format = 1\n[[layer]]\nop = 'pool'\nsize = 2\n[[layer]]\nop = 'dense'\nout = 10\n[loss]\nop = 'quadratic'\n[train]\nbatch = 10\neta = 1.0\n"))
	for _, model := range []string{pooled, "softmax"} { // the latest has 100 neurons
		ok(t, "train", model, "--epochs", "1", "--data", dir, "--runs", runs)
	}
	file := filepath.Join(pictures, "x.svg")
	for _, c := range []struct {
		flags, title string
		images       int
	}{
		{"latest --filters", ": the first 64 of 100 filters of 28×28 in dense1.w<", 64 + 1},
		{"latest --filters=100", ": 100 filters of 28×28 in dense1.w<", 100 + 1},
		{always(t, 1, 1) + " --filters", ">net.json: 10 filters of 28×28 in dense1.w<", 10 + 1},
	} {
		ok(t, append([]string{"plot", "-o", file, "--runs", runs}, strings.Fields(c.flags)...)...)
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), c.title) || strings.Count(string(text), "<image ") != c.images {
			t.Errorf("%s: %v, %d images", c.flags, err, strings.Count(string(text), "<image "))
		}
	}
	paths, err := filepath.Glob(filepath.Join(runs, "pooled-*"))
	if err != nil || len(paths) != 1 {
		t.Fatal(paths, err)
	}
	for args, want := range map[string]string{
		paths[0] + " --filters":     paths[0] + ": the first parameters, dense1.w of shape 196×10, do not weigh pixels; use a run whose first layer is conv or dense",
		"latest --filters=0":        "--filters=0; use 1 to 400",
		"latest --filters=401":      "--filters=401; use 1 to 400",
		"latest --filters=some":     `--filters: "some" is not a whole number`,
		"latest latest --filters":   "--filters draws one run",
		"latest --filters --loss":   "--filters draws one run, without --loss",
		"nothing --filters":         `unknown run "nothing"`,
		"latest --filters -o x.bmp": `no format ".bmp"`,
	} {
		r := call(append([]string{"plot", "-o", file, "--runs", runs}, strings.Fields(args)...)...)
		if r.code != exitUsage || r.out != "" || !strings.Contains(r.err, want) {
			t.Errorf("%s: exit %d, %s%s; want %s", args, r.code, r.out, r.err, want)
		}
	}
}
