package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

// TestCompareByHand: graph and hand agree, for each of the programs by hand, and the flags are heard.
func TestCompareByHand(t *testing.T) {
	dir := dataSet(t, 600, 100)
	for _, c := range []struct {
		args  string
		steps float64
		first [2]float64 // between which the first step's difference is
		worst float64
	}{
		{"mlp --steps 60", 60, [2]float64{0, 1e-12}, 1e-9},
		{"mlp --epochs 2 --vm tape --lr 1 --batch 20", 50, [2]float64{0, 1e-12}, 1e-9},
		{"ch3-l2-30 --train-size 95 --epochs 2", 20, [2]float64{0, 1e-12}, 1e-9},
		{"softmax --steps 10 --init large --l2 1 --threads 1", 10, [2]float64{0, 1e-12}, 1e-9},
		{"ch6-conv1 --steps 2", 2, [2]float64{0, 1e-12}, 1e-9},
		{"mlp --steps 20 --dtype float32", 20, [2]float64{1e-8, 1e-5}, 1e-3},
	} {
		args := append([]string{"compare", "--against", "byhand", "--json", "--data", dir}, strings.Fields(c.args)...)
		o := events(t, ok(t, args...).out)[0]
		first, gradient, weight := o["first_step_rel_grad"].(float64), o["max_rel_grad"].(float64), o["max_rel_weight"].(float64)
		if o["verdict"] != "same" || o["first"] != nil || o["steps"] != c.steps || o["resets"] != 0. || o["against"] != "byhand" ||
			!(first >= c.first[0] && first <= c.first[1] && gradient >= first && gradient <= c.worst && weight > 0 && weight <= c.worst) {
			t.Errorf("%s: %v", c.args, o)
		}
		for _, p := range o["tensors"].([]any) {
			p := p.(map[string]any)
			if p["tensor"] == "" || len(p["shape"].([]any)) == 0 || p["rel_grad"].(float64) > gradient || p["rel_weight"].(float64) > weight ||
				p["grad_step"].(float64) > c.steps || p["weight_step"].(float64) > c.steps || p["abs_grad"] == nil || p["abs_weight"] == nil {
				t.Errorf("%s: %v", c.args, p)
			}
		}
	}
}

func TestCompareTable(t *testing.T) {
	picture := filepath.Join(t.TempDir(), "x.svg")
	r := ok(t, "compare", "mlp", "--against", "byhand", "--steps", "30", "--seed", "4", "--data", dataSet(t, 600, 100), "-o", picture)
	for _, want := range []string{
		"23,860 parameters, float64\n", "against    byhand.Network,", "\nseed       4\n", "\ndense1.w  784×30  ", "\ndense2.b      10  ",
		"In the first of 30 steps, the gradients differ by ", "\nsame: no difference beyond 1e-09 of a tensor's largest number\n",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in\n%s", want, r.out)
		}
	}
	if text, lines := drawn(t, picture); lines != 2 || !strings.Contains(text, ">largest relative difference<") || !strings.Contains(text, ">step<") {
		t.Errorf("%d lines in the picture", lines)
	}
}

// TestCompareDiffers plants a missing 1/m in the graph's cost.
func TestCompareDiffers(t *testing.T) {
	m, _ := models.Find("mlp")
	m.Name = "sum"
	m.Loss = &graph.Loss{Name: "quadratic", Cost: func(b *graph.Builder, y, label *graph.Node) *graph.Node {
		return graph.Quadratic.Cost(b, times(1, 10).Apply(y), label)
	}}
	args := []string{"compare", "sum", "--against", "byhand", "--steps", "3", "--data", dataSet(t, 600, 100)}
	const place = "first in the gradient of dense2.b at step 1, by 0.9 of its largest number; the tolerance is 1e-09\n"
	r := callWith([]models.Model{m}, args...)
	if r.code != exitCheck || r.err != "stheno: model sum differs from byhand, "+place || !strings.HasSuffix(r.out, "\ndiffers: "+place) {
		t.Errorf("%+v", r)
	}
	r = callWith([]models.Model{m}, append(args, "--json", "-o", filepath.Join(t.TempDir(), "x.svg"))...)
	o := events(t, r.out)[0]
	first := o["first"].(map[string]any)
	if r.code != exitCheck || o["verdict"] != "differs" || first["tensor"] != "dense2.b" || first["what"] != "gradient" || first["step"] != 1. ||
		first["rel"].(float64) < .89 || first["rel"].(float64) > .91 || !(first["abs"].(float64) > 0) {
		t.Errorf("exit %d: %v", r.code, o)
	}
	if r := callWith([]models.Model{m}, append(args, "--tol", "1")...); r.code != 0 {
		t.Errorf("--tol 1: %+v", r)
	}
}

// TestCompareResets: what grows out of rounding is no difference.
func TestCompareResets(t *testing.T) {
	dir := dataSet(t, 600, 100)
	r := ok(t, "compare", "mlp", "--against", "byhand", "--steps", "200", "--tol", "1e-14", "--data", dir)
	if !strings.Contains(r.out, "Steps at which rounding had grown beyond 1e-14, and which were repeated by hand from the graph's weights: ") ||
		!strings.Contains(r.out, "\nsame: ") {
		t.Errorf("%s", r.out)
	}
	if out := ok(t, "compare", "mlp", "--against", "byhand", "--steps", "200", "--data", dir).out; strings.Contains(out, "made anew") {
		t.Errorf("%s", out)
	}
}

