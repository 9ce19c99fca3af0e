package cli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stheno-ml/stheno/internal/npz"
)

// gradients of a network of one neuron: x = 1, y = 0, w = 0.6, b = 0.9, quadratic cost, as in chapter 3.
func oneNeuron(t *testing.T, dw float64, more ...npz.Array) string {
	t.Helper()
	array := func(name string, shape []int, x float64) npz.Array {
		return npz.Array{Name: name, Shape: shape, Data: []float64{x}}
	}
	const right = 0.8175744761936437 * 0.8175744761936437 * (1 - 0.8175744761936437) // a·σ′, a = σ(1.5)
	arrays := append([]npz.Array{
		array("x", []int{1}, 1), array("y", []int{1}, 0), array("w1", []int{1, 1}, .6), array("b1", []int{1}, .9),
		array("dw1", []int{1, 1}, right+dw), array("db1", []int{1}, right),
	}, more...)
	return writeArrays(t, arrays)
}

func writeArrays(t *testing.T, arrays []npz.Array) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mine.npz")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := npz.Write(f, arrays); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCompareFile(t *testing.T) {
	right, wrong := oneNeuron(t, 0), oneNeuron(t, .01)
	r := ok(t, "compare", "--against", right)
	for _, want := range []string{
		"file       " + right + ": float64, 1 mini-batch of 1 example\n", "network    1-1, sigmoid output, quadratic cost\n",
		"\ndw1       1×1  ", "same: no difference beyond 1e-09 of a tensor's largest number\n", "note: the file does not say which network",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in\n%s", want, r.out)
		}
	}
	e := events(t, ok(t, "compare", "--against", right, "--json").out)[0]
	if e["verdict"] != "same" || e["steps"] != 1. || !(e["max_rel_grad"].(float64) < 1e-14) || e["max_rel_weight"] != nil || e["diagnosis"] != nil ||
		e["first"] != nil || e["model"] != nil || e["against"] != right || e["dtype"] != "float64" || len(e["tensors"].([]any)) != 2 {
		t.Errorf("%v", e)
	}
	r = call("compare", "--against", wrong)
	if r.code != exitCheck || !strings.Contains(r.out, "\ndiffers: first in dw1, from the output backwards, by 0.076 ") ||
		!strings.Contains(r.out, "No known mistake explains it.") || !strings.Contains(r.err, "stheno: "+wrong+" differs: first in dw1") {
		t.Errorf("%+v", r)
	}
	if r := call("compare", "--against", wrong, "--tol", "0.1"); r.code != 0 || !strings.Contains(r.out, "beyond 0.1 of") {
		t.Errorf("%+v", r)
	}
	r = call("compare", "--against", oneNeuron(t, 0, npz.Array{Name: "cost", Shape: []int{}, Data: []float64{1}}), "--json")
	e = events(t, r.out)[0]
	first, _ := e["first"].(map[string]any)
	diagnosis, _ := e["diagnosis"].(map[string]any)
	if r.code != exitCheck || e["verdict"] != "differs" || first["tensor"] != "cost" || diagnosis["name"] != "cost" || diagnosis["text"] == "" {
		t.Errorf("%+v", r)
	}
}

func TestCompareFileErrors(t *testing.T) {
	right := oneNeuron(t, 0)
	whole, err := os.ReadFile(right)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.npz")
	write(t, cut, whole[:len(whole)/2])
	odd := oneNeuron(t, 0, npz.Array{Name: "dweight_2", Shape: []int{}, Data: []float64{1}}, npz.Array{Name: "etta", Shape: []int{}, Data: []float64{1}})
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"--against " + cut, exitData, "npz: " + cut + ": byte offset"},
		{"--against none.npz", exitData, "none.npz"},
		{"--against " + filepath.Dir(right) + "/", exitUsage, "unknown value of --against"},
		{"--against " + odd, exitData, `unknown array "etta"; did you mean eta?`},
		{"mpl --against " + right, exitUsage, `unknown model "mpl"; did you mean mlp?`},
		{"mlp --against " + right, exitData, "no w2, the weights of layer 2, dense2.w"},
		{"--against " + right + " --steps 3", exitUsage, "--steps with --against mine.npz; leave it out"},
		{"--against " + right + " --tol x", exitUsage, `--tol: "x" is not a number`},
	} {
		if r := call(append([]string{"compare"}, strings.Fields(c.args)...)...); r.code != c.code || !strings.Contains(r.err, c.want) || r.out != "" {
			t.Errorf("%s: %+v; want %d, %q", c.args, r, c.code, c.want)
		}
	}
}

// numpy is the Python with NumPy, or empty.
var numpy = sync.OnceValue(func() string {
	const path = "/usr/bin/python3"
	if exec.Command(path, "-c", "import numpy").Run() != nil {
		return ""
	}
	return path
})

