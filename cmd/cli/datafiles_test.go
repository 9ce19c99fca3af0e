package cli

import (
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/internal/npz"
	"github.com/stheno-ml/stheno/mnist"
)

// kerasFile writes the first images of MNIST as Keras' mnist.npz has them.
func kerasFile(t *testing.T, train, test int) string {
	t.Helper()
	d, err := digits()
	if err != nil {
		t.Fatal(err)
	}
	var arrays []npz.Array
	for _, part := range []struct {
		name string
		set  mnist.Set
	}{{"train", d.Train.Slice(0, train)}, {"test", d.Test.Slice(0, test)}} {
		labels := make([]byte, part.set.Len())
		copy(labels, part.set.Labels)
		arrays = append(arrays, npz.Array{Name: "x_" + part.name, Shape: []int{part.set.Len(), 28, 28}, Data: part.set.Images},
			npz.Array{Name: "y_" + part.name, Shape: []int{part.set.Len()}, Data: labels})
	}
	return writeArrays(t, arrays)
}

// TestKeras: Keras' file trains to the bits of the same images in MNIST's four files, and the run reads drawings, as that one does.
func TestKeras(t *testing.T) {
	runs, files, keras := t.TempDir(), dataSet(t, 600, 100), kerasFile(t, 600, 100)
	var weights []string
	for _, data := range []string{files, keras} {
		at := filepath.Join(runs, fmt.Sprint(len(weights)))
		ok(t, "train", "softmax", "--data", data, "--runs", at, "--seed", "5", "--epochs", "2")
		weights = append(weights, lastCheckpoint(t, onlyRun(t, at)))
	}
	if weights[0] != weights[1] {
		t.Error("other weights")
	}
	run := onlyRun(t, filepath.Join(runs, "1"))
	file, _ := testDigit(t, 0)
	digit := filepath.Join(t.TempDir(), "digit.png")
	write(t, digit, file)
	if r := ok(t, "predict", run, digit, "--show"); !strings.Contains(r.out, "digit") || !strings.Contains(r.out, "█") {
		t.Errorf("%s", r.out)
	}
	a, b := ok(t, "eval", run, "--json").out, ok(t, "eval", run, "--data", files, "--json").out
	if a != b {
		t.Errorf("%s and %s", a, b)
	}
}

// TestArrays: an array of floats is standardized, and so are those that are predicted from.
func TestArrays(t *testing.T) {
	n, runs := 120, t.TempDir()
	x, y := make([]float64, 0, 3*n), make([]int64, 0, n)
	for i := range n {
		k := i % 3
		x = append(x, 1000+100*float64(k)+30*math.Sin(float64(i)), math.Cos(float64(i)), float64(-k))
		y = append(y, int64(k))
	}
	data := writeArrays(t, []npz.Array{{Name: "x", Shape: []int{n, 3}, Data: x}, {Name: "y", Shape: []int{n}, Data: y}})
	ok(t, "train", "dense(8) relu dense(3)", "--data", data, "--runs", runs, "--seed", "1", "--epochs", "20")
	run := onlyRun(t, runs)
	few := writeArrays(t, []npz.Array{{Name: "x", Shape: []int{2, 3}, Data: []float64{1000, 0, 0, 1200, 0, -2}}})
	e := events(t, ok(t, "predict", run, few, "--json").out)
	if len(e) != 2 || e[0]["class"] != "0" || e[1]["class"] != "2" || e[1]["p"].([]any)[2].(float64) < .9 {
		t.Errorf("%v", e)
	}
	if r := call("predict", run, writeArrays(t, []npz.Array{{Name: "x", Shape: []int{1, 2}, Data: []float64{1, 2}}})); r.code != exitData || !strings.Contains(r.err, "examples of shape [2], but the network was trained on images of shape [3]") {
		t.Errorf("%+v", r)
	}
	if r := call("predict", run, "x.png"); r.code != exitUsage || !strings.Contains(r.err, "the network takes examples of 3 numbers") {
		t.Errorf("%+v", r)
	}
}

// pictures makes a folder of pictures in color by class: red ones and blue ones.
func pictures(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	for class, c := range map[string]color.RGBA{"cat": {200, 60, 20, 255}, "dog": {20, 60, 200, 255}} {
		if err := os.Mkdir(filepath.Join(dir, class), 0o777); err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			img := image.NewRGBA(image.Rect(0, 0, size, size))
			for k := range size * size {
				img.Set(k%size, k/size, color.RGBA{c.R + byte((k*i)%40), c.G, c.B + byte((k+i)%40), 255})
			}
			write(t, filepath.Join(dir, class, fmt.Sprintf("%d.png", i)), pngOf(t, img))
		}
	}
	return dir
}

