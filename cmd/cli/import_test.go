package cli

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/cmd/internal/weights"
	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
	"github.com/stheno-ml/stheno/models/byhand"
	"github.com/stheno-ml/stheno/train"
)

// foreignNet is a network in one line, for TestImportTorch and TestImportKeras. It has square weights, two convolutions of which one is without
// bias, and a flattened image of several maps.
const foreignNet = "conv(4,5) batchnorm relu pool(2) conv(6,3,bias=false) batchnorm relu pool(2) dense(12) tanh dense(12) batchnorm sigmoid dense(10)"

// torchProgram is that network in PyTorch. It writes its state_dict as NumPy does, and by the alphabet, as the safetensors library does; and its outputs.
const torchProgram = `
import json, struct, sys, numpy, torch
from torch import nn
torch.manual_seed(3)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(1, 4, 5), nn.BatchNorm2d(4)
        self.conv2, self.bn2 = nn.Conv2d(4, 6, 3, bias=False), nn.BatchNorm2d(6)
        self.fc1, self.fc2, self.bn3, self.fc3 = nn.Linear(150, 12), nn.Linear(12, 12), nn.BatchNorm1d(12), nn.Linear(12, 10)
    def forward(self, x):
        x = torch.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 2)
        x = torch.max_pool2d(torch.relu(self.bn2(self.conv2(x))), 2)
        x = torch.tanh(self.fc1(x.flatten(1)))
        return torch.softmax(self.fc3(torch.sigmoid(self.bn3(self.fc2(x)))), 1)
net = Net()
for m in net.modules():
    if hasattr(m, 'running_mean'):
        m.running_mean.normal_(); m.running_var.uniform_(.5, 2)
        m.weight.data.uniform_(.5, 1.5); m.bias.data.normal_()
net.eval()
folder, images = sys.argv[1:]
x = torch.frombuffer(bytearray(open(images, 'rb').read()), dtype=torch.uint8).reshape(-1, 1, 28, 28) / 256
with torch.no_grad(): net(x).numpy().astype('<f4').tofile(folder + '/y')
state = {k: v.numpy() for k, v in net.state_dict().items()}
numpy.savez(folder + '/t.npz', **state)
header, data = {'__metadata__': {'format': 'pt'}}, b''
for k in sorted(state):
    raw = state[k].tobytes()
    header[k] = {'dtype': {'float32': 'F32', 'int64': 'I64'}[str(state[k].dtype)], 'shape': list(state[k].shape), 'data_offsets': [len(data), len(data) + len(raw)]}
    data += raw
header = json.dumps(header).encode()
open(folder + '/t.safetensors', 'wb').write(struct.pack('<Q', len(header)) + header + data)
`

// kerasProgram is the network as Keras computes it, in NumPy: images are (rows, columns, maps), and so are the axes of its arrays. It writes them under
// the names of Keras 2 and in the order of get_weights, and the outputs.
const kerasProgram = `
import sys, numpy as np
r = np.random.default_rng(5)
def draw(*shape): return (r.normal(size=shape) / np.sqrt(np.prod(shape[:-1]) if len(shape) > 1 else 4)).astype('f4')
def norm(n): return [r.uniform(.5, 1.5, n).astype('f4'), draw(n), draw(n), r.uniform(.5, 2, n).astype('f4')]
k1, c1, n1, k2, n2 = draw(5, 5, 1, 4), draw(4), norm(4), draw(3, 3, 4, 6), norm(6)
d1, e1, d2, e2, n3, d3, e3 = draw(150, 12), draw(12), draw(12, 12), draw(12), norm(12), draw(12, 10), draw(10)
def conv(x, k):
    windows = np.lib.stride_tricks.sliding_window_view(x, k.shape[:2], axis=(1, 2))  # (m, rows, columns, maps, h, w)
    return np.einsum('mrcihw,hwio->mrco', windows, k, optimize=True)
def batch_norm(x, n, eps=.001): return n[0] * (x - n[2]) / np.sqrt(n[3] + eps) + n[1]
def pool(x): return x.reshape(x.shape[0], x.shape[1] // 2, 2, x.shape[2] // 2, 2, x.shape[3]).max(axis=(2, 4))
folder, images = sys.argv[1:]
x = np.fromfile(images, np.uint8).reshape(-1, 28, 28, 1) / 256
x = pool(np.maximum(batch_norm(conv(x, k1) + c1, n1), 0))
x = pool(np.maximum(batch_norm(conv(x, k2), n2), 0))
x = np.tanh(x.reshape(len(x), -1) @ d1 + e1)
x = 1 / (1 + np.exp(-batch_norm(x @ d2 + e2, n3))) @ d3 + e3
x = np.exp(x - x.max(axis=1, keepdims=True))
(x / x.sum(axis=1, keepdims=True)).astype('<f4').tofile(folder + '/y')
arrays = [k1, c1, *n1, k2, *n2, d1, e1, d2, e2, *n3, d3, e3]
def normed(name): return [name + s for s in ('/gamma:0', '/beta:0', '/moving_mean:0', '/moving_variance:0')]
names = ['conv2d/kernel:0', 'conv2d/bias:0', *normed('batch_normalization'), 'conv2d_1/kernel:0', *normed('batch_normalization_1'),
    'dense/kernel:0', 'dense/bias:0', 'dense_1/kernel:0', 'dense_1/bias:0', *normed('batch_normalization_2'), 'dense_2/kernel:0', 'dense_2/bias:0']
np.savez(folder + '/named.npz', **dict(zip(names, arrays)))
np.savez_compressed(folder + '/ordered.npz', *arrays)
`

