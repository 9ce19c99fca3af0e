package cli

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/npz"
	"github.com/stheno-ml/stheno/models/byhand"
)

// counting reads a network that was saved in the JSON of the book's second program, in NumPy alone, and counts its right answers.
const counting = `
import json, sys, numpy as np
saved = json.load(open(sys.argv[1]))
layers = [(np.array(w), np.array(b)) for w, b in zip(saved['weights'], saved['biases'])]
assert [layers[0][0].shape[1]] + [w.shape[0] for w, _ in layers] == saved['sizes'] and all(b.shape == (len(w), 1) for w, b in layers)
images = np.fromfile(sys.argv[2], np.uint8).reshape(-1, saved['sizes'][0]) / 256
labels = np.fromfile(sys.argv[3], np.uint8)
a = images.T
for w, b in layers: a = 1 / (1 + np.exp(-(w @ a + b)))
print(int((a.argmax(axis=0) == labels).sum()), saved['cost'])
`

// TestNetwork2: a network that was trained here and exported gives the same count of right answers in Python and here: as it is read
// by hand, measured as a graph, and imported.
func TestNetwork2(t *testing.T) {
	runs, dir, empty := t.TempDir(), dataSet(t, 6000, 1000), t.TempDir()
	d, err := digits()
	if err != nil {
		t.Fatal(err)
	}
	test := d.Test.Slice(0, 1000)
	images, labels := filepath.Join(empty, "images"), filepath.Join(empty, "labels")
	write(t, images, test.Images)
	write(t, labels, test.Labels)
	for _, c := range []struct{ model, cost string }{{"mlp", "QuadraticCost"}, {"ch5-2", "CrossEntropyCost"}} {
		ok(t, "train", c.model, "--epochs", "2", "--seed", "5", "--data", dir, "--runs", runs)
		path := filepath.Join(empty, c.model+".json")
		r := ok(t, "export", "latest", "--runs", runs, "-o", path)
		if r.out != "" || !strings.Contains(r.err, path+": ") || !strings.Contains(r.err, " parameters of "+runs) {
			t.Errorf("%+v", r)
		}
		hand, err := byhand.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		want := hand.Accuracy(byhand.Images{Pixels: test.Images, Labels: test.Labels})
		if want < 500 {
			t.Errorf("%s: %d right", c.model, want)
		}
		if e := events(t, ok(t, "eval", path, "--data", dir, "--json").out)[0]; e["correct"] != float64(want) || e["total"] != 1000. || e["run"] != path {
			t.Errorf("%s: %v; by hand %d", c.model, e, want)
		}
		if r := ok(t, "eval", path); !strings.Contains(r.out, path+", weights as they were saved\n") {
			t.Errorf("%+v", r)
		}
		i := events(t, ok(t, "import", path, "--runs", runs, "--json").out)[0]
		run := i["run"].(string)
		if i["model"] != c.model || !strings.HasPrefix(run, filepath.Join(runs, c.model+"-")) {
			t.Errorf("%v", i)
		}
		if e := events(t, ok(t, "eval", run, "--data", dir, "--json").out)[0]; e["correct"] != float64(want) {
			t.Errorf("%s imported: %v; by hand %d", c.model, e, want)
		}
		again := filepath.Join(empty, "again.json")
		ok(t, "export", run, "-o", again)
		if a, b := readAll(t, path), readAll(t, again); a != b {
			t.Errorf("%s: what is imported and exported is not the same file", c.model)
		}
		if got := strings.TrimSpace(python(t, counting, path, images, labels)); got != fmt.Sprintf("%d %s", want, c.cost) {
			t.Errorf("%s: Python counts %q, here it is %d %s", c.model, got, want, c.cost)
		}
	}
}

