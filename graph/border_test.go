package graph_test

import (
	"bytes"
	"errors"
	"math"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"gorgonia.org/gorgonia"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/graph/graphtest"
	"github.com/stheno-ml/stheno/graph/op"
	"github.com/stheno-ml/stheno/internal/safetensors"
)

// normal returns numbers from N(0,1).
func normal(n int, seed uint64) []float32 {
	x := make([]float32, n)
	for i, v := range graphtest.Random(shape{n}, seed).Data {
		x[i] = float32(v)
	}
	return x
}

// TestSave: saved tensors load with the same bits, in either element type. A checkpoint's other tensors do no harm.
func TestSave(t *testing.T) {
	layers := graph.Seq{graph.Dense{Out: 6}, graph.BatchNorm{}, graph.Tanh, graph.Frozen{Layer: graph.Dense{Out: 5}}, graph.Dense{Out: 3}}
	for _, double := range []bool{false, true} {
		from := fresh(t, layers, graph.LogLikelihood, shape{4}, graph.Config{Seed: 1, Float64: double})
		x := normal(5*4, 1)
		step(t, from, x, []byte{0, 1, 2, 0, 1})
		var file bytes.Buffer
		if err := from.Save(&file); err != nil {
			t.Fatal(err)
		}
		to := fresh(t, layers, graph.LogLikelihood, shape{4}, graph.Config{Seed: 2, Float64: double})
		if err := to.Load(&file); err != nil {
			t.Fatal(err)
		}
		for i, p := range from.Tensors() {
			if q := to.Tensors()[i]; q.Name != p.Name || !slices.Equal(p.Float64s(), q.Float64s()) {
				t.Errorf("%s came back as %s, other numbers", p.Name, q.Name)
			}
		}
		if a, b := predict(t, from, 5, x), predict(t, to, 5, x); !slices.Equal(a, b) {
			t.Errorf("outputs %v, after loading %v", a, b)
		}
	}
}

// TestSavedForOthers: a program that knows only the format finds the numbers.
func TestSavedForOthers(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 on this machine")
	}
	n := fresh(t, graph.Dense{Out: 2}, graph.Quadratic, shape{3}, graph.Config{})
	set(t, n, []float64{1, 2, 3, 4, 5, 6}, []float64{-1, .5})
	var file bytes.Buffer
	if err := n.Save(&file); err != nil {
		t.Fatal(err)
	}
	const program = `
import sys, json, struct
d = sys.stdin.buffer.read()
n = struct.unpack("<Q", d[:8])[0]
for name, t in sorted(json.loads(d[8:8+n]).items()):
    if name != "__metadata__":
        a, b = t["data_offsets"]
        print(name, t["dtype"], t["shape"], list(struct.unpack("<%df" % ((b-a)//4), d[8+n+a:8+n+b])))
`
	cmd := exec.Command(python, "-c", program)
	cmd.Stdin = &file
	got, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	const want = "dense1.b F32 [2] [-1.0, 0.5]\ndense1.w F32 [3, 2] [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]\n"
	if string(got) != want {
		t.Errorf("another program reads\n%swant\n%s", got, want)
	}
}

