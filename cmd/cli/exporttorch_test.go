package cli

import (
	"encoding/binary"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/cmd/internal/dataset"
	"github.com/stheno-ml/stheno/internal/safetensors"
	"github.com/stheno-ml/stheno/train"
)

// torchNets are networks, and what builds them in PyTorch.
var torchNets = map[string]string{
	"conv(4,5,stride=2) batchnorm prelu dropout2d(.1) conv(4,3x1,pad=same,groups=4) conv(3,3,pad=same,dilation=2,bias=false) avgpool(3,stride=2,pad=1) " +
		"prelu(shared=true) elu(alpha=.7) convtranspose(2,3,stride=2,pad=1,outpad=1) dense(12) layernorm gelu batchnorm dense(10)": `
net = nn.Sequential(OrderedDict(
    conv1=nn.Conv2d(1, 4, 5, stride=2), batchnorm1=nn.BatchNorm2d(4), prelu1=nn.PReLU(4), d=nn.Dropout2d(.1), conv2=nn.Conv2d(4, 4, (3, 1), padding='same', groups=4), conv3=nn.Conv2d(4, 3, 3, padding=2, dilation=2, groups=1, bias=False),
    p=nn.AvgPool2d(3, 2, 1), prelu2=nn.PReLU(), e=nn.ELU(.7), convtranspose1=nn.ConvTranspose2d(3, 2, 3, stride=2, padding=1, output_padding=1),
    flat=nn.Flatten(), dense1=nn.Linear(288, 12), layernorm1=nn.LayerNorm(12), g=nn.GELU(), batchnorm2=nn.BatchNorm1d(12), dense2=nn.Linear(12, 10), s=nn.Softmax(1)))`,
	"reshape(28x28) lstm(6) gru(5,both=true) rnn(4) last dense(10)": `
class Rows(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm1, self.gru1 = nn.LSTM(28, 6, batch_first=True), nn.GRU(6, 5, batch_first=True, bidirectional=True)
        self.rnn1, self.dense1 = nn.RNN(10, 4, batch_first=True), nn.Linear(4, 10)

    def forward(self, x):
        x = self.rnn1(self.gru1(self.lstm1(x.squeeze(1))[0])[0])[0]
        return self.dense1(x[:, -1]).softmax(1)
net = Rows()`,
	"conv(8,7,stride=7) steps positions residual(perstep(layernorm) attention(2)) globalavgpool dense(10)": `
class Patches(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.layernorm1, self.dense1 = nn.Conv2d(1, 8, 7, stride=7), nn.LayerNorm(8), nn.Linear(8, 10)
        self.attention1, self.positions1 = nn.MultiheadAttention(8, 2, batch_first=True), nn.ParameterDict({"w": torch.zeros(16, 8)})

    def forward(self, x):
        x = self.conv1(x).flatten(2).transpose(1, 2) + self.positions1["w"]
        n = self.layernorm1(x)
        return (x + self.attention1(n, n, n)[0]).mean(1).matmul(self.dense1.weight.T).add(self.dense1.bias).softmax(1)
net = Patches()`,
}

// torchRun loads the weights with the loader in docs/export.md, writes the outputs for images, and then the weights.
const torchRun = `
net.load_state_dict(load(sys.argv[1]))
net.eval()
images = torch.frombuffer(bytearray(open(sys.argv[2], 'rb').read()), dtype=torch.uint8).reshape(-1, 1, 28, 28)
with torch.no_grad():
    open(sys.argv[3], 'wb').write(net(images / 256).numpy().tobytes())
import numpy
numpy.savez(sys.argv[4], **{k: v.numpy() for k, v in net.state_dict().items()})
`

// debianPython is the one that has Debian's packages.
const debianPython = "/usr/bin/python3"

// TestTorch: PyTorch takes the exported weights by load_state_dict, gives the same outputs, and writes weights that are the same when they are imported.
func TestTorch(t *testing.T) {
	if exec.Command(debianPython, "-c", "import torch").Run() != nil {
		t.Skip("needs Debian's python3-torch")
	}
	for line, torch := range torchNets {
		t.Run(line, func(t *testing.T) { testTorch(t, line, torch) })
	}
}

