package models

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/term"
	"github.com/stheno-ml/stheno/internal/term/termtest"
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

// halved is a layer of a user's own.
type halved struct{ Rate float64 }

func (halved) Kind() string                                      { return "halved" }
func (halved) Build(_ *graph.Builder, x *graph.Node) *graph.Node { return x }

// canonical is a file with everything, as Encode writes it.
const canonical = `format = 1
name = "two \"names\" \\ \u0009"
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
`

func TestCanonical(t *testing.T) {
	r := Reader{Own: []graph.Layer{graph.Seq{halved{1}}}, Fit: true}
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
	recipe := Recipe{Epochs: 3, Batch: 10, Eta: .001, Optimizer: "adam(beta1=0.8)", Schedule: "onecycle(warmup=0.2)", Patience: 4, Clip: 1.5, EMA: .99,
		Init: graph.He, TrainSize: 1000, Augment: "warp(rotate=15,zoom=0.1)", DropTail: true}
	if m.Recipe != recipe || m.Name != "two \"names\" \\ \t" || m.Loss.Smoothing != .1 {
		t.Errorf("%+v", m)
	}
}

func text(t *testing.T, l graph.Layer) string {
	t.Helper()
	text, err := graph.Kinds.Print(l)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestSpellings: other ways to write the same.
func TestSpellings(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "dense(10)",
		"layer = 'conv(4,3) relu dense(10)'": "conv(4,3) relu dense(10)",
		"[[layer]]\nop='dense(10)'":          "dense(10)",
		"[[layer]]\nop='dense(init=zero)'\nout=10\n[loss]\nop='log-likelihood(smoothing=0)'": "dense(10,init=zero)",
		"layer = [{op='dense', out=1_0}]":                                                                      "dense(10)",
		"[layer]\nop = 'dense'\nout = 0xA":                                                                     "dense(10)",
		"[[layer]]\nop='residual'\nlayer='relu tanh'\n[[layer]]\nop='dense'\nout=10":                           "residual(relu tanh) dense(10)",
		"[[layer]]\nop='dense'\nout=10\ninit={op='normal', std=0.5}":                                           "dense(10,init=normal(0.5))",
		"[[layer]]\nop='dense'\nout=10\ninit.op='zero'":                                                        "dense(10,init=zero)",
		"[[layer]]\nop='add'\n[[layer.branch]]\n[[layer.branch]]\nlayer='relu'\n[[layer]]\nop='dense'\nout=10": "add(seq,relu) dense(10)",
		"[[layer]]\nop='reshape'\nshape=[4,196]\n[[layer]]\nop='dense'\nout=10":                                "reshape(4x196) dense(10)",
		"[[layer]]\nop='dense'\nout=10\nname='a'":                                                              "graph(vertex(dense(10),name=a))",
	} {
		if text == "" {
			text = "[[layer]]\nop = 'dense'\nout = 10"
		}
		m, err := Decode("m.toml", []byte("format = 1\n"+text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := fmt.Sprint(m.Net); got != strings.ReplaceAll(want, ",init=zero", "") && !strings.Contains(want, "init") {
			t.Errorf("%s: %s, want %s", text, got, want)
		} else if m.Recipe != Plain || m.Loss != graph.LogLikelihood || m.Input.TotalSize() != 784 {
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
	if want := (Recipe{Epochs: 60, Batch: 10, Eta: .03, Lambda: 1, Augment: "shifts", DropTail: true}); m.Recipe != want || m.Loss != graph.CrossEntropy {
		t.Errorf("%+v", m)
	}
}

// TestAnyNet: every network of built-in layers comes back from its tables.
func TestAnyNet(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 500 {
		var net graph.Seq
		termtest.Fill(random, graph.Kinds, &net)
		w := &writer{}
		if err := w.net(net); err != nil {
			t.Fatalf("%s: %v", text(t, net), err)
		}
		root, err := parse([]byte(w.String()))
		if err != nil {
			t.Fatalf("%v in\n%s", err, w)
		}
		var back Model
		d := decoder{Reader{}, graph.Kinds, &back}
		for _, e := range root.keys {
			err = errors.Join(err, d.key(e))
		}
		if back.Net == nil {
			back.Net = graph.Seq{}
		}
		if a, b := text(t, net), text(t, back.Net); err != nil || a != b {
			t.Fatalf("%v: %s became %s by\n%s", err, a, b, w)
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
		{"format = 1", "format = 2", "m.toml:1:10: format = 2; this program reads format = 1"},
		{"format = 1", "formatt = 1", "m.toml:1:1: no format; begin with format = 1"},
		{"name =", "nmae =", `m.toml:2:1: unknown key "nmae"; did you mean name?`},
		{`name = "mlp"`, "name = 3", "m.toml:2:8: no text; write it in quotes"},
		{`name = "mlp"`, `name = "m\u001b[31m"`, `m.toml:2:8: "m\x1b[31m"; leave '\x1b' out`},
		{"format = 1", "\ufeffformat = 2", "m.toml:1:10: format = 2; this program reads format = 1"},
		{"[1, 28, 28]", "[1, 28, -28]", "m.toml:4:1: input (1, 28, -28); use axes of at least 1, and at most"},
		{"[1, 28, 28]", "[1, 28000, 28000]", "m.toml:4:1: input (1, 28000, 28000); use axes"},
		{"[1, 28, 28]", "[1, 28, 'x']", `m.toml:4:18: "x"; use a whole number`},
		{"eta = 3", "etha = 3", `m.toml:26:1: train: unknown key "etha"; did you mean eta?`},
		{"eta = 3", "eta = 'x'", `m.toml:26:8: train: eta "x"; use a number`},
		{"eta = 3", "eta = nan", `m.toml:26:7: train: eta "nan"; use a number`},
		{"eta = 3", "eta = 1979-05-27", `m.toml:26:7: 1979-05-27; use a number, a text in quotes`},
		{"eta = 3", "batch = 3", "m.toml:26:1: "},
		{"batch = 10", "batch = 1.5", `m.toml:25:9: train: batch "1.5"; use a whole number`},
		{"eta = 3", "optimizer = 'adma'", "m.toml:26:13: train: optimizer: no adma"},
		{`"dense"`, `"dens"`, `m.toml:7:7: unknown layer "dens"; did you mean dense?`},
		{`op = "dense"`, `po = "dense"`, `m.toml:6:3: no op with a name; write one, as in op = "dense"`},
		{`op = "dense"`, `op = "dense relu"`, `m.toml:7:6: op "dense relu"; name one kind`},
		{`op = "dense"`, `op = "dense(20)"`, `m.toml:8:1: dense: out is given twice; leave one out`},
		{`op = "dense"`, `op = "dense("`, `m.toml:7:`},
		{`op = "dense"`, `op = 3`, `m.toml:6:3: no op with a name`},
		{"out = 30", "uot = 30", `m.toml:8:1: dense: unknown key "uot"; did you mean out?`},
		{"out = 30", "", "m.toml:7:7: dense: no out; use dense(out,"},
		{"out = 30", "out = 'many'", `m.toml:8:8: dense: out "many"; use a whole number`},
		{"out = 30", "out = 0", "m.toml:6:3: layer 0 dense(0): input (1, 1, 28, 28): 0 outputs; use at least 1"},
		{"out = 30", "out = 300000000", "m.toml:6:3: layer 0 dense(300000000): input (1, 1, 28, 28): parameter dense1.w (784, 300000000) makes more than"},
		{`"sigmoid"`, "\"sigmoid\"\nout = 4", "m.toml:12:1: sigmoid: unknown key \"out\""},
		{`"sigmoid"`, `"conv"` + "\nout = 4\nkernel = 3", "m.toml:10:3: layer 1 conv(4,3): input (1, 30): input (1, 30) is not (m,c,h,w); a convolution takes images"},
		{`"sigmoid"`, `"residual"` + "\nlayer = 'relu pool(2)'", "m.toml:12:15: layer 1 residual: input (1, 30): layer 1 pool(2): "},
		{`"sigmoid"`, `"residual"` + "\n[[layer.layer]]\nop = 'relu'\n[[layer.layer]]\nop = 'pool'\nsize = 2\n", "m.toml:14:9: layer 1 residual: input (1, 30): layer 1 pool(2): "},
		{`"sigmoid"`, `"sigmoid"` + "\nname = 'a'\nfrom = 'b'", `m.toml:10:3: layer a: from: unknown name "b"; use input`},
		{`"sigmoid"`, `"concat"` + "\n[[layer.branch]]\nlayers = 'relu'\n", `m.toml:13:1: unknown key "layers"; did you mean layer?`},
		{`"sigmoid"`, `"repeat"` + "\ntimes = 1000\nlayer = 'repeat(1000,relu)'", "m.toml:13:22: layer 1 repeat(1000): input (1, 30): layer 0 repeat(1000): input (1, 30): layer "},
		{`"sigmoid"`, `"residual"` + "\nlayer = 'relu tnah'", `m.toml:12:15: unknown layer "tnah"; did you mean tanh?`},
		{`"quadratic"`, `"cubic"`, `m.toml:21:7: unknown loss "cubic"; use quadratic`},
		{`"quadratic"`, `"log-likelihood"` + "\nsmoothing = 2", `m.toml:21:7: log-likelihood: smoothing 2; use 0`},
		{`"large"`, `"huge"`, `m.toml:29:9: train: init unknown init "huge"; did you mean he?`},
		{`"large"`, `"normal(-1)"`, "m.toml:29:9: normal: std -1; use at least 0"},
		{"[loss]", "[loss", "m.toml:20:"},
		{"[loss]", "[layer]", `m.toml:20:`},
		{"[loss]", "[loss]\nop = 'quadratic'", `m.toml:22:`},
		{"[train]", "[trian]", `m.toml:23:2: unknown key "trian"; did you mean train?`},
		{"format = 1", strings.Repeat("#", 1<<20) + "\nformat = 1", "m.toml:1:1: 1048924 bytes; a model's file has at most 1048576"},
		{`"mlp"`, "[" + strings.Repeat("[", 20000), "m.toml:"},
		{"[loss]", "[loss]" + strings.Repeat("\n[loss."+strings.Repeat("a.", 100)+"b]\n", 1), "m.toml:"},
	} {
		text := strings.Replace(string(good), c.from, c.to, 1)
		if text == string(good) {
			t.Fatalf("%q does not occur in\n%s", c.from, good)
		}
		r := Reader{Fit: true, Check: func(key, text string) error {
			if key == "optimizer" {
				return errors.New(key + ": no " + text)
			}
			return nil
		}}
		if _, err := r.Decode("m.toml", []byte(text)); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%.50s: error\n%v, want\n%s…", c.to, err, c.want)
		}
	}
}

// unwritten is a layer that no file can have.
type unwritten struct{ graph.Layer }

func TestEncodeErrors(t *testing.T) {
	for want, m := range map[string]Model{
		"models: m: models.unwritten has no text form":                    {Net: graph.Seq{unwritten{}}, Loss: graph.Quadratic},
		"models: m: loss: *graph.Loss has no text form":                   {Net: graph.Seq{graph.ReLU}, Loss: &graph.Loss{Name: "mine"}},
		"models: m: train: init: *graph.Init has no text form":            {Net: graph.Seq{graph.ReLU}, Loss: graph.Quadratic, Recipe: Recipe{Init: &graph.Init{Name: "mine"}}},
		"models: m: train: augment: \"a b\" has no text form; use a name": {Net: graph.Seq{graph.ReLU}, Loss: graph.Quadratic, Recipe: Recipe{Augment: "a b"}},
	} {
		m.Name = "m"
		if _, err := Encode(m); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// positioned is the beginning of an error with a place.
var positioned = regexp.MustCompile(`^m\.toml:\d+:\d+: `)

// TestMutations: whatever is done to a file, it is read, or refused with a place.
func TestMutations(t *testing.T) {
	random, refused := rand.New(rand.NewPCG(7, 8)), 0
	for range 1000 {
		text := termtest.Mutate(random, []byte(canonical))
		_, err := Reader{Own: []graph.Layer{halved{}}, Fit: true}.Decode("m.toml", text)
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

// TestPlaces: where in a string a mistake is, however the string is written.
func TestPlaces(t *testing.T) {
	for text, want := range map[string]string{
		"layer = 'relu pol(2)'":                                  "2:15",
		"layer = \"relu pol(2)\"":                                "2:15",
		"layer = \"\"\"\n  conv(8,5) relu\n  pol(2)\"\"\"":       "4:3",
		"layer = \"\"\"\r\n  conv(8,5) relu\r\n  pol(2)\"\"\"":   "4:3",
		"layer = '''\n  conv(8,5) relu\n  pol(2)'''":             "4:3",
		"layer = '''conv(8,5) pol(2)'''":                         "2:22",
		"layer = \"\"\"\\\n    conv(8,5) \\  \n\n  pol(2)\"\"\"": "5:3",
		`layer = "\u0072elu\t pol(2)"`:                           "2:22",
		`layer = "\U00000072elu pol(2)"`:                         "2:24",
		"[[layer]]\nop = \"\"\"\n  pol(2)\"\"\"":                 "4:3",
		"layer = \"\"\"\n  relu\n  pool(30)\n  dense(10)\"\"\"":  "4:3",
		"layer = 'relu residual(relu pool(30)) dense(10)'":       "2:29",
		"layer = 'relu repeat(2,relu pool(20)) dense(10)'":       "2:29",
		"layer = 'relu add(pool(30),relu) dense(10)'":            "2:15",
		"[[layer]]\nop='residual'\nlayer='relu pool(30)'":        "4:13",
		"[[layer]]\nop='residual'\nlayer='relu tanh pool(2)'\n":  "2:3",
	} {
		_, err := Reader{Fit: true}.Decode("m.toml", []byte("format = 1\n"+text))
		if err == nil || !strings.HasPrefix(err.Error(), "m.toml:"+want+": ") {
			t.Errorf("%s\n%v, want it at %s", text, err, want)
		}
	}
}

// TestRecipeKeys: every field of a recipe can be in a file.
func TestRecipeKeys(t *testing.T) {
	kinds := append(term.Kinds{{Name: "train", Value: Recipe{}}}, graph.Kinds...)
	var r Recipe
	termtest.Fill(rand.New(rand.NewPCG(1, 1)), kinds, &r)
	if v := reflect.ValueOf(r); v.NumField() != 15 {
		t.Errorf("%d fields in a recipe; see that a file keeps all of them, and count again", v.NumField())
	}
	text, err := kinds.Print(r)
	var back Recipe
	if err = errors.Join(err, kinds.Parse(text, &back)); err != nil || fmt.Sprint(back) != fmt.Sprint(r) {
		t.Errorf("%v: %+v became %+v", err, r, back)
	}
}
