package cli

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/train"
)

// halved is a layer of a user's own, with a name for texts.
type halved struct{ Rate float64 }

func (halved) Kind() string { return "halved" }

func (h halved) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	if h.Rate < 0 {
		b.Fail("rate %v; use at least 0", h.Rate)
	}
	return graph.Residual{graph.Tanh}.Build(b, x)
}

// TestOwnLayer: a layer in a model of the catalogue can be used in lines, files, runs and completions.
func TestOwnLayer(t *testing.T) {
	own := []models.Model{{
		Name: "mine", Doc: "a layer of one's own", Loss: graph.LogLikelihood, Recipe: models.Plain,
		Net: graph.Seq{graph.Dense{Out: 20}, graph.Residual{halved{Rate: .5}}, graph.Dense{Out: 10}},
	}}
	runs, dir := t.TempDir(), dataSet(t, 60, 10)
	must := func(args ...string) result {
		t.Helper()
		r := callWith(own, args...)
		if r.code != 0 {
			t.Fatalf("%v: exit %d: %s", args, r.code, r.err)
		}
		return r
	}
	if r := must("summary", "dense(12) halved(.25) dense(10)"); !strings.Contains(r.out, "halved") {
		t.Error(r.out)
	}
	must("train", "dense(12) halved(.25) dense(10)", "--epochs", "1", "--seed", "1", "--data", dir, "--runs", runs)
	file := filepath.Join(onlyRun(t, runs), "model.toml")
	if r := must("summary", file); !strings.Contains(r.out, "halved") {
		t.Error(r.out)
	}
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), "op = \"halved\"\nrate = 0.25\n") {
		t.Errorf("%v in\n%s", err, text)
	}
	if r := callWith(own, "summary", "halved(-1) dense(10)"); r.code != exitUsage || !strings.Contains(r.err, "layer 0 halved(rate=-1): input (1, 1, 28, 28): rate -1; use") {
		t.Errorf("%d %s", r.code, r.err)
	}
	if r := call("summary", file); r.code != exitUsage || !strings.Contains(r.err, `model.toml:`) || !strings.Contains(r.err, `unknown layer "halved"`) {
		t.Errorf("%d %s", r.code, r.err)
	}
	if r := must("__complete", "summary", "dense(12) ha"); !strings.Contains(r.out, "dense(12) halved\n") {
		t.Error(r.out)
	}
}

// halving is gradient descent of a user's own.
type halving struct{ Times int }

func (halving) Kind() string    { return "halving" }
func (halving) Keeps() []string { return nil }

func (o halving) Update(p *graph.Param, kept []any, s train.Rates) {
	s.Eta /= math.Exp2(float64(o.Times))
	train.SGD{}.Update(p, kept, s)
}

// late is a schedule of a user's own.
type late struct{ From int }

func (late) Kind() string { return "late" }

func (l late) At(step, _, _ int) float64 { return float64(min(1, step/max(1, l.From))) }

// TestOwnRules: an optimizer and a schedule in a model of the catalogue can be used in flags, files, runs and completions.
func TestOwnRules(t *testing.T) {
	mine := models.Model{Name: "mine", Loss: graph.LogLikelihood, Recipe: models.Plain, Net: graph.Seq{graph.Dense{Out: 10}}}
	mine.Recipe.Optimizer, mine.Recipe.Schedule = halving{1}, late{0}
	own, dir := []models.Model{mine}, dataSet(t, 60, 10)
	losses := map[string]string{}
	for _, args := range []string{"--optimizer sgd --eta 0.025 --clip 1e9", "--optimizer halving(2)", "--schedule late(2) --optimizer halving(times=2)"} {
		runs := t.TempDir()
		all := append([]string{"train", "mine", "--epochs", "1", "--seed", "1", "--data", dir, "--runs", runs}, strings.Fields(args)...)
		if r := callWith(own, all...); r.code != 0 {
			t.Fatalf("%s: exit %d: %s", args, r.code, r.err)
		}
		r := callWith(own, "eval", onlyRun(t, runs), "--json", "--data", dir)
		w, err := os.ReadFile(filepath.Join(onlyRun(t, runs), "metrics.jsonl"))
		if r.code != 0 || err != nil {
			t.Fatalf("%s: exit %d: %s %v", args, r.code, r.err, err)
		}
		_, loss, _ := strings.Cut(string(w), `"val_loss":`)
		losses[args], _, _ = strings.Cut(loss, ",")
		if r := callWith(own, "train", "--resume", onlyRun(t, runs), "--epochs", "2"); r.code != 0 {
			t.Errorf("%s: exit %d: %s", args, r.code, r.err)
		}
	}
	if h := losses["--optimizer halving(2)"]; losses["--optimizer sgd --eta 0.025 --clip 1e9"] != h || losses["--schedule late(2) --optimizer halving(times=2)"] == h {
		t.Errorf("%v", losses)
	}
	if r := callWith(own, "__complete", "train", "mine", "--optimizer", ""); !strings.Contains(r.out, "halving\n") {
		t.Error(r.out)
	}
	if r := callWith(own, "train", "mine", "--optimizer", "halvign"); r.code != exitUsage || !strings.Contains(r.err, `--optimizer: column 1: unknown optimizer "halvign"; did you mean halving?`) {
		t.Errorf("%d %s", r.code, r.err)
	}
}

