package models

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/term/termtest"
	"github.com/stheno-ml/stheno/train"
)

// scaled is a user's own layer, with a field that has no text.
type scaled struct {
	By   int
	Then graph.Layer
	op   string
}

func (s scaled) Kind() string                                    { return s.op }
func (scaled) Build(_ *graph.Builder, x *graph.Node) *graph.Node { return x }

// TestLine: a line of text gives the same network as a Go literal.
func TestLine(t *testing.T) {
	for text, want := range map[string]graph.Seq{
		"784-30-10":       {graph.Dense{Out: 30}, graph.Sigmoid, graph.Dense{Out: 10}},
		" 784-30-20-10\n": {graph.Dense{Out: 30}, graph.Sigmoid, graph.Dense{Out: 20}, graph.Sigmoid, graph.Dense{Out: 10}},
		"784-10":          {graph.Dense{Out: 10}},
		"conv(20,5) relu pool(2) conv(40,5) relu pool(2) dense(100) dropout(.5) dense(10)": {
			graph.Conv{Out: 20, Kernel: 5}, graph.ReLU, graph.MaxPool{Size: 2}, graph.Conv{Out: 40, Kernel: 5}, graph.ReLU, graph.MaxPool{Size: 2},
			graph.Dense{Out: 100}, graph.Dropout{P: .5}, graph.Dense{Out: 10}},
		"residual(conv(4,3,pad=1) leakyrelu(.1)) reshape(4x9) flatten": {
			graph.Residual{graph.Conv{Out: 4, Kernel: 3, Pad: 1}, graph.LeakyReLU{Slope: .1}}, graph.Reshape{Shape: graph.Shape{4, 9}}, graph.Flatten{}},
		"shared(a,seq(dense(8) tanh)) frozen(seq(dense(8) relu)) shared(a,seq(dense(8) tanh)) slice(0,4) dense(10)": {
			graph.Shared{Name: "a", Layer: graph.Seq{graph.Dense{Out: 8}, graph.Tanh}}, graph.Frozen{Layer: graph.Seq{graph.Dense{Out: 8}, graph.ReLU}},
			graph.Shared{Name: "a", Layer: graph.Seq{graph.Dense{Out: 8}, graph.Tanh}}, graph.Slice{To: 4}, graph.Dense{Out: 10}},
		"pool(3,stride=2,pad=1) avgpool(3,2) elu elu(.5) selu prelu prelu(shared=true) softplus dropout2d(.25) dropout2d(.5,unscaled=true)": {
			graph.MaxPool{Size: 3, Stride: 2, Pad: 1}, graph.AvgPool{Size: 3, Stride: 2}, graph.ELU{}, graph.ELU{Alpha: .5}, graph.SELU, graph.PReLU{},
			graph.PReLU{Shared: true}, graph.Softplus, graph.Dropout2D{P: .25}, graph.Dropout2D{P: .5, Unscaled: true}},
		"dense(3,init=zero) batchnorm(eps=.001)": {graph.Dense{Out: 3, Init: graph.Zero}, graph.BatchNorm{Eps: .001}},
		"mine(3,relu) dense(10)":                 {scaled{3, graph.ReLU, "mine"}, graph.Dense{Out: 10}},
	} {
		own := Model{Net: graph.Seq{graph.Dense{Out: 1}, graph.Residual{scaled{By: 7, op: "mine", Then: scaled{op: "other"}}}}}
		m, err := Reader{Models: []Model{own}}.Line(text, image)
		if err != nil || !reflect.DeepEqual(m.Net, want) {
			t.Errorf("%s: %v, want %v (%v)", text, m.Net, want, err)
		}
	}
}