func readAll(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestImport: what Python wrote, of any sizes; predict reads digits with it, and train goes on from it.
func TestImport(t *testing.T) {
	runs, empty := t.TempDir(), t.TempDir()
	path := filepath.Join(empty, "Odd Net.json")
	net := byhand.New2(3, byhand.CrossEntropyCost{}, 784, 5, 7, 10)
	if err := net.Save(path); err != nil {
		t.Fatal(err)
	}
	r := ok(t, "import", path, "--runs", runs)
	run := onlyRun(t, runs)
	for _, want := range []string{
		"network    784-5-7-10, sigmoid, cross-entropy cost, imported from Odd Net.json\n", "4,047 parameters, float64\n",
		"run        " + run + "\n", "next       stheno eval " + run + "\n",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in\n%s", want, r.out)
		}
	}
	digit := filepath.Join(empty, "digit.png")
	write(t, digit, picture(t, 0, 3, false))
	e := events(t, ok(t, "predict", run, digit, "--json").out)[0]
	d, err := digits()
	if err != nil {
		t.Fatal(err)
	}
	seen, err := digitsIn(digit)
	if err != nil {
		t.Fatal(err)
	}
	hand := net.Feedforward(byhand.Images{Pixels: seen[0].Pixels, Labels: d.Test.Labels[:1]}.Example(0).X)
	for j, p := range e["p"].([]any) {
		if diff := p.(float64) - hand[j]; diff > 1e-6 || diff < -1e-6 {
			t.Errorf("output %d is %v, by hand %v", j, p, hand[j])
		}
	}
	if s := readInfo(t, run).Status; s != "done" {
		t.Errorf("status %s", s)
	}
	if r := ok(t, "ls", "--runs", runs); !strings.Contains(r.out, run) {
		t.Errorf("%+v", r)
	}

	small := filepath.Join(empty, "small.json")
	if err := byhand.New2(3, byhand.QuadraticCost{}, 6, 2).Save(small); err != nil {
		t.Fatal(err)
	}
	if r := ok(t, "import", small, "--runs", runs); !strings.Contains(r.out, "6-2, sigmoid, quadratic cost") {
		t.Errorf("%+v", r)
	}
	broken, folder := filepath.Join(empty, "broken.json"), filepath.Join(empty, "run.json")
	write(t, broken, []byte(`{"sizes": [784, 10]`))
	if err := os.Mkdir(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"import " + digit, exitUsage, "use a file that ends in .json, .safetensors or .npz"},
		{"import " + broken, exitData, "byhand: " + broken + ": byte offset 19: "},
		{"import " + filepath.Join(empty, "none.json"), exitData, "none.json"},
		{"eval " + broken, exitData, "byhand: " + broken},
		{"eval " + small, exitUsage, "model small takes 1×1×6"},
		{"eval " + folder, exitData, folder + ": no run.json in this folder"},
		{"import", exitUsage, "got 0 arguments"},
	} {
		if r := call(strings.Fields(c.args)...); r.code != c.code || !strings.Contains(r.err, c.want) {
			t.Errorf("%s: %+v; want %d, %q", c.args, r, c.code, c.want)
		}
	}
}