// TestLine: what is assumed about a network of one line.
func TestLine(t *testing.T) {
	for text, want := range map[string][2]string{
		"784-30-10":                {"784-30-10", "log-likelihood"},
		"dense(30) relu dense(10)": {"dense-30-relu-dense-10", "log-likelihood"},
		"dense(10) sigmoid":        {"dense-10-sigmoid", "quadratic"},
		"conv(20,5,pad=same) relu pool(2) repeat(2,dense(30) relu) dense(10)": {"conv-20-5-pad-same-relu-pool-2-repeat-2", "log-likelihood"},
		"dense(10) residual(tanh)": {"dense-10-residual-tanh", "log-likelihood"},
	} {
		m, err := (&app{}).model(text)
		if err != nil || m.Name != want[0] || m.Loss.Name != want[1] || !reflect.DeepEqual(m.Recipe, models.Plain) || m.Doc != text {
			t.Errorf("%s: %+v, %v", text, m, err)
		}
	}
	long := strings.Repeat("x", 50)
	for text, want := range map[string]string{
		"784-30-x":         `unknown model "784-30-x"`,
		"":                 "column 1: no layer",
		"dense(10":         "column 9: the text ends here",
		long + "(3)":       "column 1: unknown layer",
		"100-10":           "write 784-10",
		"dense(10) graph(": "column 17: an argument is missing",
		"relu dense(0)":    "column 6: layer 1 dense(0): ",
		"relu tanh":        "column 6: the last layer's output",
	} {
		if _, err := (&app{models: models.All}).model(text); err == nil || exitCode(err) != exitUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// TestInit: the example can be read, built and trained; what is there is not written over.
func TestInit(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "net.toml")
	ok(t, "init", file)
	if text, err := os.ReadFile(file); err != nil || string(text) != example {
		t.Error(err)
	}
	if r := call("init", file); r.code != exitUsage || !strings.Contains(r.err, "net.toml exists already; give another name") {
		t.Errorf("%d %s", r.code, r.err)
	}
	if r := call("init", filepath.Join(dir, "net.txt")); r.code != exitUsage || !strings.Contains(r.err, "ends in .toml") {
		t.Errorf("%d %s", r.code, r.err)
	}
	m, err := models.Decode(file, []byte(example))
	if err != nil || m.Name != "example" || m.Recipe.Lambda != .1 {
		t.Errorf("%+v, %v", m, err)
	}
	ok(t, "train", file, "--epochs", "1", "--data", dataSet(t, 60, 10), "--runs", dir)
}

// TestRecipeNumbers: a number that cannot be trained with is refused where it stands, by every command.
func TestRecipeNumbers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "net.toml")
	for line, want := range map[string]string{
		"epochs = -3":      "4:1: train: epochs -3; use at least 0",
		"batch = 0":        "4:1: train: batch 0; use at least 1 image",
		"eta = -1.0":       "4:1: train: eta -1; eta must be above 0",
		"lambda = -1":      "4:1: train: lambda -1; lambda must be at least 0",
		"patience = -1":    "4:1: train: patience -1; use at least 1 epoch",
		"clip = -2":        "4:1: train: clip -2; use a norm above 0",
		"ema = 3":          "4:1: train: ema 3; use at least 0 and less than 1",
		"train_size = -1":  "4:1: train: train_size -1; use at least 1 image",
		"optimizer = 'no'": "4:1: train: optimizer: ",
	} {
		write(t, file, []byte("format = 1\nlayer = 'dense(10)'\n[train]\n"+line+"\n"))
		if r := call("summary", file); r.code != exitUsage || !strings.Contains(r.err, "net.toml:"+want) {
			t.Errorf("%s: exit %d, %s", line, r.code, r.err)
		}
	}
}
