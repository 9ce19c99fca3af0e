package cli

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

// scaled is a layer of a user's own: factor times x, whose gradient is said to be slope.
type scaled struct{ factor, slope float64 }

func (s scaled) Build(_ *graph.Builder, x *graph.Node) *graph.Node {
	return times(s.factor, s.slope).Apply(x)
}

func times(factor, slope float64) *graph.Op {
	return &graph.Op{
		Name:  fmt.Sprintf("test/times/%v/%v", factor, slope),
		Shape: func(x []graph.Shape) (graph.Shape, error) { return x[0].Clone(), nil },
		F32: func(y graph.Array[float32], x []graph.Array[float32]) {
			for i, v := range x[0].Data {
				y.Data[i] = float32(factor) * v
			}
		},
		F64: func(y graph.Array[float64], x []graph.Array[float64]) {
			for i, v := range x[0].Data {
				y.Data[i] = factor * v
			}
		},
		Grad: []graph.Rule{func(_ graph.Nodes, _, dy *graph.Node) *graph.Node { return times(slope, slope).Apply(dy) }},
	}
}

// own is the catalogue with models of a user's own, small enough to check often.
func own(name string, middle graph.Layer) []models.Model {
	net := graph.Seq{graph.MaxPool{Size: 4}, graph.Dense{Out: 5}, middle, graph.Dense{Out: 10}}
	return append(models.All[:len(models.All):len(models.All)], models.Model{Name: name, Doc: "a test", Net: net, Loss: graph.LogLikelihood})
}

func TestGradcheck(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name, args string
		middle     graph.Layer
		code       int
		verdict    string
		tensor     string // with the largest error
		least      float64
	}{
		{"right", "", scaled{3, 3}, 0, "ok", "dense", 0},
		{"wrong", "", scaled{3, 2.999}, exitCheck, "wrong", "dense1", 3e-4},
		{"wrong but tolerated", "--rtol 0.001", scaled{3, 2.999}, 0, "ok", "dense1", 3e-4},
		{"right to a part", "--rtol 1e-15", scaled{3, 3}, exitCheck, "wrong", "dense", 1e-14},
		{"dead", "", scaled{0, 0}, exitCheck, "zero", "dense1", 0},
		{"not a number", "", scaled{3, nan}, exitCheck, "wrong", "dense1", nan},
		{"sampled", "--samples 3 --batch 2 --seed 5", graph.Seq{graph.ReLU, graph.Dropout{P: .5}}, 0, "ok", "dense", 0},
	} {
		args := append([]string{"gradcheck", "own", "--json"}, strings.Fields(c.args)...)
		r := callWith(own("own", c.middle), args...)
		if r.code != c.code {
			t.Errorf("%s: exit %d, want %d\n%s%s", c.name, r.code, c.code, r.out, r.err)
			continue
		}
		o := events(t, r.out)[0]
		rel, finite := o["max_rel"].(float64)
		if o["model"] != "own" || o["verdict"] != c.verdict || !strings.HasPrefix(o["tensor"].(string), c.tensor) ||
			finite && rel < c.least || !finite && !math.IsNaN(c.least) {
			t.Errorf("%s: %s", c.name, r.out)
		}
		if c.code != 0 && !strings.Contains(r.err, "stheno: model own: tensor "+o["tensor"].(string)+": ") {
			t.Errorf("%s: %s", c.name, r.err)
		}
		tensors := o["tensors"].([]any)
		if len(tensors) != 4 {
			t.Fatalf("%s: %v", c.name, tensors)
		}
		checkTensors(t, c.name, tensors, o["samples"].(float64))
	}
}

// checkTensors looks at all that is said of each tensor of own.
func checkTensors(t *testing.T, name string, tensors []any, samples float64) {
	t.Helper()
	for i, want := range []struct {
		name  string
		shape string
		of    float64
	}{{"dense1.w", "[49 5]", 245}, {"dense1.b", "[5]", 5}, {"dense2.w", "[5 10]", 50}, {"dense2.b", "[10]", 10}} {
		got := tensors[i].(map[string]any)
		if got["tensor"] != want.name || fmt.Sprint(got["shape"]) != want.shape || got["of"] != want.of ||
			got["checked"].(float64)+got["kinks"].(float64) != min(samples, want.of) || got["verdict"] == nil {
			t.Errorf("%s: %v, want %+v", name, got, want)
		}
	}
}

// TestGradcheckFlags: each flag makes another check, and the same flags the same one.
func TestGradcheckFlags(t *testing.T) {
	seen := map[string]string{}
	for _, flags := range []string{"", "--seed 2", "--batch 5", "--samples 3", ""} {
		r := callWith(own("own", graph.Sigmoid), append([]string{"gradcheck", "own", "--json"}, strings.Fields(flags)...)...)
		if r.code != 0 {
			t.Fatal(r.err)
		}
		o := events(t, r.out)[0]
		result := fmt.Sprint(o["max_rel"], o["tensors"])
		for other, text := range seen {
			if (other == flags) != (text == result) {
				t.Errorf("flags %q and %q: %s\n%s", flags, other, result, text)
			}
		}
		seen[flags] = result
	}
}

func TestGradcheckTable(t *testing.T) {
	r := callWith(own("own", scaled{2, 2}), "gradcheck", "own", "--samples", "7")
	if r.code != 0 || r.err != "" {
		t.Fatalf("exit %d\n%s", r.code, r.err)
	}
	for _, want := range []string{
		"own: a test\n", "4 images, seed 1, float64, at most 7 elements of a tensor, relative error at most 1e-05\n",
		"\ndense1.w   49×5        7  245",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in\n%s", want, r.out)
		}
	}
	file := filepath.Join(t.TempDir(), "f.toml")
	write(t, file, []byte("format = 1\n[[layer]]\nop = 'dense'\nout = 10\n[loss]\nop = 'quadratic'\n"))
	if r := ok(t, "gradcheck", file, "--batch", "1"); !strings.Contains(r.out, "\ndense1.b      10       10     10      0  ") {
		t.Errorf("a file's model:\n%s", r.out)
	}
}

func TestGradcheckMisuse(t *testing.T) {
	for args, want := range map[string]string{
		"gradcheck":                   "gradcheck: got 0 arguments",
		"gradcheck mpl":               "did you mean mlp?",
		"gradcheck mlp --samples 0":   "--samples 0",
		"gradcheck mlp --batch 0":     "--batch 0",
		"gradcheck mlp --batch 50001": "--batch 50001; use 1 to 50000 images",
		"gradcheck mlp --rtol 0":      "--rtol 0",
		"gradcheck mlp --rtol NaN":    "--rtol NaN",
		"gradcheck wide":              "model wide takes 1×2×2",
		"gradcheck few":               "label 5 > 2",
	} {
		catalogue := []models.Model{
			models.MLP,
			{Name: "wide", Input: graph.Shape{1, 2, 2}, Net: graph.Dense{Out: 10}, Loss: graph.Quadratic},
			{Name: "few", Net: graph.Dense{Out: 3}, Loss: graph.Quadratic},
		}
		code := exitUsage
		if strings.HasSuffix(args, "few") {
			code = exitData
		}
		if r := callWith(catalogue, strings.Fields(args)...); r.code != code || !strings.Contains(r.err, want) || r.out != "" {
			t.Errorf("%s: exit %d, %s%s", args, r.code, r.out, r.err)
		}
	}
}