// python runs a script in Debian's Python, and skips the test if that or its NumPy is not there.
func python(t *testing.T, script string, args ...string) string {
	t.Helper()
	if numpy() == "" {
		t.Skip("needs /usr/bin/python3 with NumPy")
	}
	out, err := exec.Command(numpy(), append([]string{"-c", script}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// prelude is a program before the page's lines: a network of columns as in the book, for a whole mini-batch, and a mistake in it.
const prelude = `
import numpy as np
rng = np.random.default_rng(1)
sizes, m = [784, 30, 10], 10
weights = [(rng.standard_normal((n, k)) / np.sqrt(k)).astype(kind) for k, n in zip(sizes, sizes[1:])]
biases = [rng.standard_normal((n, 1)).astype(kind) for n in sizes[1:]]
x = ((rng.random((784, m)) < .2) * rng.integers(1, 256, (784, m)) / 256).astype(kind)
labels = rng.integers(0, 10, m)
y = np.eye(10)[labels].T.astype(kind)
def sigma(z): return 1 / (1 + np.exp(-z))
def slope(z): return sigma(z) if mistake == 'sigma-for-prime' else sigma(z) * (1 - sigma(z))
z1 = weights[0] @ x + biases[0]; a1 = sigma(z1)
z2 = weights[1] @ a1 + biases[1]; a2 = sigma(z2)
d2 = (a2 - y) * (1 if mistake in ('missing-output-prime', 'two') else slope(z2))
back = weights[1].T @ d2
d1 = back * (1 if mistake == 'one-missing-prime' else slope(z1))
count = 1 if mistake == 'sum' else m
dw = [d1 @ x.T / count, d2 @ a1.T / count]
db = [d.sum(axis=1, keepdims=True) / count for d in (d1, d2)]
if mistake in ('no-bias-gradient', 'two'): db[0] = np.zeros_like(db[0])
if mistake == 'bias-one-number': db = [np.sum(d) / m for d in (d1, d2)]
if mistake == 'bias-unsummed': db = [d1, d2]
if mistake == 'transposed': dw = [g.T for g in dw]
if mistake == 'labels-shifted': y = np.roll(y, 1, axis=0)
if mistake == 'labels-permuted': y = y[:, ::-1]
class self: pass
self.weights, self.biases = weights, biases
mini_batch = [(x[:, [i]], y[:, [i]]) for i in range(m)]
nabla_w, nabla_b = [m * g for g in dw], [m * g for g in db]
`

// blocks are the Python of a page.
func blocks(t *testing.T, page string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, part := range strings.Split(string(text), "```python\n")[1:] {
		code, _, _ := strings.Cut(part, "```")
		all = append(all, code)
	}
	return all
}

// driver runs a program once for each mistake and type of numbers, each time in a folder of its own.
const driver = `
import os, sys
program, home = sys.argv[1], sys.argv[2]
for case in sys.argv[3:]:
    os.mkdir(os.path.join(home, case))
    os.chdir(os.path.join(home, case))
    mistake, kind = case.split(',')
    exec(program, {'mistake': mistake, 'kind': kind})
`

// TestComparePython runs the very lines of docs/compare.md, in a program without a mistake and in others, and compares what it wrote.
func TestComparePython(t *testing.T) {
	page, code := readAll(t, "../../docs/compare.md"), blocks(t, "../../docs/compare.md")
	if len(code) != 2 {
		t.Fatalf("%d blocks", len(code))
	}
	whole, book := t.TempDir(), t.TempDir()
	cases := []struct{ mistake, kind, want string }{
		{"", "f8", ""}, {"", "f4", ""},
		{"sum", "f8", "sum"}, {"sigma-for-prime", "f8", "sigma-for-prime"}, {"sigma-for-prime", "f4", "sigma-for-prime"},
		{"missing-output-prime", "f8", "missing-output-prime"}, {"one-missing-prime", "f8", "missing-prime"},
		{"no-bias-gradient", "f8", "no-bias-gradient"}, {"bias-unsummed", "f4", "bias-unsummed"}, {"transposed", "f8", "transposed"},
		{"labels-shifted", "f8", "labels-shifted"}, {"labels-permuted", "f8", "labels-permuted"},
		{"bias-one-number", "f8", "bias-one-number"}, {"two", "f8", "missing-output-prime and no-bias-gradient"}, {"two", "f4", "missing-output-prime and no-bias-gradient"},
	}
	args := []string{prelude + code[0], whole}
	for _, c := range cases {
		args = append(args, c.mistake+","+c.kind)
	}
	python(t, driver, args...)
	python(t, driver, prelude+code[0]+code[1], book, ",f8")
	for _, c := range cases {
		compareWritten(t, filepath.Join(whole, c.mistake+","+c.kind), c.kind, c.want)
	}
	compareWritten(t, filepath.Join(book, ",f8"), "f8", "")

	t.Chdir(filepath.Join(whole, "one-missing-prime,f8"))
	shown := "$ stheno compare --against mine.npz\n" + call("compare", "--against", "mine.npz").out
	rounding := regexp.MustCompile(`\d\.\de-1\d`)
	if !strings.Contains(rounding.ReplaceAllString(page, ""), rounding.ReplaceAllString(shown, "")) {
		t.Errorf("docs/compare.md does not have\n%s", shown)
	}
}

// compareWritten compares the file in dir, with the model and without, and wants the mistake of that name to be found in it.
func compareWritten(t *testing.T, dir, kind, want string) {
	t.Helper()
	for _, model := range []string{"", "mlp"} {
		r := call(strings.Fields(fmt.Sprintf("compare %s --against %s --json", model, filepath.Join(dir, "mine.npz")))...)
		e := events(t, r.out)
		if len(e) != 1 {
			t.Fatalf("%+v", r)
		}
		diagnosis, _ := e[0]["diagnosis"].(map[string]any)
		name, _ := diagnosis["name"].(string)
		if beside, ok := diagnosis["beside"].(string); ok {
			name += " and " + beside
		}
		if name != want || (r.code == exitCheck) != (want != "") || e[0]["dtype"] != map[string]string{"f8": "float64", "f4": "float32"}[kind] {
			t.Errorf("%s, model %q: exit %d, %v", dir, model, r.code, e[0])
		}
	}
}
