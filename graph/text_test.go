package graph_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/internal/term"
	"github.com/stheno-ml/stheno/internal/term/termtest"
)

// scaled is a layer of a user's own, with something that no text has.
type scaled struct {
	By   int
	Then graph.Layer
	op   string
}

func (s scaled) Kind() string                                    { return s.op }
func (scaled) Build(_ *graph.Builder, x *graph.Node) *graph.Node { return x }

// TestParse: one line is the Go literal.
func TestParse(t *testing.T) {
	for text, want := range map[string]graph.Seq{
		"784-30-10":       {graph.Dense{Out: 30}, graph.Sigmoid, graph.Dense{Out: 10}},
		" 784-30-20-10\n": {graph.Dense{Out: 30}, graph.Sigmoid, graph.Dense{Out: 20}, graph.Sigmoid, graph.Dense{Out: 10}},
		"784-10":          {graph.Dense{Out: 10}},
		"conv(20,5) relu pool(2) conv(40,5) relu pool(2) dense(100) dropout(.5) dense(10)": {
			graph.Conv{Out: 20, Kernel: 5}, graph.ReLU, graph.MaxPool{Size: 2}, graph.Conv{Out: 40, Kernel: 5}, graph.ReLU, graph.MaxPool{Size: 2},
			graph.Dense{Out: 100}, graph.Dropout{P: .5}, graph.Dense{Out: 10}},
		"residual(conv(4,3,pad=1) leakyrelu(.1)) reshape(4x9) flatten": {
			graph.Residual{graph.Conv{Out: 4, Kernel: 3, Pad: 1}, graph.LeakyReLU{Slope: .1}}, graph.Reshape{Shape: graph.Shape{4, 9}}, graph.Flatten{}},
		"dense(3,init=zero) batchnorm(eps=.001)": {graph.Dense{Out: 3, Init: graph.Zero}, graph.BatchNorm{Eps: .001}},
		"mine(3,relu) dense(10)":                 {scaled{3, graph.ReLU, "mine"}, graph.Dense{Out: 10}},
	} {
		catalogue := graph.Seq{graph.Dense{Out: 1}, graph.Residual{scaled{By: 7, op: "mine", Then: scaled{op: "other"}}}}
		got, err := graph.Parse(text, graph.Shape{1, 28, 28}, catalogue)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v (%v)", text, got, want, err)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"100-30-10":                 "column 1: the first number is that of the inputs, and an example (1, 28, 28) has 784; write 784-30-10",
		"784-0-10":                  "column 5: 0 neurons; use at least 1",
		"784-99999999999999999999":  "column 5: 99999999999999999999 neurons; use at least 1",
		"784":                       `column 1: unknown layer "784"; use dense, conv`,
		"":                          "column 1: no layer; write layers as in 784-30-10",
		"dense(10) cnov(20,5)":      `column 11: unknown layer "cnov"; did you mean conv?`,
		"mine(3)":                   `column 1: unknown layer "mine"`,
		"pool(2,3)":                 "column 8: pool: 2 arguments; use pool(size)",
		"reshape(4,14,14)":          "column 11: reshape: 3 arguments; use reshape(NxN)",
		"maxpool(2)":                `column 1: unknown layer "maxpool"; did you mean pool?`,
		"batchnorm(eps=0)":          "column 11: batchnorm: eps 0; use more, or leave it out",
		"conv(4,3,stride=0)":        "column 10: conv: stride 0; use more, or leave it out",
		"dense(10,init=normal(-1))": "column 15: normal: std -1; use at least 0",
		"large":                     `column 1: unknown layer "large"`,
	} {
		if _, err := graph.Parse(text, graph.Shape{1, 28, 28}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s…", text, err, want)
		}
	}
}

// TestText: what is printed of any layers is read as the same, and printed the same.
func TestText(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	kinds, seen := append(graph.Kinds, graph.Own(scaled{op: "mine"})...), map[string]bool{}
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
	for _, name := range term.Names[graph.Layer](graph.Kinds) {
		var l graph.Layer
		text := name
		if err := graph.Kinds.Parse(text, &l); err != nil && !strings.Contains(err.Error(), "; use "+name+"(") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(seen) < 12 {
		t.Errorf("saw only %v", seen)
	}
}

// TestSeqString: in summaries, a layer is its text without initialisations, or its type.
func TestSeqString(t *testing.T) {
	net := graph.Seq{graph.Residual{graph.Dense{Out: 3, Init: graph.Normal(.1)}}, graph.Func(nil), scaled{By: 2, op: "mine"}}
	if got := net.String(); got != "residual(dense(3)) Func mine(by=2)" {
		t.Error(got)
	}
}