// TestLoadErrors: a file that is cut off, broken, too large or for another network gives an error, and the network stays as it is.
func TestLoadErrors(t *testing.T) {
	saved := func(l graph.Layer) []byte {
		var file bytes.Buffer
		if err := fresh(t, l, graph.Quadratic, shape{4}, graph.Config{Seed: 3}).Save(&file); err != nil {
			t.Fatal(err)
		}
		return file.Bytes()
	}
	good := saved(graph.Seq{graph.Dense{Out: 5}, graph.Dense{Out: 2}})
	flipped := slices.Clone(good)
	flipped[len(flipped)-1] ^= 1
	f, err := safetensors.Read(bytes.NewReader(good), int64(len(good)), "good")
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range f.Tensors {
		if x.Name == "dense2.b" {
			f.Tensors[i].Data = []int64{1, 2}
		}
	}
	var whole bytes.Buffer
	if err := safetensors.Write(&whole, f); err != nil {
		t.Fatal(err)
	}
	n := fresh(t, graph.Seq{graph.Dense{Out: 5}, graph.Dense{Out: 2}}, graph.Quadratic, shape{4}, graph.Config{Seed: 1})
	before := n.Params[0].Float64s()
	for what, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":   {nil, "graph: safetensors: weights: byte offset"},
		"cut":     {good[:len(good)-1], "graph: safetensors: weights: byte offset"},
		"flipped": {flipped, "graph: safetensors: weights: byte offset"},
		"text":    {[]byte("{}"), "graph: safetensors: weights: byte offset"},
		"large":   {make([]byte, 2<<20), "graph: the file is larger than any of this network's"},
		"whole":   {whole.Bytes(), "dense2.b holds whole numbers"},
		"foreign": {saved(graph.Seq{graph.Dense{Out: 6}, graph.Dense{Out: 2, NoBias: true}}), "dense1.w is (4, 6), not (4, 5), dense1.b is (6), not (5), dense2.w is (6, 2), not (5, 2), dense2.b (2) is missing"},
	} {
		if err := n.Load(bytes.NewReader(c.file)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", what, err, c.want)
		}
	}
	if !slices.Equal(before, n.Params[0].Float64s()) {
		t.Error("a file that was refused changed the weights")
	}
	if err := n.LoadSome(bytes.NewReader(good), func(string) bool { return false }); err == nil || !strings.Contains(err.Error(), "the network has dense1.w (4, 5)") {
		t.Errorf("nothing to load: error %v", err)
	}
	if err := n.LoadSome(bytes.NewReader(good), func(name string) bool { return name == "dense2.b" }); err != nil || !slices.Equal(before, n.Params[0].Float64s()) {
		t.Errorf("some: %v, or other tensors changed", err)
	}
	if err := n.Load(bytes.NewReader(good)); err != nil || slices.Equal(before, n.Params[0].Float64s()) {
		t.Errorf("a good file after bad ones: %v, or nothing changed", err)
	}
}

// TestPredictors: predictors of any size agree with the network on any number of examples, several at once, and see an update.
func TestPredictors(t *testing.T) {
	n := fresh(t, graph.Seq{graph.Dense{Out: 9}, graph.BatchNorm{}, graph.ReLU, graph.Dense{Out: 3}}, graph.LogLikelihood, shape{5}, graph.Config{Seed: 1})
	for range 2 {
		x := normal(37*5, 4)
		want := predict(t, n, 37, x)
		var goroutines sync.WaitGroup
		for _, batch := range []int{1, 2, 8, 36, 37, 50} {
			goroutines.Go(func() {
				p := n.Predictor(batch)
				for _, m := range []int{37, 1, 9} {
					y := make([]float32, m*3)
					if err := p.Predict(y, x[:m*5]); err != nil {
						t.Error(err)
					}
					for i := range y {
						if math.Abs(float64(y[i]-want[i])) > 1e-6 {
							t.Errorf("%d at once: output %d of %d examples is %v, want %v", batch, i, m, y[i], want[i])
						}
					}
				}
			})
		}
		goroutines.Wait()
		step(t, n, x[:10], []byte{0, 1})
		n.Params[0].Data.([]float32)[0] += 1
	}
	for _, p := range []*graph.Predictor{n.Predictor(0), n.Predictor(2)} {
		if err := p.Predict(make([]float32, 4), make([]float32, 5)); err == nil || !strings.HasPrefix(err.Error(), "graph: ") {
			t.Errorf("error %v", err)
		}
	}
}

// TestInputGrad: the gradient with respect to the input agrees with differences of the cost, without dropout and without the mini-batch's
// moments. The parameters' gradients stay.
func TestInputGrad(t *testing.T) {
	layers := graph.Seq{graph.Conv{Out: 2, Kernel: 3}, graph.BatchNorm{}, graph.Tanh, graph.Dropout{P: .5}, graph.Dense{Out: 3}}
	n := fresh(t, layers, graph.LogLikelihood, shape{1, 5, 5}, graph.Config{Seed: 1, Float64: true})
	x, y := normal(2*25, 7), hot(n, []byte{2, 0})
	if _, err := n.Step(x, y); err != nil {
		t.Fatal(err)
	}
	before, dx := n.Params[0].GradFloat64s(), make([]float32, len(x))
	if _, err := n.InputGrad(dx, x, y); err != nil {
		t.Fatal(err)
	}
	for i := range x {
		cost := func(d float32) float64 {
			moved := slices.Clone(x)
			moved[i] += d
			s, err := n.Evaluate(moved, y)
			if err != nil {
				t.Fatal(err)
			}
			return s.Cost
		}
		const h = 1. / 1024
		if want := (cost(h) - cost(-h)) / (2 * h); math.Abs(float64(dx[i])-want) > 1e-5 {
			t.Errorf("number %d: %v, by differences %v", i, dx[i], want)
		}
	}
	if !slices.Equal(before, n.Params[0].GradFloat64s()) {
		t.Error("the parameters' gradients changed")
	}
	if _, err := n.InputGrad(dx[1:], x, y); err == nil {
		t.Error("a gradient of another length was taken")
	}
}

