package onnx

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
)

// job is a network that ONNX Runtime is to run on examples.
type job struct {
	Model string `json:"model"`
	X     string `json:"x"`
	Shape []int  `json:"shape"`
	Y     string `json:"y"`

	name string
	net  *graph.Net
	x    []float32             // as the network sees them
	unit func(float32) float32 // what becomes of an output; nil: nothing
}

// runtime is a folder of jobs.
type runtime struct {
	modules, folder string
	jobs            []job
}

// newRuntime skips the test where there is no node, or no onnxruntime-node in .ci/onnx.
func newRuntime(t *testing.T) *runtime {
	t.Helper()
	modules, err := filepath.Abs("../../../.ci/onnx/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(modules, "onnxruntime-node")); err != nil {
		t.Skip("no onnxruntime-node; npm ci --prefix .ci/onnx --ignore-scripts")
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip(err)
	}
	return &runtime{modules: modules, folder: t.TempDir()}
}

// add writes the network's file and the examples.
func (r *runtime) add(t *testing.T, name string, n *graph.Net, x []float32) {
	t.Helper()
	r.addWith(t, n, x, x, Info{Name: name, Metadata: map[string]string{"test": name}}, nil)
}

// addWith is add of a file that takes x and of a network that sees another one.
func (r *runtime) addWith(t *testing.T, n *graph.Net, x, seen []float32, info Info, unit func(float32) float32) {
	t.Helper()
	name := info.Name
	text, err := Encode(n, info)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	base := filepath.Join(r.folder, strings.Map(func(c rune) rune {
		if c == '/' || c == ' ' {
			return '-'
		}
		return c
	}, name))
	j := job{Model: base + ".onnx", X: base + ".x", Y: base + ".y", name: name, net: n, x: seen, unit: unit}
	j.Shape = append([]int{len(x) / n.Input.TotalSize()}, n.Input...)
	numbers, err := binary.Append(nil, binary.LittleEndian, x)
	for _, f := range []struct {
		path string
		text []byte
	}{{j.Model, text}, {j.X, numbers}} {
		if err == nil {
			err = os.WriteFile(f.path, f.text, 0o666)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	r.jobs = append(r.jobs, j)
}

// check runs all jobs and compares the outputs with Predict's.
func (r *runtime) check(t *testing.T) {
	t.Helper()
	list, err := json.Marshal(r.jobs)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(r.folder, "jobs.json")
	if err := os.WriteFile(path, list, 0o666); err != nil {
		t.Fatal(err)
	}
	if text, err := exec.Command("node", "testdata/run.js", r.modules, path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for _, j := range r.jobs {
		want := make([]float32, j.Shape[0]*j.net.Outputs)
		if err := j.net.Predictor(100).Predict(want, j.x); err != nil {
			t.Fatalf("%s: %v", j.name, err)
		}
		for i, y := range want {
			if j.unit != nil {
				want[i] = j.unit(y)
			}
		}
		raw, err := os.ReadFile(j.Y)
		got := make([]float32, len(want))
		if err == nil && len(raw) == 4*len(want) {
			_, err = binary.Decode(raw, binary.LittleEndian, got)
		}
		if err != nil || len(raw) != 4*len(want) {
			why, _ := os.ReadFile(j.Y + ".error") // there need not be one
			t.Errorf("%s: %d bytes for %d outputs (%v) %s", j.name, len(raw), len(want), err, why)
			continue
		}
		compareOutputs(t, j.name, got, want)
	}
}

func compareOutputs(t *testing.T, name string, got, want []float32) {
	t.Helper()
	worst, size := 0.0, 1.0
	for i, w := range want {
		worst, size = max(worst, math.Abs(float64(got[i]-w))), max(size, math.Abs(float64(w)))
	}
	if !(worst <= 1e-5*size) {
		t.Errorf("%s: ONNX Runtime's outputs differ by %.2g, of numbers up to %.2g", name, worst, size)
	}
}

// shake moves every bias and running statistic, so that none is 0 or 1.
func shake(n *graph.Net) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, p := range n.Tensors() {
		x := p.Float64s()
		for i := range x {
			if !strings.HasSuffix(p.Name, ".w") {
				x[i] += .1 * r.Float64()
			}
		}
		if err := p.Set(x); err != nil {
			panic(err)
		}
	}
}