// TestPictureFolder: a folder of pictures by class gives a network that says the classes' names, of pictures of any size.
func TestPictureFolder(t *testing.T) {
	dir, runs := pictures(t, 9), t.TempDir()
	r := ok(t, "train", "conv(2,3) relu dense(2)", "--data", dir, "--size", "6x6", "--runs", runs, "--seed", "1")
	if !strings.Contains(r.out, "2 classes: cat, dog, from images of 3×6×6, bytes/256") || !strings.Contains(r.out, "test images") {
		t.Errorf("%s", r.out)
	}
	run := onlyRun(t, runs)
	large := filepath.Join(t.TempDir(), "large.png")
	img := image.NewRGBA(image.Rect(0, 0, 40, 30))
	for k := range 1200 {
		img.Set(k%40, k/40, color.RGBA{30, 60, 210, 255})
	}
	write(t, large, pngOf(t, img))
	if r := ok(t, "predict", run, large); !strings.HasPrefix(r.out, "file") || !strings.Contains(r.out, large+"  dog  ") {
		t.Errorf("%s", r.out)
	}
	e := events(t, ok(t, "predict", run, large, filepath.Join(dir, "cat", "3.png"), "--json").out)
	if e[0]["class"] != "dog" || e[1]["class"] != "cat" {
		t.Errorf("%v", e)
	}
	r = ok(t, "eval", run, "--confusion", "--errors", "1", "--json")
	var got struct{ Classes []string }
	if err := json.Unmarshal([]byte(r.out), &got); err != nil || !slices.Equal(got.Classes, []string{"cat", "dog"}) {
		t.Errorf("%v, %s", err, r.out)
	}
	if r := call("predict", run, flowers(t)); r.code != exitData || !strings.Contains(r.err, "iris.csv: a table, but the network was trained on pictures") {
		t.Errorf("%+v", r)
	}
}

// TestExportData: files say what became of the inputs, and the names of classes and columns.
func TestExportData(t *testing.T) {
	runs, dir := t.TempDir(), t.TempDir()
	ok(t, "train", "dense(4) relu dense(1)", "--data", houses(t), "--target", "price", "--runs", runs, "--epochs", "1")
	run := onlyRun(t, runs)
	model := filepath.Join(dir, "m.onnx")
	ok(t, "export", run, "-o", model)
	text := readAll(t, model)
	for _, want := range []string{
		"(batch, 4): area, town=inside, town=outside, built, as they are in the data; they are standardized inside", "price, in the unit of the data",
		"Sub", "Div", "deviation", "stheno.data",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the ONNX file", want)
		}
	}
	weights := filepath.Join(dir, "m.safetensors")
	ok(t, "export", run, "-o", weights)
	if text := readAll(t, weights); !strings.Contains(text, "standardized: less the mean, divided by the deviation, which are in stheno.data") {
		t.Errorf("%.900s", text)
	}
	if r := ok(t, "export", run, "-o", filepath.Join(dir, "m.npz")); !strings.Contains(r.err, "works with standardized numbers") {
		t.Errorf("%s", r.err)
	}
	named := t.TempDir()
	ok(t, "train", "dense(3)", "--data", flowers(t), "--target", "species", "--runs", named, "--epochs", "1")
	ok(t, "export", onlyRun(t, named), "-o", model)
	if text := readAll(t, model); !strings.Contains(text, `["setosa","versicolor","virginica"]`) {
		t.Error("no classes in the ONNX file")
	}
}

