package models

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/term/termtest"
	"github.com/stheno-ml/stheno/train"
)

// TestFile: text -> model -> text is the identity for the whole catalogue.
func TestFile(t *testing.T) {
	for _, m := range All {
		text, err := Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Decode("model.toml", text)
		if err != nil {
			t.Fatalf("%s: %v\n%s", m.Name, err, text)
		}
		again, err := Encode(back)
		if err != nil || !bytes.Equal(text, again) {
			t.Errorf("%s: %v:\n%s\nbecame\n%s", m.Name, err, text, again)
		}
		if back.Recipe.Eta != m.Recipe.Eta || len(back.Input) != 3 || fmt.Sprint(back.Loss) != fmt.Sprint(m.Loss) || fmt.Sprint(back.Net) != fmt.Sprint(m.Net) {
			t.Errorf("%s: came back as %+v", m.Name, back)
		}
	}
}

// halved is a user's own layer.
type halved struct{ Rate float64 }

func (halved) Kind() string                                      { return "halved" }
func (halved) Build(_ *graph.Builder, x *graph.Node) *graph.Node { return x }

// canonical is a file with all keys, as Encode writes it.
const canonical = `format = 1
name = "two \"names\" \\ \t"
input = [2, 8, 8] # channels, rows, columns

[[layer]]
op = "conv"
out = 4
kernel = 3
pad = 1
init = "normal(0.1)"
name = "trunk"

[[layer]]
op = "residual"

[[layer.layer]]
op = "relu"

[[layer.layer]]
op = "repeat"
times = 2

[[layer.layer.layer]]
op = "batchnorm"
eps = 1e-06

[[layer.layer.layer]]
op = "conv"
out = 4
kernel = 3
pad = 1

[[layer]]
op = "dense"
out = 3
name = "left"

[[layer]]
op = "concat"
from = ["trunk"]
name = "both"

[[layer.branch]]

[[layer.branch.layer]]
op = "pool"
size = 2

[[layer.branch.layer]]
op = "halved"
rate = 0.25

[[layer.branch]]

[[layer.branch.layer]]
op = "graph"

[[layer.branch.layer.layer]]
op = "avgpool"
size = 2

[[layer.branch.layer.layer]]
op = "tanh"

[[layer]]
op = "dense"
out = 3
name = "right"

[[layer]]
op = "add"
from = ["left", "right"]

[[layer]]
op = "dense"
out = 10

[loss]
op = "log-likelihood"
smoothing = 0.1

[train]
epochs = 3
batch = 10
eta = 0.001
lambda = 0
momentum = 0
optimizer = "adam(beta1=0.8)"
schedule = "onecycle(warmup=0.2)"
patience = 4
clip = 1.5
ema = 0.99
init = "he"
train_size = 1000
augment = "warp(rotate=15,zoom=0.1)"
drop_tail = true

[train.etas]
dense1 = 0.01
"trunk.dense1" = 0.1
`

func TestCanonical(t *testing.T) {
	r := Reader{Models: []Model{{Net: graph.Seq{halved{1}}}}, Fit: true}
	m, err := r.Decode("m.toml", []byte(canonical))
	if err != nil {
		t.Fatal(err)
	}
	again, err := Encode(m)
	if err != nil || string(again) != strings.Replace(canonical, "from = [\"trunk\"]\nname = \"both\"", "name = \"both\"\nfrom = [\"trunk\"]", 1) {
		t.Errorf("%v:\n%s", err, again)
	}
	want := graph.Seq{graph.Graph{
		{Layer: graph.Conv{Out: 4, Kernel: 3, Pad: 1, Init: graph.Normal(.1)}, Name: "trunk"},
		{Layer: graph.Residual{graph.ReLU, graph.Repeat{Times: 2, Layers: graph.Seq{graph.BatchNorm{Eps: 1e-6}, graph.Conv{Out: 4, Kernel: 3, Pad: 1}}}}},
		{Layer: graph.Dense{Out: 3}, Name: "left"},
		{Layer: graph.Concat{{graph.MaxPool{Size: 2}, halved{.25}}, {graph.Graph{{Layer: graph.AvgPool{Size: 2}}, {Layer: graph.Tanh}}}},
			Name: "both", From: []string{"trunk"}},
		{Layer: graph.Dense{Out: 3}, Name: "right"},
		{Layer: graph.Add(nil), From: []string{"left", "right"}},
		{Layer: graph.Dense{Out: 10}},
	}}
	if a, b := text(t, m.Net), text(t, want); a != b {
		t.Errorf("%s, want %s", a, b)
	}
	recipe := Recipe{Epochs: 3, Batch: 10, Eta: .001, Optimizer: train.Adam{Beta1: .8}, Schedule: train.OneCycle{Warmup: .2}, Patience: 4, Clip: 1.5, EMA: .99,
		Init: graph.He, TrainSize: 1000, Augment: train.Warp{Rotate: 15, Zoom: .1}, DropTail: true, Etas: train.Etas{"dense1": .01, "trunk.dense1": .1}}
	if !reflect.DeepEqual(m.Recipe, recipe) || m.Name != "two \"names\" \\ \t" || m.Loss.Smoothing != .1 {
		t.Errorf("%+v", m)
	}
}