func TestExport(t *testing.T) {
	runs, dir, empty := t.TempDir(), dataSet(t, 60, 10), t.TempDir()
	ok(t, "train", "softmax", "--epochs", "1", "--data", dir, "--runs", runs)
	run := onlyRun(t, runs)
	path := filepath.Join(empty, "w.npz")
	ok(t, "export", run, "--output", path)
	arrays, err := npz.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var shapes []string
	for _, a := range arrays {
		shapes = append(shapes, fmt.Sprintf("%s %v %T", a.Name, a.Shape, a.Data))
	}
	if got := strings.Join(shapes, "; "); got != "dense1.w [784 100] []float32; dense1.b [100] []float32; dense2.w [100 10] []float32; dense2.b [10] []float32" {
		t.Error(got)
	}
	args, netRuns := trainArgs(t, dir, "--epochs", "1")
	ok(t, args...)
	ok(t, "export", onlyRun(t, netRuns), "-o", path)
	if arrays, err = npz.ReadFile(path); err != nil || len(arrays) != 8 {
		t.Fatalf("%d arrays (%v)", len(arrays), err)
	}
	if a := arrays[7]; a.Name != "batchnorm1.variance" || fmt.Sprint(a.Shape) != "[100]" || slices.Max(a.Data.([]float32)) <= 0 {
		t.Errorf("%+v", a)
	}
	folder := filepath.Join(empty, "folder.npz")
	if err := os.Mkdir(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	ok(t, "export", run, "-o", path+".safetensors")
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{run + " -o " + filepath.Join(empty, "net.json"), exitUsage, "network2.py has only dense layers of sigmoids"},
		{run + " -o net.pb", exitUsage, `--output "net.pb"; use a file that ends in .csv, .json, .npz, .onnx or .safetensors`},
		{run, exitUsage, `--output ""; use a file`},
		{"none -o w.npz", exitUsage, "unknown run"},
		{run + " -o " + filepath.Join(empty, "none", "w.npz"), exitFailure, "w.npz: there is no folder " + filepath.Join(empty, "none") + "; make it first"},
		{run + " -o " + folder, exitFailure, folder + " was not written: file exists"},
		{run + " --layout torch -o w.npz", exitUsage, "--layout torch does not apply to w.npz; use it with a .safetensors"},
		{run + " mlp -o w.npz", exitUsage, run + " and a model; leave out mlp, only a .safetensors needs one"},
		{"w.safetensors -o w.npz", exitUsage, "w.safetensors has weights, but not the network; add the model: its name, a FILE.toml, or a network in one line"},
		{"none.safetensors mlp -o w.npz", exitData, "none.safetensors: no such file"},
		{"none.safetensors mpl -o w.npz", exitUsage, "did you mean mlp?"},
		{path + ".safetensors mlp -o w.npz", exitData, "dense1.w is (784, 100), not (784, 30)"},
		{path + ".safetensors softmax -o w.csv", exitUsage, "w.npz.safetensors has no epochs; give a run"},
	} {
		if r := call(append([]string{"export"}, strings.Fields(c.args)...)...); r.code != c.code || !strings.Contains(r.err, c.want) {
			t.Errorf("%s: %+v; want %d, %q", c.args, r, c.code, c.want)
		}
	}
	if files, err := os.ReadDir(empty); err != nil || len(files) != 3 {
		t.Errorf("%v, %v: files are left over", files, err)
	}
}

// TestExportTable: the epochs of a run as a table, and what --json says about a file.
func TestExportTable(t *testing.T) {
	runs, dir := t.TempDir(), dataSet(t, 60, 10)
	path := filepath.Join(t.TempDir(), "epochs.csv")
	ok(t, "train", "mlp", "--epochs", "2", "--seed", "1", "--data", dir, "--runs", runs)
	r := ok(t, "export", "latest", "--runs", runs, "-o", path, "--json")
	text := readAll(t, path)
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] != "epoch,train_loss,train_acc,val_loss,val_acc,eta,time,img/s,best" || !strings.HasPrefix(lines[2], "1,") {
		t.Errorf("%q", lines)
	}
	e := events(t, r.out)[0]
	if e["file"] != path || e["bytes"] != float64(len(text)) || e["sha256"] != fmt.Sprintf("%x", sha256.Sum256([]byte(text))) || r.err != "" {
		t.Errorf("%v %q", e, r.err)
	}
}

// TestExportSaved: what a Go program saves goes the same ways as a run, in its own precision.
func TestExportSaved(t *testing.T) {
	dir := t.TempDir()
	for _, double := range []bool{false, true} {
		n, err := graph.New(graph.Seq{graph.Dense{Out: 5}, graph.BatchNorm{}, graph.ReLU, graph.Dense{Out: 3}}, graph.LogLikelihood, graph.Shape{1, 28, 28}, graph.Config{Seed: 2, Float64: double})
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := n.Save(&b); err != nil {
			t.Fatal(err)
		}
		saved, path := filepath.Join(dir, "saved.safetensors"), filepath.Join(dir, "w.npz")
		write(t, saved, b.Bytes())
		for _, ending := range []string{".onnx", ".npz", ".safetensors"} {
			ok(t, "export", saved, "dense(5) batchnorm relu dense(3)", "-o", filepath.Join(dir, "w"+ending))
		}
		arrays, err := npz.ReadFile(path)
		if err != nil || len(arrays) != 8 {
			t.Fatalf("%d arrays (%v)", len(arrays), err)
		}
		for i, p := range n.Tensors() {
			if a := arrays[i]; a.Name != p.Name || !reflect.DeepEqual(a.Data, p.Data) {
				t.Errorf("%s is not %s, %v", a.Name, p.Name, p.Shape)
			}
		}
	}
}