// TestServeData: the page and its API take raw rows, and runs of all kinds stand beside each other.
func TestServeData(t *testing.T) {
	s := serve(t)
	ok(t, "train", "dense(16) relu dense(1)", "--data", houses(t), "--target", "price", "--runs", s.runs, "--epochs", "10", "--seed", "1")
	price := s.newest()
	v := s.want("POST", "/api/predict?run="+price+"&layers=1", []byte(`{"x":[100,"inside",1950]}`), asJSON...)
	answer := v["runs"].([]any)[0].(map[string]any)
	if y := answer["values"].([]any)[0].(float64); math.Abs(y-300000) > 6e4 || answer["targets"].([]any)[0] != "price" || answer["p"] != nil {
		t.Errorf("%v", answer)
	}
	for body, want := range map[string]string{
		`{"x":[100,"inside"]}`:           "x has 2 values; give 3: area, town, built",
		`{"x":[100,"besides",1950]}`:     `column town: \"besides\"; use inside or outside`,
		`{"x":["much","inside",1950]}`:   `column area: \"much\"; use a number`,
		`{"x":[null,"inside",1950]}`:     "column area: null; use a number",
		`{"x":[[1],"inside",1950]}`:      "column area: [1]; use a number",
		`{"x":[1e300,"inside",1950]}`:    "use a number",
		`{"x":{"area":100,"town":"in"}}`: "cannot unmarshal",
	} {
		status, v := s.ask("POST", "/api/predict?run="+price, []byte(body), asJSON...)
		if message := fmt.Sprintf("%q", v["error"]); status != 400 || !strings.Contains(message, want) {
			t.Errorf("%s: %d %s, want %s", body, status, message, want)
		}
	}
	digit, _ := testDigit(t, 0)
	if status, v := s.ask("POST", "/api/predict?run="+price, digit); status != 400 || !strings.Contains(v["error"].(string), "the network takes examples of 4 numbers, and pictures are framed to 1×28×28; use another run, or send numbers") {
		t.Errorf("%d %v", status, v)
	}
	ok(t, "train", "dense(2)", "--data", pictures(t, 8), "--runs", s.runs, "--epochs", "10", "--seed", "1")
	animal := s.newest()
	v = s.want("POST", "/api/predict?run="+animal+"&run="+s.run, digit)
	if a := v["runs"].([]any)[0].(map[string]any); a["class"] == nil || len(a["classes"].([]any)) != 2 || v["seen"] == nil {
		t.Errorf("%v", v)
	}
	for _, run := range []string{price, animal, s.run} {
		for _, path := range []string{"", "/look", "/test"} {
			s.want("GET", "/api/runs/"+run+path, nil)
		}
		s.want("GET", "/api/gradient?run="+run, nil)
	}
	if v := s.want("GET", "/api/runs/"+price+"/test", nil); v["r2"] == nil || v["confusion"] != nil {
		t.Errorf("%v", v)
	}
	if v := s.want("GET", "/api/runs/"+price, nil); v["data"] != "table" || v["schema"] == nil {
		t.Errorf("%v", v)
	}
}

// TestRunFromBefore: a run without data.json, as older programs made it, is one over images of bytes.
func TestRunFromBefore(t *testing.T) {
	runs, data := t.TempDir(), dataSet(t, 60, 10)
	ok(t, "train", "mlp", "--data", data, "--runs", runs, "--epochs", "1")
	run := onlyRun(t, runs)
	want := ok(t, "eval", run, "--confusion").out
	if err := os.Remove(filepath.Join(run, "data.json")); err != nil {
		t.Fatal(err)
	}
	if r := call("eval", run); r.code != exitData || !strings.Contains(r.err, "data.json") {
		t.Errorf("lost: %+v", r)
	}
	info := filepath.Join(run, "run.json")
	var kept []string
	for line := range strings.Lines(readAll(t, info)) {
		if !strings.Contains(line, `"data_json_sha256"`) && !strings.Contains(line, `"data_kind"`) {
			kept = append(kept, line)
		}
	}
	write(t, info, []byte(strings.Join(kept, "")))
	if got := ok(t, "eval", run, "--confusion").out; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	ok(t, "train", "--resume", run, "--epochs", "2")
}

// TestModelFollowsData: a file that says neither input nor loss follows the data, as a line does; one that does not fit is an error.
func TestModelFollowsData(t *testing.T) {
	file := tableFile(t, "net.toml", "format = 1\n[[layer]]\nop = 'dense'\nout = 1\n")
	runs := t.TempDir()
	ok(t, "train", file, "--data", houses(t), "--target", "price", "--runs", runs, "--epochs", "1")
	text := readAll(t, filepath.Join(onlyRun(t, runs), "model.toml"))
	for _, want := range []string{"\ninput = [4]\n", `op = "mse"`, "\neta = 0.01\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	write(t, file, []byte("format = 1\n[[layer]]\nop = 'dense'\nout = 1\n[loss]\nop = 'log-likelihood'\n"))
	if r := call("train", file, "--data", houses(t), "--target", "price"); r.code != exitUsage || !strings.Contains(r.err, "has numbers to predict, and the loss log-likelihood is for classes; use --loss mse") {
		t.Errorf("%+v", r)
	}
}