func text(t *testing.T, l graph.Layer) string {
	t.Helper()
	text, err := kinds.Print(l)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestSpellings: other ways to write the same model.
func TestSpellings(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "dense(10)",
		"layer = 'conv(4,3) relu dense(10)'": "conv(4,3) relu dense(10)",
		"[[layer]]\nop='dense(10)'":          "dense(10)",
		"[[layer]]\nop='dense(init=zero)'\nout=10\n[loss]\nop='log-likelihood(smoothing=0)'": "dense(10,init=zero)",
		"layer = [{op='dense', out=1_0}]":                                                                      "dense(10)",
		"layer = 'dense(10)'\nloss = 'log-likelihood'":                                                         "dense(10)",
		"[layer]\nop = 'dense'\nout = 0xA":                                                                     "dense(10)",
		"[[layer]]\nop='residual'\nlayer='relu tanh'\n[[layer]]\nop='dense'\nout=10":                           "residual(relu tanh) dense(10)",
		"[[layer]]\nop='dense'\nout=10\ninit={op='normal', std=0.5}":                                           "dense(10,init=normal(0.5))",
		"[[layer]]\nop='dense'\nout=10\ninit.op='zero'":                                                        "dense(10,init=zero)",
		"[[layer]]\nop='add'\n[[layer.branch]]\n[[layer.branch]]\nlayer='relu'\n[[layer]]\nop='dense'\nout=10": "add(seq,relu) dense(10)",
		"[[layer]]\nop='reshape'\nshape=[4,196]\n[[layer]]\nop='dense'\nout=10":                                "reshape(4x196) dense(10)",
		"[[layer]]\nop='dense'\nout=10\nname='a'":                                                              "graph(dense(10,name=a))",
	} {
		if text == "" {
			text = "[[layer]]\nop = 'dense'\nout = 10"
		}
		m, err := Decode("m.toml", []byte("format = 1\n"+text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := fmt.Sprint(m.Net); got != strings.ReplaceAll(want, ",init=zero", "") && !strings.Contains(want, "init") {
			t.Errorf("%s: %s, want %s", text, got, want)
		} else if !reflect.DeepEqual(m.Recipe, Plain) || m.Loss != graph.LogLikelihood || m.Input.TotalSize() != 784 {
			t.Errorf("%s: %+v", text, m)
		}
	}
}

// old is a file of an earlier version of the program.
const old = `format = 1
name = 'old'
# channels, rows, columns
input = [1, 28, 28]

[[layer]]
op = 'conv'
out = 20
kernel = 5
init = 'normal(0.08944271909999159)'

[[layer]]
op = 'pool'
size = 2

[[layer]]
op = 'dropout'
p = 0.5

[[layer]]
op = 'dense'
out = 10

[loss]
op = 'cross-entropy'

[train]
epochs = 60
batch = 10
eta = 0.03
lambda = 1.0
momentum = 0.0
init = ''
augment = 'shifts'
drop_tail = true
`

func TestOld(t *testing.T) {
	m, err := Decode("old.toml", []byte(old))
	if err != nil {
		t.Fatal(err)
	}
	if got := text(t, m.Net); got != "conv(20,5,init=normal(0.08944271909999159)) pool(2) dropout(0.5) dense(10)" {
		t.Error(got)
	}
	if want := (Recipe{Epochs: 60, Batch: 10, Eta: .03, Lambda: 1, Init: graph.Default, Augment: Shifts{}, DropTail: true}); !reflect.DeepEqual(m.Recipe, want) || m.Loss != graph.CrossEntropy {
		t.Errorf("%+v", m)
	}
}

// TestAnyNet: every network of built-in layers can be read back from its tables.
func TestAnyNet(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 500 {
		var net graph.Seq
		termtest.Fill(random, kinds, &net)
		w, err := Encode(Model{Net: net, Loss: graph.Quadratic, Recipe: Plain})
		if err != nil {
			t.Fatalf("%s: %v", text(t, net), err)
		}
		back, err := Reader{}.Decode("m.toml", w)
		if err != nil {
			t.Fatalf("%v in\n%s", err, w)
		}
		if a, b := text(t, net), text(t, back.Net); a != b {
			t.Fatalf("%s became %s by\n%s", a, b, w)
		}
	}
}

func TestFileErrors(t *testing.T) {
	good, err := Encode(MLP)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, want string }{
		{"format = 1\n", "", "m.toml:1:1: no format; begin with format = 1"},
		{"format = 1", "format = 2", "m.toml:1:1: format = 2; this program reads format = 1"},
		{"format = 1", "formatt = 1", "m.toml:1:1: no format; begin with format = 1"},
		{"name =", "nmae =", `m.toml:2:1: model: unknown key "nmae"; did you mean name?`},
		{`name = "mlp"`, "name = 3", "m.toml:2:1: not text; write it in quotes"},
		{`name = "mlp"`, `name = "m\u001b[31m"`, `m.toml:2:1: model: name "m\x1b[31m"; leave '\x1b' out`},
		{"format = 1", "\ufeffformat = 2", "m.toml:1:1: format = 2; this program reads format = 1"},
		{"[1, 28, 28]", "[1, 28, -28]", "m.toml:4:1: model: input (1, 28, -28); use axes of at least 1, and at most"},
		{"[1, 28, 28]", "[1, 28000, 28000]", "m.toml:4:1: model: input (1, 28000, 28000); use axes"},
		{"[1, 28, 28]", "[1, 28, 'x']", `m.toml:4:1: model: input "x"; use a whole number`},
		{"eta = 3", "etha = 3", `m.toml:26:1: train: unknown key "etha"; did you mean eta?`},
		{"eta = 3", "eta = 'x'", `m.toml:26:1: train: eta "x"; use a number`},
		{"eta = 3", "eta = nan", `m.toml:26:1: train: eta "NaN"; use a number`},
		{"eta = 3", "eta = 1979-05-27", `m.toml:26:1: 1979-05-27; use a number, a text in quotes`},
		{"eta = 3", "batch = 3", "m.toml:26:1: "},
		{"batch = 10", "batch = 1.5", `m.toml:25:1: train: batch "1.5"; use a whole number`},
		{"eta = 3", "optimizer = 'adma'", `m.toml:26:1: train: optimizer: unknown optimizer "adma"; did you mean adam?`},
		{`"dense"`, `"dens"`, `m.toml:7:1: unknown layer "dens"; did you mean dense?`},
		{`op = "dense"`, `po = "dense"`, `m.toml:6:3: no op with a name; give one, as in op = "dense"`},
		{`op = "dense"`, `op = "dense relu"`, `m.toml:7:1: op "dense relu"; name one kind`},
		{`op = "dense"`, `op = "dense(20)"`, `m.toml:8:1: dense: out is given twice; leave one out`},
		{`op = "dense"`, `op = "dense("`, `m.toml:7:`},
		{`op = "dense"`, `op = 3`, `m.toml:6:3: no op with a name`},
		{"out = 30", "'' = 30", "m.toml:6:3: a key without letters; leave it out"},
		{"out = 30", "uot = 30", `m.toml:8:1: dense: unknown key "uot"; did you mean out?`},
		{"out = 30", "", "m.toml:7:1: dense: no out; use dense(out,"},
		{"out = 30", "out = 'many'", `m.toml:8:1: dense: out "many"; use a whole number`},
		{"out = 30", "out = 0", "m.toml:7:1: layer 0 dense(0): input (1, 1, 28, 28): 0 outputs; use at least 1"},
		{"out = 30", "out = 300000000", "m.toml:7:1: layer 0 dense(300000000): input (1, 1, 28, 28): parameter dense1.w (784, 300000000) makes more than"},
		{`"sigmoid"`, "\"sigmoid\"\nout = 4", "m.toml:12:1: sigmoid: unknown key \"out\""},
		{`"sigmoid"`, `"conv"` + "\nout = 4\nkernel = 3", "m.toml:11:1: layer 1 conv(4,3): input (1, 30): input (1, 30) is not (m,c,h,w), which a convolution needs"},
		{`"sigmoid"`, `"residual"` + "\nlayer = 'relu pool(2)'", "m.toml:12:1: layer 1 residual: input (1, 30): layer 1 pool(2): "},
		{`"sigmoid"`, `"residual"` + "\n[[layer.layer]]\nop = 'relu'\n[[layer.layer]]\nop = 'pool'\nsize = 2\n", "m.toml:15:1: layer 1 residual: input (1, 30): layer 1 pool(2): "},
		{`"sigmoid"`, `"sigmoid"` + "\nname = 'a'\nfrom = 'b'", `m.toml:11:1: layer a: from: unknown name "b"; use input`},
		{`"sigmoid"`, `"concat"` + "\n[[layer.branch]]\nlayers = 'relu'\n", `m.toml:13:1: unknown key "layers"; did you mean layer?`},
		{`"sigmoid"`, `"repeat"` + "\ntimes = 1000\nlayer = 'repeat(1000,relu)'", "m.toml:13:1: layer 1 repeat(1000): input (1, 30): layer 0 repeat(1000): input (1, 30): layer "},
		{`"sigmoid"`, `"residual"` + "\nlayer = 'relu tnah'", `m.toml:12:1: unknown layer "tnah"; did you mean tanh?`},
		{`"quadratic"`, `"cubic"`, `m.toml:21:1: model: loss: unknown loss "cubic"; use quadratic`},
		{`"quadratic"`, `"log-likelihood"` + "\nsmoothing = 2", `m.toml:21:1: log-likelihood: smoothing 2; use 0`},
		{`"large"`, `"huge"`, `m.toml:29:1: train: init: unknown init "huge"; did you mean he?`},
		{`"large"`, `"normal(-1)"`, "m.toml:29:1: normal: std -1; use at least 0"},
		{"[loss]", "[loss", "m.toml:20:"},
		{"[loss]", "[layer]", `m.toml:20:`},
		{"[loss]", "[loss]\nop = 'quadratic'", `m.toml:22:`},
		{"[train]\nepochs = 30\nbatch = 10\neta = 3\nlambda = 0\nmomentum = 0\ninit = \"large\"\n", "[[train]]\n", "m.toml:23:3: train is no table; write [train], and what belongs to it in the lines below"},
		{"[loss]\nop = \"quadratic\"\n", "[[loss]]\nop = 'quadratic'\n", "m.toml:20:3: loss is no table; write [loss], and what"},
		{"eta = 3", "eta = 3\nmomentum.x = 3", "m.toml:"},
		{"lambda = 0", "lambda = -1", "m.toml:27:1: train: lambda -1; lambda must be at least 0"},
		{"momentum = 0", "momentum = 0.9\noptimizer = 'adam'", "m.toml:28:1: train: momentum 0.9 and optimizer adam; use"},
		{"momentum = 0", "augment = 'warp(rotate=-1)'", "m.toml:28:1: warp: rotate -1; use 0 to 180"},
		{"momentum = 0", "optimizer = 'adam(1)'", "m.toml:28:1: adam: beta1 1; use at least 0 and less than 1"},
		{"[train]", "[trian]", `m.toml:23:2: model: unknown key "trian"; did you mean train?`},
		{"format = 1", strings.Repeat("#", 1<<20) + "\nformat = 1", "m.toml:1:1: 1048924 bytes; use at most 65536"},
		{`"mlp"`, "[" + strings.Repeat("[", 20000), "m.toml:"},
		{"[loss]", "[loss]" + strings.Repeat("\n[loss."+strings.Repeat("a.", 100)+"b]\n", 1), "m.toml:"},
	} {
		text := strings.Replace(string(good), c.from, c.to, 1)
		if text == string(good) {
			t.Fatalf("%q does not occur in\n%s", c.from, good)
		}
		if _, err := Decode("m.toml", []byte(text)); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%.50s: error\n%v, want\n%s…", c.to, err, c.want)
		}
	}
}

