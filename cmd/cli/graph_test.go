package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
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
		{"deep -o DIR/x.svg", "<svg ", ">dropout(0.5,unscaled=true)<"},
		{"ch6-conv1 -o DIR/x.svg --level gradient", "<svg ", ">dMaxPool/2<"},
		{"ch6-conv1 -o DIR/x.png", "\x89PNG", "IDAT"},
		{"resnet -o DIR/x.svg --level gradient", "<svg ", ">2 × (residual(conv(32,3,pad=same,bias=false)<"},
		{"resnet -o DIR/x.svg --level gradient --unfold", "<svg ", ">∇ conv3.w<"},
		{"resnet --level gradient", "digraph {", `label="∇ repeat(2)\n42 ops, 12 gradients of parameters"`},
	} {
		r := ok(t, append([]string{"graph"}, strings.Fields(strings.ReplaceAll(c.args, "DIR", dir))...)...)
		got, wrote := r.out, ""
		if _, file, ok := strings.Cut(c.args, "DIR"); ok {
			file, _, _ = strings.Cut(file, " ")
			if got != "" {
				t.Errorf("%s: printed %s", c.args, got)
			}
			text, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil {
				t.Fatal(err)
			}
			got, wrote = string(text), filepath.Join(dir, file)+": "+size(len(text))+"\n"
		}
		if !strings.HasPrefix(got, c.begin) || !strings.Contains(got, c.want) || r.err != wrote {
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
		{"graph mlp -o DIR/x.pdf", exitUsage, `x.pdf"; use a file that ends in .svg, .png, .dot or .mmd`},
		{"graph mlp --level op --unfold", exitUsage, "--unfold and --level op; use --level gradient, which folds blocks"},
		{"graph mlp -o DIR/x", exitUsage, "use a file that ends in"},
		{"graph DIR/none.toml", exitUsage, "no such file"},
		{"graph mlp -o DIR/none/x.svg", exitUsage, "no folder DIR/none; make it first"},
		{"summary mlp --batch 0", exitUsage, "model mlp: graph: mini-batches of 0; use 1 to"},
		{"summary mlp --batch 1000000000", exitUsage, "mini-batches of 1000000000; use 1 to"},
		{"summary mlp --batch some", exitUsage, "is not a whole number"},
		{"summary --batch 3", exitUsage, "summary: --batch without a model; add one"},
		{"graph mlp -o /dev/full/x.svg", exitFailure, "not a directory"},
	} {
		r := call(strings.Fields(strings.ReplaceAll(c.args, "DIR", dir))...)
		if r.code != c.code || !strings.Contains(r.err, strings.ReplaceAll(c.want, "DIR", dir)) || r.out != "" || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%s: exit %d, %s%s; want %d, %s", c.args, r.code, r.out, r.err, c.code, c.want)
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("left %v behind, %v", files, err)
	}
}

// TestSummaryNested: layers inside of layers are shown so, and the memory is of the mini-batches asked for.
func TestSummaryNested(t *testing.T) {
	dense := graph.Dense{Out: 784}
	net := graph.Seq{graph.Flatten{}, graph.Residual{graph.Residual{dense}, graph.ReLU}, graph.Tanh, graph.Residual{dense}, graph.Dense{Out: 10}}
	nested := models.Model{
		Name: "nested", Doc: "frames", Net: net, Loss: graph.LogLikelihood,
		Recipe: models.Recipe{Epochs: 1, Batch: 10, Eta: .1, Optimizer: train.Adam{}},
	}
	r := callWith([]models.Model{nested}, "summary", "nested", "--batch", "20")
	want := `nested: frames

   layer              output  parameters  multiply-adds
   input             1×28×28
0  flatten               784           0              0
1  residual              784
   0  residual           784
      0  dense(784)      784     615,440        614,656
   1  relu               784           0              0
2  tanh                  784           0              0
3  residual              784
   0  dense(784)         784     615,440        614,656
4  dense(10)              10       7,850          7,840
   total                       1,238,730      1,237,152

cost    log-likelihood
recipe  epochs 1, batch 10, eta 0.1, optimizer adam
memory  20`
	held := "to train on mini-batches of 20: weights 4.95 MB, gradients 4.95 MB, optimizer 9.91 MB, inputs 63.5 kB, activations"
	if !strings.HasPrefix(r.out, want) || !strings.Contains(r.out, held) || r.code != 0 {
		t.Errorf("%s%s\nwant\n%s, %s", r.out, r.err, want, held)
	}
	o := events(t, callWith([]models.Model{nested}, "summary", "nested", "--json").out)[0]
	parts := o["memory"].(map[string]any)
	sum := 0.
	for _, part := range []string{"weights", "gradients", "optimizer", "inputs", "activations", "scratch"} {
		sum += parts[part].(float64)
	}
	if parts["batch"] != 10. || parts["optimizer"] != 8*1238730. || parts["total"] != sum {
		t.Errorf("%v", parts)
	}
	if inside := o["layers"].([]any)[3].(map[string]any); inside["depth"] != 2. || inside["layer"] != "dense(784)" || inside["macs"] != 614656. {
		t.Errorf("%v", inside)
	}
}

// TestPictures: the pictures of the documentation are what their commands draw.
func TestPictures(t *testing.T) {
	for picture, args := range map[string]string{"mlp.svg": "mlp --level gradient"} {
		path := filepath.Join("..", "..", "docs", picture)
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		drawn := filepath.Join(t.TempDir(), picture)
		ok(t, append([]string{"graph", "-o", drawn}, strings.Fields(args)...)...)
		if got, err := os.ReadFile(drawn); err != nil || string(got) != string(want) {
			t.Errorf("%s has changed (%v); look at it anew: stheno graph %s -o docs/%s", path, err, args, picture)
		}
	}
}