// TestCompareBook: both print the book's lines, with the same numbers; what surrounds them is for a person.
func TestCompareBook(t *testing.T) {
	dir := dataSet(t, 600, 100)
	r := ok(t, "compare", "mlp", "--against", "byhand", "--style", "book", "--epochs", "2", "--data", dir)
	lines := strings.Split(r.out, "\n")
	if len(lines) != 4 || strings.Join(strings.Fields(lines[0]), " ") != "as a graph by hand" || !strings.Contains(r.err, "\nsame: ") {
		t.Fatalf("%q, %s", lines, r.err)
	}
	for i, line := range lines[1:3] {
		graph, hand, _ := strings.Cut(line, "  ")
		if hand = strings.TrimSpace(hand); graph != hand || !strings.HasPrefix(graph, "Epoch "+string(rune('0'+i))+": ") || !strings.HasSuffix(graph, " / 100") {
			t.Errorf("%q", line)
		}
	}
	r = ok(t, "compare", "mlp", "--against", "byhand", "--epochs", "2", "--data", dir)
	if strings.Count(r.err, "\nepoch 1: so far, gradients differ by ") != 1 || strings.Count(r.err, "\n") != 2 || strings.Contains(r.out, "Epoch") {
		t.Errorf("out %s, err %s", r.out, r.err)
	}
}

// TestCompareErrors: what cannot be compared, and how that ends.
func TestCompareErrors(t *testing.T) {
	dir, empty := dataSet(t, 60, 10), t.TempDir()
	padded := filepath.Join(empty, "padded.toml")
	write(t, padded, []byte("format = 1\n[[layer]]\nop = 'conv'\nout = 2\nkernel = 3\npad = 1\n[[layer]]\nop = 'dense'\nout = 10\n"+
		"[loss]\nop = 'quadratic'\n[train]\nbatch = 10\neta = 0.1\nmomentum = 0.9\n"))
	plain := filepath.Join(empty, "plain.toml")
	text, err := os.ReadFile(padded)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("pad = 1"), nil, 1)
	write(t, plain, text)
	narrow := filepath.Join(empty, "narrow.toml")
	write(t, narrow, bytes.Replace(text, []byte("out = 10"), []byte("out = 9"), 1))
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"", exitUsage, "compare: no model; use mlp, "},
		{"mpl", exitUsage, "did you mean mlp?"},
		{"mlp --against byhnd", exitUsage, `unknown value of --against "byhnd"; did you mean byhand?`},
		{"mlp --against=", exitUsage, "compare: no --against; use byhand, or a file that ends in .npz"},
		{"mlp --steps 0", exitUsage, "--steps 0"},
		{"mlp --epochs -1", exitUsage, "--epochs -1"},
		{"mlp --epochs 0", exitUsage, "--epochs 0"},
		{"mlp --steps 3 --epochs 1", exitUsage, "--steps with --epochs or --style book; use one of them"},
		{"mlp --steps 3 --style book", exitUsage, "--steps with --epochs or --style book"},
		{"mlp --json --style book", exitUsage, "--json and --style book"},
		{"mlp --tol -1", exitUsage, "--tol -1"},
		{"mlp --tol NaN", exitUsage, "--tol NaN"},
		{"mlp -o x.gif", exitUsage, `--output: plot: x.gif: no format ".gif" for pictures; use .svg or .png`},
		{"mlp --eta 0", exitUsage, "eta must be above 0"},
		{"mlp --threads -1", exitUsage, "--threads -1"},
		{"mlp --train-size 51", exitUsage, "train-size 51"},
		{"mlp --data nowhere", exitData, "nowhere"},
		{padded, exitUsage, "layer 0 conv(2,3,pad=1) does not exist by hand"},
		{narrow, exitData, "label 9 > 8; use labels 0 to 8"},
		{"softmax --eta 1e300", exitDiverged, "model softmax: train: epoch 0, mini-batch 2: the cost is not finite"},
		{"mlp --steps 1 -o " + filepath.Join(empty, "none", "x.svg"), exitUsage, "none; make it first"},
	} {
		r := call(append([]string{"compare", "--against", "byhand", "--data", dir}, strings.Fields(c.args)...)...)
		if r.code != c.code || !strings.Contains(r.err, c.want) || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%s: exit %d, err %q; want %d and %q", c.args, r.code, r.err, c.code, c.want)
		}
	}
	if r := ok(t, "compare", plain, "--against", "byhand", "--steps", "1", "--data", dir); !strings.Contains(r.out, "but by gradient descent with one eta, the only way by hand\n") {
		t.Errorf("%s", r.out)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var stderr bytes.Buffer
	a := &app{models: models.All, args: []string{"compare", "mlp", "--against", "byhand", "--data", dir}, out: &output{w: &bytes.Buffer{}}, err: &stderr}
	if code := a.main(ctx); code != exitSignal+2 || stderr.String() != "stheno: interrupted\n" {
		t.Errorf("interrupted: exit %d, %s", code, &stderr)
	}
}