// unwritten is a layer that cannot be written to a file.
type unwritten struct{ graph.Layer }

// unnamed is an optimizer that cannot be written to a file.
type unnamed struct{ train.Optimizer }

// clashing has an argument with the name of a key.
type clashing struct {
	graph.Layer `term:"-"`
	Op          int
}

func (clashing) Kind() string { return "mine" }

func TestEncodeErrors(t *testing.T) {
	for want, m := range map[string]Model{
		"models: m: layer: layer: models.unwritten has no text form; use one that has, or a type with a method Kind() string":   {Net: graph.Seq{unwritten{}}, Loss: graph.Quadratic},
		"models: m: loss: *graph.Loss has no text form; use one that has, or a type with a method Kind() string":                {Net: graph.Seq{graph.ReLU}, Loss: &graph.Loss{Name: "mine"}},
		"models: m: train: init: *graph.Init has no text form; use one that has, or a type with a method Kind() string":         {Net: graph.Seq{graph.ReLU}, Loss: graph.Quadratic, Recipe: Recipe{Init: &graph.Init{Name: "mine"}}},
		"models: m: train: optimizer: models.unnamed has no text form; use one that has, or a type with a method Kind() string": {Net: graph.Seq{graph.ReLU}, Loss: graph.Quadratic, Recipe: Recipe{Optimizer: unnamed{}}},
		"models: m: mine: op and branch have another meaning in a file; rename these fields by a tag":                           {Net: graph.Seq{clashing{Op: 1}}, Loss: graph.Quadratic},
	} {
		m.Name = "m"
		if _, err := Encode(m); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// positioned matches the beginning of an error with a place.
var positioned = regexp.MustCompile(`^m\.toml:\d+:\d+: `)

// TestMutations: however a file is changed, it is read, or refused with a place.
func TestMutations(t *testing.T) {
	random, refused := rand.New(rand.NewPCG(7, 8)), 0
	for range 1000 {
		text := termtest.Mutate(random, []byte(canonical))
		_, err := Reader{Models: []Model{{Net: halved{}}}, Fit: true}.Decode("m.toml", text)
		if err == nil {
			continue
		}
		if refused++; !positioned.MatchString(err.Error()) {
			t.Errorf("%v, of\n%s", err, text)
		}
	}
	if refused < 300 || refused == 1000 {
		t.Errorf("refused %d of 1,000", refused)
	}
}

// TestPlaces: errors give the place of the wrong key, however it is written.
func TestPlaces(t *testing.T) {
	for text, want := range map[string]string{
		"layer = 'relu pol(2)'":                                 "2:1",
		"train = 3":                                             "2:1",
		"train = 'x'":                                           "2:1",
		"train.etas = 'conv1=1'":                                "2:1",
		"[train]\nepochs=3\n[train.etas]\na.b=1":                "4:2",
		"[train]\nepochs=3\n[train.etas]\nconv1='x'":            "4:2",
		"loss = 'quadratik'":                                    "2:1",
		"loss = 3":                                              "2:1",
		"[[loss]]\nop = 'quadratic'":                            "2:3",
		"# größe\n  'name' = 3":                                 "3:3",
		"name = \"\"\"\n\n\"\"\"\n  layer = 'pol(2)'":           "5:3",
		"loss = {op = 'größe', smoothing = 1}":                  "2:1",
		"loss.op = 'quadratic'\nloss.smoothing = 1":             "3:1",
		"layer = 'relu residual(relu pool(30)) dense(10)'":      "2:1",
		"[[layer]]\nop='residual'\nlayer='relu pool(30)'":       "4:1",
		"[[layer]]\nop='residual'\nlayer='relu tanh pool(2)'\n": "3:1",
		"[[layer]]\nop='residual'\nlayer='relu'\n[[layer]]\nop='residual'\n[[layer.layer]]\nop='relu'\n [[layer.layer]]\n op='residual'\n layer='pool(30)'": "11:2",
		"[[layer]]\nop='add'\n[[layer.branch]]\nlayer='relu'\n[[layer.branch]]\n[[layer.branch.layer]]\nop='relu'\n[[layer.branch.layer]]\nop='dens'":       "10:1",
		"[[layer]]\nop='add'\nbranch=['relu']":                                                               "4:1",
		"[[layer]]\nop='add'\n[[layer.branch]]\n[[layer.branch]]\nlayers='relu'":                             "6:1",
		"[[layer]]\nop='relu'\n[[layer]]\nop='dense'\nout=3\ninit={op='nromal'}":                             "7:1",
		"[[layer]]\nop='relu'\n[[layer]]\nop='dense'\nout=3\ninit.op='nromal'":                               "7:1",
		"layer=[{op='relu'},\n{op='tnah'}]":                                                                  "2:1",
		"[layer]\nop='residual'\n[layer.layer]\nop='tnah'":                                                   "5:1",
		"[[layer]]\nop='relu'" + strings.Repeat("\n[[layer"+strings.Repeat(".layer", 12)+"]]\nop='relu'", 2): "2:3",
		"[[layer]]\nop='relu'\nname=''\n[[layer]]\nop='relu'\nname='('":                                      "7:1",
		"[[layer]]\nop='relu'\n[[layer.layer]]\nop='relu'":                                                   "4:3",
		"[[layer]]\nop='reshape'\nshape=[4,{op='relu'}]":                                                     "4:1",
	} {
		_, err := Decode("m.toml", []byte("format = 1\n"+text))
		if err == nil || !strings.HasPrefix(err.Error(), "m.toml:"+want+": ") {
			t.Errorf("%s\n%v, want it at %s", text, err, want)
		}
	}
}

// TestRecipeKeys: a file can set every field of a recipe.
func TestRecipeKeys(t *testing.T) {
	r := Recipe{3, 10, .5, .1, .9, train.Nesterov{}, train.OneCycle{}, 4, 1.5, .99, graph.He, 1000, true, Shifts{}, true, train.Etas{"conv1": .01, "trunk.dense2": .1}}
	v := reflect.ValueOf(r)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("%s is not tested", v.Type().Field(i).Name)
		}
	}
	text, err := Encode(Model{Name: "m", Net: graph.Seq{graph.Dense{Out: 10}}, Loss: graph.LogLikelihood, Input: image, Recipe: r})
	m, err2 := Decode("m.toml", text)
	if err = errors.Join(err, err2); err != nil || !reflect.DeepEqual(m.Recipe, r) {
		t.Errorf("%v: %+v became %+v", err, r, m.Recipe)
	}
}