// written runs a program of Python that writes a network's arrays and its outputs for images, in a folder.
func written(t *testing.T, program, needs string) (folder string, some train.Images, outputs []float32) {
	t.Helper()
	const python = "/usr/bin/python3"
	if exec.Command(python, "-c", "import "+needs).Run() != nil {
		t.Skip("needs Debian's python3-" + needs)
	}
	folder = t.TempDir()
	d, err := digits()
	if err != nil {
		t.Fatal(err)
	}
	set := d.Test.Slice(0, 300)
	images := filepath.Join(folder, "images")
	write(t, images, set.Images)
	if text, err := exec.Command(python, "-W", "ignore", "-c", program, folder, images).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	raw := []byte(readAll(t, filepath.Join(folder, "y")))
	outputs = make([]float32, set.Len()*10)
	if _, err := binary.Decode(raw, binary.LittleEndian, outputs); err != nil || len(raw) != 4*len(outputs) {
		t.Fatalf("%d bytes for %d outputs: %v", len(raw), len(outputs), err)
	}
	return folder, train.Images{Pixels: set.Images, Labels: set.Labels}, outputs
}

// gives is an error of the test unless the run gives these outputs, to 1e-5.
func gives(t *testing.T, run string, images train.Images, want []float32) {
	t.Helper()
	a := &app{}
	net, err := a.trained(run)
	if err != nil {
		t.Fatal(err)
	}
	got, err := train.Predict(net.net, images)
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range want {
		if math.Abs(float64(got[i]-w)) > 1e-5 {
			t.Fatalf("output %d is %v here, %v in the other program", i, got[i], w)
		}
	}
}

// TestImportTorch: PyTorch's arrays give its outputs, and the run is one like any.
func TestImportTorch(t *testing.T) {
	folder, images, want := written(t, torchProgram, "torch")
	for _, name := range []string{"t.npz", "t.safetensors"} {
		runs := t.TempDir()
		r := ok(t, "import", filepath.Join(folder, name), foreignNet, "--runs", runs)
		for _, line := range []string{
			"tensor                        shape  goes to                shape  how\n",
			"\nfc2.weight                    12×12  dense2.w               12×12  transposed\n",
			"\nbn1.num_batches_tracked  one number                                not used\n",
			"parameters, float32\nnote       layout: torch, by ", "\n           inputs: pixels are divided by 256 here; a program that divided by 255 saw them 0.4% larger",
		} {
			if !strings.Contains(r.out, line) {
				t.Errorf("%s: no %q in\n%s", name, line, r.out)
			}
		}
		run := onlyRun(t, runs)
		gives(t, run, images, want)
		if name == "t.npz" {
			continue
		}
		y := filepath.Join(folder, "again.npz")
		ok(t, "export", run, "-o", y)
		again := events(t, ok(t, "import", y, foreignNet, "--runs", runs, "--json").out)[0]
		gives(t, again["run"].(string), images, want)
	}
}