func TestLineErrors(t *testing.T) {
	for text, want := range map[string]string{
		"100-30-10":                 "column 1: the first number is the number of inputs, and an example (1, 28, 28) has 784; write 784-30-10",
		"784-0-10":                  `column 1: 784-0-10 has "0" neurons; use at least 1`,
		"784-99999999999999999999":  `column 1: 784-99999999999999999999 has "99999999999999999999" neurons; use at least 1`,
		"784":                       `column 1: unknown layer "784"; use dense, conv`,
		"":                          "column 1: no layer; write layers as in 784-30-10",
		"dense(10) cnov(20,5)":      `column 11: unknown layer "cnov"; did you mean conv?`,
		"mine(3)":                   `column 1: unknown layer "mine"`,
		"pool(2,3,1,4)":             "column 12: pool: 4 arguments; use pool(size,stride,pad)",
		"pool(2,stride=0)":          "column 8: pool: stride 0; use more, or leave it out",
		"leakyrelu(alpha=.1)":       `column 11: leakyrelu: unknown key "alpha"; did you mean slope?`,
		"spatialdropout2d(.1)":      `column 1: unknown layer "spatialdropout2d"; did you mean dropout2d?`,
		"reshape(4,14,14)":          "column 11: reshape: 3 arguments; use reshape(NxN)",
		"maxpool(2)":                `column 1: unknown layer "maxpool"; did you mean pool?`,
		"batchnorm(eps=0)":          "column 11: batchnorm: eps 0; use more, or leave it out",
		"conv(4,3,stride=0)":        "column 10: conv: stride 0; use more, or leave it out",
		"dense(10,init=normal(-1))": "column 15: normal: std -1; use at least 0",
		"large":                     `column 1: unknown layer "large"`,
	} {
		if _, err := (Reader{}).Line(text, image); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s…", text, err, want)
		}
	}
}

// TestText: the text of any layers is read back as the same layers, and printed the same.
func TestText(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	kinds, seen := Reader{Models: []Model{{Net: scaled{op: "mine"}}}}.kinds(), map[string]bool{}
	for range 1000 {
		var net, back graph.Seq
		termtest.Fill(r, kinds, &net)
		text, err := kinds.Print(net)
		if err != nil {
			t.Fatalf("%#v: %v", net, err)
		}
		if err := kinds.Parse(text, &back); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if again, err := kinds.Print(back); err != nil || again != text {
			t.Fatalf("%s became %s (%v)", text, again, err)
		}
		if !strings.Contains(text, "normal(") && !reflect.DeepEqual(net, back) {
			t.Fatalf("%s: %#v became %#v", text, net, back)
		}
		for _, l := range net {
			seen[fmt.Sprintf("%T", l)] = true
		}
	}
	for _, written := range Signatures[graph.Layer](Reader{}) {
		name, _, _ := strings.Cut(written, "(")
		if _, err := Parse[graph.Layer](Reader{}, name); err != nil && !strings.Contains(err.Error(), "; use "+written) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(seen) < 12 {
		t.Errorf("saw only %v", seen)
	}
}

// stepped is a user's own optimizer, and waiting a user's own schedule.
type (
	stepped struct {
		train.Optimizer `term:"-"`
		Size            float64
	}
	waiting struct{ For int }
)

func (*stepped) Kind() string               { return "stepped" }
func (s *stepped) Check() error             { return train.Warp{Zoom: s.Size}.Check() }
func (waiting) Kind() string                { return "waiting" }
func (w waiting) At(step, _, _ int) float64 { return float64(min(1, step/w.For)) }

// TestOwnRules: texts and files can name a user's own optimizer and schedule.
func TestOwnRules(t *testing.T) {
	own := Model{Name: "m", Net: graph.Dense{Out: 10}, Loss: graph.LogLikelihood, Input: image, Recipe: Plain}
	own.Recipe.Optimizer, own.Recipe.Schedule = &stepped{train.SGD{}, .25}, waiting{3}
	text, err := Encode(own)
	if err != nil || !strings.Contains(string(text), "optimizer = \"stepped(size=0.25)\"\nschedule = \"waiting(for=3)\"\n") {
		t.Fatalf("%v in\n%s", err, text)
	}
	r := Reader{Models: []Model{own}, Fit: true}
	m, err := r.Decode("m.toml", text)
	if err != nil || !reflect.DeepEqual(m.Recipe, own.Recipe) {
		t.Errorf("%+v became %+v (%v)", own.Recipe, m.Recipe, err)
	}
	if _, err := Parse[train.Optimizer](r, "stepped(2)"); err == nil || err.Error() != "column 1: stepped: zoom 2; use 0 to 0.9" {
		t.Error(err)
	}
	if _, err := Decode("m.toml", text); err == nil || !strings.Contains(err.Error(), `: train: optimizer: unknown optimizer "stepped"; use sgd, nesterov`) {
		t.Error(err)
	}
	if got := Text(own.Recipe.Optimizer); got != "stepped(size=0.25)" {
		t.Error(got)
	}
}