func testTorch(t *testing.T, line, torch string) {
	runs, dir, data := t.TempDir(), t.TempDir(), dataSet(t, 600, 100)
	ok(t, "train", line, "--epochs", "1", "--seed", "3", "--data", data, "--runs", runs)
	run := onlyRun(t, runs)
	weights, images := filepath.Join(dir, "w.safetensors"), filepath.Join(dir, "images")
	outputs, back := filepath.Join(dir, "y"), filepath.Join(dir, "back.npz")
	ok(t, "export", run, "--layout", "torch", "-o", weights)
	d, err := digits()
	if err != nil {
		t.Fatal(err)
	}
	some := d.Test.Slice(0, 500)
	write(t, images, some.Images)
	page := readAll(t, "../../docs/export.md")
	_, loader, _ := strings.Cut(page, "```python\n")
	loader, _, _ = strings.Cut(loader, "\nnet = ")
	if text, err := exec.Command(debianPython, "-W", "ignore", "-c", "import sys\nfrom collections import OrderedDict\n"+loader+torch+torchRun, weights, images, outputs, back).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	a := &app{}
	net, err := a.trained(run)
	if err != nil {
		t.Fatal(err)
	}
	want, err := train.Predict(net.net, dataset.PartOf(some).Data())
	if err != nil {
		t.Fatal(err)
	}
	raw, got := []byte(readAll(t, outputs)), make([]float32, len(want))
	if _, err := binary.Decode(raw, binary.LittleEndian, got); err != nil || len(raw) != 4*len(want) {
		t.Fatalf("%d bytes for %d outputs: %v", len(raw), len(want), err)
	}
	for i, w := range want {
		if math.Abs(float64(got[i]-w)) > 1e-5 {
			t.Fatalf("output %d is %v in PyTorch, %v here", i, got[i], w)
		}
	}
	imported, match, err := a.importTensors(back, line, "")
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range imported.net.Tensors() {
		if q := net.net.Tensors()[i]; match.Layout != "torch" || p.Name != q.Name || !slices.Equal(p.Float64s(), q.Float64s()) {
			t.Errorf("from PyTorch, as %s: %s is not %s as it was", match.Layout, p.Name, q.Name)
		}
	}
}

// TestLayout has the names and shapes in both layouts.
func TestLayout(t *testing.T) {
	runs, path := t.TempDir(), filepath.Join(t.TempDir(), "w.safetensors")
	ok(t, "train", "conv(2,5) batchnorm relu dense(10)", "--epochs", "1", "--data", dataSet(t, 60, 10), "--runs", runs)
	for layout, want := range map[string]string{
		"stheno": "conv1.w [2 1 5 5], conv1.b [2], batchnorm1.gamma [2], batchnorm1.beta [2], dense1.w [1152 10], dense1.b [10], batchnorm1.mean [2], batchnorm1.variance [2]",
		"torch":  "conv1.weight [2 1 5 5], conv1.bias [2], batchnorm1.weight [2], batchnorm1.bias [2], dense1.weight [10 1152], dense1.bias [10], batchnorm1.running_mean [2], batchnorm1.running_var [2]",
	} {
		ok(t, "export", "latest", "--runs", runs, "--layout", layout, "-o", path)
		text := readAll(t, path)
		f, err := safetensors.Read(strings.NewReader(text), int64(len(text)), path)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, x := range f.Tensors {
			got = append(got, fmt.Sprint(x.Name, " ", x.Shape))
		}
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("%s: %s", layout, s)
		}
		if f.Metadata["stheno.layout"] != layout || f.Metadata["stheno.input"] != "(batch, 1, 28, 28), pixels from 0 to 255 divided by 256, light on dark" {
			t.Errorf("%v", f.Metadata)
		}
	}
}