// TestImportKeras: arrays in Keras's layout give what Keras computes, by their names and by their order alone.
func TestImportKeras(t *testing.T) {
	folder, images, want := written(t, kerasProgram, "numpy")
	network := strings.ReplaceAll(foreignNet, "batchnorm", "batchnorm(eps=0.001)")
	for name, by := range map[string]string{"named.npz": "by the names", "ordered.npz": "by the shapes"} {
		runs := t.TempDir()
		r := ok(t, "import", filepath.Join(folder, name), network, "--runs", runs, "--json")
		gives(t, onlyRun(t, runs), images, want)
		if strings.Contains(r.out, "batch norm has eps") {
			t.Error(r.out)
		}
		for _, want := range []string{
			`"layout":"keras"`, "layout: keras, " + by,
			`"shape":[150,12],"to":"dense1.w","to_shape":[150,12],"how":"(rows, columns, maps) to (maps, rows, columns)"`,
			`"shape":[3,3,4,6],"to":"conv2.w","to_shape":[6,4,3,3],"how":"(rows, columns, in, out) to (out, in, rows, columns)"`,
		} {
			if !strings.Contains(r.out, want) {
				t.Errorf("%s: no %s in %s", name, want, r.out)
			}
		}
	}
	if r := ok(t, "import", filepath.Join(folder, "named.npz"), foreignNet, "--runs", t.TempDir()); !strings.Contains(r.out, "batch norm has eps 1e-05 here and 0.001 in Keras") {
		t.Error(r.out)
	}
	r := call("import", filepath.Join(folder, "ordered.npz"), foreignNet, "--layout", "torch")
	if r.code != exitData || !strings.Contains(r.err, "ordered.npz does not fit model conv-4-5") || !strings.Contains(r.err, "left of the file: arr_0 (5, 5, 1, 4), ") {
		t.Errorf("%+v", r)
	}
}

// TestImportRoundTrip: what export writes of each model of the catalogue comes back with the same bits.
func TestImportRoundTrip(t *testing.T) {
	a, dir, seen := &app{models: models.All}, t.TempDir(), map[string]bool{}
	for i, m := range models.All {
		if network := fmt.Sprint(m.Net, m.Input); seen[network] { // another recipe for the same network
			continue
		} else {
			seen[network] = true
		}
		double := i%8 == 0
		net, err := graph.New(m.Net, m.Loss, m.Input, graph.Config{Seed: uint64(i), Init: graph.Default, Float64: double})
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(uint64(i), 1))
		for _, p := range net.Fixed { // running moments are all alike at first
			x := p.Float64s()
			for k := range x {
				x[k] = r.Float64()
			}
			if err := p.Set(x); err != nil {
				t.Fatal(err)
			}
		}
		from := &trained{path: "x", epoch: -1, model: m, net: net, schema: digitSchema(net)}
		for _, layout := range []string{weights.Stheno, weights.Torch, ""} {
			path, form := filepath.Join(dir, "w.npz"), exportArrays
			if layout != "" {
				path, form = filepath.Join(dir, "w.safetensors"), exportTensors
			}
			text, err := form(from, layout)
			if err != nil {
				t.Fatal(err)
			}
			write(t, path, text)
			got, match, err := a.importTensors(path, m.Name, "")
			if err != nil {
				t.Errorf("%s, %s: %v", m.Name, path, err)
				continue
			}
			for k, p := range net.Tensors() {
				if q := got.net.Tensors()[k]; q.Name != p.Name || !slices.Equal(q.Float64s(), p.Float64s()) || reflect.TypeOf(q.Data) != reflect.TypeOf(p.Data) {
					t.Errorf("%s, %s: %s is not %s as it was", m.Name, path, q.Name, p.Name)
				}
			}
			if match.Layout != map[bool]string{false: weights.Stheno, true: weights.Torch}[layout == weights.Torch] || len(match.Unused) > 0 {
				t.Errorf("%s, %s: %s, %v", m.Name, path, match.Layout, match.Unused)
			}
		}
	}
}