// TestLarge: a file with a great many of anything is refused with a place, in little time and memory.
func TestLarge(t *testing.T) {
	long := strings.Repeat("a.", 1<<15) + "a"
	for name, text := range map[string]string{
		"keys":          numbered("a%d = 1\n", 100_000),
		"short keys":    numbered("a%d=1\n", 7000),
		"few keys":      numbered("a%d = 1\n", 1200),
		"a path":        "[" + long + "]",
		"a path of 4kB": "[" + long[:4087] + "a]",
		"paths":         numbered("["+long[:4000]+"b%d]\n", 15),
		"inside":        "[[layer]]\nop = 'residual'\n" + numbered("[[layer.layer]]\nop = 'relu'\na%[1]d = 1\n", 600),
		"arrays":        "input = " + strings.Repeat("[", 4000),
		"inline":        "layer = [" + strings.Repeat("{op='a', b=1},", 280) + "]",
		"inline lines":  "layer = [\n" + strings.Repeat(strings.Repeat("{op='a',b=1},", 300)+"\n", 15) + "]",
		"inline keys":   strings.Repeat(numbered("a%d=1,", 500), 1) + "\n",
		"wide keys":     numbered("a%d = 1 # ....................\n", 700),
		"wide lines":    "layer = [\n" + strings.Repeat(strings.Repeat("{op='relu'},", 330)+"\n", 6) + "{op='x'}]",
		"deep lines":    strings.Repeat("layer = [{op='seq', ", 10) + "layer = 'tnah'" + strings.Repeat("}]", 10) + numbered("\n[loss%d]\na=1 #.......", 450),
		"texts":         "layer = '''" + strings.Repeat("relu\n", 1900) + "pol'''",
	} {
		least, made := time.Hour, uint64(0)
		for range 5 { // the machine may have other things to do
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			begin := time.Now()
			_, err := Decode("m.toml", []byte("format = 1\n"+text))
			least = min(least, time.Since(begin))
			runtime.ReadMemStats(&after)
			if made = (after.TotalAlloc - before.TotalAlloc) >> 20; err == nil || !positioned.MatchString(err.Error()) {
				t.Errorf("%s: %v", name, err)
			}
			if least < slower*time.Second {
				break
			}
		}
		if least > slower*time.Second || made > 256 { // little of it is held at once
			t.Errorf("%s: %v and %d MiB", name, least, made)
		}
	}
}

// numbered returns a text with the numbers up to n in it.
func numbered(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}