// TestShared: a shared layer has one set of parameters, in however many places it is used.
func TestShared(t *testing.T) {
	layer := graph.Shared{Name: "a", Layer: graph.Seq{graph.Dense{Out: 4}, graph.Tanh, graph.Dense{Out: 4}}}
	n := fresh(t, graph.Seq{layer, graph.Tanh, layer, graph.Dense{Out: 2}}, graph.Quadratic, shape{4}, graph.Config{Seed: 1})
	var names []string
	for _, p := range n.Params {
		names = append(names, p.Name)
	}
	if got := strings.Join(names, " "); got != "a.dense1.w a.dense1.b a.dense2.w a.dense2.b dense1.w dense1.b" {
		t.Errorf("parameters %s", got)
	}
	for _, c := range []struct {
		l    graph.Layer
		want string
	}{
		{graph.Shared{Layer: graph.Dense{Out: 2}}, "it has no name"},
		{graph.Seq{graph.Shared{Name: "a", Layer: graph.Dense{Out: 3}}, graph.Shared{Name: "a", Layer: graph.Dense{Out: 2}}}, "parameter a.dense1.w is (3, 2) here and (4, 3) elsewhere"},
		{graph.Seq{layer, graph.Frozen{Layer: layer}}, "parameter a.dense1.w is frozen in one place and trained in another"},
		{graph.Slice{From: 2, To: 2}, "columns 2 to 2 of (1, 4)"},
		{graph.Slice{From: 0, To: 5}, "columns 0 to 5 of (1, 4)"},
	} {
		if _, err := graph.New(c.l, graph.Quadratic, shape{4}, graph.Config{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
}

// TestFrozen: training does not change frozen layers, but changes those before them.
func TestFrozen(t *testing.T) {
	frozen := graph.Frozen{Layer: graph.Seq{graph.Dense{Out: 4}, graph.BatchNorm{}, graph.Dropout{P: .9}}}
	n := fresh(t, graph.Seq{graph.Dense{Out: 4}, frozen, graph.Dense{Out: 2}}, graph.Quadratic, shape{3}, graph.Config{Seed: 1})
	var fixed [][]float64
	for _, p := range n.Fixed {
		if p.Grad != nil {
			t.Errorf("%s has a gradient", p.Name)
		}
		fixed = append(fixed, p.Float64s())
	}
	if len(fixed) != 6 || len(n.Params) != 4 {
		t.Fatalf("%d fixed, %d trained", len(fixed), len(n.Params))
	}
	before := n.Params[0].Float64s()
	x, labels := normal(4*3, 2), []byte{0, 1, 0, 1}
	first := step(t, n, x, labels)
	if again := step(t, n, x, labels); again != first {
		t.Errorf("a frozen dropout drops: %+v, then %+v", first, again)
	}
	if _, err := n.DescendFrom(source(n, x, labels), .1, .1); err != nil {
		t.Fatal(err)
	}
	for i, p := range n.Fixed {
		if !slices.Equal(fixed[i], p.Float64s()) {
			t.Errorf("%s changed", p.Name)
		}
	}
	if slices.Equal(before, n.Params[0].Float64s()) {
		t.Error("the layer before the frozen one did not learn")
	}
}

// TestLosses compares values with results by hand, and gradients with differences.
func TestLosses(t *testing.T) {
	own := &graph.Loss{Name: "cubes", Cost: func(_ *graph.Builder, y, target *node) *node {
		d := op.Add.Apply(y, op.Scaled(-1).Apply(target))
		return op.Quadratic.Apply(op.Hadamard.Apply(d, d), op.Scaled(0).Apply(d))
	}}
	itself := &graph.Loss{Name: "itself", Cost: func(b *graph.Builder, y, _ *node) *node { return op.Quadratic.Apply(y, b.Input()) }}
	ln := func(p float64) float64 { return -math.Log(p) }
	sigma := func(z float64) float64 { return 1 / (1 + math.Exp(-z)) }
	for _, c := range []struct {
		loss *graph.Loss
		y    []float32
		want float64 // for outputs 1, 2, −1, 4
	}{
		{graph.MSE, []float32{0, 2, 1, 3}, (1. + 0 + 4 + 1) / 4},
		{graph.MAE, []float32{0, 2, 1, 3}, (1. + 0 + 2 + 1) / 4},
		{graph.Huber(1.5), []float32{0, 2, 1, 3}, (.5 + 0 + 1.5*(2-.75) + .5) / 4},
		{graph.BinaryCrossEntropy, []float32{0, 1, 1, 0}, (ln(1-sigma(1)) + ln(sigma(2)) + ln(sigma(-1)) + ln(1-sigma(4))) / 4},
		{graph.ClassWeights(3, .5), []float32{0, 1, 1, 0}, (.5*ln(sigma(1)) + 3*ln(sigma(-5))) / 2},
		{own, []float32{0, 2, 1, 3}, (1. + 0 + 16 + 1) / 4},
		{itself, nil, 0},
	} {
		n := identity(t, c.loss, 2, graph.Config{Float64: true})
		x := []float32{1, 2, -1, 4}
		s, err := n.Step(x, c.y)
		if err != nil || math.Abs(s.Cost-c.want) > 1e-12 {
			t.Errorf("%s: cost %v, want %v (%v)", c.loss.Name, s.Cost, c.want, err)
		}
		if e, err := n.Evaluate(x, c.y); err != nil || math.Abs(e.Cost-c.want) > 1e-12 || (e.Answers > 0) != c.loss.Classes {
			t.Errorf("%s: evaluated %+v (%v)", c.loss.Name, e, err)
		}
		tanh := fresh(t, graph.Seq{graph.Dense{Out: 2}, graph.Tanh, graph.Dense{Out: 2}}, c.loss, shape{2}, graph.Config{Seed: 5})
		results, err := graph.GradCheck(tanh, x, c.y, 20)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			if !r.OK() {
				t.Errorf("%s: %+v", c.loss.Name, r)
			}
		}
	}
	for _, l := range []*graph.Loss{graph.Huber(0), graph.Huber(math.Inf(1)), graph.ClassWeights(1, -1), graph.ClassWeights(1, 2, 3), graph.EachStep(3, graph.MSE), {Name: "none"}, nil} {
		if _, err := graph.New(graph.Dense{Out: 2}, l, shape{2}, graph.Config{}); err == nil {
			t.Errorf("%+v was taken", l)
		}
	}
}

// TestEachStep: the cost over steps is the mean of the steps' costs, and each step has an answer.
func TestEachStep(t *testing.T) {
	x := []float32{1, 0, 0, 2, -1, 0, 3, 1} // two examples of two steps of two classes
	n, one := identity(t, graph.EachStep(2, graph.LogLikelihood), 4, graph.Config{}), identity(t, graph.LogLikelihood, 2, graph.Config{})
	y := []float32{1, 0, 1, 0, 1, 0, 1, 0}
	s, err := n.Evaluate(x, y)
	want, err2 := one.Evaluate(x, y)
	if err != nil || err2 != nil || math.Abs(s.Cost-want.Cost) > 1e-6 || s.Correct != 2 || s.Answers != 4 {
		t.Errorf("%+v, step by step %+v (%v, %v)", s, want, err, err2)
	}
	if a, b := predict(t, n, 2, x), predict(t, one, 4, x); !slices.Equal(a, b) {
		t.Errorf("outputs %v, step by step %v", a, b)
	}
}

// TestBadLayers: nil and a panic inside a layer are errors that name the layer.
func TestBadLayers(t *testing.T) {
	must := graph.Func(func(x *node) (*node, error) {
		return gorgonia.Must(nil, errors.New("what Gorgonia says")), nil
	})
	index := graph.Func(func(x *node) (*node, error) { return graph.Nodes{x}[len(x.Shape())], nil })
	for _, c := range []struct {
		l    graph.Layer
		want string
	}{
		{nil, "layer 0"},
		{graph.Seq{graph.Dense{Out: 2}, nil}, "layer 1"},
		{graph.Seq{graph.Dense{Out: 2}, must}, "layer 1 Func: input (1, 2): panic: what Gorgonia says"},
		{graph.Seq{graph.Residual{graph.Dense{Out: 2}, index}}, "layer 1 Func: input (1, 2): panic: runtime error: index out of range"},
		{graph.Seq{graph.Func(func(*node) (*node, error) { return nil, nil })}, "layer 0 Func"},
		{graph.Seq{graph.Frozen{}}, "layer 0"},
		{graph.Seq{graph.Add{{nil}}}, "branch 0: layer 0"},
	} {
		if _, err := graph.New(c.l, graph.Quadratic, shape{2}, graph.Config{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
}