// TestImportedResumes: an imported network whose optimizer and average keep tensors is trained on, in its own precision.
func TestImportedResumes(t *testing.T) {
	dir, runs := t.TempDir(), t.TempDir()
	net, err := graph.New(graph.Seq{graph.Dense{Out: 5}, graph.BatchNorm{}, graph.ReLU, graph.Dense{Out: 10}}, graph.LogLikelihood, graph.Shape{1, 28, 28}, graph.Config{Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := net.Save(&b); err != nil {
		t.Fatal(err)
	}
	file, model := filepath.Join(dir, "net.safetensors"), filepath.Join(dir, "m.toml")
	write(t, file, b.Bytes())
	write(t, model, []byte("format = 1\nname = \"mine\"\nlayer = 'dense(5) batchnorm relu dense(10)'\n[loss]\nop = \"log-likelihood\"\n"+
		"[train]\nepochs = 3\nbatch = 50\neta = 0.01\noptimizer = \"adam\"\nema = 0.9\ntrain_size = 1000\n"))
	r := ok(t, "import", file, model, "--runs", runs)
	if strings.Contains(r.out, "divided by 255") {
		t.Errorf("our own file: %s", r.out)
	}
	run := onlyRun(t, runs)
	if info := readInfo(t, run); info.DType != "float32" || info.Status != "done" {
		t.Errorf("%+v", info)
	}
	before := events(t, ok(t, "eval", run, "--json").out)[0]["correct"].(float64)
	if r := ok(t, "train", "--resume", run); !strings.Contains(r.out, "3,995 parameters, float32") {
		t.Error(r.out)
	}
	if after := events(t, ok(t, "eval", run, "--json").out)[0]["correct"].(float64); after < before+3000 {
		t.Errorf("%v right before, %v after", before, after)
	}
	ok(t, "export", run, "-o", filepath.Join(dir, "w.onnx"))
}

// relatives writes a network as network2.py does, and as programs like it do: flat biases, (in, out), other keys, no cost, no sizes.
func relatives(t *testing.T, dir string, net *byhand.Network2) (paths []string) {
	t.Helper()
	var weights, turned [][][]float64
	var columns [][][]float64
	for l, w := range net.Weights {
		in, out := net.Sizes[l], net.Sizes[l+1]
		rows, cols, bias := make([][]float64, out), make([][]float64, in), make([][]float64, out)
		for i := range out {
			bias[i] = net.Biases[l][i : i+1]
			rows[i] = w[i*in : (i+1)*in]
			for j := range in {
				cols[j] = append(cols[j], w[i*in+j])
			}
		}
		weights, turned, columns = append(weights, rows), append(turned, cols), append(columns, bias)
	}
	for i, file := range []object{
		{{"sizes", net.Sizes}, {"weights", weights}, {"biases", columns}, {"cost", "CrossEntropyCost"}},
		{{"sizes", net.Sizes}, {"weights", weights}, {"biases", columns}},
		{{"Sizes", net.Sizes}, {"W", turned}, {"b", net.Biases}, {"loss", "cross_entropy"}},
		{{"weights", turned}, {"biases", net.Biases}, {"epochs", 30}, {"accuracy", []float64{.9}}},
	} {
		text, err := json.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, filepath.Join(dir, fmt.Sprintf("net%d.json", i)))
		write(t, paths[i], text)
	}
	return paths
}

// TestRelatives: files that programs like network2.py write are read by eval, predict and import alike, and give the same answers.
func TestRelatives(t *testing.T) {
	dir := t.TempDir()
	net := byhand.New2(3, byhand.CrossEntropyCost{}, 784, 5, 10)
	digit := filepath.Join(dir, "digit.png")
	write(t, digit, picture(t, 0, 3, false))
	var evals, predictions string
	data := dataSet(t, 60, 100)
	for i, path := range relatives(t, dir, net) {
		runs := t.TempDir()
		eval, predict := ok(t, "eval", path, "--data", data, "--json"), ok(t, "predict", path, digit, "--json")
		score := strings.TrimPrefix(eval.out, fmt.Sprintf("{%q:%q,", "run", path))
		if i == 0 {
			evals, predictions = score, predict.out
		}
		if score != evals || predict.out != predictions {
			t.Errorf("%s: %s%s, the first %s%s", path, eval.out, predict.out, evals, predictions)
		}
		note := []string{"", "", "", `not read: "epochs", "accuracy"`}[i]
		if !strings.Contains(eval.err, note) || note == "" && eval.err != "" || !strings.Contains(predict.err, note) || strings.Contains(eval.err, "cost") {
			t.Errorf("%s: %q, %q; want %q", path, eval.err, predict.err, note)
		}
		r := ok(t, "import", path, "--runs", runs)
		if got := strings.Contains(r.out, `add "cost": "CrossEntropyCost" to the file`); got != (i%2 == 1) || !strings.Contains(r.out, note) {
			t.Error(r.out)
		}
		if got := ok(t, "predict", onlyRun(t, runs), digit, "--json"); got.out != predictions {
			t.Errorf("%s imported: %s", path, got.out)
		}
	}
}

// TestForeignFiles: what cannot be read says how it can be made readable.
func TestForeignFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"net.pkl", "net.pt", "net.h5", "w.npy", "w.npz", "net.onnx", "pickled.json", "w2.npz"} {
		write(t, filepath.Join(dir, name), []byte("\x80\x04\x95"))
	}
	small := filepath.Join(dir, "small.json")
	if err := byhand.New2(3, byhand.QuadraticCost{}, 6, 2).Save(small); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"import net.pkl", exitUsage, `import net.pkl: a pickled Python object, which may run any program when it is opened; if you trust it, convert it: ` +
			`python3 -c 'import json, pickle; n = pickle.load(open("net.pkl", "rb")); json.dump({"weights": [w.tolist() for w in n.weights], ` +
			`"biases": [b.tolist() for b in n.biases]}, open("net.json", "w"))', and then stheno import net.json` + "\n"},
		{"eval net.pt", exitData, `net.pt: a file, not a run; PyTorch's own file, which may run any program when it is opened; if you trust it, convert it: ` +
			`python3 -c 'import numpy, torch; numpy.savez("net.npz", **{k: v.numpy() for k, v in torch.load("net.pt", map_location="cpu").items()})', ` +
			"and then stheno import net.npz MODEL\n"},
		{"import net.h5 mlp", exitUsage, `keras.models.load_model("net.h5").get_weights())', and then stheno import net.npz MODEL`},
		{"import w.npy mlp", exitUsage, `numpy.savez("w.npz", numpy.load("w.npy"))'`},
		{"predict w.npz x.png", exitData, "w.npz: a file, not a run; stheno import w.npz MODEL makes a run of it"},
		{"eval net.onnx", exitData, "net.onnx: a file, not a run; give the folder of a run"},
		{"import net.onnx mlp", exitUsage, "import net.onnx: use a file that ends in .json, .safetensors or .npz"},
		{"import pickled.json", exitData, "byhand: pickled.json: a pickled Python object, which may run any program when it is opened; load it in Python and write it with json.dump"},
		{"import w.npz", exitUsage, "w.npz has weights, but not the network; add the model"},
		{"import w.npz mlp", exitData, "npz: w.npz: byte offset 0: the file has 3 bytes"},
		{"import none.safetensors mlp", exitData, "none.safetensors: no such file"},
		{"import w.npz mpl", exitUsage, "did you mean mlp?"},
		{"import w.npz mlp --layout pytorch", exitUsage, "did you mean torch?"},
		{"import small.json mlp", exitUsage, "small.json and a model; leave out mlp, the file says what it is"},
		{"import small.json --layout torch", exitUsage, "--layout for small.json; leave it out, the file has only one layout"},
		{"predict small.json x.png", exitUsage, "small.json: the network takes images of 1×1×6, and pictures are framed to 1×28×28"},
		{"predict none.json x.png", exitData, "none.json"},
	} {
		if r := call(strings.Fields(c.args)...); r.code != c.code || !strings.Contains(r.err, c.want) {
			t.Errorf("%s: %+v; want %d, %q", c.args, r, c.code, c.want)
		}
	}
	if _, err := os.Stat("runs"); err == nil {
		t.Error("a run is left over")
	}
}
